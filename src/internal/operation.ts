/** Everything that belongs to one request of a caller: a deadline for the whole, and what was tried so far. */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Errors from "../Errors.js"

/**
 * One timer watches over the whole and over each sending in it: a race costs as much as much of what else is done for a
 * request, so it is run once.
 */
export interface Operation {
  /** When all must be done, in milliseconds since the epoch. */
  readonly endsAt: number
  /** What is on its way now, and until when it has time. */
  sending: { readonly endsAt: number; readonly timedOut: () => Errors.TimedOut } | undefined
  /** How often something was sent again because it failed. */
  retries: number
  /** How often in a row it was waited for a connection, and for a better status. */
  connectDelays: number
  statusDelays: number
}

const make = (endsAt: number): Operation => ({
  endsAt,
  sending: undefined,
  retries: 0,
  connectDelays: 0,
  statusDelays: 0
})

/** Of one exchange that is no part of something bigger, such as a login. */
export const single = (): Operation => make(Infinity)

/** In milliseconds. */
export interface Times {
  readonly deadline: number
  /** What each sending has, before anyone looks whether it is over. */
  readonly sending: number
  /** The deadline has passed. */
  readonly timedOut: () => Errors.TimedOut
}

/** Runs all of it with one timer. */
export const run = <A, E, R>(
  times: Times,
  use: (operation: Operation) => Effect.Effect<A, E, R>
): Effect.Effect<A, E | Errors.TimedOut, R> =>
  Effect.clockWith((clock) => {
    const operation = make(clock.unsafeCurrentTimeMillis() + times.deadline)
    // no sending is over before the timer looks again: it began after the timer did, and has as much time
    const watch: Effect.Effect<never, Errors.TimedOut> = Effect.suspend(() => {
      const now = clock.unsafeCurrentTimeMillis()
      const { endsAt, sending } = operation
      if (now >= endsAt) {
        return Effect.fail(times.timedOut())
      }
      if (sending !== undefined && now >= sending.endsAt) {
        return Effect.fail(sending.timedOut())
      }
      const next = sending === undefined ? now + times.sending : sending.endsAt
      return Effect.zipRight(clock.sleep(Duration.millis(Math.min(next, endsAt) - now)), watch)
    })
    return Number.isFinite(times.deadline) || Number.isFinite(times.sending)
      // in an uninterruptible region, such as acquiring a resource, the request must not wait for its timer
      ? Effect.raceFirst(use(operation), Effect.interruptible(watch))
      : use(operation)
  })

/** One sending, whose time the timer of the operation watches over. */
export const watched = <A, E, R>(
  operation: Operation,
  effect: Effect.Effect<A, E, R>,
  millis: number,
  timedOut: () => Errors.TimedOut
): Effect.Effect<A, E, R> =>
  Effect.clockWith((clock) => {
    operation.sending = { endsAt: clock.unsafeCurrentTimeMillis() + millis, timedOut }
    return Effect.map(effect, (a) => {
      operation.sending = undefined
      return a
    })
  })
