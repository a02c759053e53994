import { FetchHttpClient, FileSystem } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { ConfigProvider, Effect, Either, FastCheck, Inspectable, Layer, Redacted } from "effect"
import { Adapter, AuthPlugin, AuthType, Errors, Setting, TransportFactory } from "effect-keystoneauth"
import * as CloudConfig from "effect-keystoneauth/CloudConfig"
import * as TestCloud from "effect-keystoneauth/TestCloud"
import { inspect } from "node:util"
import { assertTag } from "../support.js"

/** Runs an effect with files in the user's configuration directory, and with an environment. */
const world = <A, E, R = never>(
  files: Readonly<Record<string, string>>,
  environment: Readonly<Record<string, string>>,
  use: (directory: string) => Effect.Effect<A, E, R>
) =>
  Effect.gen(function*() {
    const fileSystem = yield* FileSystem.FileSystem
    const directory = yield* fileSystem.makeTempDirectoryScoped()
    yield* fileSystem.makeDirectory(`${directory}/openstack`)
    for (const [name, text] of Object.entries(files)) {
      yield* fileSystem.writeFileString(`${directory}/openstack/${name}`, text)
    }
    const provider = ConfigProvider.fromMap(
      new Map(Object.entries({ XDG_CONFIG_HOME: directory, XDG_CONFIG_DIRS: `${directory}/none`, ...environment })),
      { pathDelim: "\u0000" }
    )
    return yield* use(`${directory}/openstack`).pipe(Effect.withConfigProvider(provider))
  }).pipe(Effect.scoped, Effect.provide(NodeContext.layer))

const load = (
  files: Readonly<Record<string, string>>,
  options: {
    readonly name?: string
    readonly environment?: Readonly<Record<string, string>>
    readonly options?: CloudConfig.Options
  } = {}
) => world(files, options.environment ?? {}, () => CloudConfig.load(options.name, options.options))

const refused = (
  files: Readonly<Record<string, string>>,
  options?: Parameters<typeof load>[1]
): Effect.Effect<Errors.InvalidConfig> =>
  Effect.gen(function*() {
    const error = yield* Effect.flip(load(files, options))
    assertTag(error, "InvalidConfig")
    return error
  }).pipe(Effect.orDie)

const cloud = (...lines: ReadonlyArray<string>): string =>
  [
    "clouds:",
    "  mine:",
    "    auth:",
    "      auth_url: https://keystone.test/v3",
    "      username: demo",
    "      password: s3cret",
    "      user_domain_name: Default",
    ...lines.map((line) => `    ${line}`)
  ].join("\n")

