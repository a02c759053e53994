import { Headers } from "@effect/platform"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, TestClock } from "effect"
import { ApiVersion, AuthPlugin, Discovery, Session } from "effect-keystoneauth"
import * as TestCloud from "effect-keystoneauth/TestCloud"
import { as, assertTag, demo, logins, tenantB } from "../support.js"

const documents = Effect.flatMap(
  TestCloud.TestCloud,
  (cloud) =>
    Effect.map(
      cloud.journal,
      (journal) =>
        journal.filter((entry) => entry.method === "GET" && entry.service !== "identity").map((entry) => entry.path)
    )
)

const compute = (filter: object = {}, options: object = {}) =>
  Session.endpointData({ serviceType: "compute", ...filter }, options)

describe("version documents", () => {
  it.effect("are fetched once, kept for an hour, and renewed in the background", () =>
    Effect.gen(function*() {
      yield* Effect.all(Array.from({ length: 100 }, () => compute()), { concurrency: "unbounded" })
      assert.deepStrictEqual(yield* documents, ["/compute/v2.1"])
      yield* TestClock.adjust("47 minutes")
      yield* compute()
      assert.strictEqual((yield* documents).length, 1)
      yield* TestClock.adjust("12 minutes")
      yield* compute()
      yield* TestClock.adjust("1 second")
      yield* compute()
      assert.strictEqual((yield* documents).length, 2)
    }).pipe(Effect.provide(TestCloud.layer())))

  it.effect("an outage is cached briefly, and never changes where a request goes", () =>
    Effect.gen(function*() {
      const cloud = yield* TestCloud.TestCloud
      yield* cloud.misbehave({ service: "image", kind: { status: 503 } })
      const image = Session.endpointData({ serviceType: "image", version: 2 })
      const error = yield* Effect.flip(image)
      assertTag(error, "DiscoveryFailed")
      assert.strictEqual(error.reason, "Unreachable")
      assert.isTrue(error.attempts.every((attempt) => attempt.status === 503))
      const asked = (yield* documents).length
      yield* Effect.flip(image)
      assert.strictEqual((yield* documents).length, asked)
      yield* cloud.behave
      yield* TestClock.adjust("1 second")
      const found = yield* image
      assert.strictEqual(found.url, `${cloud.baseUrl}/image/v2/`)
    }).pipe(Effect.provide(TestCloud.layer())))

  it.effect("without a document the URL's own version is used, if it is in the range", () =>
    Effect.gen(function*() {
      const cloud = yield* TestCloud.TestCloud
      yield* cloud.misbehave({ service: "compute", kind: { connection: "refused" } })
      const shown = yield* compute({ version: 2 })
      assert.strictEqual(shown.url, `${cloud.baseUrl}/compute/v2.1`)
      assert.strictEqual(shown.apiVersion?.toString(), "2.1")
      assert.isUndefined(shown.status)
      const open = yield* compute()
      assert.strictEqual(open.url, `${cloud.baseUrl}/compute/v2.1`)
      const error = yield* Effect.flip(compute({ version: 3 }))
      assertTag(error, "DiscoveryFailed")
      assert.match(
        error.message,
        /Version 3\.0 to 3\.latest of "compute" at http:.* Tried .*: Connect error ECONNREFUSED/
      )
    }).pipe(Effect.provide(TestCloud.layer())))

  it.effect("a body that is not a version document is described in the error", () =>
    Effect.gen(function*() {
      const cloud = yield* TestCloud.TestCloud
      for (
        const [malformed, detail] of [
          ["html", /answered 200 with text\/html.*, which is not JSON/],
          ["json", /answered 200 with /],
          ["empty", /not JSON/],
          ["truncated", /not JSON/]
        ] as const
      ) {
        yield* cloud.misbehave({ service: "image", kind: { malformed } })
        const error = yield* Effect.flip(Session.endpointData({ serviceType: "image", version: 2 }))
        assertTag(error, "DiscoveryFailed")
        assert.strictEqual(error.reason, "NotADocument")
        assert.match(error.attempts[0]?.detail ?? "", detail)
        yield* cloud.behave
        yield* TestClock.adjust("30 seconds")
      }
    }).pipe(Effect.provide(TestCloud.layer())))

  it.effect("are fetched with the user's authentication if the service demands it", () =>
    Effect.gen(function*() {
      const cloud = yield* TestCloud.TestCloud
      const b = yield* tenantB
      const closed = Effect.flatMap(Discovery.Discovery, (discovery) =>
        discovery.document(`${cloud.baseUrl}/compute/v2.1/servers`))
      // this URL demands a token, and then does not give a version document
      for (const layer of [undefined, b]) {
        const error = yield* Effect.flip(as(layer, closed))
        assertTag(error, "DiscoveryFailed")
        assert.match(error.message, /JSON, but not a version document/)
      }
      const asked = (yield* cloud.journal).filter((entry) =>
        entry.path.endsWith("/servers")
      )
      assert.deepStrictEqual(asked.map((entry) => entry.project), [undefined, "demo", "tenant-b"])
      yield* cloud.misbehave({ path: "/secret", kind: { status: 401 } })
      const refused = yield* Effect.flip(
        Effect.flatMap(Discovery.Discovery, (discovery) => discovery.document(`${cloud.baseUrl}/compute/secret`))
      )
      assertTag(refused, "DiscoveryFailed")
      assert.match(refused.message, /401, also with credentials/)
    }).pipe(Effect.provide(TestCloud.layer())))

  it.effect("can be fixed, or turned off", () =>
    Effect.gen(function*() {
      const document = (url: string) => Effect.flatMap(Discovery.Discovery, (discovery) => discovery.document(url))
      const byHand = Discovery.layerStatic({
        "http://h/": { versions: [{ id: "v7", status: "CURRENT", links: [{ rel: "self", href: "/v7" }] }] }
      })
      const { versions } = yield* Effect.provide(document("http://h/"), byHand)
      assert.deepStrictEqual(versions.map((data) => [data.url, String(data.version)]), [["http://h/v7", "7.0"]])
      assert.strictEqual((yield* Effect.flip(Effect.provide(document("http://i/"), byHand)))._tag, "DiscoveryFailed")
      assert.strictEqual(
        (yield* Effect.flip(Effect.provide(document("http://h/"), Discovery.layerNone)))._tag,
        "DiscoveryFailed"
      )
    }).pipe(
      Effect.provideService(
        AuthPlugin.AuthPlugin,
        AuthPlugin.make({ name: "none", headers: Effect.succeed(Headers.empty) })
      )
    ))
})

