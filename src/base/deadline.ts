/**
 * Waiting that ends. One sleeper watches over all that is waited for: a race with a timer for each request would cost more
 * than everything else that is done for it.
 */
import type * as Clock from "effect/Clock"
import type * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as FiberId from "effect/FiberId"
import type * as FiberRefs from "effect/FiberRefs"
import * as Runtime from "effect/Runtime"
import * as RuntimeFlags from "effect/RuntimeFlags"
import type * as Scope from "effect/Scope"
import { type Restore, settled } from "./settled.js"
import * as Time from "./time.js"

/** Until when it is waited. It may become later while it is waited, but not earlier. */
export interface End {
  readonly endsAt: Time.Instant
}

/** The same, and what it means if nothing has come by then. */
export interface Deadline<out E> extends End {
  readonly late: () => E
}

/** What is different for an effect that is waited for; to change it here costs nothing. */
export interface Surroundings {
  readonly context: (outer: Context.Context<never>) => Context.Context<never>
  readonly fiberRefs: (outer: FiberRefs.FiberRefs, fiberId: FiberId.Runtime) => FiberRefs.FiberRefs
}

export interface Watch {
  /**
   * Fails once the time is over, and interrupts the effect then, without waiting for it: not even where the caller cannot be
   * interrupted. The effect runs in a fiber of its own, which ends with the caller.
   */
  readonly within: <A, E, R, E2>(
    deadline: Deadline<E2>,
    effect: Effect.Effect<A, E, R>
  ) => Effect.Effect<A, E | E2, R>
  /** The same, going on with how it has ended as `settled` does. */
  readonly settled: <A, E, R, E2, B, E3>(
    restore: Restore,
    deadline: Deadline<E2>,
    effect: Effect.Effect<A, E, R>,
    next: (exit: Exit.Exit<A, E | E2>) => Effect.Effect<B, E3>,
    surroundings?: Surroundings
  ) => Effect.Effect<B, E3, R>
  /** Tells when the time is over, unless it is called off before: for who can give up without being interrupted. */
  readonly alarm: (clock: Clock.Clock, end: End, waiter: Waiter) => Alarm
}

/** Who is told that the time is over. */
export interface Waiter {
  readonly timeIsOver: () => void
}

export interface Alarm {
  readonly callOff: () => void
}

/** Nobody sleeps longer, so that a sleeper that nobody needs any more soon ends by itself. */
const longestSleep = 1000

/**
 * Something that is waited for, in a list: of a `Map`, V8 keeps each table that it ever had until its next full collection, and with
 * it all that was waited for.
 */
class Wait implements Alarm {
  previous: Wait | undefined
  next: Wait | undefined

  constructor(readonly watcher: Watcher, readonly end: End, public waiter: Waiter | undefined) {}

  callOff(): void {
    this.watcher.delete(this)
  }
}

/** Watches by one clock. */
class Watcher {
  readonly #clock: Clock.Clock
  #first: Wait | undefined
  #last: Wait | undefined
  #sleeper: Fiber.RuntimeFiber<void> | undefined
  #wakesAt = Time.never

  constructor(clock: Clock.Clock) {
    this.#clock = clock
  }

  add(end: End, waiter: Waiter): Wait {
    const wait = new Wait(this, end, waiter)
    if (this.#last === undefined) {
      this.#first = wait
    } else {
      wait.previous = this.#last
      this.#last.next = wait
    }
    this.#last = wait
    this.#wakeBy(end.endsAt)
    return wait
  }

  /** It holds nothing afterwards, and may be deleted twice. */
  delete(wait: Wait): void {
    if (wait.waiter === undefined) {
      return
    }
    const { next, previous } = wait
    if (previous === undefined) {
      this.#first = next
    } else {
      previous.next = next
    }
    if (next === undefined) {
      this.#last = previous
    } else {
      next.previous = previous
    }
    wait.previous = wait.next = wait.waiter = undefined
  }

  /** The sleeper would keep the program from ending. */
  rest(): void {
    if (this.#first === undefined) {
      this.#stop()
    }
  }

