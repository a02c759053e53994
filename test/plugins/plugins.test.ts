import { HttpClient, HttpClientError, HttpClientRequest, HttpClientResponse } from "@effect/platform"
import { assert, describe, it } from "@effect/vitest"
import { Config, ConfigProvider, Effect, Layer, Redacted } from "effect"
import {
  AdminToken,
  ApplicationCredential,
  AuthPlugin,
  type Discovery,
  GenericPassword,
  GenericToken,
  HttpBasic,
  NoAuth,
  Password,
  ServiceToken,
  Session,
  Token,
  Tokenless
} from "effect-keystoneauth"
import * as TestCloud from "effect-keystoneauth/TestCloud"
import * as World from "../conformance/world.js"
import { assertTag, Compute, currentToken, logins } from "../support.js"

const test = Layer.provideMerge(Compute.layer, TestCloud.layer())

const headers = Effect.flatMap(AuthPlugin.AuthPlugin, (plugin) => Effect.map(plugin.headers, (sent) => ({ ...sent })))

const status = Effect.map(
  Effect.flatMap(Compute, (compute) => compute.get("/servers")),
  (response) => response.status
)

/** A server that answers with the headers of the request. */
const echo = Layer.provideMerge(
  Session.layer(),
  Layer.succeed(
    HttpClient.HttpClient,
    HttpClient.make((request, url) =>
      url.host === "h.test"
        ? Effect.succeed(HttpClientResponse.fromWeb(request, new Response(JSON.stringify({ ...request.headers }))))
        : Effect.fail(new HttpClientError.RequestError({ request, reason: "Transport", cause: { code: "ENOTFOUND" } }))
    )
  )
)

const sent = (plugin: Layer.Layer<AuthPlugin.AuthPlugin>) =>
  Session.request(HttpClientRequest.get("/things"), { endpointFilter: { serviceType: "anything" } }).pipe(
    Effect.flatMap((response) => response.json),
    Effect.map((sent) => sent as Record<string, string>),
    Effect.provide(plugin),
    Effect.provide(echo)
  )

describe("plugins with fixed credentials", () => {
  const endpoint = "http://h.test/v1"

  it.effect("AdminToken sends its token to its endpoint", () =>
    Effect.gen(function*() {
      const seen = yield* sent(AdminToken.layer({ endpoint, token: Redacted.make("adm-token") }))
      assert.strictEqual(seen["x-auth-token"], "adm-token")
    }))

  it.effect("NoAuth sends no token header", () =>
    Effect.gen(function*() {
      const seen = yield* sent(NoAuth.layer({ endpoint }))
      assert.isFalse("x-auth-token" in seen || "authorization" in seen)
    }))

  it.effect("HttpBasic sends user name and password", () =>
    Effect.gen(function*() {
      const seen = yield* sent(HttpBasic.layer({ endpoint, username: "u", password: Redacted.make("p:w") }))
      assert.strictEqual(seen["authorization"], "Basic dTpwOnc=")
    }))

  it.effect("without an endpoint the error says that it is missing", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(sent(NoAuth.layer()))
      assertTag(error, "EndpointNotFound")
    }))

  it.effect("Tokenless sends the scope, to the identity service only", () =>
    Effect.gen(function*() {
      const authUrl = "http://h.test/v3"
      const of = (options: Omit<Tokenless.Options, "authUrl">) => Tokenless.layer({ authUrl, ...options })
      const user = (plugin: Layer.Layer<AuthPlugin.AuthPlugin>) =>
        Session.request(HttpClientRequest.get("/users"), { endpointFilter: { serviceType: "identity" } }).pipe(
          Effect.flatMap((response) => response.json),
          Effect.map((sent) => Object.entries(sent as object).filter(([name]) => name.startsWith("x-"))),
          Effect.provide(plugin),
          Effect.provide(echo)
        )
      assert.deepStrictEqual(yield* user(of({ projectId: "p" })), [["x-project-id", "p"]])
      assert.deepStrictEqual(yield* user(of({ projectName: "p", projectDomainName: "d" })), [
        ["x-project-name", "p"],
        ["x-project-domain-name", "d"]
      ])
      assert.deepStrictEqual(yield* user(of({ domainName: "d" })), [["x-domain-name", "d"]])
      assertTag(yield* Effect.flip(user(of({}))), "InvalidOptions")
      assertTag(yield* Effect.flip(user(of({ projectId: "p", domainId: "d" }))), "InvalidOptions")
      assertTag(yield* Effect.flip(sent(of({ projectId: "p" }))), "EndpointNotFound")
    }))
})

