import { HttpClientRequest } from "@effect/platform"
import { assert } from "@effect/vitest"
import { Duration, Effect, Layer, Schedule } from "effect"
import { Adapter, AuthPlugin, Session } from "effect-keystoneauth"
import { tokenExpiration } from "./globalSetup.js"
import * as Support from "./support.js"

class Compute extends Adapter.Tag<Compute>()("test/Compute", {
  serviceType: "compute",
  regionName: "RegionOne",
  minVersion: "2.1"
}) {}

class Network extends Adapter.Tag<Network>()("test/Network", { serviceType: "network", regionName: "RegionOne" }) {}

class Volume extends Adapter.Tag<Volume>()("test/Volume", { serviceType: "volumev3", regionName: "RegionOne" }) {}

const live = Layer.provideMerge(Layer.mergeAll(Compute.layer, Network.layer, Volume.layer), Support.session())

const servers = Effect.flatMap(
  Compute,
  (compute) => Effect.flatMap(compute.get("/servers"), Support.decode(Support.Servers))
)

const logins = Effect.flatMap(Support.Wire, (wire) => wire.logins)

const currentToken = Effect.map(Support.access, Support.tokenOf)

/** As the admin, at Keystone: this token is good no more. */
const revoke = (token: string) =>
  Effect.gen(function*() {
    const { auth_url } = yield* Support.fixtures
    yield* Session.request(HttpClientRequest.del(`${auth_url}/auth/tokens`, { headers: { "x-subject-token": token } }))
  }).pipe(Effect.provide(Support.admin))

Support.onOpenStack("A token that is revoked", (test) => {
  test("is replaced, and nobody notices", () =>
    Effect.gen(function*() {
      yield* servers
      const before = yield* currentToken
      yield* revoke(before)
      const loginsBefore = yield* logins
      yield* servers
      const after = yield* currentToken
      assert.notStrictEqual(after, before)
      assert.strictEqual(yield* logins, loginsBefore + 1)
      // what was sent with it: once, and rejected
      const rejected = (yield* Effect.flatMap(Support.Wire, (wire) => wire.exchanges)).filter((exchange) =>
        exchange.status === 401
      )
      assert.deepStrictEqual(rejected.map((exchange) => exchange.token), [before])
    }).pipe(Effect.provide(Support.password()), Effect.provide(live)))

  test("is replaced once for 20 requests at once, and all of them succeed", () =>
    Effect.gen(function*() {
      yield* servers
      const before = yield* currentToken
      yield* revoke(before)
      const loginsBefore = yield* logins
      const tokens = yield* Effect.all(
        Array.from({ length: 20 }, () => Effect.zipRight(servers, currentToken)),
        { concurrency: "unbounded" }
      )
      assert.strictEqual(new Set(tokens).size, 1)
      assert.notStrictEqual(tokens[0], before)
      assert.strictEqual(yield* currentToken, tokens[0])
      assert.strictEqual(yield* logins, loginsBefore + 1)
    }).pipe(Effect.provide(Support.password()), Effect.provide(live)))

  test("twice in a row, and with a body that is sent again", () =>
    Effect.gen(function*() {
      const image = yield* Adapter.make({ serviceType: "image", regionName: "RegionOne", version: 2 })
      for (const round of [1, 2]) {
        yield* revoke(yield* currentToken)
        const response = yield* HttpClientRequest.post("/images").pipe(
          HttpClientRequest.bodyUnsafeJson({ name: `round ${round}`, disk_format: "raw", container_format: "bare" }),
          image.execute
        )
        const { id, name } = yield* Support.decode(Support.Image)(response)
        assert.strictEqual(name, `round ${round}`)
        yield* image.del(`/images/${id}`)
      }
    }).pipe(Effect.provide(Support.password()), Effect.provide(live)))

  test("of one tenant leaves the other's alone", () =>
    Effect.gen(function*() {
      const other = Effect.provide(currentToken, Support.appCredential("plain"))
      const kept = yield* other
      yield* servers
      yield* revoke(yield* currentToken)
      yield* servers
      assert.strictEqual(yield* other, kept)
    }).pipe(Effect.provide(Support.password()), Effect.provide(live)))
}, ["undici"])

