/** A test clock whose wall clock can be set independently of its monotonic clock. */
import { Clock, Duration, Effect } from "effect"

/** Yields until no fiber can continue. */
export const settle = Effect.promise(async () => {
  for (let turn = 0; turn < 4; turn++) {
    await new Promise((resolve) => setImmediate(resolve))
  }
})

export interface SettableClock extends Clock.Clock {
  /** Advances both clocks, and wakes sleeping fibers. */
  readonly pass: (duration: Duration.DurationInput) => Effect.Effect<void>
  /** Moves the wall clock forward, or back by a negative number. */
  readonly set: (millis: number) => void
  /** The true time. */
  readonly truth: () => number
}

/** The clocks start at unrelated values, so that code which confuses them fails. */
export const makeSettable = (start: number = Date.UTC(2026, 10, 28)): SettableClock => {
  let passed = 0
  let wrong = 0
  const sleeping = new Set<{ readonly at: number; readonly wake: () => void }>()
  const truth = () => start + passed
  const wall = () => truth() + wrong
  const monotonic = () => BigInt(Math.round((5_000_000 + passed) * 1e6))
  return {
    [Clock.ClockTypeId]: Clock.ClockTypeId,
    unsafeCurrentTimeMillis: wall,
    unsafeCurrentTimeNanos: monotonic,
    currentTimeMillis: Effect.sync(wall),
    currentTimeNanos: Effect.sync(monotonic),
    sleep: (duration) =>
      Effect.async((resume) => {
        const sleeper = { at: passed + Duration.toMillis(duration), wake: () => resume(Effect.void) }
        sleeping.add(sleeper)
        return Effect.sync(() => sleeping.delete(sleeper))
      }),
    pass: (duration) =>
      Effect.gen(function*() {
        const end = passed + Duration.toMillis(duration)
        yield* settle
        while (true) {
          const [next] = [...sleeping].filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)
          if (next === undefined) {
            break
          }
          sleeping.delete(next)
          passed = Math.max(passed, next.at)
          next.wake()
          yield* settle
        }
        passed = end
        yield* settle
      }),
    set: (millis) => {
      wrong += millis
    },
    truth
  }
}
