import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { vi } from "vitest"

/** A new instance of the module, as another process would have. */
const fresh = Effect.promise(() => {
  vi.resetModules()
  return import("../../src/base/memo.js")
})

describe("object ids", () => {
  it.effect("differ between objects and between processes", () =>
    Effect.gen(function*() {
      const here = yield* fresh
      const elsewhere = yield* fresh
      const [one, two] = [{}, () => {}]
      assert.strictEqual(here.objectId(one), here.objectId(one))
      const ids = [here.objectId(one), here.objectId(two), elsewhere.objectId(one), elsewhere.objectId(two)]
      assert.strictEqual(new Set(ids).size, 4)
    }))
})
