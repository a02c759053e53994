import { HttpClient, HttpClientError } from "@effect/platform"
import { assert, describe, it } from "@effect/vitest"
import { ConfigProvider, Effect, Layer, Logger, Redacted } from "effect"
import {
  Adapter,
  AuthMethod,
  AuthPlugin,
  AuthType,
  AuthTypes,
  Errors,
  MultiFactor,
  Password,
  Session
} from "effect-keystoneauth"
import * as TestCloud from "effect-keystoneauth/TestCloud"
import { assertTag, Compute, logins } from "../support.js"

const authUrl = "https://keystone.test/v3"

/** An HttpClient that must not be used. */
const silent = Layer.provide(
  Session.layer(),
  Layer.succeed(
    HttpClient.HttpClient,
    HttpClient.make((request) =>
      Effect.fail(new HttpClientError.RequestError({ request, reason: "Transport", cause: "something was sent" }))
    )
  )
)

/** The InvalidOptions of making a plugin, or of using it. */
const refused = (name: string, given: AuthType.Given) =>
  AuthTypes.load(name, given).pipe(
    Effect.flatMap((plugin) => plugin.headers),
    Effect.flip,
    Effect.tap((error) => Effect.sync(() => assertTag(error, "InvalidOptions"))),
    Effect.provide(silent)
  )

const user = { username: "demo", user_domain_name: "Default", password: "s3cret" }

