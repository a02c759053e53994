/** What happens once an effect has ended. */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"

/**
 * Goes on with how it has ended, interrupted or not, and cannot be interrupted meanwhile: as with `onExit`. That one, `onInterrupt`
 * and a canceller of an async let V8 keep each request until its next full collection, and cost twice as much.
 */
export const settled = <A, E, R, B, E2, R2>(
  effect: Effect.Effect<A, E, R>,
  next: (exit: Exit.Exit<A, E>) => Effect.Effect<B, E2, R2>
): Effect.Effect<B, E2, R | R2> =>
  Effect.uninterruptibleMask((restore) =>
    Effect.matchCauseEffect(restore(effect), {
      onFailure: (cause) => next(Exit.failCause(cause)),
      onSuccess: (value) => next(Exit.succeed(value))
    })
  )
