/**
 * How much may be sent at once, and how fast.
 *
 * @since 0.1.0
 */
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { identity } from "effect/Function"
import * as Fiber from "../base/fiber.js"
import * as Time from "../base/time.js"
import { InvalidOptions } from "../Errors.js"

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
    const held = concurrency === Infinity ? identity : fairSemaphore(concurrency)
    const paced = requestsPerSecond === Infinity ? identity : pace(requestsPerSecond)
    return Effect.succeed({ withPermit: (effect) => held(paced(effect)) })
  })

/**
 * A semaphore that serves in the order of arrival. Effect's own lets a newcomer overtake fibers that a release has woken but
 * that do not run yet.
 */
const fairSemaphore = (permits: number): Limiter["withPermit"] => {
  let free = permits
  // in the order of arrival
  const queue = new Set<Deferred.Deferred<void>>()

  /** Passes a permit to the first in the queue: it is never free while somebody waits. */
  const release = Effect.sync(() => {
    for (const first of queue) {
      queue.delete(first)
      Deferred.unsafeDone(first, Effect.void)
      return
    }
    free++
  })

  return (effect) =>
    Effect.uninterruptibleMask((restore) => {
      const run = Effect.ensuring(restore(effect), release)
      if (free > 0) {
        free--
        return run
      }
      const turn = Fiber.deferred<void>()
      queue.add(turn)
      return Effect.zipRight(
        Effect.onInterrupt(
          restore(Deferred.await(turn)),
          // a fiber that was given the permit and interrupted at once passes it on
          () => Effect.suspend(() => queue.delete(turn) ? Effect.void : release)
        ),
        run
      )
    })
}

/** Begins are spread evenly: the first `n` of a run take `n / perSecond` seconds, rounded up to what timers can do. */
const pace = (perSecond: number): Limiter["withPermit"] => {
  const withTurn = fairSemaphore(1)
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
  return (effect) => Effect.zipRight(withTurn(turn), effect)
}
