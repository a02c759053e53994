import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Fiber, TestClock } from "effect"
import { Limiter } from "effect-keystoneauth"
import * as FastCheck from "effect/FastCheck"
import { assertTag } from "../support.js"

/** Counts running effects and their maximum, and records the order and the time of their starts. */
const watch = () => {
  const begun: Array<{ readonly name: number; readonly at: number }> = []
  let running = 0
  let most = 0
  const work = (name: number, effect: Effect.Effect<void>) =>
    Effect.clockWith((clock) => {
      begun.push({ name, at: clock.unsafeCurrentTimeMillis() })
      running++
      most = Math.max(most, running)
      return Effect.ensuring(effect, Effect.sync(() => running--))
    })
  return { begun, work, most: () => most, running: () => running }
}

const names = (begun: ReadonlyArray<{ readonly name: number }>) => begun.map(({ name }) => name)

describe("concurrency", () => {
  it.effect("is never exceeded, and served in the order of arrival", () =>
    Effect.gen(function*() {
      const limiter = yield* Limiter.make({ concurrency: 3 })
      const { begun, most, work } = watch()
      yield* Effect.fork(
        Effect.forEach(
          Array.from({ length: 20 }, (_, i) => i),
          (i) => limiter.withPermit(work(i, Effect.sleep(`${(i * 7) % 5 + 1} seconds`))),
          { concurrency: "unbounded" }
        )
      )
      yield* TestClock.adjust("1 minute")
      assert.strictEqual(most(), 3)
      assert.deepStrictEqual(names(begun), Array.from({ length: 20 }, (_, i) => i))
    }))

  it.effect("does not let a newcomer overtake a fiber that a release has resumed", () =>
    Effect.gen(function*() {
      const limiter = yield* Limiter.make({ concurrency: 1 })
      const { begun, work } = watch()
      const first = yield* Deferred.make<void>()
      yield* Effect.fork(limiter.withPermit(work(1, Deferred.await(first))))
      yield* Effect.yieldNow()
      yield* Effect.fork(limiter.withPermit(work(2, Effect.void)))
      yield* Effect.yieldNow()
      // the release and the newcomer come before the second fiber runs
      yield* Effect.zipRight(Deferred.succeed(first, undefined), limiter.withPermit(work(3, Effect.void)))
      assert.deepStrictEqual(names(begun), [1, 2, 3])
    }))

  it.effect("an interrupted fiber leaves the queue, and a failed one returns its permit", () =>
    Effect.gen(function*() {
      const limiter = yield* Limiter.make({ concurrency: 1 })
      const { begun, work } = watch()
      const running = yield* Effect.fork(limiter.withPermit(work(0, Effect.never)))
      yield* Effect.yieldNow()
      const waiting = yield* Effect.fork(limiter.withPermit(work(1, Effect.void)))
      yield* Effect.yieldNow()
      const last = yield* Effect.fork(limiter.withPermit(work(2, Effect.void)))
      yield* Effect.yieldNow()
      yield* Fiber.interrupt(waiting)
      yield* Fiber.interrupt(running)
      yield* Fiber.join(last)
      yield* Effect.exit(limiter.withPermit(Effect.die("broken")))
      yield* limiter.withPermit(work(3, Effect.void))
      assert.deepStrictEqual(names(begun), [0, 2, 3])
    }))

  it.effect(
    "no permit is lost or duplicated, whenever callers arrive, finish, fail or are interrupted",
    () =>
      Effect.promise(() =>
        FastCheck.assert(
          FastCheck.asyncProperty(
            FastCheck.integer({ min: 1, max: 4 }),
            FastCheck.array(
              FastCheck.record({
                steps: FastCheck.nat(9),
                interruptAfter: FastCheck.option(FastCheck.nat(20)),
                fails: FastCheck.boolean()
              }),
              { maxLength: 30 }
            ),
            (concurrency, callers) =>
              Effect.runPromise(Effect.gen(function*() {
                const limiter = yield* Limiter.make({ concurrency })
                const { begun, most, running, work } = watch()
                yield* Effect.forEach(callers, ({ fails, interruptAfter, steps }, i) =>
                  Effect.gen(function*() {
                    const busy = Effect.repeatN(Effect.yieldNow(), steps)
                    const fiber = yield* Effect.fork(
                      limiter.withPermit(work(i, fails ? Effect.zipRight(busy, Effect.die("broken")) : busy))
                    )
                    if (interruptAfter !== null) {
                      yield* Effect.repeatN(Effect.yieldNow(), interruptAfter)
                      yield* Fiber.interrupt(fiber)
                    }
                    yield* Fiber.await(fiber)
                  }), { concurrency: "unbounded", discard: true })
                assert.isAtMost(most(), concurrency)
                assert.strictEqual(running(), 0)
                const order = names(begun)
                assert.deepStrictEqual(order, [...order].sort((a, b) => a - b))
                // all permits are returned, so that this many run at once
                yield* Effect.forEach(
                  Array.from({ length: concurrency }),
                  () => limiter.withPermit(Effect.yieldNow()),
                  { concurrency: "unbounded" }
                )
              }))
          ),
          { numRuns: 200 }
        )
      ),
    30_000
  )

  it.live("is not exceeded by 10,000 concurrent callers, a third of them interrupted", () =>
    Effect.gen(function*() {
      const limiter = yield* Limiter.make({ concurrency: 7 })
      const { begun, most, running, work } = watch()
      const fibers = yield* Effect.forEach(
        Array.from({ length: 10_000 }, (_, i) => i),
        (i) => Effect.fork(limiter.withPermit(work(i, Effect.repeatN(Effect.yieldNow(), i % 4))))
      )
      yield* Effect.forEach(fibers.filter((_, i) => i % 3 === 0), Fiber.interruptFork, { discard: true })
      yield* Effect.forEach(fibers, Fiber.await, { discard: true })
      assert.strictEqual(most(), 7)
      assert.strictEqual(running(), 0)
      const order = names(begun)
      assert.isAtLeast(order.length, 6_666)
      assert.deepStrictEqual(order, [...order].sort((a, b) => a - b))
    }), 30_000)
})

