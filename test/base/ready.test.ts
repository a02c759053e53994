/** What is there is gone on from at once, and is the same as if it had been waited for. */
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Exit, Fiber } from "effect"
import { andThen, isReady } from "../../src/base/ready.js"

describe("ready", () => {
  const next = (value: number) => value > 0 ? Effect.succeed(`${value}`) : Effect.fail("not positive")

  it("an effect that has ended is no effect any more", () => {
    assert.isTrue(isReady(Effect.succeed(1)))
    assert.isTrue(isReady(Effect.fail("no")))
    assert.isFalse(isReady(Effect.sync(() => 1)))
    const gone = andThen(Effect.succeed(1), next)
    assert.isTrue(isReady(gone))
    assert.isTrue(isReady(andThen(Effect.fail("first"), next)))
  })

  it.effect("goes on as flatMap does", () =>
    Effect.gen(function*() {
      for (const first of [Effect.succeed(1), Effect.succeed(0), Effect.fail("first"), Effect.die("defect")]) {
        for (const effect of [first, Effect.suspend(() => first)]) {
          assert.deepStrictEqual(
            yield* Effect.exit(andThen(effect, next)),
            yield* Effect.exit(Effect.flatMap(effect, next))
          )
        }
      }
      const later = yield* Deferred.make<number>()
      const waiting = yield* Effect.fork(andThen(Deferred.await(later), next))
      yield* Deferred.succeed(later, 2)
      assert.strictEqual(yield* Fiber.join(waiting), "2")
      const interrupted = yield* Effect.exit(andThen(Effect.interrupt, next))
      assert.isTrue(Exit.isInterrupted(interrupted))
    }))
})
