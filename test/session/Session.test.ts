import { HttpBody, HttpClientRequest } from "@effect/platform"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Fiber, Layer, Option, Redacted, Stream, TestClock } from "effect"
import { AuthPlugin, Catalog, Discovery, Errors, Password, Session, Token, Transport } from "effect-keystoneauth"
import * as TestCloud from "effect-keystoneauth/TestCloud"
import { as, assertTag, Compute, currentToken, demo, logins, projectOf, serviceRequests, tenantB } from "../support.js"

const test = Layer.provideMerge(Compute.layer, TestCloud.layer())

const servers = Effect.flatMap(Compute, (compute) => compute.get("/servers/detail"))

describe("one login", () => {
  it.effect("1,000 concurrent first requests log in once and ask for each version document once", () =>
    Effect.gen(function*() {
      const requests = yield* Effect.fork(
        Effect.all(
          Array.from(
            { length: 1000 },
            () => Effect.zipRight(Session.endpointData({ serviceType: "compute", version: 2 }), servers)
          ),
          { concurrency: "unbounded" }
        )
      )
      yield* TestClock.adjust("1 second")
      assert.strictEqual((yield* Fiber.join(requests)).length, 1000)
      assert.strictEqual(yield* logins, 1)
      const journal = yield* (yield* TestCloud.TestCloud).journal
      const documents = journal.filter((entry) => entry.token === undefined && entry.method === "GET")
      assert.deepStrictEqual(documents.map((entry) => entry.path), [...new Set(documents.map((entry) => entry.path))])
      assert.isAbove(documents.length, 0)
    }).pipe(Effect.provide(test)))

  it.effect("interrupting some of them does not affect the others", () =>
    Effect.gen(function*() {
      const cloud = yield* TestCloud.TestCloud
      yield* cloud.misbehave({ service: "identity", kind: { delay: "1 second" } })
      const fibers = yield* Effect.forEach(Array.from({ length: 1000 }), () => Effect.fork(servers))
      yield* TestClock.adjust("500 millis")
      // the fiber that started the login, and every third one
      const victims = fibers.filter((_, i) => i % 3 === 0)
      yield* Fiber.interruptAll(victims)
      yield* TestClock.adjust("5 seconds")
      const exits = yield* Effect.forEach(fibers.filter((_, i) => i % 3 !== 0), Fiber.await)
      assert.isTrue(exits.every(Exit.isSuccess))
      assert.strictEqual(yield* logins, 1)
    }).pipe(Effect.provide(test)))

  it.effect("providing a layer around each request logs in once", () =>
    Effect.gen(function*() {
      const layer = yield* demo
      const cloud = yield* TestCloud.TestCloud
      for (let i = 0; i < 50; i++) {
        yield* Effect.provide(servers, layer)
        // another layer value with the same options is the same identity
        yield* Effect.provide(servers, Password.layer({ authUrl: `${cloud.authUrl}/`, ...cloud.accounts.demo }))
      }
      assert.strictEqual(yield* logins, 1)
    }).pipe(Effect.provide(test)))

  it.effect("each option that affects the token makes another identity", () =>
    Effect.gen(function*() {
      const { accounts: { demo }, authUrl } = yield* TestCloud.TestCloud
      const { tokens } = yield* Session.Session
      const variants: ReadonlyArray<Password.Options> = [
        { authUrl, ...demo },
        { authUrl: `${authUrl}/other/v3`, ...demo },
        { authUrl, ...demo, userId: "another" },
        { authUrl, ...demo, password: Redacted.make("another") },
        { authUrl, ...demo, projectId: undefined },
        { authUrl, ...demo, projectId: "another" },
        { authUrl, ...demo, projectId: undefined, projectName: undefined },
        { authUrl, ...demo, projectId: undefined, projectName: undefined, unscoped: true },
        { authUrl, ...demo, projectId: undefined, projectName: undefined, systemScope: "all" },
        { authUrl, ...demo, projectId: undefined, projectName: undefined, domainId: "default" },
        { authUrl, ...demo, projectId: undefined, projectName: undefined, trustId: "default" },
        { authUrl, ...demo, includeCatalog: false }
      ]
      const keys: Array<string> = []
      const recording = Layer.succeed(Session.Session, {
        ...(yield* Session.Session),
        tokens: {
          ...tokens,
          get: (identity) => Effect.sync(() => keys.push(identity.key)).pipe(Effect.zipRight(Effect.never))
        }
      })
      for (const options of variants) {
        const plugin = yield* Effect.provide(Password.make(options), recording)
        yield* Effect.fork(plugin.headers)
        yield* Effect.yieldNow()
      }
      assert.strictEqual(keys.length, variants.length)
      assert.strictEqual(new Set(keys).size, variants.length)
      assert.isTrue(keys.every((key) => /^[0-9a-f]{64}$/.test(key)))
      // parts with the same concatenation are different identities
      assert.notStrictEqual(yield* tokens.key({ a: "x", b: "y" }), yield* tokens.key({ a: "xb", y: "" }))
      assert.notStrictEqual(yield* tokens.key({ a: "1:b" }), yield* tokens.key({ "a1": ":b" }))
    }).pipe(Effect.provide(test)))
})

