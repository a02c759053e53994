/** Requests over real sockets: what servers receive, and when connections are closed. */
import { FetchHttpClient, HttpBody, HttpClientRequest } from "@effect/platform"
import { NodeHttpClient } from "@effect/platform-node"
import * as Undici from "@effect/platform-node/Undici"
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Fiber, Layer, Redacted, type Scope, Stream } from "effect"
import { Adapter, AdminToken, AuthPlugin, Session, Transport } from "effect-keystoneauth"
import * as Http from "node:http"
import * as Net from "node:net"
import { assertTag } from "../support.js"

const portOf = (server: Net.Server): number => (server.address() as Net.AddressInfo).port

/** A server that records its requests. */
const serve = (
  answer: (request: Http.IncomingMessage, response: Http.ServerResponse, nth: number) => void,
  port = 0
) =>
  Effect.acquireRelease(
    Effect.async<{ readonly url: string; readonly seen: Array<Http.IncomingMessage>; readonly server: Http.Server }>(
      (resume) => {
        const seen: Array<Http.IncomingMessage> = []
        const server = Http.createServer((request, response) => {
          seen.push(request)
          request.resume()
          answer(request, response, seen.length)
        })
        server.listen(port, "127.0.0.1", () => {
          resume(Effect.succeed({ url: `http://127.0.0.1:${portOf(server)}`, seen, server }))
        })
      }
    ),
    ({ server }) =>
      Effect.sync(() => {
        server.closeAllConnections()
        server.close()
      })
  )

const plugin = AdminToken.make({ endpoint: "http://127.0.0.1/", token: Redacted.make("t0ken") })

const get = (url: string, options?: Session.RequestOptions) =>
  Effect.provideService(Session.request(HttpClientRequest.get(url), options), AuthPlugin.AuthPlugin, plugin)

const platforms = [["undici", NodeHttpClient.layerUndici], ["fetch", FetchHttpClient.layer]] as const

