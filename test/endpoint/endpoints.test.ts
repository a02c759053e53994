import { Headers, HttpClient, HttpClientRequest, HttpClientResponse } from "@effect/platform"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Either, FastCheck, Layer, Logger, Option, TestClock } from "effect"
import {
  AuthPlugin,
  Catalog,
  Discovery,
  EndpointData,
  Microversion,
  Password,
  ServiceCatalog,
  Session,
  Transport,
  VersionDocument
} from "effect-keystoneauth"
import * as TestCloud from "effect-keystoneauth/TestCloud"
import * as NoAuth from "../../src/plugins/NoAuth.js"
import { assertTag, Compute, logins } from "../support.js"

const catalogRequests = Effect.flatMap(
  TestCloud.TestCloud,
  (cloud) =>
    Effect.map(cloud.journal, (journal) => journal.filter((entry) => entry.path.endsWith("/auth/catalog")).length)
)

/** An HttpClient that must not be used. */
const transport = Layer.succeed(Transport.Transport, {
  execute: () => Effect.never,
  text: () => Effect.never,
  operation: () => Effect.never
})

describe("the trace of an endpoint", () => {
  it.effect("lists the steps that led to the URL", () =>
    Effect.gen(function*() {
      const { baseUrl } = yield* TestCloud.TestCloud
      const filter = { serviceType: "image", interface: ["internal", "public"], version: 2 } as const
      const why = Effect.map(Session.endpointData(filter), EndpointData.explain)
      assert.strictEqual(
        yield* why,
        [
          `${baseUrl}/internal/image is the catalog's URL for image (glance) internal in RegionOne`,
          `  not ${baseUrl}/image: its interface is public, and internal is preferred`,
          `  not ${baseUrl}/admin/image: its interface is admin`,
          `${baseUrl}/internal/image offers 2.16 (CURRENT)`,
          `requests go to ${baseUrl}/internal/image/v2/`
        ].join("\n")
      )
      assert.include(yield* why, "(cached)")
    }).pipe(Effect.provide(TestCloud.layer())))

  it.effect("names documents not read, given URLs, corrected links and failures", () =>
    Effect.gen(function*() {
      const cloud = yield* TestCloud.TestCloud
      const why = (...args: Parameters<typeof Session.endpointData>) =>
        Effect.map(Session.endpointData(...args), EndpointData.explain)
      assert.include(yield* why({ serviceType: "compute" }, { skipDiscovery: true }), "skipDiscovery is set")
      assert.include(
        yield* why({ serviceType: "compute", version: 2 }, { discoverVersions: false }),
        "no version document is read: the URL shows a version of 2.0 to 2.latest"
      )
      assert.include(
        yield* why({}, { endpointOverride: "http://h.test/", skipDiscovery: true }),
        "http://h.test/ is given by the override"
      )
      yield* cloud.misbehave({ service: "compute", kind: { status: 503 } })
      assert.match(
        yield* why({ serviceType: "compute", minVersion: 2, maxVersion: 3 }),
        /answered 503[^]*without a document, the URL shows version 2\.1, which is in the range/
      )
      const behindProxy = Discovery.layerStatic({
        "https://p.test/compute/": {
          versions: [{ id: "v2.1", status: "CURRENT", links: [{ rel: "self", href: "http://p.test/v2.1/" }] }]
        }
      })
      const catalog = Catalog.layerStatic([{ serviceType: "compute", endpoints: [{ url: "https://p.test/compute/" }] }])
      const repaired = yield* Effect.provide(
        why({ serviceType: "compute", version: 2 }),
        Session.layerWithoutDependencies().pipe(
          Layer.provide([catalog, behindProxy]),
          Layer.provide(transport)
        )
      )
      assert.match(
        repaired,
        /its link http:\/\/p\.test\/v2\.1\/ was corrected\nrequests go to https:\/\/p\.test\/compute\/v2\.1\/$/
      )
    }).pipe(Effect.provide(TestCloud.layer())))

  it.effect("is part of the errors: excluded endpoints, and the result of each document", () =>
    Effect.gen(function*() {
      const none = yield* Effect.flip(
        Session.endpointData({ serviceType: "compute", regionName: "Mars", interface: "secret" })
      )
      assertTag(none, "EndpointNotFound")
      assert.deepStrictEqual([...new Set(none.available.map((offer) => offer.excludedBy))], [
        "its region is \"RegionOne\""
      ])
      const other = yield* Effect.flip(Session.endpointData({ serviceType: "compute", interface: "secret" }))
      assertTag(other, "EndpointNotFound")
      assert.deepStrictEqual(other.available.map((offer) => offer.excludedBy), [
        "its interface is public",
        "its interface is internal",
        "its interface is admin"
      ])
      const future = yield* Effect.flip(Session.endpointData({ serviceType: "image", version: 3 }))
      assertTag(future, "DiscoveryFailed")
      assert.match(
        future.message,
        /Version 3\.0 to 3\.latest of "image" at .*: it does not offer that version\. Tried .* offers 2\.16/
      )
    }).pipe(Effect.provide(TestCloud.layer())))

  it("gives the reason why each other endpoint was excluded", () => {
    const catalog = ServiceCatalog.fromV3([
      {
        type: "volumev3",
        name: "c3",
        id: "s3",
        endpoints: [{ url: "http://3", interface: "public", region: "R1", id: "e3" }]
      },
      {
        type: "block-storage",
        name: "c",
        id: "s",
        endpoints: [
          { url: "http://1", interface: "public", region: "R1", id: "e1" },
          { url: "http://2", interface: "public", region: "R1", id: "e2" },
          { url: "http://4", interface: "public", id: "e4" }
        ]
      }
    ])
    const reasons = (filter: Parameters<typeof ServiceCatalog.excluded>[1]) =>
      ServiceCatalog.excluded(catalog, { serviceType: "block-storage", ...filter }).map(({ reason }) => reason)
    assert.deepStrictEqual(reasons({ regionName: "R1" }), [
      "its type is volumev3, and block-storage is preferred",
      "another one is before it in the catalog",
      "its region is not given"
    ])
    assert.deepStrictEqual(reasons({ serviceName: "c3" }).slice(0, 1), ["its service is named \"c\""])
    assert.deepStrictEqual(reasons({ serviceId: "s3" }).slice(0, 1), ["its service has the id s"])
    assert.deepStrictEqual(reasons({ endpointId: "e3" }).slice(0, 1), ["its id is e1"])
  })
})

