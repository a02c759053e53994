import { assert, describe, it } from "@effect/vitest"
import { Metric } from "effect"
import * as Metrics from "../../src/base/metrics.js"

describe("metrics", () => {
  it("of a thousand clouds are kept apart, and of all others together", () => {
    const family = Metrics.makeFamily()
    for (let cloud = 0; cloud < 1200; cloud++) {
      family({ plugin: "many", cloud: `cloud-${cloud}` }).cacheHit()
    }
    family({ plugin: "many", cloud: "cloud-7" }).cacheHit()
    const counts = new Map(
      Metric.unsafeSnapshot().flatMap(({ metricKey, metricState }) => {
        const tags = new Map(metricKey.tags.map(({ key, value }) => [key, value]))
        return metricKey.name === "effect_keystoneauth_token_cache_hits_total" && tags.get("plugin") === "many"
          ? [[tags.get("cloud"), "count" in metricState ? metricState.count : undefined] as const]
          : []
      })
    )
    assert.strictEqual(counts.size, 1001)
    assert.strictEqual(counts.get("cloud-7"), 2)
    assert.strictEqual(counts.get("other"), 200)
  })
})