for (const [name, platform] of platforms) {
  const run = <A, E>(effect: Effect.Effect<A, E, Session.Session | Scope.Scope>, options?: Session.Options) =>
    Effect.scoped(effect).pipe(Effect.provide(Layer.provide(Session.layer(options), platform)))

  describe(`over ${name}`, () => {
    it.live("a loop of redirects ends at the limit", () =>
      run(Effect.gen(function*() {
        const { seen, url } = yield* serve((_, response) => {
          response.writeHead(302, { location: "/again" }).end("x".repeat(10_000))
        })
        const response = yield* get(url)
        assert.strictEqual(response.status, 302)
        assert.strictEqual(seen.length, 31)
      })))

    it.live("another host receives no token and no cookie, and no body of a request with one", () =>
      run(Effect.gen(function*() {
        const other = yield* serve((_, response) => response.end("here"))
        const { url } = yield* serve((_, response) => response.writeHead(307, { location: `${other.url}/x` }).end())
        const response = yield* Effect.provideService(
          Session.request(HttpClientRequest.get(url, { headers: { cookie: "t0ken", "accept-language": "cy" } })),
          AuthPlugin.AuthPlugin,
          plugin
        )
        assert.strictEqual(yield* response.text, "here")
        assert.strictEqual(other.seen[0]?.headers["accept-language"], "cy")
        assert.notInclude(JSON.stringify(other.seen[0]?.rawHeaders), "t0ken")
        const refused = yield* Effect.flip(Effect.provideService(
          Session.request(HttpClientRequest.post(url, { body: HttpBody.text("secret") })),
          AuthPlugin.AuthPlugin,
          plugin
        ))
        assertTag(refused, "RedirectRefused")
        assert.strictEqual(other.seen.length, 1)
      })))

    it.live("a timeout for headers closes the connection", () =>
      run(Effect.gen(function*() {
        const closed = yield* Deferred.make<void>()
        const { url } = yield* serve((request) => {
          request.socket.once("close", () => Deferred.unsafeDone(closed, Effect.void))
        })
        const error = yield* Effect.flip(get(url, { timeout: "50 millis" }))
        assertTag(error, "TimedOut")
        assert.deepStrictEqual([error.phase, error.millis], ["request", 50])
        yield* Deferred.await(closed)
        const slow = yield* Effect.flip(get(url, { deadline: "50 millis" }))
        assertTag(slow, "TimedOut")
        assert.deepStrictEqual([slow.phase, slow.millis], ["operation", 50])
      })))

    it.live("interrupting a request closes its connection", () =>
      run(Effect.gen(function*() {
        const arrived = yield* Deferred.make<void>()
        const closed = yield* Deferred.make<void>()
        const { url } = yield* serve((request) => {
          request.socket.once("close", () => Deferred.unsafeDone(closed, Effect.void))
          Deferred.unsafeDone(arrived, Effect.void)
        })
        const fiber = yield* Effect.fork(get(url))
        yield* Deferred.await(arrived)
        yield* Fiber.interrupt(fiber)
        yield* Deferred.await(closed)
      })))

    it.live("interrupting the delay before a retry prevents it", () =>
      run(Effect.gen(function*() {
        const arrived = yield* Deferred.make<void>()
        const { seen, url } = yield* serve((_, response) => {
          response.writeHead(503).end()
          Deferred.unsafeDone(arrived, Effect.void)
        })
        const fiber = yield* Effect.fork(get(url, { retries: { status: 3, statusDelay: "1 hour" } }))
        yield* Deferred.await(arrived)
        yield* Fiber.interrupt(fiber)
        assert.strictEqual(seen.length, 1)
      })))

    it.live("a connection is retried until the server listens", () =>
      run(Effect.gen(function*() {
        // a port where no server listens any more
        const port = yield* Effect.scoped(Effect.map(serve(() => undefined), ({ server }) => portOf(server)))
        const url = `http://127.0.0.1:${port}/`
        const refused = yield* Effect.flip(get(url, { retries: { connect: 2, connectDelay: "5 millis" } }))
        assertTag(refused, "TransportError")
        assert.deepStrictEqual([refused.reason, refused.code, refused.attempts], ["Connect", "ECONNREFUSED", 3])
        const fiber = yield* Effect.fork(get(url, { retries: { connect: 1000, connectDelay: "5 millis" } }))
        yield* serve((_, response) => response.end("up"), port)
        assert.strictEqual(yield* Effect.flatMap(Fiber.join(fiber), (response) => response.text), "up")
      })))

    it.live("after a broken connection a GET is sent again, and a POST is not", () =>
      run(Effect.gen(function*() {
        const { seen, url } = yield* serve((request, response, nth) => {
          nth === 1 || request.method === "POST" ? request.socket.destroy() : response.end("here")
        })
        const policy = { retries: { connect: 3, connectDelay: 0 } }
        assert.strictEqual((yield* get(url, policy)).status, 200)
        const error = yield* Effect.flip(Effect.provideService(
          Session.request(HttpClientRequest.post(url, { body: HttpBody.text("x") }), policy),
          AuthPlugin.AuthPlugin,
          plugin
        ))
        assertTag(error, "TransportError")
        assert.strictEqual(error.reason, "Reset")
        assert.deepStrictEqual(seen.map(({ method }) => method), ["GET", "GET", "POST"])
      })))

    it.live("Retry-After is obeyed", () =>
      run(Effect.gen(function*() {
        const times: Array<number> = []
        const { url } = yield* serve((_, response, nth) => {
          times.push(performance.now())
          nth === 1 ? response.writeHead(429, { "retry-after": "1" }).end() : response.end("here")
        })
        yield* get(url, { retries: { status: 1, statusDelay: 0, jitter: 0 } })
        assert.isAtLeast(times[1]! - times[0]!, 995)
      })))

    it.live("a stream is not sent again after a 503", () =>
      run(Effect.gen(function*() {
        let reads = 0
        const { seen, url } = yield* serve((request, response) => {
          request.on("end", () => response.writeHead(503).end())
        })
        const stream = Stream.suspend(() => {
          reads++
          return Stream.make(new TextEncoder().encode("data"))
        })
        const error = yield* Effect.flip(Effect.provideService(
          Session.request(HttpClientRequest.put(url, { body: HttpBody.stream(stream) }), { retries: { status: 5 } }),
          AuthPlugin.AuthPlugin,
          plugin
        ))
        assertTag(error, "ServiceUnavailable")
        assert.deepStrictEqual([seen.length, reads], [1, 1])
      })))

    it.live("unneeded bodies are discarded, even if they are endless", () =>
      run(
        Effect.gen(function*() {
          let written = 0
          const open = new Set<Net.Socket>()
          const { seen, server, url } = yield* serve((request, response, nth) => {
            if (nth > 200) {
              response.end("here")
              return
            }
            const status = request.url === "/a" ? 302 : 503
            response.writeHead(status, status === 302 ? { location: "/b" } : {})
            const chunk = Buffer.alloc(1 << 18)
            const more = () => {
              written += chunk.length
              response.write(chunk, () => response.destroyed || setImmediate(more))
            }
            more()
          })
          server.on("connection", (socket) => {
            open.add(socket)
            socket.once("close", () => open.delete(socket))
          })
          yield* get(`${url}/a`, { retries: { status: 200, statusDelay: 0 } })
          assert.strictEqual(seen.length, 201)
          // of each endless body only some hundred kilobytes, and the content of buffers, were written
          assert.isBelow(written / 200, 16 << 20)
          assert.isAtMost(open.size, 20)
        })
      ), 60_000)

    it.live("the limits of an adapter and of its session both apply", () =>
      run(
        Effect.gen(function*() {
          let running = 0
          let most = 0
          const { seen, url } = yield* serve((_, response) => {
            most = Math.max(most, ++running)
            setTimeout(() => {
              running--
              response.end("here")
            }, 5)
          })
          const narrow = yield* Adapter.make({ limits: { concurrency: 2 } })
          const wide = yield* Adapter.make({ limits: { concurrency: 50 } })
          const storm = (client: Adapter.Client, n: number) =>
            Effect.forEach(
              Array.from({ length: n }),
              () => Effect.flatMap(client.get(url), (response) => response.text),
              { concurrency: "unbounded", discard: true }
            ).pipe(Effect.provideService(AuthPlugin.AuthPlugin, plugin))
          yield* storm(narrow, 40)
          assert.strictEqual(most, 2)
          most = 0
          yield* Effect.zip(storm(wide, 60), storm(narrow, 10), { concurrent: true })
          assert.strictEqual(most, 5)
          assert.strictEqual(seen.length, 110)
        }),
        { limits: { concurrency: 5 } }
      ), 20_000)
  })
}