describe("endpoint data", () => {
  it.effect("has the fields of the catalog and of the document", () =>
    Effect.gen(function*() {
      const cloud = yield* TestCloud.TestCloud
      const endpoint = yield* compute({ interface: ["secret", "internal"], regionName: "RegionOne" })
      assert.strictEqual(endpoint.catalogUrl, `${cloud.baseUrl}/internal/compute/v2.1`)
      assert.deepInclude(endpoint, {
        interface: "internal",
        regionName: "RegionOne",
        serviceName: "nova",
        status: "CURRENT"
      })
      assert.deepStrictEqual([endpoint.apiVersion, endpoint.minMicroversion, endpoint.maxMicroversion].map(String), [
        "2.1",
        "2.1",
        "2.90"
      ])
      const major = yield* Session.apiMajorVersion({ serviceType: "image" })
      assert.strictEqual(String(major), "2.16")
      assert.strictEqual(String(yield* Session.apiMajorVersion({ serviceType: "compute" })), "2.1")
    }).pipe(Effect.provide(TestCloud.layer())))

  it.effect("an override is used with its ids replaced, and any other % is text", () =>
    Effect.gen(function*() {
      const { accounts } = yield* TestCloud.TestCloud
      const url = (endpointOverride: string) =>
        Effect.map(compute({}, { endpointOverride, skipDiscovery: true }), (endpoint) => endpoint.url)
      assert.strictEqual(yield* url("http://h/50%25/%(other)s"), "http://h/50%25/%(other)s")
      assert.strictEqual(
        yield* url("http://h/%(project_id)s/%(user_id)s/%(project_id)s"),
        `http://h/${accounts.demo.projectId}/${accounts.demo.userId}/${accounts.demo.projectId}`
      )
      const nobody = AuthPlugin.make({ name: "nobody", headers: Effect.succeed(Headers.empty) })
      const error = yield* Effect.flip(
        Effect.provideService(url("http://h/%(user_id)s"), AuthPlugin.AuthPlugin, nobody)
      )
      assertTag(error, "InvalidOptions")
    }).pipe(Effect.provide(TestCloud.layer())))

  it.effect("the auth interface is the AuthPlugin's own URL", () =>
    Effect.gen(function*() {
      const cloud = yield* TestCloud.TestCloud
      const endpoint = yield* Session.endpointData({ interface: "auth" })
      assert.deepStrictEqual([endpoint.catalogUrl, endpoint.serviceType], [cloud.authUrl, "identity"])
      // the auth URL needs no document
      assert.strictEqual(String(endpoint.apiVersion), "3.0")
      const versioned = yield* Session.endpointData({ interface: "auth", version: 3 }, { discoverVersions: true })
      assert.strictEqual(String(versioned.apiVersion), "3.14")
    }).pipe(Effect.provide(TestCloud.layer())))

  it.effect("no document is requested from object-store", () =>
    Effect.gen(function*() {
      const cloud = yield* TestCloud.TestCloud
      const store = yield* Session.endpointData({ serviceType: "object-store", version: 1 })
      assert.strictEqual(store.url, `${cloud.baseUrl}/object-store/v1/AUTH_${cloud.accounts.demo.projectId}`)
      assert.deepStrictEqual(yield* documents, [])
      assert.strictEqual(yield* logins, 1)
    }).pipe(Effect.provide(TestCloud.layer({
      services: [TestCloud.service({
        serviceType: "object-store",
        name: "swift",
        versions: [{ id: "v1", status: "CURRENT" }],
        catalogPath: (projectId) => `/v1/AUTH_${projectId}`,
        respond: (request) => Effect.succeed(request.refuse(500))
      })]
    }))))

  it.effect("wrong versions fail before anything is sent", () =>
    Effect.gen(function*() {
      for (
        const filter of [
          { version: "x" },
          { version: 2, minVersion: 1 },
          { minVersion: 3, maxVersion: 2 },
          { version: 3.2 },
          { serviceType: "volumev2", version: 3 }
        ]
      ) {
        assertTag(yield* Effect.flip(compute(filter)), "InvalidVersion")
      }
      assert.deepStrictEqual(yield* (yield* TestCloud.TestCloud).journal, [])
    }).pipe(Effect.provide(TestCloud.layer())))

  it.effect("interrupting one caller does not affect others that wait for the same document", () =>
    Effect.gen(function*() {
      const cloud = yield* TestCloud.TestCloud
      yield* Effect.provide(AuthPlugin.access, yield* demo)
      yield* cloud.misbehave({ service: "compute", kind: { delay: "1 second" } })
      const first = yield* Effect.fork(compute())
      const others = yield* Effect.fork(Effect.all(Array.from({ length: 50 }, () => compute()), { concurrency: 50 }))
      yield* TestClock.adjust("500 millis")
      yield* Fiber.interrupt(first)
      yield* TestClock.adjust("1 second")
      assert.strictEqual((yield* Fiber.join(others)).length, 50)
      assert.strictEqual((yield* documents).length, 1)
      assert.isTrue(ApiVersion.isApiVersion((yield* compute()).apiVersion))
    }).pipe(Effect.provide(TestCloud.layer())))
})
