import { FileSystem, HttpClientRequest, Path } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { assert } from "@effect/vitest"
import { ConfigProvider, Effect, Layer } from "effect"
import { Adapter, AuthPlugin, AuthTypes, Session } from "effect-keystoneauth"
import * as CloudConfig from "effect-keystoneauth/CloudConfig"
import * as NodeTransport from "effect-keystoneauth/NodeTransport"
import { inject } from "vitest"
import * as Support from "./support.js"

class Compute extends Adapter.Tag<Compute>()("test/openstack/config/Compute", { serviceType: "compute" }) {}

const state = inject("openstack")?.state ?? "nowhere"

const main = (name?: string) =>
  CloudConfig.layerAdapter(Compute).pipe(
    Layer.provideMerge(CloudConfig.layer(name)),
    Layer.provide(NodeTransport.layerFactory)
  )

const withVariables =
  (variables: Readonly<Record<string, string>>) => <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    Effect.withConfigProvider(
      effect,
      ConfigProvider.fromMap(new Map(Object.entries(variables)), { pathDelim: "_" })
    )

/** The variables of the openrc file. */
const openrc = Effect.gen(function*() {
  const fileSystem = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const text = yield* Effect.orDie(fileSystem.readFileString(path.join(state, "openrc")))
  return Object.fromEntries(
    [...text.matchAll(/^export (\w+)='(.*)'$/gm)].map(([, name = "", value = ""]) => [name, value])
  )
}).pipe(Effect.provide(NodeContext.layer))

Support.onOpenStack("clouds.yaml", (test) => {
  const clouds = { OS_CLIENT_CONFIG_FILE: `${state}/clouds.yaml` }

  test("every cloud in it logs in and answers a request", () =>
    Effect.gen(function*() {
      const names = yield* CloudConfig.names()
      assert.isAbove(names.length, 10)
      for (const name of names) {
        yield* Effect.gen(function*() {
          const plugin = yield* AuthPlugin.AuthPlugin
          const access = yield* Effect.flatten(plugin.access)
          const { auth } = yield* CloudConfig.CloudConfig
          const { status } = access.projectId === undefined
            // without a project, only Keystone answers
            ? yield* Session.request(HttpClientRequest.get(new URL("/v3/auth/projects", String(auth["auth_url"])).href))
            : yield* (yield* Compute).get("/servers")
          assert.strictEqual(status, 200, name)
        }).pipe(Effect.provide(main(name)))
      }
    }).pipe(withVariables(clouds), Effect.provide(NodeContext.layer), Effect.orDie))

  test("OS_CLOUD chooses a cloud in it", () =>
    Effect.gen(function*() {
      const plugin = yield* AuthPlugin.AuthPlugin
      const access = yield* Effect.flatten(plugin.access)
      assert.strictEqual(access.projectName, "second-project")
    }).pipe(
      Effect.provide(main()),
      withVariables({ ...clouds, OS_CLOUD: "second-demo" }),
      Effect.provide(NodeContext.layer),
      Effect.orDie
    ))
})

Support.onOpenStack("openrc", (test) => {
  test("describes a cloud", () =>
    Effect.gen(function*() {
      const cloud = yield* CloudConfig.CloudConfig
      assert.strictEqual(cloud.name, "envvars")
      const compute = yield* Compute
      assert.strictEqual((yield* compute.get("/servers")).status, 200)
    }).pipe(
      Effect.provide(main()),
      (effect) => Effect.flatMap(openrc, (variables) => withVariables(variables)(effect)),
      Effect.provide(NodeContext.layer),
      Effect.orDie
    ))

  test("configures a plugin", () =>
    Effect.gen(function*() {
      const variables = yield* openrc
      const plugin = AuthTypes.layerConfig("OS").pipe(
        Layer.provideMerge(Support.session()),
        Layer.provide(Layer.setConfigProvider(
          ConfigProvider.fromMap(new Map(Object.entries(variables)), { pathDelim: "_" })
        ))
      )
      const { status } = yield* Effect.provide(
        Session.request(HttpClientRequest.get("/flavors"), {
          endpointFilter: { serviceType: "compute", regionName: "RegionOne" }
        }),
        plugin
      )
      assert.strictEqual(status, 200)
    }).pipe(Effect.orDie))
})
