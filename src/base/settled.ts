/** What happens once an effect has ended. */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"

/** What `Effect.uninterruptibleMask` gives: it lets be interrupted what may be. */
export type Restore = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>

/**
 * Goes on with how it has ended, interrupted or not, as `onExit` does: in an `uninterruptibleMask`, of which `restore` is. What was begun
 * in it before is surely ended then. `onExit`, `onInterrupt` and a canceller of an async let V8 keep each request until its next full
 * collection, and cost twice as much.
 */
export const settled = <A, E, R, B, E2, R2>(
  restore: Restore,
  effect: Effect.Effect<A, E, R>,
  next: (exit: Exit.Exit<A, E>) => Effect.Effect<B, E2, R2>
): Effect.Effect<B, E2, R | R2> =>
  Effect.matchCauseEffect(restore(effect), {
    onFailure: (cause) => next(Exit.failCause(cause)),
    onSuccess: (value) => next(Exit.succeed(value))
  })
