import { HttpClient, HttpClientRequest, HttpClientResponse } from "@effect/platform"
import { assert } from "@effect/vitest"
import { Effect, Layer, Schema } from "effect"
import { Adapter, Session } from "effect-keystoneauth"
import * as Support from "./support.js"

class Compute extends Adapter.Tag<Compute>()("test/Compute", {
  serviceType: "compute",
  interface: ["internal", "public"],
  regionName: "RegionOne",
  minVersion: "2.1",
  maxVersion: "2.latest",
  defaultMicroversion: "2.79"
}) {}

class PlainCompute extends Adapter.Tag<PlainCompute>()("test/PlainCompute", {
  serviceType: "compute",
  regionName: "RegionOne"
}) {}

class Placement extends Adapter.Tag<Placement>()("test/Placement", {
  serviceType: "placement",
  regionName: "RegionOne",
  defaultMicroversion: "1.6"
}) {}

class Image extends Adapter.Tag<Image>()("test/Image", {
  serviceType: "image",
  regionName: "RegionOne",
  minVersion: 2
}) {}

class Volume extends Adapter.Tag<Volume>()("test/Volume", {
  serviceType: "block-storage",
  regionName: "RegionOne",
  version: 3,
  defaultMicroversion: "3.59"
}) {}

class VolumeV3 extends Adapter.Tag<VolumeV3>()("test/VolumeV3", {
  serviceType: "volumev3",
  regionName: "RegionOne",
  defaultMicroversion: "3.59"
}) {}

class Identity extends Adapter.Tag<Identity>()("test/Identity", {
  serviceType: "identity",
  regionName: "RegionOne",
  version: 3
}) {}

class Baremetal extends Adapter.Tag<Baremetal>()("test/Baremetal", {
  serviceType: "baremetal",
  regionName: "RegionOne",
  version: 1,
  defaultMicroversion: "1.30"
}) {}

const clients = Layer.mergeAll(
  Compute.layer,
  PlainCompute.layer,
  Placement.layer,
  Image.layer,
  Volume.layer,
  VolumeV3.layer,
  Identity.layer,
  Baremetal.layer
)

const live = (options?: Session.Options) => Layer.provideMerge(clients, Support.session(options))

/** The microversion that the service says it has served. */
const served = (response: HttpClientResponse.HttpClientResponse): string | undefined =>
  response.headers["openstack-api-version"]

const Quota = Schema.Struct({
  quota_set: Schema.Struct({ cores: Schema.Number, floating_ips: Schema.optional(Schema.Number) })
})

Support.onOpenStack("Nova", (test) => {
  test("is asked for the default microversion, and serves it", () =>
    Effect.gen(function*() {
      const compute = yield* Compute
      const response = yield* compute.get("/servers/detail")
      assert.strictEqual(response.status, 200)
      assert.strictEqual(served(response), "compute 2.79")
      assert.deepStrictEqual(yield* Support.decode(Support.Servers)(response), { servers: [] })
    }).pipe(Effect.provide(Support.password()), Effect.provide(live())))

  test("is asked for another microversion by one call, and by none after it", () =>
    Effect.gen(function*() {
      const compute = yield* Compute
      assert.strictEqual(served(yield* compute.get("/servers").pipe(Adapter.withMicroversion("2.90"))), "compute 2.90")
      assert.strictEqual(
        served(yield* compute.get("/servers").pipe(Adapter.withMicroversion("latest"))),
        "compute 2.93"
      )
      assert.strictEqual(served(yield* compute.get("/servers")), "compute 2.79")
      const plain = yield* PlainCompute
      assert.strictEqual(served(yield* plain.get("/servers")), "compute 2.1")
      assert.strictEqual(served(yield* plain.get("/servers").pipe(Adapter.withMicroversion("2.9"))), "compute 2.9")
    }).pipe(Effect.provide(Support.password()), Effect.provide(live())))

  test("answers as the microversion says: floating IPs are gone from quotas since 2.36", () =>
    Effect.gen(function*() {
      const compute = yield* Compute
      const { projects } = yield* Support.fixtures
      const quota = Effect.flatMap(compute.get(`/os-quota-sets/${projects.demo.id}`), Support.decode(Quota))
      assert.isUndefined((yield* quota).quota_set.floating_ips)
      assert.strictEqual((yield* Adapter.withMicroversion(quota, "2.35")).quota_set.floating_ips, -1)
    }).pipe(Effect.provide(Support.password()), Effect.provide(live())))

  test("refuses a microversion that it does not have in its own words, where its document was not read", () =>
    Effect.gen(function*() {
      const compute = yield* PlainCompute
      const error = yield* Support.failure(
        compute.get("/servers").pipe(Adapter.withMicroversion("2.999")),
        "NotAcceptable"
      )
      Support.says(error, "406", "Minimum is 2.1 and maximum is 2.93")
      assert.match(error.requestId ?? "", /^req-/)
      assert.strictEqual(error.serviceType, "compute")
      assert.strictEqual(error.regionName, "RegionOne")
    }).pipe(Effect.provide(Support.password()), Effect.provide(live())))
})