describe("ServiceToken", () => {
  it.effect("adds the service's token to the user's, and drops both when they are rejected", () =>
    Effect.gen(function*() {
      const cloud = yield* TestCloud.TestCloud
      const { accounts: { admin, demo }, authUrl } = cloud
      const acting = ServiceToken.layer(Password.layer({ authUrl, ...demo }), Password.layer({ authUrl, ...admin }))
      const first = yield* Effect.provide(headers, acting)
      assert.deepStrictEqual(Object.keys(first).sort(), ["x-auth-token", "x-service-token"])
      assert.strictEqual(first["x-auth-token"], yield* currentToken)
      assert.strictEqual(yield* logins, 2)
      yield* cloud.revokeTokens()
      assert.strictEqual(yield* Effect.provide(status, acting), 200)
      const second = yield* Effect.provide(headers, acting)
      assert.notStrictEqual(second["x-auth-token"], first["x-auth-token"])
      assert.notStrictEqual(second["x-service-token"], first["x-service-token"])
    }).pipe(Effect.provide(test)))

  it.effect("credentials other than a token are not sent as one", () =>
    Effect.gen(function*() {
      const { accounts: { demo }, authUrl } = yield* TestCloud.TestCloud
      const basic = HttpBasic.layer({ username: "u", password: Redacted.make("p") })
      const acting = ServiceToken.layer(Password.layer({ authUrl, ...demo }), basic)
      assert.deepStrictEqual(Object.keys(yield* Effect.provide(headers, acting)), ["x-auth-token"])
    }).pipe(Effect.provide(test)))
})

describe("generic plugins", () => {
  it.effect("find v3 at any path, with one document for all", () =>
    Effect.gen(function*() {
      const { accounts: { demo }, baseUrl } = yield* TestCloud.TestCloud
      for (const authUrl of [`${baseUrl}/identity`, `${baseUrl}/identity/`, `${baseUrl}/identity/v3`]) {
        assert.strictEqual(yield* Effect.provide(status, GenericPassword.layer({ authUrl, ...demo })), 200)
      }
      const token = Redacted.make((yield* currentToken) ?? "")
      const exchanged = GenericToken.layer({ authUrl: `${baseUrl}/identity`, token, projectId: demo.projectId })
      assert.strictEqual(yield* Effect.provide(status, exchanged), 200)
    }).pipe(Effect.provide(test)))

  it.effect("use the URL without a document, and fail if it names no version", () =>
    Effect.gen(function*() {
      const cloud = yield* TestCloud.TestCloud
      const login = (authUrl: string) =>
        Effect.provide(status, GenericPassword.layer({ authUrl, ...cloud.accounts.demo }))
      yield* cloud.misbehave({ service: "identity", method: "GET", kind: { status: 404 } })
      assert.strictEqual(yield* login(cloud.authUrl), 200)
      const error = yield* Effect.flip(login(`${cloud.baseUrl}/identity`))
      assertTag(error, "DiscoveryFailed")
      yield* cloud.behave
      yield* cloud.misbehave({ service: "identity", method: "GET", kind: { status: 401 } })
      assertTag(yield* Effect.flip(login(`${cloud.baseUrl}/identity/`)), "DiscoveryFailed")
      yield* cloud.behave
      yield* cloud.misbehave({
        service: "identity",
        method: "GET",
        kind: {
          status: 200,
          body: { version: { id: "v2.0", status: "deprecated", links: [{ rel: "self", href: "/identity/v2.0" }] } }
        }
      })
      const old = yield* Effect.flip(login(`${cloud.baseUrl}/identity/v2.0`))
      assertTag(old, "DiscoveryFailed")
      assert.match(
        old.message,
        /offers v2\.0 only, which cannot be used with userDomainId.*: Keystone v2\.0 knows no domains/
      )
    }).pipe(Effect.provide(test)))
})

/** The URL and body of the login, if the server answers everything so. */
const loginOf = <E>(
  plugin: Layer.Layer<AuthPlugin.AuthPlugin, E, Session.Session | Discovery.Discovery>,
  urls: Readonly<Record<string, unknown>> = {}
) =>
  Effect.gen(function*() {
    const { client, sent } = World.make({ urls, default: { status: 404 } })
    const outcome = yield* Effect.either(Effect.provide(headers, plugin)).pipe(
      Effect.provide(Layer.provide(Session.layer(), Layer.succeed(HttpClient.HttpClient, client)))
    )
    assert(outcome._tag === "Left")
    const login = sent.find(({ method }) => method === "POST")
    const body: unknown = login?.body === undefined ? undefined : JSON.parse(login.body)
    return { url: login?.url, body, error: outcome.left }
  })

