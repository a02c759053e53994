import { assert, describe, it } from "@effect/vitest"
import * as Either from "effect/Either"
import * as FastCheck from "effect/FastCheck"
import * as Option from "effect/Option"
import * as ServiceType from "../../src/model/ServiceType.js"
import { serviceTypes } from "../conformance/catalogs.js"
import * as Vectors from "../vectors.js"

const types = [
  ...new Set(["compute", "block-storage", "shared-file-system", "workflow", "container"].flatMap(ServiceType.all)),
  "made-up",
  ""
]
const anyType = FastCheck.oneof(FastCheck.constantFrom(...types), FastCheck.string())

describe("ServiceType", () => {
  it("marked vectors: underscores equal hyphens, on both sides", () => {
    for (const { case: { name }, outcome } of Vectors.marked("service-types", serviceTypes)) {
      assert.deepStrictEqual(outcome, Either.right(true), name)
    }
  })

  it("an alias never matches another alias", () => {
    assert.isFalse(ServiceType.matches("volume", "volumev3"))
    assert.isFalse(ServiceType.matches("share", "sharev2"))
    assert.isTrue(ServiceType.matches("volume", "block_storage"))
  })

  it("impliedVersion is None for unknown types", () => {
    assert.deepStrictEqual(ServiceType.impliedVersion("volumev3"), Option.some(3))
    assert.deepStrictEqual(ServiceType.impliedVersion("workflowv2"), Option.some(2))
    for (const type of ["volume", "identityv3", "made-upv2", "Volumev2", "v2", ""]) {
      assert.deepStrictEqual(ServiceType.impliedVersion(type), Option.none(), type)
    }
  })

  it("treats names of object properties as unknown types", () => {
    assert.isFalse(ServiceType.isKnown("constructor"))
    assert.deepStrictEqual(ServiceType.all("__proto__"), ["--proto--"])
  })

  it("pick", () => {
    const pick = ServiceType.pick
    assert.deepStrictEqual(pick(undefined, ["compute", "image"]), ["compute", "image"])
    assert.deepStrictEqual(pick("made-up", ["made-up", "made_up"]), ["made-up", "made_up"])
    assert.deepStrictEqual(pick("block-storage", ["volume"]), ["volume"])
    assert.deepStrictEqual(pick("block-storage", []), [])
    assert.deepStrictEqual(pick("volumev2", ["block-storage", "volumev2"]), ["volumev2"])
    assert.deepStrictEqual(pick("volume", ["volumev2", "block-storage"]), ["block-storage"])
    assert.deepStrictEqual(pick("block-storage", ["volume", "volumev2", "volumev3"]), ["volumev3"])
    assert.deepStrictEqual(pick("block_storage", ["volumev3", "block_storage", "block-storage"]), [
      "block_storage",
      "block-storage"
    ])
    assert.deepStrictEqual(pick("compute", ["image", "network"]), [])
  })

  it.prop("matches is symmetric and reflexive", [anyType, anyType], ([a, b]) => {
    assert.strictEqual(ServiceType.matches(a, b), ServiceType.matches(b, a))
    assert.isTrue(ServiceType.matches(a, a))
  })

  it.prop("all names of a service give the same list, official type first", [anyType], ([type]) => {
    const names = ServiceType.all(type)
    assert.isAbove(names.length, 0)
    for (const name of names) {
      assert.deepStrictEqual(ServiceType.all(name), names)
    }
    assert.strictEqual(ServiceType.isKnown(type), ServiceType.isOfficial(names[0] ?? ""))
  })

  it.prop("pick returns only given types", [anyType, FastCheck.array(anyType)], ([requested, found]) => {
    const picked = ServiceType.pick(requested, found)
    assert.isTrue(picked.every((type) => found.includes(type)))
  })

  it("types complete known names and accept any text", () => {
    const text: string = "x"
    const types: ReadonlyArray<ServiceType.ServiceType> = ["compute", "volumev3", text]
    const official: ServiceType.Official = "compute"
    // @ts-expect-error an alias is not official
    const alias: ServiceType.Official = "volumev3"
    assert.lengthOf([...types, official, alias], 5)
  })
})
