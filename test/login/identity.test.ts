/** The key of a token, the URL of a login and the checks of its answer: the same for every plugin. */
import { HttpClient, HttpClientRequest, HttpClientResponse } from "@effect/platform"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Either, FastCheck, Layer, Option, Redacted } from "effect"
import {
  AccessInfo,
  ApplicationCredential,
  AuthMethod,
  AuthPlugin,
  AuthTypes,
  CustomLogin,
  type Discovery,
  GenericPassword,
  GenericToken,
  HttpBasic,
  MultiFactor,
  OAuth2ClientCredential,
  OAuth2MtlsClientCredential,
  Password,
  Session,
  Token,
  Tokenless,
  Totp,
  V2Password,
  V2Token
} from "effect-keystoneauth"
import * as OAuth1 from "effect-keystoneauth/OAuth1"
import { assertTag } from "../support.js"

interface Sent {
  readonly method: string
  readonly url: string
  readonly body: string
}

type Answer = readonly [status: number, body: unknown, headers?: ReadonlyArray<readonly [string, string]>]

const times = { issued_at: "2026-01-01T00:00:00Z", expires_at: "2099-01-01T00:00:00Z" }
const v3Body = { token: { methods: ["password"], ...times } }
const v2Body = (id: string) => ({ access: { token: { id, expires: times.expires_at } } })

/** A Keystone of all versions at any URL: each token is its number and the request that it answered. */
const keystone = (sent: Sent, count: number): Answer =>
  sent.method === "GET"
    ? sent.url.endsWith("/auth/tokens") ? [200, v3Body] : [404, "nothing"]
    : sent.url.includes("OAUTH2")
    ? [200, { access_token: `access-${count}` }]
    : sent.url.endsWith("/v2.0/tokens")
    ? [200, v2Body(`token-${count}`)]
    : [201, v3Body, [["x-subject-token", `token-${count}`]]]

const world = (answers: (sent: Sent, count: number) => Answer = keystone) => {
  const sent: Array<Sent> = []
  const client = HttpClient.make((request, url) =>
    Effect.sync(() => {
      const body = request.body._tag === "Uint8Array" ? new TextDecoder().decode(request.body.body) : ""
      const one = { method: request.method, url: url.href, body }
      sent.push(one)
      const [status, said, headers = []] = answers(one, sent.length)
      const text = typeof said === "string" ? said : JSON.stringify(said)
      return HttpClientResponse.fromWeb(
        request,
        new Response(text, { status, headers: headers.map(([name, value]): [string, string] => [name, value]) })
      )
    })
  )
  return { sent, layer: Layer.provide(Session.layer(), Layer.succeed(HttpClient.HttpClient, client)) }
}

type Plugin = Layer.Layer<AuthPlugin.AuthPlugin, never, Session.Session | Discovery.Discovery>

const headers = Effect.flatMap(
  AuthPlugin.AuthPlugin,
  (plugin) => Effect.map(plugin.headers, (headers): Record<string, string> => ({ ...headers }))
)

const tokenOf = (plugin: Plugin) => Effect.map(Effect.provide(headers, plugin), (sent) => sent["x-auth-token"])

const authUrl = "https://ks.test/v3"
const demo = { userId: "u", password: Redacted.make("p4ssw0rd") }

/** Each plugin that logs in, with these options in place of its own. */
const plugins: Readonly<
  Record<string, (options: { readonly authUrl?: string; readonly [name: string]: unknown }) => Plugin>
