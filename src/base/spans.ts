/** Spans of public operations, which are made only if a tracer records them. */
import * as Context from "effect/Context"
import * as DefaultServices from "effect/DefaultServices"
import * as Effect from "effect/Effect"
import * as Tracer from "effect/Tracer"
import * as Fiber from "./fiber.js"

/** Effect's default tracer, which does not report spans. */
const silent = Context.get(DefaultServices.liveServices, Tracer.Tracer)

/**
 * Whether spans are recorded: a tracer was provided, or the parent span is external. Otherwise no span is made, since
 * it would cost more than the rest of a warm request.
 */
export const areRecorded = (fiber: Fiber.Fiber): boolean =>
  (Fiber.tracer(fiber) !== silent || Fiber.span(fiber)?._tag === "ExternalSpan") && Fiber.isTracerEnabled(fiber)

/** Runs a public operation in a span, if spans are recorded. Its `error.type` is the tag of the error. */
export const operation = <A, E extends { readonly _tag: string }, R>(
  name: string,
  use: (recorded: boolean, fiber: Fiber.Fiber) => Effect.Effect<A, E, R>
): Effect.Effect<A, E, R> =>
  Fiber.withFiber((fiber) =>
    areRecorded(fiber)
      ? Fiber.withFiber((fiber) => use(true, fiber)).pipe(
        Effect.tapError(({ _tag }) => Effect.annotateCurrentSpan("error.type", _tag)),
        Effect.withSpan(name)
      )
      : use(false, fiber)
  )

/** Sets an attribute, unless its value is undefined. */
export const attribute = (span: Tracer.Span, name: string, value: string | number | undefined): void => {
  if (value !== undefined) {
    span.attribute(name, value)
  }
}
