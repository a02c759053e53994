import { HttpClient, HttpClientRequest, HttpClientResponse } from "@effect/platform"
import { assert, describe, it } from "@effect/vitest"
import { Config, ConfigProvider, Effect, Layer, Option, Redacted, TestClock } from "effect"
import {
  AuthPlugin,
  AuthTypes,
  type Errors,
  MultiFactor,
  OAuth2ClientCredential,
  OAuth2MtlsClientCredential,
  Session,
  TokenStore
} from "effect-keystoneauth"
import * as OAuth1 from "effect-keystoneauth/OAuth1"
import { createHmac } from "node:crypto"
import { authorization } from "../../src/login/oauth1.js"
import { assertTag } from "../support.js"
import { recordLog } from "../tokenStores.js"

// -----------------------------------------------------------------------------
// servers that record every request
// -----------------------------------------------------------------------------

interface Sent {
  readonly method: string
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

type Answer = readonly [status: number, body: unknown, headers?: Record<string, string>]

type Answers = (sent: Sent, count: number) => Answer

const authUrl = "https://id.example.com/v3"
const oauth2Endpoint = `${authUrl}/OS-OAUTH2/token`

const bodyOf = (request: HttpClientRequest.HttpClientRequest): string =>
  request.body._tag === "Uint8Array" ? new TextDecoder().decode(request.body.body) : ""

const token = {
  token: {
    methods: ["application_credential"],
    issued_at: "2026-01-01T00:00:00.000000Z",
    expires_at: "2026-01-01T01:00:00.000000Z",
    user: { id: "user-1", name: "alice", domain: { id: "default", name: "Default" } },
    project: { id: "proj", name: "demo", domain: { id: "default", name: "Default" } }
  }
}

/** Gives access tokens for an hour, and Keystone tokens: `oauth-1`, `keystone-2`, with the number of the request. */
const granting: Answers = (sent, count) =>
  sent.url === oauth2Endpoint
    ? [200, { access_token: `oauth-${count}`, token_type: "Bearer", expires_in: 3600 }]
    : sent.url.startsWith(authUrl)
    ? [201, token, { "x-subject-token": `keystone-${count}` }]
    : [200, {}]

const world = (answers: Answers = granting) => {
  const sent: Array<Sent> = []
  const client = Layer.succeed(
    HttpClient.HttpClient,
    HttpClient.make((request, url) =>
      Effect.sync(() => {
        const one = { method: request.method, url: url.href, headers: request.headers, body: bodyOf(request) }
        sent.push(one)
        const [status, body, headers] = answers(one, sent.length)
        const text = typeof body === "string" ? body : JSON.stringify(body)
        return HttpClientResponse.fromWeb(request, new Response(text, { status, headers: headers ?? {} }))
      })
    )
  )
  const to = (part: string) => sent.filter(({ url }) => url.includes(part))
  return { sent, to, layer: Layer.provide(Session.layer(), client), client }
}

const headers = Effect.flatMap(
  AuthPlugin.AuthPlugin,
  (plugin) => Effect.map(plugin.headers, (sent): Record<string, string> => ({ ...sent }))
)

/** The headers of this plugin with these servers. */
const headersOf = (plugin: Layer.Layer<AuthPlugin.AuthPlugin, never, Session.Session>, answers?: Answers) =>
  Effect.gen(function*() {
    const { layer, sent } = world(answers)
    const result = yield* headers.pipe(Effect.provide(plugin), Effect.provide(layer), Effect.either)
    return { result, sent }
  })

const shown = (error: Errors.AuthenticationError): string =>
  `${error.message} ${JSON.stringify(error)} ${String(error.stack)}`

/** The fields of `OAuth k="v", ...` by name. */
const parse = (header: string | undefined): Record<string, string> =>
  Object.fromEntries(
    Array.from(
      (header ?? "").matchAll(/(\w+)="([^"]*)"/g),
      ([, name, value]) => [name, decodeURIComponent(value ?? "")]
    )
  )

