/** The time by a fiber's clock, where an effect of its own to ask for it would cost more than the answer. */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import type * as Fiber from "effect/Fiber"

export const clock = (fiber: Fiber.RuntimeFiber<unknown, unknown>): Clock.Clock =>
  Context.get(fiber.currentDefaultServices, Clock.Clock)

/** In milliseconds since the epoch. */
export const millis = (fiber: Fiber.RuntimeFiber<unknown, unknown>): number => clock(fiber).unsafeCurrentTimeMillis()