> = {
  Password: (options) => Password.layer({ authUrl, ...demo, ...options }),
  Token: (options) => Token.layer({ authUrl, token: Redacted.make("t0ken"), ...options }),
  ApplicationCredential: (options) =>
    ApplicationCredential.layer({ authUrl, id: "c", secret: Redacted.make("s3cret"), ...options }),
  Totp: (options) => Totp.layer({ authUrl, userId: "u", passcode: Redacted.make("123456"), ...options }),
  OAuth1: (options) =>
    OAuth1.layer({
      authUrl,
      consumerKey: "c",
      consumerSecret: Redacted.make("s"),
      accessKey: "a",
      accessSecret: Redacted.make("s"),
      ...options
    }),
  OAuth2ClientCredential: (options) =>
    OAuth2ClientCredential.layer({
      authUrl,
      oauth2Endpoint: `${authUrl}/OS-OAUTH2/token`,
      clientId: "c",
      clientSecret: Redacted.make("s"),
      ...options
    }),
  OAuth2MtlsClientCredential: (options) =>
    OAuth2MtlsClientCredential.layer({
      authUrl,
      oauth2Endpoint: `${authUrl}/OS-OAUTH2/token`,
      clientId: "c",
      ...options
    }),
  MultiFactor: (options) =>
    MultiFactor.layer({ authUrl, methods: [Password.method({ ...demo, ...options })], ...options }),
  GenericPassword: (options) => GenericPassword.layer({ authUrl, ...demo, ...options }),
  GenericToken: (options) => GenericToken.layer({ authUrl, token: Redacted.make("t0ken"), ...options }),
  V2Password: (options) => V2Password.layer({ authUrl: "https://ks.test/v2.0", ...demo, ...options }),
  V2Token: (options) => V2Token.layer({ authUrl: "https://ks.test/v2.0", token: Redacted.make("t0ken"), ...options })
}

/** A CustomLogin whose tokens are its name and a number. */
const custom = (options: Partial<CustomLogin.Options> & { readonly says?: string }) =>
  CustomLogin.layer({
    authUrl,
    name: "custom",
    description: "who logs in so",
    parts: {},
    login: Effect.succeed(Either.getOrThrow(AccessInfo.fromV3(v3Body, Redacted.make(options.says ?? "own")))),
    ...options
  })