describe("the catalog", () => {
  it.effect("is fetched if the token has none", () =>
    Effect.gen(function*() {
      const { accounts, authUrl, baseUrl } = yield* TestCloud.TestCloud
      const bare = Password.layer({ authUrl, ...accounts.demo, includeCatalog: false })
      const compute = Effect.provide(Session.endpointData({ serviceType: "compute" }, { skipDiscovery: true }), bare)
      const found = yield* Effect.all(Array.from({ length: 50 }, () => compute), { concurrency: "unbounded" })
      assert.deepStrictEqual([...new Set(found.map(({ url }) => url))], [`${baseUrl}/compute/v2.1`])
      assert.deepStrictEqual([yield* logins, yield* catalogRequests], [1, 1])
    }).pipe(Effect.provide(TestCloud.layer())))

  it.effect("is fetched again, at most once a minute, before a service counts as missing", () =>
    Effect.gen(function*() {
      const missing = Effect.flip(Session.endpointData({ serviceType: "dns" }))
      for (let second = 0; second < 180; second += 10) {
        assertTag(yield* missing, "EndpointNotFound")
        yield* TestClock.adjust("10 seconds")
      }
      assert.strictEqual(yield* catalogRequests, 3)
    }).pipe(Effect.provide(TestCloud.layer())))

  it.effect("that cannot be fetched again does not change the error", () =>
    Effect.gen(function*() {
      const cloud = yield* TestCloud.TestCloud
      yield* cloud.misbehave({ path: "/auth/catalog", kind: { malformed: "html" } })
      assertTag(yield* Effect.flip(Session.endpointData({ serviceType: "dns" })), "EndpointNotFound")
    }).pipe(Effect.provide(TestCloud.layer())))

  it.effect("is never fetched with refreshInterval \"never\"", () =>
    Effect.gen(function*() {
      assertTag(yield* Effect.flip(Session.endpointData({ serviceType: "dns" })), "EndpointNotFound")
      assert.strictEqual(yield* catalogRequests, 0)
    }).pipe(Effect.provide(TestCloud.layer({ session: { catalog: { refreshInterval: "never" } } }))))

  it.effect("logs its broken entries once", () =>
    Effect.gen(function*() {
      const warnings: Array<string> = []
      const logger = Logger.make(({ annotations, message }) => {
        warnings.push(`${String(message)} ${JSON.stringify([...annotations])}`)
      })
      const { transport } = yield* Session.Session
      const broken = ServiceCatalog.fromV3([{ type: "compute", endpoints: [null] }, 7])
      const plugin = AuthPlugin.make({
        name: "broken",
        headers: Effect.succeed(Headers.empty),
        access: Effect.map(AuthPlugin.access, Option.map((access) => ({ ...access, catalog: broken }))).pipe(
          Effect.provideService(AuthPlugin.AuthPlugin, yield* AuthPlugin.AuthPlugin)
        )
      })
      const get = Effect.flatMap(Catalog.Catalog, (catalog) => catalog.get)
      yield* Effect.repeatN(get, 3).pipe(
        Effect.provideService(AuthPlugin.AuthPlugin, plugin),
        Effect.provide(Logger.replace(Logger.defaultLogger, logger))
      )
      assert.strictEqual(warnings.length, 1)
      assert.include(warnings[0] ?? "", "endpoint 0 of service 0 (compute) is not an object")
      assert.isDefined(transport)
    }).pipe(Effect.provide(TestCloud.layer())))
})

