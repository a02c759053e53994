/** Runs the suites of a directory. */
import { Effect, Either } from "effect"
import { readdirSync } from "node:fs"
import { basename, join } from "node:path"
import * as Vectors from "../vectors.js"
import { unknownPlugin } from "./endpoints.js"
import { suites } from "./suites.js"

export interface Report {
  readonly suite: string
  readonly passed: number
  readonly failed: ReadonlyArray<Vectors.Result>
  /** Cases of a plugin that this library does not have yet, by its name. */
  readonly missing: ReadonlyMap<string, number>
  /** Cases that depend on a mistake, by whether we do the same. */
  readonly marked: { readonly same: number; readonly different: number }
}

/** The suites in a directory: those that are run, and those that nobody answers. */
export const find = (
  directory: string
): { readonly known: ReadonlyArray<string>; readonly unknown: ReadonlyArray<string> } => {
  const names = readdirSync(directory).filter((name) => name.endsWith(".json")).map((name) => basename(name, ".json"))
    .sort()
  return { known: names.filter((name) => name in suites), unknown: names.filter((name) => !(name in suites)) }
}

const missingPlugin = ({ outcome }: Vectors.Result): string | undefined =>
  Either.isLeft(outcome) && typeof outcome.left === "string" && outcome.left.startsWith(unknownPlugin)
    ? outcome.left.slice(unknownPlugin.length + 1)
    : undefined

export const runSuite = (directory: string, suite: string): Effect.Effect<Report> =>
  Effect.gen(function*() {
    const results = yield* Effect.forEach(
      Vectors.loadFile(join(directory, `${suite}.json`)),
      (one) =>
        suites[suite]!(one.input, one).pipe(
          // to die is an answer too, and a wrong one
          Effect.catchAllDefect((defect) => Effect.succeed(Either.left(`died: ${String(defect)}`))),
          Effect.map((outcome) => Vectors.judge(one, outcome))
        )
    )
    const missing = new Map<string, number>()
    for (const plugin of results.map(missingPlugin)) {
      if (plugin !== undefined) {
        missing.set(plugin, (missing.get(plugin) ?? 0) + 1)
      }
    }
    const answered = results.filter((result) => missingPlugin(result) === undefined)
    const plain = answered.filter((result) => Vectors.isPlain(result.case))
    const marked = answered.filter((result) => !Vectors.isPlain(result.case))
    const same = marked.filter((result) => result.same).length
    return {
      suite,
      passed: plain.filter((result) => result.same).length,
      failed: plain.filter((result) => !result.same),
      missing,
      marked: { same, different: marked.length - same }
    }
  })
