import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { fileURLToPath } from "node:url"
import { find, runSuite, total } from "./conformance/run.js"
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
      Effect.map(runSuite(directory, suite), ({ failed, marked, missing, passed }) => {
        assert.deepStrictEqual(failed.map(describeResult), [])
        assert.isAbove(passed + total(missing), 0)
        // what we do instead of keystoneauth's mistakes is known here, by a rule for each
        if (/^(auth-|cache-id|loading)/.test(suite)) {
          assert.deepStrictEqual(marked.different.map(describeResult), [])
        }
      }), 30_000)
  }
})
