/**
 * A semaphore that is fair: who came first goes first, and nobody slips in between. Effect's own lets a newcomer pass those
 * whom a release has woken, but who do not run yet.
 */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as FiberId from "effect/FiberId"

export interface FifoSemaphore {
  readonly withPermit: <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
  /** How many wait. */
  readonly waiting: () => number
}

export const make = (permits: number): FifoSemaphore => {
  let free = permits
  // in the order of arrival; who gives up leaves it at once
  const queue = new Set<Deferred.Deferred<void>>()

  /** A permit goes from hand to hand: it is never free while somebody waits. */
  const release = Effect.sync(() => {
    for (const first of queue) {
      queue.delete(first)
      Deferred.unsafeDone(first, Effect.void)
      return
    }
    free++
  })

  return {
    waiting: () => queue.size,
    withPermit: (effect) =>
      Effect.uninterruptibleMask((restore) => {
        const run = Effect.ensuring(restore(effect), release)
        if (free > 0) {
          free--
          return run
        }
        const turn = Deferred.unsafeMake<void>(FiberId.none)
        queue.add(turn)
        return Effect.zipRight(
          Effect.onInterrupt(
            restore(Deferred.await(turn)),
            // whoever has the permit already, but cannot use it, hands it on
            () => Effect.suspend(() => queue.delete(turn) ? Effect.void : release)
          ),
          run
        )
      })
  }
}