describe("an adapter's tag", () => {
  it.effect("has the endpoint, the version and all versions", () =>
    Effect.gen(function*() {
      const endpoint = yield* Compute.endpointData
      assert.strictEqual(String(endpoint.maxMicroversion), "2.90")
      assert.strictEqual(String(yield* Compute.apiMajorVersion), "2.1")
      const all = yield* Compute.allVersionData
      assert.deepStrictEqual(
        all.map(({ interface: name, versions }) => [name, ...versions.map(({ version }) => String(version))]),
        [["public", "2.1", "2.0"], ["internal", "2.1", "2.0"], ["admin", "2.1", "2.0"]]
      )
    }).pipe(Effect.provide(TestCloud.layer())))

  it.effect("lists all versions, with the reason for services that do not answer", () =>
    Effect.gen(function*() {
      const cloud = yield* TestCloud.TestCloud
      yield* cloud.misbehave({ service: "compute", kind: { status: 503 } })
      const all = yield* Session.allVersionData({ interface: "public" })
      const shown = all.map((one) => [one.serviceType, one.versions.length, one.failure?.reason])
      assert.deepStrictEqual(shown, [
        ["identity", 1, undefined],
        ["compute", 1, "Unreachable"],
        ["image", 17, undefined],
        ["placement", 1, undefined]
      ])
    }).pipe(Effect.provide(TestCloud.layer())))

  it.effect("gives microversions to negotiate, and answers name theirs", () =>
    Effect.gen(function*() {
      const endpoint = yield* Compute.endpointData
      const supported = { min: endpoint.minMicroversion, max: endpoint.maxMicroversion }
      const version = (text: `${number}.${number}`) => Either.getOrThrow(Microversion.fromInput(text))
      const negotiate = (min: `${number}.${number}`, max: `${number}.${number}`) =>
        Option.map(Microversion.negotiate({ min: version(min), max: version(max) }, supported), Microversion.format)
      assert.deepStrictEqual(negotiate("2.1", "2.79"), Option.some("2.79"))
      assert.deepStrictEqual(negotiate("2.80", "2.99"), Option.some("2.90"))
      assert.deepStrictEqual(negotiate("2.91", "2.99"), Option.none())
      assert.deepStrictEqual(Microversion.negotiate({}, {}), Option.none())
      const response = yield* Session.request(HttpClientRequest.get("/servers"), {
        endpointFilter: { serviceType: "compute" },
        microversion: "2.42"
      })
      assert.deepStrictEqual(Option.map(Microversion.fromHeaders(response.headers), String), Option.some("2.42"))
      assert.deepStrictEqual(Microversion.fromHeaders({}), Option.none())
    }).pipe(Effect.provide(TestCloud.layer())))
})

