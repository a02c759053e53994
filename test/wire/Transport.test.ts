import { Headers, HttpBody, HttpClient, HttpClientError, HttpClientRequest, HttpClientResponse } from "@effect/platform"
import { assert, describe, it } from "@effect/vitest"
import { Context, Duration, Effect, Fiber, Layer, TestClock } from "effect"
import { Adapter, AuthPlugin, Catalog, Discovery, Session, Transport } from "effect-keystoneauth"
import { readFileSync } from "node:fs"
import * as Http from "node:http"
import type { AddressInfo } from "node:net"
import { ownUserAgent } from "../../src/wire/commonHeaders.js"
import { version } from "../../src/wire/version.js"
import { assertTag, platforms } from "../support.js"

interface Seen {
  readonly method: string
  readonly url: string
  readonly headers: Record<string, string>
  readonly body: string
}

/** A transport that responds from a table, and records the requests. */
const world = (answers: Record<string, () => Response>, options?: Transport.Options) => {
  const seen: Array<Seen> = []
  const client = HttpClient.make((request, url) => {
    seen.push({
      method: request.method,
      url: url.href,
      headers: { ...request.headers },
      body: request.body._tag === "Uint8Array" ? new TextDecoder().decode(request.body.body) : request.body._tag
    })
    const answer = answers[url.href]
    return answer === undefined
      ? Effect.fail(new HttpClientError.RequestError({ request, reason: "Transport", cause: { code: "ENOTFOUND" } }))
      : Effect.succeed(HttpClientResponse.fromWeb(request, answer()))
  })
  const layer = Layer.provide(Transport.layer(options), Layer.succeed(HttpClient.HttpClient, client))
  return { seen, layer }
}

const to = (location: string, status = 302) => () => new Response("moved", { status, headers: { location } })

const execute = (request: HttpClientRequest.HttpClientRequest, options?: Transport.ExecuteOptions) =>
  Effect.flatMap(Transport.Transport, (transport) => transport.execute(request, options))

const secret = {
  "x-auth-token": "t0ken",
  "x-service-token": "t0ken",
  "x-subject-token": "t0ken",
  cookie: "t0ken",
  authorization: "Bearer t0ken",
  "openstack-auth-receipt": "t0ken"
}

