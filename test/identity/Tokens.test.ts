import { HttpClientRequest } from "@effect/platform"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Fiber, Layer, Metric, MetricState, Option, Redacted, Scope, TestClock } from "effect"
import { AuthPlugin, Password, Session, TokenStore } from "effect-keystoneauth"
import * as TestCloud from "effect-keystoneauth/TestCloud"
import { assertTag, Compute, currentToken, demo, logins, whileTimePasses } from "../support.js"

const test = Layer.provideMerge(Compute.layer, TestCloud.layer())

const servers = Effect.flatMap(Compute, (compute) => compute.get("/servers"))

const of = (options: Partial<Password.Options>) =>
  Effect.map(TestCloud.TestCloud, ({ accounts, authUrl }) => Password.layer({ authUrl, ...accounts.demo, ...options }))

describe("a plugin that logs in once", () => {
  it.effect("does not log in again when the token is rejected", () =>
    Effect.gen(function*() {
      const cloud = yield* TestCloud.TestCloud
      const layer = yield* of({ reauthenticate: false })
      yield* Effect.provide(servers, layer)
      yield* cloud.revokeTokens()
      for (let i = 0; i < 2; i++) {
        const error = yield* Effect.flip(Effect.provide(servers, layer))
        assertTag(error, "Unauthorized")
        assert.strictEqual(error.reason, "TokenNotRenewable")
      }
      assert.strictEqual(yield* logins, 1)
    }).pipe(Effect.provide(test)))

  it.effect("does not renew the token, nor log in again when it ends", () =>
    Effect.gen(function*() {
      const layer = yield* of({ reauthenticate: false })
      yield* Effect.provide(servers, layer)
      yield* TestClock.adjust("59 minutes")
      yield* Effect.provide(servers, layer)
      yield* TestClock.adjust("1 minute")
      const error = yield* Effect.flip(Effect.provide(servers, layer))
      assertTag(error, "Unauthorized")
      assert.strictEqual(error.reason, "TokenNotRenewable")
      assert.match(error.message, /cannot be renewed \(user "demo" of domain "Default"\)/)
      assert.strictEqual(yield* logins, 1)
    }).pipe(Effect.provide(test)))
})

describe("tokenLife", () => {
  const upload = (tokenLife: string) =>
    Session.request(HttpClientRequest.get("/servers"), {
      endpointFilter: { serviceType: "compute" },
      tokenLife: tokenLife as "1 minute"
    })

  it.effect("fetches a token that lives long enough", () =>
    Effect.gen(function*() {
      yield* servers
      yield* TestClock.adjust("40 minutes")
      yield* upload("15 minutes")
      assert.strictEqual(yield* logins, 1)
      yield* upload("30 minutes")
      assert.strictEqual(yield* logins, 2)
      yield* upload("30 minutes")
      assert.strictEqual(yield* logins, 2)
    }).pipe(Effect.provide(test)))

  it.effect("does not fetch repeatedly if no token lives that long", () =>
    Effect.gen(function*() {
      const cloud = yield* TestCloud.TestCloud
      yield* cloud.setTokenLifetime("10 minutes")
      yield* Effect.repeatN(upload("1 hour"), 20)
      assert.strictEqual(yield* logins, 1)
    }).pipe(Effect.provide(test)))
})

describe("the end of a Session", () => {
  const session = (options: Session.Options) =>
    Effect.gen(function*() {
      const scope = yield* Scope.make()
      const context = yield* Layer.buildWithScope(Session.layer(options), scope)
      const token = yield* Effect.provide(Effect.provide(currentToken, yield* demo), context)
      yield* Scope.close(scope, Exit.void)
      return token
    })

  const isGood = (token: string | undefined) =>
    Effect.gen(function*() {
      const { baseUrl } = yield* TestCloud.TestCloud
      const request = HttpClientRequest.get(`${baseUrl}/compute/v2.1/servers`, {
        headers: { "x-auth-token": token ?? "" }
      })
      const response = yield* Session.request(request, { authenticated: false, raiseForStatus: false })
      return response.status === 200
    })

  it.effect("revokes its tokens with revokeOnClose", () =>
    Effect.gen(function*() {
      assert.isTrue(yield* isGood(yield* session({})))
      assert.isFalse(yield* isGood(yield* session({ tokens: { revokeOnClose: true } })))
    }).pipe(Effect.provide(test)))

  it.effect("is not delayed by a Keystone that is down", () =>
    Effect.gen(function*() {
      const cloud = yield* TestCloud.TestCloud
      yield* cloud.misbehave({ service: "identity", method: "DELETE", kind: { delay: "1 hour" } })
      const closing = yield* Effect.fork(session({ tokens: { revokeOnClose: true } }))
      assert.isTrue(Exit.isSuccess(yield* whileTimePasses(closing, "5 seconds")))
    }).pipe(Effect.provide(test)))
})

