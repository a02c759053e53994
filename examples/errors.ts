/** Errors have a tag for each kind that is handled differently, and say what to do. */
import { NodeRuntime } from "@effect/platform-node"
import { Console, Effect, Layer, Redacted } from "effect"
import { Adapter, Password, type Session } from "effect-keystoneauth"
import * as TestCloud from "effect-keystoneauth/TestCloud"

const servers = { serviceType: "compute", regionName: "RegionOne" } as const

class Compute extends Adapter.Tag<Compute>()("app/Compute", servers) {}
class Elsewhere extends Adapter.Tag<Elsewhere>()("app/Elsewhere", { ...servers, regionName: "Atlantis" }) {}
class Future extends Adapter.Tag<Future>()("app/Future", { ...servers, version: 3 }) {}

/** Handles some errors; all others stay in the type. */
const explain = <A, R>(request: Effect.Effect<A, Session.Error, R>) =>
  request.pipe(Effect.catchTags({
    EndpointNotFound: ({ available, regionName }) => {
      const regions = new Set(available.map((offer) => offer.regionName))
      return Console.log(`EndpointNotFound: not in ${regionName}, but in ${[...regions].join(", ")}`)
    },
    DiscoveryFailed: ({ attempts, reason, requested }) =>
      Console.log(`DiscoveryFailed: ${reason} for ${requested}; available: ${attempts[0]?.versions?.join(", ")}`),
    Unauthorized: ({ reason, retryAfterMillis = 0 }) =>
      Console.log(`Unauthorized: ${reason}; no login for ${Math.ceil(retryAfterMillis / 1000)} s`),
    NotFound: ({ serviceMessage, url }) => Console.log(`NotFound: ${url}: ${serviceMessage}`),
    RateLimited: ({ retryAfterMillis }) => Console.log(`RateLimited: try again in ${retryAfterMillis} ms`)
  }))

const main = Effect.gen(function*() {
  const cloud = yield* TestCloud.TestCloud
  const compute = yield* Compute
  const { password: _, ...demo } = cloud.accounts.demo
  const stranger = Password.layer({ authUrl: cloud.authUrl, ...demo, password: Redacted.make("wrong") })
  yield* cloud.misbehave({ path: "/limits", kind: { status: 429, headers: { "retry-after": "7" } } })

  yield* Effect.flatMap(Elsewhere, (client) => client.get("/servers")).pipe(explain)
  yield* Effect.flatMap(Future, (client) => client.get("/servers")).pipe(explain)
  yield* compute.get("/servers").pipe(Effect.provide(stranger), explain)
  yield* compute.get("/servers/1").pipe(explain)
  yield* compute.get("/limits").pipe(explain)
  // the message is a whole sentence
  yield* compute.get("/servers/1").pipe(Effect.catchTag("NotFound", ({ message }) => Console.log(message)))
})

const Clients = Layer.mergeAll(Compute.layer, Elsewhere.layer, Future.layer)

main.pipe(Effect.provide(Layer.provideMerge(Clients, TestCloud.layer())), NodeRuntime.runMain)
