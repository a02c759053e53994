/**
 * Deadlines of effects. One sleeping fiber serves all deadlines of a Session: racing each request with a timer of its
 * own would cost more than the rest of the request.
 */
import type * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Scope from "effect/Scope"
import { onExit, type Restore } from "./continuation.js"
import * as Fiber from "./fiber.js"
import * as Time from "./time.js"

/** The time of a deadline. It may move to a later time, but not to an earlier one. */
export interface End {
  readonly endsAt: Time.Instant
}

/** A deadline, with the error of an effect that exceeds it. */
export interface Deadline<out E> extends End {
  readonly late: () => E
}

/** Runs effects with deadlines. */
export interface Deadlines {
  /**
   * Runs an effect in another fiber, which is interrupted with the caller. At the deadline it fails, even if the caller
   * is uninterruptible, and interrupts the effect without waiting for its end.
   */
  readonly within: <A, E, R, E2>(
    deadline: Deadline<E2>,
    effect: Effect.Effect<A, E, R>
  ) => Effect.Effect<A, E | E2, R>
  /** As `within`, but continues with the exit, as `onExit` does. */
  readonly exitWithin: <A, E, R, E2, B, E3>(
    restore: Restore,
    deadline: Deadline<E2>,
    effect: Effect.Effect<A, E, R>,
    next: (exit: Exit.Exit<A, E | E2>) => Effect.Effect<B, E3>,
    surroundings?: Fiber.Surroundings
  ) => Effect.Effect<B, E3, R>
  /** Calls a waiter at the deadline, unless the alarm is cancelled. For HTTP clients that give up without a fiber. */
  readonly alarm: (clock: Clock.Clock, end: End, waiter: Waiter) => Alarm
}

export interface Waiter {
  readonly timeIsOver: () => void
}

export interface Alarm {
  readonly cancel: () => void
}

/** In milliseconds. A sleeper that is no longer needed ends by itself within this time. */
const longestSleep = 1000

/**
 * A node in the list of waiters. V8 would keep every table that a `Map` ever had, with all its waiters, until the next
 * full collection.
 */
class Wait implements Alarm {
  previous: Wait | undefined
  next: Wait | undefined

  constructor(readonly watcher: Watcher, readonly end: End, public waiter: Waiter | undefined) {}

  cancel(): void {
    this.watcher.delete(this)
  }
}

/** All waiters of one clock. */
class Watcher {
  readonly #clock: Clock.Clock
  #first: Wait | undefined
  #last: Wait | undefined
  #sleeper: Fiber.Running | undefined
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

  /** Removes a wait and its references. Does nothing if it has been removed. */
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

  /** Stops the sleeper if no waiter is left, since it would prevent the program from ending. */
  rest(): void {
    if (this.#first === undefined) {
      this.#stop()
    }
  }

  /** Makes the sleeper wake no later than at this time. */
  #wakeBy(endsAt: Time.Instant): void {
    if (endsAt >= this.#wakesAt) {
      return
    }
    this.#stop()
    const now = Time.now(this.#clock)
    // timers have whole milliseconds
    const millis = Math.min(Math.max(0, Math.ceil(endsAt - now)), longestSleep)
    this.#wakesAt = Time.after(now, millis)
    this.#sleeper = Fiber.runInBackground(Effect.map(this.#clock.sleep(Duration.millis(millis)), this.#look))
  }

  #stop(): void {
    if (this.#sleeper !== undefined) {
      Fiber.interrupt(this.#sleeper)
    }
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

/** The exit of an effect, or the function to call with it. */
class Ending<A, E> {
  exit: Exit.Exit<A, E> | undefined
  tell: (exit: Exit.Exit<A, E>) => void = (exit) => {
    this.exit = exit
  }
}

export const make: Effect.Effect<Deadlines, never, Scope.Scope> = Effect.map(
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

    const exitWithin: Deadlines["exitWithin"] = <A, E, R, E2, B, E3>(
      restore: Restore,
      deadline: Deadline<E2>,
      effect: Effect.Effect<A, E, R>,
      next: (exit: Exit.Exit<A, E | E2>) => Effect.Effect<B, E3>,
      surroundings?: Fiber.Surroundings
    ) =>
      Fiber.withFork<B, E3, R>((fork, fiber) => {
        const ending = new Ending<A, E>()
        const running = fork(
          // the fiber has no result: its failure would be logged as unhandled, and its value be kept with the fiber
          Effect.matchCause(effect as Effect.Effect<A, E>, {
            onFailure: (cause) => ending.tell(Exit.failCause(cause)),
            onSuccess: (value) => ending.tell(Exit.succeed(value))
          }),
          surroundings
        )
        if (ending.exit !== undefined) {
          return next(ending.exit)
        }
        const watcher = watcherOf(Fiber.clock(fiber))
        let wait: Wait | undefined
        const outcome = Effect.async<A, E | E2>((resume) => {
          wait = watcher.add(deadline, {
            timeIsOver: () => {
              resume(Effect.failSync(() => deadline.late()))
              Fiber.interrupt(running)
            }
          })
          ending.tell = resume
          Fiber.onFailure(running, resume)
        })
        return onExit(restore, outcome, (exit) => {
          wait?.cancel()
          return Exit.isInterrupted(exit)
            ? Effect.flatMap(Fiber.interruptAndWait(running), () => next(exit))
            : next(exit)
        })
      })

    return {
      within: (deadline, effect) =>
        Effect.uninterruptibleMask((restore) => exitWithin(restore, deadline, effect, (exit) => exit)),
      exitWithin,
      alarm: (clock, end, waiter) => watcherOf(clock).add(end, waiter)
    }
  }
)