const sourceOf = (config: CloudConfig.Service, key: string): string => {
  const setting = config.settings.get(key)
  return setting === undefined ? "nowhere" : Setting.describeSource(setting.source).replace(/^.*\//, "")
}

describe("the cloud that is chosen", () => {
  const two =
    "clouds:\n  a:\n    auth: { auth_url: https://a.test, username: u, password: p }\n  b:\n    auth: { auth_url: https://b.test, username: u, password: p }\n"

  it.effect("is the named one, or that of OS_CLOUD", () =>
    Effect.gen(function*() {
      assert.strictEqual((yield* load({ "clouds.yaml": two }, { name: "b", environment: { OS_CLOUD: "a" } })).name, "b")
      assert.strictEqual((yield* load({ "clouds.yaml": two }, { environment: { OS_CLOUD: "a" } })).name, "a")
    }))

  it.effect("is the environment's if it has an auth URL; other variables alone are not a cloud", () =>
    Effect.gen(function*() {
      const environment = { OS_AUTH_URL: "https://env.test/v3", OS_USERNAME: "env", OS_PASSWORD: "p" }
      const own = yield* load({ "clouds.yaml": two }, { environment })
      assert.strictEqual(own.name, "envvars")
      assert.strictEqual(own.auth["username"], "env")
      assert.strictEqual(sourceOf(own, "auth.username"), "variable OS_USERNAME")
      const stray = yield* load({ "clouds.yaml": cloud() }, { environment: { OS_REGION_NAME: "R", OS_FOO: "bar" } })
      assert.strictEqual(stray.name, "mine")
    }))

  it.effect("is the only one of the file; it is an error if there are several", () =>
    Effect.gen(function*() {
      assert.strictEqual((yield* load({ "clouds.yaml": cloud() })).name, "mine")
      assert.match(
        (yield* refused({ "clouds.yaml": two })).message,
        /clouds\.yaml: cloud: choose one of a, b/
      )
      assert.match((yield* refused({})).message, /no clouds\.yaml was found: cloud: no cloud is configured/)
      assert.match((yield* refused({ "clouds.yaml": two }, { name: "aa" })).message, /no such cloud; did you mean a\?/)
    }))

  it.effect("takes values from the environment only with the option for it", () =>
    Effect.gen(function*() {
      const environment = { OS_USERNAME: "env", OS_PROJECT_ID: "p", OS_REGION_NAME: "R" }
      const at = (options: CloudConfig.Options = {}) =>
        load({ "clouds.yaml": cloud() }, { name: "mine", environment, options })
      assert.deepInclude((yield* at()).auth, { username: "demo" })
      assert.notProperty((yield* at()).auth, "project_id")
      assert.deepInclude((yield* at({ environment: "fill" })).auth, { username: "demo", project_id: "p" })
      assert.deepInclude((yield* at({ environment: "override" })).auth, { username: "env", project_id: "p" })
      const argued = yield* at({ environment: "override", values: { "auth.username": "arg" } })
      assert.deepInclude(argued.auth, { username: "arg" })
      assert.strictEqual(sourceOf(argued, "auth.username"), "argument auth.username")
    }))
})

describe("files", () => {
  it.effect("secure.yaml replaces single values of clouds.yaml", () =>
    Effect.gen(function*() {
      const config = yield* load({
        "clouds.yaml": cloud("region_name: R1"),
        "secure.yaml": "clouds: { mine: { auth: { password: other } } }"
      })
      assert.deepStrictEqual(Redacted.value(config.auth["password"] as Redacted.Redacted), "other")
      assert.strictEqual(sourceOf(config, "auth.password"), "secure.yaml, line 1")
      assert.strictEqual(sourceOf(config, "auth.username"), "clouds.yaml, line 5")
    }))

  it.effect("are looked for as yaml, yml and json; a named file must exist", () =>
    Effect.gen(function*() {
      const json = JSON.stringify({
        clouds: { j: { auth: { auth_url: "https://j.test", username: "u", password: "p" } } }
      })
      assert.strictEqual((yield* load({ "clouds.json": json })).name, "j")
      assert.strictEqual((yield* load({ "clouds.json": json, "clouds.yml": cloud() })).name, "mine")
      const error = yield* refused({ "clouds.yaml": cloud() }, {
        environment: { OS_CLIENT_CONFIG_FILE: "/nowhere.yaml" }
      })
      assert.match(error.message, /\/nowhere\.yaml: file: cannot be read: NotFound/)
    }))

  it.effect("with malformed or too much content are errors with the line", () =>
    Effect.gen(function*() {
      const cases: ReadonlyArray<readonly [string, RegExp]> = [
        ["clouds:\n  mine: {", /clouds\.yaml, line 2: file: not valid YAML/],
        [
          "clouds:\n  mine:\n    region_name: a\n    region_name: b\n",
          /line 4: region_name: set twice, first in line 3; keep one/
        ],
        ["- a\n", /line 1: file: expected a mapping/],
        ["clouds: { mine: text }", /line 1: mine: expected a mapping/],
        ["clouds: { mine: { auth: *nothing } }", /not valid YAML/],
        [
          `a: &a [x,x,x,x,x,x,x,x,x,x]\n${
            Array.from({ length: 8 }, (_, i) => {
              const [own, other] = [String.fromCharCode(98 + i), String.fromCharCode(97 + i)]
              return `${own}: &${own} [${Array.from({ length: 10 }, () => `*${other}`).join(",")}]`
            }).join("\n")
          }\nclouds: {mine: {}}`,
          /more than 20000 values/
        ],
        [
          `clouds: ${"[".repeat(200)}${"]".repeat(200)}`,
          /more than 20000 values, or more than 20 levels/
        ]
      ]
      for (const [text, message] of cases) {
        assert.match((yield* refused({ "clouds.yaml": text }, { name: "mine" })).message, message)
      }
    }))

  it.effect("may have anchors and merge keys", () =>
    Effect.gen(function*() {
      const config = yield* load({
        "clouds.yaml": [
          "common: &common",
          "  region_name: R1",
          "  interface: internal",
          "clouds:",
          "  mine:",
          "    <<: *common",
          "    interface: admin",
          "    auth: { auth_url: https://a.test, username: u, password: p }"
        ].join("\n")
      })
      assert.deepInclude(config.service("compute"), { regionName: "R1", interface: ["admin"] })
      assert.strictEqual(sourceOf(config, "region_name"), "clouds.yaml, line 2")
    }))
})

describe("values", () => {
  it.effect("are taken as written: versions, leading zeros, words for false", () =>
    Effect.gen(function*() {
      const config = yield* load({
        "clouds.yaml": cloud(
          "compute_api_version: 2.10",
          "image_api_version: 2",
          "volume_api_version: '3.70'",
          "verify: \"false\"",
          "network_endpoint_override: https://net.test",
          "rate_limit: { compute: 5, block-storage: 2 }",
          "concurrency: 7",
          "compute_interface: [internal, public]",
          "api_timeout: 12"
        ).replace("username: demo", "username: demo\n      project_id: 0123456")
      })
      assert.strictEqual(config.auth["project_id"], "0123456")
      assert.strictEqual(String(config.service("compute").defaultMicroversion), "2.10")
      assert.strictEqual(config.service("compute").version, 2)
      assert.deepStrictEqual(config.service("compute").interface, ["internal", "public"])
      assert.deepStrictEqual(config.service("compute").limits, { requestsPerSecond: 5 })
      assert.deepStrictEqual(config.service("volumev3").limits, { requestsPerSecond: 2 })
      assert.strictEqual(config.service("network").endpointOverride, "https://net.test")
      assert.strictEqual(config.tls.insecure, true)
      assert.strictEqual(config.session.limits?.concurrency, 7)
      assert.strictEqual(config.session.timeout, 12_000)
    }))

  it.effect("that are invalid are reported together, with file, line and key", () =>
    Effect.gen(function*() {
      const error = yield* refused({
        "clouds.yaml": cloud(
          "verify: perhaps",
          "api_timeout: soon",
          "compute_api_version: two",
          "compute_default_microversion: x",
          "username: other",
          "auth_type: v9password"
        )
      })
      for (
        const message of [
          /clouds\.yaml, line 8: verify: expected true or false, got "perhaps"; set cacert to a file of CA certificates/,
          /line 9: api_timeout: "soon" is not a number/,
          /line 10: compute_api_version: "two" is not a version/,
          /line 11: compute_default_microversion: "x" is not a microversion/,
          /line 13: auth_type: there is no "v9password"; there are admin_token/
        ]
      ) {
        assert.match(error.message, message)
      }
      assert.notInclude(error.message, "s3cret")
    }))

  it.effect("that are missing or set twice are reported", () =>
    Effect.gen(function*() {
      const twice = yield* refused({ "clouds.yaml": cloud("username: other") })
      assert.match(twice.message, /line 8: username: differs from auth\.username \(.*line 5\); keep one/)
      const missing = yield* refused({ "clouds.yaml": "clouds: { mine: { auth: { username: u } } }" })
      assert.match(
        missing.message,
        /auth\.auth_url is required by auth type "password" and is not set.*auth\.password is required by/
      )
    }))

  it.effect("of unknown keys cause warnings with a suggestion", () =>
    Effect.gen(function*() {
      const { warnings } = yield* load({
        "clouds.yaml": cloud("regoin_name: R1", "image_format: raw", "has_dns: false").replace(
          "username:",
          "usernam: x\n      username:"
        )
      })
      assert.deepStrictEqual(warnings.map(({ key, reason, where }) => [key, reason, where?.replace(/^.*\//, "")]), [
        ["regoin_name", "unknown key; did you mean region_name?", "clouds.yaml, line 9"],
        [
          "auth.usernam",
          "ignored, since auth type \"password\" has no such option; did you mean username?",
          "clouds.yaml, line 5"
        ]
      ])
    }))

  it.effect("are also taken from deprecated keys", () =>
    Effect.gen(function*() {
      const config = yield* load({
        "clouds.yaml": cloud("auth_plugin: v3password", "endpoint_type: internal", "compute_endpoint_type: admin")
      })
      assert.strictEqual(config.authType, "v3password")
      assert.deepStrictEqual(config.service("image").interface, ["internal"])
      assert.deepStrictEqual(config.service("compute").interface, ["admin"])
    }))

  it.effect("of domain_id set the domain of user and project", () =>
    Effect.gen(function*() {
      const config = yield* load({
        "clouds.yaml":
          "clouds: { mine: { auth: { auth_url: https://a.test, username: u, password: p, project_name: p, domain_id: d } } }"
      })
      assert.deepInclude(config.auth, { user_domain_id: "d", project_domain_id: "d" })
      assert.notProperty(config.auth, "domain_id")
    }))

  it.effect("of the first region, or of the chosen one, are used", () =>
    Effect.gen(function*() {
      const files = {
        "clouds.yaml": cloud(
          "regions:",
          "- R1",
          "- name: R2",
          "  values:",
          "    compute_endpoint_override: https://r2.test"
        )
      }
      assert.strictEqual((yield* load(files)).service("compute").regionName, "R1")
      const second = (yield* load(files, { options: { regionName: "R2" } })).service("compute")
      assert.deepInclude(second, { regionName: "R2", endpointOverride: "https://r2.test" })
      assert.match(
        (yield* refused(files, { options: { regionName: "R3" } })).message,
        /no region "R3"; there are R1, R2/
      )
    }))

  it.effect("are hidden if they are secret", () =>
    Effect.gen(function*() {
      const config = yield* load({ "clouds.yaml": cloud("pasword: s3cret2") })
      const shown = Inspectable.toStringUnknown([...config.settings.values()]) + JSON.stringify(config.warnings)
      assert.notInclude(shown, "s3cret")
    }))
})

describe("arguments", () => {
  it.effect("win over ids and deprecated names in files", () =>
    Effect.gen(function*() {
      const files = {
        "clouds.yaml": cloud("auth_type: password").replace("username: demo", "user_name: old\n      project_id: p-1")
      }
      const { auth, settings } = yield* load(files, { options: { values: { username: "arg", project_name: "mine" } } })
      assert.deepInclude(auth, { username: "arg", project_name: "mine" })
      assert.notProperty(auth, "project_id")
      assert.deepStrictEqual(settings.get("auth.username")?.source, { _tag: "Argument", name: "username" })
    }))
})

describe("OS_REGION_NAME", () => {
  it.effect("chooses a region only of the cloud that OS_CLOUD names", () =>
    Effect.gen(function*() {
      const files = { "clouds.yaml": cloud("regions: [R1, R2]") }
      const environment = { OS_CLOUD: "mine", OS_REGION_NAME: "R2" }
      const chosen = yield* load(files, { environment })
      assert.strictEqual(chosen.service("image").regionName, "R2")
      assert.strictEqual(sourceOf(chosen, "region_name"), "variable OS_REGION_NAME")
      assert.strictEqual((yield* load(files, { name: "mine", environment })).service("image").regionName, "R1")
    }))
})

describe("the source", () => {
  const keys = [
    "region_name",
    "auth.username",
    "auth.project_name",
    "auth.password",
    "compute_endpoint_override"
  ] as const
  const origins = ["variable", "profile", "clouds", "secure", "argument"] as const
  type Origin = (typeof origins)[number]

  const orders: Readonly<Record<"none" | "fill" | "override", ReadonlyArray<Origin>>> = {
    none: ["profile", "clouds", "secure", "argument"],
    fill: ["variable", "profile", "clouds", "secure", "argument"],
    override: ["profile", "clouds", "secure", "variable", "argument"]
  }

  const variableOf = (key: string) => `OS_${key.replace("auth.", "").toUpperCase()}`

  const valueOf = (origin: Origin, key: string) => `${origin}-${key}`

  /** The lines of a file with these keys, in this order. */
  const lines = (origin: Origin, said: ReadonlyArray<string>): ReadonlyArray<string> => {
    const line = (key: string) => `${key.replace("auth.", "")}: ${valueOf(origin, key)}`
    return [
      ...said.filter((key) => !key.startsWith("auth.")).map((key) => `    ${line(key)}`),
      "    auth:",
      "      auth_url: https://a.test",
      ...said.filter((key) => key.startsWith("auth.")).map((key) => `      ${line(key)}`)
    ]
  }

  const configurations = FastCheck.record({
    mode: FastCheck.constantFrom<Array<keyof typeof orders>>("none", "fill", "override"),
    said: FastCheck.record({
      variable: FastCheck.shuffledSubarray([...keys]),
      profile: FastCheck.shuffledSubarray([...keys]),
      clouds: FastCheck.shuffledSubarray([...keys]),
      secure: FastCheck.shuffledSubarray([...keys]),
      argument: FastCheck.shuffledSubarray([...keys])
    }),
    comments: FastCheck.nat(5)
  })

  it.live("of each value is the strongest one that sets it", () =>
    Effect.promise(() =>
      FastCheck.assert(
        FastCheck.asyncProperty(configurations, ({ comments, mode, said }) =>
          Effect.runPromise(Effect.gen(function*() {
            const blank = Array.from({ length: comments }, () => "# nothing")
            const texts: Record<string, ReadonlyArray<string>> = {
              "clouds.yaml": [...blank, "clouds:", "  mine:", "    profile: vendor", ...lines("clouds", said.clouds)],
              "secure.yaml": ["clouds:", ...blank, "  mine:", ...lines("secure", said.secure)],
              "clouds-public.yaml": ["public-clouds:", "  vendor:", ...blank, ...lines("profile", said.profile)]
            }
            const files = { clouds: "clouds.yaml", secure: "secure.yaml", profile: "clouds-public.yaml" }
            const config = yield* load(
              Object.fromEntries(Object.entries(texts).map(([name, lines]) => [name, lines.join("\n")])),
              {
                name: "mine",
                environment: Object.fromEntries(
                  said.variable.map((key) => [variableOf(key), valueOf("variable", key)])
                ),
                options: {
                  ...(mode === "none" ? {} : { environment: mode }),
                  values: Object.fromEntries(said.argument.map((key) => [key, valueOf("argument", key)])),
                  prompt: () => Effect.succeed(Redacted.make("asked"))
                }
              }
            )
            for (const key of keys) {
              const origin = orders[mode].findLast((origin) => said[origin].some((said) => said === key))
              const setting = config.settings.get(key)
              const value = Redacted.isRedacted(setting?.value) ? Redacted.value(setting.value) : setting?.value
              if (origin === undefined) {
                assert.strictEqual(value, key === "auth.password" ? "asked" : undefined)
                assert.strictEqual(setting?.source._tag, key === "auth.password" ? "Prompt" : undefined)
                continue
              }
              assert.strictEqual(value, valueOf(origin, key))
              if (origin === "argument" || origin === "variable") {
                assert.deepStrictEqual(
                  setting?.source,
                  origin === "argument"
                    ? { _tag: "Argument", name: key }
                    : { _tag: "Variable", name: variableOf(key) }
                )
              } else {
                const line = texts[files[origin]]?.findIndex((line) => line.endsWith(`: ${valueOf(origin, key)}`)) ?? -1
                assert.strictEqual(sourceOf(config, key), `${files[origin]}, line ${line + 1}`)
              }
            }
          }))),
        { numRuns: 100 }
      )
    ), 120_000)
})

describe("profiles", () => {
  /** Serves these documents, and 404 for others. */
  const internet = (documents: Readonly<Record<string, () => Response>>) =>
    Layer.succeed(
      FetchHttpClient.Fetch,
      (input) => Promise.resolve(documents[String(input)]?.() ?? new Response("nothing", { status: 404 }))
    )

  const wellKnown = (profile: unknown) => () => Response.json({ name: "vendor", profile })

  const at = (profile: string, documents: Readonly<Record<string, () => Response>>) =>
    load({ "clouds.yaml": cloud(`profile: ${profile}`) }).pipe(Effect.provide(internet(documents)))

  it.effect("of clouds-public.yaml win over those of this package", () =>
    Effect.gen(function*() {
      const own = "public-clouds: { auro: { region_name: Own } }"
      const config = yield* load({ "clouds.yaml": cloud("profile: auro"), "clouds-public.yaml": own })
      assert.strictEqual(config.service("image").regionName, "Own")
      const known = yield* load({ "clouds.yaml": cloud("profile: auro") })
      assert.strictEqual(sourceOf(known, "region_name"), "profile auro")
      assert.strictEqual(sourceOf(known, "auth.auth_url"), "clouds.yaml, line 4")
    }))

  it.effect("are fetched from a URL, also if another profile names it", () =>
    Effect.gen(function*() {
      const config = yield* at("https://vendor.test/anything", {
        "https://vendor.test/.well-known/openstack/api": wellKnown({ regions: ["A", "B"], image_api_version: 2.1 })
      })
      assert.strictEqual(config.service("image").regionName, "A")
      assert.strictEqual(String(config.service("image").version), "2.1")
      assert.strictEqual(
        sourceOf(config, "image_api_version"),
        "profile https://vendor.test/anything".replace(/^.*\//, "")
      )
      const vexxhost = yield* at("vexxhost", {
        "https://vexxhost.com/.well-known/openstack/api": wellKnown({ region_name: "ca-ymq-1" })
      })
      assert.strictEqual(vexxhost.service("image").regionName, "ca-ymq-1")
    }))

  it.effect("that cannot be fetched are errors with the URL", () =>
    Effect.gen(function*() {
      const url = "https://vendor.test/.well-known/openstack/api"
      const refusals: ReadonlyArray<readonly [documents: Readonly<Record<string, () => Response>>, message: RegExp]> = [
        [{}, /line 8: profile: https:\/\/vendor\.test\/\.well-known\/openstack\/api answered 404 instead of a profile/],
        [{ [url]: () => new Response("<html>") }, /did not answer with a profile/],
        [{ [url]: () => Response.json({ name: "x" }) }, /did not answer with a profile, such as \{ "name"/],
        [
          { [url]: () => new Response(`"${"x".repeat(1_100_000)}"`) },
          /vendor\.test.*(cannot be read|did not answer with a profile)/
        ],
        [
          {
            [url]: () => new Response("", { status: 302, headers: { location: "http://vendor.test/profile" } }),
            "http://vendor.test/profile": wellKnown({})
          },
          /cannot be read: .*https/
        ],
        [{ [url]: wellKnown({ profile: "vexxhost" }) }, /this profile names another one too|profile/]
      ]
      for (const [documents, message] of refusals) {
        const error = yield* Effect.flip(at("https://vendor.test", documents))
        assertTag(error, "InvalidConfig")
        assert.match(error.message, message)
      }
    }))
})

describe("prompts", () => {
  it.effect("ask only for missing options that have a question", () =>
    Effect.gen(function*() {
      const questions: Array<string> = []
      const prompt = (question: string) => Effect.sync(() => (questions.push(question), Redacted.make("000123")))
      const config = yield* load({
        "clouds.yaml": cloud("auth_type: v3multifactor", "auth_methods: v3password,v3totp")
      }, {
        options: { prompt }
      })
      assert.deepStrictEqual(questions, ["TOTP passcode: "])
      assert.strictEqual(Redacted.value(config.auth["passcode"] as Redacted.Redacted), "000123")
      assert.strictEqual(sourceOf(config, "auth.passcode"), "answer to \"TOTP passcode:\"")
    }))
})

describe("names", () => {
  it.effect("are those of both files", () =>
    Effect.gen(function*() {
      const files = { "clouds.yaml": "clouds: { a: {}, b: {} }", "secure.yaml": "clouds: { b: {}, c: {} }" }
      assert.deepStrictEqual(yield* world(files, {}, () => CloudConfig.names()), ["a", "b", "c"])
    }))
})

describe("given files", () => {
  it.effect("that cannot be read are errors, and no other file is used", () =>
    Effect.gen(function*() {
      const links = yield* Effect.flip(world({}, {}, (directory) =>
        Effect.gen(function*() {
          const fileSystem = yield* FileSystem.FileSystem
          yield* fileSystem.symlink(`${directory}/other`, `${directory}/other`)
          return yield* CloudConfig.load("mine", { configFile: `${directory}/other` })
        })))
      assert.match(links.message, /other: file: cannot be read/)
      const folder = yield* Effect.flip(
        world({}, {}, (directory) => CloudConfig.load("mine", { configFile: directory }))
      )
      assert.match(folder.message, /file: not a file/)
      const device = yield* Effect.flip(world({}, {}, () => CloudConfig.load("mine", { configFile: "/dev/zero" })))
      assert.match(device.message, /\/dev\/zero: file: not a file/)
    }))

  it.effect("may be symbolic links", () =>
    Effect.gen(function*() {
      const config = yield* world({ "real.yaml": cloud() }, {}, (directory) =>
        Effect.gen(function*() {
          const fileSystem = yield* FileSystem.FileSystem
          yield* fileSystem.symlink(`${directory}/real.yaml`, `${directory}/clouds.yaml`)
          return yield* CloudConfig.load()
        }))
      assert.strictEqual(config.name, "mine")
    }))
})

describe("TLS", () => {
  it.effect("expands ~ to the user's directory", () =>
    Effect.gen(function*() {
      const { tls } = yield* load({ "clouds.yaml": cloud("cacert: ~/ca.pem", "cert: certs/~/c.pem") }, {
        environment: { HOME: "/home/demo" }
      })
      assert.deepInclude(tls, { caCert: "/home/demo/ca.pem", clientCert: "certs/~/c.pem" })
    }))

  it.effect("is refused by a client that has its own TLS", () =>
    Effect.gen(function*() {
      const error = yield* world({ "clouds.yaml": cloud("verify: false") }, {}, () =>
        Effect.flip(Layer.build(
          CloudConfig.layer("mine").pipe(
            Layer.provide(TransportFactory.layerHttpClient),
            Layer.provide(TestCloud.layerHttpClient())
          )
        )))
      assertTag(error, "InvalidOptions")
      assert.match(error.message, /option verify: layerHttpClient cannot apply the TLS settings of a cloud/)
    }))
})

describe("layers", () => {
  class Compute extends Adapter.Tag<Compute>()("test/CloudConfig/Compute", { serviceType: "compute" }) {}

  class Image extends Adapter.Tag<Image>()("test/CloudConfig/Image", {
    serviceType: "image",
    regionName: "RegionOne",
    minVersion: 2
  }) {}

  it.effect("log in, and give adapters the options that they do not set", () =>
    Effect.gen(function*() {
      const { accounts: { demo }, authUrl } = yield* TestCloud.TestCloud
      const text = cloud(
        "region_name: RegionOne",
        "compute_default_microversion: 2.30",
        "image_region_name: Nowhere",
        "image_api_version: 9"
      ).replace("https://keystone.test/v3", authUrl).replace(
        "username: demo",
        [
          `username: ${demo.username}`,
          `project_name: ${demo.projectName}`,
          `project_domain_name: ${demo.projectDomainName}`
        ].join("\n      ")
      ).replace("s3cret", Redacted.value(demo.password))
      yield* world({ "clouds.yaml": text }, {}, () =>
        Effect.gen(function*() {
          const compute = yield* Compute
          assert.strictEqual((yield* compute.get("/servers")).status, 200)
          assert.strictEqual((yield* (yield* Image).get("/images")).status, 200)
          assert.isTrue((yield* AuthPlugin.AuthPlugin).name.length > 0)
        }).pipe(
          Effect.provide(
            Layer.mergeAll(CloudConfig.layerAdapter(Compute), CloudConfig.layerAdapter(Image)).pipe(
              Layer.provideMerge(CloudConfig.layer("mine")),
              Layer.provide(TransportFactory.layerHttpClient)
            )
          )
        )).pipe(Effect.orDie)
      const cloudJournal = yield* Effect.flatMap(TestCloud.TestCloud, ({ journal }) => journal)
      const servers = cloudJournal.find(({ path }) => path.endsWith("/servers"))
      assert.strictEqual(servers?.microversion, "2.30")
    }).pipe(Effect.provide(TestCloud.layerHttpClient())))
})

describe("secrets", () => {
  const body = "MC4CAQAwBQYDK2VwBCIEIHunter2Hunter2Hunter2Hunter2Hunter2Hunte"
  const pem = `-----BEGIN PRIVATE KEY-----\n${body}\n-----END PRIVATE KEY-----\n`
  const base64 = Buffer.from(pem).toString("base64")
  /** Texts that reveal the key in each of its forms. */
  const marks = [body, base64, body.slice(20, 50), base64.slice(20, 50)]

  const printed = (value: unknown): ReadonlyArray<string> => [
    String(value),
    JSON.stringify(value),
    inspect(value, { depth: 20, showHidden: true, getters: true }),
    inspect(value, { depth: 20, customInspect: false }),
    Inspectable.toStringUnknown(value),
    Inspectable.format(value)
  ]

  const assertHidden = (config: CloudConfig.Service, secrets: ReadonlyArray<string>) => {
    const all = [
      config,
      config.auth,
      config.tls,
      config.settings,
      [...config.settings],
      config.warnings,
      {
        ...config.auth
      },
      config.service(),
      config.service("compute")
    ]
    for (const text of all.flatMap(printed)) {
      for (const secret of secrets) {
        assert.notInclude(text, secret)
      }
    }
  }

  const forms: Readonly<Record<string, string>> = {
    "PEM text": pem,
    "PEM text on one line": pem.replaceAll("\n", " "),
    "PEM text of a variable": pem.replaceAll("\n", "\\n"),
    "base64 of PEM": base64,
    "base64 of PEM in lines": base64.replace(/.{64}/g, "$&\n"),
    "base64 of DER": body,
    "base64 of DER, a part of it": body.slice(0, -6),
    "a passphrase": "hunter2-hunter2"
  }

  for (const [form, text] of Object.entries(forms)) {
    it.effect(`a key as ${form} is hidden, whatever its source`, () =>
      Effect.gen(function*() {
        const quoted = JSON.stringify(text)
        const environment = {
          OS_AUTH_URL: "https://env.test/v3",
          OS_USERNAME: "u",
          OS_PASSWORD: "p",
          OS_CERT: "c.pem",
          OS_KEY: text
        }
        const values = { cert: "c.pem", key: text }
        const option = (key: string, value: Setting.Shown["value"]): Setting.Shown => ({
          key,
          value,
          source: { _tag: "Option", name: `--os-${key}` }
        })
        for (
          const config of [
            yield* load({ "clouds.yaml": cloud("cert: c.pem", `key: ${quoted}`) }),
            yield* load({}, { environment }),
            yield* load({ "clouds.yaml": cloud() }, { options: { values } }),
            yield* load({ "clouds.yaml": cloud() }, {
              options: { values: [option("cert", "c.pem"), option("key", Redacted.make(text))] }
            })
          ]
        ) {
          assertHidden(config, [...marks, "hunter2"])
          assert.strictEqual(config.tls.clientCert, "c.pem")
          assert.strictEqual(config.settings.get("cert")?.value, "c.pem")
          assert.isTrue(Redacted.isRedacted(config.settings.get("key")?.value))
          const { clientKey } = config.tls
          assert(Redacted.isRedacted(clientKey))
          assert.strictEqual(Redacted.value(clientKey), text)
        }
        // a key may be in the file of the certificate, or in the wrong option
        const together = yield* load({ "clouds.yaml": cloud(`cert: ${quoted}`, `cacert: ${quoted}`) })
        assertHidden(together, [...marks, "hunter2"])
      }))
  }

  it.effect("the path of a key is shown, and ~ in it expanded", () =>
    Effect.gen(function*() {
      const config = yield* load(
        { "clouds.yaml": cloud("cert: certs/my client.pem", "key: ~/client") },
        { environment: { HOME: "/home/demo" } }
      )
      assert.deepInclude(config.tls, { clientCert: "certs/my client.pem", clientKey: "/home/demo/client" })
      assert.strictEqual(config.settings.get("key")?.value, "~/client")
    }))

  it.effect("a URL with a password is hidden, and used unchanged", () =>
    Effect.gen(function*() {
      for (
        const url of ["https://adm:hunter2@ks.test/v3", "https://adm:h'un/ter2@ks.test:5000/v3", "//adm:hunter2@ks"]
      ) {
        const config = yield* load({
          "clouds.yaml": cloud("region_name: R", `compute_endpoint_override: ${JSON.stringify(url)}`)
            .replace("https://keystone.test/v3", JSON.stringify(url))
        })
        const { auth_url: authUrl, ...others } = config.auth
        assert(Redacted.isRedacted(authUrl))
        assert.strictEqual(Redacted.value(authUrl), url)
        assert.strictEqual(config.service("compute").endpointOverride, url)
        for (const value of [config, config.auth, config.settings]) {
          for (const text of printed(value)) {
            assert.notMatch(text, /hunter2|h'un/)
          }
        }
        for (const text of printed(config.service("compute")).filter((_, i) => i !== 3)) {
          assert.notInclude(text, "adm:hunter2")
        }
        // the plugin accepts the hidden URL
        assert.strictEqual(others["username"], "demo")
        const taken = AuthType.decodeKnown("v3password", { authUrl: AuthType.authUrl }, config.auth)
        assert.deepStrictEqual(taken, Either.right({ authUrl: url }))
      }
      const plain = yield* load({ "clouds.yaml": cloud().replace("username: demo", "username: demo@corp.test") })
      assert.strictEqual(plain.auth["auth_url"], "https://keystone.test/v3")
      assert.strictEqual(plain.auth["username"], "demo@corp.test")
      assert.strictEqual(plain.settings.get("auth.username")?.value, "demo@corp.test")
    }))
})
