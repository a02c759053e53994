/** The suites about logins: the requests of a plugin, and the headers that it gives. */
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

/** A session in a mocked world. Warnings are not shown. */
export const session = (client: HttpClient.HttpClient): Layer.Layer<Session.Session | Discovery.Discovery> =>
  Layer.merge(
    Layer.provide(
      Session.layer({ catalog: { refreshInterval: "never" } }),
      Layer.succeed(HttpClient.HttpClient, client)
    ),
    Logger.minimumLogLevel(LogLevel.None)
  )

/** keystoneauth's result of reading a plugin's headers. */
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

/** keystoneauth's result of several logins in sequence. */
export const sameHeaders = (ours: ReadonlyArray<Headers.Headers>, theirs: ReadonlyArray<Json>): boolean =>
  same(ours.map((headers) => Recorded.sorted({ ...headers })), theirs.map(lowerCase))

const isSame = ({ expected, outcome, requests }: Decisions.Asked): boolean =>
  same(requests, expected.requests) && (
    Either.isRight(outcome)
      ? isRecord(expected.headers) && sameHeaders([outcome.right], [expected.headers])
      : Decisions.isKind(outcome.left, expected.kind) && names(outcome.left, expected.named)
  )

/** Whether it lists all missing options. It may list more. */
const names = (error: AuthPlugin.Error, options: ReadonlyArray<string>): boolean =>
  error._tag !== "InvalidOptions" || options.every((name) => error.option.split(", ").includes(name))

export const requestsOf = (sent: ReadonlyArray<World.Sent>): ReadonlyArray<Recorded.Request> => sent.map(Recorded.ours)

/** The expected result if ours is equal, the decision if it differs by one, or else our result. */
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

/** Reads a plugin's headers once, and compares with keystoneauth. Fails if there is no such plugin. */
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

/** The suites `auth-body` and `auth-generic`. The chosen version shows in the URL of the login. */
export const headers = (input: Case["input"], one: Case): Effect.Effect<Outcome> =>
  ask(input.plugin as Json, input.world as Json, expectedOf(one.expected as Json)).pipe(
    Effect.map((answer) => answer === "same" ? one.expected : answer),
    Effect.either
  )
