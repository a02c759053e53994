import { HttpBody, HttpClientRequest } from "@effect/platform"
import { NodeHttpServer } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Either, Layer, Stream } from "effect"
import { type AuthPlugin, Password, Session } from "effect-keystoneauth"
import * as TestCloud from "effect-keystoneauth/TestCloud"
import { createServer } from "node:http"
import { assertTag, Compute, logins, platforms, projectOf } from "./support.js"

const served = Layer.provide(
  TestCloud.layerServer(),
  NodeHttpServer.layer(createServer, { host: "127.0.0.1", port: 0 })
)

const demo = Layer.unwrapEffect(
  Effect.map(TestCloud.TestCloud, (cloud) => Password.layer({ authUrl: cloud.authUrl, ...cloud.accounts.demo }))
)

type Environment = TestCloud.TestCloud | Compute | AuthPlugin.AuthPlugin | Session.Session

const list = Effect.flatMap(Compute, (compute) => compute.get("/servers"))

const many = Effect.flatMap(Compute, (compute) => compute.get("/servers/detail")).pipe(
  Effect.flatMap(projectOf),
  Effect.replicateEffect(40, { concurrency: "unbounded" })
)

const created = (body: HttpBody.HttpBody) =>
  Effect.flatMap(Compute, (compute) => compute.execute(HttpClientRequest.post("/servers", { body })))

const server = { server: { name: "web-9", flavorRef: "1", networks: "none" } }

const json = new TextEncoder().encode(JSON.stringify(server))

// the whole of it over real sockets: what the in-memory cloud cannot show
for (const [name, platform] of Object.entries(platforms)) {
  const on = <E>(effect: Effect.Effect<void, E, Environment>, options?: Session.Options) =>
    effect.pipe(
      Effect.provide(
        Layer.merge(demo, Compute.layer).pipe(
          Layer.provideMerge(Session.layer(options)),
          Layer.provideMerge(Layer.merge(Layer.fresh(served), platform))
        )
      )
    )

  describe(`over ${name}`, () => {
    it.live("forty requests at once log in once, and once more when the token is revoked", () =>
      on(Effect.gen(function*() {
        const { accounts, revokeTokens } = yield* TestCloud.TestCloud
        const projects = Array.from({ length: 40 }, () => [accounts.demo.projectId])
        assert.deepStrictEqual(yield* many, projects)
        assert.strictEqual(yield* logins, 1)
        yield* revokeTokens()
        assert.deepStrictEqual(yield* many, projects)
        assert.strictEqual(yield* logins, 2)
      })))

    it.live("bytes are sent again after a 401, a stream is not", () =>
      on(Effect.gen(function*() {
        const { journal, revokeTokens } = yield* TestCloud.TestCloud
        yield* list
        yield* revokeTokens()
        assert.strictEqual((yield* created(HttpBody.uint8Array(json, "application/json"))).status, 202)
        yield* revokeTokens()
        const stream = HttpBody.stream(Stream.make(json), "application/json")
        const refused = yield* Effect.flip(created(stream))
        assertTag(refused, "Unauthorized")
        assert.strictEqual(refused.reason, "NotRetried")
        assert.strictEqual((yield* created(stream)).status, 202)
        const posts = (yield* journal).filter(({ method, path }) => method === "POST" && path.endsWith("/servers"))
        assert.deepStrictEqual(posts.map(({ status }) => status), [401, 202, 401, 202])
      })))

    it.live("a request that takes too long is told and let go, one that is dropped is told, and both do no harm", () =>
      on(
        Effect.gen(function*() {
          const { behave, journal, misbehave } = yield* TestCloud.TestCloud
          yield* list
          yield* misbehave({ service: "compute", times: 1, kind: { delay: "1 hour" } })
          const late = yield* Effect.flip(list)
          assertTag(late, "TimedOut")
          assert.strictEqual((yield* journal).at(-1)?.status, 0)
          yield* misbehave({ service: "compute", kind: { connection: "reset" } })
          const dropped = yield* Effect.flip(list)
          assertTag(dropped, "TransportError")
          assert.strictEqual(dropped.reason, "Reset")
          yield* behave
          assert.strictEqual((yield* list).status, 200)
          assert.strictEqual(yield* logins, 1)
        }),
        { timeout: "300 millis" }
      ))

    it.live("a redirect is followed with the token at home, and without it elsewhere", () =>
      on(
        Effect.gen(function*() {
          const cloud = yield* TestCloud.TestCloud
          const elsewhere = Context.get(yield* Layer.build(Layer.fresh(served)), TestCloud.TestCloud)
          const away = (baseUrl: string) =>
            cloud.misbehave({
              path: /v2.1\/servers$/,
              times: 1,
              kind: { redirect: `${baseUrl}/internal/compute/v2.1/servers` }
            })
          yield* away(cloud.baseUrl)
          assert.strictEqual((yield* list).status, 200)
          yield* away(elsewhere.baseUrl)
          assertTag(yield* Effect.flip(list), "Unauthorized")
          const journal = yield* elsewhere.journal
          assert.isAbove(journal.length, 0)
          for (const { headers } of journal) {
            assert.notProperty(headers, "x-auth-token")
          }
        }).pipe(Effect.scoped)
      ))

    it.live("no body, half a body and an error's body are what they are", () =>
      on(Effect.gen(function*() {
        const { authUrl, misbehave } = yield* TestCloud.TestCloud
        const compute = yield* Compute
        const url = (yield* created(HttpBody.uint8Array(json, "application/json"))).headers["location"] ?? ""
        const gone = yield* compute.del(url)
        assert.deepStrictEqual([gone.status, yield* gone.text], [204, ""])
        const head = yield* compute.head(authUrl)
        assert.deepStrictEqual([head.status, yield* head.text], [200, ""])
        const missing = yield* Effect.flip(compute.del(url))
        assertTag(missing, "NotFound")
        assert.match(missing.serviceMessage ?? "", /could not be found/)
        yield* misbehave({ path: "/servers", kind: { malformed: "truncated" } })
        assert.isTrue(Either.isLeft(yield* Effect.either(Effect.flatMap(list, ({ json }) => json))))
      })))
  })
}