Support.onOpenStack("Placement", (test) => {
  const Traits = Schema.Struct({ traits: Schema.Array(Schema.String) })

  test("serves the microversion that it was asked for", () =>
    Effect.gen(function*() {
      const placement = yield* Placement
      const response = yield* placement.get("/traits")
      assert.strictEqual(served(response), "placement 1.6")
      assert.include((yield* Support.decode(Traits)(response)).traits, "HW_CPU_X86_AVX2")
      const latest = yield* placement.get("/resource_providers").pipe(Adapter.withMicroversion("1.39"))
      assert.strictEqual(served(latest), "placement 1.39")
      // traits came with 1.6
      yield* Support.failure(placement.get("/traits").pipe(Adapter.withMicroversion("1.5")), "NotFound")
    }).pipe(Effect.provide(Support.admin), Effect.provide(live())))

  test("says what is forbidden in the API-SIG's list of errors", () =>
    Effect.gen(function*() {
      const placement = yield* Placement
      const error = yield* Support.failure(placement.get("/traits"), "Forbidden")
      Support.says(error, "GET http://127.0.0.1:8778/traits answered 403 Forbidden", "placement:traits:list", "req-")
    }).pipe(Effect.provide(Support.password()), Effect.provide(live())))
})

Support.onOpenStack("Glance", (test) => {
  const Created = Schema.Struct({ id: Schema.String, status: Schema.String })

  test("takes an image, and gives it back", () =>
    Effect.gen(function*() {
      const image = yield* Image
      yield* Effect.acquireUseRelease(
        HttpClientRequest.post("/images").pipe(
          HttpClientRequest.bodyJson({ name: "first light", disk_format: "raw", container_format: "bare" }),
          Effect.flatMap(image.execute),
          Effect.flatMap(Support.decode(Created))
        ),
        ({ id, status }) =>
          Effect.gen(function*() {
            assert.strictEqual(status, "queued")
            const bytes = new Uint8Array(300_000).map((_, index) => index % 251)
            const put = HttpClientRequest.put(`/images/${id}/file`).pipe(
              HttpClientRequest.bodyUint8Array(bytes, "application/octet-stream")
            )
            assert.strictEqual((yield* image.execute(put)).status, 204)
            const response = yield* image.get(`/images/${id}/file`)
            assert.deepStrictEqual(new Uint8Array(yield* response.arrayBuffer), bytes)
            const listed = yield* Effect.flatMap(image.get("/images"), Support.decode(Support.Images))
            assert.deepInclude(listed.images, { id, name: "first light" })
          }),
        ({ id }) => Effect.orDie(image.del(`/images/${id}`))
      )
      // version 2 was asked for, and found below the catalog's URL
      for (const url of yield* Support.sentTo("/images")) {
        assert.isTrue(url.startsWith("http://127.0.0.1:9292/v2/images"), url)
      }
    }).pipe(Effect.provide(Support.password()), Effect.provide(live())))

  test("through the plain HttpClient tag: bound to its identity, and a 404 is an answer", () =>
    Effect.gen(function*() {
      const found = yield* Effect.flatMap(HttpClient.get("/images"), Support.decode(Support.Images))
      assert.isArray(found.images)
      assert.strictEqual((yield* HttpClient.get("/images/nope")).status, 404)
    }).pipe(
      Effect.provide(Adapter.layer({ serviceType: "image", regionName: "RegionOne", minVersion: 2 })),
      Effect.provide(Support.password()),
      Effect.provide(Support.session())
    ))
})

Support.onOpenStack("Cinder", (test) => {
  test("serves the microversion by either of its types", () =>
    Effect.gen(function*() {
      const { projects } = yield* Support.fixtures
      for (const volume of [yield* Volume, yield* VolumeV3]) {
        const response = yield* volume.get("/volumes/detail")
        assert.strictEqual(served(response), "volume 3.59")
        assert.deepStrictEqual(yield* Support.decode(Support.Volumes)(response), { volumes: [] })
        const newer = yield* volume.get("/volumes/detail").pipe(Adapter.withMicroversion("3.70"))
        assert.strictEqual(served(newer), "volume 3.70")
      }
      assert.deepStrictEqual([...new Set(yield* Support.sentTo("/volumes/detail"))], [
        "http://127.0.0.1:8776/v3/volumes/detail",
        `http://127.0.0.1:8776/v3/${projects.demo.id}/volumes/detail`
      ])
    }).pipe(Effect.provide(Support.password()), Effect.provide(live())))
})

