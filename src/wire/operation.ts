/** Everything that is done for one request of a caller: its deadline, and the number of attempts and retries. */
import type * as Effect from "effect/Effect"
import type * as Deadline from "../base/deadline.js"
import * as Time from "../base/time.js"
import type * as Errors from "../Errors.js"

/** The deadline of a request, and the number of its attempts, retries and delays. */
export class Tries {
  #endsAt: Time.Instant
  #sent = 0
  #retries = 0
  #connectDelays = 0
  #statusDelays = 0

  constructor(endsAt: Time.Instant = Time.never) {
    this.#endsAt = endsAt
  }

  /** The deadline of the whole request. */
  get endsAt(): Time.Instant {
    return this.#endsAt
  }

  protected moveEnd(endsAt: Time.Instant): void {
    this.#endsAt = endsAt
  }

  /** The number of retries. */
  get retries(): number {
    return this.#retries
  }

  /** Counts an attempt, and returns how many there were before. */
  nextAttempt(): number {
    return this.#sent++
  }

  /** Counts a retry, and returns the number of retries. */
  nextRetry(): number {
    return ++this.#retries
  }

  /** Counts a delay after a connection failure, and returns how many there were in a row before. */
  nextConnectDelay(): number {
    return this.#connectDelays++
  }

  /** Counts a delay after a refused request, and returns how many there were in a row before. */
  nextStatusDelay(): number {
    return this.#statusDelays++
  }

  /** Resets the delays after connection failures: the service has responded. */
  connected(): void {
    this.#connectDelays = 0
  }

  /** Resets all delays after a redirect. */
  redirected(): void {
    this.#connectDelays = 0
    this.#statusDelays = 0
  }
}

/**
 * Everything that is done for one request. It is a class, as is everything that lives as long as a request: V8 may
 * allocate literals as long-lived objects and keep what they refer to.
 */
export class Operation extends Tries implements Deadline.Deadline<Errors.TimedOut> {
  readonly #deadlines: Deadline.Deadlines
  readonly #millis: number
  readonly #isFixed: boolean

  /** With `isFixed`, progress of an upload does not move the deadline. */
  constructor(
    deadlines: Deadline.Deadlines,
    readonly beganAt: Time.Instant,
    { isFixed, millis }: { readonly millis: number; readonly isFixed: boolean },
    readonly late: () => Errors.TimedOut
  ) {
    super(Time.after(beganAt, millis))
    this.#deadlines = deadlines
    this.#millis = millis
    this.#isFixed = isFixed
  }

  /** Moves the deadline, since an upload has made progress. */
  progressed(now: Time.Instant): void {
    if (!this.#isFixed) {
      this.moveEnd(Time.after(now, this.#millis))
    }
  }

  /** Runs an effect with this deadline. An attempt does not need it: its own deadline is not later. */
  inTime<A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E | Errors.TimedOut, R> {
    return this.#deadlines.within(this, effect)
  }
}