describe("properties", () => {
  const triple = FastCheck.record({
    type: FastCheck.constantFrom("compute", "image", "block-storage", "volumev3", "custom"),
    interface: FastCheck.constantFrom("public", "internal", "admin"),
    region: FastCheck.constantFrom("R1", "R2")
  })
  const unique = FastCheck.uniqueArray(triple, { selector: (one) => JSON.stringify(one), maxLength: 20 })

  it("the order of the catalog does not matter if no two endpoints are alike", () => {
    FastCheck.assert(
      FastCheck.property(unique, FastCheck.infiniteStream(FastCheck.nat()), triple, (endpoints, order, wanted) => {
        const catalog = (list: typeof endpoints) =>
          ServiceCatalog.fromV3(list.map(({ type, ...rest }) => ({
            type,
            endpoints: [{ ...rest, url: `http://${type}.${rest.interface}.${rest.region}` }]
          })))
        const shuffled = endpoints.map((endpoint) => [order.next().value as number, endpoint] as const)
          .sort(([a], [b]) => a - b).map(([, endpoint]) => endpoint)
        const filter = { serviceType: wanted.type, interface: [wanted.interface, "public"], regionName: wanted.region }
        const find = (list: typeof endpoints) =>
          Option.map(ServiceCatalog.find(catalog(list), filter), ({ url }) => url)
        assert.deepStrictEqual(find(shuffled), find(endpoints))
      })
    )
  })

  it.effect("any JSON as document or catalog gives an endpoint or a typed error, quickly", () =>
    Effect.gen(function*() {
      const samples = FastCheck.sample(
        FastCheck.tuple(FastCheck.jsonValue(), FastCheck.jsonValue(), FastCheck.webUrl()),
        300
      )
      const plugin = AuthPlugin.make({ name: "any", headers: Effect.succeed(Headers.empty) })
      for (const [a, b, url] of samples) {
        const documents = {
          [url]: a,
          [`${url}/`]: { versions: [b, { id: b, status: "CURRENT", links: [{ rel: "self", href: a }] }] }
        }
        const session = Session.layerWithoutDependencies().pipe(
          Layer.provide([
            Layer.succeed(Catalog.Catalog, {
              get: Effect.succeed(
                ServiceCatalog.fromV3([a, { type: "compute", endpoints: [b, { url, interface: "public" }] }])
              ),
              refresh: Effect.succeedNone
            }),
            Discovery.layerStatic(documents)
          ]),
          Layer.provide(transport)
        )
        const outcome = yield* Effect.either(Session.endpointData({ serviceType: "compute", version: 2 })).pipe(
          Effect.provideService(AuthPlugin.AuthPlugin, plugin),
          Effect.provide(session)
        )
        const reason = Either.isLeft(outcome) ? outcome.left.message : EndpointData.explain(outcome.right)
        assert.isAbove(reason.length, 10)
      }
    }))

  it("any link of any document is resolved on the document's origin", () => {
    FastCheck.assert(
      FastCheck.property(FastCheck.webUrl(), FastCheck.oneof(FastCheck.webUrl(), FastCheck.string()), (url, href) => {
        const read = VersionDocument.fromBody(url, {
          versions: [{ id: "v1", status: "CURRENT", links: [{ rel: "self", href }] }]
        })
        for (const data of Either.isRight(read) ? read.right.versions : []) {
          assert.strictEqual(new URL(data.url).origin, new URL(url).origin)
        }
      })
    )
  })
})

/** Unusable URLs, and the message for each. */
const impossible: ReadonlyArray<readonly [url: string, flaw: RegExp]> = [
  ["nova:8774/v2", /no scheme/],
  ["nova.test/v2", /no scheme/],
  ["//nova.test/v2", /no scheme/],
  ["/v2", /no scheme/],
  ["http:/nova.test/v2", /no scheme/],
  ["http:nova.test", /no scheme/],
  ["ftp://nova.test/v2", /scheme is ftp/],
  ["file:///v2", /scheme is file/],
  ["http:///v2", /no host/],
  ["https://", /no host/],
  ["http://?x=1", /no host/],
  ["http:////nova.test", /no host/],
  ["http://nova.test/v2?x=1", /query/],
  ["http://nova.test?", /query/],
  ["http://nova.test/v2#top", /fragment/],
  ["http://nova.test:99999/v2", /port/],
  ["http://nova.test:8774:9999/v2", /port/],
  ["http://no va.test/v2", /U\+0020/],
  ["http://adm:s3cret@nova.test:x/v2", /port/],
  ["http://no\nva.test/v2", /U\+000A/]
]

/** Usable URLs, and how they are read. */
const possible: ReadonlyArray<readonly [written: string, meant: string]> = [
  [" http://nova.test/v2 ", "http://nova.test/v2"],
  ["\thttp://nova.test/v2\n", "http://nova.test/v2"],
  ["http://nova.test/v2/", "http://nova.test/v2/"],
  ["HTTPS://NOVA.test:8774", "HTTPS://NOVA.test:8774"],
  ["http://10.0.0.1:8774/v2", "http://10.0.0.1:8774/v2"],
  ["http://[2001:db8::1]:8774/v2", "http://[2001:db8::1]:8774/v2"],
  ["http://h/v1/AUTH_a%20b", "http://h/v1/AUTH_a%20b"]
]