describe("two tenants", () => {
  const interleaved = (concurrency: number) =>
    Effect.gen(function*() {
      const cloud = yield* TestCloud.TestCloud
      const b = yield* tenantB
      const projects = yield* Effect.forEach(
        Array.from({ length: 1000 }, (_, i) => i),
        (i) => Effect.flatMap(as(i % 2 === 0 ? undefined : b, servers), projectOf),
        { concurrency }
      )
      projects.forEach((project, i) =>
        assert.deepStrictEqual(project, [
          i % 2 === 0 ? cloud.accounts.demo.projectId : cloud.applicationCredential.projectId
        ])
      )
      assert.strictEqual(yield* logins, 2)
      const requests = yield* serviceRequests
      assert.strictEqual(requests.length, 1000)
      assert.isTrue(requests.every((entry) => entry.status === 200))
      assert.strictEqual(new Set(requests.map((entry) => entry.token)).size, 2)
    })

  it.effect("1,000 interleaved requests: never the wrong token or project, one login each", () =>
    Effect.provide(interleaved(1), test))

  it.effect("the same, 50 at a time", () => Effect.provide(interleaved(50), test))

  it.effect("with the project in the URL: never the wrong project's URL", () =>
    Effect.gen(function*() {
      const cloud = yield* TestCloud.TestCloud
      const b = yield* tenantB
      const volumes = Session.request(HttpClientRequest.get("/volumes"), {
        endpointFilter: { serviceType: "block-storage", version: 3 }
      })
      yield* Effect.forEach(Array.from({ length: 200 }, (_, i) => i), (i) =>
        i % 2 === 0 ? volumes : Effect.provide(volumes, b), {
        concurrency: 20
      })
      for (const entry of yield* serviceRequests) {
        const project = entry.project === "demo" ? cloud.accounts.demo.projectId : cloud.applicationCredential.projectId
        assert.strictEqual(entry.path, `/volume/v3/${project}/volumes`)
      }
    }).pipe(Effect.provide(TestCloud.layer({
      services: [TestCloud.service({
        serviceType: "block-storage",
        name: "cinder",
        path: "volume",
        versions: [{ id: "v3", status: "CURRENT" }],
        catalogPath: (projectId) =>
          `/v3/${projectId}`,
        respond: () =>
          Effect.succeed({ json: { volumes: [] } })
      })]
    }))))
})

