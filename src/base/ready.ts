/**
 * What is there already is not waited for: an `Exit` is an effect, and to go on from it at once costs no more than calling a
 * function. A warm request waits for nothing but its answer.
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"

export const isReady = <A, E, R>(effect: Effect.Effect<A, E, R>): effect is Exit.Exit<A, E> & Effect.Effect<A, E, R> =>
  Exit.isExit(effect)

/** `Effect.flatMap`, which goes on at once if it can. */
export const andThen = <A, E, R, B, E2, R2>(
  effect: Effect.Effect<A, E, R>,
  next: (value: A) => Effect.Effect<B, E2, R2>
): Effect.Effect<B, E | E2, R | R2> =>
  !isReady(effect)
    ? Effect.flatMap(effect, next)
    : Exit.isSuccess(effect)
    ? next(effect.value)
    : Exit.failCause(effect.cause)