/** A Session whose catalog has a compute service at this URL, and the requests that it sends. */
const at = (url: string) => {
  const sent: Array<string> = []
  const client = HttpClient.make((request, url) => {
    sent.push(url.href)
    return Effect.succeed(HttpClientResponse.fromWeb(request, new Response("{}")))
  })
  const layer = Session.layerWithoutDependencies().pipe(
    Layer.provide(Layer.merge(
      Catalog.layerStatic([{ serviceType: "compute", serviceName: "nova", endpoints: [{ url, regionName: "R" }] }]),
      Discovery.layer
    )),
    Layer.provide(Transport.layer()),
    Layer.provide(Layer.succeed(HttpClient.HttpClient, client))
  )
  return { sent, layer }
}

const compute = { endpointFilter: { serviceType: "compute" } }

describe("a URL of the catalog", () => {
  it.effect("that is unusable fails every use with its entry, and is not shown", () =>
    Effect.forEach(impossible, ([url, flaw]) => {
      const { layer, sent } = at(url)
      return Effect.gen(function*() {
        const errors = yield* Effect.all([
          Effect.flip(Session.request(HttpClientRequest.get("/servers"), compute)),
          Effect.flip(Session.endpointData({ serviceType: "compute" })),
          Effect.flip(Session.endpointData({ serviceType: "compute", version: 2 }, { skipDiscovery: true }))
        ])
        for (const error of errors) {
          assertTag(error, "EndpointNotFound")
          assert.match(error.message, flaw, url)
          assert.include(error.message, "compute (nova) public in R")
          assert.notInclude(error.message, "s3cret")
        }
        const [versions] = yield* Session.allVersionData({ serviceType: "compute" })
        assert.match(versions?.failure?.message ?? "", flaw)
        assert.deepStrictEqual(sent, [])
      }).pipe(Effect.provide([layer, NoAuth.layer()]))
    }))

  it.effect("is trimmed", () =>
    Effect.forEach(possible, ([written, meant]) => {
      const { layer, sent } = at(written)
      return Effect.gen(function*() {
        yield* Session.request(HttpClientRequest.get("/servers"), compute)
        assert.deepStrictEqual(sent, [new URL(`${meant.replace(/\/$/, "")}/servers`).href])
        const { catalogUrl } = yield* Session.endpointData({ serviceType: "compute" }, { skipDiscovery: true })
        assert.strictEqual(catalogUrl, meant)
      }).pipe(Effect.provide([layer, NoAuth.layer()]))
    }))

  it.effect("with several slashes in a row has the right root", () =>
    Effect.forEach(
      [
        ["http://dns.test:9001//v2", ["http://dns.test:9001/", "http://dns.test:9001//v2"]],
        ["http://h.test/dns///v2", ["http://h.test/dns/", "http://h.test/dns///v2"]]
      ] as const,
      ([url, asked]) => {
        const { layer, sent } = at(url)
        return Effect.gen(function*() {
          yield* Session.allVersionData({ serviceType: "compute" })
          assert.deepStrictEqual([...new Set(sent)].sort(), [...asked].sort())
        }).pipe(Effect.provide([layer, NoAuth.layer()]))
      }
    ))
})

describe("an endpoint override", () => {
  it.effect("that is unusable is InvalidOptions, and is not shown", () =>
    Effect.forEach(impossible, ([endpointOverride, flaw]) => {
      const { layer, sent } = at("http://nova.test")
      return Effect.gen(function*() {
        const error = yield* Effect.flip(Session.request(HttpClientRequest.get("/servers"), { endpointOverride }))
        assertTag(error, "InvalidOptions")
        assert.deepStrictEqual([error.module, error.option, sent], ["Session", "endpointOverride", []])
        assert.match(error.reason, flaw, endpointOverride)
        assert.notInclude(error.message, "s3cret")
        const fixed = yield* Effect.flip(Effect.provide(
          Session.endpointData({ serviceType: "compute" }),
          NoAuth.layer({ endpoint: endpointOverride })
        ))
        assertTag(fixed, "InvalidOptions")
        assert.strictEqual(fixed.option, "endpoint")
      }).pipe(Effect.provide([layer, NoAuth.layer()]))
    }))

  it.effect("is trimmed", () =>
    Effect.forEach(possible, ([endpointOverride, meant]) => {
      const { layer, sent } = at("http://nova.test")
      return Effect.gen(function*() {
        yield* Session.request(HttpClientRequest.get("/servers"), { endpointOverride })
        yield* Effect.provide(
          Session.request(HttpClientRequest.get("/servers")),
          NoAuth.layer({ endpoint: endpointOverride })
        )
        const url = new URL(`${meant.replace(/\/$/, "")}/servers`).href
        assert.deepStrictEqual(sent, [url, url])
      }).pipe(Effect.provide([layer, NoAuth.layer()]))
    }))
})
