/**
 * Access to the running fiber: its services, references and clock, and effects that run in fibers of their own. Effect 4 has
 * other names for all of this, so nothing else in the library imports `FiberRef`, `FiberId` or `Runtime`.
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
import * as Runtime from "effect/Runtime"
import * as RuntimeFlags from "effect/RuntimeFlags"
import type * as Tracer from "effect/Tracer"

export type Fiber = EffectFiber.RuntimeFiber<unknown, unknown>

/** An effect that is made with the fiber that runs it: one operation, where asking for each service would be another. */
export const withFiber = <A, E, R>(make: (fiber: Fiber) => Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.withFiberRuntime<A, E, R>(make)

// -----------------------------------------------------------------------------
// what a fiber has
// -----------------------------------------------------------------------------

export const context = (fiber: Fiber): Context.Context<never> => fiber.currentContext

/** A service that the type of the effect demands, or a reference with its default. */
export const service = <I, S>(fiber: Fiber, tag: Context.Tag<I, S>): S => Context.unsafeGet(fiber.currentContext, tag)

export const clock = (fiber: Fiber): Clock.Clock => Context.get(fiber.currentDefaultServices, Clock.Clock)

export const span = (fiber: Fiber): Tracer.AnySpan | undefined => fiber.currentSpan

export const tracer = (fiber: Fiber): Tracer.Tracer => fiber.currentTracer

export const isTracerEnabled = (fiber: Fiber): boolean => fiber.getFiberRef(FiberRef.currentTracerEnabled)

/** The time for the end of a span, or 0 where timing of spans is switched off. */
export const spanTime = (fiber: Fiber): bigint =>
  fiber.getFiberRef(FiberRef.currentTracerTimingEnabled) ? clock(fiber).unsafeCurrentTimeNanos() : BigInt(0)

/** Whether messages of level Debug reach the loggers. */
export const logsDebug = (fiber: Fiber): boolean =>
  LogLevel.lessThanEqual(fiber.getFiberRef(FiberRef.currentMinimumLogLevel), LogLevel.Debug)

/** Whether HTTP clients send the span's context along. */
export const propagatesTrace = (fiber: Fiber): boolean => fiber.getFiberRef(HttpClient.currentTracerPropagation)

/** Whether the program wants no client span for this request. */
export const isUntraced = (fiber: Fiber, request: HttpClientRequest.HttpClientRequest): boolean =>
  fiber.getFiberRef(HttpClient.currentTracerDisabledWhen)(request)

// -----------------------------------------------------------------------------
// other fibers
// -----------------------------------------------------------------------------

export const deferred = <A, E = never>(): Deferred.Deferred<A, E> => Deferred.unsafeMake<A, E>(FiberId.none)

/** A fiber whose outcome is reported by the effect that it runs. */
export type Running = EffectFiber.RuntimeFiber<void>

/** Runs an effect that needs nothing, outside any fiber: no program waits for it. */
export const runInBackground = (effect: Effect.Effect<void>): Running => Runtime.runFork(Runtime.defaultRuntime, effect)

/** What differs for an effect that runs in a fiber of its own. To change it there costs no operation. */
export interface Surroundings {
  readonly context: (outer: Context.Context<never>) => Context.Context<never>
  /** No client spans by the platform. */
  readonly untraced: boolean
}

/** Runs an effect in a fiber of its own. It may have ended when this returns. */
export type Fork = (effect: Effect.Effect<void>, surroundings?: Surroundings) => Running

/** An effect that is made with a `Fork`: what that runs has the services and references of this fiber, and is interruptible. */
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

/** Interrupts it without waiting for its end. */
export const interrupt = (running: Running): void => running.unsafeInterruptAsFork(FiberId.none)

/** Interrupts it and waits for its end. */
export const interruptAndWait = (running: Running): Effect.Effect<void> => Effect.asVoid(EffectFiber.interrupt(running))

/** Calls back if it ends with a failure, which includes its interruption by someone else. */
export const onFailure = (running: Running, notify: (exit: Exit.Exit<never>) => void): void =>
  running.addObserver((exit) => {
    if (Exit.isFailure(exit)) {
      notify(Exit.failCause(exit.cause))
    }
  })