describe("the key of a token", () => {
  it.effect("parts of a CustomLogin with the names of options do not hide the options", () =>
    Effect.gen(function*() {
      const names = [
        ...[
          "projectId",
          "scope",
          "unscoped",
          "domainId",
          "name",
          "kind",
          "once",
          "root",
          "momentary",
          "includeCatalog"
        ],
        ...["methods", "parts", "identity", "authUrl", "token.token", "own"]
      ]
      for (const name of names) {
        const plugin = custom({ parts: { [name]: "home" } })
        const tokens = yield* Effect.all([
          headers,
          AuthPlugin.withScope(headers, { projectId: "pA" }),
          AuthPlugin.withScope(headers, { projectId: "pB" }),
          AuthPlugin.withScope(headers, { projectId: "home" }),
          AuthPlugin.withScope(headers, { domainId: "home" })
        ]).pipe(Effect.provide(plugin), Effect.provide(world().layer))
        assert.strictEqual(new Set(tokens.map((sent) => sent["x-auth-token"])).size, tokens.length, name)
      }
    }))

  it.effect("plugins that differ in one part have different tokens", () =>
    Effect.gen(function*() {
      const method = (parts: AuthMethod.Parts, momentary: AuthMethod.Parts = {}) =>
        AuthMethod.make({
          name: "own",
          prove: () => Effect.succeed({ entry: {}, secrets: [] }),
          parts,
          momentary,
          description: "x"
        })
      const multi = (...methods: ReadonlyArray<AuthMethod.AuthMethod>) => MultiFactor.layer({ authUrl, methods })
      const different: ReadonlyArray<Plugin> = [
        custom({ says: "a", parts: { identity: "alice" } }),
        custom({ says: "b", parts: { identity: "bob" } }),
        custom({ says: "c", parts: { authUrl: "https://other.test/v3" } }),
        custom({ says: "d", authUrl: "https://other.test/v3" }),
        custom({ says: "e", parts: { authUrl } }),
        custom({ says: "f", parts: { "password.userId": "u", "password.password": demo.password }, name: "v3" }),
        custom({ says: "g", name: "v3" }),
        custom({ says: "h", name: "v3", parts: { name: "custom" } }),
        custom({ says: "i", parts: { groups: ["a", "b"] } }),
        custom({ says: "j", parts: { groups: ["a,b"] } }),
        Password.layer({ authUrl, ...demo }),
        Password.layer({ authUrl, ...demo, projectId: "p" }),
        Password.layer({ authUrl, ...demo, domainId: "p" }),
        multi(method({ projectId: "p" })),
        multi(method({}, { projectId: "p" })),
        multi(method({ once: true })),
        multi(method({ name: "p", parts: "p" })),
        // a method without parts counts as well
        multi(method({}), Password.method(demo)),
        ApplicationCredential.layer({ authUrl, id: "c", secret: Redacted.make("s") }),
        ApplicationCredential.layer({ authUrl, id: "c", secret: Redacted.make("s2") })
      ]
      const tokens = yield* Effect.forEach(different, tokenOf).pipe(Effect.provide(world().layer))
      assert.strictEqual(new Set(tokens).size, different.length, tokens.join())
    }))

  it.effect("different logins never share a token, whatever the names and values", () => {
    const text = FastCheck.constantFrom(
      "a",
      "b",
      "a,b",
      "[\"a\"]",
      "null",
      "true",
      "1",
      "__proto__",
      " a",
      "\0",
      "\"",
      "\\"
    )
    const name = FastCheck.constantFrom(
      "a",
      "a.b",
      "__proto__",
      "constructor",
      "toJSON",
      "0",
      "length",
      "parts",
      "scope"
    )
    const leaf = FastCheck.oneof(text, text.map(Redacted.make), FastCheck.boolean())
    const part = FastCheck.oneof(
      leaf,
      FastCheck.array(leaf, { maxLength: 2 }),
      FastCheck.dictionary(name, leaf, { maxKeys: 2 })
    )
    const one = FastCheck.record({
      authUrl: FastCheck.constantFrom(authUrl, "https://other.test/v3"),
      name: text,
      parts: FastCheck.dictionary(name, part, { maxKeys: 2 })
    })
    const open = (value: unknown): unknown =>
      Redacted.isRedacted(value) ? Redacted.value(value) : Array.isArray(value) ? value.map(open) : value
    /** Sorted, and without empty values. */
    const told = (value: unknown): unknown => {
      const opened = open(value)
      return typeof opened !== "object" || opened === null || Array.isArray(opened)
        ? opened
        : Object.entries(opened).sort().map(([name, value]) => ({ name, value: told(value) })).filter(({ value }) =>
          !Array.isArray(value) || value.length > 0
        )
    }
    const check = (all: ReadonlyArray<Parameters<typeof custom>[0] & { readonly parts: AuthMethod.Parts }>) =>
      Effect.gen(function*() {
        for (const options of all) {
          const says = Buffer.from(JSON.stringify([options.authUrl, options.name, told(options.parts)])).toString("hex")
          assert.strictEqual(yield* tokenOf(custom({ ...options, says })), says)
        }
      }).pipe(Effect.provide(world().layer), Effect.runPromise)
    return Effect.promise(() =>
      FastCheck.assert(
        FastCheck.asyncProperty(FastCheck.array(one, { minLength: 4, maxLength: 12 }), check),
        { numRuns: 40 }
      )
    )
  })

  it.effect("plugins with the same options share a token", () =>
    Effect.gen(function*() {
      const factors = [Password.method(demo), Token.method({ token: Redacted.make("t0ken") })]
      const same: ReadonlyArray<readonly [Plugin, Plugin]> = [
        [
          custom({ says: "a", parts: { a: "1", b: "2" } }),
          custom({ says: "b", parts: { b: "2", a: "1", c: undefined } })
        ],
        [Password.layer({ authUrl, ...demo }), Password.layer({ authUrl: ` ${authUrl}//\n`, ...demo, projectId: "" })],
        [
          MultiFactor.layer({ authUrl, methods: factors }),
          MultiFactor.layer({ authUrl, methods: factors.toReversed() })
        ]
      ]
      const { layer } = world()
      for (const pair of same) {
        const [one, other] = yield* Effect.forEach(pair, tokenOf).pipe(Effect.provide(layer))
        assert.strictEqual(one, other)
      }
    }))

  it.effect("an invalid scope does not get the token of another scope", () =>
    Effect.gen(function*() {
      const plugin = yield* V2Password.make({ authUrl: "https://ks.test/v2.0", ...demo, tenantId: "a" })
      const unscoped = yield* plugin.withScope({})
      yield* unscoped.headers
      const refused = yield* plugin.withScope({ domainId: "d" })
      for (let i = 0; i < 2; i++) {
        const error = yield* Session.request(HttpClientRequest.get("https://h.test/x")).pipe(
          Effect.provideService(AuthPlugin.AuthPlugin, refused),
          Effect.flip
        )
        assertTag(error, "InvalidOptions")
      }
    }).pipe(Effect.provide(world().layer)))

  it.effect("two methods of one name are refused, also those of onMissing and of configuration files", () =>
    Effect.gen(function*() {
      const { layer, sent } = world(() => [401, {}, [["openstack-auth-receipt", "r"]]])
      const twice = [Password.method(demo), Password.method({ ...demo, userId: "v" })]
      const error = yield* tokenOf(MultiFactor.layer({ authUrl, methods: twice })).pipe(
        Effect.flip,
        Effect.provide(layer)
      )
      assertTag(error, "InvalidOptions")
      assert.include(error.message, "MultiFactor: option methods: two of them are called \"password\"")
      assert.lengthOf(sent, 0)
      const later = yield* tokenOf(
        MultiFactor.layer({ authUrl, methods: twice.slice(1), onMissing: () => Effect.succeed(twice) })
      ).pipe(Effect.flip, Effect.provide(layer))
      assert.strictEqual(later._tag, "MissingAuthMethods", "nothing was accepted, so that nobody is asked")
      const named = yield* Effect.flip(
        AuthTypes.load("v3multifactor", {
          auth_url: authUrl,
          auth_methods: ["v3password", "v3password"],
          user_id: "u",
          password: "p"
        })
      ).pipe(Effect.provide(layer))
      assert.include(named.message, "option auth_methods: v3password is there more than once")
    }))
})