Support.onOpenStack("Keystone", (test) => {
  test("tells the user about himself, and an admin about all", () =>
    Effect.gen(function*() {
      const { users } = yield* Support.fixtures
      const identity = yield* Identity
      const Self = Schema.Struct({ user: Schema.Struct({ id: Schema.String, name: Schema.String }) })
      const self = yield* Effect.flatMap(identity.get(`/users/${users.demo.id}`), Support.decode(Self))
      assert.deepStrictEqual(self.user, { id: users.demo.id, name: "demo" })
      const error = yield* Support.failure(identity.get("/users"), "Forbidden")
      Support.says(error, "identity:list_users", "403")
      const all = yield* identity.get("/users").pipe(
        Effect.flatMap(Support.decode(Support.Users)),
        Effect.provide(Support.admin)
      )
      assert.include(all.users.map((user) => user.id), users.demo.id)
    }).pipe(Effect.provide(Support.password()), Effect.provide(live())))
})

Support.onOpenStack("Ironic", (test) => {
  test("is not asked for a microversion that its document does not have", () =>
    Effect.gen(function*() {
      const baremetal = yield* Baremetal
      const error = yield* Support.failure(
        baremetal.get("/nodes").pipe(Adapter.withMicroversion("1.999")),
        "MicroversionNotSupported"
      )
      Support.says(error, "1.999 of baremetal at http://127.0.0.1:6385/v1", "1.1 to 1.82")
      assert.deepStrictEqual(yield* Support.sentTo("/nodes"), [])
    }).pipe(Effect.provide(Support.password()), Effect.provide(live())))

  test("serves the microversion by its own header", () =>
    Effect.gen(function*() {
      const baremetal = yield* Baremetal
      const response = yield* baremetal.get("/nodes")
      assert.strictEqual(response.headers["x-openstack-ironic-api-version"], "1.30")
    }).pipe(Effect.provide(Support.password()), Effect.provide(live())))
})

Support.onOpenStack("Faults", (test) => {
  for (
    const [name, serviceType, path, words] of [
      ["Nova", "compute", "/servers/nope", "Instance nope could not be found"],
      ["Glance", "image", "/v2/images/nope", "No image found with ID nope"],
      ["Cinder", "block-storage", "/volumes/nope", "Volume nope could not be found"],
      ["Neutron", "network", "/v2.0/networks/nope", "Network nope could not be found"],
      ["Placement", "placement", "/nope", "The resource could not be found"],
      ["Keystone", "identity", "/auth/nope", "requested URL was not found"]
    ] as const
  ) {
    test(`of ${name}: NotFound with its own words and the request's id`, () =>
      Effect.gen(function*() {
        const request = Session.request(HttpClientRequest.get(path), {
          endpointFilter: { serviceType, regionName: "RegionOne" }
        })
        const error = yield* Support.failure(request, "NotFound")
        assert.strictEqual(error.status, 404)
        assert.strictEqual(error.method, "GET")
        assert.isTrue(error.url.endsWith(path), error.url)
        assert.strictEqual(error.serviceType, serviceType)
        assert.match(error.requestId ?? "", /^req-/)
        Support.says(error, words, error.requestId ?? "")
        assert.notMatch(error.message, /<html|\\n|\{"/)
      }).pipe(Effect.provide(Support.admin), Effect.provide(live())))
  }

  test("are answers where raiseForStatus is false", () =>
    Effect.gen(function*() {
      const compute = yield* Compute
      const response = yield* compute.get("/servers/nope").pipe(Adapter.withOptions({ raiseForStatus: false }))
      assert.strictEqual(response.status, 404)
    }).pipe(Effect.provide(Support.password()), Effect.provide(live())))

  test("of a request without authentication: Unauthorized, NoToken", () =>
    Effect.gen(function*() {
      const compute = yield* PlainCompute
      const error = yield* Support.failure(
        compute.get("http://127.0.0.1:8774/v2.1/servers").pipe(Adapter.withOptions({ authenticated: false })),
        "Unauthorized"
      )
      assert.strictEqual(error.reason, "NoToken")
      assert.strictEqual(yield* Effect.flatMap(Support.Wire, (wire) => wire.logins), 0)
    }).pipe(Effect.provide(Support.password()), Effect.provide(live())))
})
