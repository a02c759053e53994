/** No plugin, and none of its values, prints a secret, in any way of printing. */
import { Headers, HttpClient, HttpClientResponse } from "@effect/platform"
import { assert, describe, it } from "@effect/vitest"
import { Cause, Context, Effect, Exit, FastCheck, Inspectable, Layer, Logger, Option, Redacted } from "effect"
import {
  AccessInfo,
  AdminToken,
  AuthPlugin,
  AuthTypes,
  CustomLogin,
  IssuedToken,
  ServiceToken,
  Session
} from "effect-keystoneauth"
import * as OAuth1 from "effect-keystoneauth/OAuth1"
import { inspect } from "node:util"
import * as Material from "../../src/safety/material.js"

const secret = "hunter2-hunter2"

const loggers = [Logger.jsonLogger, Logger.logfmtLogger, Logger.stringLogger, Logger.structuredLogger]

/** Prints a value in all ways that programs use. */
const printed = (value: unknown): Effect.Effect<ReadonlyArray<string>> =>
  Effect.gen(function*() {
    const logged: Array<string> = []
    const log = Effect.gen(function*() {
      yield* Effect.log("said", value)
      yield* Effect.logError(Cause.fail(value))
      yield* Effect.annotateLogs(Effect.log("said"), "value", value)
    })
    for (const logger of loggers) {
      const record = Logger.map<unknown, unknown, void>(logger, (text) => {
        logged.push(typeof text === "string" ? text : inspect(text, { depth: 20 }), JSON.stringify(text))
      })
      yield* Effect.provide(log, Logger.replace(Logger.defaultLogger, record))
    }
    return [
      String(value),
      `${JSON.stringify(value)} ${JSON.stringify({ in: [value] })}`,
      inspect(value, { depth: 20, showHidden: true, getters: true }),
      inspect([value], { depth: 20, showProxy: true }),
      Inspectable.toStringUnknown(value),
      Inspectable.format(value),
      inspect(Inspectable.toJSON(value), { depth: 20 }),
      Inspectable.stringifyCircular({ value }),
      Cause.pretty(Cause.fail(value)),
      Cause.pretty(Cause.die(value)),
      ...[Exit.succeed(value), Exit.fail(value), Cause.fail(value), Option.some(value), Effect.succeed(value)].flatMap((
        holder
      ) => [String(holder), JSON.stringify(holder), inspect(holder, { depth: 20, showHidden: true })]),
      ...logged
    ]
  })

const assertHidden = (name: string, value: unknown) =>
  Effect.map(
    printed(value),
    (texts) => assert.deepStrictEqual(texts.filter((text) => text.includes("hunter2")), [], name)
  )

/** A plugin, the contexts and layers that hold it, and the values that it gives. */
const everythingOf = (plugin: AuthPlugin.Service) =>
  Effect.gen(function*() {
    const headers = yield* Effect.exit(plugin.headers)
    const layer = Layer.succeed(AuthPlugin.AuthPlugin, plugin)
    const effects = [plugin.headers, plugin.access, plugin.userId, plugin.projectId, plugin.authState, plugin.cacheId]
    return {
      plugin,
      copy: { ...plugin },
      context: Context.make(AuthPlugin.AuthPlugin, plugin),
      layer,
      provided: Effect.provide(AuthPlugin.access, layer),
      merged: Layer.provideMerge(AuthPlugin.layerWithScope({ projectId: "p" }), layer),
      effects,
      combined: [
        Effect.map(plugin.headers, (headers) => headers),
        Effect.zip(plugin.headers, plugin.access),
        Effect.all(effects),
        Effect.provideService(AuthPlugin.access, AuthPlugin.AuthPlugin, plugin)
      ],
      headers,
      sent: Exit.isSuccess(headers) ? headers.value : undefined,
      outcomes: yield* Effect.all([Effect.exit(plugin.access), Effect.exit(plugin.authState)]),
      again: { ...plugin }
    }
  })

