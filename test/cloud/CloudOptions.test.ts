import { Command } from "@effect/cli"
import { NodeContext } from "@effect/platform-node"
import { assert, it } from "@effect/vitest"
import { ConfigProvider, Effect, Ref } from "effect"
import { AuthType, AuthTypes, NoAuth } from "effect-keystoneauth"
import * as CloudConfig from "effect-keystoneauth/CloudConfig"
import * as CloudOptions from "effect-keystoneauth/CloudOptions"

const badge = AuthType.make({
  name: "badge",
  options: { number: AuthType.requiredText("badge-number", { help: "of the badge" }) },
  make: () => Effect.succeed(NoAuth.make({ endpoint: "http://127.0.0.1:1" }))
})

/** Loads the cloud of a program whose default plugin is its own. */
const load = (args: ReadonlyArray<string>, variables: Readonly<Record<string, string>> = {}) =>
  Effect.gen(function*() {
    const loaded = yield* Ref.make<CloudConfig.Service | undefined>(undefined)
    const options = CloudOptions.cloud({
      types: [...AuthTypes.core, badge],
      defaultType: "badge",
      services: ["compute"]
    })
    const command = Command.make("tool", { cloud: options }, ({ cloud: { cloud, options } }) =>
      Effect.flatMap(CloudConfig.load(cloud, options), (cloud) =>
        Ref.set(loaded, cloud)))
    yield* Command.run(command, { name: "tool", version: "1" })(["node", "tool", ...args])
    const cloud = yield* Ref.get(loaded)
    assert(cloud !== undefined)
    return cloud
  }).pipe(
    Effect.provide(AuthTypes.add([badge])),
    Effect.withConfigProvider(
      ConfigProvider.fromMap(new Map(Object.entries({ OS_AUTH_URL: "http://k/v3", ...variables })))
    ),
    Effect.provide(NodeContext.layer)
  )

it.effect("a program's own plugin can be the default, and has options", () =>
  Effect.gen(function*() {
    const cloud = yield* load(["--os-badge-number", "7", "--insecure", "--timeout", "3"])
    assert.strictEqual(cloud.authType, "badge")
    assert.deepInclude(cloud.auth, { badge_number: "7" })
    assert.isTrue(cloud.tls.insecure)
    assert.strictEqual(cloud.session.timeout, 3000)
    assert.deepStrictEqual(cloud.settings.get("insecure")?.source, { _tag: "Option", name: "--insecure" })
  }))

it.effect("the command line wins over the environment, and the environment over the default plugin", () =>
  Effect.gen(function*() {
    const variables = { OS_AUTH_TYPE: "v3token", OS_TOKEN: "t", OS_REGION_NAME: "there", OS_COMPUTE_API_VERSION: "2.1" }
    const cloud = yield* load(["--os-region-name", "here", "--os-endpoint-type", "admin"], variables)
    assert.strictEqual(cloud.authType, "v3token")
    const compute = cloud.service("compute")
    assert.strictEqual(compute.regionName, "here")
    assert.deepStrictEqual(compute.interface, ["admin"])
    assert.strictEqual(
      (yield* load(["--os-badge-number", "7", "--os-auth-type", "badge"], variables)).authType,
      "badge"
    )
  }))

it.effect("the command line alone can describe a cloud", () =>
  Effect.gen(function*() {
    const cloud = yield* load(["--os-auth-url", "http://other/v3", "--os-auth-type", "v3token", "--os-token", "t"], {
      OS_AUTH_URL: ""
    })
    assert.strictEqual(cloud.auth["auth_url"], "http://other/v3")
  }))
