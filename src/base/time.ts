/**
 * What time it is: the one place that reads a clock.
 *
 * Whatever is waited for, rests, or is kept for a while is measured in `Instant`s, by Effect's monotonic clock, which nobody can set.
 * The wall clock, which anybody can, is only for what others read: stamps of tokens, and what processes write down for each other.
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as DateTime from "effect/DateTime"
import type * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"

declare const monotonic: unique symbol

/** A moment, in milliseconds by the monotonic clock. Where it counts from says nothing: only two of them together mean something. */
export type Instant = number & { readonly [monotonic]: true }

/** Some milliseconds after it. */
export const after = (instant: Instant, millis: number): Instant => (instant + millis) as Instant

/** Later than all others. */
export const never = Infinity as Instant

/** Earlier than all others. */
export const longAgo = -Infinity as Instant

export const now = (clock: Clock.Clock): Instant => (Number(clock.unsafeCurrentTimeNanos()) / 1e6) as Instant

/** The clock of a fiber: an effect of its own to ask for it would cost more than the answer. */
export const clockOf = (fiber: Fiber.RuntimeFiber<unknown, unknown>): Clock.Clock =>
  Context.get(fiber.currentDefaultServices, Clock.Clock)

export const ofFiber = (fiber: Fiber.RuntimeFiber<unknown, unknown>): Instant => now(clockOf(fiber))

/** In milliseconds since 1970, for what others read. It may be wrong by any amount, and jump: no duration is measured with it. */
export const wallClock = (clock: Clock.Clock): number => clock.unsafeCurrentTimeMillis()

/** The same as an effect. */
export const wallClockTime: Effect.Effect<number> = Clock.currentTimeMillis

/** A date of HTTP, in milliseconds since 1970. */
export const ofHttpDate = (text: string | undefined): number | undefined => {
  // some engines take bare numbers for dates
  const millis = text !== undefined && /[a-z]{3}/i.test(text) ? Date.parse(text) : NaN
  return Number.isNaN(millis) ? undefined : millis
}

/** When the server answered, by its own clock: the `Date` of an answer. */
export const answeredAt = (headers: Readonly<Record<string, string | undefined>>): DateTime.Utc | undefined => {
  const millis = ofHttpDate(headers["date"])
  return millis === undefined ? undefined : DateTime.unsafeMake(millis)
}
