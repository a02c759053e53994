/** The suites about logging in: what a plugin sends, and the headers that it answers with. */
import { HttpClient } from "@effect/platform"
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

type Made = Effect.Effect<AuthPlugin.Service, Plugins.Problem, Session.Session | Discovery.Discovery>

/** What keystoneauth did in a case where a plugin was asked for its headers. */
export const expectedOf = (recorded: Json): Decisions.Asked["expected"] => {
  const error = recorded["error"] ?? recorded["use_error"]
  return {
    headers: recorded["auth_headers"] as Json | null | undefined,
    kind: isRecord(error) ? String(error["kind"]) : undefined,
    requests: ((recorded["requests"] ?? []) as ReadonlyArray<Json>).map(Recorded.theirs)
  }
}

const lowerCase = (headers: Json | null | undefined): unknown =>
  Recorded.sorted(
    Object.fromEntries(Object.entries(headers ?? {}).map(([name, value]) => [name.toLowerCase(), value]))
  )

const same = (a: unknown, b: unknown) => JSON.stringify(a) === JSON.stringify(b)

const isSame = ({ expected, outcome, requests }: Decisions.Asked): boolean =>
  same(requests, expected.requests) && (
    Either.isRight(outcome)
      ? isRecord(expected.headers) && same(Recorded.sorted({ ...outcome.right }), lowerCase(expected.headers))
      : Decisions.isKind(outcome.left, expected.kind)
  )

/** Asks a plugin for its headers, once, and holds that against what keystoneauth did. */
export const ask = (
  made: Made,
  plugin: Json,
  world: Json,
  expected: Decisions.Asked["expected"]
): Effect.Effect<Either.Either<"same" | Decided, unknown>> => {
  const { client, sent } = World.make(world)
  return Effect.gen(function*() {
    const outcome = yield* Effect.either(Effect.flatMap(made, ({ headers }) => headers))
    if (Either.isLeft(outcome) && typeof outcome.left === "string") {
      return Either.left(outcome.left)
    }
    const asked: Decisions.Asked = {
      type: Plugins.typeOf(plugin),
      options: Plugins.optionsOf(plugin),
      expected,
      outcome: outcome as Decisions.Asked["outcome"],
      requests: sent.map(Recorded.ours)
    }
    if (isSame(asked)) {
      return Either.right("same" as const)
    }
    const rule = Decisions.decided(asked)
    return rule === undefined
      ? Either.left(JSON.stringify({
        ...Either.match(asked.outcome, {
          onLeft: ({ _tag, message }) => ({ failure: _tag, message }),
          onRight: (headers) => ({ auth_headers: headers })
        }),
        requests: asked.requests
      }))
      : Either.right(new Decided(rule))
  }).pipe(Effect.provide(session(client)))
}

/** The suites `auth-body` and `auth-generic`. What was picked there is seen in the URL of the login. */
export const headers = (input: Case["input"], one: Case): Effect.Effect<Outcome> =>
  Effect.map(
    ask(
      Plugins.load(input.plugin as Json),
      input.plugin as Json,
      input.world as Json,
      expectedOf(one.expected as Json)
    ),
    Either.map((answer) => answer === "same" ? one.expected : answer)
  )
