import { HttpApi, HttpApiClient, HttpApiEndpoint, HttpApiGroup, HttpClient, HttpClientResponse } from "@effect/platform"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Schedule, Schema } from "effect"
import { Adapter, type AuthPlugin, type Errors, Session } from "effect-keystoneauth"
import * as TestCloud from "effect-keystoneauth/TestCloud"
import { assertTag, Compute, demo, logins, projectOf, serviceRequests, tenantB } from "../support.js"

const test = Layer.provideMerge(Compute.layer, TestCloud.layer())

const Servers = Schema.Struct({ servers: Schema.Array(Schema.Struct({ name: Schema.String })) })

const microversions = Effect.map(serviceRequests, (requests) => requests.map((entry) => entry.microversion))

describe("a tag", () => {
  it.effect("is a client for its service, with its microversion", () =>
    Effect.gen(function*() {
      const compute = yield* Compute
      const response = yield* compute.get("/servers/detail")
      assert.strictEqual(response.headers["openstack-api-version"], "compute 2.79")
      const { servers } = yield* HttpClientResponse.schemaBodyJson(Servers)(response)
      assert.isAbove(servers.length, 0)
      const [request] = yield* serviceRequests
      assert.strictEqual(request?.path, "/compute/v2.1/servers/detail")
      assert.strictEqual(request?.headers["x-openstack-nova-api-version"], "2.79")
    }).pipe(Effect.provide(test)))

  it.effect("joins paths with one slash, keeps queries, and takes absolute URLs as they are", () =>
    Effect.gen(function*() {
      const cloud = yield* TestCloud.TestCloud
      const compute = yield* Compute
      yield* compute.get("servers", { urlParams: { limit: 1 } })
      yield* compute.get("/servers?limit=2")
      yield* compute.get(`${cloud.baseUrl}/internal/compute/v2.1/servers`)
      assert.deepStrictEqual((yield* serviceRequests).map((entry) => entry.url), [
        `${cloud.baseUrl}/compute/v2.1/servers?limit=1`,
        `${cloud.baseUrl}/compute/v2.1/servers?limit=2`,
        `${cloud.baseUrl}/internal/compute/v2.1/servers`
      ])
      // a host without a scheme, as in keystoneauth
      const error = yield* Effect.flip(compute.get("//servers"))
      assertTag(error, "TransportError")
      assert.strictEqual(error.reason, "Request")
    }).pipe(Effect.provide(test)))

  it.effect("merges the endpoint filter of a call with its own", () =>
    Effect.gen(function*() {
      const compute = yield* Compute
      yield* compute.get("/servers").pipe(Adapter.withOptions({ endpointFilter: { interface: "internal" } }))
      const [request] = yield* serviceRequests
      assert.strictEqual(request?.path, "/internal/compute/v2.1/servers")
      assert.strictEqual(request?.headers["x-openstack-nova-api-version"], "2.79")
    }).pipe(Effect.provide(test)))

  it.effect("takes the first interface that the catalog has", () =>
    Effect.gen(function*() {
      const cloud = yield* TestCloud.TestCloud
      for (
        const [wanted, url] of [
          [["secret", "internal", "public"], `${cloud.baseUrl}/internal/compute/v2.1`],
          ["adminURL", `${cloud.baseUrl}/admin/compute/v2.1`],
          [[], `${cloud.baseUrl}/compute/v2.1`]
        ] as const
      ) {
        const endpoint = yield* Session.endpointData({ serviceType: "compute", interface: wanted })
        assert.strictEqual(endpoint.catalogUrl, url)
      }
    }).pipe(Effect.provide(test)))
})

describe("options for one call", () => {
  it.effect("withMicroversion wins over the default, and a header of the request over both", () =>
    Effect.gen(function*() {
      const compute = yield* Compute
      yield* compute.get("/servers").pipe(Adapter.withMicroversion("2.90"))
      yield* Adapter.withMicroversion(compute.get("/servers"), "latest")
      yield* compute.get("/servers", { headers: { "OpenStack-API-Version": "compute 2.5" } })
      yield* compute.get("/servers")
      assert.deepStrictEqual(yield* microversions, ["2.90", "latest", "2.5", "2.79"])
    }).pipe(Effect.provide(test)))

  it.effect("inner options win over outer ones, and add to them", () =>
    Effect.gen(function*() {
      const compute = yield* Compute
      const inner = compute.get("/nothing").pipe(Adapter.withMicroversion("2.80"))
      const response = yield* inner.pipe(Adapter.withOptions({ raiseForStatus: false, microversion: "2.81" }))
      assert.strictEqual(response.status, 404)
      assert.deepStrictEqual(yield* microversions, ["2.80"])
    }).pipe(Effect.provide(test)))

  it.effect("an invalid or unsupported microversion fails before the request is sent", () =>
    Effect.gen(function*() {
      const discovering = yield* Adapter.make({ serviceType: "image", version: 2 })
      const placement = yield* Adapter.make({ serviceType: "placement", minVersion: "1", maxVersion: "1.latest" })
      // @ts-expect-error a number cannot tell 2.1 from 2.10
      const number = discovering.get("/images").pipe(Adapter.withMicroversion(true))
      assertTag(yield* Effect.flip(number), "InvalidVersion")
      const error = yield* Effect.flip(placement.get("/traits").pipe(Adapter.withMicroversion("1.99")))
      assertTag(error, "MicroversionNotSupported")
      assert.match(error.message, /1\.99 of placement at .* supports 1\.0 to 1\./)
      assert.deepStrictEqual(yield* serviceRequests, [])
    }).pipe(Effect.provide(test)))
})

