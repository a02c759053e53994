import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Fiber, Inspectable, Redacted, TestClock } from "effect"
import type { InvalidOptions } from "effect-keystoneauth/Errors"
import * as TotpSeed from "effect-keystoneauth/TotpSeed"

/** "12345678901234567890", the seed of the examples in the RFC. */
const seed = Redacted.make("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ")

const text = (passcode: Effect.Effect<Redacted.Redacted, InvalidOptions>) => Effect.map(passcode, Redacted.value)

describe("TotpSeed", () => {
  it.effect("gives the passcodes of RFC 6238 for its times", () =>
    Effect.gen(function*() {
      const passcode = TotpSeed.passcode(seed, { digits: 8 })
      const expected: ReadonlyArray<readonly [number, string]> = [
        [59, "94287082"],
        [1111111109, "07081804"],
        [1111111111, "14050471"],
        [1234567890, "89005924"],
        [2000000000, "69279037"],
        [20000000000, "65353130"]
      ]
      for (const [seconds, code] of expected) {
        yield* TestClock.setTime(seconds * 1000)
        assert.strictEqual(yield* text(passcode), code)
      }
      // its seed for SHA-256 has 32 bytes of the same digits
      const longer = Redacted.make("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGEZA====")
      yield* TestClock.setTime(59_000)
      assert.strictEqual(yield* text(TotpSeed.passcode(longer, { digits: 8, algorithm: "SHA256" })), "46119246")
    }))

  it.effect("defaults to six digits and thirty seconds, as Keystone does", () =>
    Effect.gen(function*() {
      yield* TestClock.setTime(59_000)
      assert.strictEqual(yield* text(TotpSeed.passcode(seed)), "287082")
      yield* TestClock.setTime(59_000)
      const other = TotpSeed.passcode(Redacted.make("gezd gnbv gy3t qojq gezd gnbv gy3t qojq"), { period: "1 minute" })
      assert.strictEqual(yield* text(other), "755224")
    }))

  it.effect("gives each passcode once: the next caller waits for the next passcode", () =>
    Effect.gen(function*() {
      const passcode = TotpSeed.passcode(seed)
      yield* TestClock.setTime(31_000)
      const first = yield* text(passcode)
      const waiting = yield* Effect.fork(Effect.all([text(passcode), text(passcode)], { concurrency: 2 }))
      yield* TestClock.adjust("28 seconds")
      assert.isTrue((yield* Fiber.poll(waiting))._tag === "None")
      yield* TestClock.adjust("1 second")
      assert.isTrue((yield* Fiber.poll(waiting))._tag === "None", "of two that wait, one waits longer")
      yield* TestClock.adjust("30 seconds")
      const others = yield* Fiber.join(waiting)
      assert.strictEqual(new Set([first, ...others]).size, 3)
      // the passcode of the next period is still unused
      yield* TestClock.adjust("30 seconds")
      assert.notInclude([first, ...others], yield* text(passcode))
    }))

  it.effect("an interrupted wait uses up no passcode", () =>
    Effect.gen(function*() {
      const passcode = TotpSeed.passcode(seed)
      yield* text(passcode)
      const impatient = yield* Effect.forkAll(
        Array.from({ length: 10 }, () => Effect.timeout(passcode, "5 seconds")).map(Effect.option)
      )
      yield* TestClock.adjust("5 seconds")
      yield* Fiber.join(impatient)
      const patient = yield* Effect.fork(Effect.timed(passcode))
      yield* TestClock.adjust("25 seconds")
      const [waited] = yield* Fiber.join(patient)
      assert.strictEqual(Duration.toSeconds(waited), 25)
    }))

  it.effect("fails with what is wrong, and does not show the seed", () =>
    Effect.gen(function*() {
      const wrong: ReadonlyArray<readonly [Effect.Effect<Redacted.Redacted, InvalidOptions>, string]> = [
        [TotpSeed.passcode(Redacted.make("SECRET!SEED1")), "seed"],
        [TotpSeed.passcode(Redacted.make("")), "seed"],
        [TotpSeed.passcode(seed, { digits: 5 }), "digits"],
        [TotpSeed.passcode(seed, { period: "500 millis" }), "period"],
        [TotpSeed.passcode(seed, { period: Duration.infinity }), "period"]
      ]
      for (const [passcode, option] of wrong) {
        const error = yield* Effect.flip(passcode)
        assert.strictEqual(error._tag, "InvalidOptions")
        assert.strictEqual(error.option, option)
        assert.notMatch(Inspectable.toStringUnknown(error) + error.message + String(error.stack), /SECRET|!|GEZD/)
      }
    }))
})
