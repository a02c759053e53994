import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Either, Exit, Fiber, Random, Ref, Scope, TestClock } from "effect"
import * as SharedFetch from "../../src/base/sharedFetch.js"

interface Value {
  readonly n: number
  readonly life: number
}

const policy: SharedFetch.Policy<Value, string> = {
  keep: (value) => ({ endsAfter: value.life, renewAfter: value.life * 0.8 }),
  rest: (_, failures) => 1000 * 2 ** (failures - 1),
  demanded: (error) => error === "busy" ? 60_000 : 0,
  resting: (error, millis) => `${error}, again in ${millis}`,
  capacity: 3,
  span: "fetch"
}

/** A fetch that counts: `n` is how often it was started. */
const counter = (options: { readonly life?: number; readonly takes?: number } = {}) =>
  Effect.map(Ref.make(0), (count) => ({
    count: Ref.get(count),
    fetch: Effect.gen(function*() {
      const n = yield* Ref.updateAndGet(count, (n) => n + 1)
      yield* Effect.sleep(options.takes ?? 0)
      return { n, life: options.life ?? 10_000 }
    })
  }))

describe("sharedFetch", () => {
  it.scoped("fetches once for many callers", () =>
    Effect.gen(function*() {
      const shared = yield* SharedFetch.make(policy)
      const source = yield* counter({ takes: 100 })
      const fiber = yield* Effect.fork(
        Effect.all(Array.from({ length: 1000 }, () => shared.get("a", source.fetch)), { concurrency: "unbounded" })
      )
      yield* TestClock.adjust(100)
      const values = yield* Fiber.join(fiber)
      assert.deepStrictEqual([...new Set(values.map((value) => value.n))], [1])
      assert.strictEqual(yield* source.count, 1)
    }))

  it.scoped("the first caller's interruption disturbs nobody", () =>
    Effect.gen(function*() {
      const shared = yield* SharedFetch.make(policy)
      const source = yield* counter({ takes: 100 })
      const first = yield* Effect.fork(shared.get("a", source.fetch))
      const others = yield* Effect.fork(
        Effect.all(Array.from({ length: 99 }, () => shared.get("a", source.fetch)), { concurrency: "unbounded" })
      )
      yield* TestClock.adjust(50)
      yield* Fiber.interrupt(first)
      yield* TestClock.adjust(50)
      assert.strictEqual((yield* Fiber.join(others)).length, 99)
      assert.strictEqual(yield* source.count, 1)
    }))

  it.scoped("a waiter keeps its own deadline", () =>
    Effect.gen(function*() {
      const shared = yield* SharedFetch.make(policy)
      const source = yield* counter({ takes: 1000 })
      const patient = yield* Effect.fork(shared.get("a", source.fetch))
      const hasty = yield* Effect.fork(Effect.timeoutOption(shared.get("a", source.fetch), 10))
      yield* TestClock.adjust(10)
      assert.isTrue(Exit.isSuccess(yield* Fiber.await(hasty)))
      yield* TestClock.adjust(990)
      assert.strictEqual((yield* Fiber.join(patient)).n, 1)
    }))

  it.scoped("a failure goes to all who wait, is given at once while it rests, and rests longer each time", () =>
    Effect.gen(function*() {
      const shared = yield* SharedFetch.make(policy)
      const tries = yield* Ref.make(0)
      const fetch = Effect.zipRight(
        Ref.update(tries, (n) => n + 1),
        Effect.zipRight(Effect.sleep(10), Effect.fail("no"))
      )
      const waiting = yield* Effect.fork(
        Effect.all(Array.from({ length: 50 }, () => Effect.flip(shared.get("a", fetch))), { concurrency: "unbounded" })
      )
      yield* TestClock.adjust(10)
      assert.deepStrictEqual([...new Set(yield* Fiber.join(waiting))], ["no, again in 1000"])
      yield* TestClock.adjust(400)
      assert.strictEqual(yield* Effect.flip(shared.get("a", fetch)), "no, again in 600")
      assert.strictEqual(yield* Ref.get(tries), 1)
      yield* TestClock.adjust(600)
      const second = yield* Effect.fork(Effect.flip(shared.get("a", fetch)))
      yield* TestClock.adjust(10)
      assert.strictEqual(yield* Fiber.join(second), "no, again in 2000")
      assert.strictEqual(yield* Ref.get(tries), 2)
    }))

  it.scoped("renews in the background, and only an ended value makes anyone wait", () =>
    Effect.gen(function*() {
      const shared = yield* SharedFetch.make(policy)
      const source = yield* counter({ takes: 100, life: 10_000 })
      const first = yield* Effect.fork(shared.get("a", source.fetch))
      yield* TestClock.adjust(100)
      assert.strictEqual((yield* Fiber.join(first)).n, 1)
      yield* TestClock.adjust(8_000)
      // the old one is given at once, to all, while one fetch runs
      const during = yield* Effect.all(Array.from({ length: 20 }, () => shared.get("a", source.fetch)))
      assert.deepStrictEqual([...new Set(during.map((value) => value.n))], [1])
      yield* TestClock.adjust(100)
      assert.strictEqual((yield* shared.get("a", source.fetch)).n, 2)
      assert.strictEqual(yield* source.count, 2)
      yield* TestClock.adjust(10_000)
      const ended = yield* Effect.fork(shared.get("a", source.fetch))
      yield* TestClock.adjust(99)
      assert.isNull(ended.unsafePoll())
      yield* TestClock.adjust(1)
      assert.strictEqual((yield* Fiber.join(ended)).n, 3)
    }))

  it.scoped("a failing renewal leaves the value in use to its end", () =>
    Effect.gen(function*() {
      const shared = yield* SharedFetch.make(policy)
      const source = yield* counter({ life: 10_000 })
      yield* shared.get("a", source.fetch)
      yield* TestClock.adjust(9_000)
      const failing = Effect.fail("down")
      assert.strictEqual((yield* shared.get("a", failing)).n, 1)
      yield* TestClock.adjust(999)
      assert.strictEqual((yield* shared.get("a", failing)).n, 1)
      yield* TestClock.adjust(1)
      assert.isTrue(Either.isLeft(yield* Effect.either(shared.get("a", failing))))
    }))

  it.scoped("what rests after a failing renewal is renewal: once the value has ended, somebody tries at once", () =>
    Effect.gen(function*() {
      const shared = yield* SharedFetch.make(policy)
      const source = yield* counter({ life: 10_000 })
      yield* shared.get("a", source.fetch)
      for (let second = 8; second < 10; second++) {
        yield* TestClock.setTime(second * 1000 + 500)
        assert.strictEqual((yield* shared.get("a", Effect.fail("down"))).n, 1)
      }
      yield* TestClock.setTime(10_000)
      assert.strictEqual((yield* shared.get("a", source.fetch)).n, 2)
      // a failure after the end rests as any other
      yield* TestClock.setTime(30_000)
      assert.strictEqual(yield* Effect.flip(shared.get("b", Effect.fail("down"))), "down, again in 1000")
      assert.strictEqual(yield* Effect.flip(shared.get("a", Effect.fail("down"))), "down, again in 1000")
      yield* TestClock.setTime(31_000)
      yield* shared.get("a", source.fetch)
      yield* TestClock.setTime(39_500)
      // unless the other side wants to be left alone
      yield* shared.get("a", Effect.fail("busy"))
      yield* Effect.yieldNow()
      yield* TestClock.setTime(41_000)
      assert.strictEqual(yield* Effect.flip(shared.get("a", source.fetch)), "busy, again in 58500")
    }))

  it.scoped("what rests after a failing renewal is renewal: once the value is dropped, somebody tries at once", () =>
    Effect.gen(function*() {
      const shared = yield* SharedFetch.make(policy)
      const source = yield* counter({ life: 10_000 })
      yield* shared.get("a", source.fetch)
      yield* TestClock.setTime(9_500)
      yield* shared.get("a", Effect.fail("down"))
      yield* Effect.yieldNow()
      yield* TestClock.setTime(9_900)
      yield* shared.dropWhen("a", () => true)
      // that one fails too, and rests
      assert.strictEqual(yield* Effect.flip(shared.get("a", Effect.fail("down"))), "down, again in 2000")
      assert.strictEqual(yield* Effect.flip(shared.get("a", source.fetch)), "down, again in 2000")
      yield* TestClock.setTime(11_900)
      assert.strictEqual((yield* shared.get("a", source.fetch)).n, 2)
      // unless the other side wants to be left alone
      yield* TestClock.setTime(21_000)
      yield* shared.get("a", Effect.fail("busy"))
      yield* Effect.yieldNow()
      yield* shared.dropWhen("a", () => true)
      assert.strictEqual(yield* Effect.flip(shared.get("a", source.fetch)), "busy, again in 60000")
    }))

  it.scoped("drops a value only if it is the stale one", () =>
    Effect.gen(function*() {
      const shared = yield* SharedFetch.make(policy)
      const source = yield* counter()
      yield* shared.get("a", source.fetch)
      yield* shared.dropWhen("a", (value) => value.n === 7)
      assert.strictEqual((yield* shared.get("a", source.fetch)).n, 1)
      yield* shared.dropWhen("a", (value) => value.n === 1)
      assert.strictEqual((yield* shared.get("a", source.fetch)).n, 2)
    }))

  it.scoped("remembers no more keys than its capacity, and forgets the least used", () =>
    Effect.gen(function*() {
      const shared = yield* SharedFetch.make(policy)
      const source = yield* counter()
      for (const key of ["a", "b", "c", "a"]) {
        yield* shared.get(key, source.fetch)
        yield* TestClock.adjust(1)
      }
      yield* shared.get("d", source.fetch)
      assert.strictEqual((yield* shared.get("a", source.fetch)).n, 1)
      assert.strictEqual((yield* shared.get("b", source.fetch)).n, 5)
    }))

  it.effect("closing the scope ends the fetch and whoever waits for it", () =>
    Effect.gen(function*() {
      const scope = yield* Scope.make()
      const shared = yield* Scope.extend(SharedFetch.make(policy), scope)
      const source = yield* counter({ takes: 1000 })
      const waiting = yield* Effect.fork(shared.get("a", source.fetch))
      yield* TestClock.adjust(1)
      yield* Scope.close(scope, Exit.void)
      assert.isTrue(Exit.isInterrupted(yield* Fiber.await(waiting)))
      assert.isTrue(Exit.isInterrupted(yield* Effect.exit(shared.get("a", source.fetch))))
    }))

  it.scoped("the first caller's context does not reach the fetch", () =>
    Effect.gen(function*() {
      const shared = yield* SharedFetch.make(policy)
      const seen = yield* Deferred.make<boolean>()
      const fetch = Effect.flatMap(Effect.serviceOption(Scope.Scope), (scope) =>
        Effect.as(Deferred.succeed(seen, scope._tag === "Some"), { n: 1, life: 1 }))
      yield* shared.get("a", fetch)
      assert.isFalse(yield* Deferred.await(seen))
    }))

  // A scheduler yield on every boundary between operations, at every phase: what two steps do where one was needed.
  for (const ops of [16, 24]) {
    it.live(
      `stress: one fetch, nobody hangs, nobody else is interrupted (a yield every ${ops} operations)`,
      () =>
        Effect.gen(function*() {
          let doubled = 0
          let hung = 0
          let disturbed = 0
          for (let phase = 0; phase < 130; phase++) {
            yield* Effect.scoped(Effect.gen(function*() {
              const shared = yield* SharedFetch.make(policy)
              let fetches = 0
              const fetch = Effect.suspend(() => {
                fetches++
                return Effect.as(Effect.yieldNow().pipe(Effect.repeatN(phase % 7)), { n: fetches, life: 60_000 })
              })
              const shift = (n: number) => Effect.void.pipe(Effect.repeatN(n))
              const caller = (i: number) => Effect.zipRight(shift((phase + i * 3) % ops), shared.get("a", fetch))
              const fibers = yield* Effect.forEach([0, 1, 2, 3, 4, 5], (i) => Effect.fork(caller(i)))
              const victim = phase % 6
              yield* shift(phase % ops)
              yield* Fiber.interruptFork(fibers[victim]!)
              const exits = yield* Effect.forEach(fibers, (fiber, i) =>
                i === victim ? Effect.succeedNone : Effect.timeoutOption(Fiber.await(fiber), 2000).pipe(
                  Effect.map((exit) => {
                    if (exit._tag === "None") {
                      hung++
                    }
                    return exit
                  })
                ))
              disturbed += exits.filter((exit) =>
                exit._tag === "Some" && Exit.isInterrupted(exit.value)
              ).length
              if (fetches > 1) doubled++
            }))
          }
          assert.deepStrictEqual({ doubled, hung, disturbed }, { doubled: 0, hung: 0, disturbed: 0 })
        }).pipe(Effect.withMaxOpsBeforeYield(ops)),
      30_000
    )

    it.live(
      `stress: get, renew, drop and interrupt together (a yield every ${ops} operations)`,
      () =>
        Effect.gen(function*() {
          for (let phase = 0; phase < 40; phase++) {
            yield* Effect.scoped(Effect.gen(function*() {
              // a life of nothing renews with each get; failures rest for nothing
              const shared = yield* SharedFetch.make<Value, string>({
                ...policy,
                keep: (value) => ({ endsAfter: value.life, renewAfter: 0 }),
                rest: () => 0
              })
              let running = 0
              let overlapping = 0
              const fetch = Effect.gen(function*() {
                running++
                overlapping = Math.max(overlapping, running)
                yield* Effect.yieldNow()
                const fails = (yield* Random.nextIntBetween(0, 4)) === 0
                running--
                return fails ? yield* Effect.fail("no") : { n: 1, life: 60_000 }
              }).pipe(Effect.onInterrupt(() => Effect.sync(() => running--)))
              const caller = (i: number) =>
                Effect.gen(function*() {
                  for (let round = 0; round < 5; round++) {
                    yield* Effect.exit(shared.get("a", fetch))
                    if ((i + round + phase) % 3 === 0) {
                      yield* shared.dropWhen("a", () => true)
                    }
                  }
                  return i
                })
              const fibers = yield* Effect.forEach(
                Array.from({ length: 10 }, (_, i) => i),
                (i) => Effect.fork(caller(i))
              )
              yield* Effect.void.pipe(Effect.repeatN(phase))
              yield* Fiber.interruptFork(fibers[phase % 10]!)
              const rest = fibers.filter((_, i) => i !== phase % 10)
              const done = yield* Effect.timeoutOption(Effect.forEach(rest, Fiber.join), 5000)
              assert.strictEqual(done._tag, "Some", `someone hangs at phase ${phase}`)
              assert.strictEqual(overlapping, 1, `two fetches at once at phase ${phase}`)
            }))
          }
        }).pipe(Effect.withMaxOpsBeforeYield(ops)),
      60_000
    )

    it.live(
      `stress: closing while others get, renew and drop ends everyone (a yield every ${ops} operations)`,
      () =>
        Effect.gen(function*() {
          for (let phase = 0; phase < 60; phase++) {
            const scope = yield* Scope.make()
            const shared = yield* Scope.extend(
              SharedFetch.make<Value, string>({ ...policy, keep: () => ({ endsAfter: 60_000, renewAfter: 0 }) }),
              scope
            )
            const fetch = Effect.as(Effect.repeatN(Effect.yieldNow(), phase % 5), { n: 1, life: 60_000 })
            const caller = (i: number) =>
              Effect.gen(function*() {
                yield* Effect.repeatN(Effect.void, (phase + i * 3) % ops)
                for (let round = 0; round < 5; round++) {
                  yield* shared.get("a", fetch)
                  yield* shared.dropWhen("a", () => (i + round) % 2 === 0)
                }
              })
            const fibers = yield* Effect.forEach([0, 1, 2, 3, 4, 5], (i) => Effect.fork(caller(i)))
            yield* Effect.repeatN(Effect.void, phase)
            yield* Effect.repeatN(Effect.yieldNow(), phase % 7)
            yield* Scope.close(scope, Exit.void)
            const ends = yield* Effect.timeoutOption(Effect.forEach(fibers, Fiber.await), 5000)
            assert.strictEqual(ends._tag, "Some", `someone hangs at phase ${phase}`)
          }
        }).pipe(Effect.withMaxOpsBeforeYield(ops)),
      60_000
    )
  }
})
