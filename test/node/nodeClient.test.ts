/**
 * The client of `NodeTransport` must behave as that of platform-node: one list of tests for both, over real sockets.
 */
import { HttpBody, HttpClient, HttpClientError, HttpClientRequest, type HttpClientResponse } from "@effect/platform"
import { NodeHttpClient, Undici } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import {
  Context,
  DefaultServices,
  Deferred,
  Effect,
  Fiber,
  Layer,
  Option,
  Redacted,
  Runtime,
  Scope,
  Stream,
  Tracer
} from "effect"
import * as NodeTransport from "effect-keystoneauth/NodeTransport"
import { AsyncLocalStorage } from "node:async_hooks"
import { createHash } from "node:crypto"
import * as Http from "node:http"
import type * as Net from "node:net"
import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"
import * as Wire from "../servers.js"

setFlagsFromString("--expose-gc")
const collectGarbage = runInNewContext("gc") as () => void

type Handler = (request: Http.IncomingMessage, response: Http.ServerResponse, socket: Net.Socket) => void

const serve = (handler: Handler) =>
  Effect.map(
    Wire.listen(Http.createServer((request, response) => handler(request, response, request.socket))),
    (listening) => ({ ...listening, url: `http://127.0.0.1:${listening.port}/` })
  )

/** A server for one request, which records when the connection was closed. */
const serveOnce = (handler: Handler) =>
  Effect.gen(function*() {
    const asked = yield* Deferred.make<void>()
    const closed = yield* Deferred.make<void>()
    const server = yield* serve((request, response, socket) => {
      socket.on("close", () => Deferred.unsafeDone(closed, Effect.void))
      socket.on("error", () => {})
      Deferred.unsafeDone(asked, Effect.void)
      handler(request, response, socket)
    })
    return { ...server, asked: Deferred.await(asked), closed: Deferred.await(closed) }
  })

/** Responds with the received request as JSON. */
const echo: Handler = async (request, response) => {
  const body = await new Promise<string>((resolve) => {
    const chunks: Array<Buffer> = []
    request.on("data", (chunk) => chunks.push(chunk))
    request.on("end", () => resolve(Buffer.concat(chunks).toString()))
    request.on("error", () => {})
  })
  response.setHeader("content-type", "application/json")
  response.end(JSON.stringify({ method: request.method, url: request.url, headers: request.headers, body }))
}

interface Echo {
  readonly method: string
  readonly url: string
  readonly headers: Http.IncomingHttpHeaders
  readonly body: string
}

const execute = (request: HttpClientRequest.HttpClientRequest) =>
  Effect.flatMap(HttpClient.HttpClient, (client) => client.execute(request))

const get = (url: string) => execute(HttpClientRequest.get(url))

const echoed = (request: HttpClientRequest.HttpClientRequest) =>
  Effect.flatMap(execute(request), ({ json }) => Effect.map(json, (body) => body as Echo))

const failure = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.map(Effect.flip(effect), (error) => {
    assert.isTrue(HttpClientError.isHttpClientError(error), String(error))
    return error as HttpClientError.HttpClientError
  })

const codeOf = ({ cause }: HttpClientError.HttpClientError) =>
  cause instanceof Error && "code" in cause ? cause.code : undefined

const part = Buffer.alloc(64 * 1024, "x")

/** Writes without end, and counts the written bytes. */
const flood = (response: Http.ServerResponse, count: (bytes: number) => void) => {
  const more = () => {
    while (!response.destroyed) {
      count(part.length)
      if (!response.write(part)) {
        response.once("drain", more)
        return
      }
    }
  }
  more()
}

const sha = (data: Uint8Array | string) => createHash("sha256").update(data).digest("hex")

class Recorder {
  readonly spans: Array<Tracer.Span> = []
  readonly tracer = Tracer.make({
    span: (...options) => {
      const span = Context.get(DefaultServices.liveServices, Tracer.Tracer).span(...options)
      this.spans.push(span)
      return span
    },
    context: (f) => f()
  })
}

const clients = {
  "platform-node's client": NodeHttpClient.layerUndici,
  "NodeTransport's client": NodeTransport.layer({ proxy: false })
}

