/** What the benchmark has measured, as it is in `results.json`: medians of several rounds, or of several processes. */
import { Schema } from "effect"
import { Costs } from "./sample.js"

export const Contender = Schema.Struct({
  client: Schema.Literal("undici", "HttpClient", "effect-keystoneauth", "keystoneauth1"),
  transport: Schema.optional(Schema.Literal("layerUndici", "NodeTransport")),
  /** How many services the catalog has. */
  services: Schema.optional(Schema.Number)
})

export type Contender = typeof Contender.Type

export const Flight = Schema.Struct({
  inFlight: Schema.Number,
  requestsPerSecond: Schema.Number,
  ...Costs.fields,
  /** Times the CPU of raw undici. */
  toUndici: Schema.Number,
  /** Times the CPU of the bare HttpClient over the same transport. */
  toBare: Schema.optional(Schema.Number)
})

export type Flight = typeof Flight.Type

const Warm = Schema.Struct({ contender: Contender, flights: Schema.Array(Flight) })

export type Warm = typeof Warm.Type

const Cold = Schema.Struct({
  contender: Contender,
  /** From the start of the process to its first answer. */
  wallMillis: Schema.Number,
  cpuMillis: Schema.Number,
  /** What it has sent until then, in this order: `GET /compute/v2.1/servers`. */
  requests: Schema.Array(Schema.String)
})

export type Cold = typeof Cold.Type

const Import = Schema.Struct({
  modules: Schema.String,
  cpuMillis: Schema.Number,
  /** The CPU of importing what ours import of effect and @effect/platform, alone. */
  theirsMillis: Schema.Number
})

export const Token = Schema.Struct({
  services: Schema.Number,
  /** `JSON.parse` alone. */
  parseMicros: Schema.Number,
  /** From the text to the first endpoint that is looked up. */
  readMicros: Schema.Number
})

export const Endpoint = Schema.Struct({ services: Schema.Number, nanos: Schema.Number })

export const Memory = Schema.Struct({
  identityBytes: Schema.Number,
  /** The heap after so many requests. */
  requests: Schema.Array(Schema.Struct({ count: Schema.Number, bytes: Schema.Number }))
})

const Bundle = Schema.Struct({
  modules: Schema.String,
  /** Minified and compressed, in bytes: with effect and @effect/platform, and what we add to them. */
  gzip: Schema.Number,
  ours: Schema.Number
})

const Machine = Schema.Struct({
  cpu: Schema.String,
  cores: Schema.Number,
  system: Schema.String,
  node: Schema.String,
  server: Schema.String
})

/** Each is there unless it was left out. */
export const Parts = Schema.Struct({
  warm: Schema.optional(Schema.Array(Warm)),
  cold: Schema.optional(Schema.Array(Cold)),
  imports: Schema.optional(Schema.Array(Import)),
  tokens: Schema.optional(Schema.Array(Token)),
  endpoints: Schema.optional(Schema.Array(Endpoint)),
  memory: Schema.optional(Memory),
  bundles: Schema.optional(Schema.Array(Bundle))
})

export type Parts = typeof Parts.Type

export const Results = Schema.Struct({
  date: Schema.String,
  machine: Machine,
  seconds: Schema.Number,
  ...Parts.fields
})

export type Results = typeof Results.Type

export const Json = Schema.parseJson(Results)

/** As tables and the chart call it: ours by the part of us that a request goes through. */
export const nameOf = ({ client, services, transport }: Contender): string =>
  (client === "effect-keystoneauth" ? "Adapter" : client) +
  (transport === undefined ? "" : ` over ${transport}`) +
  (services === undefined ? "" : `, ${services.toLocaleString("en-US")} services`)