it.live("a connection timeout has the phase connect", () =>
  Effect.gen(function*() {
    const agent = yield* Effect.acquireRelease(
      Effect.sync(() => new Undici.Agent({ connect: { timeout: 40 } })),
      (agent) => Effect.promise(() => agent.destroy())
    )
    const silent = yield* Effect.acquireRelease(
      Effect.async<Net.Server>((resume) => {
        const server = Net.createServer(() => undefined)
        server.listen(0, "127.0.0.1", () => resume(Effect.succeed(server)))
      }),
      (server) => Effect.sync(() => server.close())
    )
    const platform = Layer.provide(
      NodeHttpClient.layerUndiciWithoutDispatcher,
      Layer.succeed(NodeHttpClient.Dispatcher, agent)
    )
    const error = yield* Effect.flatMap(
      Transport.Transport,
      // TLS is a part of connecting, and this server never responds to the handshake
      (transport) => transport.execute(HttpClientRequest.get(`https://127.0.0.1:${portOf(silent)}/`))
    ).pipe(Effect.flip, Effect.provide(Layer.provide(Transport.layer(), platform)))
    assertTag(error, "TimedOut")
    assert.strictEqual(error.phase, "connect")
    assert.strictEqual(error.millis, 40)
    assert.include(error.message, "no connection within 40 ms (connect timeout): ")
  }).pipe(Effect.scoped), 20_000)