  /** Sees to it that somebody looks at that time at the latest. */
  #wakeBy(endsAt: Time.Instant): void {
    if (endsAt >= this.#wakesAt) {
      return
    }
    this.#stop()
    const now = Time.now(this.#clock)
    // timers know whole milliseconds only
    const millis = Math.min(Math.max(0, Math.ceil(endsAt - now)), longestSleep)
    this.#wakesAt = Time.after(now, millis)
    this.#sleeper = Runtime.runFork(
      Runtime.defaultRuntime,
      Effect.map(this.#clock.sleep(Duration.millis(millis)), this.#look)
    )
  }

  #stop(): void {
    this.#sleeper?.unsafeInterruptAsFork(FiberId.none)
    this.#sleeper = undefined
    this.#wakesAt = Time.never
  }

  readonly #look = (): void => {
    this.#sleeper = undefined
    this.#wakesAt = Time.never
    const now = Time.now(this.#clock)
    let earliest = Time.never
    const over: Array<Waiter> = []
    for (let wait = this.#first; wait !== undefined;) {
      const { next, waiter } = wait
      const { endsAt } = wait.end
      if (endsAt <= now && waiter !== undefined) {
        this.delete(wait)
        over.push(waiter)
      } else {
        earliest = endsAt < earliest ? endsAt : earliest
      }
      wait = next
    }
    over.forEach((waiter) => waiter.timeIsOver())
    this.#wakeBy(earliest)
  }
}

/** How an effect has ended, and who waits for it. */
class Ending<A, E> {
  exit: Exit.Exit<A, E> | undefined
  tell: (exit: Exit.Exit<A, E>) => void = (exit) => {
    this.exit = exit
  }
}

export const make: Effect.Effect<Watch, never, Scope.Scope> = Effect.map(
  Effect.acquireRelease(
    Effect.sync(() => new Map<Clock.Clock, Watcher>()),
    (watchers) => Effect.sync(() => watchers.forEach((watcher) => watcher.rest()))
  ),
  (watchers) => {
    const watcherOf = (clock: Clock.Clock): Watcher => {
      const known = watchers.get(clock)
      if (known !== undefined) {
        return known
      }
      const watcher = new Watcher(clock)
      watchers.set(clock, watcher)
      return watcher
    }

    const settledWithin: Watch["settled"] = <A, E, R, E2, B, E3>(
      restore: Restore,
      deadline: Deadline<E2>,
      effect: Effect.Effect<A, E, R>,
      next: (exit: Exit.Exit<A, E | E2>) => Effect.Effect<B, E3>,
      surroundings?: Surroundings
    ) =>
      Effect.withFiberRuntime<B, E3, R>((fiber, status) => {
        const { currentContext } = fiber
        const runtime = Runtime.make<never>({
          context: surroundings === undefined ? currentContext : surroundings.context(currentContext),
          runtimeFlags: RuntimeFlags.enable(status.runtimeFlags, RuntimeFlags.Interruption),
          fiberRefs: fiber.getFiberRefs()
        })
        const ending = new Ending<A, E>()
        const running = Runtime.runFork(
          runtime,
          // the fiber itself ends with nothing: a failure would be logged as one that nobody handles, and a value kept as long as it
          Effect.matchCause(effect as Effect.Effect<A, E>, {
            onFailure: (cause) => ending.tell(Exit.failCause(cause)),
            onSuccess: (value) => ending.tell(Exit.succeed(value))
          }),
          surroundings && { updateRefs: surroundings.fiberRefs }
        )
        if (ending.exit !== undefined) {
          return next(ending.exit)
        }
        const watcher = watcherOf(Time.clockOf(fiber))
        let wait: Wait | undefined
        const outcome = Effect.async<A, E | E2>((resume) => {
          wait = watcher.add(deadline, {
            timeIsOver: () => {
              resume(Effect.failSync(() => deadline.late()))
              running.unsafeInterruptAsFork(FiberId.none)
            }
          })
          ending.tell = resume
          // somebody else has interrupted it
          running.addObserver((exit) => Exit.isFailure(exit) ? resume(Exit.failCause(exit.cause)) : undefined)
        })
        return settled(restore, outcome, (exit) => {
          wait?.callOff()
          return Exit.isInterrupted(exit) ? Effect.flatMap(Fiber.interrupt(running), () => next(exit)) : next(exit)
        })
      })

    return {
      within: (deadline, effect) =>
        Effect.uninterruptibleMask((restore) => settledWithin(restore, deadline, effect, (exit) => exit)),
      settled: settledWithin,
      alarm: (clock, end, waiter) => watcherOf(clock).add(end, waiter)
    }
  }
)
