import { HttpClientRequest } from "@effect/platform"
import { assert } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { ApiVersion, EndpointData, EndpointFilter, Session } from "effect-keystoneauth"
import * as NodeTransport from "effect-keystoneauth/NodeTransport"
import * as Support from "./support.js"

/** What the catalog and the version documents say, in one line: URL, version, microversions. */
const summary = (data: EndpointData.EndpointData): string =>
  [
    data.url.replace(/\/$/, ""),
    data.apiVersion === undefined ? "-" : ApiVersion.format(data.apiVersion),
    data.maxMicroversion === undefined || data.minMicroversion === undefined
      ? "-"
      : `${ApiVersion.format(data.minMicroversion)}..${ApiVersion.format(data.maxMicroversion)}`
  ].join(" ")

/** A session that also reaches RegionTLS. */
const trusting = Layer.unwrapEffect(
  Effect.map(Support.fixtures, ({ tls }) =>
    Session.layer().pipe(
      Layer.provideMerge(Support.wiretap),
      Layer.provide(NodeTransport.layer({ caCert: tls.ca }))
    ))
)

// As keystoneauth1 answers of the same cloud. `PROJECT` stands for the id of project demo.
const table: ReadonlyArray<readonly [region: string, serviceType: string, expected: string]> = [
  ["RegionOne", "identity", "http://127.0.0.1:5000/v3 3.14 -"],
  ["RegionOne", "compute", "http://127.0.0.1:8774/v2.1 2.1 2.1..2.93"],
  ["RegionOne", "placement", "http://127.0.0.1:8778 1.0 1.0..1.39"],
  ["RegionOne", "image", "http://127.0.0.1:9292/v2 2.16 -"],
  ["RegionOne", "volumev3", "http://127.0.0.1:8776/v3/PROJECT 3.0 3.0..3.70"],
  ["RegionOne", "block-storage", "http://127.0.0.1:8776/v3 3.0 3.0..3.70"],
  ["RegionOne", "network", "http://127.0.0.1:9696/v2.0 2.0 -"],
  ["RegionOne", "baremetal", "http://127.0.0.1:6385/v1 1.0 1.1..1.82"],
  ["RegionOne", "key-manager", "http://127.0.0.1:9311/v1 1.0 -"],
  ["RegionOne", "orchestration", "http://127.0.0.1:8004/v1/PROJECT 1.0 -"],
  ["RegionOne", "object-store", "http://127.0.0.1:8088/v1/AUTH_PROJECT 1.0 -"],
  ["RegionTwo", "identity", "http://127.0.0.4:8080/identity/v3 3.14 -"],
  ["RegionTwo", "compute", "http://127.0.0.4:8080/compute/v2.1 2.1 2.1..2.93"],
  ["RegionTwo", "placement", "http://127.0.0.4:8080/placement 1.0 1.0..1.39"],
  ["RegionTwo", "image", "http://127.0.0.4:8080/image/v2 2.16 -"],
  ["RegionTwo", "volumev3", "http://127.0.0.4:8080/volume/v3/PROJECT 3.0 3.0..3.70"],
  ["RegionTwo", "block-storage", "http://127.0.0.4:8080/volume/v3/PROJECT 3.0 3.0..3.70"],
  ["RegionTwo", "network", "http://127.0.0.4:8080/network/v2.0 2.0 -"],
  ["RegionTLS", "identity", "https://127.0.0.1:8443/identity/v3 3.14 -"],
  ["RegionTLS", "compute", "https://127.0.0.1:8443/compute/v2.1 2.1 2.1..2.93"],
  ["RegionTLS", "placement", "https://127.0.0.1:8443/placement 1.0 1.0..1.39"],
  ["RegionTLS", "image", "https://127.0.0.1:8443/image/v2 2.0 -"],
  ["RegionTLS", "volumev3", "https://127.0.0.1:8443/volume/v3 3.0 3.0..3.70"],
  ["RegionTLS", "block-storage", "https://127.0.0.1:8443/volume/v3 3.0 3.0..3.70"],
  ["RegionTLS", "key-manager", "https://127.0.0.1:8443/key-manager/v1 1.0 -"]
]

