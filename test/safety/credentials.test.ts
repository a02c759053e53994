/** Credentials stay with their origin and are never shown, wherever a request is sent, refused or quoted. */
import { FetchHttpClient, Headers, HttpBody, HttpClient, HttpClientRequest, HttpClientResponse } from "@effect/platform"
import { NodeHttpClient } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Either, FastCheck, Layer, Logger, LogLevel, Redacted } from "effect"
import { AuthPlugin, Discovery, Password, Session, Transport } from "effect-keystoneauth"
import * as NodeTransport from "effect-keystoneauth/NodeTransport"
import * as Http from "node:http"
import { inspect } from "node:util"
import { recorder } from "../recorder.js"
import { listen } from "../servers.js"
import { assertTag } from "../support.js"

const transports: Readonly<Record<string, Layer.Layer<HttpClient.HttpClient>>> = {
  undici: NodeHttpClient.layerUndici,
  NodeTransport: Layer.orDie(NodeTransport.layer()),
  fetch: FetchHttpClient.layer
}

interface Arrived {
  readonly url: string
  readonly headers: Http.IncomingHttpHeaders
  readonly body: string
}

/** A server that answers as told, and records its requests. */
const serve = (answer: (arrived: Arrived) => { status: number; headers?: Record<string, string>; body?: string }) =>
  Effect.gen(function*() {
    const arrived: Array<Arrived> = []
    const server = Http.createServer((request, response) => {
      const chunks: Array<Buffer> = []
      request.on("data", (chunk: Buffer) => chunks.push(chunk))
      request.on("end", () => {
        const one = { url: request.url ?? "", headers: request.headers, body: Buffer.concat(chunks).toString() }
        arrived.push(one)
        const { body = "", headers = {}, status } = answer(one)
        response.writeHead(status, headers).end(body)
      })
    })
    const { port } = yield* listen(server)
    return { arrived, url: `http://127.0.0.1:${port}` }
  })

const gateway = (headers: Record<string, string>) =>
  Layer.succeed(
    AuthPlugin.AuthPlugin,
    AuthPlugin.make({ name: "gateway", headers: Effect.succeed(Headers.fromInput(headers)) })
  )

/** The log of a request at level Debug, with its spans and its result. */
const told = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function*() {
    const { layer, lines, spans } = yield* recorder
    const result = yield* effect.pipe(
      Effect.either,
      Effect.withSpan("test"),
      Logger.withMinimumLogLevel(LogLevel.Debug),
      Effect.provide(layer)
    )
    const said = [
      ...lines,
      ...spans.map(({ attributes, exit, name }) => inspect([name, attributes, exit], { depth: 10 })),
      Either.isLeft(result) ? `${String(result.left)} ${JSON.stringify(result.left)} ${inspect(result.left)}` : ""
    ].join("\n")
    return { result, said, lines }
  })

/** The error of a failed effect, which must have this tag. */
const failed = <E extends { readonly _tag: string }, Tag extends E["_tag"]>(
  result: Either.Either<unknown, E>,
  tag: Tag
): Extract<E, { readonly _tag: Tag }> => {
  const error = Either.getOrThrow(Either.flip(result))
  assertTag(error, tag)
  return error
}

/** Unknown header names, and names that no list of secret headers has. */
const names = [
  "x-api-key",
  "x-gateway-user",
  "x-vault-jwt",
  "x-zebra",
  "accept-language",
  "user-agent",
  "x-openstack-request-id"
]

