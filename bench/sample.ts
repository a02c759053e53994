/** What the process of a contender is asked for, and what it answers. */
import { Schema } from "effect"

export const Slice = Schema.Struct({ inFlight: Schema.Number, millis: Schema.Number })

export type Slice = typeof Slice.Type

/** Of one request. */
export const Costs = Schema.Struct({
  /** Of the client's process. */
  cpuMicros: Schema.Number,
  p50Millis: Schema.Number,
  p99Millis: Schema.Number
})

export const Sample = Schema.Struct({ requests: Schema.Number, seconds: Schema.Number, ...Costs.fields })

export type Sample = typeof Sample.Type
