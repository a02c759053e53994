import { HttpClient, HttpClientRequest, HttpClientResponse } from "@effect/platform"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Either, Layer, Schema } from "effect"
import {
  Adapter,
  type ApiVersion,
  Catalog,
  Discovery,
  EndpointData,
  Errors,
  type Microversion,
  Session,
  Transport
} from "effect-keystoneauth"
import * as NoAuth from "../../src/plugins/NoAuth.js"
import { assertTag } from "../support.js"

const version = (id: string, status: string, path: string, more: object = {}) => ({
  id,
  status,
  links: [{ rel: "self", href: `http://any.test${path}` }],
  ...more
})

const glance = { versions: [version("v2.15", "SUPPORTED", "/v2/"), version("v2.16", "CURRENT", "/v2/")] }

const nova = {
  version: version("v2.1", "CURRENT", "/v2.1/", { version: "2.93", min_version: "2.1" })
}

const answers: Record<string, { readonly status: number; readonly body: unknown }> = {
  "http://nova.test/v2.1/": { status: 200, body: nova },
  "http://nova.test/v2.1": { status: 200, body: nova }
}

/** A Glance that responds to each path at its root with its versions, and a Nova at `/v2.1`. */
const world = (body: unknown = glance) => {
  const sent: Array<string> = []
  const client = HttpClient.make((request, url) => {
    sent.push(`${request.method} ${url.href}`)
    const answer = answers[url.href] ??
      (url.host === "glance.test" && !url.pathname.startsWith("/v2/")
        ? { status: 300, body }
        : { status: 200, body: {} })
    return Effect.succeed(HttpClientResponse.fromWeb(
      request,
      new Response(typeof answer.body === "string" ? answer.body : JSON.stringify(answer.body), {
        status: answer.status,
        headers: { "content-type": "application/json", "x-openstack-request-id": "req-1" }
      })
    ))
  })
  const catalog = Catalog.layerStatic([
    { serviceType: "image", endpoints: [{ url: "http://glance.test", regionName: "R" }] },
    { serviceType: "compute", endpoints: [{ url: "http://nova.test/v2.1", regionName: "R" }] }
  ])
  const layer = Layer.mergeAll(
    Session.layerWithoutDependencies().pipe(
      Layer.provide(Layer.merge(catalog, Discovery.layer)),
      Layer.provide(Transport.layer()),
      Layer.provide(Layer.succeed(HttpClient.HttpClient, client))
    ),
    NoAuth.layer()
  )
  return { sent, layer }
}

const image = Adapter.make({ serviceType: "image" })

describe("a 300", () => {
  it.effect("fails with the list of versions, unless the request reads the endpoint itself", () =>
    Effect.forEach(
      [
        "GET /images",
        "HEAD /images",
        "POST /images",
        "POST /",
        "PUT /images/1/file",
        "DELETE /images/1",
        "OPTIONS /",
        "GET /v1",
        "GET /a?b"
      ],
      (line) => {
        const [method = "", path = ""] = line.split(" ")
        const { layer, sent } = world()
        return Effect.gen(function*() {
          const client = yield* image
          const error = yield* Effect.flip(
            client.execute(HttpClientRequest.get(path).pipe(HttpClientRequest.setMethod(method as "GET")))
          )
          assertTag(error, "MultipleChoices")
          assert.deepStrictEqual(sent, [`${method} http://glance.test${path}`])
          assert.deepStrictEqual(
            [
              error.status,
              error.method,
              error.url,
              error.requestId,
              error.serviceType,
              error.regionName,
              error.attempts
            ],
            [300, method, `http://glance.test${path}`, "req-1", "image", "R", undefined]
          )
          assert.deepStrictEqual(error.versions, ["2.16 (CURRENT)", "2.15 (SUPPORTED)"])
          assert.include(error.message, "2.16 (CURRENT), 2.15 (SUPPORTED)")
          assert.include(error.message, "minVersion: 2 ")
          assert.isTrue(Errors.isKeystoneAuthError(error))
        }).pipe(Effect.provide(layer))
      }
    ))

  it.effect("succeeds if the endpoint is read, without raiseForStatus, and for an absolute URL", () =>
    Effect.gen(function*() {
      const client = yield* image
      const plain = yield* HttpClient.HttpClient
      const quietly = Adapter.withOptions({ raiseForStatus: false })
      const answers = [
        yield* client.get(""),
        yield* client.get("/"),
        yield* client.head("/"),
        yield* client.get("/?limit=1"),
        yield* quietly(client.post("/images")),
        yield* client.get("http://glance.test/images"),
        yield* plain.post("/images")
      ]
      assert.deepStrictEqual(answers.map(({ status }) => status), answers.map(() => 300))
    }).pipe(Effect.provide(Layer.provideMerge(Adapter.layer({ serviceType: "image" }), world().layer))))

  it.effect("is read in every format, and with any body", () =>
    Effect.forEach(
      [
        [{ versions: { values: glance.versions } }, ["2.16 (CURRENT)", "2.15 (SUPPORTED)"]],
        [{ choices: [{ id: "v2.1", status: "CURRENT", links: [{ href: "http://h/v2.1/images", rel: "self" }] }] }, [
          "2.1 (CURRENT)"
        ]],
        [{ versions: [{ id: "v2.0" }, { id: "v3", status: "supported" }, 7, null, { id: {} }] }, [
          "3.0 (SUPPORTED)",
          "2.0 (UNKNOWN)"
        ]],
        [{ versions: Array.from({ length: 1000 }, (_, i) => ({ id: `v1.${i}` })) }, 30],
        ["not JSON", []],
        ["", []],
        ["[]", []],
        [{ versions: "v2" }, []]
      ] as const,
      ([body, versions]) =>
        Effect.gen(function*() {
          const client = yield* image
          const error = yield* Effect.flip(client.post("/images"))
          assertTag(error, "MultipleChoices")
          if (typeof versions === "number") {
            assert.strictEqual(error.versions.length, versions)
          } else {
            assert.deepStrictEqual(error.versions, versions)
          }
          assert.match(error.message, /minVersion: \d/)
        }).pipe(Effect.provide(world(body).layer))
    ))

  it("can be encoded and decoded, like every error", () => {
    const error = new Errors.MultipleChoices({
      method: "GET",
      url: "http://h/",
      status: 300,
      versions: ["2.0 (CURRENT)"]
    })
    const encoded: unknown = JSON.parse(JSON.stringify(Schema.encodeSync(Errors.MultipleChoices)(error)))
    assert.strictEqual(Schema.decodeUnknownSync(Errors.MultipleChoices)(encoded).message, error.message)
  })
})

