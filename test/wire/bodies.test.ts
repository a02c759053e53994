/** Bodies over real sockets: compressed ones, slow uploads, and headers that cannot be sent. */
import {
  FetchHttpClient,
  HttpBody,
  HttpClient,
  HttpClientError,
  HttpClientRequest,
  HttpClientResponse
} from "@effect/platform"
import { NodeHttpClient } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Data, Deferred, Effect, Fiber, Layer, Logger, LogLevel, Redacted, Schedule, type Scope, Stream } from "effect"
import { AdminToken, AuthPlugin, Password, Session, Transport } from "effect-keystoneauth"
import * as NodeTransport from "effect-keystoneauth/NodeTransport"
import * as Http from "node:http"
import * as Zlib from "node:zlib"
import * as ContentCoding from "../../src/wire/contentCoding.js"
import * as Wire from "../servers.js"
import { assertTag } from "../support.js"

type Handler = (request: Http.IncomingMessage, response: Http.ServerResponse) => void

const serve = (handler: Handler) =>
  Effect.map(Effect.orDie(Wire.listen(Http.createServer(handler))), ({ port }) => `http://127.0.0.1:${port}`)

const platforms = {
  undici: NodeHttpClient.layerUndici,
  NodeTransport: NodeTransport.layer({ proxy: false }),
  fetch: FetchHttpClient.layer,
  "node:http": NodeHttpClient.layer
}

const plugin = AdminToken.make({ endpoint: "http://127.0.0.1/", token: Redacted.make("t0ken") })

const send = (request: HttpClientRequest.HttpClientRequest, options?: Session.RequestOptions) =>
  Effect.provideService(Session.request(request, options), AuthPlugin.AuthPlugin, plugin)

const get = (url: string, options?: Session.RequestOptions) => send(HttpClientRequest.get(url), options)

const json = JSON.stringify({ servers: Array.from({ length: 100 }, (_, id) => ({ id, name: "a server" })) })

const message = JSON.stringify({ badRequest: { code: 400, message: "no such flavor" } })

const codings: Readonly<Record<string, (data: string | Uint8Array) => Uint8Array>> = {
  gzip: Zlib.gzipSync,
  "x-gzip": Zlib.gzipSync,
  GZIP: Zlib.gzipSync,
  "gzip, identity": Zlib.gzipSync,
  deflate: Zlib.deflateSync
}

/** Responds with these bytes and the headers of a correct server. */
const answering = (
  encoding: string,
  body: Uint8Array,
  status = 200,
  headers: Http.OutgoingHttpHeaders = {}
) =>
  serve((request, response) => {
    request.resume()
    response.writeHead(status, {
      "content-type": "application/json",
      "content-encoding": encoding,
      "content-length": body.length,
      "x-openstack-request-id": "req-1",
      ...headers
    })
    response.end(request.method === "HEAD" ? undefined : body)
  })

const token = JSON.stringify({
  token: {
    methods: ["password"],
    user: { id: "u1", name: "demo", domain: { id: "default", name: "Default" } },
    issued_at: "2026-01-01T00:00:00.000000Z",
    expires_at: "2999-01-01T00:00:00.000000Z",
    catalog: []
  }
})

/** Logs in at the server, and uses the token. */
const login = (url: string) =>
  Effect.flatMap(
    Password.make({
      authUrl: `${url}/v3`,
      username: "demo",
      password: Redacted.make("secret"),
      userDomainName: "Default"
    }),
    ({ headers }) => headers
  )

class ReadFailed extends Data.TaggedError("ReadFailed")<{ readonly message: string }> {}

