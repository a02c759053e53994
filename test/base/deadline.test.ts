/** Deadlines with one sleeping fiber for all of them. */
import { assert, describe, it } from "@effect/vitest"
import { Clock, Deferred, Effect, Exit, FastCheck as fc, Fiber, FiberRef, Ref, Scope, TestClock } from "effect"
import * as Deadline from "../../src/base/deadline.js"
import * as Time from "../../src/base/time.js"

const within = (millis: number) =>
  Effect.map(Effect.clock, (clock): Deadline.Deadline<string> => ({
    endsAt: Time.after(Time.now(clock), millis),
    late: () => "late"
  }))

describe("deadlines", () => {
  it.scoped("an effect in time has its own result, at once or later", () =>
    Effect.gen(function*() {
      const deadlines = yield* Deadline.make
      const deadline = yield* within(100)
      assert.strictEqual(yield* deadlines.within(deadline, Effect.succeed(1)), 1)
      assert.strictEqual(yield* Effect.flip(deadlines.within(deadline, Effect.fail("mine"))), "mine")
      assert.isTrue(Exit.isFailure(yield* Effect.exit(deadlines.within(deadline, Effect.die("defect")))))
      const slow = yield* Effect.fork(deadlines.within(deadline, Effect.delay(Effect.succeed(2), 99)))
      yield* TestClock.adjust(99)
      assert.strictEqual(yield* Fiber.join(slow), 2)
    }))

  it.scoped("a late effect fails on time, is interrupted, and is not waited for", () =>
    Effect.gen(function*() {
      const deadlines = yield* Deadline.make
      const interrupted = yield* Ref.make(0)
      const never = Effect.onInterrupt(Effect.never, () => Ref.update(interrupted, (n) => n + 1))
      const fibers = yield* Effect.forEach([50, 1500, 90_000], (millis) =>
        Effect.flatMap(within(millis), (deadline) =>
          Effect.fork(Effect.flip(deadlines.within(deadline, never)))))
      for (const [index, millis] of [49, 1, 1449, 1, 88_499, 1].entries()) {
        yield* TestClock.adjust(millis)
        const ended = yield* Effect.forEach(fibers, Fiber.poll)
        assert.deepStrictEqual(
          ended.map((exit) =>
            exit._tag
          ),
          fibers.map((_, fiber) => fiber < Math.floor((index + 1) / 2) ? "Some" : "None")
        )
      }
      assert.deepStrictEqual(yield* Effect.forEach(fibers, Fiber.join), ["late", "late", "late"])
      assert.strictEqual(yield* Ref.get(interrupted), 3)
      // not even if caller and effect are uninterruptible
      const stuck = yield* Deferred.make<void>()
      const deadline = yield* within(10)
      const caller = yield* Effect.fork(
        Effect.uninterruptible(Effect.flip(deadlines.within(deadline, Effect.uninterruptible(Deferred.await(stuck)))))
      )
      yield* TestClock.adjust(10)
      assert.strictEqual(yield* Fiber.join(caller), "late")
      yield* Deferred.succeed(stuck, undefined)
    }))

  it.scoped("interrupting the caller interrupts the effect, and waits for its end", () =>
    Effect.gen(function*() {
      const deadlines = yield* Deadline.make
      const steps: Array<string> = []
      const tidy = Effect.onInterrupt(
        Effect.never,
        () => Effect.delay(Effect.sync(() => steps.push("tidied up")), 5)
      )
      const deadline = yield* within(100)
      const caller = yield* Effect.fork(deadlines.within(deadline, tidy))
      yield* TestClock.adjust(1)
      const leaving = yield* Effect.fork(
        Effect.tap(Fiber.interrupt(caller), () => Effect.sync(() => steps.push("left")))
      )
      yield* TestClock.adjust(5)
      assert.isTrue(Exit.isInterrupted(yield* Fiber.join(leaving)))
      assert.deepStrictEqual(steps, ["tidied up", "left"])
    }))

  it.scoped("the effect has the services of the caller, or those that are passed", () =>
    Effect.gen(function*() {
      const deadlines = yield* Deadline.make
      const ref = yield* FiberRef.make("outer")
      const deadline = yield* within(100)
      const seen = deadlines.within(deadline, Effect.zip(FiberRef.get(ref), Effect.serviceOption(Scope.Scope)))
      const [value, scope] = yield* Effect.locally(seen, ref, "caller's")
      assert.strictEqual(value, "caller's")
      assert.strictEqual(scope._tag, "Some")
    }))

  it.live("the sleeper stops when all is done or the scope is closed: it would prevent the program from ending", () =>
    Effect.gen(function*() {
      let asleep = 0
      const clock = yield* Effect.clock
      const counting: Clock.Clock = {
        ...clock,
        unsafeCurrentTimeNanos: () => clock.unsafeCurrentTimeNanos(),
        sleep: () =>
          Effect.acquireUseRelease(
            Effect.sync(() => asleep++),
            () => Effect.never,
            () => Effect.sync(() => asleep--)
          )
      }
      const scope = yield* Scope.make()
      const deadlines = yield* Scope.extend(Deadline.make, scope)
      const later = yield* Deferred.make<void>()
      const caller = yield* within(60_000).pipe(
        Effect.flatMap((deadline) => deadlines.within(deadline, Deferred.await(later))),
        Effect.withClock(counting),
        Effect.fork
      )
      yield* Effect.repeat(Effect.yieldNow(), { until: () => asleep === 1 })
      yield* Deferred.succeed(later, undefined)
      yield* Fiber.join(caller)
      yield* Scope.close(scope, Exit.void)
      yield* Effect.repeat(Effect.yieldNow(), { until: () => asleep === 0 })
    }))

  it.scoped("an alarm goes off on time, unless it is cancelled", () =>
    Effect.gen(function*() {
      const deadlines = yield* Deadline.make
      const clock = yield* Effect.clock
      const heard: Array<string> = []
      const waiter = (name: string) => ({ timeIsOver: () => heard.push(name) })
      deadlines.alarm(clock, yield* within(20), waiter("first"))
      const second = deadlines.alarm(clock, yield* within(30), waiter("second"))
      yield* TestClock.adjust(19)
      assert.deepStrictEqual(heard, [])
      yield* TestClock.adjust(1)
      second.cancel()
      second.cancel()
      yield* TestClock.adjust(60_000)
      assert.deepStrictEqual(heard, ["first"])
    }))

  it.scoped("alarms go off once, at their time, whatever is added and cancelled in between", () =>
    Effect.gen(function*() {
      const deadlines = yield* Deadline.make
      const clock = yield* Effect.clock
      const step = fc.oneof(
        fc.record({ set: fc.integer({ min: 0, max: 3000 }) }),
        fc.record({ cancel: fc.nat() }),
        fc.record({ wait: fc.integer({ min: 1, max: 1500 }) })
      )
      for (const steps of fc.sample(fc.array(step, { minLength: 1, maxLength: 60 }), { numRuns: 50, seed: 8 })) {
        const heard = new Map<number, number>()
        const expected = new Map<number, number>()
        const alarms: Array<Deadline.Alarm> = []
        let now = yield* Clock.currentTimeMillis
        for (const each of [...steps, { wait: 5000 }]) {
          if ("set" in each) {
            const name = alarms.length
            const endsAt = now + each.set
            expected.set(name, endsAt)
            alarms.push(deadlines.alarm(clock, { endsAt: Time.after(Time.now(clock), each.set) }, {
              timeIsOver: () => {
                assert.isFalse(heard.has(name))
                heard.set(name, clock.unsafeCurrentTimeMillis())
              }
            }))
          } else if ("cancel" in each && alarms.length > 0) {
            const name = each.cancel % alarms.length
            alarms[name]?.cancel()
            if (!heard.has(name)) {
              expected.delete(name)
            }
          } else if ("wait" in each) {
            for (let millis = 0; millis < each.wait; millis += 100) {
              yield* TestClock.adjust(Math.min(100, each.wait - millis))
            }
            now = yield* Clock.currentTimeMillis
          }
        }
        assert.sameMembers([...heard.keys()], [...expected.keys()])
        for (const [name, at] of heard) {
          const late = at - (expected.get(name) ?? NaN)
          assert.isTrue(late >= 0 && late <= 100, `alarm ${name} is ${late} ms late`)
        }
      }
    }))

  it.scoped("each of hundreds of effects ends correctly, a third of them late, a third interrupted", () =>
    Effect.gen(function*() {
      const deadlines = yield* Deadline.make
      const fibers = yield* Effect.forEach(
        Array.from({ length: 600 }, (_, index) => index),
        (index) =>
          Effect.flatMap(
            within(index % 3 === 0 ? 50 : 5000),
            (deadline) =>
              Effect.fork(
                Effect.either(deadlines.within(deadline, Effect.delay(Effect.succeed(index), 100 + index % 7)))
              )
          )
      )
      yield* TestClock.adjust(60)
      yield* Effect.forEach(fibers.filter((_, index) => index % 3 === 1), Fiber.interrupt, { concurrency: "unbounded" })
      yield* TestClock.adjust(100)
      const exits = yield* Effect.forEach(fibers, Fiber.await)
      exits.forEach((exit, index) => {
        if (index % 3 === 1) {
          assert.isTrue(Exit.isInterrupted(exit))
        } else {
          assert.deepInclude(exit, { _tag: "Success" })
          assert.deepInclude(
            Exit.isSuccess(exit) ? exit.value : {},
            index % 3 === 0 ? { left: "late" } : { right: index }
          )
        }
      })
    }))
})
