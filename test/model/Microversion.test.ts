import { assert, describe, it } from "@effect/vitest"
import * as Either from "effect/Either"
import * as FastCheck from "effect/FastCheck"
import { hasProperty } from "effect/Predicate"
import * as ApiVersion from "../../src/model/ApiVersion.js"
import * as Microversion from "../../src/model/Microversion.js"
import { microversionHeaders } from "../conformance/versions.js"
import * as Vectors from "../vectors.js"

const microversion = (input: unknown) => Either.getOrThrow(Microversion.fromUnknown(input))

describe("Microversion", () => {
  it("marked vectors are decided by the register", () => {
    const marked = Vectors.marked("microversion-headers", microversionHeaders)
    // Q53: every alias gives the name that servers expect; names that only begin like one are sent as they are
    const expected: Record<string, string> = {
      "bare-metal": "baremetal",
      "block-store": "volume",
      "block_storage": "volume",
      "volumes-r-us": "volumes-r-us",
      "shares": "shares"
    }
    const names = new Set<string>()
    for (const { case: { input, name, ref }, outcome, same } of marked) {
      const type = input.microversion_service_type ??
        (hasProperty(input.endpoint_filter, "service_type") ? input.endpoint_filter.service_type : undefined)
      if (ref.includes("Q53")) {
        assert.isFalse(same, name)
        assert.include(JSON.stringify(outcome), `"OpenStack-API-Version":"${expected[String(type)]} `, name)
        names.add(String(type))
      } else {
        // booleans (Q11) and services that are null
        assert.isTrue(Either.isLeft(outcome), name)
      }
    }
    assert.deepStrictEqual([...names].sort(), Object.keys(expected).sort())
  })

  it("headers", () => {
    const value = microversion("1.30")
    assert.deepStrictEqual(Microversion.headers("bare_metal", value), {
      "OpenStack-API-Version": "baremetal 1.30",
      "X-OpenStack-Ironic-API-Version": "1.30"
    })
    assert.deepStrictEqual(Microversion.headers("application-container", value), {
      "OpenStack-API-Version": "container 1.30"
    })
    assert.deepStrictEqual(Microversion.headers("constructor", value), { "OpenStack-API-Version": "constructor 1.30" })
  })

  it("names one revision", () => {
    assert.isTrue(Microversion.isMicroversion(ApiVersion.latest))
    assert.isTrue(Microversion.isMicroversion(ApiVersion.make(2, 79)))
    assert.isFalse(Microversion.isMicroversion(ApiVersion.make(2, Infinity)))
    assert.isFalse(Microversion.isMicroversion("2.79"))
    for (const input of ["2.latest", [2, "latest"], ApiVersion.make(2, Infinity), "", "two", true, null, NaN]) {
      const error = Either.getOrThrow(Either.flip(Microversion.fromUnknown(input)))
      assert.strictEqual(error.field, "microversion")
      assert.include(error.reason, "such as \"2.79\", or \"latest\"")
    }
    const error = Either.getOrThrow(Either.flip(Microversion.fromUnknown("2.latest", "defaultMicroversion")))
    assert.strictEqual(
      error.message,
      "Invalid defaultMicroversion 2.latest: give one revision as text, such as \"2.79\", or \"latest\""
    )
  })

  it("is ordered by numbers", () => {
    assert.strictEqual(Microversion.Order(microversion("2.9"), microversion("2.10")), -1)
    const range = { min: microversion("2.1"), max: microversion("2.96") }
    assert.isTrue(Microversion.isInRange(microversion("2.79"), range))
    assert.isFalse(Microversion.isInRange(microversion("2.97"), range))
    assert.isFalse(Microversion.isInRange(microversion("latest"), range))
  })

  it.prop("reads what it writes", [FastCheck.nat(), FastCheck.nat()], ([major, minor]) => {
    const value = Either.getOrThrow(Microversion.fromInput([major, minor]))
    assert.deepStrictEqual(microversion(Microversion.format(value)), value)
  })

  it.prop("anything is read or refused, never thrown", [FastCheck.anything({ withBigInt: true })], ([input]) => {
    assert.isTrue(Either.isEither(Microversion.fromUnknown(input)))
  })

  it("types refuse what cannot be a microversion", () => {
    const good: ReadonlyArray<Microversion.Input> = ["2.79", "2.10", "latest", [2, 79], microversion("latest")]
    assert.isTrue(good.every((input) => Either.isRight(Microversion.fromInput(input))))
    // @ts-expect-error 2.10 is 2.1
    const number: Microversion.Input = 2.79
    // @ts-expect-error does not name one revision
    const newest: Microversion.Input = "2.latest"
    // @ts-expect-error a version is not a microversion
    const version: Microversion.Input = ApiVersion.make(2, 79)
    assert.lengthOf([number, newest, version], 3)
  })
})
