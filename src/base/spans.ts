/** Spans around public operations, made only where a tracer records them. */
import * as Context from "effect/Context"
import * as DefaultServices from "effect/DefaultServices"
import * as Effect from "effect/Effect"
import * as Tracer from "effect/Tracer"
import * as Fiber from "./fiber.js"

/** Effect's default tracer, which reports to nobody. */
const silent = Context.get(DefaultServices.liveServices, Tracer.Tracer)

/**
 * Whether spans are recorded: a tracer was provided, or the parent span came from outside. Where they are not, none is made,
 * since a span costs more than the rest of a warm request.
 */
export const areRecorded = (fiber: Fiber.Fiber): boolean =>
  (Fiber.tracer(fiber) !== silent || Fiber.span(fiber)?._tag === "ExternalSpan") && Fiber.isTracerEnabled(fiber)

/** A span around a public operation, if spans are recorded. Its `error.type` is the tag of the error. */
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

/** Sets an attribute, if its value is known. */
export const attribute = (span: Tracer.Span, name: string, value: string | number | undefined): void => {
  if (value !== undefined) {
    span.attribute(name, value)
  }
}
