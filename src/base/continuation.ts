/**
 * Continues from an effect with fewer operations than Effect's own combinators.
 *
 * The steps of a warm request have their results already. Such a result is an effect as an `Exit`, and continuing from
 * it is a function call instead of an operation: a request takes 36 operations instead of 50.
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"

/** Whether an effect is an `Exit`, so that its result is known. */
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

/** The function that `Effect.uninterruptibleMask` passes: it restores the interruptibility outside of the mask. */
export type Restore = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>

/**
 * Continues with the exit of an interruptible effect within an `uninterruptibleMask`, even if the effect is
 * interrupted, so that everything begun before can be ended. With `Effect.onExit`, `Effect.onInterrupt` or the
 * canceller of `Effect.async`, V8 would keep each request until its next full collection, and a request would cost
 * twice as much.
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
