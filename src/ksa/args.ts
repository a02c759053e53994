/** Sorts the options of a command line, so that those of all commands may stand anywhere. */
import * as CliOptions from "@effect/cli/Options"
import type * as Usage from "@effect/cli/Usage"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Suggestion from "../cloud/suggestion.js"
import * as Errors from "../Errors.js"

/** The options of a usage, and whether a value follows them. */
const named = (usage: Usage.Usage): ReadonlyArray<readonly [name: string, hasValue: boolean]> => {
  switch (usage._tag) {
    case "Named":
      return usage.names.map((name) => [name, Option.isSome(usage.acceptedValues)])
    case "Optional":
    case "Repeated":
      return named(usage.usage)
    case "Alternation":
    case "Concat":
      return [...named(usage.left), ...named(usage.right)]
    default:
      return []
  }
}

/**
 * Moves the options of all commands to the front, where `@effect/cli` expects them. Fails for an unknown `--os-`
 * option.
 */
export const inOrder = <A>(options: CliOptions.Options<A>) => {
  const known = new Map(named(CliOptions.getUsage(options)))
  return (args: ReadonlyArray<string>): Effect.Effect<ReadonlyArray<string>, Errors.InvalidOptions> =>
    Effect.suspend(() => {
      const [ofAll, others]: [Array<string>, Array<string>] = [[], []]
      const end = args.includes("--") ? args.indexOf("--") : args.length
      for (let i = 0; i < end; i++) {
        const arg = args[i] ?? ""
        const [name = ""] = arg.split("=")
        const hasValue = known.get(name)
        if (hasValue === undefined && name.startsWith("--os-")) {
          return Effect.fail(unknown(name, [...known.keys()]))
        }
        if (hasValue === undefined) {
          others.push(arg)
        } else {
          ofAll.push(...args.slice(i, hasValue && name === arg ? ++i + 1 : i + 1))
        }
      }
      return Effect.succeed([...ofAll, ...others, ...args.slice(end)])
    })
}

const unknown = (name: string, known: ReadonlyArray<string>): Errors.InvalidOptions =>
  new Errors.InvalidOptions({
    module: "ksa",
    option: name,
    reason: `unknown option${Suggestion.didYouMean(name, known)}`
  })