Support.onOpenStack("endpointData", (test) => {
  for (const [regionName, serviceType, expected] of table) {
    test(`${regionName}, ${serviceType}`, () =>
      Effect.gen(function*() {
        const { projects } = yield* Support.fixtures
        const data = yield* Session.endpointData({ serviceType, regionName })
        assert.strictEqual(summary(data), expected.replace("PROJECT", projects.demo.id))
        assert.strictEqual(data.regionName, regionName)
        assert.strictEqual(data.interface, "public")
      }).pipe(Effect.provide(Support.password()), Effect.provide(trusting)))
  }

  test("with a version: the same, below the catalog's URL", () =>
    Effect.gen(function*() {
      const { projects } = yield* Support.fixtures
      const rows: ReadonlyArray<readonly [EndpointFilter.EndpointFilter, string]> = [
        [{ serviceType: "identity", regionName: "RegionTwo", version: 3 }, "http://127.0.0.4:8080/identity/v3 3.14 -"],
        [{ serviceType: "image", regionName: "RegionTwo", version: 2 }, "http://127.0.0.4:8080/image/v2 2.16 -"],
        [
          { serviceType: "compute", regionName: "RegionTwo", minVersion: "2.1", maxVersion: "2.latest" },
          "http://127.0.0.4:8080/compute/v2.1 2.1 2.1..2.93"
        ],
        [
          { serviceType: "compute", regionName: "RegionOne", version: "latest" },
          "http://127.0.0.1:8774/v2.1 2.1 2.1..2.93"
        ],
        [
          { serviceType: "volumev3", regionName: "RegionTwo", version: 3 },
          `http://127.0.0.4:8080/volume/v3/${projects.demo.id} 3.0 3.0..3.70`
        ],
        [
          { serviceType: "volume", regionName: "RegionTLS", version: 3 },
          "https://127.0.0.1:8443/volume/v3 3.0 3.0..3.70"
        ],
        [{ serviceType: "image", regionName: "RegionTLS", version: 2 }, "https://127.0.0.1:8443/image/v2 2.16 -"]
      ]
      for (const [filter, expected] of rows) {
        assert.strictEqual(summary(yield* Session.endpointData(filter)), expected)
      }
    }).pipe(Effect.provide(Support.password()), Effect.provide(trusting)))

  test("the interface \"auth\" is where the login went", () =>
    Effect.gen(function*() {
      const { auth_url } = yield* Support.fixtures
      const data = yield* Session.endpointData({ interface: "auth" })
      assert.strictEqual(data.catalogUrl, auth_url)
      // where one logs in needs no document, unless a version is asked for
      assert.strictEqual(summary(data), `${auth_url} 3.0 -`)
      const versioned = yield* Session.endpointData({ interface: "auth", version: 3 })
      assert.strictEqual(summary(versioned), `${auth_url} 3.14 -`)
    }).pipe(Effect.provide(Support.password()), Effect.provide(Support.session())))

  test("an override, with the project's id filled in", () =>
    Effect.gen(function*() {
      const { projects } = yield* Support.fixtures
      const data = yield* Session.endpointData(
        { serviceType: "volumev3" },
        { endpointOverride: "http://127.0.0.2:8776/v3/%(project_id)s" }
      )
      assert.strictEqual(summary(data), `http://127.0.0.2:8776/v3/${projects.demo.id} 3.0 3.0..3.70`)
    }).pipe(Effect.provide(Support.password()), Effect.provide(Support.session())))

  test("asks for each document once, however many want it", () =>
    Effect.gen(function*() {
      const filter = { serviceType: "image", regionName: "RegionOne", version: 2 }
      yield* Effect.all(Array.from({ length: 50 }, () => Session.endpointData(filter)), { concurrency: "unbounded" })
      const urls = (yield* Effect.flatMap(Support.Wire, (wire) => wire.exchanges)).map((exchange) => exchange.url)
      assert.strictEqual(new Set(urls).size, urls.length, urls.join("\n"))
    }).pipe(Effect.provide(Support.password()), Effect.provide(Support.session())))
})

Support.onOpenStack("Interfaces", (test) => {
  for (
    const [interfaces, regionName, expected] of [
      [["internal", "public"], "RegionOne", "http://127.0.0.2:8774/v2.1"],
      [["public", "internal"], "RegionOne", "http://127.0.0.1:8774/v2.1"],
      [["secret", "admin"], "RegionOne", "http://127.0.0.3:8774/v2.1"],
      [["internal", "public"], "RegionTwo", "http://127.0.0.4:8080/compute/v2.1"],
      [["internalURL"], "RegionOne", "http://127.0.0.2:8774/v2.1"],
      ["admin", "RegionOne", "http://127.0.0.3:8774/v2.1"],
      [undefined, "RegionOne", "http://127.0.0.1:8774/v2.1"]
    ] as const
  ) {
    test(`${JSON.stringify(interfaces) ?? "none"} in ${regionName}: ${expected}`, () =>
      Effect.gen(function*() {
        const response = yield* Session.request(HttpClientRequest.get("/servers"), {
          endpointFilter: { serviceType: "compute", regionName, interface: interfaces }
        })
        yield* Support.decode(Support.Servers)(response)
        assert.deepStrictEqual(yield* Support.sentTo("/servers"), [`${expected}/servers`])
      }).pipe(Effect.provide(Support.password()), Effect.provide(Support.session())))
  }

  test("[\"internal\", \"public\"] where only public is", () =>
    Effect.gen(function*() {
      const data = yield* Session.endpointData({
        serviceType: "placement",
        regionName: "RegionTwo",
        interface: ["internal", "public"]
      })
      assert.strictEqual(data.interface, "public")
      assert.strictEqual(summary(data), "http://127.0.0.4:8080/placement 1.0 1.0..1.39")
    }).pipe(Effect.provide(Support.password()), Effect.provide(Support.session())))

  test("one that is not there is told, with those that are", () =>
    Effect.gen(function*() {
      const error = yield* Support.failure(
        Session.endpointData({ serviceType: "placement", regionName: "RegionTwo", interface: ["internal", "admin"] }),
        "EndpointNotFound"
      )
      Support.says(error, "No internal or admin endpoint", "placement", "RegionTwo", "RegionTwo (public)")
      assert.isTrue(error.available.every((offer) => offer.serviceType === "placement"))
    }).pipe(Effect.provide(Support.password()), Effect.provide(Support.session())))
})