describe.each(Object.entries(transports))("over %s", (_, transport) => {
  const SessionLive = Layer.provide(Session.layer(), transport)

  for (const name of names) {
    it.scopedLive(`a plugin's header ${name} never leaves its origin, and is never shown`, () =>
      Effect.gen(function*() {
        const secret = "hunter22-zq9"
        const elsewhere = yield* serve(() => ({ status: 401, body: "who?" }))
        const service = yield* serve(({ headers, url }) =>
          url === "/echo"
            ? {
              status: 400,
              headers: { "x-openstack-request-id": `req-${headers[name]}`, "x-echo": String(headers[name]) },
              body: JSON.stringify({
                badRequest: { message: `I do not like ${headers[name]}`, details: headers[name] }
              })
            }
            : { status: Number(url.slice(1)), headers: { location: `${elsewhere.url}/there` } }
        )
        const ask = (request: HttpClientRequest.HttpClientRequest) =>
          told(Session.request(request)).pipe(Effect.provide(gateway({ [name]: secret })), Effect.provide(SessionLive))

        for (const status of [301, 302, 303, 307, 308]) {
          const read = yield* ask(HttpClientRequest.get(`${service.url}/${status}`))
          const error = failed(read.result, "Unauthorized")
          assert.strictEqual(error.reason, "TokenNotSent")
          assert.strictEqual(error.redirectedFrom, `${service.url}/${status}`)
          assert.notInclude(read.said, secret)
          const body = yield* ask(
            HttpClientRequest.post(`${service.url}/${status}`, { body: HttpBody.unsafeJson({ a: "b0dy" }) })
          )
          const refused = failed(body.result, "RedirectRefused")
          assert.strictEqual(refused.reason, "CrossOriginBody")
        }
        const echoed = yield* ask(HttpClientRequest.get(`${service.url}/echo`))
        const error = failed(echoed.result, "BadRequest")
        assert.strictEqual(error.serviceMessage, "I do not like <redacted>")
        assert.notInclude(echoed.said, secret)
        // only the service received it, each time
        assert.deepStrictEqual(service.arrived.filter(({ headers }) => headers[name] !== secret), [])
        assert.strictEqual(elsewhere.arrived.length, 5)
        assert.notInclude(JSON.stringify(elsewhere.arrived), secret)
        assert.notInclude(JSON.stringify(elsewhere.arrived), "b0dy")
      }))
  }

  it.scopedLive("an authenticated version document is cached per user", () =>
    Effect.gen(function*() {
      const elsewhere = yield* serve(() => ({ status: 401 }))
      const service = yield* serve(({ headers, url }) =>
        url === "/moved" && headers["x-zebra"] !== undefined
          ? { status: 302, headers: { location: elsewhere.url } }
          : headers["x-zebra"] === undefined
          ? { status: 401 }
          : {
            status: 200,
            headers: { "content-type": "application/json" },
            body: JSON.stringify({
              versions: [{ id: headers["x-zebra"], status: "CURRENT", links: [{ rel: "self", href: "/" }] }]
            })
          }
      )
      const document = (who: string, path: string) =>
        Effect.flatMap(Discovery.Discovery, (discovery) => discovery.document(`${service.url}${path}`)).pipe(
          Effect.provide(gateway({ "x-zebra": who }))
        )
      yield* Effect.gen(function*() {
        const versions = [yield* document("v1.0", "/"), yield* document("v2.0", "/"), yield* document("v1.0", "/")]
        assert.deepStrictEqual(versions.map(({ versions }) => versions[0]?.version.major), [1, 2, 1])
        const moved = failed(yield* Effect.either(document("v1.0", "/moved")), "DiscoveryFailed")
        assert.match(moved.message, /answered 401 after a redirect to another origin, where no credentials are sent/)
      }).pipe(Effect.provide(SessionLive))
    }))

  it.scopedLive(
    "a login that is quoted back shows nothing of its password, in whatever spelling",
    () =>
      Effect.gen(function*() {
        const passwords = [
          "p4ss w0rdy\n",
          "tw00  bl4nks",
          "tabb3d\there",
          "b4ck\\sl4sh",
          "d0uble\"qu0te",
          "s1ngle'qu0te",
          "p3rc%c3nt",
          "4mper&s4nd",
          "l3ss<th4n"
        ]
        const spellings: ReadonlyArray<(password: string) => { type: string; body: string }> = [
          (password) => ({ type: "application/json", body: JSON.stringify({ error: { message: `no: ${password}` } }) }),
          (password) => ({
            type: "application/json",
            body: JSON.stringify({ error: { message: `no: ${JSON.stringify(password)}`, details: { password } } })
          }),
          (password) => ({ type: "text/plain", body: `no: ${encodeURIComponent(password)}` }),
          (password) => ({ type: "text/plain", body: `no: ${password}` }),
          (password) => ({
            type: "text/plain",
            body: `no: '${
              password.replaceAll("\\", "\\\\").replaceAll("'", "\\'").replaceAll("\n", "\\n").replaceAll("\t", "\\t")
            }'`
          }),
          (password) => ({
            type: "text/html",
            body: `<html><body><p>no: ${
              password.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll("\"", "&#34;").replaceAll(
                "'",
                "&#x27;"
              )
            }</p></body></html>`
          }),
          (password) => ({ type: "text/html", body: `<html><body><p>no: ${password}</p></body></html>` }),
          (password) => ({ type: "text/plain", body: `no: ${password.replace(/\s+/g, " ").trim()}` })
        ]
        for (const status of [400, 401, 200]) {
          for (const [i, spell] of spellings.entries()) {
            const keystone = yield* serve(({ body }) => {
              const { password } = JSON.parse(body).auth.identity.password.user
              const { body: answer, type } = spell(password)
              return { status, headers: { "content-type": type }, body: answer }
            })
            for (const password of passwords) {
              const { result, said } = yield* told(Session.request(HttpClientRequest.get("http://127.0.0.1:1/"))).pipe(
                Effect.provide(
                  Password.layer({ authUrl: `${keystone.url}/v3`, userId: "demo", password: Redacted.make(password) })
                ),
                Effect.provide(SessionLive)
              )
              assert.isTrue(Either.isLeft(result))
              const pieces = password.trim().split(/[^a-z0-9]+/).filter((piece) => piece.length > 3)
              for (const piece of pieces) {
                assert.notInclude(said, piece, `${status} ${i} ${JSON.stringify(password)}`)
              }
            }
          }
        }
      }),
    120_000
  )

  const credentials: Readonly<Record<string, readonly [headers: Record<string, string>, secret: string]>> = {
    "a token": [{ "x-auth-token": "0dbb9d2c4b284d1a8b4b1f6d0e4f7a11" }, "0dbb9d2c4b284d1a8b4b1f6d0e4f7a11"],
    "a short token with a scheme": [{ authorization: "Bearer s3cr3t" }, "s3cr3t"],
    "the password of HTTP Basic": [{ authorization: `Basic ${btoa("demo:hunt3r")}` }, "hunt3r"],
    "a cookie": [{ cookie: "a=1; session=q9zq8" }, "q9zq8"],
    "a signature of OAuth": [
      { authorization: "OAuth oauth_version=\"1.0\", oauth_signature=\"zq9%2Fhunter22%3D\"" },
      "zq9/hunter22="
    ],
    "a service token": [{ "x-auth-token": "t0ken-of-user", "x-service-token": "t0ken-of-service" }, "t0ken-of-service"]
  }

  /** How a service quotes the request; `{}` is its place. */
  const quotes: Readonly<Record<string, (secret: string) => { type: string; body: string }>> = {
    "as a key": (secret) => ({ type: "application/json", body: JSON.stringify({ [secret]: { message: "no" } }) }),
    "in details": (secret) => ({
      type: "application/json",
      body: JSON.stringify({ error: { message: "no", details: { sent: [secret] } } })
    }),
    "in JSON in JSON": (secret) => ({
      type: "application/json",
      body: JSON.stringify({ error_message: JSON.stringify({ faultstring: `no ${JSON.stringify({ secret })}` }) })
    }),
    "in XML": (secret) => ({ type: "application/xml", body: `<fault sent="${secret}"><m>no ${secret}</m></fault>` }),
    "in capital letters": (secret) => ({ type: "text/plain", body: `no: ${secret.toUpperCase()}.` }),
    "in base64": (secret) => ({ type: "text/plain", body: `no: ${btoa(`user:${secret}`)} ${btoa(secret)}` }),
    "cut off": (secret) => ({ type: "text/plain", body: `no: ${secret.slice(0, -1)}` }),
    "cut off with dots": (secret) => ({ type: "text/plain", body: `no: ${secret.slice(0, -1)}... is wrong` }),
    "cut by what is read at most": (secret) => ({
      type: "text/plain",
      body: `${`${secret}\n`.repeat(64 * 1024 / (secret.length + 1)).slice(0, 64 * 1024 - 5)}${secret}`
    })
  }

  for (const [what, [headers, secret]] of Object.entries(credentials)) {
    it.scopedLive(`${what} is not shown in any spelling`, () =>
      Effect.gen(function*() {
        for (const [how, quote] of Object.entries(quotes)) {
          const { body, type } = quote(secret)
          const service = yield* serve(() => ({
            status: 400,
            body,
            headers: {
              "content-type": type,
              "x-openstack-request-id": `req-${secret}`,
              "retry-after": secret,
              location: `http://h.test/${secret}`
            }
          }))
          const { result, said } = yield* told(
            Session.request(HttpClientRequest.get(`${service.url}/tokens/${encodeURIComponent(secret)}`))
          ).pipe(Effect.provide(gateway(headers)), Effect.provide(SessionLive))
          assert.isTrue(Either.isLeft(result))
          const said2 = said.toLowerCase()
          for (const text of [secret, secret.slice(0, -1), encodeURIComponent(secret)]) {
            assert.deepStrictEqual(said2.split("\n").filter((line) => line.includes(text.toLowerCase())), [], how)
          }
          if (secret.length >= 6) {
            assert.notInclude(said, btoa(secret).replace(/..?=*$/, ""), how)
            assert.notInclude(said, btoa(`user:${secret}`).slice(8, -4), how)
          }
          assert.include(failed(result, "BadRequest").message, "answered 400", how)
        }
      }))
  }

  it.scopedLive("the request id that follows a redirect has no credential", () =>
    Effect.gen(function*() {
      const elsewhere = yield* serve(() => ({ status: 200 }))
      const service = yield* serve(({ headers, url }) => ({
        status: 302,
        headers: {
          location: elsewhere.url,
          "x-openstack-request-id": url === "/quote" ? `req-${headers["x-zebra"]}` : "req-1"
        }
      }))
      for (const path of ["/quote", "/plain"]) {
        yield* Session.request(HttpClientRequest.get(`${service.url}${path}`)).pipe(
          Effect.provide(gateway({ "x-zebra": "hunter22-zq9" })),
          Effect.provide(SessionLive)
        )
      }
      assert.notInclude(JSON.stringify(elsewhere.arrived), "hunter22")
      assert.deepStrictEqual(elsewhere.arrived.map(({ headers }) => headers["x-openstack-request-id"]), [
        undefined,
        "req-1"
      ])
    }))

  it.scopedLive("a redirect to a URL with user info is followed or refused, and never shown", () =>
    Effect.gen(function*() {
      const keystone: { readonly url: string } = yield* serve(({ url }) =>
        url === "/v3/auth/tokens"
          ? { status: 307, headers: { location: `//me:hunter22@${new URL(keystone.url).host}/a@b` } }
          : { status: 400, body: "{}" }
      )
      const login = Password.layer({
        authUrl: `${keystone.url}/v3`,
        userId: "demo",
        password: Redacted.make("s3cr3t-0")
      })
      const { result, said } = yield* told(Session.request(HttpClientRequest.get("http://127.0.0.1:1/"))).pipe(
        Effect.provide(login),
        Effect.provide(SessionLive)
      )
      assert.isTrue(Either.isLeft(result))
      assert.deepStrictEqual(said.split("\n").filter((line) => line.includes("hunter22")), [])
      const to = yield* serve(() => ({
        status: 307,
        headers: { location: "https://me:hunter22@zq9/zq8@keystone.test/" }
      }))
      const moved = yield* told(
        Session.request(HttpClientRequest.post(to.url, { body: HttpBody.unsafeJson({ password: "pw-pw-pw" }) }))
      ).pipe(Effect.provide(gateway({ "x-zebra": "hunter23" })), Effect.provide(SessionLive))
      for (const part of ["hunter22", "zq9", "zq8"]) {
        assert.notInclude(moved.said, part)
      }
    }))

  it.scopedLive("text that is not secret stays readable", () =>
    Effect.gen(function*() {
      const message =
        "The password of the user demo in the domain Default has expired; sort_key=name, token and key are fine"
      const keystone = yield* serve(() => ({ status: 401, body: JSON.stringify({ error: { message } }) }))
      const login = Password.layer({
        authUrl: `${keystone.url}/v3`,
        username: "demo",
        userDomainName: "Default",
        password: Redacted.make("hunter22")
      })
      const { result } = yield* told(Session.request(HttpClientRequest.get("http://127.0.0.1:1/"))).pipe(
        Effect.provide(login),
        Effect.provide(SessionLive)
      )
      assert.strictEqual(failed(result, "Unauthorized").serviceMessage, message)
    }))

  it.scopedLive("an error after a redirect to another origin names that origin", () =>
    Effect.gen(function*() {
      for (const status of [300, 400, 401, 403, 404, 409, 500, 503]) {
        const elsewhere = yield* serve(() => ({ status, body: JSON.stringify({ versions: [] }) }))
        const service = yield* serve(() => ({ status: 301, headers: { location: `${elsewhere.url}/servers` } }))
        const { result } = yield* told(
          Session.request(HttpClientRequest.get("/servers"), { endpointOverride: service.url })
        ).pipe(Effect.provide(gateway({ "x-zebra": "hunter22" })), Effect.provide(SessionLive))
        const error = Either.getOrThrow(Either.flip(result))
        assert.include(error.message, `${service.url}/servers`, String(status))
      }
    }))

  it.scopedLive("a token that cannot be a header is not quoted by the platform", () =>
    Effect.gen(function*() {
      const { result, said } = yield* told(Session.request(HttpClientRequest.get("http://127.0.0.1:1/"))).pipe(
        Effect.provide(gateway({ "x-zebra": "hunter22\r\nzq9" })),
        Effect.provide(SessionLive)
      )
      const error = failed(result, "TransportError")
      assert.strictEqual(error.reason, "Request")
      assert.notInclude(said, "hunter22")
      assert.notInclude(said, "zq9")
    }))
})

it.effect("a plugin's header stays with its origin, whatever its name", () =>
  Effect.gen(function*() {
    const names = FastCheck.sample(FastCheck.stringMatching(/^[a-z][a-z0-9-]{0,20}$/), 200)
    for (const name of names.filter((name) => !(name in Object.prototype))) {
      const seen: Array<Headers.Headers> = []
      const client = HttpClient.make((request, url) => {
        seen.push(request.headers)
        const init = url.host === "a.test" ? { status: 307, headers: { location: "http://b.test/" } } : {}
        return Effect.succeed(HttpClientResponse.fromWeb(request, new Response("", init)))
      })
      yield* Effect.flatMap(Transport.Transport, (transport) =>
        transport.execute(HttpClientRequest.get("http://a.test/"), {
          credentials: Headers.fromInput({ [name]: "hunter22-zq9" })
        })).pipe(Effect.provide(Layer.provide(Transport.layer(), Layer.succeed(HttpClient.HttpClient, client))))
      assert.strictEqual(seen[0]?.[name], "hunter22-zq9")
      assert.strictEqual(seen.length, 2)
      assert.notInclude(JSON.stringify(seen[1]), "hunter22-zq9")
    }
  }))