describe("redirects", () => {
  it.effect("are followed with method, body and headers on the same origin, for every redirect status", () =>
    Effect.forEach([301, 302, 303, 305, 307, 308], (status) => {
      const { layer, seen } = world({
        "http://a.test/one?x=1": to("two/three?y=2", status),
        "http://a.test/two/three?y=2": () => new Response("here")
      })
      return Effect.gen(function*() {
        const response = yield* execute(
          HttpClientRequest.put("http://a.test/one?x=1", { headers: secret, body: HttpBody.text("body") })
        )
        assert.strictEqual(yield* response.text, "here")
        assert.deepStrictEqual(seen.map(({ body, method }) => [method, body]), [["PUT", "body"], ["PUT", "body"]])
        assert.strictEqual(seen[1]?.headers["x-auth-token"], "t0ken")
      }).pipe(Effect.provide(layer))
    }))

  it.effect("300 and a redirect without a Location are responses", () => {
    const { layer } = world({
      "http://a.test/": () => new Response("choices", { status: 300, headers: { location: "http://a.test/b" } }),
      "http://a.test/none": () => new Response("lost", { status: 302 })
    })
    return Effect.gen(function*() {
      assert.strictEqual((yield* execute(HttpClientRequest.get("http://a.test/"))).status, 300)
      assert.strictEqual((yield* execute(HttpClientRequest.get("http://a.test/none"))).status, 302)
    }).pipe(Effect.provide(layer))
  })

  it.effect("end at the limit, where the redirect is the response", () => {
    const { layer, seen } = world({ "http://a.test/": to("http://a.test/") })
    return Effect.gen(function*() {
      assert.strictEqual((yield* execute(HttpClientRequest.get("http://a.test/"))).status, 302)
      assert.strictEqual(seen.length, 31)
      assert.strictEqual((yield* execute(HttpClientRequest.get("http://a.test/"), { redirects: 0 })).status, 302)
      assert.strictEqual(seen.length, 32)
    }).pipe(Effect.provide(layer))
  })

  it.effect("send no credential to another origin, such as another port, nor back from there", () => {
    const { layer, seen } = world({
      "http://a.test/": to("http://a.test:8080/"),
      "http://a.test:8080/": to("http://a.test/back"),
      "http://a.test/back": () => new Response("here")
    })
    return Effect.gen(function*() {
      const response = yield* execute(
        HttpClientRequest.get("http://a.test/", { headers: { ...secret, "x-other": "unknown", accept: "text/plain" } })
      )
      assert.strictEqual(response.status, 200)
      // only harmless headers are sent
      assert.strictEqual(seen[1]?.headers["accept"], "text/plain")
      assert.isUndefined(seen[1]?.headers["x-other"])
      assert.deepStrictEqual(seen.slice(1).filter((one) => JSON.stringify(one).includes("t0ken")), [])
    }).pipe(Effect.provide(layer))
  })

  it.effect("are refused with a body to another origin, from https to http, and to an invalid URL", () => {
    const { layer, seen } = world({
      "http://a.test/": to("http://b.test/"),
      "https://a.test/": to("http://a.test/"),
      "http://a.test/mail": to("mailto:someone@b.test")
    })
    return Effect.gen(function*() {
      const refused = (request: HttpClientRequest.HttpClientRequest, options?: Transport.ExecuteOptions) =>
        Effect.map(Effect.flip(execute(request, options)), (error) => {
          assertTag(error, "RedirectRefused")
          return error.reason
        })
      const login = HttpClientRequest.post("http://a.test/", { body: HttpBody.text("password") })
      assert.strictEqual(yield* refused(login, { phase: "login" }), "CrossOriginBody")
      assert.strictEqual(
        yield* refused(HttpClientRequest.setHeader(login, "x-auth-token", "t0ken")),
        "CrossOriginBody"
      )
      assert.strictEqual(yield* refused(HttpClientRequest.get("https://a.test/")), "Downgrade")
      assert.strictEqual(yield* refused(HttpClientRequest.get("http://a.test/mail")), "InvalidLocation")
      assert.strictEqual(seen.length, 4)
    }).pipe(Effect.provide(layer))
  })

  it.effect("with a body and without credentials are followed to any origin, as in keystoneauth", () => {
    const { layer, seen } = world({
      "http://a.test/": to("http://b.test/"),
      "http://b.test/": () => new Response("here")
    })
    return Effect.gen(function*() {
      yield* execute(HttpClientRequest.post("http://a.test/", { body: HttpBody.text("metadata") }))
      assert.deepStrictEqual(seen.map(({ body, url }) => [url, body]), [
        ["http://a.test/", "metadata"],
        ["http://b.test/", "metadata"]
      ])
    }).pipe(Effect.provide(layer))
  })

  it.effect("pass on the request id of the first service, unless the request has its own", () => {
    const moved = () =>
      new Response("", { status: 302, headers: { location: "/b", "x-openstack-request-id": "req-theirs" } })
    const { layer, seen } = world({ "http://a.test/": moved, "http://a.test/b": () => new Response("here") })
    return Effect.gen(function*() {
      yield* execute(HttpClientRequest.get("http://a.test/"))
      yield* execute(HttpClientRequest.get("http://a.test/"), { globalRequestId: "req-mine" })
      assert.deepStrictEqual(seen.map(({ headers }) => headers["x-openstack-request-id"]), [
        undefined,
        "req-theirs",
        "req-mine",
        "req-mine"
      ])
    }).pipe(Effect.provide(layer))
  })
})

const silent = HttpClient.make(() => Effect.never)

