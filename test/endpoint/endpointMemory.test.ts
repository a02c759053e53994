/** The endpoint memory gives the same endpoints as resolving again. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Option } from "effect"
import { AuthPlugin, type EndpointFilter, Session } from "effect-keystoneauth"
import * as TestCloud from "effect-keystoneauth/TestCloud"
import { assertTag, logins } from "../support.js"

const url = (filter: EndpointFilter.EndpointFilter, options?: Session.EndpointOptions) =>
  Effect.map(Session.endpointData(filter, options), (endpoint) => endpoint.url)

const asked = Effect.flatMap(TestCloud.TestCloud, (cloud) => Effect.map(cloud.journal, (journal) => journal.length))

/** A filter that can be changed, as in code without types. */
type Asked = { -readonly [K in keyof EndpointFilter.EndpointFilter]: EndpointFilter.EndpointFilter[K] } & {
  interface: Array<string>
}

describe("a remembered endpoint", () => {
  it.effect("belongs to the filter's values: changing the filter object gives another endpoint", () =>
    Effect.gen(function*() {
      const filter: Asked = {
        serviceType: "compute",
        interface: ["public"]
      }
      const compute = yield* url(filter)
      assert.strictEqual(yield* url(filter), compute)
      filter.interface[0] = "nobody's"
      assertTag(yield* Effect.flip(url(filter)), "EndpointNotFound")
      filter.interface[0] = "public"
      filter.regionName = "nowhere"
      assertTag(yield* Effect.flip(url(filter)), "EndpointNotFound")
      delete filter.regionName
      filter.minVersion = "99.0"
      assertTag(yield* Effect.flip(url(filter)), "DiscoveryFailed")
      filter.minVersion = "two" as never
      assertTag(yield* Effect.flip(url(filter)), "InvalidVersion")
      delete filter.minVersion
      filter.serviceType = "image"
      assert.notStrictEqual(yield* url(filter), compute)
      filter.serviceType = "compute"
      assert.strictEqual(yield* url(filter), compute)
      assert.strictEqual(yield* url(filter, { endpointOverride: "http://mine.test" }), "http://mine.test")
      assert.strictEqual(yield* url(filter), compute)
    }).pipe(Effect.provide(TestCloud.layer())))

  it.effect("needs no request until its token is dropped", () =>
    Effect.gen(function*() {
      const filter = { serviceType: "compute", minVersion: 2 }
      const compute = yield* url(filter)
      const before = yield* asked
      for (let i = 0; i < 100; i++) {
        assert.strictEqual(yield* url({ ...filter }), compute)
      }
      assert.strictEqual(yield* asked, before)
      const plugin = yield* AuthPlugin.AuthPlugin
      yield* Effect.flatMap(plugin.headers, plugin.invalidate)
      assert.strictEqual(yield* url(filter), compute)
      assert.strictEqual(yield* logins, 2)
    }).pipe(Effect.provide(TestCloud.layer())))

  it.effect("is not used for another plugin, even for one that wraps it", () =>
    Effect.gen(function*() {
      const filter = { serviceType: "compute" }
      const compute = yield* url(filter)
      const plugin = yield* AuthPlugin.AuthPlugin
      const behindProxy = AuthPlugin.make({ ...plugin, endpoint: () => Option.some("http://proxy.test/compute") })
      const ofProxy = Effect.provideService(url(filter, { skipDiscovery: true }), AuthPlugin.AuthPlugin, behindProxy)
      assert.strictEqual(yield* ofProxy, "http://proxy.test/compute")
      assert.strictEqual(yield* url(filter), compute)
      assert.strictEqual(yield* ofProxy, "http://proxy.test/compute")
    }).pipe(Effect.provide(TestCloud.layer())))
})
