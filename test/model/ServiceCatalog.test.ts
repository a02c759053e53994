import { assert, describe, it } from "@effect/vitest"
import { Either, FastCheck, Option } from "effect"
import { ServiceCatalog } from "effect-keystoneauth"
import { catalogSelect } from "../conformance/catalogs.js"
import * as Vectors from "../vectors.js"

describe("ServiceCatalog", () => {
  it("marked vectors: no match is not a programming error (Q7), and a misspelt interface matches nothing (Q64)", () => {
    for (const { case: one, outcome } of Vectors.marked("catalog-select", catalogSelect)) {
      if (/no (interface|url) key/.test(one.name)) {
        continue // a broken entry is left out, and the others are used
      }
      const nothing = Either.isLeft(outcome) ||
        (Array.isArray(outcome.right) && outcome.right.every((found) => found[1]?.length === 0))
      assert.isTrue(nothing, one.name)
    }
  })

  it("leaves out broken entries, and describes them in problems", () => {
    const catalog = ServiceCatalog.fromV3([
      null,
      { endpoints: [] },
      { type: "compute" },
      { type: "image", name: 7, endpoints: [null, {}, { url: "http://i", interface: "public" }, { url: "http://j" }] }
    ])
    assert.deepStrictEqual(ServiceCatalog.endpoints(catalog, {}).map((endpoint) => endpoint.url), ["http://i"])
    assert.deepStrictEqual(catalog.problems, [
      "service 0 has no type",
      "service 1 has no type",
      "service 2 (compute) has no list of endpoints",
      "endpoint 0 of service 3 (image) is not an object",
      "endpoint 1 of service 3 (image) has no url",
      "endpoint 3 of service 3 (image) has no interface"
    ])
    assert.deepStrictEqual(catalog.serviceTypes, ["compute", "image"])
    const v2 = ServiceCatalog.fromV2([
      { type: "compute", endpoints: [{ publicURL: "http://n", adminURL: "", region: "R" }, { adminURL: "" }] }
    ])
    assert.deepStrictEqual(
      ServiceCatalog.endpoints(v2, {}).map(({ interface: name, regionName, url }) => [name, regionName, url]),
      [["publicURL", "R", "http://n"]]
    )
    assert.deepStrictEqual(v2.problems, ["endpoint 1 of service 0 (compute) has no URL"])
    assert.deepStrictEqual(ServiceCatalog.fromV3("catalog").problems, ["the catalog is not a list of services"])
  })

  it("trims URLs, and keeps unusable ones but lists them in problems", () => {
    const urls = ["  http://n/v2\n", "nova:8774/v2", "http://n/v2?x=1", " ", "ftp://n"]
    const kept = ["http://n/v2", "nova:8774/v2", "http://n/v2?x=1", "ftp://n"]
    const v3 = ServiceCatalog.fromV3([
      { type: "compute", endpoints: urls.map((url) => ({ url, interface: "public", region: "R" })) }
    ])
    assert.deepStrictEqual(ServiceCatalog.endpoints(v3, {}).map(({ url }) => url), kept)
    assert.deepStrictEqual(v3.problems.map((problem) => problem.slice(0, 56)), [
      "endpoint 1 of service 0 (compute) has a url that cannot ",
      "endpoint 2 of service 0 (compute) has a url that cannot ",
      "endpoint 3 of service 0 (compute) has no url",
      "endpoint 4 of service 0 (compute) has a url that cannot "
    ])
    const v2 = ServiceCatalog.fromV2([
      { type: "compute", endpoints: urls.map((publicURL) => ({ publicURL, region: "R" })) }
    ])
    assert.deepStrictEqual(ServiceCatalog.endpoints(v2, {}).map(({ url }) => url), kept)
    assert.strictEqual(v2.problems.length, 4)
  })

  it("an empty region_id is ignored, and region is used", () => {
    const regionsOf = (read: typeof ServiceCatalog.fromV3, endpoint: Record<string, unknown>) =>
      ServiceCatalog.endpoints(read([{ type: "compute", endpoints: [endpoint] }]), { regionName: "R" }).length
    for (
      const region of [{ region_id: "", region: "R" }, { region_id: null, region: "R" }, { region_id: "R", region: "" }]
    ) {
      assert.strictEqual(regionsOf(ServiceCatalog.fromV3, { url: "http://n", interface: "public", ...region }), 1)
      assert.strictEqual(regionsOf(ServiceCatalog.fromV2, { publicURL: "http://n", ...region }), 1)
    }
  })

  it("lists the available services when nothing matches", () => {
    const catalog = ServiceCatalog.make([
      { serviceType: "compute", serviceName: "nova", endpoints: [{ url: "http://n", regionName: "RegionOne" }] },
      { serviceType: "image", endpoints: [{ url: "http://g", interface: "internal" }] }
    ])
    assert.strictEqual(
      ServiceCatalog.notFound(catalog, { serviceType: "compute", interface: ["internal", "admin"], regionName: "Mars" })
        .message,
      "No internal or admin endpoint for service \"compute\" in region \"Mars\". " +
        "The catalog has: compute (nova) in RegionOne (public)"
    )
    assert.strictEqual(
      ServiceCatalog.notFound(catalog, { serviceType: "dns" }).message,
      "No endpoint for service \"dns\". The catalog has these services: compute, image"
    )
    assert.strictEqual(
      ServiceCatalog.notFound(ServiceCatalog.empty, { serviceType: "dns" }).message,
      "No endpoint for service \"dns\". The catalog is empty: is the token scoped to a project?"
    )
  })

  const endpoint = FastCheck.record({
    url: FastCheck.webUrl(),
    interface: FastCheck.constantFrom("public", "internal", "admin"),
    region_id: FastCheck.constantFrom("R1", "R2")
  })
  const types = ["compute", "image", "block-storage", "volumev3", "volumev2", "custom", "object_store"]
  const catalogs = FastCheck.array(
    FastCheck.record({ type: FastCheck.constantFrom(...types), endpoints: FastCheck.array(endpoint, { maxLength: 4 }) })
  )

  it("is not affected by services that do not match", () => {
    FastCheck.assert(FastCheck.property(catalogs, FastCheck.constantFrom(...types), (services, serviceType) => {
      const filter = { serviceType, interface: "public", regionName: "R1" }
      const all = ServiceCatalog.find(ServiceCatalog.fromV3(services), filter)
      const related = services.filter((service) =>
        ServiceCatalog.endpoints(ServiceCatalog.fromV3([service]), { serviceType }).length > 0
      )
      const few = ServiceCatalog.find(ServiceCatalog.fromV3(related), filter)
      assert.deepStrictEqual(Option.map(all, ({ url }) => url), Option.map(few, ({ url }) => url))
    }))
  })

  it("never fails, for any catalog", () => {
    FastCheck.assert(FastCheck.property(FastCheck.jsonValue(), FastCheck.jsonValue(), (a, b) => {
      for (const catalog of [ServiceCatalog.fromV3(a), ServiceCatalog.fromV2(a), ServiceCatalog.fromV3([a, b])]) {
        ServiceCatalog.select(catalog, { serviceType: "compute", interface: ["public", "admin"] })
        assert.isString(ServiceCatalog.notFound(catalog, { serviceType: "compute" }).message)
      }
    }))
  })
})
