import { HttpClient, HttpClientRequest, HttpClientResponse } from "@effect/platform"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Redacted } from "effect"
import { Adapter, AdminToken, AuthPlugin, Session } from "effect-keystoneauth"
import { ownUserAgent } from "../../src/wire/commonHeaders.js"

type Sent = Readonly<Record<string, string | undefined>>

/** The headers of one request at the server. */
const sent = (
  options: Session.Options,
  request: Effect.Effect<unknown, unknown, Session.Session | AuthPlugin.AuthPlugin>
): Effect.Effect<Sent> => {
  let headers: Sent = {}
  const client = HttpClient.make((request) => {
    headers = { ...request.headers }
    return Effect.succeed(HttpClientResponse.fromWeb(request, new Response("")))
  })
  return Effect.zipRight(Effect.orDie(request), Effect.sync(() => headers)).pipe(
    Effect.provideService(
      AuthPlugin.AuthPlugin,
      AdminToken.make({ endpoint: "http://a.test/", token: Redacted.make("t0ken") })
    ),
    Effect.provide(Layer.provide(Session.layer(options), Layer.succeed(HttpClient.HttpClient, client)))
  )
}

const url = "http://a.test/"
const plain = HttpClientRequest.get(url)

describe("the user agent", () => {
  it.effect("names the program, its client library, other libraries, and this library", () =>
    Effect.gen(function*() {
      const session: Session.Options = {
        appName: "inventory",
        appVersion: "1.2.0",
        additionalUserAgent: [["sdk", "3"], ["glue", ""]]
      }
      const client = Effect.flatMap(
        Adapter.make({ clientName: "compute-client", clientVersion: "7" }),
        (adapter) => adapter.execute(plain)
      )
      const { "user-agent": agent } = yield* sent(session, client)
      assert.strictEqual(agent, `inventory/1.2.0 compute-client/7 sdk/3 glue ${ownUserAgent()}`)
    }))

  it.effect("is replaced by that of the session or of the request, which wins over the header", () =>
    Effect.gen(function*() {
      const session: Session.Options = { appName: "inventory", userAgent: "mine" }
      assert.strictEqual((yield* sent(session, Session.request(plain)))["user-agent"], `mine ${ownUserAgent()}`)
      const header = HttpClientRequest.setHeader(plain, "user-agent", "header")
      assert.strictEqual((yield* sent(session, Session.request(header)))["user-agent"], "header")
      const { "user-agent": agent } = yield* sent(session, Session.request(header, { userAgent: "whole" }))
      assert.strictEqual(agent, "whole")
    }))

  it("names the runtime if it is known", () =>
    assert.match(ownUserAgent(), /^effect-keystoneauth\/\d+\.\d+\.\d+( (Node\.js|Deno|Bun|Cloudflare-Workers)\S*)?$/))
})

describe("additional headers", () => {
  it.effect("are defaults: the request wins, then call, adapter and session", () =>
    Effect.gen(function*() {
      const names = ["x-session", "x-adapter", "x-call", "x-request"]
      const values = (count: number, value: string) =>
        Object.fromEntries(names.slice(0, count).map((name) => [name, value]))
      const request = Effect.gen(function*() {
        const adapter = yield* Adapter.make({ additionalHeaders: values(3, "adapter") })
        return yield* adapter.execute(HttpClientRequest.setHeaders(plain, values(1, "request"))).pipe(
          Adapter.withOptions({ additionalHeaders: values(2, "call") })
        )
      })
      const headers = yield* sent({ additionalHeaders: values(4, "session") }, request)
      assert.deepStrictEqual(names.map((name) => headers[name]), ["request", "call", "adapter", "session"])
    }))

  it.effect("never replace the token", () =>
    Effect.gen(function*() {
      const headers = yield* sent({ additionalHeaders: { "X-Auth-Token": "forged" } }, Session.request(plain))
      assert.strictEqual(headers["x-auth-token"], "t0ken")
    }))
})

describe("the global request id", () => {
  it.effect("of a call wins over the header of the request, that of an adapter does not", () =>
    Effect.gen(function*() {
      const header = HttpClientRequest.setHeader(plain, "x-openstack-request-id", "req-header")
      const through = (request: HttpClientRequest.HttpClientRequest, call?: Adapter.CallOptions) =>
        Effect.map(
          sent(
            {},
            Effect.flatMap(
              Adapter.make({ globalRequestId: "req-adapter" }),
              (adapter) => Adapter.withOptions(adapter.execute(request), call ?? {})
            )
          ),
          (headers) => headers["x-openstack-request-id"]
        )
      assert.strictEqual(yield* through(plain), "req-adapter")
      assert.strictEqual(yield* through(header), "req-header")
      assert.strictEqual(yield* through(header, { globalRequestId: "req-call" }), "req-call")
    }))
})

describe("Forwarded", () => {
  it.effect("names the original address, IPv6 as in RFC 7239, unless the request sets the header", () =>
    Effect.gen(function*() {
      const forwarded = (
        session: Session.Options,
        request = plain,
        options?: Session.RequestOptions
      ) => Effect.map(sent(session, Session.request(request, options)), (headers) => headers["forwarded"])
      const by = ownUserAgent()
      assert.strictEqual(yield* forwarded({ originalIp: "192.0.2.7" }), `for=192.0.2.7;by=${by}`)
      assert.strictEqual(yield* forwarded({ originalIp: "2001:db8::1" }), `for="[2001:db8::1]";by=${by}`)
      assert.strictEqual(yield* forwarded({ originalIp: "[2001:db8::1]" }), `for="[2001:db8::1]";by=${by}`)
      assert.strictEqual(
        yield* forwarded({ originalIp: "192.0.2.7" }, plain, { originalIp: "192.0.2.8" }),
        `for=192.0.2.8;by=${by}`
      )
      const own = HttpClientRequest.setHeader(plain, "forwarded", "for=me")
      assert.strictEqual(yield* forwarded({ originalIp: "192.0.2.7" }, own), "for=me")
      assert.isUndefined(yield* forwarded({ originalIp: "" }))
      assert.isUndefined(yield* forwarded({}))
    }))
})
