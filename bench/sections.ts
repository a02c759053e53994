/** What was measured, as tables. */
import type { Parts } from "./results.js"
import { nameOf } from "./results.js"
import type { Section } from "./section.js"

const figure = (value: number, decimals: number) =>
  value.toLocaleString("en-US", { minimumFractionDigits: decimals, maximumFractionDigits: decimals })

const times = (ratio: number | undefined) => ratio === undefined ? "" : figure(ratio, 2)

const flightTitle = (inFlight: number) =>
  inFlight === 1 ? "Warm requests, in sequence" : `Warm requests, ${figure(inFlight, 0)} in flight`

const warm = (warm: NonNullable<Parts["warm"]>): ReadonlyArray<Section> =>
  [1, 64, 1000].map((inFlight) => ({
    title: flightTitle(inFlight),
    head: ["", "requests/s", "CPU µs", "p50 ms", "p99 ms", "x undici", "x bare"],
    rows: warm.flatMap(({ contender, flights }) =>
      flights.filter((flight) => flight.inFlight === inFlight).map((flight) => [
        nameOf(contender),
        figure(flight.requestsPerSecond, 0),
        figure(flight.cpuMicros, 1),
        figure(flight.p50Millis, 3),
        figure(flight.p99Millis, 3),
        times(flight.toUndici),
        times(flight.toBare)
      ])
    )
  }))

const cold = (cold: NonNullable<Parts["cold"]>): Section => ({
  title: "Cold start: from the start of the process to its first answer",
  head: ["", "ms", "CPU ms", "HTTP requests"],
  rows: cold.map(({ contender, cpuMillis, requests, wallMillis }) => [
    nameOf(contender),
    figure(wallMillis, 0),
    figure(cpuMillis, 0),
    figure(requests.length, 0)
  ]),
  notes: cold.map(({ contender, requests }) => `${contender.transport ?? contender.client}: ${requests.join(", ")}`)
})

const imports = (imports: NonNullable<Parts["imports"]>): Section => ({
  title: "Importing",
  head: ["", "CPU ms", "effect's alone", "ours"],
  rows: imports.map(({ cpuMillis, modules, theirsMillis }) => [
    modules,
    figure(cpuMillis, 0),
    figure(theirsMillis, 0),
    figure(cpuMillis - theirsMillis, 0)
  ])
})

const tokens = (tokens: NonNullable<Parts["tokens"]>): Section => ({
  title: "A token: from the text to the first endpoint",
  head: ["services", "JSON.parse µs", "all µs", "times"],
  rows: tokens.map(({ parseMicros, readMicros, services }) => [
    figure(services, 0),
    figure(parseMicros, 1),
    figure(readMicros, 1),
    times(readMicros / parseMicros)
  ])
})

const endpoints = (endpoints: NonNullable<Parts["endpoints"]>): Section => ({
  title: "Endpoint resolution, warm",
  head: ["services", "ns"],
  rows: endpoints.map(({ nanos, services }) => [figure(services, 0), figure(nanos, 0)])
})

const memory = ({ identityBytes, requests }: NonNullable<Parts["memory"]>): Section => ({
  title: "Memory",
  head: ["", "kB"],
  rows: [
    ["one identity, its token and catalog", figure(identityBytes / 1000, 1)],
    ...[requests[Math.floor(requests.length / 2) - 1], requests.at(-1)].flatMap((sample) =>
      sample === undefined
        ? []
        : [[`heap after ${figure(sample.count, 0)} requests`, figure(sample.bytes / 1000, 0)]]
    )
  ]
})

const bundles = (bundles: NonNullable<Parts["bundles"]>): Section => ({
  title: "Bundles, minified, gzip",
  head: ["", "kB", "ours"],
  rows: bundles.map(({ gzip, modules, ours }) => [modules, figure(gzip / 1000, 1), figure(ours / 1000, 1)])
})

export const all = (parts: Parts): ReadonlyArray<Section> => [
  ...(parts.warm === undefined ? [] : warm(parts.warm)),
  ...(parts.cold === undefined ? [] : [cold(parts.cold)]),
  ...(parts.imports === undefined ? [] : [imports(parts.imports)]),
  ...(parts.tokens === undefined ? [] : [tokens(parts.tokens)]),
  ...(parts.endpoints === undefined ? [] : [endpoints(parts.endpoints)]),
  ...(parts.memory === undefined ? [] : [memory(parts.memory)]),
  ...(parts.bundles === undefined ? [] : [bundles(parts.bundles)])
]
