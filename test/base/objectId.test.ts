import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { vi } from "vitest"

/** The module as another process has it. */
const fresh = Effect.promise(() => {
  vi.resetModules()
  return import("../../src/base/objectId.js")
})

describe("object ids", () => {
  it.effect("tell objects apart, here and in programs that share a token store", () =>
    Effect.gen(function*() {
      const here = yield* fresh
      const elsewhere = yield* fresh
      const [one, two] = [{}, () => {}]
      assert.strictEqual(here.of(one), here.of(one))
      const ids = [here.of(one), here.of(two), elsewhere.of(one), elsewhere.of(two)]
      assert.strictEqual(new Set(ids).size, 4)
    }))
})
