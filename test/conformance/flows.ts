/** The suite `auth-flow`: logins that are signed, take several steps, or are made several times. */
import type { Headers } from "@effect/platform"
import { Effect, Either, TestClock, TestContext } from "effect"
import type { AuthPlugin } from "effect-keystoneauth"
import { isRecord } from "effect/Predicate"
import type { Case, Outcome } from "../vectors.js"
import * as Authentication from "./authentication.js"
import type { Json } from "./catalogs.js"
import * as Plugins from "./plugins.js"
import * as Signatures from "./signatures.js"
import * as World from "./world.js"

/** Logs in this many times, and drops the login in between. */
const logIn = (plugin: AuthPlugin.Service, times: number): Effect.Effect<Logins> =>
  Effect.gen(function*() {
    const done: Array<Headers.Headers> = []
    for (let i = 0; i < times; i++) {
      const headers = yield* Effect.either(plugin.headers)
      if (Either.isLeft(headers)) {
        return { done, error: headers.left }
      }
      done.push(headers.right)
      yield* i < times - 1 ? plugin.invalidate(headers.right) : Effect.void
    }
    return { done, error: undefined }
  })

interface Logins {
  readonly done: ReadonlyArray<Headers.Headers>
  readonly error: AuthPlugin.Error | undefined
}

/** Stops the clock at the time of the case. */
const atTime = <A, E, R>(effect: Effect.Effect<A, E, R>, seconds: unknown): Effect.Effect<A, E, R> =>
  seconds === undefined
    ? effect
    : Effect.provide(
      Effect.zipRight(TestClock.setTime(Number(seconds) * 1000), effect),
      TestContext.TestContext
    )

const secretsOf = (plugin: Json): Signatures.Secrets => {
  const options = Plugins.optionsOf(plugin)
  return { consumer: String(options["consumer_secret"]), token: String(options["access_secret"]) }
}

export const flows = (input: Case["input"], one: Case): Effect.Effect<Outcome> => {
  const { client, sent } = World.make(input.world as Json)
  const plugin = input.plugin as Json
  const secrets = secretsOf(plugin)
  const recorded = one.expected as Json
  const logins = recorded["logins"] as ReadonlyArray<Json>
  const expected = Authentication.expectedOf({ ...recorded, auth_headers: logins.at(-1) })
  const moment = isRecord(input.oauth1) ? input.oauth1["timestamp"] : undefined
  return Effect.gen(function*() {
    const made = yield* Plugins.make(plugin)
    const { done, error } = yield* logIn(made, Number(input.logins ?? 1))
    const last = done.at(-1)
    const answer = Authentication.judge(plugin, {
      expected: { ...expected, requests: expected.requests.map((request) => Signatures.checked(request, secrets)) },
      outcome: error !== undefined || last === undefined ? Either.left(error!) : Either.right(last),
      requests: Authentication.requestsOf(sent).map((request) => Signatures.checked(request, secrets))
    })
    return answer === "same" && !Authentication.sameHeaders(done, logins)
      ? { logins: done }
      : answer === "same"
      ? recorded
      : answer
  }).pipe(Effect.either, Effect.provide(Authentication.session(client)), (run) => atTime(run, moment))
}