describe("a rejected token", () => {
  it.effect("is dropped and replaced once for all requests with it", () =>
    Effect.gen(function*() {
      const cloud = yield* TestCloud.TestCloud
      yield* servers
      yield* cloud.revokeTokens()
      const answers = yield* Effect.all(Array.from({ length: 500 }, () => servers), { concurrency: "unbounded" })
      assert.isTrue(answers.every((response) => response.status === 200))
      assert.strictEqual(yield* logins, 2)
    }).pipe(Effect.provide(test)))

  it.effect("a late 401 does not throw away a newer token", () =>
    Effect.gen(function*() {
      const cloud = yield* TestCloud.TestCloud
      yield* servers
      // its 401 arrives long after the renewal
      yield* cloud.misbehave({ service: "compute", times: 1, kind: { delay: "10 seconds" } })
      yield* cloud.revokeTokens()
      const late = yield* Effect.fork(servers)
      yield* TestClock.adjust("1 second")
      yield* servers
      const renewed = yield* currentToken
      yield* TestClock.adjust("10 seconds")
      assert.strictEqual((yield* Fiber.join(late)).status, 200)
      assert.strictEqual(yield* currentToken, renewed)
      assert.strictEqual(yield* logins, 2)
    }).pipe(Effect.provide(test)))

  it.effect("is not sent if it is dropped while the endpoint is found", () =>
    Effect.gen(function*() {
      const cloud = yield* TestCloud.TestCloud
      yield* servers
      // the version document of another service arrives late
      yield* cloud.misbehave({ service: "image", times: 1, kind: { delay: "10 seconds" } })
      const images = yield* Effect.fork(
        Session.request(HttpClientRequest.get("/images"), { endpointFilter: { serviceType: "image", minVersion: 2 } })
      )
      yield* TestClock.adjust("1 second")
      yield* cloud.revokeTokens()
      yield* servers
      yield* cloud.clearJournal
      yield* TestClock.adjust("10 seconds")
      assert.strictEqual((yield* Fiber.join(images)).status, 200)
      const statuses = (yield* serviceRequests).map(({ status }) => status)
      assert.deepStrictEqual(statuses, [200])
      assert.strictEqual(yield* logins, 0)
    }).pipe(Effect.provide(test)))

  it.effect("a service that rejects every token: one more login and request, and a typed error", () =>
    Effect.gen(function*() {
      const cloud = yield* TestCloud.TestCloud
      yield* cloud.misbehave({ service: "compute", path: "/servers", kind: { status: 401 } })
      const error = yield* Effect.flip(servers)
      assertTag(error, "Unauthorized")
      assert.strictEqual(error.reason, "TokenRejected")
      assert.strictEqual(yield* logins, 2)
      assert.strictEqual((yield* serviceRequests).length, 2)
    }).pipe(Effect.provide(test)))

  it.effect("allowReauth: false sends no second request", () =>
    Effect.gen(function*() {
      const cloud = yield* TestCloud.TestCloud
      yield* cloud.misbehave({ service: "compute", path: "/servers", times: 1, kind: { status: 401 } })
      const error = yield* Session.request(HttpClientRequest.get("/servers"), {
        endpointFilter: { serviceType: "compute" },
        allowReauth: false
      }).pipe(Effect.flip)
      assertTag(error, "Unauthorized")
      assert.strictEqual(error.reason, "NotRetried")
      assert.strictEqual(yield* logins, 1)
    }).pipe(Effect.provide(test)))

  it.effect("a body that can be read once is not sent twice; the next request has a new token", () =>
    Effect.gen(function*() {
      const cloud = yield* TestCloud.TestCloud
      const upload = (body: HttpBody.HttpBody) =>
        Session.request(HttpClientRequest.post("/servers").pipe(HttpClientRequest.setBody(body)), {
          endpointFilter: { serviceType: "compute" }
        })
      const json = JSON.stringify({ server: { name: "one", flavorRef: "1", imageRef: "cirros" } })
      yield* servers
      yield* cloud.revokeTokens()
      const error = yield* Effect.flip(
        upload(HttpBody.stream(Stream.make(new TextEncoder().encode(json)), "application/json"))
      )
      assert.strictEqual(error._tag, "Unauthorized")
      assert.strictEqual(yield* logins, 1)
      yield* cloud.revokeTokens()
      const created = yield* upload(HttpBody.text(json, "application/json"))
      assert.strictEqual(created.status, 202)
      assert.strictEqual(yield* logins, 2)
    }).pipe(Effect.provide(test)))

  it.effect("a token that cannot be renewed fails with TokenNotRenewable", () =>
    Effect.gen(function*() {
      const cloud = yield* TestCloud.TestCloud
      const mine = yield* currentToken
      const plugin = Token.layer({
        authUrl: cloud.authUrl,
        token: Redacted.make(mine ?? ""),
        projectId: cloud.accounts.demo.projectId
      })
      assert.strictEqual((yield* Effect.provide(servers, plugin)).status, 200)
      yield* cloud.revokeTokens()
      const error = yield* Effect.flip(Effect.provide(servers, plugin))
      assertTag(error, "Unauthorized")
      assert.strictEqual(error.reason, "TokenNotRenewable")
    }).pipe(Effect.provide(test)))

  it.effect("a plugin without another token fails with TokenNotRenewable as well", () =>
    Effect.gen(function*() {
      const cloud = yield* TestCloud.TestCloud
      const fixed = AuthPlugin.make({
        name: "fixed",
        headers: Effect.succeed(AuthPlugin.tokenHeaders(Redacted.make("not-a-token"))),
        endpoint: () => Option.some(`${cloud.baseUrl}/compute/v2.1`)
      })
      const error = yield* Effect.flip(Effect.provideService(servers, AuthPlugin.AuthPlugin, fixed))
      assertTag(error, "Unauthorized")
      assert.strictEqual(error.reason, "TokenNotRenewable")
      assert.strictEqual(yield* logins, 0)
    }).pipe(Effect.provide(test)))

  it.effect("without authentication no token is sent, and a 401 says so", () =>
    Effect.gen(function*() {
      const cloud = yield* TestCloud.TestCloud
      const error = yield* Session.request(HttpClientRequest.get(`${cloud.baseUrl}/compute/v2.1/servers`), {
        authenticated: false
      }).pipe(Effect.flip)
      assertTag(error, "Unauthorized")
      assert.strictEqual(error.reason, "NoToken")
      assert.strictEqual(yield* logins, 0)
    }).pipe(Effect.provide(test)))
})