// -----------------------------------------------------------------------------
// plugins
// -----------------------------------------------------------------------------

const token = {
  methods: ["password"],
  issued_at: "1970-01-01T00:00:00.000000Z",
  expires_at: "1970-01-01T01:00:00.000000Z",
  user: { id: "u", name: "demo", domain: { id: "default", name: "Default" } },
  project: { id: "p", name: "demo", domain: { id: "default", name: "Default" } }
}

const v2 = {
  access: {
    token: { id: secret, expires: token.expires_at, tenant: { id: "p", name: "demo" } },
    user: { id: "u", name: "demo", roles: [] },
    serviceCatalog: []
  }
}

const answer = (url: URL): readonly [status: number, body: unknown, headers?: Record<string, string>] =>
  url.pathname.endsWith("/oauth2")
    ? [200, { access_token: secret, token_type: "Bearer", expires_in: 3600 }]
    : url.pathname.endsWith("/v2.0/tokens")
    ? [200, v2]
    : url.pathname.endsWith("/auth/tokens")
    ? [url.search === "?get" ? 200 : 201, { token }, { "x-subject-token": secret }]
    : [404, {}]

/** A cloud that gives everyone the same tokens. */
const world = Session.layer().pipe(Layer.provide(Layer.succeed(
  HttpClient.HttpClient,
  HttpClient.make((request, url) => {
    const [status, body, headers] = answer(url)
    return Effect.succeed(
      HttpClientResponse.fromWeb(
        request,
        new Response(JSON.stringify(body), {
          status: request.method === "GET" && status === 201 ? 200 : status,
          headers: headers ?? {}
        })
      )
    )
  })
)))

const issued = AccessInfo.fromV3({ token }, Redacted.make(secret))

const types = [...AuthTypes.core, OAuth1.authType]

/** The options of each auth type, with all its secrets. */
const given = (name: string): Record<string, string> => {
  const own: Record<string, string> = name === "v3multifactor" ? { auth_methods: "v3password,v3totp" } : {}
  const methods = name === "v3multifactor" ? ["v3password", "v3totp"] : []
  const options = types.filter((type) => [name, ...methods].includes(type.name)).flatMap((type) => type.options)
  const texts: Record<string, string> = {
    "auth-url": name.startsWith("v2") ? "https://id.test/v2.0" : "https://id.test/v3",
    username: "demo",
    "user-domain-name": "Default",
    "application-credential-id": "x",
    application_credential_id: "x",
    "oauth2-endpoint": "https://id.test/oauth2",
    oauth2_endpoint: "https://id.test/oauth2"
  }
  for (const option of options) {
    const text = option.kind === "secret" ? secret : texts[option.name] ?? (option.required ? "x" : undefined)
    if (text !== undefined) {
      own[option.name.replaceAll("-", "_")] ??= text
    }
  }
  return name === "v3tokenlessauth" ? { ...own, project_id: "p" } : own
}

const handMade = (headers: Effect.Effect<Headers.Headers>) => AuthPlugin.make({ name: "own", headers })

const ownHeaders = (name: string) => Headers.fromInput({ [name]: secret, "x-beside": secret })

