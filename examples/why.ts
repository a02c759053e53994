/** The URL of requests and the reasons for it, and the microversion to use. */
import { NodeRuntime } from "@effect/platform-node"
import { Console, Effect, Option } from "effect"
import { Adapter, EndpointData, Microversion, Session } from "effect-keystoneauth"
import * as TestCloud from "effect-keystoneauth/TestCloud"

class Compute extends Adapter.Tag<Compute>()("app/Compute", { serviceType: "compute", version: 2 }) {}

const main = Effect.gen(function*() {
  const endpoint = yield* Session.endpointData({
    serviceType: "image",
    interface: ["internal", "public"],
    regionName: "RegionOne",
    minVersion: 2
  })
  yield* Console.log(EndpointData.explain(endpoint))

  // the highest microversion that program and service support
  const { maxMicroversion, minMicroversion } = yield* Compute.endpointData
  const wanted = { min: yield* Microversion.fromInput("2.26"), max: yield* Microversion.fromInput("2.96") }
  const microversion = Microversion.negotiate(wanted, { min: minMicroversion, max: maxMicroversion })
  yield* Console.log(`microversion of compute: ${Option.getOrElse(microversion, () => "none")}`)
})

main.pipe(Effect.provide(TestCloud.layer()), NodeRuntime.runMain)
