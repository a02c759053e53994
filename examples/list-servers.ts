/** The program that the demo runs. It requires a compute client and an identity, and does not name a cloud. */
import { HttpClientResponse } from "@effect/platform"
import { Effect, Schema } from "effect"
import { Adapter } from "effect-keystoneauth"

/** The service tag of a client for one service, which is an HttpClient. */
export class Compute extends Adapter.Tag<Compute>()("app/Compute", {
  serviceType: "compute",
  interface: ["internal", "public"], // the first one in the catalog
  regionName: "RegionOne",
  minVersion: "2.1",
  maxVersion: "2.latest",
  defaultMicroversion: "2.79"
}) {}

export const Servers = Schema.Struct({
  servers: Schema.Array(Schema.Struct({ id: Schema.String, name: Schema.String, status: Schema.String }))
})

/** Effect<Servers, Adapter.Error | ParseError, Compute | AuthPlugin> */
export const listServers = Effect.gen(function*() {
  const compute = yield* Compute
  const response = yield* compute.get("/servers/detail")
  return yield* HttpClientResponse.schemaBodyJson(Servers)(response)
})