// -----------------------------------------------------------------------------
// OAuth 1
// -----------------------------------------------------------------------------

describe("OAuth1", () => {
  const keys = {
    consumerKey: "ck",
    consumerSecret: Redacted.make("cs"),
    accessKey: "ak",
    accessSecret: Redacted.make("as")
  }

  /** Signs by RFC 5849, written a second time. */
  const sign = (url: string, { oauth_signature: _, ...parameters }: Record<string, string>): string => {
    const escape = (text: string) =>
      encodeURIComponent(text).replace(/[!'()*]/g, (letter) => `%${letter.charCodeAt(0).toString(16).toUpperCase()}`)
    const pairs = Object.entries(parameters).map(([name, value]) => `${escape(name)}=${escape(value)}`).sort()
    return createHmac("sha1", "cs&as").update(`POST&${escape(url)}&${escape(pairs.join("&"))}`).digest("base64")
  }

  it("signs as keystoneauth does, with the URL of the request", () => {
    // what keystoneauth sent for https://id.example.com/v3, with and without a slash, with and without the catalog
    const recorded = "OAuth oauth_nonce=\"nonce-1\", oauth_timestamp=\"1780000000\", oauth_version=\"1.0\", " +
      "oauth_signature_method=\"HMAC-SHA1\", oauth_consumer_key=\"ck\", oauth_token=\"ak\", " +
      "oauth_signature=\"K9Je%2FkM8vGVkk7UbzRAuJr63Mz4%3D\""
    for (
      const url of [
        "https://id.example.com/v3/auth/tokens",
        "https://id.example.com/v3/auth/tokens?nocatalog",
        "HTTPS://user:pass@ID.example.com:443/v3/auth/tokens"
      ]
    ) {
      const header = authorization(keys, { method: "POST", url }, { nonce: "nonce-1", timestamp: 1780000000 })
      assert.match(header, /^OAuth /)
      assert.deepStrictEqual(parse(header), parse(recorded), url)
    }
  })

  it.effect("sends only a signature, with a new nonce each time", () =>
    Effect.gen(function*() {
      yield* TestClock.setTime(1780000000_900)
      for (const url of ["https://id.example.com", "https://id.example.com/", authUrl, `${authUrl}/`]) {
        const { result, sent } = yield* headersOf(OAuth1.layer({ authUrl: url, ...keys, includeCatalog: false }))
        assert.deepStrictEqual(Option.getOrUndefined(Option.getRight(result)), { "x-auth-token": "keystone-1" })
        const [login] = sent
        assert.strictEqual(login?.url, `${authUrl}/auth/tokens?nocatalog`)
        assert.deepStrictEqual(JSON.parse(login?.body ?? ""), {
          auth: { identity: { methods: ["oauth1"], oauth1: {} } }
        })
        const { oauth_nonce, oauth_signature, ...others } = parse(login?.headers["authorization"])
        assert.deepStrictEqual(others, {
          oauth_consumer_key: "ck",
          oauth_signature_method: "HMAC-SHA1",
          oauth_timestamp: "1780000000",
          oauth_token: "ak",
          oauth_version: "1.0"
        })
        // Keystone refuses other letters
        assert.match(oauth_nonce ?? "", /^[0-9a-f]{32}$/)
        assert.strictEqual(
          oauth_signature,
          sign(`${authUrl}/auth/tokens`, { oauth_nonce: oauth_nonce ?? "", ...others })
        )
      }
      const { layer, sent } = world()
      yield* Effect.gen(function*() {
        const plugin = yield* AuthPlugin.AuthPlugin
        yield* plugin.invalidate(yield* plugin.headers)
        yield* plugin.headers
        yield* plugin.headers
      }).pipe(Effect.provide(OAuth1.layer({ authUrl, ...keys })), Effect.provide(layer))
      const nonces = sent.map((login) => parse(login.headers["authorization"])["oauth_nonce"])
      assert.strictEqual(nonces.length, 2)
      assert.strictEqual(new Set(nonces).size, 2)
    }))

  it.effect("a rejection shows its name, but not its secrets", () =>
    Effect.gen(function*() {
      const secret = Redacted.make("very-secret")
      const plugin = OAuth1.layer({ authUrl, ...keys, consumerSecret: secret, accessSecret: secret })
      const { result } = yield* headersOf(plugin, () => [401, { error: { message: "not very-secret" } }])
      const error = yield* Effect.flip(result)
      assertTag(error, "Unauthorized")
      assert.strictEqual(error.reason, "LoginRejected")
      assert.include(error.message, "access token ak of consumer ck: not <redacted>")
      assert.notInclude(shown(error), "very-secret")
    }))

  it.effect("requires both keys, and cannot be rescoped", () =>
    Effect.gen(function*() {
      for (const missing of ["consumerKey", "accessKey"]) {
        const { result, sent } = yield* headersOf(OAuth1.layer({ authUrl, ...keys, [missing]: "" }))
        const error = yield* Effect.flip(result)
        assertTag(error, "InvalidOptions")
        assert.strictEqual(error.option, missing)
        assert.lengthOf(sent, 0)
      }
      const { layer, sent } = world()
      const error = yield* Effect.flip(headers.pipe(
        AuthPlugin.withScope({ projectId: "other" }),
        Effect.provide(OAuth1.layer({ authUrl, ...keys })),
        Effect.provide(layer)
      ))
      assertTag(error, "InvalidOptions")
      assert.lengthOf(sent, 0)
    }))

  it.effect("can be chosen by name, alone and for v3multifactor", () =>
    Effect.gen(function*() {
      const given = {
        auth_url: authUrl,
        consumer_key: "ck",
        "consumer-secret": "cs",
        access_key: "ak",
        access_secret: Redacted.make("as")
      }
      const several = { ...given, auth_methods: "v3oauth1,v3password", user_id: "u", password: "p" }
      for (const [name, options] of [["v3oauth1", given], ["v3multifactor", several]] as const) {
        const { layer, sent } = world()
        yield* headers.pipe(
          Effect.provide(AuthTypes.layerPlugin(name, options)),
          Effect.provide(AuthTypes.add([OAuth1.authType])),
          Effect.provide(layer)
        )
        assert.strictEqual(parse(sent[0]?.headers["authorization"])["oauth_token"], "ak", name)
      }
      assert.deepStrictEqual(OAuth1.authType.options.filter(({ kind }) => kind === "secret").map(({ name }) => name), [
        "consumer-secret",
        "access-secret"
      ])
      const { layer } = world()
      const error = yield* AuthTypes.load("v3oauth1", given).pipe(Effect.provide(layer), Effect.flip)
      assert.include(error.message, "there is no \"v3oauth1\"")
    }))

  it.effect("is a method for MultiFactor", () =>
    Effect.gen(function*() {
      const { sent } = yield* headersOf(MultiFactor.layer({ authUrl, methods: [OAuth1.method(keys)] }))
      assert.deepStrictEqual(JSON.parse(sent[0]?.body ?? "").auth.identity.methods, ["oauth1"])
    }))
})

// -----------------------------------------------------------------------------
// OAuth 2
// -----------------------------------------------------------------------------

/** Wrong answers of token endpoints, and the errors for them. */
const refusals: ReadonlyArray<readonly [Answer, Errors.AuthenticationError["_tag"], string]> = [
  [[401, { error: "invalid_client", error_description: "bad client" }], "Unauthorized", "bad client"],
  [[400, { error: "unauthorized_client" }], "Unauthorized", "unauthorized_client"],
  [[401, { error_description: "denied" }], "Unauthorized", "denied"],
  [[403, { error: "x", error_description: "no" }], "Forbidden", "no"],
  [[429, "", { "retry-after": "7" }], "RateLimited", "429"],
  [[500, "oops"], "InternalServerError", "oops"],
  [[201, { access_token: "some-access-token" }], "InvalidResponse", "201"],
  [[200, { token_type: "Bearer" }], "InvalidResponse", "access_token"],
  [[200, { access_token: "" }], "InvalidResponse", "access_token"],
  [[200, { access_token: "some-access-token", expires_in: "soon" }], "InvalidResponse", "expires_in"],
  [[200, "some-access-token"], "InvalidResponse", "JSON"]
]

const assertRefusal = (
  error: Errors.AuthenticationError,
  [, tag, message]: (typeof refusals)[number]
): void => {
  assertTag(error, tag)
  assert.include(error.message, message)
  assert.include(error.message, oauth2Endpoint)
  assert.notInclude(shown(error), "some-access-token")
  if (error._tag === "Unauthorized") {
    assert.strictEqual(error.reason, "LoginRejected")
    assert.strictEqual(error.identity, "OAuth 2 client cl id")
  }
}

describe("OAuth2ClientCredential", () => {
  const options = { authUrl, oauth2Endpoint, clientId: "cl id", clientSecret: Redacted.make("s/e+c") }
  const robot = OAuth2ClientCredential.layer(options)

  it.effect("logs in and requests an access token, as keystoneauth does", () =>
    Effect.gen(function*() {
      const { result, sent } = yield* headersOf(robot)
      assert.deepStrictEqual(yield* result, { "x-auth-token": "keystone-1", authorization: "Bearer oauth-2" })
      assert.deepStrictEqual(sent.map(({ method, url }) => `${method} ${url}`), [
        `POST ${authUrl}/auth/tokens`,
        `POST ${oauth2Endpoint}`
      ])
      assert.deepStrictEqual(JSON.parse(sent[0]?.body ?? ""), {
        auth: {
          identity: {
            methods: ["application_credential"],
            application_credential: { id: "cl id", secret: "s/e+c" }
          }
        }
      })
      assert.strictEqual(sent[1]?.body, "grant_type=client_credentials")
      assert.strictEqual(sent[1]?.headers["authorization"], "Basic Y2wgaWQ6cy9lK2M=")
    }))

  it.effect("requests one access token for all callers, and the next before it ends", () =>
    Effect.gen(function*() {
      const { layer, to } = world()
      yield* Effect.gen(function*() {
        const all = yield* Effect.all(
          Array.from({ length: 100 }, () => Effect.provide(headers, robot)),
          { concurrency: "unbounded" }
        )
        assert.strictEqual(new Set(all.map((sent) => sent["authorization"])).size, 1)
        assert.lengthOf(to("/OS-OAUTH2/token"), 1)
        yield* TestClock.adjust("57 minutes")
        yield* Effect.provide(headers, robot)
        assert.lengthOf(to("/OS-OAUTH2/token"), 1)
        // in its last minute it is still used while the next one is fetched
        yield* TestClock.adjust("150 seconds")
        assert.strictEqual((yield* Effect.provide(headers, robot))["authorization"], all[0]?.["authorization"])
        yield* TestClock.adjust("1 second")
        assert.notStrictEqual((yield* Effect.provide(headers, robot))["authorization"], all[0]?.["authorization"])
        assert.lengthOf(to("/OS-OAUTH2/token"), 2)
      }).pipe(Effect.provide(layer))
    }))

  it.effect("an access token without an end is used until it is rejected", () =>
    Effect.gen(function*() {
      const { layer, to } = world((sent, count) =>
        sent.url === oauth2Endpoint ? [200, { access_token: `oauth-${count}` }] : granting(sent, count)
      )
      yield* Effect.gen(function*() {
        const { authorization: first } = yield* headers
        yield* TestClock.adjust("300 days")
        assert.strictEqual((yield* headers)["authorization"], first)
        assert.lengthOf(to("/OS-OAUTH2/token"), 1)
      }).pipe(Effect.provide(robot), Effect.provide(layer))
    }))

  it.effect("a 401 renews both tokens, and a late 401 drops nothing", () =>
    Effect.gen(function*() {
      const { layer, sent, to } = world((one, count) =>
        one.url.startsWith("https://compute.example.com/") && one.headers["authorization"] === "Bearer oauth-2"
          ? [401, {}]
          : granting(one, count)
      )
      yield* Effect.gen(function*() {
        const plugin = yield* AuthPlugin.AuthPlugin
        const first = yield* plugin.headers
        const response = yield* Session.request(HttpClientRequest.get("https://compute.example.com/servers"))
        assert.strictEqual(response.status, 200)
        assert.deepStrictEqual(
          to("compute").map(({ headers }) => [headers["x-auth-token"], headers["authorization"]]),
          [["keystone-1", "Bearer oauth-2"], ["keystone-4", "Bearer oauth-5"]]
        )
        assert.isTrue(yield* plugin.invalidate(first))
        assert.strictEqual((yield* plugin.headers)["authorization"], "Bearer oauth-5")
        assert.lengthOf(sent, 6)
      }).pipe(Effect.provide(robot), Effect.provide(layer))
    }))

  it.effect("errors of the endpoint become typed errors", () =>
    Effect.gen(function*() {
      for (const refusal of refusals) {
        const { result } = yield* headersOf(robot, (sent, count) =>
          sent.url === oauth2Endpoint ? refusal[0] : granting(sent, count))
        assertRefusal(yield* Effect.flip(result), refusal)
      }
      const { result, sent } = yield* headersOf(robot, () => [401, ""])
      const error = yield* Effect.flip(result)
      assertTag(error, "Unauthorized")
      assert.lengthOf(sent, 1, "who is not let in does not ask for an access token")
    }))

  it.effect("an error hides a secret that the endpoint quotes", () =>
    Effect.gen(function*() {
      const { result } = yield* headersOf(robot, (sent, count) =>
        sent.url === oauth2Endpoint
          ? [401, { error: "invalid_client", error_description: "is s/e+c right?" }]
          : granting(sent, count))
      const error = yield* Effect.flip(result)
      assert.include(error.message, "is <redacted> right?")
      assert.notInclude(shown(error), "s/e+c")
    }))

  it.effect("a refused client is not tried again before the backoff has passed", () =>
    Effect.gen(function*() {
      const { layer, to } = world((sent, count) => sent.url === oauth2Endpoint ? [401, {}] : granting(sent, count))
      yield* Effect.gen(function*() {
        yield* Effect.flip(headers)
        yield* Effect.flip(headers)
        assert.lengthOf(to("/OS-OAUTH2/token"), 1)
        yield* TestClock.adjust("1 minute")
        yield* Effect.flip(headers)
        assert.lengthOf(to("/OS-OAUTH2/token"), 2)
      }).pipe(Effect.provide(robot), Effect.provide(layer))
    }))

  it.effect("invalid options fail before anything is sent", () =>
    Effect.gen(function*() {
      for (const [option, value] of [["oauth2Endpoint", "/v3/OS-OAUTH2/token"], ["clientId", ""]] as const) {
        const { result, sent } = yield* headersOf(OAuth2ClientCredential.layer({ ...options, [option]: value }))
        const error = yield* Effect.flip(result)
        assertTag(error, "InvalidOptions")
        assert.strictEqual(error.option, option)
        assert.lengthOf(sent, 0)
      }
      const { layer, sent } = world()
      const error = yield* Effect.flip(headers.pipe(
        AuthPlugin.withScope({ projectId: "other" }),
        Effect.provide(robot),
        Effect.provide(layer)
      ))
      assertTag(error, "InvalidOptions")
      assert.lengthOf(sent, 0)
    }))

  it.effect("reauthenticate: false gets one token of each kind, and then none", () =>
    Effect.gen(function*() {
      const { layer, sent } = world()
      yield* Effect.gen(function*() {
        const plugin = yield* AuthPlugin.AuthPlugin
        const first = yield* plugin.headers
        assert.isFalse(yield* plugin.invalidate(first))
        const error = yield* Effect.flip(plugin.headers)
        assertTag(error, "Unauthorized")
        assert.strictEqual(error.reason, "TokenNotRenewable")
        assert.lengthOf(sent, 2)
      }).pipe(
        Effect.provide(OAuth2ClientCredential.layer({ ...options, reauthenticate: false })),
        Effect.provide(layer)
      )
    }))

  it.effect("programs that share a TokenStore share both tokens", () =>
    Effect.gen(function*() {
      const store = yield* TokenStore.makeMemory()
      const { client, sent } = world()
      const program = Effect.suspend(() =>
        headers.pipe(
          Effect.provide(robot),
          Effect.provide(Layer.provide(Session.layer(), client)),
          Effect.provideService(TokenStore.TokenStore, store)
        )
      )
      assert.deepStrictEqual(yield* program, yield* program)
      assert.lengthOf(sent, 2)
    }))

  it.effect("can be chosen by name and from the environment; a scope is left out with a warning", () =>
    Effect.gen(function*() {
      const log = yield* recordLog
      const { layer, sent } = world()
      yield* headers.pipe(
        Effect.provide(AuthTypes.layerPlugin("v3oauth2clientcredential", {
          auth_url: authUrl,
          "oauth2-endpoint": oauth2Endpoint,
          oauth2_client_id: "cl id",
          oauth2_client_secret: "s/e+c",
          project_id: "p"
        })),
        Effect.provide(layer),
        Effect.provide(log.layer)
      )
      assert.notInclude(sent[0]?.body, "scope")
      assert.deepStrictEqual(log.levels(), ["WARN"])
      const configured = OAuth2ClientCredential.layerConfig({
        authUrl: Config.string("URL"),
        oauth2Endpoint: Config.string("ENDPOINT"),
        clientId: Config.string("ID"),
        clientSecret: Config.redacted("SECRET")
      })
      const provider = ConfigProvider.fromMap(
        new Map([["URL", authUrl], ["ENDPOINT", oauth2Endpoint], ["ID", "i"], ["SECRET", "s"]])
      )
      const other = world()
      const seen = yield* headers.pipe(
        Effect.provide(configured),
        Effect.provide(other.layer),
        Effect.withConfigProvider(provider)
      )
      assert.strictEqual(seen["authorization"], "Bearer oauth-2")
    }))
})

describe("OAuth2MtlsClientCredential", () => {
  const options = { authUrl, oauth2Endpoint, clientId: "cl id" }
  const robot = OAuth2MtlsClientCredential.layer(options)

  it.effect("requests an access token, and asks Keystone about it, as keystoneauth does", () =>
    Effect.gen(function*() {
      for (const url of ["https://id.example.com", authUrl, `${authUrl}/`]) {
        const { result, sent } = yield* headersOf(OAuth2MtlsClientCredential.layer({ ...options, authUrl: url }))
        assert.deepStrictEqual(yield* result, { "x-auth-token": "oauth-1", authorization: "Bearer oauth-1" })
        assert.deepStrictEqual(sent.map(({ method, url }) => `${method} ${url}`), [
          `POST ${oauth2Endpoint}`,
          `GET ${authUrl}/auth/tokens`
        ])
        assert.strictEqual(sent[0]?.body, "grant_type=client_credentials&client_id=cl+id")
        assert.isUndefined(sent[0]?.headers["authorization"])
        assert.strictEqual(sent[1]?.headers["x-auth-token"], "oauth-1")
        assert.strictEqual(sent[1]?.headers["x-subject-token"], "oauth-1")
      }
      const { sent } = yield* headersOf(OAuth2MtlsClientCredential.layer({ ...options, includeCatalog: false }))
      assert.strictEqual(sent[1]?.url, `${authUrl}/auth/tokens?nocatalog`)
    }))

  it.effect("keeps the token, knows its user, and drops it when it is rejected", () =>
    Effect.gen(function*() {
      const { layer, sent } = world()
      yield* Effect.gen(function*() {
        const plugin = yield* AuthPlugin.AuthPlugin
        const first = yield* plugin.headers
        yield* plugin.headers
        assert.deepStrictEqual(yield* plugin.projectId, Option.some("proj"))
        assert.lengthOf(sent, 2)
        assert.isTrue(yield* plugin.invalidate(first))
        assert.strictEqual((yield* plugin.headers)["authorization"], "Bearer oauth-3")
        assertTag(yield* Effect.flip(plugin.withScope({ projectId: "other" })), "InvalidOptions")
      }).pipe(Effect.provide(robot), Effect.provide(layer))
    }))

  it.effect("a stored authState is sent in both headers", () =>
    Effect.gen(function*() {
      const of = Effect.provide(AuthPlugin.AuthPlugin, robot)
      const before = world()
      const state = yield* Effect.flatMap(of, (plugin) => Effect.zipRight(plugin.headers, plugin.authState)).pipe(
        Effect.provide(before.layer)
      )
      const after = world()
      yield* Effect.gen(function*() {
        const plugin = yield* of
        yield* TestClock.setTime(Date.parse("2026-01-01T00:10:00Z"))
        yield* plugin.setAuthState(Option.getOrThrow(state))
        const kept: Record<string, string> = { ...(yield* plugin.headers) }
        assert.deepStrictEqual(kept, {
          "x-auth-token": "oauth-1",
          authorization: "Bearer oauth-1"
        })
        assert.lengthOf(after.sent, 0)
      }).pipe(Effect.provide(after.layer))
    }))

  it.effect("failures become typed errors, and Keystone is not asked about a missing token", () =>
    Effect.gen(function*() {
      for (const refusal of refusals) {
        const { result, sent } = yield* headersOf(
          robot,
          (sent, count) => sent.url === oauth2Endpoint ? refusal[0] : granting(sent, count)
        )
        assertRefusal(yield* Effect.flip(result), refusal)
        assert.lengthOf(sent, 1)
      }
      const validations: ReadonlyArray<readonly [Answer, Errors.AuthenticationError["_tag"], string]> = [
        [[401, ""], "Unauthorized", "OAuth 2 client cl id"],
        [[404, ""], "NotFound", "404"],
        [[200, "x"], "InvalidResponse", "JSON"],
        [[200, {}], "InvalidResponse", "not a v3 token"]
      ]
      for (const [answer, tag, message] of validations) {
        const { result } = yield* headersOf(
          robot,
          (sent, count) => sent.url === oauth2Endpoint ? granting(sent, count) : answer
        )
        const error = yield* Effect.flip(result)
        assertTag(error, tag)
        assert.include(error.message, message)
        assert.notInclude(shown(error), "oauth-1")
      }
    }))

  it.effect("another certificate gets another token", () =>
    Effect.gen(function*() {
      const store = yield* TokenStore.makeMemory()
      const { client, to } = world()
      const program = Effect.suspend(() =>
        headers.pipe(
          Effect.provide(robot),
          Effect.provide(Layer.provide(Session.layer(), client)),
          Effect.provideService(TokenStore.TokenStore, store)
        )
      )
      yield* program
      yield* program
      assert.lengthOf(to("/OS-OAUTH2/token"), 2)
    }))

  it.effect("invalid options fail before anything is sent; can be chosen by name", () =>
    Effect.gen(function*() {
      for (const [option, value] of [["oauth2Endpoint", "token"], ["clientId", ""], ["authUrl", "id"]] as const) {
        const { result, sent } = yield* headersOf(OAuth2MtlsClientCredential.layer({ ...options, [option]: value }))
        const error = yield* Effect.flip(result)
        assertTag(error, "InvalidOptions")
        assert.strictEqual(error.option, option)
        assert.lengthOf(sent, 0)
      }
      const { layer } = world()
      const seen = yield* headers.pipe(
        Effect.provide(AuthTypes.layerPlugin("v3oauth2mtlsclientcredential", {
          auth_url: authUrl,
          oauth2_endpoint: oauth2Endpoint,
          oauth2_client_id: "cl id"
        })),
        Effect.provide(layer)
      )
      assert.strictEqual(seen["authorization"], "Bearer oauth-1")
    }))
})