describe("timeouts", () => {
  it.effect("each kind of request has one", () => {
    const never = Layer.succeed(HttpClient.HttpClient, silent)
    return Effect.gen(function*() {
      for (const [phase, seconds] of [["request", 60], ["login", 30], ["discovery", 20]] as const) {
        const waiting = yield* Effect.fork(Effect.flip(execute(HttpClientRequest.get("http://a.test/"), { phase })))
        yield* TestClock.adjust(`${seconds - 1} seconds`)
        assert.isNull(waiting.unsafePoll())
        yield* TestClock.adjust("1 seconds")
        const error = yield* Fiber.join(waiting)
        assertTag(error, "TimedOut")
        assert.deepStrictEqual([error.phase, error.millis], [phase, seconds * 1000])
      }
    }).pipe(Effect.provide(Layer.provide(Transport.layer(), never)))
  })

  it.effect("one deadline covers login, endpoint, limiters and retries", () =>
    Effect.gen(function*() {
      const waiting = yield* Effect.fork(Effect.flip(Effect.provideService(
        Session.request(HttpClientRequest.get("http://a.test/")),
        AuthPlugin.AuthPlugin,
        AuthPlugin.make({ name: "slow", headers: Effect.never })
      )))
      yield* TestClock.adjust("299 seconds")
      assert.isNull(waiting.unsafePoll())
      yield* TestClock.adjust("1 seconds")
      const error = yield* Fiber.join(waiting)
      assertTag(error, "TimedOut")
      assert.deepStrictEqual([error.phase, error.millis], ["operation", 300_000])
    }).pipe(Effect.provide(Layer.provide(Session.layer(), Layer.succeed(HttpClient.HttpClient, silent)))))

  it.effect("each attempt has its own timeout, counted from its turn at the limiter", () =>
    Effect.gen(function*() {
      const plugin = AuthPlugin.make({ name: "slow", headers: Effect.as(Effect.sleep("50 seconds"), Headers.empty) })
      const request = (options?: Session.RequestOptions) =>
        Effect.fork(Effect.flip(Effect.provideService(
          Session.request(HttpClientRequest.get("http://a.test/"), options),
          AuthPlugin.AuthPlugin,
          plugin
        )))
      // the first attempt begins at 50 s and times out at 110 s; then the second one begins
      const first = yield* request()
      yield* TestClock.adjust("1 seconds")
      const second = yield* request({ timeout: "7 seconds" })
      yield* TestClock.adjust("108 seconds")
      assert.isNull(first.unsafePoll())
      yield* TestClock.adjust("1 seconds")
      const error = yield* Fiber.join(first)
      assertTag(error, "TimedOut")
      assert.deepStrictEqual([error.phase, error.millis], ["request", 60_000])
      yield* TestClock.adjust("6 seconds")
      assert.isNull(second.unsafePoll())
      yield* TestClock.adjust("1 seconds")
      const other = yield* Fiber.join(second)
      assertTag(other, "TimedOut")
      assert.deepStrictEqual([other.phase, other.millis], ["request", 7000])
    }).pipe(Effect.provide(Layer.provide(
      Session.layer({ limits: { concurrency: 1 } }),
      Layer.succeed(HttpClient.HttpClient, silent)
    ))))

  it.effect("invalid timeouts and limits are InvalidOptions, and nothing is sent", () =>
    Effect.forEach(
      [
        [{ timeout: 0 }, {}, "timeout"],
        [{ deadline: 0 }, {}, "deadline"],
        [{}, { timeout: 0 }, "timeout"],
        [{}, { deadline: 0 }, "deadline"],
        [{ limits: { concurrency: 0 } }, {}, "concurrency"]
      ] as const,
      ([session, options, option]) => {
        const { layer, seen } = world({}, session)
        return Effect.gen(function*() {
          const error = yield* Effect.flip(Effect.provideService(
            Session.request(HttpClientRequest.get("http://a.test/"), options),
            AuthPlugin.AuthPlugin,
            AuthPlugin.make({ name: "nobody", headers: Effect.succeed(Headers.empty) })
          ))
          assertTag(error, "InvalidOptions")
          assert.strictEqual(error.option, option)
          assert.deepStrictEqual(seen, [])
        }).pipe(Effect.provide(Layer.provide(
          Session.layerWithoutDependencies(),
          Layer.merge(layer, Layer.provide(Layer.merge(Catalog.layer, Discovery.layer), layer))
        )))
      }
    ))

  it.effect("requests of an adapter with invalid limits fail", () =>
    Effect.gen(function*() {
      const adapter = yield* Adapter.make({ limits: { requestsPerSecond: 0 } })
      assertTag(yield* Effect.flip(adapter.get("http://a.test/")), "InvalidOptions")
    }).pipe(
      Effect.provideService(AuthPlugin.AuthPlugin, AuthPlugin.make({ name: "nobody", headers: Effect.never })),
      Effect.provide(Layer.provide(Session.layer(), Layer.succeed(HttpClient.HttpClient, silent)))
    ))

  it.effect("Duration.infinity is no timeout", () =>
    Effect.gen(function*() {
      const waiting = yield* Effect.fork(Effect.provideService(
        Session.request(HttpClientRequest.get("http://a.test/"), {
          timeout: Duration.infinity,
          deadline: Duration.infinity
        }),
        AuthPlugin.AuthPlugin,
        AuthPlugin.make({ name: "nobody", headers: Effect.succeed(Headers.empty) })
      ))
      yield* TestClock.adjust("30 days")
      assert.isNull(waiting.unsafePoll())
      yield* Fiber.interrupt(waiting)
    }).pipe(Effect.provide(Layer.provide(Session.layer(), Layer.succeed(HttpClient.HttpClient, silent)))))

  it.effect("`text` reads the body with the same timeout again", () => {
    const slow = () =>
      new Response(new ReadableStream({ start: (controller) => controller.enqueue(new Uint8Array(3)) }))
    const { layer } = world({ "http://a.test/": slow })
    return Effect.gen(function*() {
      const transport = yield* Transport.Transport
      const waiting = yield* Effect.fork(Effect.flip(transport.text(HttpClientRequest.get("http://a.test/"))))
      yield* TestClock.adjust("60 seconds")
      assertTag(yield* Fiber.join(waiting), "TimedOut")
    }).pipe(Effect.provide(layer))
  })
})