describe("authState", () => {
  it.effect("is restored in another Session, without a login", () =>
    Effect.gen(function*() {
      const plugin = yield* AuthPlugin.AuthPlugin
      assert.isTrue(Option.isNone(yield* plugin.authState))
      yield* servers
      const state = Option.getOrThrow(yield* plugin.authState)
      assert.deepStrictEqual(Object.keys(JSON.parse(Redacted.value(state))), ["auth_token", "body"])
      assert.notInclude(`${JSON.stringify(plugin)}${String(state)}`, Redacted.value(state))
      yield* Effect.gen(function*() {
        const restored = yield* AuthPlugin.AuthPlugin
        yield* restored.setAuthState(state)
        yield* servers
      }).pipe(Effect.provide(Compute.layer), Effect.provide(yield* demo), Effect.provide(Session.layer()))
      assert.strictEqual(yield* logins, 1)
      // an expired state is ignored
      yield* TestClock.adjust("2 hours")
      yield* plugin.setAuthState(state)
      yield* servers
      assert.strictEqual(yield* logins, 2)
    }).pipe(Effect.provide(test)))

  it.effect("that is invalid is refused, and not shown", () =>
    Effect.gen(function*() {
      const plugin = yield* AuthPlugin.AuthPlugin
      for (
        const text of [
          "s3cret",
          "{}",
          "{\"auth_token\":\"s3cret\",\"body\":{}}",
          "{\"auth_token\":1,\"body\":{\"token\":{}}}"
        ]
      ) {
        const error = yield* Effect.flip(plugin.setAuthState(Redacted.make(text)))
        assertTag(error, "InvalidOptions")
        assert.notInclude(error.message, "s3cret")
      }
      const other = AuthPlugin.make({ name: "other", headers: plugin.headers })
      assertTag(yield* Effect.flip(other.setAuthState(Redacted.make("{}"))), "InvalidOptions")
    }).pipe(Effect.provide(test)))
})

