/** `Either` where an Effect is wanted: in Effect 4 the one is no longer the other. */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"

export const toEffect: <A, E>(either: Either.Either<A, E>) => Effect.Effect<A, E> = Either.match({
  onLeft: Effect.fail,
  onRight: Effect.succeed
})