describe("statuses", () => {
  it.effect("are typed errors with the message of the service", () =>
    Effect.gen(function*() {
      const cloud = yield* TestCloud.TestCloud
      const compute = yield* Compute
      const tags: Array<string> = []
      for (const status of [400, 403, 404, 405, 406, 408, 409, 410, 413, 418, 429, 500, 501, 502, 503, 504]) {
        yield* cloud.misbehave({ service: "compute", path: "/servers", times: 1, kind: { status } })
        const error = yield* Effect.flip(compute.get("/servers"))
        assert.isTrue("status" in error && error.status === status && error.requestId !== undefined)
        tags.push(error._tag)
      }
      assert.deepStrictEqual(tags, [
        "BadRequest",
        "Forbidden",
        "NotFound",
        "MethodNotAllowed",
        "NotAcceptable",
        "RequestTimeout",
        "Conflict",
        "Gone",
        // Nova's 413 is "over limit"
        "RateLimited",
        "ClientError",
        "RateLimited",
        "InternalServerError",
        "NotImplemented",
        "ServerError",
        "ServiceUnavailable",
        "ServerError"
      ])
      const missing = yield* Effect.flip(compute.get("/servers/none"))
      assertTag(missing, "NotFound")
      assert.match(
        missing.message,
        /GET http:.*\/servers\/none answered 404 Not Found: Instance none .* \(request req-/
      )
    }).pipe(Effect.provide(test)))
})

describe("the plain HttpClient", () => {
  // does not know this library
  const program = Effect.flatMap(HttpClient.HttpClient, (client) => client.get("/servers"))

  it.effect("is bound to the AuthPlugin of its layer", () =>
    Effect.gen(function*() {
      const cloud = yield* TestCloud.TestCloud
      const bound = Layer.provide(Adapter.layer({ serviceType: "compute" }), yield* tenantB)
      const response = yield* program.pipe(Effect.provide(bound), Effect.provide(yield* demo))
      assert.deepStrictEqual(yield* projectOf(response), [])
      const [request] = yield* serviceRequests
      assert.strictEqual(request?.project, "tenant-b")
      assert.strictEqual(yield* logins, 1)
      assert.isString(cloud.baseUrl)
    }).pipe(Effect.provide(TestCloud.layer({ services: [TestCloud.compute({ servers: [] })] }))))

  it.effect("succeeds with any status, and fails with a RequestError that says whether to retry", () =>
    Effect.gen(function*() {
      const cloud = yield* TestCloud.TestCloud
      const layer = Adapter.layer({ serviceType: "compute" })
      const missing = yield* Effect.flatMap(HttpClient.HttpClient, (client) => client.get("/nothing")).pipe(
        Effect.provide(layer)
      )
      assert.strictEqual(missing.status, 404)
      const none = yield* Effect.flip(Effect.provide(program, Adapter.layer({ serviceType: "dns" })))
      assertTag(none, "RequestError")
      assert.strictEqual(none.reason, "InvalidUrl")
      assert.strictEqual((none.cause as Errors.EndpointNotFound)._tag, "EndpointNotFound")
      yield* cloud.misbehave({ service: "compute", times: 2, kind: { connection: "refused" } })
      const retried = yield* Effect.flatMap(
        HttpClient.HttpClient,
        (client) => client.pipe(HttpClient.retryTransient({ times: 2 })).get("/servers")
      ).pipe(Effect.provide(layer))
      assert.strictEqual(retried.status, 200)
    }).pipe(Effect.provide(test)))

  it.effect("works for a client that is derived from an HttpApi, with typed errors and AuthPlugin", () =>
    Effect.gen(function*() {
      const Api = HttpApi.make("nova").add(
        HttpApiGroup.make("servers").add(HttpApiEndpoint.get("list", "/servers").addSuccess(Servers))
      )
      const compute = yield* Compute
      const nova = yield* HttpApiClient.makeWith(Api, { httpClient: compute })
      const list = nova.servers.list({})
      const { servers } = yield* list
      assert.isAbove(servers.length, 0)
      // @ts-expect-error the derived client requires an AuthPlugin
      const _: Effect.Effect<unknown, unknown> = list
      assert.isDefined(_)
    }).pipe(Effect.provide(test)))
})

describe("types", () => {
  it("a request needs an AuthPlugin, a layer of a tag does not", () => {
    const request = Effect.flatMap(Compute, (compute) => compute.get("/servers"))
    const needs: Effect.Effect<unknown, Session.Error, Compute | AuthPlugin.AuthPlugin> = request
    // @ts-expect-error without an AuthPlugin it does not compile
    const lacks: Effect.Effect<unknown, Session.Error, Compute> = request
    const layer: Layer.Layer<Compute, never, Session.Session> = Compute.layer
    assert.isDefined([needs, lacks, layer])
    // @ts-expect-error a version is not any string
    assert.isDefined(() => Adapter.make({ serviceType: "compute", minVersion: "newest" }))
  })

  it.effect("a client of a tag works with retry and catchTag", () =>
    Effect.gen(function*() {
      const cloud = yield* TestCloud.TestCloud
      const compute = yield* Compute
      yield* cloud.misbehave({ service: "compute", path: "/servers", times: 2, kind: { status: 503 } })
      const patient = compute.pipe(HttpClient.retry({
        schedule: Schedule.recurs(2),
        while: (error) => error._tag === "ServiceUnavailable"
      }))
      assert.strictEqual((yield* patient.get("/servers")).status, 200)
    }).pipe(Effect.provide(test)))
})
