/** The suite `cache-id`: which plugins may share a saved login. */
import { HttpClient } from "@effect/platform"
import { Effect, Either, Option } from "effect"
import { type Case, Decided, isPlain, type Outcome } from "../vectors.js"
import { session } from "./authentication.js"
import type { Json } from "./catalogs.js"
import * as Plugins from "./plugins.js"
import * as Recorded from "./recorded.js"

/** An HttpClient that must not be used: an id needs no request. */
const silent = HttpClient.make(() => Effect.die("sent a request"))

const idOf = (plugin: Json) => Effect.flatMap(Plugins.load(plugin), ({ cacheId }) => cacheId)

/** Differences between plugins that do not change the id here, by decision. */
const alike: ReadonlyArray<{ readonly rule: string; readonly options: (options: Json, type: string) => Json }> = [
  {
    rule: "Q78: what is empty is not given",
    options: (options) => Object.fromEntries(Object.entries(options).filter(([, value]) => value !== ""))
  },
  {
    // so the token is the same
    rule: "Q51: no scope is sent with an application credential",
    options: (options, type) =>
      ownScope.includes(type)
        ? Object.fromEntries(Object.entries(options).filter(([name]) => !scope.test(name)))
        : options
  },
  {
    // the login has the same URL, so the token is the same
    rule: "Q20: a slash at the end of the auth URL makes no other id",
    options: (options) => ({ ...options, auth_url: String(options["auth_url"]).replace(/\/+$/, "") })
  }
]

/** Plugins that log in with an application credential. */
const ownScope: ReadonlyArray<string> = ["v3applicationcredential", "v3oauth2clientcredential"]

const scope = /^(project|domain|trust|system)_|^unscoped$/

const areAlike = (a: Json, b: Json, options: (options: Json, type: string) => Json): boolean =>
  JSON.stringify(Recorded.sorted(options(Plugins.optionsOf(a), Plugins.typeOf(a)))) ===
    JSON.stringify(Recorded.sorted(options(Plugins.optionsOf(b), Plugins.typeOf(b))))

/** The decision by which two plugins have equal ids here and different ones in keystoneauth, or the reverse. */
const decided = (a: Json, b: Json, isSame: boolean, one: Case): string | undefined =>
  isSame
    ? a["type"] === b["type"] ? alike.find(({ options }) => areAlike(a, b, options))?.rule : undefined
    : isPlain(one)
    ? undefined
    : "Q20: what gets another token has another id"

/** Ids cannot be compared with keystoneauth's, only whether they exist and are equal to each other. */
export const cacheIds = (input: Case["input"], one: Case): Effect.Effect<Outcome> =>
  Effect.gen(function*() {
    const a = yield* idOf(input.a as Json)
    const b = yield* idOf(input.b as Json)
    const expected = one.expected as Json
    const ours = {
      same: Option.isSome(a) && Option.isSome(b) && a.value === b.value,
      supported: [Option.isSome(a), Option.isSome(b)],
      ids: expected["ids"]
    }
    const rule = ours.same === expected["same"]
      ? undefined
      : decided(input.a as Json, input.b as Json, ours.same, one)
    return rule === undefined ? ours : new Decided(rule)
  }).pipe(Effect.either, Effect.map(Either.mapLeft(String)), Effect.provide(session(silent)))
