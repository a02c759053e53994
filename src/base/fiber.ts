/**
 * Access to the running fiber (services, references, clock), and running effects in other fibers. Effect 4 has other
 * names for all of this, so no other module imports `FiberRef`, `FiberId` or `Runtime`.
 */
import * as HttpClient from "@effect/platform/HttpClient"
import type * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as EffectFiber from "effect/Fiber"
import * as FiberId from "effect/FiberId"
import * as FiberRef from "effect/FiberRef"
import * as FiberRefs from "effect/FiberRefs"
import * as LogLevel from "effect/LogLevel"
import * as Option from "effect/Option"
import * as Runtime from "effect/Runtime"
import * as RuntimeFlags from "effect/RuntimeFlags"
import type * as Tracer from "effect/Tracer"

export type Fiber = EffectFiber.RuntimeFiber<unknown, unknown>

/** Makes an effect with the fiber that runs it. This is one operation, instead of one for each service. */
export const withFiber = <A, E, R>(make: (fiber: Fiber) => Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.withFiberRuntime<A, E, R>(make)

// -----------------------------------------------------------------------------
// reading a fiber
// -----------------------------------------------------------------------------

export const context = (fiber: Fiber): Context.Context<never> => fiber.currentContext

/** A service that the type of the effect requires, or a reference with its default. */
export const service = <I, S>(fiber: Fiber, tag: Context.Tag<I, S>): S => Context.unsafeGet(fiber.currentContext, tag)

/** A service that may be there. */
export const serviceOption = <I, S>(fiber: Fiber, tag: Context.Tag<I, S>): S | undefined =>
  Option.getOrUndefined(Context.getOption(fiber.currentContext, tag))

export const clock = (fiber: Fiber): Clock.Clock => Context.get(fiber.currentDefaultServices, Clock.Clock)

export const span = (fiber: Fiber): Tracer.AnySpan | undefined => fiber.currentSpan

export const tracer = (fiber: Fiber): Tracer.Tracer => fiber.currentTracer

export const isTracerEnabled = (fiber: Fiber): boolean => fiber.getFiberRef(FiberRef.currentTracerEnabled)

/** The time for the end of a span, or 0 if span timing is disabled. */
export const spanTime = (fiber: Fiber): bigint =>
  fiber.getFiberRef(FiberRef.currentTracerTimingEnabled) ? clock(fiber).unsafeCurrentTimeNanos() : BigInt(0)

/** Whether debug messages are logged. */
export const logsDebug = (fiber: Fiber): boolean =>
  LogLevel.lessThanEqual(fiber.getFiberRef(FiberRef.currentMinimumLogLevel), LogLevel.Debug)

/** Whether HTTP clients send the headers of the span. */
export const propagatesTrace = (fiber: Fiber): boolean => fiber.getFiberRef(HttpClient.currentTracerPropagation)

/** Whether client spans are disabled for this request. */
export const isUntraced = (fiber: Fiber, request: HttpClientRequest.HttpClientRequest): boolean =>
  fiber.getFiberRef(HttpClient.currentTracerDisabledWhen)(request)

// -----------------------------------------------------------------------------
// other fibers
// -----------------------------------------------------------------------------

export const deferred = <A, E = never>(): Deferred.Deferred<A, E> => Deferred.unsafeMake<A, E>(FiberId.none)

/** A running fiber without a result: its effect reports its outcome. */
export type Running = EffectFiber.RuntimeFiber<void>

/** Runs an effect that requires no services, outside any fiber. */
export const runInBackground = (effect: Effect.Effect<void>): Running => Runtime.runFork(Runtime.defaultRuntime, effect)

/** Changes for an effect that runs in another fiber. They cost no operation there. */
export interface Surroundings {
  /** Changes the context. */
  readonly context: (outer: Context.Context<never>) => Context.Context<never>
  /** Whether to disable the platform's client spans. */
  readonly untraced: boolean
}

/** Runs an effect in another fiber, which may have ended when the function returns. */
export type Fork = (effect: Effect.Effect<void>, surroundings?: Surroundings) => Running

/** Makes an effect with a `Fork`, which runs effects interruptibly with the services and references of this fiber. */
export const withFork = <A, E, R>(
  make: (fork: Fork, fiber: Fiber) => Effect.Effect<A, E, R>
): Effect.Effect<A, E, R> =>
  Effect.withFiberRuntime<A, E, R>((fiber, status) =>
    make(
      (effect, surroundings) =>
        Runtime.runFork(
          Runtime.make<never>({
            context: surroundings === undefined ? fiber.currentContext : surroundings.context(fiber.currentContext),
            runtimeFlags: RuntimeFlags.enable(status.runtimeFlags, RuntimeFlags.Interruption),
            fiberRefs: fiber.getFiberRefs()
          }),
          effect,
          surroundings?.untraced === true ? { updateRefs: withoutSpans } : undefined
        ),
      fiber
    )
  )

const always = () => true

const withoutSpans = (outer: FiberRefs.FiberRefs, fiberId: FiberId.Runtime): FiberRefs.FiberRefs =>
  FiberRefs.updateAs(outer, { fiberId, fiberRef: HttpClient.currentTracerDisabledWhen, value: always })

/** Interrupts a fiber without waiting for its end. */
export const interrupt = (running: Running): void => running.unsafeInterruptAsFork(FiberId.none)

/** Interrupts a fiber and waits for its end. */
export const interruptAndWait = (running: Running): Effect.Effect<void> => Effect.asVoid(EffectFiber.interrupt(running))

/** Calls `notify` if a fiber fails or is interrupted. */
export const onFailure = (running: Running, notify: (exit: Exit.Exit<never>) => void): void =>
  running.addObserver((exit) => {
    if (Exit.isFailure(exit)) {
      notify(Exit.failCause(exit.cause))
    }
  })
