/**
 * The suite `loading`: the plugins that can be chosen by name, their options, and what they send when they are
 * loaded.
 */
import { HttpClient } from "@effect/platform"
import { Effect, Either, Option } from "effect"
import { type AuthType, AuthTypes } from "effect-keystoneauth"
import { isRecord } from "effect/Predicate"
import { type Case, Decided, type Outcome } from "../vectors.js"
import { ask, expectedOf, session } from "./authentication.js"
import type { Json } from "./catalogs.js"
import * as Configuration from "./configuration.js"
import * as Plugins from "./plugins.js"

type Input = Case["input"]

const names = (one: Case): Effect.Effect<Outcome> =>
  Effect.map(AuthTypes.AuthTypes, (types) => {
    const ours = types.map(({ name }) => name).sort()
    const theirs = one.expected as ReadonlyArray<string>
    const missing = theirs.filter((name) => !ours.includes(name))
    return missing.length > 0 && ours.every((name) => theirs.includes(name))
      ? Either.left(`${Plugins.unknownPlugin} ${missing.join(", ")}`)
      : Either.right(ours)
  })

// -----------------------------------------------------------------------------
// options
// -----------------------------------------------------------------------------

const dashed = (name: unknown) => String(name).replaceAll("_", "-")

/** What only the constructors take there. */
const constructorFlags = ["include-catalog", "reauthenticate", "unscoped"]

/**
 * An option of ours beside keystoneauth's. What its names are on a command line and in the environment follows from
 * its name, and its help is written anew.
 */
const compared = (ours: AuthType.Option<unknown>, theirs: Json): ReadonlyArray<string> | "different" => {
  const rules = [
    // Q23: what the login cannot do without, and what keystoneauth fails without later
    ...(ours.required && theirs["required"] === false ? ["Q23: what a login needs is required"] : []),
    // Q56
    ...(ours.kind === "secret" && theirs["secret"] === false ? ["Q56: secrets are secret"] : [])
  ]
  const isSame = (ours.required || theirs["required"] === false) &&
    (ours.kind === "secret" || theirs["secret"] === false) &&
    (ours.prompt ?? null) === theirs["prompt"] &&
    theirs["default"] === null &&
    ours.deprecated.map(dashed).join() === (theirs["deprecated"] as ReadonlyArray<string>).map(dashed).join()
  return isSame ? rules : "different"
}

const shown = ({ deprecated, kind, name, prompt, required }: AuthType.Option<unknown>) => ({
  name,
  kind,
  required,
  prompt,
  deprecated
})

const options = (type: AuthType.AuthType, one: Case): Outcome => {
  const theirs = one.expected as ReadonlyArray<Json>
  const left = type.options.filter(({ name }) => !theirs.some((option) => dashed(option["name"]) === dashed(name)))
  const pairs = theirs.map((option) => {
    const own = type.options.find(({ name }) => dashed(name) === dashed(option["name"]))
    return own === undefined ? "different" : compared(own, option)
  })
  const rules = new Set(pairs.flat())
  if (rules.has("different") || !left.every(({ kind, name }) => kind === "flag" && constructorFlags.includes(name))) {
    return Either.right(type.options.map(shown))
  }
  // R12: whoever configures a plugin can say what whoever constructs it can
  const all = [...(left.length > 0 ? ["flags of the constructor are options, too"] : []), ...rules]
  return Either.right(all.length === 0 ? one.expected : new Decided(all.join("; ")))
}

// -----------------------------------------------------------------------------
// loading
// -----------------------------------------------------------------------------

/** Nothing is sent for an endpoint. */
const silent = HttpClient.make(() => Effect.die("sent a request"))

/** Has a plugin of one endpoint the same? An empty one is none (Q78). */
const hasEndpoint = (plugin: Json, expected: Json): Effect.Effect<boolean> =>
  expected["endpoint"] === undefined ? Effect.succeed(true) : Plugins.load(plugin).pipe(
    Effect.map(({ endpoint }) => Option.getOrNull(endpoint({})) === (expected["endpoint"] || null)),
    Effect.orElseSucceed(() => true),
    Effect.provide(session(silent))
  )

const load = (input: Input, one: Case): Effect.Effect<Outcome> => {
  const plugin = { type: input.plugin, options: input.options }
  const expected = isRecord(one.expected) ? one.expected : {}
  const answer = ask(
    plugin,
    (input.world ?? {}) as Json,
    expectedOf({ ...expected, ...(one.error === undefined ? {} : { error: one.error }) })
  )
  return Effect.zipWith(answer, hasEndpoint(plugin, expected), (answer, sameEndpoint): Outcome =>
    !sameEndpoint
      ? Either.left("another endpoint")
      : answer !== "same"
      ? Either.right(answer)
      : one.error === undefined
      ? Either.right(expected)
      : Either.left("refused as well")).pipe(Effect.catchAll((problem) => Effect.succeed(Either.left(problem))))
}

/** What is asked for by name: it may be a plugin that is not there yet, or one that there never was. */
const named = (
  input: Input,
  one: Case,
  then: (type: AuthType.AuthType) => Effect.Effect<Outcome>
): Effect.Effect<Outcome> =>
  Effect.catchAll(
    Effect.flatMap(Plugins.find(String(input.plugin)), then),
    (problem) => Effect.succeed(Either.left(one.error?.kind === "NoMatchingPlugin" ? "no such plugin" : problem))
  )

export const loading = (input: Input, one: Case): Effect.Effect<Outcome> => {
  switch (input.fn) {
    case "names":
      return names(one)
    case "options":
      return named(input, one, (type) => Effect.succeed(options(type, one)))
    case "load":
      return named(input, one, () => load(input, one))
    case "env":
      return Configuration.env(input, one)
    case "session":
      return Configuration.session(input, one)
    case "session_env":
      return Configuration.sessionEnv(input, one)
    case "adapter_env":
      return Configuration.adapterEnv(input, one)
    case "adapter_conf":
      return Configuration.adapterConf(input, one)
    default:
      return Effect.succeed(Either.left(`${Plugins.unknownFunction} ${input.fn}`))
  }
}