describe("a plugin by name", () => {
  it.effect("shares its token with the same plugin made in code", () =>
    Effect.gen(function*() {
      const { accounts: { demo: { password, projectId, userId } }, authUrl } = yield* TestCloud.TestCloud
      const byName = AuthTypes.layerPlugin("v3password", {
        "auth-url": authUrl,
        USER_ID: userId,
        password: Redacted.value(password),
        project_id: projectId,
        // as in an environment
        username: "",
        trust_id: null
      })
      const status = Effect.map(Effect.flatMap(Compute, (compute) => compute.get("/servers")), ({ status }) => status)
      assert.strictEqual(yield* Effect.provide(status, byName), 200)
      assert.strictEqual(yield* Effect.provide(status, Password.layer({ authUrl, userId, password, projectId })), 200)
      assert.strictEqual(yield* logins, 1)
    }).pipe(Effect.provide(Layer.provideMerge(Compute.layer, TestCloud.layer()))))

  it.effect("reads former names of options after the present ones", () =>
    Effect.gen(function*() {
      const { authUrl } = yield* TestCloud.TestCloud
      const cacheId = (given: AuthType.Given) =>
        Effect.flatMap(AuthTypes.load("password", { auth_url: authUrl, ...user, ...given }), ({ cacheId }) => cacheId)
      const now = yield* cacheId({ project_id: "p", project_domain_id: "d" })
      assert.deepStrictEqual(yield* cacheId({ tenant_id: "p", project_domain_id: "d" }), now)
      assert.deepStrictEqual(yield* cacheId({ tenant_id: "other", project_id: "p", project_domain_id: "d" }), now)
      assert.notDeepEqual(yield* cacheId({ project_id: "other", project_domain_id: "d" }), now)
    }).pipe(Effect.provide(TestCloud.layer())))

  it.effect("fails for an unknown name, and lists the known ones", () =>
    Effect.gen(function*() {
      const error = yield* refused("v9password", {})
      assert.match(error.message, /auth_type: there is no "v9password"; there are admin_token, http_basic, /)
    }))

  it.effect("fails for wrong, missing, unknown or contradicting options, and nothing is sent", () =>
    Effect.gen(function*() {
      const cases: ReadonlyArray<readonly [string, AuthType.Given, RegExp]> = [
        ["v3password", {}, /option auth_url, password: required, and not set/],
        ["v3password", { auth_url: "", ...user }, /option auth_url: required/],
        [
          "v3password",
          { auth_url: "nowhere", ...user },
          /option authUrl: it has no scheme; it must begin with https:\/\/ or http:\/\/: .*such as https:\/\/keystone/
        ],
        [
          "v3password",
          { auth_url: authUrl, ...user, colour: "red" },
          /option colour: unknown option; the options are auth_url/
        ],
        [
          "v3password",
          { auth_url: authUrl, ...user, project_id: 42 },
          /option project_id: it must be text, not number \(42\)/
        ],
        ["v3password", { auth_url: authUrl, ...user, password: 42 }, /option password: it must be text, not number$/],
        [
          "v3password",
          { auth_url: authUrl, ...user, include_catalog: "perhaps" },
          /include_catalog: it must be true or false/
        ],
        ["v3password", { auth_url: authUrl, ...user, system_scope: "some" }, /system_scope: it can only be "all"/],
        ["v3password", { auth_url: authUrl, password: "p" }, /userId, username: one of them is required/],
        [
          "v3password",
          { auth_url: authUrl, ...user, user_domain_name: "" },
          /userDomainId, userDomainName: one of them/
        ],
        [
          "v3password",
          { auth_url: authUrl, ...user, project_name: "p" },
          /projectDomainId, projectDomainName: one of them/
        ],
        [
          "v3password",
          { auth_url: authUrl, ...user, project_id: "p", domain_id: "d" },
          /projectId, domainId: these exclude/
        ],
        [
          "password",
          { auth_url: authUrl, ...user, project_id: "p", trust_id: "t" },
          /projectId, trustId: these exclude/
        ],
        ["password", { auth_url: authUrl, password: "p" }, /userId, username: one of them is required/],
        ["v3applicationcredential", { auth_url: authUrl, application_credential_secret: "s" }, /id, name: one of them/],
        [
          "v3applicationcredential",
          {
            auth_url: authUrl,
            application_credential_id: "i",
            application_credential_secret: "s",
            system_scope: "all",
            domain_id: "d"
          },
          /domainId, systemScope: these exclude/
        ],
        ["v3totp", { auth_url: authUrl, username: "demo", user_domain_id: "d" }, /option passcode: required/],
        ["v2password", { auth_url: authUrl, password: "p" }, /userId, username: one of them is required/],
        ["v3tokenlessauth", { auth_url: authUrl }, /projectId, projectName, domainId, domainName: one of them/],
        ["http_basic", { endpoint: authUrl, username: "u" }, /option password: required/],
        ["v3multifactor", { auth_url: authUrl, auth_methods: "v3password, v9" }, /there is no "v9"/],
        [
          "v3multifactor",
          { auth_url: authUrl, auth_methods: ["password"] },
          /auth_methods: password cannot be combined/
        ],
        [
          "v3multifactor",
          { auth_url: authUrl, auth_methods: [], ...user },
          /option username, user_domain_name, password: unknown option/
        ],
        ["v3multifactor", { auth_url: authUrl, auth_methods: [] }, /methods: at least one is required/],
        [
          "v3multifactor",
          { auth_url: authUrl, auth_methods: "v3totp", ...user },
          /option password: unknown option/
        ]
      ]
      for (const [name, given, message] of cases) {
        const error = yield* refused(name, given)
        assert.match(error.message, message)
        assert.notInclude(error.message, "s3cret")
      }
    }))

  it.effect("leaves out the scope beside an application credential, with a warning", () =>
    Effect.gen(function*() {
      const { applicationCredential: { id, secret }, authUrl } = yield* TestCloud.TestCloud
      const told: Array<unknown> = []
      const plugin = yield* AuthTypes.load("v3applicationcredential", {
        auth_url: authUrl,
        application_credential_id: id,
        application_credential_secret: Redacted.value(secret),
        project_name: "demo",
        project_domain_name: "Default"
      }).pipe(Effect.provide(Logger.replace(Logger.defaultLogger, Logger.make(({ message }) => told.push(message)))))
      yield* plugin.headers
      assert.match(String(told), /the scope \(project "demo" of domain "Default"\) is not sent/)
    }).pipe(Effect.provide(TestCloud.layer())))
})

describe("the known auth types", () => {
  const ticket = AuthType.make({
    name: "ticket",
    options: {
      ticket: AuthType.requiredSecret("ticket", { help: "the ticket" }),
      seats: AuthType.text("seats", { help: "how many" })
    },
    make: ({ ticket }) =>
      Effect.succeed(AuthPlugin.make({ name: "ticket", headers: Effect.succeed(AuthPlugin.tokenHeaders(ticket)) }))
  })

  it.effect("can be extended; a new one replaces one of the same name", () =>
    Effect.gen(function*() {
      const plugin = yield* AuthTypes.load("ticket", { ticket: "t1" })
      assert.strictEqual((yield* plugin.headers)["x-auth-token"], "t1")
      assert.strictEqual((yield* AuthTypes.get("none")).options.length, 0)
      assert.isDefined((yield* AuthTypes.get("v3password")).method)
    }).pipe(
      Effect.provide(AuthTypes.add([ticket, { ...ticket, name: "none", options: [] }])),
      Effect.provide(silent)
    ))

  it.effect("show options as data: which are required, which are secret", () =>
    Effect.gen(function*() {
      const { options } = yield* AuthTypes.get("v3password")
      assert.deepStrictEqual(options.filter(({ required }) => required).map(({ name }) => name), [
        "auth-url",
        "password"
      ])
      assert.deepStrictEqual(options.filter(({ kind }) => kind === "secret").map(({ prompt }) => prompt), [
        "Password: "
      ])
      for (const type of AuthTypes.core) {
        assert.isTrue(type.options.every(({ help }) => help.length > 0), type.name)
      }
    }))
})

