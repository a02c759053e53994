import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { fileURLToPath } from "node:url"
import { find, runSuite } from "./conformance/run.js"
import { suites } from "./conformance/suites.js"
import { describeResult } from "./vectors.js"

const directory = fileURLToPath(new URL("vectors", import.meta.url))

describe("what keystoneauth answered when it was run", () => {
  it("every suite is here, and every suite here is run", () => {
    const { known, unknown } = find(directory)
    assert.deepStrictEqual(known, Object.keys(suites).sort())
    assert.deepStrictEqual(unknown, [])
  })

  for (const suite of Object.keys(suites)) {
    it.live(suite, () =>
      Effect.map(runSuite(directory, suite), ({ failed, passed }) => {
        assert.deepStrictEqual(failed.map(describeResult), [])
        assert.isAbove(passed, 0)
      }), 30_000)
  }
})