for (const [name, platform] of Object.entries(platforms)) {
  const decodesItself = name === "fetch"
  const live = <A, E>(
    title: string,
    effect: () => Effect.Effect<A, E, Session.Session | Transport.Transport | HttpClient.HttpClient | Scope.Scope>,
    options?: Session.Options
  ) =>
    it.scopedLive(title, () =>
      Effect.provide(
        effect(),
        Layer.merge(Session.layer(options), Transport.layer(options)).pipe(Layer.provideMerge(Layer.fresh(platform)))
      ))

  describe(`bodies over ${name}`, () => {
    for (const [coding, encode] of Object.entries(codings)) {
      live(`are decoded: ${coding}`, () =>
        Effect.gen(function*() {
          const url = yield* answering(coding, encode(json))
          const response = yield* get(url)
          assert.deepStrictEqual(yield* response.json, JSON.parse(json))
          assert.strictEqual(yield* response.text, json)
          if (!decodesItself) {
            assert.notProperty(response.headers, "content-encoding")
            assert.notProperty(response.headers, "content-length")
          }
          const buffer = yield* Effect.flatMap(get(url), ({ arrayBuffer }) => arrayBuffer)
          assert.strictEqual(Buffer.from(buffer).toString(), json)
          const streamed = yield* Effect.flatMap(get(url), ({ stream }) => Stream.mkString(Stream.decodeText(stream)))
          assert.strictEqual(streamed, json)
        }))
    }

    live("are requested with supported codings, and ranges without a coding", () =>
      Effect.gen(function*() {
        const url = yield* serve((request, response) => {
          response.end(String(request.headers["accept-encoding"]))
        })
        const asked = (headers: Record<string, string>, options?: Session.RequestOptions) =>
          Effect.flatMap(send(HttpClientRequest.get(url, { headers }), options), ({ text }) => text)
        assert.strictEqual(yield* asked({}), "gzip, deflate")
        assert.strictEqual(yield* asked({}, { clientName: "client" }), "gzip, deflate")
        assert.strictEqual(yield* asked({ "accept-encoding": "br" }), "br")
        assert.strictEqual(yield* asked({}, { additionalHeaders: { "Accept-Encoding": "zstd" } }), "zstd")
        // fetch repeats the reason
        assert.match(yield* asked({ range: "bytes=0-9" }), /^identity(, identity)?$/)
        assert.match(yield* asked({ range: "bytes=0-9" }, { clientName: "client" }), /^identity(, identity)?$/)
      }))

    if (!decodesItself) {
      live("are decoded: deflate without zlib's header", () =>
        Effect.gen(function*() {
          const url = yield* answering("deflate", Zlib.deflateRawSync(json))
          assert.strictEqual(yield* Effect.flatMap(get(url), ({ text }) => text), json)
        }))
    }

    live("a compressed file with a content coding arrives as a compressed file", () =>
      Effect.gen(function*() {
        const file = Zlib.gzipSync(json)
        const url = yield* answering("gzip", Zlib.gzipSync(file))
        const buffer = yield* Effect.flatMap(get(url), ({ arrayBuffer }) => arrayBuffer)
        assert.isTrue(Buffer.from(buffer).equals(file))
      }))

    live("that are empty have no coding", () =>
      Effect.gen(function*() {
        for (const status of [200, 204, 304]) {
          for (const encoding of ["gzip", "br", "nonsense"]) {
            const url = yield* serve((_, response) => {
              response.writeHead(status, { "content-encoding": encoding }).end()
            })
            assert.strictEqual(yield* Effect.flatMap(get(url), ({ text }) => text), "", `${status} ${encoding}`)
          }
        }
        const url = yield* answering("gzip", Zlib.gzipSync(json))
        const head = yield* send(HttpClientRequest.head(url))
        assert.strictEqual(yield* head.text, "")
        assert.strictEqual(head.headers["content-encoding"], "gzip")
      }))

    live("of errors, logins and documents are decoded, and shown in the debug log", () =>
      Effect.gen(function*() {
        const lines: Array<string> = []
        const logger = Logger.make(({ message }) => {
          lines.push(String(message))
        })
        const refusing = yield* answering("gzip", Zlib.gzipSync(message), 400)
        const refusal = yield* Effect.flip(get(refusing))
        assertTag(refusal, "BadRequest")
        assert.deepStrictEqual([refusal.serviceMessage, refusal.requestId], ["no such flavor", "req-1"])
        const keystone = yield* answering("gzip", Zlib.gzipSync(token), 201, { "x-subject-token": "tok" })
        assert.strictEqual((yield* login(keystone))["x-auth-token"], "tok")
        const url = yield* answering("gzip", Zlib.gzipSync(json))
        yield* Effect.flatMap(get(url), ({ json }) => json).pipe(
          Effect.provide(Logger.replace(Logger.defaultLogger, logger)),
          Logger.withMinimumLogLevel(LogLevel.Debug)
        )
        assert.include(lines.join("\n"), "a server")
        assert.include(lines.join("\n"), "--compressed")
      }))

    live(
      "in an unknown coding fail with its name; a stream in a coding that the caller requested is not decoded",
      () =>
        Effect.gen(function*() {
          const bytes = Buffer.from("\u0001\u0002\u0003 not to be understood")
          const foreign = decodesItself
            ? ["nonsense", "gzip, nonsense"]
            : ["br", "zstd", "nonsense", "gzip, br", "gzip, gzip"]
          for (const encoding of foreign) {
            const url = yield* answering(encoding, bytes)
            for (const read of ["json", "text", "arrayBuffer"] as const) {
              const error = yield* Effect.flip(
                Effect.flatMap(get(url), (response) => response[read] as typeof response.text)
              )
              assertTag(error, "ResponseError")
              assert.include(error.message, JSON.stringify(encoding))
            }
            const error = yield* Effect.flip(Effect.flatMap(get(url), ({ stream }) => Stream.runDrain(stream)))
            assertTag(error, "ResponseError")
            const own = yield* send(HttpClientRequest.get(url, { headers: { "accept-encoding": encoding } }))
            assert.strictEqual(own.headers["content-encoding"], encoding)
            assert.isTrue(Buffer.concat([...(yield* Stream.runCollect(own.stream))]).equals(bytes))
            const refusal = yield* Effect.flip(Effect.flatMap(answering(encoding, bytes, 403), (url) => get(url)))
            assertTag(refusal, "Forbidden")
            assert.strictEqual(refusal.requestId, "req-1")
            assert.include(refusal.serviceMessage, "cannot be read")
            assert.include(refusal.serviceMessage, JSON.stringify(encoding))
            const keystone = yield* answering(encoding, bytes, 201, { "x-subject-token": "tok" })
            const failed = yield* Effect.flip(login(keystone))
            assertTag(failed, "TransportError")
            assert.strictEqual(failed.reason, "Response")
            assert.include(failed.message, JSON.stringify(encoding))
          }
        })
    )

    live("that are invalid in their coding, or incomplete, are errors", () =>
      Effect.gen(function*() {
        const whole = Zlib.gzipSync(json)
        const bad = {
          "no gzip": Buffer.from(json),
          // Node's fetch takes these for complete
          ...(decodesItself ? {} : {
            "cut off": whole.subarray(0, whole.length - 20),
            "without its check sum": whole.subarray(0, whole.length - 4),
            "one byte": whole.subarray(0, 1)
          }),
          "damaged": Buffer.concat([whole.subarray(0, 20), Buffer.alloc(20, 255), whole.subarray(40)])
        }
        for (const bytes of Object.values(bad)) {
          const url = yield* answering("gzip", bytes)
          for (const read of ["json", "text", "arrayBuffer"] as const) {
            const error = yield* Effect.flip(
              Effect.flatMap(get(url), (response) => response[read] as typeof response.text)
            )
            assertTag(error, "ResponseError")
          }
          const streamed = yield* Effect.flip(Effect.flatMap(get(url), ({ stream }) => Stream.runDrain(stream)))
          assertTag(streamed, "ResponseError")
          const refusal = yield* Effect.flip(Effect.flatMap(answering("gzip", bytes, 409), (url) => get(url)))
          assertTag(refusal, "Conflict")
          const failed = yield* Effect.flip(Effect.flatMap(answering("gzip", bytes, 201), (url) => login(url)))
          assertTag(failed, "TransportError")
        }
        const broken = yield* serve((_, response) => {
          response.writeHead(200, { "content-encoding": "gzip", "content-length": whole.length })
          response.write(whole.subarray(0, 100), () => response.destroy())
        })
        const error = yield* Effect.flip(Effect.flatMap(get(broken), ({ text }) => text))
        assertTag(error, "ResponseError")
      }))

    live("that expand without end are limited, and as a stream not kept in memory", () =>
      Effect.gen(function*() {
        const zeros = Zlib.gzipSync(Buffer.alloc(4 * 1024 * 1024))
        const bomb = Buffer.concat(Array.from({ length: 5 }, () => zeros))
        const size = yield* Effect.flatMap(
          Effect.flatMap(answering("gzip", bomb), (url) => get(url)),
          ({ stream }) => Stream.runFold(stream, 0, (size, { length }) => size + length)
        )
        assert.strictEqual(size, 20 * 1024 * 1024)
        const keystone = yield* answering("gzip", bomb, 201, { "x-subject-token": "tok" })
        const failed = yield* Effect.flip(login(keystone))
        assertTag(failed, "TransportError")
        assert.include(failed.message, "longer than 16777216 bytes")
        const refusal = yield* Effect.flip(Effect.flatMap(answering("gzip", bomb, 403), (url) => get(url)))
        assertTag(refusal, "Forbidden")
      }))

    live("that are not read to the end are aborted: their connection is closed", () =>
      Effect.gen(function*() {
        const compressed = Zlib.gzipSync(Buffer.from(Array.from({ length: 1 << 20 }, (_, n) => n * n * 7919 >> 3)))
        for (const stop of ["take", "interrupt"] as const) {
          const closed = yield* Deferred.make<void>()
          const begun = yield* Deferred.make<void>()
          const url = yield* serve((_, response) => {
            response.on("close", () => Deferred.unsafeDone(closed, Effect.void))
            response.writeHead(200, { "content-encoding": "gzip" })
            // it never ends
            response.write(compressed.subarray(0, compressed.length - 100))
          })
          const { stream } = yield* get(url)
          const read = Stream.tap(stream, () => Deferred.succeed(begun, undefined))
          if (stop === "take") {
            yield* Stream.runDrain(Stream.take(read, 1))
          } else {
            const fiber = yield* Effect.fork(Stream.runDrain(read))
            yield* Deferred.await(begun)
            yield* Fiber.interrupt(fiber)
          }
          yield* Deferred.await(closed)
        }
      }))
  })

  describe(`uploads over ${name}`, () => {
    const piece = new Uint8Array(1000)

    /** Reads a whole upload, and responds with its length and headers. */
    const receiving = serve((request, response) => {
      let size = 0
      request.on("data", (chunk: Buffer) => size += chunk.length)
      request.on("end", () => {
        const { "content-length": length, "content-type": type } = request.headers
        response.end(JSON.stringify({ size, length, type }))
      })
    })

    const slowly = Stream.schedule(Stream.repeatValue(piece), Schedule.spaced("100 millis")).pipe(Stream.take(12))

    live("that make progress are not ended by the timeout or the Session's deadline", () =>
      Effect.gen(function*() {
        const url = yield* receiving
        const response = yield* send(HttpClientRequest.put(url, { body: HttpBody.stream(slowly) }))
        assert.deepInclude(yield* response.json, { size: 12_000 })
      }), { timeout: "400 millis", deadline: "700 millis" })

    live("that make progress are ended by the call's own deadline", () =>
      Effect.gen(function*() {
        const url = yield* receiving
        const error = yield* Effect.flip(
          send(HttpClientRequest.put(url, { body: HttpBody.stream(slowly) }), { deadline: "500 millis" })
        )
        assertTag(error, "TimedOut")
        assert.deepStrictEqual([error.phase, error.millis], ["operation", 500])
      }), { timeout: "400 millis" })

    live("that stall are ended by the timeout", () =>
      Effect.gen(function*() {
        const stopped = Stream.concat(Stream.take(slowly, 3), Stream.never)
        const url = yield* receiving
        const error = yield* Effect.flip(send(HttpClientRequest.put(url, { body: HttpBody.stream(stopped) })))
        assertTag(error, "TimedOut")
        assert.deepStrictEqual([error.phase, error.millis], ["request", 300])
        // nobody takes them
        const deaf = yield* serve(() => {})
        const endless = HttpBody.stream(Stream.repeatValue(new Uint8Array(1 << 20)))
        const refused = yield* Effect.flip(send(HttpClientRequest.put(deaf, { body: endless })))
        assertTag(refused, "TimedOut")
      }), { timeout: "300 millis" })

    live("arrive as they were sent, with length and type", () =>
      Effect.gen(function*() {
        const url = yield* receiving
        const bytes = new Uint8Array(5 * 1024 * 1024 + 7)
        const whole = yield* send(HttpClientRequest.put(url, { body: HttpBody.uint8Array(bytes, "image/x") }))
        assert.deepStrictEqual(yield* whole.json, { size: bytes.length, length: String(bytes.length), type: "image/x" })
        const stream = HttpBody.stream(Stream.make(bytes, new Uint8Array(0), bytes), "image/y", 2 * bytes.length)
        const streamed = yield* send(HttpClientRequest.put(url, { body: stream, headers: { "x-own": "1" } }))
        assert.deepInclude(yield* streamed.json, { size: 2 * bytes.length, type: "image/y" })
      }))

    live("that fail keep their error", () =>
      Effect.gen(function*() {
        const error = new ReadFailed({ message: "disk on fire" })
        const url = yield* receiving
        const causes: ReadonlyArray<readonly [Stream.Stream<Uint8Array, unknown>, unknown, string]> = [
          [Stream.fail(error), error, "ReadFailed: disk on fire"],
          [Stream.concat(Stream.take(slowly, 2), Stream.fail(error)), error, "ReadFailed: disk on fire"],
          [Stream.fail("no more"), "no more", "no more"],
          [Stream.die(new TypeError("a defect")), undefined, "TypeError: a defect"]
        ]
        for (const [stream, cause, description] of causes) {
          const failed = yield* Effect.flip(send(
            HttpClientRequest.put(url, { body: HttpBody.stream(stream) }),
            { retries: { connect: 3 } }
          ))
          assertTag(failed, "TransportError")
          assert.strictEqual(failed.reason, "Request")
          assert.strictEqual(failed.description, `the upload's stream failed: ${description}`)
          if (cause !== undefined) {
            assert.strictEqual(failed.cause, cause)
          }
        }
      }))
  })

  describe(`headers over ${name}`, () => {
    live("of responses may be too long, and the error says what to do", () =>
      Effect.gen(function*() {
        const url = yield* answering("identity", Buffer.from(token), 201, { "x-subject-token": "t".repeat(20_000) })
        const error = yield* Effect.flip(login(url))
        assertTag(error, "TransportError")
        assert.strictEqual(error.reason, "Response")
        assert.include(error.message, "maxHeaderSize")
        assert.include(error.message, "--max-http-header-size")
      }))

    live("that cannot be sent are named, and their values not shown", () =>
      Effect.gen(function*() {
        const url = yield* answering("identity", Buffer.from("{}"))
        for (const value of ["s3cret\r", "s3cret\nx: y", "s3cret\0", "s3cret\u20ac", "s3cret\u{1f600}", "s3cret\x7f"]) {
          for (const header of ["x-auth-token", "x-own", "user-agent"]) {
            const error = yield* Effect.flip(
              send(HttpClientRequest.get(url, { headers: { [header]: value } }), { authenticated: false })
            )
            assertTag(error, "TransportError")
            assert.strictEqual(error.reason, "Request")
            assert.include(error.message, header)
            assert.notInclude(error.message, "s3cret")
          }
        }
        const named = yield* Effect.flip(send(HttpClientRequest.get(url, { headers: { "x own": "v" } })))
        assertTag(named, "TransportError")
        assert.include(named.message, "x own")
      }))
  })
}

