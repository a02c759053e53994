/** Spans where someone listens. */
import * as Context from "effect/Context"
import * as DefaultServices from "effect/DefaultServices"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import * as FiberRef from "effect/FiberRef"
import * as Tracer from "effect/Tracer"

/** Effect's own, which shows what it is given to nobody. */
const silent = Context.get(DefaultServices.liveServices, Tracer.Tracer)

/**
 * Does anyone look at spans? Making them costs more than most of what else is done for a request. A trace that came from
 * outside is somebody's.
 */
export const listens = (fiber: Fiber.RuntimeFiber<unknown, unknown>): boolean =>
  (fiber.currentTracer !== silent || fiber.currentSpan?._tag === "ExternalSpan") &&
  fiber.getFiberRef(FiberRef.currentTracerEnabled)

/** The span that is ours to describe, if one was made. */
export const annotate = (describe: (span: Tracer.Span) => void): Effect.Effect<void> =>
  Effect.withFiberRuntime((fiber) => {
    const span = fiber.currentSpan
    if (span?._tag === "Span" && span.sampled && listens(fiber)) {
      describe(span)
    }
    return Effect.void
  })

/** A span around a public operation. What it fails with is its `error.type`; what it succeeds with may be described. */
export const operation = <A, E extends { readonly _tag: string }, R>(
  name: string,
  effect: Effect.Effect<A, E, R>,
  describe: (span: Tracer.Span, value: A) => void = () => {}
): Effect.Effect<A, E, R> =>
  Effect.withFiberRuntime((fiber) =>
    listens(fiber)
      ? effect.pipe(
        Effect.tapBoth({
          onFailure: ({ _tag }) => Effect.annotateCurrentSpan("error.type", _tag),
          onSuccess: (value) => annotate((span) => describe(span, value))
        }),
        Effect.withSpan(name)
      )
      : effect
  )