const made: Record<string, Effect.Effect<AuthPlugin.Service, unknown, Session.Session>> = {
  ...Object.fromEntries(
    types.map(({ name }) => [
      name,
      Effect.provide(AuthTypes.load(name, given(name)), AuthTypes.layerWith([OAuth1.authType]))
    ])
  ),
  IssuedToken: Effect.map(issued, (access) => IssuedToken.make({ access })),
  ServiceToken: Effect.succeed(
    ServiceToken.make(
      handMade(Effect.succeed(ownHeaders("x-api-key"))),
      AdminToken.make({ token: Redacted.make(secret) })
    )
  ),
  CustomLogin: CustomLogin.make({
    authUrl: "https://id.test/v3",
    name: "own",
    description: "somebody",
    parts: { ticket: Redacted.make(secret) },
    login: Effect.orDie(issued)
  }),
  "made of a value": Effect.succeed(handMade(Effect.succeed(ownHeaders("x-api-key")))),
  "made by combinators": Effect.succeed(
    handMade(
      Effect.succeed(ownHeaders("x-vault-jwt")).pipe(
        Effect.zipWith(Effect.succeed(ownHeaders("x-gateway-user")), Headers.merge),
        Effect.map(Headers.set("x-more", secret)),
        Effect.tap(() => Effect.succeed(secret))
      )
    )
  ),
  "made of everything that can be given": Effect.map(issued, (access) => {
    const id = Effect.succeedSome(secret)
    const all = {
      name: "own",
      headers: Effect.succeed(Headers.unsafeFromRecord({ authorization: secret })),
      access: Effect.succeedSome(access),
      userId: id,
      projectId: id,
      cacheId: id,
      authState: Effect.succeedSome(Redacted.make(secret)),
      password: secret
    }
    return AuthPlugin.make(all)
  }),
  "made of another one": Effect.succeed(
    AuthPlugin.make({
      ...AdminToken.make({ token: Redacted.make(secret) }),
      name: "own",
      cacheId: Effect.succeedSome("known")
    })
  )
}

describe("a plugin prints nothing secret", () => {
  for (const [name, plugin] of Object.entries(made)) {
    it.effect(name, () =>
      Effect.gen(function*() {
        const { cacheId, userId, ...everything } = yield* Effect.flatMap(
          plugin,
          (plugin) => Effect.map(everythingOf(plugin), (all) => ({ ...all, userId: undefined, cacheId: undefined }))
        )
        // checks that the plugin works
        assert(Exit.isSuccess(everything.headers), inspect(everything.headers, { depth: 20 }))
        for (const [what, value] of Object.entries(everything)) {
          yield* assertHidden(`${name}: ${what}`, value)
        }
        if (!["none", "v3tokenlessauth"].includes(name)) {
          assert.include(Object.values(everything.headers.value).join(), name === "http_basic" ? "Basic " : secret)
        }
      }).pipe(Effect.provide(world)))
  }

  it("prints its name", () => {
    const plugin = AdminToken.make({ token: Redacted.make(secret) })
    assert.deepStrictEqual(JSON.parse(JSON.stringify(plugin)), {
      _id: "effect-keystoneauth/AuthPlugin",
      name: "admin_token"
    })
    assert.include(String(plugin), "admin_token")
    assert.include(inspect(plugin), "admin_token")
    // a copy with another name shows the new name
    assert.include(inspect({ ...plugin, name: "copy" }), "copy")
  })
})

describe("the headers of a plugin", () => {
  const all: Record<string, string> = { "x-api-key": secret, "x-beside": "b" }
  const given = Effect.runSync(handMade(Effect.succeed(Headers.fromInput(all))).headers)

  it("print their names and no values", () => {
    assert.strictEqual(JSON.stringify(given), "{\"x-api-key\":\"<redacted>\",\"x-beside\":\"<redacted>\"}")
    assert.strictEqual(inspect(given), "{ 'x-api-key': '<redacted>', 'x-beside': '<redacted>' }")
  })

  it("work like other headers", () => {
    assert.isTrue(Headers.isHeaders(given))
    assert.deepStrictEqual({ ...given }, all)
    assert.deepStrictEqual(Object.entries(given), Object.entries(all))
    assert.deepStrictEqual(Headers.get(given, "X-Api-Key"), Option.some(secret))
    assert.isTrue(Headers.has(given, "x-api-key"))
    assert.isFalse(["tojson", "tostring", "constructor"].some((name) => Headers.has(given, name)))
    assert.deepStrictEqual({ ...Headers.set(given, "x-more", "c") }, { ...all, "x-more": "c" })
    assert.deepStrictEqual({ ...Headers.merge(Headers.fromInput({ a: "1" }), given) }, { a: "1", ...all })
    assert.deepStrictEqual({ ...Headers.merge(given, Headers.fromInput({ "x-api-key": "1" })) }, {
      ...all,
      "x-api-key": "1"
    })
    assert.deepStrictEqual({ ...Headers.remove(given, "x-api-key") }, { "x-beside": "b" })
    assert.deepStrictEqual({ ...Headers.fromInput(given) }, all)
    const names: Array<string> = []
    for (const name in given) {
      names.push(name)
    }
    assert.deepStrictEqual(names, Object.keys(all))
    const token = Redacted.make("t")
    assert.strictEqual(AuthPlugin.tokenHeaders(token), AuthPlugin.tokenHeaders(token))
  })
})

