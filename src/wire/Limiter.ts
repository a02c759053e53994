/**
 * Limits for the concurrency and the rate of requests.
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
 * Options of a limiter.
 *
 * @since 0.1.0
 * @category models
 */
export interface Limits {
  /** How many requests may wait for the headers of their response at once: an integer from 1. Default: no limit. */
  readonly concurrency?: number | undefined
  /**
   * How many requests may begin per second, as a number above 0. They are spaced evenly, without a burst after an idle
   * time. Default: no limit.
   */
  readonly requestsPerSecond?: number | undefined
}

/**
 * Limits the effects that it wraps, in the order of arrival. A fiber that is interrupted while it waits leaves the
 * queue and delays no other.
 *
 * Only attempts to send a request are limited, each redirect and retry separately. Waits between retries, logging in
 * and finding the endpoint hold no permit.
 *
 * @since 0.1.0
 * @category models
 */
export interface Limiter {
  /** Runs an effect with a permit, after waiting for one. */
  readonly withPermit: <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
}

const invalid = (option: string, value: number, right: string): InvalidOptions =>
  new InvalidOptions({ module: "Limiter", option, reason: `${value} is not ${right}` })

/**
 * Makes a limiter that several adapters can share.
 *
 * @example
 * ```ts
 * import { Effect } from "effect"
 * import { Adapter } from "effect-keystoneauth"
 * import * as Limiter from "effect-keystoneauth/Limiter"
 *
 * const adapters = Effect.gen(function*() {
 *   const limiter = yield* Limiter.make({ concurrency: 10, requestsPerSecond: 50 })
 *   return yield* Effect.all({
 *     volumes: Adapter.make({ serviceType: "block-storage", limiter }),
 *     images: Adapter.make({ serviceType: "image", limiter })
 *   })
 * })
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (limits: Limits): Effect.Effect<Limiter, InvalidOptions> =>
  Effect.suspend(() => {
    const { concurrency = Infinity, requestsPerSecond = Infinity } = limits
    if (!(concurrency >= 1) || (concurrency !== Infinity && !Number.isInteger(concurrency))) {
      return Effect.fail(invalid("concurrency", concurrency, "an integer from 1"))
    }
    if (!(requestsPerSecond > 0)) {
      return Effect.fail(invalid("requestsPerSecond", requestsPerSecond, "a number above 0"))
    }
    const held = concurrency === Infinity ? identity : fairSemaphore(concurrency)
    const paced = requestsPerSecond === Infinity ? identity : pace(requestsPerSecond)
    return Effect.succeed({ withPermit: (effect) => held(paced(effect)) })
  })

/**
 * A semaphore that serves fibers in the order of arrival. Effect's own lets a newcomer overtake fibers that a release
 * has resumed but that do not run yet.
 */
const fairSemaphore = (permits: number): Limiter["withPermit"] => {
  let free = permits
  // in the order of arrival
  const queue = new Set<Deferred.Deferred<void>>()

  /** Passes a permit to the first fiber in the queue: no permit is free while a fiber waits. */
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
          // a fiber that has received the permit and is interrupted at once passes it on
          () => Effect.suspend(() => queue.delete(turn) ? Effect.void : release)
        ),
        run
      )
    })
}

/** Spaces starts evenly: `n` starts without a pause take `n / perSecond` seconds, rounded up to whole milliseconds. */
const pace = (perSecond: number): Limiter["withPermit"] => {
  const withTurn = fairSemaphore(1)
  let runBegan = -Infinity
  let begun = 0
  // only the first fiber in the queue waits for the clock, so one that is interrupted in the queue uses up no turn
  const turn: Effect.Effect<void> = Effect.clockWith((clock) => {
    const now = Math.floor(Time.now(clock))
    const next = runBegan + Math.ceil(begun * 1000 / perSecond)
    if (now < next) {
      return Effect.zipRight(clock.sleep(Duration.millis(next - now)), turn)
    }
    if (now > next) {
      // idle time is not made up for
      runBegan = now
      begun = 0
    }
    begun++
    return Effect.void
  })
  return (effect) => Effect.zipRight(withTurn(turn), effect)
}
