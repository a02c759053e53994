/** Runs the suites of a directory. */
import { Effect, Either } from "effect"
import { readdirSync } from "node:fs"
import { basename, join } from "node:path"
import * as Vectors from "../vectors.js"
import * as Plugins from "./plugins.js"
import { suites } from "./suites.js"

export interface Report {
  readonly suite: string
  readonly passed: number
  /** How many of those that passed are different by a decision, by its rule. */
  readonly decided: ReadonlyMap<string, number>
  readonly failed: ReadonlyArray<Vectors.Result>
  /** Cases of a plugin or function that this library does not have yet, by its name. */
  readonly missing: ReadonlyMap<string, number>
  /** Cases that depend on a mistake, by whether we do the same, or else by the rule that says what we do. */
  readonly marked: {
    readonly same: number
    readonly decided: ReadonlyMap<string, number>
    readonly different: ReadonlyArray<Vectors.Result>
  }
}

/** The suites in a directory: those that are run, and those that nobody answers. */
export const find = (
  directory: string
): { readonly known: ReadonlyArray<string>; readonly unknown: ReadonlyArray<string> } => {
  const names = readdirSync(directory).filter((name) => name.endsWith(".json")).map((name) => basename(name, ".json"))
    .sort()
  return { known: names.filter((name) => name in suites), unknown: names.filter((name) => !(name in suites)) }
}

/** What is not there yet, if that is why a case has no answer: `plugin v3kerberos`. */
const whatIsMissing = ({ outcome }: Vectors.Result): string | undefined =>
  Either.isLeft(outcome) && typeof outcome.left === "string" &&
    [Plugins.unknownPlugin, Plugins.unknownFunction].some((start) => String(outcome.left).startsWith(start))
    ? outcome.left.replace(/^no /, "")
    : undefined

const count = (names: ReadonlyArray<string | undefined>): ReadonlyMap<string, number> => {
  const counts = new Map<string, number>()
  for (const name of names) {
    if (name !== undefined) {
      counts.set(name, (counts.get(name) ?? 0) + 1)
    }
  }
  return counts
}

/** How many there are of all names together. */
export const total = (counts: ReadonlyMap<string, number>): number =>
  Array.from(counts.values()).reduce((sum, n) => sum + n, 0)

export const runSuite = (directory: string, suite: string): Effect.Effect<Report> =>
  Effect.gen(function*() {
    const results = yield* Effect.forEach(
      Vectors.loadFile(join(directory, `${suite}.json`)),
      (one) =>
        suites[suite]!(one.input, one).pipe(
          Effect.provide(Plugins.types),
          // to die is an answer too, and a wrong one
          Effect.catchAllDefect((defect) => Effect.succeed(Either.left(`died: ${String(defect)}`))),
          Effect.map((outcome) => Vectors.judge(one, outcome))
        )
    )
    const answered = results.filter((result) => whatIsMissing(result) === undefined)
    const plain = answered.filter((result) => Vectors.isPlain(result.case))
    const marked = answered.filter((result) => !Vectors.isPlain(result.case))
    return {
      suite,
      passed: plain.filter(Vectors.passed).length,
      decided: count(plain.map(({ rule }) => rule)),
      failed: plain.filter((result) => !Vectors.passed(result)),
      missing: count(results.map(whatIsMissing)),
      marked: {
        same: marked.filter((result) => result.same).length,
        decided: count(marked.map(({ rule }) => rule)),
        different: marked.filter((result) => !Vectors.passed(result))
      }
    }
  })