describe("a token store", () => {
  /** Another Session with the same store, as in another process. */
  const process = <A, E>(self: Effect.Effect<A, E, Compute | AuthPlugin.AuthPlugin | TestCloud.TestCloud>) =>
    Effect.flatMap(demo, (plugin) =>
      self.pipe(
        Effect.provide(Layer.provideMerge(Layer.merge(Compute.layer, plugin), Session.layer({})))
      ))

  const stored = Layer.provideMerge(TestCloud.layer(), TokenStore.layerMemory)

  it.effect("lets Sessions share one login", () =>
    Effect.gen(function*() {
      const cloud = yield* TestCloud.TestCloud
      yield* cloud.misbehave({ service: "identity", kind: { delay: "1 second" } })
      const all = yield* Effect.fork(
        Effect.all(Array.from({ length: 20 }, () => process(servers)), { concurrency: "unbounded" })
      )
      assert.strictEqual((yield* Effect.flatten(whileTimePasses(all, "2 seconds"))).length, 20)
      assert.strictEqual(yield* logins, 1)
    }).pipe(Effect.provide(stored)))

  it.effect("drops a rejected token for all", () =>
    Effect.gen(function*() {
      const cloud = yield* TestCloud.TestCloud
      yield* process(servers)
      yield* cloud.revokeTokens()
      yield* process(servers)
      yield* process(servers)
      assert.strictEqual(yield* logins, 2)
    }).pipe(Effect.provide(stored)))

  it.effect("that is slow to drop a rejected token does not give it back", () =>
    Effect.gen(function*() {
      const cloud = yield* TestCloud.TestCloud
      const store = yield* TokenStore.TokenStore
      const slow = Layer.succeed(TokenStore.TokenStore, {
        ...store,
        remove: (...args: Parameters<typeof store.remove>) => Effect.delay(store.remove(...args), "1 second")
      })
      const run = Effect.gen(function*() {
        yield* servers
        yield* cloud.revokeTokens()
        const all = yield* Effect.fork(
          Effect.all(Array.from({ length: 50 }, () => servers), { concurrency: "unbounded" })
        )
        yield* TestClock.adjust("5 seconds")
        return yield* Fiber.join(all)
      })
      const responses = yield* run.pipe(
        Effect.provide(
          Layer.provideMerge(Layer.merge(Compute.layer, yield* demo), Layer.provide(Session.layer(), slow))
        )
      )
      assert.isTrue(responses.every((response) => response.status === 200))
      assert.strictEqual(yield* logins, 2)
    }).pipe(Effect.provide(stored)))

  it.effect("lets one Session renew a token near its end for the others", () =>
    Effect.gen(function*() {
      const running = Effect.gen(function*() {
        yield* servers
        yield* TestClock.adjust("59 minutes")
        yield* servers
        yield* Effect.repeatN(Effect.yieldNow(), 50)
        return yield* currentToken
      })
      const first = yield* process(running)
      assert.strictEqual(yield* logins, 2)
      assert.strictEqual(yield* process(currentToken), first)
      assert.strictEqual(yield* logins, 2)
    }).pipe(Effect.provide(stored)))

  it.effect("is not blocked for long by a process that dies during its login", () =>
    Effect.gen(function*() {
      const store = yield* TokenStore.TokenStore
      const scope = yield* Scope.make()
      const { accounts, authUrl } = yield* TestCloud.TestCloud
      // the name of the login in the store
      const names: Array<string> = []
      const spy = Layer.succeed(TokenStore.TokenStore, {
        ...store,
        lease: (name: string, time: Parameters<typeof store.lease>[1]) =>
          Effect.zipRight(Effect.sync(() => names.push(name)), store.lease(name, time))
      })
      yield* Effect.provide(
        AuthPlugin.access,
        Layer.provide(Password.layer({ authUrl, ...accounts.demo }), Layer.provide(Session.layer(), spy))
      )
      yield* store.remove(
        names[0] ?? "",
        Redacted.make(Redacted.value(Option.getOrThrow(yield* store.get(names[0] ?? "")).access.token))
      )
      yield* Scope.extend(store.lease(names[0] ?? "", "40 seconds"), scope)
      const waiting = yield* Effect.fork(process(servers))
      yield* TestClock.adjust("30 seconds")
      assert.isNull(waiting.unsafePoll())
      yield* TestClock.adjust("15 seconds")
      yield* TestClock.adjust("15 seconds")
      assert.strictEqual((yield* Fiber.join(waiting)).status, 200)
      assert.strictEqual(yield* logins, 2)
    }).pipe(Effect.provide(stored)))
})

describe("metrics", () => {
  it.effect("count logins, renewals, rejections, cache hits and back-offs by plugin and cloud", () =>
    Effect.gen(function*() {
      const cloud = yield* TestCloud.TestCloud
      const value = (name: string, more: Record<string, string> = {}) =>
        Effect.map(Metric.snapshot, (pairs) => {
          const found = pairs.find(({ metricKey }) =>
            metricKey.name === `effect_keystoneauth_${name}` &&
            Object.entries({ plugin: "v3password", cloud: "metrics.test", ...more }).every(([key, text]) =>
              metricKey.tags.some((tag) => tag.key === key && tag.value === text)
            )
          )
          return found !== undefined && MetricState.isCounterState(found.metricState)
            ? Number(found.metricState.count)
            : 0
        })
      yield* Effect.repeatN(servers, 2)
      yield* cloud.revokeTokens()
      yield* servers
      yield* TestClock.adjust("59 minutes")
      yield* servers
      yield* Effect.repeatN(Effect.yieldNow(), 50)
      const wrong = yield* of({ password: Redacted.make("wrong-secret") })
      yield* Effect.repeatN(Effect.ignore(Effect.provide(servers, wrong)), 2)
      assert.strictEqual(yield* value("logins_total", { outcome: "ok" }), 3)
      assert.strictEqual(yield* value("logins_total", { outcome: "Unauthorized" }), 1)
      assert.strictEqual(yield* value("renewals_total"), 1)
      assert.strictEqual(yield* value("token_rejections_total"), 1)
      assert.strictEqual(yield* value("login_backoffs_total"), 2)
      assert.isAbove(yield* value("token_cache_hits_total"), 3)
    }).pipe(Effect.provide(Layer.provideMerge(Compute.layer, TestCloud.layer({ baseUrl: "http://metrics.test" })))))
})
