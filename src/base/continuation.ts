/**
 * Going on from an effect, for less than Effect's own operators cost.
 *
 * A warm request consists of steps whose results are there already. As an `Exit` such a result is an effect, and to go on
 * from it is a function call instead of an operation: 36 operations for a request instead of 50.
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"

/** Whether an effect has its result already. */
export const isExit = <A, E, R>(effect: Effect.Effect<A, E, R>): effect is Exit.Exit<A, E> & Effect.Effect<A, E, R> =>
  Exit.isExit(effect)

/** `Effect.flatMap` that calls `next` at once if the effect is an `Exit`. */
export const andThen = <A, E, R, B, E2, R2>(
  effect: Effect.Effect<A, E, R>,
  next: (value: A) => Effect.Effect<B, E2, R2>
): Effect.Effect<B, E | E2, R | R2> =>
  !isExit(effect)
    ? Effect.flatMap(effect, next)
    : Exit.isSuccess(effect)
    ? next(effect.value)
    : Exit.failCause(effect.cause)

/** What `Effect.uninterruptibleMask` provides: it makes an effect interruptible again, if its surroundings are. */
export type Restore = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>

/**
 * Continues with the exit of an interruptible effect, interruption included, within an `uninterruptibleMask`: what was begun
 * before it can be ended for certain. With `Effect.onExit`, `onInterrupt`, or the canceller of `Effect.async` V8 would keep
 * each request until its next full collection, and a request would cost twice as much.
 */
export const onExit = <A, E, R, B, E2, R2>(
  restore: Restore,
  effect: Effect.Effect<A, E, R>,
  next: (exit: Exit.Exit<A, E>) => Effect.Effect<B, E2, R2>
): Effect.Effect<B, E2, R | R2> =>
  Effect.matchCauseEffect(restore(effect), {
    onFailure: (cause) => next(Exit.failCause(cause)),
    onSuccess: (value) => next(Exit.succeed(value))
  })