Support.onOpenStack("A token that ends", (test) => {
  test("is renewed before: requests of 12 seconds with tokens of 5, and none fails", () =>
    Effect.acquireUseRelease(
      Effect.flatMap(Support.Cloud, (cloud) => cloud.setTokenExpiration(5)),
      () =>
        Effect.gen(function*() {
          const seen = new Set<string>()
          let requests = 0
          const steady = Effect.gen(function*() {
            yield* servers
            seen.add(yield* currentToken)
            requests++
          })
          yield* steady.pipe(
            Effect.repeat(
              Schedule.spaced("50 millis").pipe(
                Schedule.intersect(Schedule.elapsed),
                Schedule.whileOutput(([, elapsed]) => Duration.lessThan(elapsed, "12 seconds"))
              )
            ),
            Effect.replicateEffect(3, { concurrency: "unbounded" })
          )
          assert.isAbove(requests, 30)
          // 12 seconds are more than two lives, and a life is used for most of its length
          assert.isAtLeast(seen.size, 3)
          assert.isAtMost(seen.size, 5)
          // the last renewal may be still under way
          assert.include([seen.size, seen.size + 1], yield* logins)
        }).pipe(Effect.provide(Support.password()), Effect.provide(live)),
      () => Effect.flatMap(Support.Cloud, (cloud) => cloud.setTokenExpiration(tokenExpiration))
    ))
}, ["undici"])

Support.onOpenStack("Two tenants in one program", (test) => {
  test("interleaved, with the layer provided anew around each request: each its own, and one login each", () =>
    Effect.gen(function*() {
      const { projects, users } = yield* Support.fixtures
      const network = yield* Network
      const volume = yield* Volume
      const tokens = new Map<string, Set<string>>()
      const as = (
        make: () => Layer.Layer<AuthPlugin.AuthPlugin, never, Session.Session | Support.Cloud>,
        userId: string,
        projectId: string
      ) =>
        Effect.gen(function*() {
          const plugin = make()
          // Neutron's word for who this is
          const seen = yield* network.get("/v2.0/quotas/project").pipe(
            Effect.flatMap(Support.decode(Support.SeenProject)),
            Effect.provide(plugin)
          )
          assert.strictEqual(seen.project.project_id, projectId)
          // Cinder's URL has the project in it, and Cinder refuses another one's
          yield* volume.get("/volumes").pipe(Effect.provide(make()))
          const info = yield* Effect.provide(Support.access, make())
          assert.strictEqual(info.userId, userId)
          assert.strictEqual(info.projectId, projectId)
          tokens.set(userId, (tokens.get(userId) ?? new Set()).add(Support.tokenOf(info)))
        })
      const demo = as(() => Support.password(), users.demo.id, projects.demo.id)
      const second = as(
        () => Support.password("second-demo", { projectName: "second-project", projectDomainName: "second" }),
        users["second-demo"].id,
        projects.second.id
      )
      const robot = as(() => Support.appCredential("plain"), users["appcred-user"].id, projects.demo.id)
      const all = Array.from({ length: 15 }, () => [demo, second, robot]).flat()
      yield* Effect.all(all, { concurrency: 6 })
      assert.strictEqual(tokens.size, 3)
      for (const [userId, own] of tokens) {
        assert.strictEqual(own.size, 1, userId)
      }
      assert.strictEqual(yield* logins, 3)
      // on the wire as well: a token and a project's URL always go together
      const pairs = new Set(
        (yield* Effect.flatMap(Support.Wire, (wire) => wire.exchanges)).flatMap((exchange) => {
          const project = /\/v3\/([0-9a-f]{32})\/volumes/.exec(exchange.url)?.[1]
          return project === undefined ? [] : [`${project} ${exchange.token}`]
        })
      )
      assert.strictEqual(pairs.size, 3)
    }).pipe(Effect.provide(live)))

  test("the innermost layer is who a request is made as", () =>
    Effect.gen(function*() {
      const { projects } = yield* Support.fixtures
      const network = yield* Network
      const project = network.get("/v2.0/quotas/project").pipe(
        Effect.flatMap(Support.decode(Support.SeenProject)),
        Effect.map((seen) => seen.project.project_id)
      )
      assert.strictEqual(yield* project, projects.demo.id)
      const alt = Support.password("demo", { projectName: "alt", projectDomainName: "Default" })
      assert.strictEqual(yield* Effect.provide(project, alt), projects.alt.id)
      assert.strictEqual(yield* project, projects.demo.id)
    }).pipe(Effect.provide(Support.password()), Effect.provide(live)))

  test("200 first requests at once log in once", () =>
    Effect.gen(function*() {
      yield* Effect.all(Array.from({ length: 200 }, () => currentToken), { concurrency: "unbounded" })
      yield* Effect.all(Array.from({ length: 20 }, () => servers), { concurrency: "unbounded" })
      assert.strictEqual(yield* logins, 1)
    }).pipe(Effect.provide(Support.password()), Effect.provide(live)))
}, ["undici"])
