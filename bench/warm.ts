/** Warm requests: each contender in a process of its own, one at a time, in rounds. */
import { Array as Arr, Effect, Option, Schema } from "effect"
import * as Process from "./process.js"
import * as Python from "./python.js"
import type { Flight, Warm } from "./results.js"
import { Contender, nameOf } from "./results.js"
import { Sample, Slice } from "./sample.js"
import type { Server } from "./server.js"
import { median, medianRatio } from "./statistics.js"

/**
 * A process stays as V8 happened to compile it: of the same contender one takes up to a third more than another. So all is
 * measured anew in so many processes of each, and the median counts.
 */
const passes = 4

/** Short slices in turn, so that what slows the machine down slows all contenders down. */
const flights = [
  { inFlight: 1, millis: 250, rounds: 5, passes },
  { inFlight: 64, millis: 250, rounds: 5, passes },
  { inFlight: 1000, millis: 400, rounds: 2, passes: 2 }
]

/** Until what runs often is compiled. From the first request on 64 at once, V8 would take what lives as long as a request for long-lived. */
const warmUp = [{ inFlight: 1, millis: 1000 }, { inFlight: 64, millis: 2500 }]

/** Threads in Python: a thousand of them measure nothing but themselves. */
const most = { "undici": Infinity, "HttpClient": Infinity, "effect-keystoneauth": Infinity, "keystoneauth1": 64 }

const transports = ["layerUndici", "NodeTransport"] as const

const undici: Contender = { client: "undici" }

const contenders: ReadonlyArray<Contender> = [
  undici,
  ...transports.flatMap((transport): ReadonlyArray<Contender> => [
    { client: "HttpClient", transport },
    { client: "effect-keystoneauth", transport, services: 20 },
    { client: "effect-keystoneauth", transport, services: 2000 }
  ]),
  { client: "keystoneauth1", services: 20 }
]

/** Those that are asked for, and those that they are held against. */
const chosen = (wanted: RegExp): ReadonlyArray<Contender> => {
  const named = contenders.filter((contender) => wanted.test(nameOf(contender)))
  return contenders.filter((contender) =>
    contender === undici || named.includes(contender) ||
    contender.client === "HttpClient" && named.some(({ transport }) => transport === contender.transport)
  )
}

const start = (contender: Contender, server: Server) =>
  Effect.gen(function*() {
    const command = contender.client === "keystoneauth1"
      ? Option.map(yield* Python.interpreter, (python) =>
        Python.program(python, "warm", `${server.origin}/${contender.services}/v3`))
      : Option.some(
        Process.program("warm", yield* Schema.encode(Schema.parseJson(Contender))(contender), server.origin)
      )
    return Option.isNone(command)
      ? []
      : [{ contender, take: yield* Process.interview(command.value, Slice, Sample) }]
  })

/** One process of each contender. */
const pass = (server: Server, wanted: RegExp, index: number) =>
  Effect.gen(function*() {
    const workers = (yield* Effect.forEach(chosen(wanted), (contender) => start(contender, server))).flat()
    for (const slice of warmUp) {
      yield* Effect.forEach(workers, ({ take }) => take(slice), { concurrency: 2 })
    }
    const measured = workers.map(({ contender }): Pass => ({ contender, flights: [] }))
    for (const { inFlight, millis, rounds } of flights.filter(({ passes }) => index < passes)) {
      const running = workers.filter(({ contender }) => inFlight <= most[contender.client])
      const samples = new Map(running.map(({ contender }): [Contender, Array<Sample>] => [contender, []]))
      for (let round = 0; round < rounds; round++) {
        yield* Effect.forEach(Arr.rotate(running, round), ({ contender, take }) =>
          Effect.map(take({ inFlight, millis }), (sample) =>
            samples.get(contender)?.push(sample)))
      }
      const cpuOf = (contender: Contender | undefined) =>
        (contender === undefined ? [] : samples.get(contender) ?? []).map(({ cpuMicros }) =>
          cpuMicros
        )
      for (const { contender, flights } of measured.filter(({ contender }) => samples.has(contender))) {
        const bare = contenders.find(({ client, transport }) =>
          client === "HttpClient" && transport === contender.transport && contender.client === "effect-keystoneauth"
        )
        const medianOf = (f: (sample: Sample) => number) => median((samples.get(contender) ?? []).map(f))
        flights.push({
          inFlight,
          requestsPerSecond: medianOf(({ requests, seconds }) => requests / seconds),
          cpuMicros: medianOf(({ cpuMicros }) => cpuMicros),
          p50Millis: medianOf(({ p50Millis }) => p50Millis),
          p99Millis: medianOf(({ p99Millis }) => p99Millis),
          toUndici: medianRatio(cpuOf(contender), cpuOf(undici)),
          ...(bare === undefined ? {} : { toBare: medianRatio(cpuOf(contender), cpuOf(bare)) })
        })
      }
    }
    return measured
  }).pipe(Effect.scoped)

type Pass = Warm & { readonly flights: Array<Flight> }

/** The median of all that is measured. */
const together = (flights: Arr.NonEmptyReadonlyArray<Flight>): Flight => {
  const [{ inFlight, toBare }] = flights
  const medianOf = (f: (flight: Flight) => number) => median(flights.map(f))
  return {
    inFlight,
    requestsPerSecond: medianOf(({ requestsPerSecond }) => requestsPerSecond),
    cpuMicros: medianOf(({ cpuMicros }) => cpuMicros),
    p50Millis: medianOf(({ p50Millis }) => p50Millis),
    p99Millis: medianOf(({ p99Millis }) => p99Millis),
    toUndici: medianOf(({ toUndici }) => toUndici),
    ...(toBare === undefined ? {} : { toBare: medianOf(({ toBare = NaN }) => toBare) })
  }
}

export const measure = (server: Server, wanted: RegExp) =>
  Effect.map(
    Effect.forEach(Arr.range(0, passes - 1), (index) => pass(server, wanted, index)),
    (all) =>
      Object.values(Arr.groupBy(all.flat(), ({ contender }) => nameOf(contender))).map(([first, ...others]): Warm => ({
        contender: first.contender,
        flights: first.flights.map((flight, i) =>
          together([flight, ...others.flatMap(({ flights }) => flights[i] ?? [])])
        )
      }))
  )
