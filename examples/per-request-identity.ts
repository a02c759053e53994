/** One request as another user: the innermost AuthPlugin around a request authenticates it. */
import { HttpClientResponse } from "@effect/platform"
import { NodeRuntime } from "@effect/platform-node"
import { Console, Effect, Layer, Schema } from "effect"
import { Adapter, ApplicationCredential } from "effect-keystoneauth"
import * as TestCloud from "effect-keystoneauth/TestCloud"

class Compute extends Adapter.Tag<Compute>()("app/Compute", { serviceType: "compute" }) {}

const Servers = Schema.Struct({ servers: Schema.Array(Schema.Struct({ name: Schema.String })) })

const serverNames = Effect.gen(function*() {
  const compute = yield* Compute
  const response = yield* compute.get("/servers")
  const { servers } = yield* HttpClientResponse.schemaBodyJson(Servers)(response)
  return servers.map(({ name }) => name).join(", ")
})

const main = Effect.gen(function*() {
  const { applicationCredential: { id, secret }, authUrl } = yield* TestCloud.TestCloud
  // Layer<AuthPlugin, never, Session>: building it sends nothing; the Session caches its token
  const tenantB = ApplicationCredential.layer({ authUrl, id, secret })

  yield* Console.log(`as demo:     ${yield* serverNames}`)
  yield* Console.log(`as tenant B: ${yield* serverNames.pipe(Effect.provide(tenantB))}`)
  yield* Console.log(`as demo:     ${yield* serverNames}`)
})

main.pipe(Effect.provide(Layer.provideMerge(Compute.layer, TestCloud.layer())), NodeRuntime.runMain)
