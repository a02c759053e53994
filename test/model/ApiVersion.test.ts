import { assert, describe, it } from "@effect/vitest"
import * as Either from "effect/Either"
import * as Equal from "effect/Equal"
import * as FastCheck from "effect/FastCheck"
import { pipe } from "effect/Function"
import * as Hash from "effect/Hash"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { inspect } from "node:util"
import * as ApiVersion from "../../src/model/ApiVersion.js"
import { versionArgs, versionBetween, versionParse } from "../conformance/versions.js"
import * as Vectors from "../vectors.js"

const version = (input: unknown) => Either.getOrThrow(ApiVersion.fromUnknown(input))

const part = FastCheck.oneof(
  { arbitrary: FastCheck.nat({ max: 12 }), weight: 4 },
  { arbitrary: FastCheck.maxSafeNat(), weight: 1 },
  { arbitrary: FastCheck.constant("latest" as const), weight: 1 }
)
const anyVersion = FastCheck.array(part, { minLength: 1, maxLength: 4 }).map(version)
const anyRange = FastCheck.record({
  min: FastCheck.option(anyVersion, { nil: undefined }),
  max: FastCheck.option(anyVersion, { nil: undefined }),
  wholeMajor: FastCheck.boolean()
})

describe("ApiVersion", () => {
  describe("marked vectors are decided by the register", () => {
    it("lax number parsing is refused (Q11)", () => {
      for (const { case: { input, name }, outcome } of Vectors.marked("version-parse", versionParse)) {
        if (input.fn === "normalize_version_number") {
          assert.isTrue(Either.isLeft(outcome), `${name} must be refused`)
        }
      }
    })

    it("a major number alone includes its minor versions (Q3), and empty text is not a version (Q10)", () => {
      for (const { case: { input, ref }, outcome } of Vectors.marked("version-between", versionBetween)) {
        if (ref.includes("Q3")) {
          assert.deepStrictEqual(outcome, Either.right(true), JSON.stringify(input))
        }
        if (ref.includes("Q10")) {
          const values = [input.candidate, input.min_version, input.max_version]
          const bad = values.some((value) => value === "" || (Array.isArray(value) && value.length === 0))
          assert.strictEqual(Either.isLeft(outcome), bad, JSON.stringify(input))
        }
      }
    })

    it("latest of volumev2 is 2.latest (Q9), and empty text is not a version (Q10)", () => {
      for (const { case: { input, name, ref }, outcome } of Vectors.marked("version-args", versionArgs)) {
        if (ref.includes("Q9")) {
          const alone = input.min_version === null && input.max_version === null
          assert.strictEqual(Either.isRight(outcome), alone, name)
          if (Either.isRight(outcome)) {
            assert.deepStrictEqual(outcome.right, { min_version: [2, "latest"], max_version: [2, "latest"] }, name)
          }
        } else {
          const values = [input.version, input.min_version, input.max_version]
          const bad = values.some((value) => value === "" || (Array.isArray(value) && value.length === 0)) ||
            (input.version !== null && (input.min_version !== null || input.max_version !== null))
          assert.strictEqual(Either.isLeft(outcome), bad, name)
        }
      }
    })
  })

  it("compares and prints by value", () => {
    const a = ApiVersion.make(2, 1)
    assert.isTrue(Equal.equals(a, version("v2.1")))
    assert.strictEqual(Hash.hash(a), Hash.hash(version([2, 1])))
    assert.isFalse(Equal.equals(a, version("2.1.0")))
    assert.isTrue(Equal.equals(ApiVersion.latest, version("latest.latest.latest")))
    assert.strictEqual(String(a), "2.1")
    assert.strictEqual(JSON.stringify({ a }), "{\"a\":\"2.1\"}")
    assert.strictEqual(inspect(a), "2.1")
    assert.deepStrictEqual([a.major, a.minor], [2, 1])
    assert.strictEqual(a.pipe(ApiVersion.format), "2.1")
    assert.strictEqual(ApiVersion.format(ApiVersion.make(3)), "3.0")
    assert.isTrue(ApiVersion.isLatest(ApiVersion.latest))
    assert.isFalse(ApiVersion.isLatest(ApiVersion.make(2, Infinity)))
    assert.isTrue(ApiVersion.isApiVersion(a))
    assert.isFalse(ApiVersion.isApiVersion({ parts: [2, 1] }))
    assert.deepStrictEqual(ApiVersion.fromInput(a), Either.right(a))
  })

  it("refuses text that is not exactly a version", () => {
    const refused = [
      NaN,
      Infinity,
      -1,
      -2.5,
      1e21,
      2 ** 53,
      true,
      null,
      undefined,
      {},
      [],
      [[2]],
      Symbol("2"),
      2n,
      () => 2
    ]
    for (const input of [...refused, "", "v", "2,1", "٢", "9".repeat(400), [2.5], [-1], [Infinity], [null], Array(2)]) {
      assert.isTrue(Either.isLeft(ApiVersion.fromUnknown(input)), String(input))
    }
    const unshowable: object = Object.assign(Object.create(null), { big: 2n })
    assert.isTrue(Either.isLeft(ApiVersion.fromUnknown(unshowable)))
  })

  it("errors name the field, the value and the accepted forms", () => {
    const error = Either.getOrThrow(Either.flip(ApiVersion.fromUnknown("2.x", "minVersion")))
    assert.deepInclude(error, { _tag: "InvalidVersion", field: "minVersion", value: "2.x" })
    assert.include(error.message, "Invalid minVersion 2.x: give numbers separated by dots, such as \"2\"")
    const error2 = Either.getOrThrow(Either.flip(ApiVersion.range({ version: 3, serviceType: "volumev2" })))
    assert.strictEqual(
      error2.message,
      "Invalid version 3.0: service type \"volumev2\" is version 2; ask for 2.x, or for service type \"block-storage\""
    )
    const contradictions: ReadonlyArray<ApiVersion.Range.Options> = [
      { version: 2, minVersion: 2 },
      { minVersion: 3, maxVersion: 2 },
      { minVersion: 3, serviceType: "volumev2" },
      { maxVersion: "3.1", serviceType: "volumev2" },
      { maxVersion: ["latest", 1], serviceType: "volumev2" }
    ]
    const fields = contradictions.map((options) => Either.getOrThrow(Either.flip(ApiVersion.range(options))).field)
    assert.deepStrictEqual(fields, ["version", "minVersion", "minVersion", "maxVersion", "maxVersion"])
  })

  it("a maximum that is a major number alone includes its minor versions", () => {
    const range = Either.getOrThrow(ApiVersion.range({ minVersion: "2.1", maxVersion: "2" }))
    assert.isTrue(ApiVersion.isInRange(version("2.90"), range))
    assert.isFalse(ApiVersion.isInRange(version("3.0"), range))
    assert.strictEqual(ApiVersion.formatRange(range), "2.1 to 2.latest")
    const exact = Either.getOrThrow(ApiVersion.range({ maxVersion: "2.0" }))
    assert.isFalse(ApiVersion.isInRange(version("2.1"), exact))
    const old = Either.getOrThrow(ApiVersion.range({ maxVersion: 2, serviceType: "volumev2" }))
    assert.strictEqual(ApiVersion.formatRange(old), "2.0 to 2.latest")
  })

  it("formatRange", () => {
    const inWords = (options: ApiVersion.Range.Options) =>
      ApiVersion.formatRange(Either.getOrThrow(ApiVersion.range(options)))
    assert.strictEqual(inWords({}), "any")
    assert.strictEqual(inWords({ version: "2.1" }), "2.1 to 2.latest")
    assert.strictEqual(inWords({ version: "latest" }), "latest")
    assert.strictEqual(inWords({ maxVersion: "latest" }), "latest")
    assert.strictEqual(inWords({ minVersion: 2 }), "2.0 or newer")
    assert.strictEqual(inWords({ maxVersion: "3.5" }), "up to 3.5")
    assert.strictEqual(inWords({ minVersion: "3.5", maxVersion: "3.5" }), "3.5")
  })

  it("fromUrl reads only the path", () => {
    assert.deepStrictEqual(ApiVersion.fromUrl("https://v3"), Option.none())
    assert.deepStrictEqual(ApiVersion.fromUrl("https://v3.example.com:8774?x=/v2"), Option.none())
    assert.deepStrictEqual(ApiVersion.fromUrl("/compute/v2.1/"), Option.some(ApiVersion.make(2, 1)))
    assert.deepStrictEqual(ApiVersion.fromUrl(""), Option.none())
  })

  it("has schemas", () => {
    const Config = Schema.Struct({ version: ApiVersion.FromInput })
    const decoded = Schema.decodeUnknownSync(Config)({ version: "v2.1" })
    assert.isTrue(Equal.equals(decoded.version, ApiVersion.make(2, 1)))
    assert.deepStrictEqual(Schema.encodeSync(Config)(decoded), { version: "2.1" })
    assert.isTrue(Equal.equals(Schema.decodeSync(ApiVersion.FromInput)(3), ApiVersion.make(3)))
    const failure = Schema.decodeUnknownEither(Config)({ version: "2.x" })
    assert.include(String(failure), "Invalid version 2.x")
    assert.isTrue(Schema.is(ApiVersion.FromSelf)(ApiVersion.latest))
  })

  it.prop("reads what it writes", [anyVersion], ([a]) => {
    const back = version(ApiVersion.format(a))
    assert.isTrue(Equal.equals(back, a))
    assert.strictEqual(Hash.hash(back), Hash.hash(a))
    assert.isTrue(Equal.equals(version(`v${ApiVersion.format(a)}`), a))
  })

  it.prop("the order is total and agrees with equality", [anyVersion, anyVersion, anyVersion], ([a, b, c]) => {
    const { Order } = ApiVersion
    assert.strictEqual(Order(a, b) + Order(b, a), 0)
    assert.strictEqual(Order(a, b) === 0, Equal.equals(a, b))
    const [x, y, z] = [a, b, c].sort(Order)
    assert.isTrue(x !== undefined && y !== undefined && z !== undefined && Order(x, y) <= 0 && Order(x, z) <= 0)
    assert.isTrue(Order(a, ApiVersion.latest) <= 0 || a.major === Infinity)
  })

  it.prop("isInRange agrees with the order", [anyVersion, anyRange], ([a, range]) => {
    const { max, min } = range
    const top = max !== undefined && range.wholeMajor ? ApiVersion.make(max.major, Infinity) : max
    const expected = (min === undefined || ApiVersion.Order(min, a) <= 0) &&
      (top === undefined || ApiVersion.Order(a, top) <= 0)
    assert.strictEqual(ApiVersion.isInRange(a, range), expected)
    assert.strictEqual(pipe(a, ApiVersion.isInRange(range)), expected)
  })

  it.prop("satisfies is softer than equality and never crosses majors", [anyVersion, anyVersion], ([a, b]) => {
    assert.isTrue(ApiVersion.satisfies(a, a))
    assert.strictEqual(
      pipe(a, ApiVersion.satisfies(b)),
      a.major === b.major && ApiVersion.Order(a, b) >= 0
    )
    assert.strictEqual(pipe(a, ApiVersion.softMatches(b)), ApiVersion.softMatches(a, b))
  })

  it.prop("anything is read or refused, never thrown", [FastCheck.anything({ withBigInt: true })], ([input]) => {
    const result = ApiVersion.fromUnknown(input)
    assert.isTrue(Either.isRight(result) || result.left._tag === "InvalidVersion")
  })

  it.prop("any JSON is read or refused, never thrown", [FastCheck.jsonValue()], ([input]) => {
    assert.isTrue(Either.isEither(ApiVersion.fromUnknown(input)))
    assert.isTrue(Either.isEither(versionArgs({ version: input, min_version: null, max_version: null })))
  })

  it.prop("any URL has a version or none", [FastCheck.oneof(FastCheck.webUrl(), FastCheck.string())], ([url]) => {
    assert.isTrue(Option.isOption(ApiVersion.fromUrl(url)))
  })

  it("types refuse what cannot be a version", () => {
    const good: ReadonlyArray<ApiVersion.Input> = [
      2,
      "2",
      "2.1",
      "v2.1",
      "v3",
      "2.10",
      "1.2.3",
      "2.latest",
      "v2.latest",
      "latest",
      [2, 1],
      [2, "latest"],
      ["2", "60"],
      ApiVersion.latest
    ]
    for (const input of good) {
      assert.isTrue(Either.isRight(ApiVersion.fromInput(input)), String(input))
    }
    const bad = [
      // @ts-expect-error not a version
      ApiVersion.fromInput("abc"),
      // @ts-expect-error not a version
      ApiVersion.fromInput(""),
      // @ts-expect-error not a version
      ApiVersion.fromInput(true),
      // @ts-expect-error not a version
      ApiVersion.fromInput(null),
      // @ts-expect-error not a version
      ApiVersion.fromInput([]),
      // @ts-expect-error not a version
      ApiVersion.fromInput("V2"),
      // 3.20 is the same number
      ApiVersion.fromInput(3.2)
    ]
    assert.isTrue(bad.every(Either.isLeft))
  })
})
