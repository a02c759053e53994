/** Continuing from effects that have their result. */
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Exit, Fiber } from "effect"
import { andThen, isExit } from "../../src/base/continuation.js"

describe("andThen", () => {
  const next = (value: number) => value > 0 ? Effect.succeed(`${value}`) : Effect.fail("not positive")

  it("calls the function at once if the effect is an Exit", () => {
    assert.isTrue(isExit(Effect.succeed(1)))
    assert.isTrue(isExit(Effect.fail("no")))
    assert.isFalse(isExit(Effect.sync(() => 1)))
    const gone = andThen(Effect.succeed(1), next)
    assert.isTrue(isExit(gone))
    assert.isTrue(isExit(andThen(Effect.fail("first"), next)))
  })

  it.effect("has the same result as flatMap", () =>
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