describe("a filter without a version", () => {
  it.effect("has the URL of its requests, beside that of the newest version", () => {
    const { layer } = world()
    return Effect.gen(function*() {
      const open = yield* Session.endpointData({ serviceType: "image" })
      assert.deepStrictEqual([open.url, open.requestUrl], ["http://glance.test/v2/", "http://glance.test"])
      assert.match(
        EndpointData.explain(open),
        /that version is at http:\/\/glance\.test\/v2\/.*\nrequests go to http:\/\/glance\.test$/
      )
      const chosen = yield* Session.endpointData({ serviceType: "image", version: 2 })
      assert.deepStrictEqual([chosen.url, chosen.requestUrl], ["http://glance.test/v2/", "http://glance.test/v2/"])
    }).pipe(Effect.provide(layer))
  })

  it.effect("has the URL where requests arrive, for every range and catalog URL", () =>
    Effect.forEach(
      (["image", "compute"] as const).flatMap((serviceType) =>
        ([{}, { version: 2 }, { minVersion: "2.0" }, { maxVersion: "2.latest" }, {
          minVersion: "2.1",
          maxVersion: "2.1"
        }] as ReadonlyArray<
          {
            readonly version?: ApiVersion.Input
            readonly minVersion?: ApiVersion.Input
            readonly maxVersion?: ApiVersion.Input
          }
        >).map((range) => ({ serviceType, ...range }))
      ),
      (filter) => {
        const { layer, sent } = world()
        return Effect.gen(function*() {
          const data = yield* Effect.either(Session.endpointData(filter))
          const response = yield* Effect.either(Session.request(HttpClientRequest.get("/x"), {
            endpointFilter: filter,
            raiseForStatus: false
          }))
          assert.strictEqual(Either.isRight(response), Either.isRight(data))
          if (Either.isRight(data)) {
            assert.strictEqual(sent.at(-1), `GET ${data.right.requestUrl.replace(/\/$/, "")}/x`, JSON.stringify(filter))
          }
        }).pipe(Effect.provide(layer))
      }
    ))
})

describe("a microversion without a version", () => {
  const servers = (microversion: Microversion.Input) =>
    Effect.flatMap(
      Adapter.make({ serviceType: "compute" }),
      (compute) => compute.get("/servers").pipe(Adapter.withMicroversion(microversion))
    )

  it.effect("is sent unchecked until a version document is known", () => {
    const { layer, sent } = world()
    return Effect.gen(function*() {
      assert.strictEqual((yield* servers("2.99")).status, 200)
      assert.deepStrictEqual(sent, ["GET http://nova.test/v2.1/servers"])
      yield* Session.endpointData({ serviceType: "compute" })
      const before = sent.length
      const error = yield* Effect.flip(servers("2.99"))
      assertTag(error, "MicroversionNotSupported")
      assert.deepStrictEqual(
        [error.minMicroversion, error.maxMicroversion, error.url, sent.length],
        ["2.1", "2.93", "http://nova.test/v2.1", before]
      )
      assert.strictEqual((yield* servers("2.93")).status, 200)
      assert.strictEqual((yield* servers("latest")).status, 200)
    }).pipe(Effect.provide(layer))
  })

  it.effect("is sent unchecked also with a version that the URL shows", () => {
    const { layer, sent } = world()
    return Effect.gen(function*() {
      const compute = yield* Adapter.make({ serviceType: "compute", version: "2.1", defaultMicroversion: "2.99" })
      assert.strictEqual((yield* compute.get("/servers")).status, 200)
      assert.strictEqual(sent.length, 1)
      yield* Session.allVersionData({ serviceType: "compute" })
      assertTag(yield* Effect.flip(compute.get("/servers")), "MicroversionNotSupported")
    }).pipe(Effect.provide(layer))
  })
})