describe("text that cannot be sent", () => {
  const secret = ["password", "token", "secret", "passcode", "consumerSecret", "accessSecret", "clientSecret"]
  const options: Readonly<Record<string, ReadonlyArray<string>>> = {
    Password: ["userId", "username", "userDomainName", "password", "projectId", "projectName", "domainName", "trustId"],
    Token: ["token", "projectId"],
    ApplicationCredential: ["id", "name", "secret"],
    Totp: ["userId", "passcode", "projectId"],
    OAuth1: ["consumerKey", "consumerSecret", "accessKey", "accessSecret"],
    OAuth2ClientCredential: ["clientId", "clientSecret"],
    OAuth2MtlsClientCredential: ["clientId"],
    MultiFactor: ["userId", "password", "projectId"],
    GenericPassword: ["userId", "password", "projectId", "defaultDomainId"],
    GenericToken: ["token", "projectId"],
    V2Password: ["username", "password", "tenantId", "tenantName", "trustId"],
    V2Token: ["token", "tenantName"]
  }
  for (const [module, make] of Object.entries(plugins)) {
    it.effect(`${module} refuses it in any option, before anything is sent`, () =>
      Effect.gen(function*() {
        const { layer, sent } = world()
        for (const option of options[module] ?? []) {
          for (const bad of ["a\ud800", "\udfffb", "\ufffd"]) {
            const value = secret.includes(option) ? Redacted.make(bad) : bad
            const error = yield* tokenOf(make({
              ...(option === "defaultDomainId" ? {} : { userDomainId: "d", projectDomainId: "d" }),
              [option]: value
            })).pipe(
              Effect.flip,
              Effect.provide(layer)
            )
            assertTag(error, "InvalidOptions")
            assert.include(error.option, option === "defaultDomainId" ? "projectDomainId" : option)
            assert.include(error.message, "surrogate")
          }
        }
        assert.lengthOf(sent, 0)
      }))
  }

  it.effect("a CustomLogin, plugins without tokens, and a passcode from an Effect refuse it", () =>
    Effect.gen(function*() {
      const { layer, sent } = world()
      const cases: ReadonlyArray<readonly [Plugin, string]> = [
        [custom({ parts: { ticket: Redacted.make("\ud800") } }), "ticket"],
        [custom({ parts: { nested: { ticket: ["\udc00"] } } }), "ticket"],
        [custom({ name: "\ufffd" }), "name"],
        [HttpBasic.layer({ username: "u", password: Redacted.make("\ud800") }), "password"],
        [Tokenless.layer({ authUrl, projectId: "\ufffd" }), "x-project-id"],
        [Totp.layer({ authUrl, userId: "u", passcode: Effect.succeed(Redacted.make("\ud800")) }), "totp"]
      ]
      for (const [plugin, option] of cases) {
        const error = yield* tokenOf(plugin).pipe(Effect.flip, Effect.provide(layer))
        assertTag(error, "InvalidOptions")
        assert.strictEqual(error.option, option)
      }
      assert.lengthOf(sent, 0)
    }))
})