describe("URL and body of a login are those of keystoneauth", () => {
  const demo = { userId: "u", password: Redacted.make("p") }

  it.effect("a path that ends in v3 has the version, a host does not", () =>
    Effect.gen(function*() {
      const login = (authUrl: string) => Effect.map(loginOf(Password.layer({ authUrl, ...demo })), ({ url }) => url)
      assert.strictEqual(yield* login("https://h.test/v3/"), "https://h.test/v3/auth/tokens")
      assert.strictEqual(yield* login("https://h.test/keystone-v3"), "https://h.test/keystone-v3/auth/tokens")
      assert.strictEqual(yield* login("https://keystone-v3"), "https://keystone-v3/v3/auth/tokens")
      assert.strictEqual(yield* login("https://h.test/identity"), "https://h.test/identity/v3/auth/tokens")
    }))

  it.effect("without a version document, /v2.0 is a version, and /v2 is not", () =>
    Effect.gen(function*() {
      const login = (authUrl: string) => loginOf(GenericPassword.layer({ authUrl, ...demo }))
      assert.strictEqual((yield* login("https://h.test/id/v2.0")).url, "https://h.test/id/v2.0/tokens")
      const { error, url } = yield* login("https://h.test/v2")
      assert.strictEqual(url, undefined)
      assertTag(error, "DiscoveryFailed")
    }))

  it.effect("a default domain id wins over a given name, a given id over both", () =>
    Effect.gen(function*() {
      const login = (options: Partial<GenericPassword.Options>) =>
        Effect.map(
          loginOf(
            GenericPassword.layer({
              authUrl: "https://h.test/v3",
              username: "demo",
              password: demo.password,
              projectName: "demo",
              ...options
            })
          ),
          ({ body }) => body
        )
      const expected = (user: unknown, project: unknown) => ({
        auth: {
          identity: { methods: ["password"], password: { user: { name: "demo", domain: user, password: "p" } } },
          scope: { project: { name: "demo", domain: project } }
        }
      })
      const defaults = { defaultDomainId: "d", defaultDomainName: "D" }
      assert.deepStrictEqual(yield* login(defaults), expected({ id: "d" }, { id: "d" }))
      assert.deepStrictEqual(
        yield* login({ ...defaults, userDomainName: "U", projectDomainId: "p" }),
        expected({ id: "d" }, { id: "p" })
      )
      assert.deepStrictEqual(
        yield* login({ defaultDomainName: "D", userDomainName: "U" }),
        expected({ name: "U" }, { name: "D" })
      )
    }))
})

describe("layerConfig", () => {
  it.effect("makes the same plugins", () =>
    Effect.gen(function*() {
      const { accounts: { demo }, applicationCredential, authUrl } = yield* TestCloud.TestCloud
      const token = (yield* currentToken) ?? ""
      const values = {
        URL: authUrl,
        USER: demo.username,
        PASSWORD: Redacted.value(demo.password),
        PROJECT: demo.projectId,
        TOKEN: token,
        ID: applicationCredential.id,
        SECRET: Redacted.value(applicationCredential.secret)
      }
      const url = Config.string("URL")
      const password = {
        password: Config.redacted("PASSWORD"),
        username: Config.string("USER"),
        userDomainId: Config.succeed("default")
      }
      const layers = [
        Password.layerConfig({ authUrl: url, ...password, projectId: Config.string("PROJECT") }),
        GenericPassword.layerConfig({ authUrl: url, ...password, projectId: Config.string("PROJECT") }),
        Token.layerConfig({ authUrl: url, token: Config.redacted("TOKEN"), projectId: Config.string("PROJECT") }),
        GenericToken.layerConfig({
          authUrl: url,
          token: Config.redacted("TOKEN"),
          projectId: Config.string("PROJECT")
        }),
        ApplicationCredential.layerConfig({ authUrl: url, id: Config.string("ID"), secret: Config.redacted("SECRET") })
      ]
      const provider = ConfigProvider.fromMap(new Map(Object.entries(values)))
      for (const layer of layers) {
        assert.strictEqual(yield* status.pipe(Effect.provide(layer), Effect.withConfigProvider(provider)), 200)
        const error = yield* Effect.flip(
          status.pipe(Effect.provide(layer), Effect.withConfigProvider(ConfigProvider.fromMap(new Map())))
        )
        assert.isTrue("_op" in error)
      }
    }).pipe(Effect.provide(test)))

  it.effect("an application credential by name requires its user", () =>
    Effect.gen(function*() {
      const { applicationCredential: { name, secret, userDomainName, username }, authUrl } = yield* TestCloud.TestCloud
      const byName = ApplicationCredential.layer({ authUrl, name, secret, username, userDomainName })
      assert.strictEqual(yield* Effect.provide(status, byName), 200)
      for (const options of [{ authUrl, secret }, { authUrl, secret, name }]) {
        assertTag(yield* Effect.flip(Effect.provide(status, ApplicationCredential.layer(options))), "InvalidOptions")
      }
    }).pipe(Effect.provide(test)))
})
