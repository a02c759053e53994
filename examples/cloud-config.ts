/** A program that takes cloud and credentials from clouds.yaml. It only names the cloud. */
import { FileSystem } from "@effect/platform"
import { NodeContext, NodeHttpServer, NodeRuntime } from "@effect/platform-node"
import { ConfigProvider, Console, Effect, Layer, Redacted } from "effect"
import { Adapter, Setting } from "effect-keystoneauth"
import * as CloudConfig from "effect-keystoneauth/CloudConfig"
import * as NodeTransport from "effect-keystoneauth/NodeTransport"
import * as TestCloud from "effect-keystoneauth/TestCloud"
import { createServer } from "node:http"

class Compute extends Adapter.Tag<Compute>()("app/Compute", { serviceType: "compute" }) {}

const Main = CloudConfig.layerAdapter(Compute).pipe(
  Layer.provideMerge(CloudConfig.layer("mycloud")),
  Layer.provide([NodeTransport.layerFactory, NodeContext.layer])
)

const program = Effect.gen(function*() {
  const compute = yield* Compute
  const { status } = yield* compute.get("/servers")
  yield* Console.log(`GET /servers: ${status}`)

  // each value has its source; secrets are hidden
  const { settings } = yield* CloudConfig.CloudConfig
  for (const key of ["auth.username", "auth.password", "interface"]) {
    const setting = settings.get(key)
    if (setting !== undefined) {
      yield* Console.log(
        `${key} is ${String(setting.value)} (${
          setting.source._tag === "File"
            ? "clouds.yaml, line " + setting.source.line
            : Setting.describeSource(setting.source)
        })`
      )
    }
  }
})

/** The clouds.yaml of the operator, for the cloud of this example. */
const writeCloudsYaml = Effect.gen(function*() {
  const fileSystem = yield* FileSystem.FileSystem
  const { accounts: { demo }, authUrl } = yield* TestCloud.TestCloud
  const file = `${yield* fileSystem.makeTempDirectoryScoped()}/clouds.yaml`
  yield* fileSystem.writeFileString(
    file,
    `clouds:
  mycloud:
    auth:
      auth_url: ${authUrl}
      username: ${demo.username}
      password: ${Redacted.value(demo.password)}
      user_domain_name: ${demo.userDomainName}
      project_name: ${demo.projectName}
      project_domain_name: ${demo.projectDomainName}
    compute_api_version: 2.79
`
  )
  return file
})

const main = Effect.gen(function*() {
  const file = yield* writeCloudsYaml
  yield* program.pipe(
    Effect.provide(Main),
    Effect.withConfigProvider(ConfigProvider.fromMap(new Map([["OS_CLIENT_CONFIG_FILE", file]])))
  )
})

main.pipe(
  Effect.scoped,
  Effect.provide(TestCloud.layerServer().pipe(Layer.provide(NodeHttpServer.layer(createServer, { port: 0 })))),
  Effect.provide(NodeContext.layer),
  NodeRuntime.runMain
)
