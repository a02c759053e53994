/** The suites about logging in: what a plugin sends, and the headers that it answers with. */
import { type Headers, HttpClient } from "@effect/platform"
import { Effect, Either, Layer, Logger, LogLevel } from "effect"
import { type AuthPlugin, type Discovery, Session } from "effect-keystoneauth"
import { isRecord } from "effect/Predicate"
import { type Case, Decided, type Outcome } from "../vectors.js"
import type { Json } from "./catalogs.js"
import * as Decisions from "./decisions.js"
import * as Plugins from "./plugins.js"
import * as Recorded from "./recorded.js"
import * as World from "./world.js"

/** One session over a mocked world. What is warned of is not shown. */
export const session = (client: HttpClient.HttpClient): Layer.Layer<Session.Session | Discovery.Discovery> =>
  Layer.merge(
    Layer.provide(
      Session.layer({ catalog: { refreshInterval: "never" } }),
      Layer.succeed(HttpClient.HttpClient, client)
    ),
    Logger.minimumLogLevel(LogLevel.None)
  )

/** What keystoneauth did in a case where a plugin was asked for its headers. */
export const expectedOf = (recorded: Json): Decisions.Asked["expected"] => {
  const error = recorded["error"] ?? recorded["use_error"]
  const message = isRecord(error) ? String(error["message"]) : ""
  return {
    headers: recorded["auth_headers"] as Json | null | undefined,
    kind: isRecord(error) ? String(error["kind"]) : undefined,
    named: /not given: (.*)$/.exec(message)?.[1]?.split(", ") ?? [],
    requests: ((recorded["requests"] ?? []) as ReadonlyArray<Json>).map(Recorded.theirs)
  }
}

const lowerCase = (headers: Json): unknown =>
  Recorded.sorted(Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value])))

const same = (a: unknown, b: unknown) => JSON.stringify(a) === JSON.stringify(b)

/** Of logins that were made one after the other. */
export const sameHeaders = (ours: ReadonlyArray<Headers.Headers>, theirs: ReadonlyArray<Json>): boolean =>
  same(ours.map((headers) => Recorded.sorted({ ...headers })), theirs.map(lowerCase))

const isSame = ({ expected, outcome, requests }: Decisions.Asked): boolean =>
  same(requests, expected.requests) && (
    Either.isRight(outcome)
      ? isRecord(expected.headers) && sameHeaders([outcome.right], [expected.headers])
      : Decisions.isKind(outcome.left, expected.kind) && names(outcome.left, expected.named)
  )

/** Does it tell all that is missing? It may find more. */
const names = (error: AuthPlugin.Error, options: ReadonlyArray<string>): boolean =>
  error._tag !== "InvalidOptions" || options.every((name) => error.option.split(", ").includes(name))

export const requestsOf = (sent: ReadonlyArray<World.Sent>): ReadonlyArray<Recorded.Request> => sent.map(Recorded.ours)

/** The same, or different by a decision, or else what we did. */
export const judge = (
  plugin: Json,
  happened: Pick<Decisions.Asked, "expected" | "outcome" | "requests">
): "same" | Decided | Json => {
  const asked = { ...happened, type: Plugins.typeOf(plugin), options: Plugins.optionsOf(plugin) }
  if (isSame(asked)) {
    return "same"
  }
  const rule = Decisions.decided(asked)
  return rule !== undefined ? new Decided(rule) : {
    ...Either.match(asked.outcome, {
      onLeft: ({ _tag, message }) => ({ failure: _tag, message }),
      onRight: (headers) => ({ auth_headers: headers })
    }),
    requests: asked.requests
  }
}

/** Asks a plugin for its headers, once, and holds that against what keystoneauth did. Fails if there is no such plugin. */
export const ask = (
  plugin: Json,
  world: Json,
  expected: Decisions.Asked["expected"]
): Effect.Effect<"same" | Decided | Json, string> => {
  const { client, sent } = World.make(world)
  return Effect.gen(function*() {
    const { headers } = yield* Plugins.make(plugin)
    const outcome = yield* Effect.either(headers)
    return judge(plugin, { expected, outcome, requests: requestsOf(sent) })
  }).pipe(Effect.provide(session(client)))
}

/** The suites `auth-body` and `auth-generic`. What was picked there is seen in the URL of the login. */
export const headers = (input: Case["input"], one: Case): Effect.Effect<Outcome> =>
  ask(input.plugin as Json, input.world as Json, expectedOf(one.expected as Json)).pipe(
    Effect.map((answer) => answer === "same" ? one.expected : answer),
    Effect.either
  )
