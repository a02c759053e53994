/**
 * How much may be sent at once, and how fast.
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { identity } from "effect/Function"
import * as Time from "../base/time.js"
import { InvalidOptions } from "../Errors.js"
import * as FifoSemaphore from "./fifoSemaphore.js"

/**
 * @since 0.1.0
 * @category models
 */
export interface Limits {
  /** How many requests may wait for their answer (its headers) at once. Default: any number. */
  readonly concurrency?: number | undefined
  /**
   * How many requests may begin in a second: they are spaced evenly, and after a quiet time there is no burst. Default: any
   * number.
   */
  readonly requestsPerSecond?: number | undefined
}

/**
 * Lets through what it is wrapped around, first come, first served. Who is interrupted while it waits leaves the queue, and
 * costs nobody a turn.
 *
 * Only the sending is limited, each of a request that is redirected or sent again by itself: waits between tries, logging
 * in and finding the endpoint take up no room.
 *
 * @since 0.1.0
 * @category models
 */
export interface Limiter {
  readonly withPermit: <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
}

const invalid = (option: string, value: number, right: string): InvalidOptions =>
  new InvalidOptions({ module: "Limiter", option, reason: `${value} is not ${right}` })

/**
 * A limiter that those share who are given it: several adapters for one service, for example.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (limits: Limits): Effect.Effect<Limiter, InvalidOptions> =>
  Effect.suspend(() => {
    const { concurrency = Infinity, requestsPerSecond = Infinity } = limits
    if (!(concurrency >= 1) || (concurrency !== Infinity && !Number.isInteger(concurrency))) {
      return Effect.fail(invalid("concurrency", concurrency, "a whole number from 1"))
    }
    if (!(requestsPerSecond > 0)) {
      return Effect.fail(invalid("requestsPerSecond", requestsPerSecond, "a number above 0"))
    }
    const held = concurrency === Infinity ? identity : FifoSemaphore.make(concurrency).withPermit
    const paced = requestsPerSecond === Infinity ? identity : pace(requestsPerSecond)
    return Effect.succeed({ withPermit: (effect) => held(paced(effect)) })
  })

/** Begins are spread evenly: the first `n` of a run take `n / perSecond` seconds, rounded up to what timers can do. */
const pace = (perSecond: number): Limiter["withPermit"] => {
  const turns = FifoSemaphore.make(1)
  let runBegan = -Infinity
  let begun = 0
  // only the first in the queue looks at the clock: whoever gives up costs the others nothing
  const turn: Effect.Effect<void> = Effect.clockWith((clock) => {
    const now = Math.floor(Time.now(clock))
    const next = runBegan + Math.ceil(begun * 1000 / perSecond)
    if (now < next) {
      return Effect.zipRight(clock.sleep(Duration.millis(next - now)), turn)
    }
    if (now > next) {
      // late: what was not used is gone
      runBegan = now
      begun = 0
    }
    begun++
    return Effect.void
  })
  return (effect) => Effect.zipRight(turns.withPermit(turn), effect)
}