describe("auth URLs", () => {
  const around = ["", " ", "\n", "\r\n", "\t", "\u00a0", "\ufeff", "\u2028"]
  const wrong: ReadonlyArray<readonly [url: string, says: RegExp]> = [
    ["", /is empty|needed/],
    [" \n", /is empty/],
    ["nowhere", /must begin with https/],
    ["ks.test/v3", /must begin with https/],
    ["adm:hunter2@ks.test/v3", /must begin with https/],
    ["ftp://adm:hunter2@ks.test/v3", /must begin with https/],
    ["//ks.test/v3", /must begin with https/],
    ["http:/ks.test/v3", /must begin with https/],
    ["http:ks.test/v3", /must begin with https/],
    ["http:\\\\ks.test\\v3", /must begin with https/],
    ["https://ks.test\\v3", /U\+005C/],
    ["http:///v3", /no host/],
    ["http://", /no host/],
    ["http://:5000/v3", /no host/],
    ["http://adm:hunter2@/v3", /no host/],
    ["https://ks.test/v3?x=1", /has a query/],
    ["https://ks.test/v3?", /has a query/],
    ["https://adm:hunter2@ks.test/v3?x=1", /has a query/],
    ["https://ks.test/v3#frag", /has a fragment/],
    ["https://ks.test/#", /has a fragment/],
    ["https://ks.test/v 3", /U\+0020/],
    ["https://ks.test/v3\n/x", /U\+000A/],
    ["https://ks\t.test/v3", /U\+0009/],
    ["https://ks.test/v3\u200b", /U\+200B/],
    ["https://ks.test/\ufffd", /U\+FFFD/],
    ["https://ks.test/v3%20", /encoded blank/],
    ["https://ks.test/v3%0a", /encoded blank/],
    ["https://adm:hun/ter2@ks.test/v3", /%2F/],
    ["https://adm:12/hunter2@ks.test/v3", /%2F/],
    ["https://adm:hun#ter2@ks.test/v3", /%23/],
    ["https://adm:hun?ter2@ks.test/v3", /%3F/],
    ["https://ks.test:99999/v3", /is invalid/],
    ["https://ks.test:0/v3", /is invalid/],
    ["https://ks.test:abc/v3", /is invalid/],
    ["https://adm:hunter2@[::1/v3", /is invalid/]
  ]

  for (const [module, make] of Object.entries({ ...plugins, Tokenless: Tokenless.layer, CustomLogin: custom })) {
    it.effect(`${module} refuses an invalid URL, and shows no password`, () =>
      Effect.gen(function*() {
        const { layer, sent } = world()
        for (const [url, says] of wrong) {
          const error = yield* tokenOf(make({ authUrl: url, projectId: "p" })).pipe(Effect.flip, Effect.provide(layer))
          assertTag(error, "InvalidOptions")
          assert.strictEqual(error.option, "authUrl")
          assert.match(error.message, says, JSON.stringify(url))
          assert.notMatch(`${error.message} ${JSON.stringify(error)}`, /hun|ter2|adm/)
        }
        assert.lengthOf(sent, 0)
      }))

    it.effect(`${module} trims white space`, () =>
      Effect.gen(function*() {
        const urls = new Set<string>()
        const base = module.startsWith("V2") ? "https://ks.test/v2.0" : "https://ks.test/identity/v3/"
        for (const before of around) {
          for (const after of around) {
            const { layer, sent } = world()
            const found = yield* AuthPlugin.AuthPlugin.pipe(
              Effect.tap((plugin) => plugin.headers),
              Effect.provide(
                make({ authUrl: `${before}${base}${after}`, ...(module === "Tokenless" ? { domainId: "d" } : {}) })
              ),
              Effect.provide(layer)
            )
            assert.strictEqual(Option.getOrThrow(found.authUrl), base)
            sent.filter(({ url }) => !url.includes("OAUTH2")).forEach(({ url }) => urls.add(url))
          }
        }
        for (const url of urls) {
          assert.match(url, /^https:\/\/ks\.test\/(v2\.0|identity\/v3)\/((auth\/)?tokens)?$/)
        }
      }))
  }

  it.effect("the endpoint of OAuth 2 is checked and trimmed as well", () =>
    Effect.gen(function*() {
      const { layer, sent } = world()
      for (const module of ["OAuth2ClientCredential", "OAuth2MtlsClientCredential"]) {
        for (const [url, says] of wrong) {
          const error = yield* tokenOf(plugins[module]!({ oauth2Endpoint: url })).pipe(
            Effect.flip,
            Effect.provide(layer)
          )
          assertTag(error, "InvalidOptions")
          assert.strictEqual(error.option, "oauth2Endpoint")
          assert.match(error.message, says)
        }
      }
      assert.lengthOf(sent, 0)
    }))

  it.effect("lookUp fails for an invalid URL or token", () =>
    Effect.gen(function*() {
      const { layer, sent } = world()
      const look = (url: string, token: string) => Effect.provide(CustomLogin.lookUp(url, Redacted.make(token)), layer)
      for (
        const [url, token, option] of [["http:///v3", "t", "authUrl"], [authUrl, "", "token"], [
          authUrl,
          "a\nb",
          "token"
        ]] as const
      ) {
        const error = yield* Effect.flip(look(url, token))
        assertTag(error, "InvalidOptions")
        assert.strictEqual(error.option, option)
      }
      assert.lengthOf(sent, 0)
      assert.strictEqual(Redacted.value((yield* look(` ${authUrl}\n`, "t")).token), "t")
      assert.strictEqual(sent[0]?.url, `${authUrl}/auth/tokens`)
    }))
})

