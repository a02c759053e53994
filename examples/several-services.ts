/** Several services in one program: each has a tag, and one login serves all. */
import { HttpClientResponse } from "@effect/platform"
import { NodeRuntime } from "@effect/platform-node"
import { Console, Effect, Layer, Schema } from "effect"
import { Adapter } from "effect-keystoneauth"
import * as TestCloud from "effect-keystoneauth/TestCloud"

class Compute extends Adapter.Tag<Compute>()("app/Compute", {
  serviceType: "compute",
  defaultMicroversion: "2.79"
}) {}

class Image extends Adapter.Tag<Image>()("app/Image", { serviceType: "image", version: 2 }) {}

class Placement extends Adapter.Tag<Placement>()("app/Placement", {
  serviceType: "placement",
  defaultMicroversion: "1.39"
}) {}

const Named = Schema.Array(Schema.Struct({ name: Schema.String }))

const readServers = HttpClientResponse.schemaBodyJson(Schema.Struct({ servers: Named }))
const readImages = HttpClientResponse.schemaBodyJson(Schema.Struct({ images: Named }))
const readProviders = HttpClientResponse.schemaBodyJson(Schema.Struct({ resource_providers: Named }))

const inventory = Effect.gen(function*() {
  const compute = yield* Compute
  const image = yield* Image
  const placement = yield* Placement
  return yield* Effect.all({
    servers: compute.get("/servers").pipe(Effect.flatMap(readServers)),
    images: image.get("/images").pipe(Effect.flatMap(readImages)),
    providers: placement.get("/resource_providers").pipe(Effect.flatMap(readProviders))
  }, { concurrency: "unbounded" })
})

const Services = Layer.mergeAll(Compute.layer, Image.layer, Placement.layer)

const main = Effect.gen(function*() {
  const { images, providers, servers } = yield* inventory
  const names = (list: typeof Named.Type) => list.map(({ name }) => name).join(", ")
  yield* Console.log(`servers:   ${names(servers.servers)}`)
  yield* Console.log(`images:    ${names(images.images)}`)
  yield* Console.log(`providers: ${names(providers.resource_providers)}`)
  const cloud = yield* TestCloud.TestCloud
  const logins = (yield* cloud.journal).filter(({ method, path }) => method === "POST" && path.endsWith("/auth/tokens"))
  yield* Console.log(`logins:    ${logins.length}`)
})

main.pipe(Effect.provide(Layer.provideMerge(Services, TestCloud.layer())), NodeRuntime.runMain)