describe("a method written by a program", () => {
  it.effect("fails its own check before anything is sent", () =>
    Effect.gen(function*() {
      const wrong = new Errors.InvalidOptions({ module: "Mine", option: "ticket", reason: "it is torn" })
      const method = AuthMethod.make({
        name: "ticket",
        prove: () => Effect.fail(wrong),
        parts: {},
        description: "a ticket"
      })

      const plugin = yield* MultiFactor.make({ authUrl, methods: [method] })
      assert.strictEqual((yield* Effect.flip(plugin.headers)).message, wrong.message)
    }).pipe(Effect.provide(silent)))
})

describe("loadConfig", () => {
  const section = (json: unknown) => ConfigProvider.fromJson(json)

  const loaded = (
    provider: ConfigProvider.ConfigProvider,
    prefix?: string,
    options?: AuthTypes.ConfigOptions
  ) => {
    const warnings: Array<unknown> = []
    const logger = Logger.replace(
      Logger.defaultLogger,
      Logger.make(({ message }) => void warnings.push(String(message)))
    )
    return AuthTypes.loadConfig(prefix, options).pipe(
      Effect.map(({ name }) => ({ name, warnings })),
      Effect.withConfigProvider(provider),
      Effect.provide(Layer.merge(silent, logger))
    )
  }

  it.effect("reads the plugin from a section, or from the section that auth_section names", () =>
    Effect.gen(function*() {
      const provider = section({
        a: { auth_type: "v3password", auth_url: authUrl, ...user },
        b: { auth_section: "a" },
        c: { auth_url: authUrl, ...user }
      })
      assert.deepStrictEqual(yield* loaded(provider, "a"), { name: "v3password", warnings: [] })
      assert.deepStrictEqual(yield* loaded(provider, "b"), { name: "v3password", warnings: [] })
      assert.strictEqual((yield* loaded(provider, "c", { defaultType: "v3password" })).name, "v3password")
      const error = yield* Effect.flip(loaded(provider, "c"))
      assert.match(String(error), /c\.auth_type is required, for example "v3password"/)
    }))

  it.effect("reads variables and lists with commas, and warns once of each former name", () =>
    Effect.gen(function*() {
      const variables = {
        OS_AUTH_TYPE: "v3multifactor",
        OS_AUTH_METHODS: "v3password,v3totp",
        OS_AUTH_URL: authUrl,
        OS_USER_NAME: "demo",
        OS_USER_DOMAIN_NAME: "Default",
        OS_PASSWORD: "s3cret",
        OS_OTP: "000123"
      }
      const { name, warnings } = yield* loaded(
        ConfigProvider.fromMap(new Map(Object.entries(variables)), { pathDelim: "_" }),
        "OS",
        { oldNames: { passcode: ["otp"] } }
      )
      assert.strictEqual(name, "v3multifactor")
      assert.deepStrictEqual(warnings.sort(), [
        "OS_OTP is called OS_PASSCODE now",
        "OS_USER_NAME is called OS_USERNAME now"
      ])
    }))

  it.effect("fails with what is missing", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(loaded(section({ auth_type: "v3password", username: "demo" })))
      assert.match(String(error), /option auth_url, password: required, and not set/)
    }))

  it.effect("an adapter reads its options, and refuses contradicting ones", () =>
    Effect.gen(function*() {
      const read = (json: unknown) =>
        Effect.flatMap(Effect.void, () => Adapter.config("nova")).pipe(
          Effect.withConfigProvider(section({ nova: json }))
        )
      assert.deepStrictEqual(yield* read({}), {})
      assert.deepStrictEqual(
        yield* read({ region_name: "R", valid_interfaces: ["internal", "public"], connect_retry_delay: 0.5 }),
        { regionName: "R", interface: ["internal", "public"], retries: { connectDelay: 500 } }
      )
      for (
        const [json, message] of [
          [{ valid_interfaces: ["bogus"] }, /"bogus" is not one of public, internal, admin/],
          [{ valid_interfaces: ["public"], interface: "admin" }, /older name of valid_interfaces/],
          [{ version: "2", min_version: "2" }, /nova\.version.*keep one of them/],
          [{ version: "two" }, /nova\.version/],
          [{ connect_retries: "many" }, /connect_retries/]
        ] as const
      ) {
        assert.match(String(yield* Effect.flip(read(json))), message)
      }
    }))
})