for (const [name, client] of Object.entries(clients)) {
  const ours = client !== NodeHttpClient.layerUndici
  const live = <E>(
    title: string,
    effect: () => Effect.Effect<void, E, HttpClient.HttpClient | Scope.Scope>
  ) => it.scopedLive(title, () => Effect.provide(effect(), Layer.fresh(client)))

  describe(name, () => {
    live("sends every kind of body", () =>
      Effect.gen(function*() {
        const { url } = yield* serve(echo)
        const post = HttpClientRequest.post(url)
        // platform-node's client cannot send Node's own
        const form = ours ? new FormData() : new Undici.FormData() as unknown as FormData
        form.append("field", "of a form")
        form.append("file", new Blob(["content"], { type: "text/x" }), "name.txt")
        const stream = Stream.make("a ", "stream").pipe(Stream.encodeText)
        const cases: ReadonlyArray<
          readonly [HttpClientRequest.HttpClientRequest, string | RegExp, string | undefined]
        > = [
          [post, "", undefined],
          [HttpClientRequest.bodyText(post, "täxt"), "täxt", "text/plain"],
          [HttpClientRequest.bodyUnsafeJson(post, { a: 1 }), "{\"a\":1}", "application/json"],
          [
            HttpClientRequest.bodyUint8Array(post, Buffer.from("xbytes").subarray(1)),
            "bytes",
            "application/octet-stream"
          ],
          [HttpClientRequest.setBody(post, HttpBody.raw("raw", { contentType: "text/x" })), "raw", "text/x"],
          [
            HttpClientRequest.bodyFormData(post, form),
            /name="field"\r\n\r\nof a form[^]*filename="name.txt"\r\nContent-Type: text\/x\r\n\r\ncontent/,
            undefined
          ],
          [HttpClientRequest.bodyStream(post, stream), "a stream", "application/octet-stream"],
          [HttpClientRequest.bodyUrlParams(post, { a: "b" }), "a=b", "application/x-www-form-urlencoded"]
        ]
        for (const [request, body, type] of cases) {
          const seen = yield* echoed(request)
          assert.strictEqual(seen.method, "POST")
          if (typeof body === "string") assert.strictEqual(seen.body, body)
          else assert.match(seen.body, body)
          if (type !== undefined) assert.strictEqual(seen.headers["content-type"], type)
        }
        const put = yield* echoed(
          HttpClientRequest.put(`${url}p?a=1`, { urlParams: { b: "2 3" }, headers: { X: "y" } })
        )
        assert.deepStrictEqual([put.method, put.url, put.headers["x"]], ["PUT", "/p?a=1&b=2+3", "y"])
      }))

    live("a broken upload is an error, and a refused one is stopped", () =>
      Effect.gen(function*() {
        const { url } = yield* serve(echo)
        const broken = Stream.concat(Stream.make(part), Stream.fail(new Error("no more")))
        const error = yield* failure(execute(HttpClientRequest.bodyStream(HttpClientRequest.post(url), broken)))
        assert.strictEqual(error.reason, "Transport")
        assert.include(String(error.cause), "no more")
        const let_ = yield* Deferred.make<void>()
        const endless = Stream.forever(Stream.make(part)).pipe(Stream.ensuring(Deferred.succeed(let_, undefined)))
        const rude = yield* serveOnce((request, _, socket) => request.once("data", () => socket.destroy()))
        const refused = yield* failure(execute(HttpClientRequest.bodyStream(HttpClientRequest.post(rude.url), endless)))
        assert.strictEqual(refused.reason, "Transport")
        yield* Deferred.await(let_)
      }))

    live("reads every kind of body, and text repeatedly", () =>
      Effect.gen(function*() {
        const { url } = yield* serve((request, response) => {
          const type = request.headers["x-type"]
          if (typeof type === "string") response.setHeader("content-type", type)
          response.setHeader("set-cookie", ["a=1", "b=2; Path=/"])
          response.setHeader("X-Many", ["1", "2"])
          response.statusCode = 203
          request.pipe(response)
        })
        const post = (body: string | Uint8Array, type = "text/plain") =>
          execute(HttpClientRequest.post(url, {
            body: typeof body === "string" ? HttpBody.text(body, type) : HttpBody.uint8Array(body, type),
            headers: { "x-type": type }
          }))
        const text = yield* post("{\"a\":[1]}", "application/json")
        assert.strictEqual(yield* text.text, "{\"a\":[1]}")
        assert.deepStrictEqual(yield* text.json, { a: [1] })
        assert.strictEqual(yield* text.text, "{\"a\":[1]}")
        assert.strictEqual(text.status, 203)
        assert.strictEqual(text.headers["x-many"], "1, 2")
        assert.strictEqual(text.headers["X-Many".toLowerCase()], "1, 2")
        assert.isFalse("toString" in text.headers)
        assert.deepStrictEqual(Object.keys(text.cookies.cookies), ["a", "b"])
        assert.isTrue(Option.isNone(text.remoteAddress))
        assert.deepInclude(JSON.parse(JSON.stringify(text)), { status: 203, body: { a: [1] } })
        const params = yield* post("a=1&b=2")
        assert.deepStrictEqual([...(yield* params.urlParamsBody)], [["a", "1"], ["b", "2"]])
        assert.strictEqual(yield* params.text, "a=1&b=2")
        const bytes = yield* post(Buffer.from([0, 255, 1]))
        assert.deepStrictEqual([...new Uint8Array(yield* bytes.arrayBuffer)], [0, 255, 1])
        assert.strictEqual((yield* bytes.arrayBuffer).byteLength, 3)
        assert.strictEqual(yield* Stream.mkString(Stream.decodeText((yield* post("streamed")).stream)), "streamed")
        const marked = yield* post(Buffer.from([0xef, 0xbb, 0xbf, 0x61, 0xff, 0xc3, 0xa4]))
        assert.strictEqual(yield* marked.text, "a\ufffdä")
        assert.isNull(yield* (yield* post("")).json)
        const error = yield* failure((yield* post("{oops")).json)
        assert.deepStrictEqual([error._tag, error.reason], ["ResponseError", "Decode"])
        assert.instanceOf(error.cause, SyntaxError)
      }))

    live("reads an empty body of HEAD, 204, 304 and 200 in each form", () =>
      Effect.gen(function*() {
        const { url } = yield* serve((request, response) => {
          response.statusCode = Number(request.url?.slice(1)) || 200
          if (request.method === "HEAD") response.setHeader("content-length", "1000")
          response.end()
        })
        const requests = [
          HttpClientRequest.head(url),
          ...["200", "204", "304"].map((path) => HttpClientRequest.get(url + path))
        ]
        for (const request of requests) {
          assert.strictEqual(yield* (yield* execute(request)).text, "")
          assert.strictEqual((yield* (yield* execute(request)).arrayBuffer).byteLength, 0)
          assert.strictEqual(yield* Stream.runCount((yield* execute(request)).stream), 0)
          // this one is not read
          yield* execute(request)
        }
        assert.strictEqual((yield* execute(HttpClientRequest.head(url))).headers["content-length"], "1000")
      }))

    live("uses a connection again, whether a small body was read or not", () =>
      Effect.gen(function*() {
        const { connections, url } = yield* serve((_, response) => response.end("small"))
        for (let i = 0; i < 10; i++) {
          const { text } = yield* get(url)
          if (i % 2 === 0) assert.strictEqual(yield* text, "small")
          yield* Effect.sleep(2)
        }
        assert.lengthOf(connections, 1)
      }))

    live("reads bodies that arrive in single chunks", () =>
      Effect.gen(function*() {
        const { url } = yield* serve(async (_, response) => {
          for (let i = 0; i < 5; i++) {
            response.write(`chunk ${i} `)
            response.write(Buffer.from("ä").subarray(0, 1))
            await new Promise(setImmediate)
            response.write(Buffer.from("ä").subarray(1))
          }
          response.end()
        })
        const expected = Array.from({ length: 5 }, (_, i) => `chunk ${i} ä`).join("")
        assert.strictEqual(yield* (yield* get(url)).text, expected)
        assert.strictEqual(Buffer.from(yield* (yield* get(url)).arrayBuffer).toString(), expected)
        assert.strictEqual(yield* Stream.mkString(Stream.decodeText((yield* get(url)).stream)), expected)
      }))

    live("a slow reader slows down the server, and reads all", () =>
      Effect.gen(function*() {
        let written = 0
        const total = 48 * 1024 * 1024
        const hash = createHash("sha256")
        const { url } = yield* serve((_, response) => {
          const more = () => {
            while (written < total) {
              const chunk = Buffer.alloc(part.length, written / part.length)
              hash.update(chunk)
              written += chunk.length
              if (!response.write(chunk)) {
                response.once("drain", more)
                return
              }
            }
            response.end()
          }
          more()
        })
        const response = yield* get(url)
        yield* Effect.sleep(300)
        const before = written
        assert.isBelow(before, total / 2)
        let read = 0
        let ahead = 0
        const seen = createHash("sha256")
        yield* Stream.runForEach(response.stream, (chunk) => {
          read += chunk.length
          seen.update(chunk)
          ahead = Math.max(ahead, written - read)
          return read < 1024 * 1024 ? Effect.sleep(10) : Effect.void
        })
        assert.strictEqual(read, total)
        assert.isBelow(ahead, total / 2)
        assert.strictEqual(seen.digest("hex"), hash.digest("hex"))
      }))

    live("64 downloads of 5 MB at once, none mixed up", () =>
      Effect.gen(function*() {
        const bodies = Array.from({ length: 64 }, (_, i) => Buffer.alloc(5_000_000, `body ${i} `))
        const { url } = yield* serve((request, response) => response.end(bodies[Number(request.url?.slice(1))]))
        yield* Effect.forEach(bodies, (body, i) =>
          Effect.gen(function*() {
            const response = yield* get(url + i)
            const seen = createHash("sha256")
            if (i % 3 === 0) yield* Stream.runForEach(response.stream, (chunk) => Effect.sync(() => seen.update(chunk)))
            else if (i % 3 === 1) seen.update(Buffer.from(yield* response.arrayBuffer))
            else seen.update(yield* response.text)
            assert.strictEqual(seen.digest("hex"), sha(body))
          }), { concurrency: "unbounded" })
      }))

    live("closes the connection if it is interrupted while it waits for the response", () =>
      Effect.gen(function*() {
        const { asked, closed, url } = yield* serveOnce(() => {})
        const fiber = yield* Effect.fork(get(url))
        yield* asked
        yield* Fiber.interrupt(fiber)
        yield* closed
      }))

    live("does not send a request that is interrupted before", () =>
      Effect.gen(function*() {
        const paths: Array<string | undefined> = []
        const answers: Array<() => void> = []
        const { url } = yield* serve((request, response) => {
          paths.push(request.url)
          answers.push(() => response.end())
          if (request.url !== "/first") response.end()
        })
        const one = Layer.fresh(ours ? NodeTransport.layer({ proxy: false, connections: 1 }) : client)
        yield* Effect.gen(function*() {
          const first = yield* Effect.fork(get(`${url}first`))
          yield* Effect.iterate(0, {
            while: () => answers.length === 0,
            body: (n) => Effect.as(Effect.sleep(5), n + 1)
          })
          const second = yield* Effect.fork(ours ? get(`${url}second`) : Effect.never)
          yield* Effect.sleep(20)
          yield* Fiber.interrupt(second)
          answers.forEach((answer) => answer())
          yield* Fiber.join(first)
          yield* get(`${url}third`)
          assert.deepStrictEqual(paths, ["/first", "/third"])
        }).pipe(Effect.provide(one))
      }))

    const readers: Record<
      string,
      (response: HttpClientResponse.HttpClientResponse) => Effect.Effect<unknown, unknown>
    > = {
      text: (_) => _.text,
      json: (_) => _.json,
      arrayBuffer: (_) => _.arrayBuffer,
      stream: (_) => Stream.runDrain(_.stream)
    }
    for (const [reader, read] of Object.entries(readers)) {
      live(`interrupted while it reads (${reader}), it closes the connection`, () =>
        Effect.gen(function*() {
          const { closed, url } = yield* serveOnce((_, response) => response.write("the beginning"))
          const fiber = yield* Effect.fork(Effect.flatMap(get(url), read))
          yield* Effect.sleep(50)
          yield* Fiber.interrupt(fiber)
          yield* closed
        }))

      live(`a body that breaks off is told as such (${reader})`, () =>
        Effect.gen(function*() {
          const { url } = yield* serveOnce((_, response, socket) => {
            response.setHeader("content-length", "100")
            response.write("some", () => setTimeout(() => socket.destroy(), 30))
          })
          const error = yield* failure(Effect.flatMap(get(url), read))
          assert.deepStrictEqual([error._tag, error.reason, codeOf(error)], [
            "ResponseError",
            "Decode",
            "UND_ERR_SOCKET"
          ])
        }))
    }

    live("closes the connection if a stream is not read to the end", () =>
      Effect.gen(function*() {
        const { closed, url } = yield* serveOnce((_, response) => flood(response, () => {}))
        yield* Effect.flatMap(get(url), ({ stream }) => Stream.runDrain(Stream.take(stream, 2)))
        yield* closed
      }))

    live("fails if a body is read after its stream", () =>
      Effect.gen(function*() {
        const { url } = yield* serve((_, response) => response.end("once"))
        const response = yield* get(url)
        yield* Stream.runDrain(response.stream)
        const error = yield* failure(response.text)
        assert.deepStrictEqual([error._tag, error.reason], ["ResponseError", "Decode"])
        assert.instanceOf(error.cause, TypeError)
        assert.strictEqual(yield* Stream.runCount(response.stream), 0)
      }))

    live("closes the connection of an unread response at last", () =>
      Effect.gen(function*() {
        const { closed, url } = yield* serveOnce((_, response) => flood(response, () => {}))
        yield* Effect.asVoid(get(url))
        const gone = yield* Effect.fork(closed)
        yield* Effect.iterate(0, {
          while: (n) => n < 200 && Option.isNone(Effect.runSync(Fiber.poll(gone))),
          body: (n) => Effect.as(Effect.zipRight(Effect.sync(collectGarbage), Effect.sleep(10)), n + 1)
        })
        yield* Fiber.join(gone)
      }))

    live("withScope: the connection is closed with the scope, waiting or reading", () =>
      Effect.gen(function*() {
        const waiting = yield* serveOnce(() => {})
        const scoped = HttpClient.withScope(yield* HttpClient.HttpClient)
        yield* Effect.scoped(Effect.gen(function*() {
          yield* Effect.forkDaemon(Effect.provideService(scoped.get(waiting.url), Scope.Scope, yield* Effect.scope))
          yield* waiting.asked
        }))
        yield* waiting.closed
        const reading = yield* serveOnce((_, response) => flood(response, () => {}))
        const response = yield* Effect.scoped(scoped.get(reading.url))
        yield* reading.closed
        assert.strictEqual(response.status, 200)
        const whole = yield* serve((_, response) => response.end("whole"))
        assert.strictEqual(yield* Effect.scoped(Effect.flatMap(scoped.get(whole.url), ({ text }) => text)), "whole")
      }))

    live("passes UndiciRequestOptions to undici", () =>
      Effect.gen(function*() {
        const { connections, url } = yield* serve(echo)
        const infos: Array<number> = []
        const request = HttpClientRequest.get(url, { headers: { a: "b" } })
        const options = { method: "DELETE", path: "/other", reset: true, onInfo: () => infos.push(1) }
        for (let i = 0; i < 2; i++) {
          const seen = yield* Effect.provideService(echoed(request), NodeHttpClient.UndiciRequestOptions, options)
          // the request wins
          assert.deepStrictEqual([seen.method, seen.url, seen.headers["a"]], ["GET", "/", "b"])
          assert.strictEqual(seen.headers.connection, "close")
        }
        assert.lengthOf(connections, 2)
      }))

    live("keeps the AsyncLocalStorage of the program", () =>
      Effect.gen(function*() {
        const { url } = yield* serve((_, response) => {
          response.write("a")
          setTimeout(() => response.end("b"), 20)
        })
        // over a connection of another request
        yield* Effect.flatMap(get(url), ({ text }) => text)
        yield* Effect.sleep(20)
        const storage = new AsyncLocalStorage<string>()
        const runtime = yield* Effect.runtime<HttpClient.HttpClient>()
        const program = Effect.gen(function*() {
          const { text } = yield* get(url)
          const before = storage.getStore()
          yield* text
          return [before, storage.getStore()]
        })
        const seen = yield* Effect.promise(() => storage.run("kept", () => Runtime.runPromise(runtime)(program)))
        assert.deepStrictEqual(seen, ["kept", "kept"])
      }))

    live("does not take 1xx for the response", () =>
      Effect.gen(function*() {
        const { url } = yield* serve((_, response) => {
          response.writeEarlyHints({ link: "</style.css>; rel=preload" }, () => response.end("the answer"))
        })
        const infos: Array<number> = []
        const options = {
          method: "GET",
          path: "/",
          onInfo: (info: { statusCode: number }) => infos.push(info.statusCode)
        }
        const response = yield* Effect.provideService(get(url), NodeHttpClient.UndiciRequestOptions, options)
        assert.strictEqual(response.status, 200)
        assert.strictEqual(yield* response.text, "the answer")
        assert.deepStrictEqual(infos, [103])
      }))

    live("has the cause of a failure", () =>
      Effect.gen(function*() {
        const invalid = yield* failure(get("not a url"))
        assert.deepStrictEqual([invalid._tag, invalid.reason], ["RequestError", "InvalidUrl"])
        const closed = yield* Effect.scoped(serve(echo))
        const refused = yield* failure(get(closed.url))
        assert.deepStrictEqual([refused._tag, refused.reason, codeOf(refused)], [
          "RequestError",
          "Transport",
          "ECONNREFUSED"
        ])
        const { url } = yield* serve((_, __, socket) => socket.destroy())
        const lost = yield* failure(execute(HttpClientRequest.post(url)))
        assert.deepStrictEqual([lost.reason, codeOf(lost)], ["Transport", "UND_ERR_SOCKET"])
        const header = yield* failure(execute(HttpClientRequest.get(url, { headers: { a: "b\n" } })))
        assert.deepStrictEqual([header.reason, codeOf(header)], ["Transport", "UND_ERR_INVALID_ARG"])
        const raw = HttpClientRequest.setBody(HttpClientRequest.post(url), HttpBody.raw(5))
        assert.strictEqual(codeOf(yield* failure(execute(raw))), "UND_ERR_INVALID_ARG")
        const upgrade = { method: "GET", path: "/", upgrade: "websocket" }
        const other = yield* failure(Effect.provideService(get(url), NodeHttpClient.UndiciRequestOptions, upgrade))
        assert.strictEqual(other.reason, "Transport")
      }))

    live("makes a client span for a tracer, and sends its headers", () =>
      Effect.gen(function*() {
        const { port, url } = yield* serve(echo)
        const { spans, tracer } = new Recorder()
        const request = HttpClientRequest.get(`${url}path?q=1`, { headers: { authorization: "secret", a: "b" } })
        const seen = yield* echoed(request).pipe(Effect.withSpan("outer"), Effect.withTracer(tracer))
        assert.deepStrictEqual(spans.map(({ kind, name }) => [name, kind]), [
          ["outer", "internal"],
          ["http.client GET", "client"]
        ])
        const [outer, span] = spans
        if (span === undefined || outer === undefined) return assert.fail("no span")
        assert.strictEqual(Option.getOrUndefined(span.parent)?.spanId, outer.spanId)
        assert.strictEqual(seen.headers["traceparent"], `00-${span.traceId}-${span.spanId}-01`)
        assert.strictEqual(seen.headers["b3"], `${span.traceId}-${span.spanId}-1-${outer.spanId}`)
        const attributes = Object.fromEntries(span.attributes)
        assert.deepInclude(attributes, {
          "http.request.method": "GET",
          "http.request.header.a": "b",
          "http.request.header.authorization": String(Redacted.make("")),
          "http.response.status_code": 200,
          "http.response.header.content-type": "application/json",
          "server.port": port,
          "url.full": `${url}path?q=1`,
          "url.path": "/path",
          "url.query": "q=1",
          "url.scheme": "http"
        })
        assert.strictEqual(span.status._tag, "Ended")
      }))

    live("sends the headers of the parent span, unless propagation is disabled", () =>
      Effect.gen(function*() {
        const { url } = yield* serve(echo)
        const trace = (
          transform: (_: HttpClient.HttpClient) => HttpClient.HttpClient
        ) =>
          Effect.gen(function*() {
            const span = yield* Effect.currentSpan
            const response = yield* transform(yield* HttpClient.HttpClient).get(url)
            const { headers } = (yield* response.json) as Echo
            return [headers["traceparent"]?.toString().split("-")[1] === span.traceId, "b3" in headers]
          }).pipe(Effect.withSpan("outer"))
        assert.deepStrictEqual(yield* trace((_) => _), [true, true])
        assert.deepStrictEqual(yield* trace(HttpClient.withTracerPropagation(false)), [false, false])
        assert.deepStrictEqual(yield* trace(HttpClient.withTracerDisabledWhen(() => true)), [false, false])
        const from = { spanId: "00f067aa0ba902b7", traceId: "4bf92f3577b34da6a3ce929d0e0e4736" }
        const { headers } = yield* Effect.withParentSpan(
          echoed(HttpClientRequest.get(url)),
          Tracer.externalSpan({ ...from, sampled: true })
        )
        assert.include(headers["traceparent"], from.traceId)
        assert.notInclude(headers["traceparent"], from.spanId)
        const { tracer, spans } = new Recorder()
        yield* get(url).pipe(Effect.withTracerEnabled(false), Effect.withTracer(tracer))
        assert.lengthOf(spans, 0)
      }))
  })
}
