/**
 * `npm run conformance -- DIR`: runs every suite of vectors in a directory through the public API, and exits with 1
 * if a case comes out differently that is not marked as depending on a mistake of keystoneauth.
 */
import { NodeRuntime } from "@effect/platform-node"
import { Console, Data, Effect } from "effect"
import { describeResult } from "../vectors.js"
import * as Run from "./run.js"

class ConformanceFailed extends Data.TaggedError("ConformanceFailed")<{ readonly message: string }> {}

const listed = (rules: ReadonlyMap<string, number>) =>
  Effect.forEach(rules, ([rule, count]) => Console.log(`  ${count}: ${rule}`), { discard: true })

const main = Effect.gen(function*() {
  const [directory] = process.argv.slice(2)
  if (directory === undefined) {
    return yield* new ConformanceFailed({ message: "usage: npm run conformance -- DIR" })
  }
  const { known, unknown } = Run.find(directory)
  let failed = 0
  for (const suite of known) {
    const report = yield* Run.runSuite(directory, suite)
    failed += report.failed.length
    yield* Console.log(suite)
    const { decided, marked, passed } = report
    yield* Console.log(`${passed} passed, ${Run.total(decided)} of them by decision, ${report.failed.length} failed`)
    yield* listed(decided)
    yield* Console.log(
      `marked: ${marked.same} same, ${
        Run.total(marked.decided)
      } different by decision, ${marked.different.length} different`
    )
    yield* listed(marked.decided)
    for (const [what, count] of report.missing) {
      yield* Console.log(`not run: ${count} of ${what}, which is not there yet`)
    }
    for (const result of report.failed) {
      yield* Console.log(describeResult(result))
    }
    yield* Console.log("")
  }
  for (const suite of unknown) {
    yield* Console.log(`${suite}: not run, nothing here answers it yet`)
  }
  if (failed > 0 || known.length === 0) {
    return yield* new ConformanceFailed({ message: `${failed} cases of ${known.length} suites failed` })
  }
})

NodeRuntime.runMain(main)
