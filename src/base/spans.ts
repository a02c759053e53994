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

/** A span around a public operation, where someone listens. What it fails with is its `error.type`. */
export const operation = <A, E extends { readonly _tag: string }, R>(
  name: string,
  use: (listened: boolean, fiber: Fiber.RuntimeFiber<unknown, unknown>) => Effect.Effect<A, E, R>
): Effect.Effect<A, E, R> =>
  Effect.withFiberRuntime<A, E, R>((fiber) =>
    listens(fiber)
      ? Effect.withFiberRuntime<A, E, R>((fiber) => use(true, fiber)).pipe(
        Effect.tapError(({ _tag }) => Effect.annotateCurrentSpan("error.type", _tag)),
        Effect.withSpan(name)
      )
      : use(false, fiber)
  )