describe("options that become headers", () => {
  const bad = {
    appName: "in\nventory",
    appVersion: "1\r",
    userAgent: "a\0",
    originalIp: "1.2.3.4\n",
    additionalUserAgent: [["lib\u20ac", "1"]],
    additionalHeaders: { "x-a": "b\u0007" }
  } as const
  it.effect.each(Object.keys(bad) as Array<keyof typeof bad>)(
    "%s: one that cannot be is named, with its character",
    (option) =>
      Effect.gen(function*() {
        const error = yield* Effect.flip(Effect.provide(
          Effect.flatMap(Transport.Transport, (wire) => wire.execute(HttpClientRequest.get("http://a.test/"))),
          Transport.layer({ [option]: bad[option] }).pipe(
            Layer.provide(Layer.succeed(HttpClient.HttpClient, HttpClient.make(() => Effect.die("nothing is sent"))))
          )
        ))
        assertTag(error, "InvalidOptions")
        assert.strictEqual(error.option, option)
        assert.match(error.reason, /U\+[0-9A-F]{4}|Latin-1/)
      })
  )
})

it.effect("bodies that were compressed are read as a whole up to 128 MiB", () =>
  Effect.gen(function*() {
    const encoding = HttpClientResponse.fromWeb(
      HttpClientRequest.get("http://a.test/"),
      new Response(null, { headers: { "content-encoding": "gzip" } })
    )
    let taken = 0
    const endless = Stream.map(Stream.repeatValue(new Uint8Array(1 << 20)), (chunk) => {
      taken++
      return chunk
    })
    const error = yield* Effect.flip(ContentCoding.whole(encoding, Stream.rechunk(endless, 1), (description) =>
      new HttpClientError.ResponseError({
        request: encoding.request,
        response: encoding,
        reason: "Decode",
        description
      })))
    assert.include(error.message, "the decoded body is longer than 134217728 bytes; read it as a stream")
    assert.isAtMost(taken, 130)
  }))

it.scopedLive("NodeTransport's maxHeaderSize lets in a token of 20 kB", () =>
  Effect.gen(function*() {
    const url = yield* answering("identity", Buffer.from(token), 201, { "x-subject-token": "t".repeat(20_000) })
    const headers = yield* login(url).pipe(
      Effect.provide(
        Session.layer().pipe(
          Layer.provide(NodeTransport.layer({ proxy: false, maxHeaderSize: 64 * 1024 }))
        )
      )
    )
    assert.strictEqual(headers["x-auth-token"]?.length, 20_000)
    const error = yield* Effect.flip(Effect.scoped(Layer.build(NodeTransport.layer({ maxHeaderSize: 0.5 }))))
    assertTag(error, "InvalidOptions")
    assert.strictEqual(error.option, "maxHeaderSize")
  }))