Support.onOpenStack("Regions", (test) => {
  for (
    const [serviceType, path, decode] of [
      ["compute", "/servers", Support.decode(Support.Servers)],
      ["image", "/images", Support.decode(Support.Images)],
      ["block-storage", "/volumes", Support.decode(Support.Volumes)]
    ] as const
  ) {
    test(`${serviceType} answers in all three`, () =>
      Effect.gen(function*() {
        for (const regionName of ["RegionOne", "RegionTwo", "RegionTLS"]) {
          const response = yield* Session.request(HttpClientRequest.get(path), {
            endpointFilter: { serviceType, regionName, version: serviceType === "block-storage" ? 3 : 2 }
          })
          yield* decode(response)
        }
        const origins = (yield* Support.sentTo(path)).map((url) => new URL(url).origin)
        assert.deepStrictEqual(origins.slice(1), ["http://127.0.0.4:8080", "https://127.0.0.1:8443"])
      }).pipe(Effect.provide(Support.password()), Effect.provide(trusting)))
  }

  test("one that is not there is told, with those that are", () =>
    Effect.gen(function*() {
      const error = yield* Support.failure(
        Session.endpointData({ serviceType: "compute", regionName: "RegionNine" }),
        "EndpointNotFound"
      )
      Support.says(error, "RegionNine", "compute", "RegionOne (", "RegionTwo (", "RegionTLS (public)")
    }).pipe(Effect.provide(Support.password()), Effect.provide(Support.session())))
})

Support.onOpenStack("What is not there", (test) => {
  test("a service that the catalog does not have: EndpointNotFound, with the services that it has", () =>
    Effect.gen(function*() {
      const error = yield* Support.failure(
        Session.request(HttpClientRequest.get("/"), { endpointFilter: { serviceType: "dns" } }),
        "EndpointNotFound"
      )
      Support.says(error, "\"dns\"")
      for (const serviceType of ["identity", "compute", "placement", "image", "volumev3", "network", "object-store"]) {
        Support.says(error, serviceType)
        assert.include(error.serviceTypes, serviceType)
      }
    }).pipe(Effect.provide(Support.password()), Effect.provide(Support.session())))

  for (
    const [serviceType, version, offered, url] of [
      ["compute", 3, "2.1", "http://127.0.0.1:8774"],
      ["image", 1, "2.16", "http://127.0.0.1:9292"],
      ["identity", "2.0", "3.14", "http://127.0.0.1:5000"],
      ["block-storage", 2, "3.0", "http://127.0.0.1:8776"]
    ] as const
  ) {
    test(`${serviceType} ${version}: DiscoveryFailed, with the versions that there are`, () =>
      Effect.gen(function*() {
        const error = yield* Support.failure(
          Session.endpointData({ serviceType, regionName: "RegionOne", version }),
          "DiscoveryFailed"
        )
        assert.strictEqual(error.reason, "NoMatchingVersion")
        assert.isTrue(error.attempts.length > 0)
        assert.isTrue(error.attempts.some((attempt) => attempt.versions?.includes(offered)), JSON.stringify(error))
        Support.says(error, `"${serviceType}"`, "does not offer that version", url, offered)
      }).pipe(Effect.provide(Support.password()), Effect.provide(Support.session())))
  }

  test("a service that nobody listens for: TransportError, Connect", () =>
    Effect.gen(function*() {
      const error = yield* Support.failure(
        Session.request(HttpClientRequest.get("/"), {
          endpointFilter: { serviceType: "object-store", regionName: "RegionOne" }
        }),
        "TransportError"
      )
      assert.strictEqual(error.reason, "Connect")
      assert.strictEqual(error.code, "ECONNREFUSED")
      Support.says(error, "GET http://127.0.0.1:8088/v1/AUTH_", "could not connect", "ECONNREFUSED")
    }).pipe(Effect.provide(Support.password()), Effect.provide(Support.session())))
})