describe("the answer to a login", () => {
  const badTokens: ReadonlyArray<readonly [values: ReadonlyArray<string>, says: string]> = [
    [[""], "is empty"],
    [["zq1", "zq2"], "more than one"],
    [["zq1", "zq1"], "more than one"],
    [["zq1 zq2"], "character"],
    [["zq1\u00e9"], "character"]
  ]
  const noTimes: ReadonlyArray<unknown> = [
    "soon",
    17,
    0,
    {},
    [],
    "",
    false,
    true,
    "2026-13-01T00:00:00Z",
    "2026-01-01T00:00:00Z\n"
  ]
  const statuses = [300, 302, 399]

  const refused = (module: string, answer: (sent: Sent) => Answer) =>
    Effect.gen(function*() {
      const { layer } = world((sent) =>
        sent.method === "GET" && !sent.url.endsWith("/auth/tokens") ? [404, ""] : answer(sent)
      )
      const error = yield* tokenOf(plugins[module]!({})).pipe(Effect.flip, Effect.provide(layer))
      assertTag(error, "InvalidResponse")
      assert.notMatch(`${error.message} ${JSON.stringify(error)}`, /zq|soon/)
      return error
    })

  for (const module of Object.keys(plugins).filter((name) => !name.includes("Mtls"))) {
    const isV2 = module.startsWith("V2")
    it.effect(`of ${module} must be a success with a valid token and a valid time`, () =>
      Effect.gen(function*() {
        for (const [values, says] of badTokens) {
          const error = yield* refused(module, () =>
            isV2
              ? [200, v2Body(values.join(", "))]
              : [201, v3Body, values.map((value) => ["x-subject-token", value] as const)])
          assert.include(error.reason, says)
          assert.include(error.reason, isV2 ? "access.token.id" : "X-Subject-Token")
        }
        for (const time of noTimes) {
          const error = yield* refused(module, () =>
            isV2
              ? [200, { access: { token: { id: "t", expires: time } } }]
              : [201, { token: { ...times, expires_at: time } }, [["x-subject-token", "t"]]])
          assert.include(error.reason, isV2 ? "access.token.expires" : "token.expires_at")
        }
        for (const status of statuses) {
          const error = yield* refused(
            module,
            () => [status, isV2 ? v2Body("zq1") : v3Body, [["x-subject-token", "zq1"]]]
          )
          assert.strictEqual(error.status, status)
          assert.include(error.message, String(status))
        }
      }))
  }

  it.effect("may have a token without an end", () =>
    Effect.gen(function*() {
      for (const never of [null, undefined]) {
        const { layer } = world(() => [201, { token: { expires_at: never } }, [["x-subject-token", "t"]]])
        assert.strictEqual(yield* Effect.provide(tokenOf(plugins["Password"]!({})), layer), "t")
      }
    }))

  it.effect("of an OAuth 2 endpoint is checked as well", () =>
    Effect.gen(function*() {
      for (const module of ["OAuth2ClientCredential", "OAuth2MtlsClientCredential"]) {
        for (const [values, says] of badTokens) {
          const error = yield* refused(module, (sent) =>
            sent.url.includes("OAUTH2")
              ? [200, { access_token: values.join(", ") }]
              : [201, v3Body, [["x-subject-token", "t"]]])
          assert.include(error.reason, "access_token")
          assert.include(error.reason, says)
        }
      }
      const looked = yield* refused("OAuth2MtlsClientCredential", (sent) =>
        sent.url.includes("OAUTH2") ? [200, { access_token: "t" }] : [200, { token: { expires_at: "soon" } }])
      assert.include(looked.reason, "token.expires_at")
    }))

  it.effect("of a CustomLogin is checked, and so is an authState", () =>
    Effect.gen(function*() {
      const { layer } = world()
      const expiring = Either.getOrThrow(AccessInfo.fromV3({ token: { expires_at: "soon" } }, Redacted.make("t")))
      for (
        const plugin of [custom({ says: "" }), custom({ says: "a, b" }), custom({ login: Effect.succeed(expiring) })]
      ) {
        const error = yield* tokenOf(plugin).pipe(Effect.flip, Effect.provide(layer))
        assertTag(error, "InvalidOptions")
        assert.strictEqual(error.option, "login")
      }
      const password = yield* Effect.provide(Password.make({ authUrl, ...demo }), layer)
      for (
        const state of [{ auth_token: "", body: v3Body }, { auth_token: "t", body: { token: { expires_at: "soon" } } }]
      ) {
        const error = yield* Effect.flip(password.setAuthState(Redacted.make(JSON.stringify(state))))
        assertTag(error, "InvalidOptions")
      }
    }))
})