describe("requests", () => {
  it.effect("the user agent names the program and this library, unless the caller says otherwise", () => {
    const { layer, seen } = world(
      { "http://a.test/": () => new Response("") },
      { appName: "inventory", appVersion: "1.2.0" }
    )
    return Effect.gen(function*() {
      yield* execute(HttpClientRequest.get("http://a.test/"))
      yield* execute(HttpClientRequest.get("http://a.test/", { headers: { "user-agent": "mine" } }))
      assert.deepStrictEqual(seen.map((one) => one.headers["user-agent"]), [
        `inventory/1.2.0 ${ownUserAgent()}`,
        "mine"
      ])
    }).pipe(Effect.provide(layer))
  })

  it("`version` is the version of the package", () => {
    const { version: published } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"))
    assert.strictEqual(version, published)
  })

  it.effect("an invalid URL fails before anything is sent", () => {
    const { layer, seen } = world({})
    return Effect.gen(function*() {
      for (const url of ["", "/servers", "keystone:5000", "http://"]) {
        const error = yield* Effect.flip(execute(HttpClientRequest.get(url)))
        assertTag(error, "TransportError")
      }
      assert.deepStrictEqual(seen.filter((one) => one.url !== "keystone:5000"), [])
    }).pipe(Effect.provide(layer))
  })

  it.effect("trace headers are sent, unless propagation is disabled", () => {
    const { layer, seen } = world({ "http://a.test/": () => new Response("") })
    return Effect.gen(function*() {
      yield* Effect.withSpan(execute(HttpClientRequest.get("http://a.test/")), "outer")
      yield* Effect.withSpan(execute(HttpClientRequest.get("http://a.test/")), "outer").pipe(
        Effect.locally(HttpClient.currentTracerPropagation, false)
      )
      assert.deepStrictEqual(seen.map((one) => "traceparent" in one.headers), [true, false])
    }).pipe(Effect.provide(layer))
  })

  const sockets = Effect.acquireRelease(
    Effect.async<{ readonly url: string; readonly server: Http.Server }>((resume) => {
      const server = Http.createServer((request, response) => {
        switch (request.url) {
          case "/big":
            response.writeHead(200)
            const more = () => response.write(Buffer.alloc(1 << 20), () => response.destroyed || setImmediate(more))
            more()
            break
          case "/reset":
            request.socket.destroy()
            break
          case "/redirect":
            response.writeHead(302, { location: "/headers" })
            response.end("x".repeat(1000))
            break
          default:
            response.end(JSON.stringify(request.headers))
        }
      })
      server.listen(
        0,
        "127.0.0.1",
        () => resume(Effect.succeed({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, server }))
      )
    }),
    ({ server }) =>
      Effect.sync(() => {
        server.closeAllConnections()
        server.close()
      })
  )

  /** An address where no server listens any more. */
  const closed = Effect.scoped(Effect.map(sockets, ({ url }) => url))

  class Sockets extends Context.Tag("test/Sockets")<Sockets, Effect.Effect.Success<typeof sockets>>() {}

  for (const [name, platform] of Object.entries(platforms)) {
    it.live(`works the same over ${name}`, () =>
      Effect.gen(function*() {
        const { url } = yield* Sockets
        const transport = yield* Transport.Transport
        const redirected = yield* execute(HttpClientRequest.get(`${url}/redirect`, { headers: secret }))
        assert.strictEqual(((yield* redirected.json) as Record<string, string>)["x-auth-token"], "t0ken")
        assert.strictEqual(
          (yield* execute(HttpClientRequest.get(`${url}/redirect`), { redirects: 0 })).status,
          302
        )
        // an endless body is read only up to the limit
        const tooLong = yield* Effect.flip(transport.text(HttpClientRequest.get(`${url}/big`), { limit: 100_000 }))
        assertTag(tooLong, "TransportError")
        assert.strictEqual(tooLong.reason, "Response")
        assert.include(tooLong.message, "the body is longer than 100000 bytes")
        const reset = yield* Effect.flip(execute(HttpClientRequest.get(`${url}/reset`)))
        assertTag(reset, "TransportError")
        assert.strictEqual(reset.reason, "Reset")
        const refused = yield* Effect.flip(execute(HttpClientRequest.get(yield* closed)))
        assertTag(refused, "TransportError")
        assert.deepStrictEqual([refused.reason, refused.code], ["Connect", "ECONNREFUSED"])
        const unknown = yield* Effect.flip(execute(HttpClientRequest.get("http://nowhere.invalid/")))
        assertTag(unknown, "TransportError")
        assert.strictEqual(unknown.reason, "Connect")
        // fetch refuses such a URL, and quotes it
        const inUrl = yield* Effect.either(execute(HttpClientRequest.get(url.replace("//", "//me:p@ss@"))))
        assert.notMatch(JSON.stringify(inUrl), /me:|p@ss|ss@/)
      }).pipe(
        Effect.provide(Layer.merge(Layer.provide(Transport.layer(), platform), Layer.scoped(Sockets, sockets)))
      ), 20_000)
  }
})
