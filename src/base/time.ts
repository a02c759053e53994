/**
 * Reads clocks; no other module does.
 *
 * Durations are measured with `Instant`s of Effect's monotonic clock, which cannot be set. The wall clock is read only
 * for times that are exchanged with others: timestamps of tokens, and of files that processes share.
 */
import * as Clock from "effect/Clock"
import * as DateTime from "effect/DateTime"
import type * as Effect from "effect/Effect"
import * as Fiber from "./fiber.js"

declare const monotonic: unique symbol

/**
 * A time of the monotonic clock, in milliseconds from an arbitrary origin: only the difference of two is meaningful.
 */
export type Instant = number & { readonly [monotonic]: true }

/** The instant this many milliseconds later. */
export const after = (instant: Instant, millis: number): Instant => (instant + millis) as Instant

/** An instant later than all others. */
export const never = Infinity as Instant

/** An instant earlier than all others. */
export const longAgo = -Infinity as Instant

export const now = (clock: Clock.Clock): Instant => (Number(clock.unsafeCurrentTimeNanos()) / 1e6) as Instant

export const ofFiber = (fiber: Fiber.Fiber): Instant => now(Fiber.clock(fiber))

/** The wall clock in milliseconds since 1970. It may be wrong and may jump, so it measures no durations. */
export const wallClock = (clock: Clock.Clock): number => clock.unsafeCurrentTimeMillis()

/** `wallClock` as an effect. */
export const wallClockTime: Effect.Effect<number> = Clock.currentTimeMillis

/** Parses the date of an HTTP header to milliseconds since 1970. */
export const ofHttpDate = (text: string | undefined): number | undefined => {
  // some engines parse bare numbers as dates
  const millis = text !== undefined && /[a-z]{3}/i.test(text) ? Date.parse(text) : NaN
  return Number.isNaN(millis) ? undefined : millis
}

/** The `Date` of a response, by the clock of the server. */
export const answeredAt = (headers: Readonly<Record<string, string | undefined>>): DateTime.Utc | undefined => {
  const millis = ofHttpDate(headers["date"])
  return millis === undefined ? undefined : DateTime.unsafeMake(millis)
}