describe("renewal", () => {
  it.effect("is invisible: steady load on tokens of 20 s, at most 4 logins in 60 s, no request waits", () =>
    Effect.gen(function*() {
      const cloud = yield* TestCloud.TestCloud
      yield* cloud.setTokenLifetime("20 seconds")
      yield* servers
      yield* cloud.misbehave({ service: "identity", kind: { delay: "1 second" } })
      for (let i = 0; i < 600; i++) {
        yield* TestClock.adjust("100 millis")
        const request = yield* Effect.fork(servers)
        for (let turn = 0; request.unsafePoll() === null && turn < 200; turn++) {
          yield* Effect.yieldNow()
        }
        const done = request.unsafePoll()
        assert.isNotNull(done, `a request waits at ${i / 10} s`)
        assert.isTrue(Exit.isSuccess(done!))
      }
      assert.isAtMost(yield* logins, 4)
      assert.isTrue((yield* serviceRequests).every((entry) => entry.status === 200))
    }).pipe(Effect.provide(test)))

  it.effect("Keystone down in the last quarter of a token's life: no request fails, one login when it is back", () =>
    Effect.gen(function*() {
      const cloud = yield* TestCloud.TestCloud
      yield* cloud.setTokenLifetime("100 seconds")
      yield* servers
      yield* TestClock.adjust("75 seconds")
      yield* cloud.misbehave({ service: "identity", kind: { connection: "refused" } })
      for (let second = 76; second < 100; second++) {
        yield* TestClock.adjust("1 second")
        assert.strictEqual((yield* servers).status, 200)
      }
      const failing = yield* logins
      yield* cloud.behave
      yield* TestClock.adjust("1 second")
      yield* Effect.all(Array.from({ length: 20 }, () => servers), { concurrency: "unbounded" })
      assert.strictEqual((yield* logins) - failing, 1)
    }).pipe(Effect.provide(test)))

  it.effect("a clock that is an hour ahead does not matter", () =>
    Effect.gen(function*() {
      const cloud = yield* TestCloud.TestCloud
      yield* cloud.setTokenLifetime("10 minutes")
      // the cloud's clock does not move; only the difference of its own times counts
      yield* servers
      yield* TestClock.adjust("7 minutes")
      yield* servers
      assert.strictEqual(yield* logins, 1)
      yield* cloud.setTokenLifetime("forever")
      yield* TestClock.adjust("3 minutes")
      yield* servers
      yield* TestClock.adjust("1000 days")
      yield* servers
      assert.strictEqual(yield* logins, 2)
    }).pipe(Effect.provide(test)))

  it.effect("ends with the Session", () =>
    Effect.gen(function*() {
      const cloud = yield* TestCloud.TestCloud
      yield* cloud.misbehave({ service: "identity", kind: { delay: "1 minute" } })
      const waiting = yield* Effect.fork(
        Effect.scoped(Effect.gen(function*() {
          const context = yield* Layer.build(Session.layer())
          const login = yield* Effect.fork(Effect.provide(Effect.provide(servers, yield* demo), context))
          yield* TestClock.adjust("1 second")
          return login
        }))
      )
      const login = yield* Fiber.join(waiting)
      assert.isTrue(Exit.isFailure(yield* Fiber.await(login)))
    }).pipe(Effect.provide(test)))
})

