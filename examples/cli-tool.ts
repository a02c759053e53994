/** A command line tool with the `--os-*` options of OpenStack's tools. */
import { Command, Options } from "@effect/cli"
import { HttpClientResponse } from "@effect/platform"
import { NodeContext, NodeHttpServer, NodeRuntime } from "@effect/platform-node"
import { Console, Effect, Layer, Redacted, Schema } from "effect"
import { Adapter } from "effect-keystoneauth"
import * as CloudConfig from "effect-keystoneauth/CloudConfig"
import * as CloudOptions from "effect-keystoneauth/CloudOptions"
import * as NodeTransport from "effect-keystoneauth/NodeTransport"
import * as TestCloud from "effect-keystoneauth/TestCloud"
import { createServer } from "node:http"

class Compute extends Adapter.Tag<Compute>()("examples/cli-tool/Compute", { serviceType: "compute" }) {}

const Servers = Schema.Struct({ servers: Schema.Array(Schema.Struct({ name: Schema.String, status: Schema.String })) })

// cloud, credentials and endpoints come from the command line, clouds.yaml or the environment
const servers = Command.make("servers", {
  cloud: CloudOptions.cloud({ services: ["compute"] }),
  status: Options.withDefault(Options.text("status"), "ACTIVE")
}, ({ cloud, status }) =>
  Effect.gen(function*() {
    const compute = yield* Compute
    const response = yield* compute.get("/servers/detail", { urlParams: { status } })
    const { servers } = yield* HttpClientResponse.schemaBodyJson(Servers)(response)
    yield* Effect.forEach(servers, ({ name, status }) => Console.log(`${name}\t${status}`))
  }).pipe(Effect.provide(
    CloudConfig.layerAdapter(Compute).pipe(
      Layer.provideMerge(CloudOptions.layer(cloud)),
      Layer.provide(NodeTransport.layerFactory)
    )
  )))

const tool = Command.run(servers, { name: "servers", version: "1.0.0" })

/** Without options, the tool runs against TestCloud. */
const shown = Effect.gen(function*() {
  const { accounts: { demo }, authUrl } = yield* TestCloud.TestCloud
  yield* tool([
    "node",
    "servers",
    ...["--os-auth-url", authUrl, "--os-username", demo.username, "--os-password", Redacted.value(demo.password)],
    ...["--os-user-domain-name", "Default", "--os-project-name", demo.projectName],
    ...["--os-project-domain-name", "Default"]
  ])
}).pipe(
  Effect.provide(TestCloud.layerServer({
    services: [TestCloud.compute({ servers: [{ name: "web-1", project: "demo" }] })]
  })),
  Effect.provide(NodeHttpServer.layer(createServer, { port: 0 }))
)

const main = process.argv.length > 2 ? tool(process.argv) : shown

main.pipe(Effect.provide(NodeContext.layer), NodeRuntime.runMain)
