/** Everything that belongs to one request of a caller: a deadline for the whole, and what was tried so far. */
import type * as Effect from "effect/Effect"
import type * as Watch from "../base/deadline.js"
import * as Time from "../base/time.js"
import type * as Errors from "../Errors.js"

/** What was tried so far. */
export interface Tries {
  /** When all must be done. */
  readonly endsAt: Time.Instant
  /** How often something was sent again because it failed. */
  retries: number
  /** How often in a row it was waited for a connection, and for a better status. */
  connectDelays: number
  statusDelays: number
}

export interface Operation extends Tries, Watch.Deadline<Errors.TimedOut> {
  readonly beganAt: Time.Instant
  /** For whatever may wait. Sending has its own deadline, which is no later. */
  readonly inTime: <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E | Errors.TimedOut, R>
  /** A body flows: the time counts from `now`, unless the caller has given a deadline for the call. */
  readonly flows: (now: Time.Instant) => void
}

/** Of one exchange that is no part of something bigger, such as a login. */
export const single = (): Tries => ({ endsAt: Time.never, retries: 0, connectDelays: 0, statusDelays: 0 })

/**
 * What lives as long as a request is made by a class, here and elsewhere: V8 may take it for long-lived if it is a literal, and keep
 * all that it refers to until the next full collection.
 */
class WatchedOperation implements Operation {
  retries = 0
  connectDelays = 0
  statusDelays = 0
  endsAt: Time.Instant
  readonly #watch: Watch.Watch

  constructor(
    watch: Watch.Watch,
    readonly beganAt: Time.Instant,
    readonly millis: number,
    readonly isFixed: boolean,
    readonly late: () => Errors.TimedOut
  ) {
    this.#watch = watch
    this.endsAt = Time.after(beganAt, millis)
  }

  flows(now: Time.Instant): void {
    if (!this.isFixed) {
      this.endsAt = Time.after(now, this.millis)
    }
  }

  inTime<A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E | Errors.TimedOut, R> {
    return this.#watch.within(this, effect)
  }
}

/** `isFixed`: a body that flows does not give it its time again. */
export const make = (
  watch: Watch.Watch,
  beganAt: Time.Instant,
  millis: number,
  isFixed: boolean,
  late: () => Errors.TimedOut
): Operation => new WatchedOperation(watch, beganAt, millis, isFixed, late)