describe("requests per second", () => {
  it.effect("are spaced evenly, also if the interval is not a whole number of milliseconds", () =>
    Effect.gen(function*() {
      const limiter = yield* Limiter.make({ requestsPerSecond: 300 })
      const { begun, work } = watch()
      yield* Effect.fork(Effect.forEach(
        Array.from({ length: 1000 }, (_, i) => i),
        (i) => limiter.withPermit(work(i, Effect.void)),
        { concurrency: "unbounded" }
      ))
      yield* TestClock.adjust("4 seconds")
      assert.deepStrictEqual(names(begun), Array.from({ length: 1000 }, (_, i) => i))
      for (const { at: from } of begun) {
        assert.isAtMost(begun.filter(({ at }) => at >= from && at < from + 1000).length, 300)
      }
      // and not slower: 999 intervals of 3.33 ms
      assert.closeTo(begun[999]?.at ?? 0, 3330, 1)
    }))

  it.effect("do not burst after an idle time", () =>
    Effect.gen(function*() {
      const limiter = yield* Limiter.make({ requestsPerSecond: 2 })
      const { begun, work } = watch()
      yield* limiter.withPermit(work(0, Effect.void))
      yield* TestClock.adjust("1 hour")
      yield* Effect.fork(Effect.forEach([1, 2, 3], (i) => limiter.withPermit(work(i, Effect.void)), {
        concurrency: "unbounded"
      }))
      yield* TestClock.adjust("10 seconds")
      assert.deepStrictEqual(begun.map(({ at }) => at - 3_600_000), [-3_600_000, 0, 500, 1000])
    }))

  it.effect("an interrupted caller uses up no turn", () =>
    Effect.gen(function*() {
      const limiter = yield* Limiter.make({ requestsPerSecond: 1 })
      const { begun, work } = watch()
      yield* limiter.withPermit(work(0, Effect.void))
      const impatient = yield* Effect.forEach(
        [1, 2, 3],
        (i) => Effect.fork(Effect.timeout(limiter.withPermit(work(i, Effect.void)), "400 millis"))
      )
      yield* Effect.yieldNow()
      const patient = yield* Effect.fork(limiter.withPermit(work(4, Effect.void)))
      yield* TestClock.adjust("1 seconds")
      yield* Fiber.join(patient)
      yield* Fiber.awaitAll(impatient)
      assert.deepStrictEqual(begun, [{ name: 0, at: 0 }, { name: 4, at: 1000 }])
    }))

  it.effect("can be combined with a concurrency", () =>
    Effect.gen(function*() {
      const limiter = yield* Limiter.make({ requestsPerSecond: 10, concurrency: 2 })
      const { begun, most, work } = watch()
      yield* Effect.fork(Effect.forEach(
        [0, 1, 2, 3, 4, 5],
        (i) => limiter.withPermit(work(i, Effect.sleep("1 seconds"))),
        { concurrency: "unbounded" }
      ))
      yield* TestClock.adjust("10 seconds")
      assert.strictEqual(most(), 2)
      assert.deepStrictEqual(begun.map(({ at }) => at), [0, 100, 1000, 1100, 2000, 2100])
    }))
})

it.effect("invalid limits are InvalidOptions", () =>
  Effect.forEach(
    [
      [{ concurrency: 0 }, "concurrency"],
      [{ concurrency: 1.5 }, "concurrency"],
      [{ concurrency: NaN }, "concurrency"],
      [{ requestsPerSecond: 0 }, "requestsPerSecond"],
      [{ requestsPerSecond: -1 }, "requestsPerSecond"]
    ] as const,
    ([limits, option]) =>
      Effect.map(Effect.flip(Limiter.make(limits)), (error) => {
        assertTag(error, "InvalidOptions")
        assert.strictEqual(error.option, option)
      })
  ))
