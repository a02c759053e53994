import { FileSystem, Path } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { ConfigProvider, Effect, Inspectable, Redacted } from "effect"
import { Errors, Setting } from "effect-keystoneauth"
import * as CloudConfig from "effect-keystoneauth/CloudConfig"
import { assertTag } from "./support.js"

/** Files in a folder that is the user's configuration, and an environment. */
const world = <A, E>(
  files: Readonly<Record<string, string>>,
  environment: Readonly<Record<string, string>>,
  use: (directory: string) => Effect.Effect<A, E, FileSystem.FileSystem | Path.Path>
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

describe("which cloud", () => {
  const two =
    "clouds:\n  a:\n    auth: { auth_url: https://a.test, username: u, password: p }\n  b:\n    auth: { auth_url: https://b.test, username: u, password: p }\n"

  it.effect("the one that is named, before that of OS_CLOUD", () =>
    Effect.gen(function*() {
      assert.strictEqual((yield* load({ "clouds.yaml": two }, { name: "b", environment: { OS_CLOUD: "a" } })).name, "b")
      assert.strictEqual((yield* load({ "clouds.yaml": two }, { environment: { OS_CLOUD: "a" } })).name, "a")
    }))

  it.effect("the environment's, if it says where to log in; a stray variable makes no cloud", () =>
    Effect.gen(function*() {
      const environment = { OS_AUTH_URL: "https://env.test/v3", OS_USERNAME: "env", OS_PASSWORD: "p" }
      const own = yield* load({ "clouds.yaml": two }, { environment })
      assert.strictEqual(own.name, "envvars")
      assert.strictEqual(own.auth["username"], "env")
      assert.strictEqual(sourceOf(own, "auth.username"), "variable OS_USERNAME")
      const stray = yield* load({ "clouds.yaml": cloud() }, { environment: { OS_REGION_NAME: "R", OS_FOO: "bar" } })
      assert.strictEqual(stray.name, "mine")
    }))

  it.effect("the only one; of several one must be chosen", () =>
    Effect.gen(function*() {
      assert.strictEqual((yield* load({ "clouds.yaml": cloud() })).name, "mine")
      assert.match(
        (yield* refused({ "clouds.yaml": two })).message,
        /clouds\.yaml: cloud: which one is meant\? There are a, b/
      )
      assert.match((yield* refused({})).message, /no clouds\.yaml was found: cloud: nothing says which cloud/)
      assert.match((yield* refused({ "clouds.yaml": two }, { name: "aa" })).message, /no such cloud; is a meant\?/)
    }))

  it.effect("is not mixed with the environment, unless that is asked for", () =>
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
  it.effect("secure.yaml is laid over clouds.yaml, value by value", () =>
    Effect.gen(function*() {
      const config = yield* load({
        "clouds.yaml": cloud("region_name: R1"),
        "secure.yaml": "clouds: { mine: { auth: { password: other } } }"
      })
      assert.deepStrictEqual(Redacted.value(config.auth["password"] as Redacted.Redacted), "other")
      assert.strictEqual(sourceOf(config, "auth.password"), "secure.yaml, line 1")
      assert.strictEqual(sourceOf(config, "auth.username"), "clouds.yaml, line 5")
    }))

  it.effect("yaml before yml before json; a file that was named must be there", () =>
    Effect.gen(function*() {
      const json = JSON.stringify({
        clouds: { j: { auth: { auth_url: "https://j.test", username: "u", password: "p" } } }
      })
      assert.strictEqual((yield* load({ "clouds.json": json })).name, "j")
      assert.strictEqual((yield* load({ "clouds.json": json, "clouds.yml": cloud() })).name, "mine")
      const error = yield* refused({ "clouds.yaml": cloud() }, {
        environment: { OS_CLIENT_CONFIG_FILE: "/nowhere.yaml" }
      })
      assert.match(error.message, /\/nowhere\.yaml: file: it cannot be read: NotFound/)
    }))

  it.effect("what is no YAML, no mapping, not UTF-8 or too much is told with its line", () =>
    Effect.gen(function*() {
      const cases: ReadonlyArray<readonly [string, RegExp]> = [
        ["clouds:\n  mine: {", /clouds\.yaml, line 2: file: it is not YAML/],
        [
          "clouds:\n  mine:\n    region_name: a\n    region_name: b\n",
          /line 4: region_name: it is there twice, first in line 3; keep one/
        ],
        ["- a\n", /line 1: file: it must be a mapping/],
        ["clouds: { mine: text }", /line 1: mine: a cloud is a mapping/],
        ["clouds: { mine: { auth: *nothing } }", /it is not YAML|stands for nothing/],
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
          /more than 20 levels|more than 20000 values, or more than 20 levels/
        ]
      ]
      for (const [text, message] of cases) {
        assert.match((yield* refused({ "clouds.yaml": text }, { name: "mine" })).message, message)
      }
    }))

  it.effect("anchors and merge keys are followed", () =>
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
  it.effect("are what stands there: versions, numbers that begin with 0, and words for false", () =>
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

  it.effect("that cannot be right are told, all at once, with file, line and key", () =>
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
          /clouds\.yaml, line 8: verify: "perhaps" is neither true nor false; a file of authorities is given as cacert/,
          /line 9: api_timeout: "soon" is not a number/,
          /line 10: compute_api_version: "two" is no version/,
          /line 11: compute_default_microversion: "x" is no microversion/,
          /line 13: auth_type: there is no "v9password"; there are admin_token/
        ]
      ) {
        assert.match(error.message, message)
      }
      assert.notInclude(error.message, "s3cret")
    }))

  it.effect("that are missing or given twice are told", () =>
    Effect.gen(function*() {
      const twice = yield* refused({ "clouds.yaml": cloud("username: other") })
      assert.match(twice.message, /line 8: username: it is given otherwise as auth\.username \(.*line 5\); keep one/)
      const missing = yield* refused({ "clouds.yaml": "clouds: { mine: { auth: { username: u } } }" })
      assert.match(missing.message, /auth\.auth_url: password needs it.*auth\.password: password needs it/)
    }))

  it.effect("under keys that nobody knows are warned of, with what may be meant", () =>
    Effect.gen(function*() {
      const { warnings } = yield* load({
        "clouds.yaml": cloud("regoin_name: R1", "image_format: raw", "has_dns: false").replace(
          "username:",
          "usernam: x\n      username:"
        )
      })
      assert.deepStrictEqual(warnings.map(({ key, reason, where }) => [key, reason, where.replace(/^.*\//, "")]), [
        ["regoin_name", "nobody knows this key; is region_name meant?", "clouds.yaml, line 9"],
        ["auth.usernam", "password has no such option and does without it; is username meant?", "clouds.yaml, line 5"]
      ])
    }))

  it.effect("old names do as well", () =>
    Effect.gen(function*() {
      const config = yield* load({
        "clouds.yaml": cloud("auth_plugin: v3password", "endpoint_type: internal", "compute_endpoint_type: admin")
      })
      assert.strictEqual(config.authType, "v3password")
      assert.deepStrictEqual(config.service("image").interface, ["internal"])
      assert.deepStrictEqual(config.service("compute").interface, ["admin"])
    }))

  it.effect("domain_id beside a project is the domain of user and project", () =>
    Effect.gen(function*() {
      const config = yield* load({
        "clouds.yaml":
          "clouds: { mine: { auth: { auth_url: https://a.test, username: u, password: p, project_name: p, domain_id: d } } }"
      })
      assert.deepInclude(config.auth, { user_domain_id: "d", project_domain_id: "d" })
      assert.notProperty(config.auth, "domain_id")
    }))

  it.effect("regions: the first, or the one that is asked for, with its own values", () =>
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

  it.effect("that are secret are not shown", () =>
    Effect.gen(function*() {
      const config = yield* load({ "clouds.yaml": cloud("pasword: s3cret2") })
      const shown = Inspectable.toStringUnknown([...config.settings.values()]) + JSON.stringify(config.warnings)
      assert.notInclude(shown, "s3cret")
    }))
})
