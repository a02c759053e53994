/** The limits that are kept: R11 in figures. */
import type { Cold, Flight, Results, Warm } from "./results.js"
import type { Section } from "./section.js"

export interface Line {
  readonly what: string
  /** All of them have to keep the limit. */
  readonly reached: ReadonlyArray<number>
  readonly limit: number
  readonly unit: "times" | "ns" | "ms" | "kB" | "s" | "each"
}

export const isOk = ({ limit, reached }: Line): boolean => reached.every((figure) => figure <= limit)

const decimals = { times: 2, ns: 0, ms: 0, kB: 1, s: 0, each: 0 }

const words = (figures: ReadonlyArray<number>, unit: Line["unit"]): string =>
  figures.map((figure) => figure.toFixed(decimals[unit])).join(" / ")

export const section = (lines: ReadonlyArray<Line>): Section => ({
  title: "What is judged",
  head: ["", "reached", "at most", ""],
  rows: lines.map((line) => [
    line.what,
    words(line.reached, line.unit),
    `${words([line.limit], line.unit)} ${line.unit}`,
    isOk(line) ? "ok" : "MISSED"
  ]),
  notes: ["CPU: of one request, with catalogs of 20 and of 2,000 services."]
})

const places = [{ inFlight: 1, words: "in sequence" }, { inFlight: 64, words: "64 in flight" }]

const transports = ["layerUndici", "NodeTransport"] as const

/** Of ours, with each size of catalog. */
const figures = (
  warm: ReadonlyArray<Warm>,
  transport: typeof transports[number],
  inFlight: number,
  figure: (flight: Flight) => number | undefined
): ReadonlyArray<number> =>
  warm
    .filter(({ contender }) => contender.client === "effect-keystoneauth" && contender.transport === transport)
    .flatMap(({ flights }) => flights.filter((flight) => flight.inFlight === inFlight).map(figure))
    .filter((figure) => figure !== undefined)

const logins = ({ requests }: Cold) => requests.filter((request) => request.startsWith("POST ")).length

/** What comes before the request itself. */
const documents = (cold: Cold) => cold.requests.length - logins(cold) - 1

export const lines = (results: Pick<Results, "seconds"> & Partial<Results>): ReadonlyArray<Line> => {
  const { bundles, cold, endpoints, imports, tokens, warm = [] } = results
  const ourCold = cold?.filter(({ contender }) => contender.client === "effect-keystoneauth") ?? []
  const nanos = endpoints?.map(({ nanos }) => nanos) ?? []
  const bigToken = tokens?.at(-1)
  const all: ReadonlyArray<Line> = [
    ...transports.flatMap((transport) =>
      places.map(({ inFlight, words }): Line => ({
        what: `CPU / bare HttpClient, ${transport}, ${words}`,
        reached: figures(warm, transport, inFlight, ({ toBare }) => toBare),
        limit: 1.15,
        unit: "times"
      }))
    ),
    ...places.map(({ inFlight, words }): Line => ({
      what: `CPU / raw undici, NodeTransport, ${words}`,
      reached: figures(warm, "NodeTransport", inFlight, ({ toUndici }) => toUndici),
      limit: inFlight === 1 ? 2.1 : 3,
      unit: "times"
    })),
    { what: "Endpoint resolution, 20 / 200 / 2,000 services", reached: nanos, limit: 1000, unit: "ns" },
    {
      what: "The same, 2,000 services / 20",
      reached: nanos.length === 0 ? [] : [(nanos.at(-1) ?? NaN) / (nanos[0] ?? NaN)],
      limit: 1.25,
      unit: "times"
    },
    {
      what: "Logins before the first request; layerUndici / NodeTransport",
      reached: ourCold.map(logins),
      limit: 1,
      unit: "each"
    },
    {
      what: "Version documents before it; layerUndici / NodeTransport",
      reached: ourCold.map(documents),
      limit: 1,
      unit: "each"
    },
    {
      what: "CPU of importing the core (Session), over effect's own",
      reached: imports?.slice(0, 1).map(({ cpuMillis, theirsMillis }) => cpuMillis - theirsMillis) ?? [],
      limit: 100,
      unit: "ms"
    },
    {
      what: "Bundle of the core (Session) over effect's own, gzip",
      reached: bundles?.slice(0, 1).map(({ ours }) => ours / 1000) ?? [],
      limit: 30,
      unit: "kB"
    },
    {
      what: "Token of 2,000 services, parsed and indexed / JSON.parse",
      reached: bigToken === undefined ? [] : [bigToken.readMicros / bigToken.parseMicros],
      limit: 1.6,
      unit: "times"
    },
    { what: "The benchmark itself", reached: [results.seconds], limit: 300, unit: "s" }
  ]
  return all.filter(({ reached }) => reached.length > 0)
}