describe("an http auth URL that redirects to https", () => {
  const there = "https://ks.test"
  const document = {
    versions: { values: [{ id: "v3.14", status: "stable", links: [{ rel: "self", href: `${there}/v3/` }] }] }
  }
  const behind: Readonly<Record<string, Answer>> = {
    "a document": [300, document],
    "no document": [404, "nothing"],
    "a server that is down": [503, "down"],
    "a server that asks who one is": [401, ""]
  }
  for (const [what, answer] of Object.entries(behind)) {
    it.effect(`is refused before the password is sent: ${what}`, () =>
      Effect.gen(function*() {
        for (const module of ["GenericPassword", "GenericToken"]) {
          for (const url of ["http://ks.test", "http://ks.test/v3", "http://ks.test:5000/v3/"]) {
            const { layer, sent } = world(({ url }) =>
              url.startsWith("http:")
                ? [301, "", [["location", url.replace(/^http:\/\/ks\.test(:5000)?/, there)]]]
                : answer
            )
            const error = yield* tokenOf(plugins[module]!({ authUrl: url })).pipe(Effect.flip, Effect.provide(layer))
            assertTag(error, "InvalidOptions")
            assert.strictEqual(error.option, "authUrl")
            assert.include(error.message, `${url} redirects to https://ks.test/`)
            assert.isTrue(sent.every(({ method }) => method === "GET"))
          }
        }
      }))
  }

  it.effect("other redirects are followed", () =>
    Effect.gen(function*() {
      const { layer, sent } = world((sent, count) =>
        sent.url === "http://ks.test/"
          ? [302, "", [["location", "http://ks.test/identity/"]]]
          : sent.url === "http://ks.test/identity/"
          ? [300, document]
          : keystone(sent, count)
      )
      yield* Effect.provide(tokenOf(plugins["GenericPassword"]!({ authUrl: "http://ks.test/" })), layer)
      assert.strictEqual(sent.at(-1)?.url, "http://ks.test/v3/auth/tokens")
    }))
})

describe("a login whose body is nested too deep for JSON", () => {
  it.effect("works, and has no authState", () => {
    const deep = `${"[".repeat(20_000)}${"]".repeat(20_000)}`
    const { layer } = world(() => [
      201,
      `{"token":{"expires_at":"${times.expires_at}","more":${deep}}}`,
      [["x-subject-token", "deep"]]
    ])
    return Effect.gen(function*() {
      const plugin = yield* Password.make({ authUrl, ...demo })
      assert.strictEqual((yield* plugin.headers)["x-auth-token"], "deep")
      assert.isTrue(Option.isNone(yield* plugin.authState))
    }).pipe(Effect.provide(layer))
  })
})