describe("text for a certificate or key", () => {
  it("is shown if it is clearly a path", () => {
    for (
      const path of [
        "/etc/x.key",
        "/etc/ssl/private/My Cloud (2026)/client",
        "~/.config/openstack/client",
        "~demo/client.pem",
        "./client",
        "../certs/client.key",
        "client.pem",
        "my client.key.bak",
        "certs/client",
        "C:\\Users\\Demo User\\client.key",
        "c:/certs/client",
        "\\\\server\\share\\client.key",
        "certs\\client.key",
        "/home/übung/schlüssel.pem",
        "/var/folders/zz/zyxvpxvq6csfxvn_n0000000000000/T/client.key",
        "/nix/store/0c5b2q4a3m8wq7n4zqkq9s8x5k3k5q1g-certs/ca-bundle.crt",
        "/run/secrets/kubernetes.io/..2026_11_28_13_46_13.123456789/tls.key"
      ]
    ) {
      assert.strictEqual(Material.hide(path), path)
    }
  })

  it("is hidden otherwise", () => {
    for (
      const text of [
        "hunter2",
        "-----BEGIN PRIVATE KEY-----\nMC4C\n-----END PRIVATE KEY-----",
        "{\"kty\":\"EC\",\"d\":\"870MB6gfuTJ4HtUnUvYMyJpr5eUZNP4Bk43bVdj3eAE\"}",
        "data:application/x-pem-file;base64,LS0tLS1CRUdJTg==",
        "https://vault:hunter2@vault.test/client.key",
        "PuTTY-User-Key-File-3: ssh-ed25519"
      ]
    ) {
      assert.isTrue(Redacted.isRedacted(Material.hide(text)), text)
    }
  })

  it("is hidden if it is base64 of a key, whole or broken", () => {
    const heads = [[0x30, 0x2e, 2, 1, 0], [0x30, 0x82, 4, 0xbd, 2], [0x30, 0x77, 2, 1, 1], [
      ...Buffer.from("-----BEGIN ")
    ]]
    const keys = FastCheck.tuple(
      FastCheck.constantFrom(...heads),
      FastCheck.uint8Array({ minLength: 43, maxLength: 2000 }),
      FastCheck.constantFrom("base64" as const, "base64url" as const, "hex" as const),
      FastCheck.double({ min: 0.5, max: 1, noNaN: true }),
      FastCheck.constantFrom("", " ", "\n", "\\n", "=", "\"", ".")
    ).map(([head, body, encoding, kept, damage]) => {
      const text = Buffer.from([...head, ...body]).toString(encoding)
      const end = Math.floor(text.length * kept)
      return text.slice(0, end) + damage + text.slice(end)
    })
    const poor = "MC4CAQAAAM9-AAAAAAAAAAAAAAC-AAAAAAAAAAAAk-AAAAAAAAAA.AAAAAAAAAAAA"
    FastCheck.assert(
      FastCheck.property(keys, (text) => Redacted.isRedacted(Material.hide(text))),
      { numRuns: 2000, examples: [[poor]] }
    )
  })
})
