/** What the process of a contender is asked for, and what it answers. */
import { Schema } from "effect"

export const Slice = Schema.Struct({ inFlight: Schema.Number, millis: Schema.Number })

export type Slice = typeof Slice.Type

export const Sample = Schema.Struct({
  requests: Schema.Number,
  seconds: Schema.Number,
  /** Of the process, for each request. */
  cpuMicros: Schema.Number,
  p50Millis: Schema.Number,
  p99Millis: Schema.Number
})

export type Sample = typeof Sample.Type