describe("failing logins", () => {
  const wrong = Effect.map(
    TestCloud.TestCloud,
    (cloud) =>
      Password.layer({ authUrl: cloud.authUrl, ...cloud.accounts.demo, password: Redacted.make("wrong-secret") })
  )

  it.effect("1,000 callers with a wrong password: one attempt, 1,000 typed failures", () =>
    Effect.gen(function*() {
      const layer = yield* wrong
      const errors = yield* Effect.all(
        Array.from({ length: 1000 }, () => Effect.flip(Effect.provide(servers, layer))),
        { concurrency: "unbounded" }
      )
      assert.strictEqual(yield* logins, 1)
      assert.isTrue(errors.every((error) => error instanceof Errors.Unauthorized && error.reason === "LoginRejected"))
    }).pipe(Effect.provide(test)))

  it.effect("20 calls in a row inside the back-off: one attempt; after it, one more", () =>
    Effect.gen(function*() {
      const layer = yield* wrong
      for (let i = 0; i < 20; i++) {
        const error = yield* Effect.flip(Effect.provide(servers, layer))
        assertTag(error, "Unauthorized")
        assert.isAbove(error.retryAfterMillis ?? 0, 0)
        yield* TestClock.adjust("20 millis")
      }
      assert.strictEqual(yield* logins, 1)
      yield* TestClock.adjust("1 second")
      yield* Effect.flip(Effect.provide(servers, layer))
      assert.strictEqual(yield* logins, 2)
    }).pipe(Effect.provide(test)))

  it.effect("back off up to a minute", () =>
    Effect.gen(function*() {
      const layer = yield* wrong
      for (let second = 0; second < 600; second++) {
        yield* Effect.flip(Effect.provide(servers, layer))
        yield* TestClock.adjust("1 second")
      }
      const tries = yield* logins
      assert.isAtLeast(tries, 12)
      assert.isAtMost(tries, 30)
    }).pipe(Effect.provide(test)))

  it.effect("429 and 503 are not wrong credentials, and Retry-After is obeyed, as seconds and as a date", () =>
    Effect.gen(function*() {
      const cloud = yield* TestCloud.TestCloud
      yield* cloud.misbehave({ service: "identity", times: 1, kind: { status: 429, headers: { "retry-after": "90" } } })
      const limited = yield* Effect.flip(servers)
      assert.strictEqual(limited._tag, "RateLimited")
      yield* TestClock.adjust("89 seconds")
      assert.strictEqual((yield* Effect.flip(servers))._tag, "RateLimited")
      assert.strictEqual(yield* logins, 1)
      yield* TestClock.adjust("1 second")
      yield* cloud.misbehave({
        service: "identity",
        times: 1,
        kind: { status: 503, headers: { "retry-after": new Date(90_000 + 120_000).toUTCString() } }
      })
      assert.strictEqual((yield* Effect.flip(servers))._tag, "ServiceUnavailable")
      yield* TestClock.adjust("119 seconds")
      assert.strictEqual((yield* Effect.flip(servers))._tag, "ServiceUnavailable")
      yield* TestClock.adjust("1 second")
      assert.strictEqual((yield* servers).status, 200)
      assert.strictEqual(yield* logins, 3)
    }).pipe(Effect.provide(test)))

  it.effect("an invalid response of Keystone is InvalidResponse or the error of its status", () =>
    Effect.gen(function*() {
      const cloud = yield* TestCloud.TestCloud
      const attempt = (malformed: "json" | "html" | "empty" | "truncated") =>
        Effect.gen(function*() {
          yield* TestClock.adjust("2 minutes")
          yield* cloud.misbehave({ service: "identity", times: 1, kind: { malformed } })
          return yield* Effect.flip(servers)
        })
      for (const kind of ["json", "html", "empty", "truncated"] as const) {
        assert.strictEqual((yield* attempt(kind))._tag, "InvalidResponse", kind)
      }
      yield* TestClock.adjust("2 minutes")
      yield* cloud.misbehave({ service: "identity", times: 1, kind: { connection: "refused" } })
      const refused = yield* Effect.flip(servers)
      assertTag(refused, "TransportError")
      assert.strictEqual(refused.reason, "Connect")
      yield* TestClock.adjust("2 minutes")
      yield* cloud.misbehave({ service: "identity", times: 1, kind: { delay: "1 hour" } })
      const slow = yield* Effect.fork(Effect.flip(servers))
      yield* TestClock.adjust("30 seconds")
      const timedOut = yield* Fiber.join(slow)
      assertTag(timedOut, "TimedOut")
      assert.strictEqual(timedOut.phase, "login")
    }).pipe(Effect.provide(test)))

  it.effect("invalid options fail before anything is sent", () =>
    Effect.gen(function*() {
      const cloud = yield* TestCloud.TestCloud
      const attempt = (options: Partial<Password.Options>) =>
        Effect.flip(Effect.provide(
          servers,
          Password.layer({
            authUrl: cloud.authUrl,
            username: "demo",
            userDomainName: "Default",
            password: Redacted.make("wrong-secret"),
            ...options
          })
        ))
      const wrong = [
        [{ username: undefined }, "userId, username"],
        [{ userDomainName: undefined }, "userDomainId, userDomainName"],
        [{ projectName: "demo" }, "projectDomainId, projectDomainName"],
        [{ projectId: "p", domainId: "d" }, "projectId, domainId"],
        [{ systemScope: "all", unscoped: true }, "systemScope, unscoped"],
        [{ authUrl: "keystone.example.com" }, "authUrl"]
      ] as const
      for (const [options, option] of wrong) {
        const error = yield* attempt(options)
        assertTag(error, "InvalidOptions")
        assert.strictEqual(error.option, option)
      }
      assert.deepStrictEqual(yield* cloud.journal, [])
    }).pipe(Effect.provide(test)))
})

