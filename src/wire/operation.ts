/** Everything that belongs to one request of a caller: a deadline for the whole, and counts of what was tried. */
import type * as Effect from "effect/Effect"
import type * as Deadline from "../base/deadline.js"
import * as Time from "../base/time.js"
import type * as Errors from "../Errors.js"

/** Counts of what was tried, and when it must be done. */
export class Tries {
  #endsAt: Time.Instant
  #sent = 0
  #retries = 0
  #connectDelays = 0
  #statusDelays = 0

  constructor(endsAt: Time.Instant = Time.never) {
    this.#endsAt = endsAt
  }

  /** The deadline of the whole. */
  get endsAt(): Time.Instant {
    return this.#endsAt
  }

  protected moveEnd(endsAt: Time.Instant): void {
    this.#endsAt = endsAt
  }

  /** How often something was sent again because it failed. */
  get retries(): number {
    return this.#retries
  }

  /** Counts an attempt, and returns how many there were before. */
  nextAttempt(): number {
    return this.#sent++
  }

  /** Counts a retry, and returns how many there were with it. */
  nextRetry(): number {
    return ++this.#retries
  }

  /** Counts a wait for a connection, and returns how many there were in a row before. */
  nextConnectDelay(): number {
    return this.#connectDelays++
  }

  /** Counts a wait for a better status, and returns how many there were in a row before. */
  nextStatusDelay(): number {
    return this.#statusDelays++
  }

  /** The service was reached. */
  connected(): void {
    this.#connectDelays = 0
  }

  /** The next wait is a first one, after a redirect. */
  redirected(): void {
    this.#connectDelays = 0
    this.#statusDelays = 0
  }
}

/** A class, as everything that lives as long as a request: V8 may take literals for long-lived and keep what they refer to. */
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

  /** An upload has progressed: the time counts from now. */
  progressed(now: Time.Instant): void {
    if (!this.#isFixed) {
      this.moveEnd(Time.after(now, this.#millis))
    }
  }

  /** Runs an effect with this deadline. An attempt needs none: its own deadline is no later. */
  inTime<A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E | Errors.TimedOut, R> {
    return this.#deadlines.within(this, effect)
  }
}
