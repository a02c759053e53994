/** Every plugin is as fast as `Password`: what a warm request costs does not depend on how it is authenticated. */
import { HttpClientRequest } from "@effect/platform"
import { assert, describe, it } from "@effect/vitest"
import { Effect, type Fiber, Layer, RuntimeFlags, RuntimeFlagsPatch, Supervisor } from "effect"
import { AuthPlugin, Session } from "effect-keystoneauth"
import { made, world } from "../everyPlugin.js"

/** Counts the operations of all fibers that it supervises. */
class Counter extends Supervisor.AbstractSupervisor<void> {
  readonly value = Effect.void
  operations = 0

  override onEffect<A, E>(_: Fiber.RuntimeFiber<A, E>): void {
    this.operations++
  }
}

const operationsOf = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.suspend(() => {
    const counter = new Counter()
    return effect.pipe(
      Effect.withRuntimeFlagsPatch(RuntimeFlagsPatch.enable(RuntimeFlags.OpSupervision)),
      Effect.supervised(counter),
      Effect.map(() => counter.operations)
    )
  })

const endpointFilter = { serviceType: "compute" } as const

const override = "https://nova.test/v2.1"

const measure = (plugin: AuthPlugin.Service, endpointOverride?: string) =>
  Effect.gen(function*() {
    const request = Session.request(HttpClientRequest.get("/servers"), { endpointFilter, endpointOverride })
    const resolve = Session.endpointData(endpointFilter, { endpointOverride, discoverVersions: false })
    yield* Effect.replicateEffect(Effect.zip(request, resolve), 3)
    return { request: yield* operationsOf(request), resolve: yield* operationsOf(resolve) }
  }).pipe(Effect.provideService(AuthPlugin.AuthPlugin, plugin))

/** Plugins that know no endpoint of compute. */
const withOverride = new Set([
  "v3tokenlessauth",
  "ServiceToken",
  "made of a value",
  "made of everything that can be given",
  "made of another one"
])

/** Its headers are an effect of the caller's, which has to run for each request. */
const own = "made by combinators"

describe("a warm request, and finding its endpoint, take at most three operations more than with Password", () => {
  for (const [name, plugin] of Object.entries(made)) {
    it.effect(name, () =>
      Effect.gen(function*() {
        const password = yield* Effect.flatMap(made["v3password"] ?? Effect.dieMessage("no v3password"), measure)
        const plugins = yield* Effect.flatMap(
          plugin,
          (plugin) => measure(plugin, withOverride.has(name) || name === own ? override : undefined)
        )
        const allowed = name === own ? 48 : 3
        assert.isAtMost(plugins.request, password.request + allowed)
        assert.isAtMost(plugins.resolve, password.resolve + (name === own ? 12 : 3))
      }).pipe(Effect.provide(Layer.fresh(world))))
  }
})