describe("layers", () => {
  it.effect("building them sends nothing", () =>
    Effect.gen(function*() {
      yield* Compute
      yield* AuthPlugin.AuthPlugin
      assert.deepStrictEqual(yield* (yield* TestCloud.TestCloud).journal, [])
    }).pipe(Effect.provide(test)))

  it.effect("can have a static catalog and static documents", () =>
    Effect.gen(function*() {
      const cloud = yield* TestCloud.TestCloud
      const session = Session.layerWithoutDependencies().pipe(
        Layer.provide([
          Catalog.layerStatic([
            { serviceType: "compute", endpoints: [{ url: `${cloud.baseUrl}/compute/v2.1`, regionName: "Here" }] }
          ]),
          Discovery.layerNone
        ]),
        Layer.provide(Transport.layer())
      )
      const { endpoint, response } = yield* Effect.gen(function*() {
        const endpoint = yield* Session.endpointData({ serviceType: "compute", regionName: "Here", version: "2.1" })
        const response = yield* Session.request(HttpClientRequest.get("/servers"), {
          endpointFilter: { serviceType: "compute", regionName: "Here" }
        })
        return { endpoint, response }
      }).pipe(Effect.provide(yield* demo), Effect.provide(session))
      assert.strictEqual(endpoint.url, `${cloud.baseUrl}/compute/v2.1`)
      assert.strictEqual(response.status, 200)
    }).pipe(Effect.provide(TestCloud.layerHttpClient())))
})

describe("an uninterruptible region", () => {
  it.effect("such as acquiring a resource does not wait for a request's timer", () =>
    Effect.gen(function*() {
      const compute = yield* Compute
      const response = yield* Effect.acquireUseRelease(
        compute.get("/servers"),
        Effect.succeed,
        () => Effect.orDie(compute.get("/servers"))
      )
      assert.strictEqual(response.status, 200)
    }).pipe(Effect.provide(Layer.provideMerge(Compute.layer, TestCloud.layer()))), 5000)
})
