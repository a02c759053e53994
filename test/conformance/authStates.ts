/** The suite `auth-state`: logins that are saved, restored and dropped. */
import { Effect, Either, Option, Redacted, Schema } from "effect"
import type { AuthPlugin } from "effect-keystoneauth"
import { AuthPlugin as Plugin } from "effect-keystoneauth"
import { isRecord } from "effect/Predicate"
import type { Case, Outcome } from "../vectors.js"
import { session } from "./authentication.js"
import type { Json } from "./catalogs.js"
import * as Decisions from "./decisions.js"
import * as Plugins from "./plugins.js"
import * as World from "./world.js"

const Kept = Schema.parseJson(Schema.Struct({ auth_token: Schema.String, body: Schema.Unknown }))

/** The saved state, decoded. `null` without a login. */
const kept = ({ authState }: AuthPlugin.Service) =>
  Effect.flatMap(
    authState,
    Option.match({
      onNone: () => Effect.succeed(null),
      onSome: (state) => Schema.decode(Kept)(Redacted.value(state))
    })
  )

/** keystoneauth returns whether it dropped something; we return whether a retry makes sense (R4). */
const notComparable = { $notComparable: true }

const take = (plugin: AuthPlugin.Service, state: unknown) =>
  plugin.setAuthState(
    Redacted.make(state === null ? "" : typeof state === "string" ? state : JSON.stringify(state))
  )

const step = (plugin: AuthPlugin.Service, what: unknown) =>
  Effect.gen(function*() {
    switch (what) {
      case "get_token":
        return (yield* plugin.headers)["x-auth-token"]
      case "get_project_id":
        return Option.getOrNull(yield* plugin.projectId)
      case "get_auth_state":
        return yield* kept(plugin)
      case "invalidate": {
        const login = yield* kept(plugin)
        if (login !== null) {
          yield* plugin.invalidate(Plugin.tokenHeaders(Redacted.make(login.auth_token)))
        }
        return notComparable
      }
      default:
        yield* take(plugin, isRecord(what) ? what["set_auth_state"] : what)
        return null
    }
  })

/** The results with the number of logins of each step. */
export const authStates = (input: Case["input"], one: Case): Effect.Effect<Outcome> => {
  const { client, sent } = World.make(input.world as Json)
  const logins = () => sent.filter(({ method, url }) => method === "POST" && url.endsWith("/tokens")).length
  const theirs = isRecord(one.expected) ? one.expected["steps"] as ReadonlyArray<Json> : []
  return Effect.gen(function*() {
    const plugin = yield* Plugins.load(input.plugin as Json)
    const steps = yield* Effect.forEach(input.steps as ReadonlyArray<unknown>, (what, i) =>
      Effect.gen(function*() {
        const before = logins()
        const result = yield* step(plugin, what)
        return { result: result === notComparable ? theirs[i]?.["result"] : result, logins: logins() - before }
      }))
    return { steps }
  }).pipe(
    Effect.either,
    Effect.map(Either.match({
      onLeft: (problem): Outcome =>
        typeof problem === "string" || Decisions.isRefusal(problem, one.error?.kind)
          ? Either.left(problem)
          : Either.right({ failure: problem._tag }),
      onRight: (steps): Outcome => Either.right(steps)
    })),
    Effect.provide(session(client))
  )
}
