/**
 * Versions of APIs, such as `2.1`, `3`, `2.latest` and `latest`, and ranges of them.
 *
 * @since 0.1.0
 */
import * as Either from "effect/Either"
import * as Equal from "effect/Equal"
import { dual } from "effect/Function"
import * as Hash from "effect/Hash"
import * as Inspectable from "effect/Inspectable"
import * as Option from "effect/Option"
import * as order from "effect/Order"
import * as ParseResult from "effect/ParseResult"
import { type Pipeable, pipeArguments } from "effect/Pipeable"
import { hasProperty } from "effect/Predicate"
import * as Schema from "effect/Schema"
import { InvalidVersion } from "../Errors.js"
import * as ServiceType from "./ServiceType.js"

/**
 * Identifies `ApiVersion` values.
 *
 * @since 0.1.0
 * @category type ids
 */
export const TypeId: unique symbol = Symbol.for("effect-keystoneauth/ApiVersion")

/**
 * @since 0.1.0
 * @category type ids
 */
export type TypeId = typeof TypeId

/**
 * A version. Versions that are read always have a major and a minor number: `2` becomes `2.0`.
 *
 * @since 0.1.0
 * @category models
 */
export interface ApiVersion extends Equal.Equal, Pipeable, Inspectable.Inspectable {
  readonly [TypeId]: TypeId
  /** The numbers of the version. `Infinity` stands for `latest`. */
  readonly parts: readonly [major: number, ...rest: ReadonlyArray<number>]
  readonly major: number
  readonly minor: number
}

/**
 * One part of a version.
 *
 * @since 0.1.0
 * @category models
 */
export type Part = number | `${number}` | "latest"

/**
 * How a version is written in a program: `2`, `"2.1"`, `"v2.1"`, `"2.latest"`, `"latest"`, `[2, 1]`, `[2, "latest"]`.
 * Use `fromUnknown` or the schema `FromInput` for text that is known only at run time.
 *
 * A fractional number is refused: `3.20` would be read as `3.2`.
 *
 * @since 0.1.0
 * @category models
 */
export type Input = ApiVersion | number | Input.Text | `v${Input.Text}` | readonly [Part, ...ReadonlyArray<Part>]

/**
 * Types of `Input`.
 *
 * @since 0.1.0
 * @category models
 */
export declare namespace Input {
  /**
   * A version as text.
   *
   * @since 0.1.0
   * @category models
   */
  export type Text = "latest" | `${number}` | `${number}.${number}` | `${number}.latest`
}

/**
 * Whether a value is a version.
 *
 * @since 0.1.0
 * @category guards
 */
export const isApiVersion = (u: unknown): u is ApiVersion => hasProperty(u, TypeId)

const Proto: Omit<ApiVersion, "parts" | "major" | "minor"> = {
  [TypeId]: TypeId,
  [Equal.symbol](this: ApiVersion, that: unknown) {
    return isApiVersion(that) && Order(this, that) === 0
  },
  [Hash.symbol](this: ApiVersion) {
    return Hash.cached(this, Hash.array(this.parts))
  },
  toString(this: ApiVersion) {
    return format(this)
  },
  toJSON(this: ApiVersion) {
    return format(this)
  },
  [Inspectable.NodeInspectSymbol](this: ApiVersion) {
    return format(this)
  },
  pipe() {
    return pipeArguments(this, arguments)
  }
}

/**
 * A version of exactly these numbers: `[3]` is `3`, which comes before `3.0`. `fromInput` and `fromUnknown` add the
 * minor number instead.
 *
 * @since 0.1.0
 * @category constructors
 */
export const fromParts = (parts: ApiVersion["parts"]): ApiVersion =>
  Object.assign(Object.create(Proto), { parts, major: parts[0], minor: parts[1] ?? 0 })

/**
 * A version of a major and a minor number (default: 0). `Infinity` stands for `latest`.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (major: number, minor: number = major === Infinity ? Infinity : 0): ApiVersion =>
  fromParts([major, minor])

/**
 * The version `latest`.
 *
 * @since 0.1.0
 * @category constructors
 */
export const latest: ApiVersion = make(Infinity)

/**
 * Whether a version is `latest`. `2.latest` is not.
 *
 * @since 0.1.0
 * @category predicates
 */
export const isLatest = (self: ApiVersion): boolean => self.parts.every((part) => part === Infinity)

const parsePart = (part: unknown): number | undefined => {
  if (part === "latest") {
    return Infinity
  }
  const text = typeof part === "number" ? String(part) : part
  const number = typeof text === "string" && /^\d+$/.test(text) ? Number(text) : NaN
  return Number.isSafeInteger(number) ? number : undefined
}

// the numbers as given, without a minor number added: "2" is [2]
const parse = (input: unknown): ReadonlyArray<number> => {
  if (isApiVersion(input)) {
    return input.parts
  }
  const given: ReadonlyArray<unknown> = Array.isArray(input)
    ? input
    : typeof input === "string"
    ? input.replace(/^v/, "").split(".")
    : typeof input === "number"
    ? String(input).split(".")
    : []
  const parts = Array.from(given, parsePart)
  return parts.every((part) => part !== undefined) ? parts : []
}

const complete = ([major, minor, ...rest]: ReadonlyArray<number>): ApiVersion | undefined => {
  if (major === undefined) {
    return undefined
  }
  const version = minor === undefined ? make(major) : fromParts([major, minor, ...rest])
  return isLatest(version) ? latest : version
}

// printing fails for some values, such as an object without a prototype that holds a bigint
const show = (value: unknown): string =>
  isApiVersion(value)
    ? format(value)
    : Either.getOrElse(Either.try(() => Inspectable.toStringUnknown(value, 0)), () => typeof value)

const invalid = (field: string, value: unknown, reason: string): Either.Either<never, InvalidVersion> =>
  Either.left(new InvalidVersion({ field, value: show(value), reason }))

/**
 * Reads a version from any value, such as one in a document. Fails with `InvalidVersion`, which names `field`.
 *
 * Like keystoneauth's `normalize_version_number`, but stricter: at most one leading `v`, only digits, no spaces, signs,
 * underscores or booleans.
 *
 * @example
 * ```ts
 * import { ApiVersion } from "effect-keystoneauth"
 *
 * ApiVersion.fromUnknown("v2.1") // Either.right(ApiVersion.make(2, 1))
 * ApiVersion.fromUnknown("2.x") // Either.left(InvalidVersion)
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const fromUnknown = (input: unknown, field = "version"): Either.Either<ApiVersion, InvalidVersion> => {
  const version = complete(parse(input))
  return version === undefined
    ? invalid(field, input, "give numbers separated by dots, such as \"2\", \"2.1\", \"2.latest\" or \"latest\"")
    : Either.right(version)
}

/**
 * Reads a version as it is written in a program. Fails as `fromUnknown` does, and for a fractional number, since 3.2
 * and 3.20 are the same number but different versions.
 *
 * @example
 * ```ts
 * import { ApiVersion } from "effect-keystoneauth"
 *
 * ApiVersion.fromInput("2.latest") // Either.right(ApiVersion.make(2, Infinity))
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const fromInput = (input: Input, field = "version"): Either.Either<ApiVersion, InvalidVersion> =>
  typeof input === "number" && !Number.isInteger(input)
    ? invalid(field, input, `as a number it is the same as ${input}0; write it as text, such as "${input}"`)
    : fromUnknown(input, field)

/**
 * The version in a URL: the last path segment that is a version with a leading `v` (`version_from_url`).
 *
 * @example
 * ```ts
 * import { ApiVersion } from "effect-keystoneauth"
 *
 * ApiVersion.fromUrl("https://nova.example.com/v2.1/4fd2b1c7") // Option.some(ApiVersion.make(2, 1))
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const fromUrl = (url: string): Option.Option<ApiVersion> => {
  const segments = url.replace(/^[^/?#]*:\/\/[^/?#]*|[?#].*$/gs, "").split("/")
  for (const segment of segments.reverse()) {
    const version = segment.startsWith("v") ? complete(parse(segment)) : undefined
    if (version !== undefined) {
      return Option.some(version)
    }
  }
  return Option.none()
}

/**
 * Formats a version: `2.1`, `2.latest`, `latest`.
 *
 * @since 0.1.0
 * @category conversions
 */
export const format = (self: ApiVersion): string =>
  isLatest(self) ? "latest" : self.parts.map((part) => part === Infinity ? "latest" : part).join(".")

/**
 * Orders versions number by number, with `latest` above all numbers. `2.0` is before `2.0.0`.
 *
 * @since 0.1.0
 * @category ordering
 */
export const Order: order.Order<ApiVersion> = order.mapInput(
  order.array(order.number),
  (version: ApiVersion) => version.parts
)

const atLeast = order.greaterThanOrEqualTo(Order)

/**
 * Whether `candidate` satisfies a request for `required` (`version_match`): it has the same major number and is not
 * older.
 *
 * @since 0.1.0
 * @category predicates
 */
export const satisfies: {
  (required: ApiVersion): (candidate: ApiVersion) => boolean
  (candidate: ApiVersion, required: ApiVersion): boolean
} = /*#__PURE__*/ dual(
  2,
  (candidate: ApiVersion, required: ApiVersion): boolean =>
    candidate.major === required.major && atLeast(candidate, required)
)

/**
 * Whether `candidate` matches the `latest` in `required` (`latest_soft_match`): any version matches `latest`, any 2.x
 * matches `2.latest`. Without `latest`, nothing matches.
 *
 * @since 0.1.0
 * @category predicates
 */
export const softMatches: {
  (required: ApiVersion | undefined): (candidate: ApiVersion) => boolean
  (candidate: ApiVersion, required: ApiVersion | undefined): boolean
} = /*#__PURE__*/ dual(
  2,
  (candidate: ApiVersion, required: ApiVersion | undefined): boolean =>
    required !== undefined &&
    (isLatest(required) || (required.minor === Infinity && required.major === candidate.major))
)

/**
 * A range of versions, both ends included. An undefined end is open.
 *
 * @since 0.1.0
 * @category models
 */
export interface Range {
  readonly min: ApiVersion | undefined
  readonly max: ApiVersion | undefined
  /** `max` was given as a major number alone, so all its minor versions are in the range. */
  readonly wholeMajor?: boolean | undefined
}

const upper = ({ max, wholeMajor }: Range): ApiVersion | undefined =>
  max !== undefined && wholeMajor === true ? make(max.major, Infinity) : max

/**
 * Whether `candidate` is in the range (`version_between`).
 *
 * @since 0.1.0
 * @category predicates
 */
export const isInRange: {
  (range: Range): (candidate: ApiVersion) => boolean
  (candidate: ApiVersion, range: Range): boolean
} = /*#__PURE__*/ dual(2, (candidate: ApiVersion, range: Range): boolean => {
  const max = upper(range)
  return (range.min === undefined || atLeast(candidate, range.min)) && (max === undefined || atLeast(max, candidate))
})

/**
 * Types of `Range`.
 *
 * @since 0.1.0
 * @category models
 */
export declare namespace Range {
  /**
   * The versions asked for: those that satisfy `version`, or those from `minVersion` to `maxVersion`.
   *
   * @since 0.1.0
   * @category models
   */
  export interface Options {
    readonly version?: Input | undefined
    readonly minVersion?: Input | undefined
    readonly maxVersion?: Input | undefined
    /** Some types imply a major version, such as `volumev2`. */
    readonly serviceType?: ServiceType.ServiceType | undefined
  }
}

const bounds = (minVersion: Input | undefined, maxVersion: Input | undefined): Either.Either<Range, InvalidVersion> =>
  Either.gen(function*() {
    const min = minVersion === undefined ? undefined : yield* fromInput(minVersion, "minVersion")
    if (maxVersion === undefined) {
      return { min, max: min === undefined ? undefined : latest }
    }
    const max = yield* fromInput(maxVersion, "maxVersion")
    const bareMajor = parse(maxVersion).length === 1 && !isLatest(max)
    const range: Range = bareMajor ? { min, max, wholeMajor: true } : { min, max }
    return min === undefined || isInRange(min, range)
      ? range
      : yield* invalid("minVersion", min, `it is newer than maxVersion ${format(max)}; give one that is not`)
  })

/**
 * The range of the versions asked for. `version: "2.1"` is 2.1 to 2.latest. A `minVersion` alone has no upper end.
 *
 * Fails with `InvalidVersion` for a value that is not a version, for `version` together with `minVersion` or
 * `maxVersion`, if the minimum is above the maximum, and if the service type implies another major version. As in
 * keystoneauth, except that a `maxVersion` of only a major number (`2`) includes all its minor versions, that
 * `latest` of `volumev2` is `2.latest`, and that 0 and empty text do not count as missing.
 *
 * @example
 * ```ts
 * import { ApiVersion } from "effect-keystoneauth"
 *
 * ApiVersion.range({ minVersion: 2, maxVersion: "2.latest" })
 * ApiVersion.range({ serviceType: "volumev2" }) // 2.0 to 2.latest
 * ApiVersion.range({ version: 3, serviceType: "volumev2" }) // Either.left(InvalidVersion)
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const range = (
  { maxVersion, minVersion, serviceType, version }: Range.Options
): Either.Either<Range, InvalidVersion> =>
  Either.gen(function*() {
    if (version !== undefined && (minVersion !== undefined || maxVersion !== undefined)) {
      return yield* invalid("version", version, "give either version, or minVersion and maxVersion, not both")
    }
    const one = version === undefined ? undefined : yield* fromInput(version)
    const asked = one === undefined
      ? yield* bounds(minVersion, maxVersion)
      : { min: one, max: make(one.major, Infinity) }
    const implied = Option.getOrUndefined(Option.flatMap(Option.fromNullable(serviceType), ServiceType.impliedVersion))
    if (serviceType === undefined || implied === undefined) {
      return asked
    }
    const newest = make(implied, Infinity)
    if (one !== undefined && isLatest(one)) {
      return { min: newest, max: newest }
    }
    const mismatch = (field: string, value: ApiVersion) =>
      invalid(
        field,
        value,
        `service type "${serviceType}" is version ${implied}; ask for ${implied}.x, or for service type "${
          ServiceType.all(serviceType)[0]
        }"`
      )
    if (asked.min !== undefined && asked.min.major !== implied) {
      return yield* mismatch(one === undefined ? "minVersion" : "version", asked.min)
    }
    if (asked.max === undefined || isLatest(asked.max)) {
      return { min: asked.min ?? make(implied), max: newest }
    }
    return asked.max.major === implied
      ? { ...asked, min: asked.min ?? make(implied) }
      : yield* mismatch("maxVersion", asked.max)
  })

/**
 * Formats a range: `2.1 to 2.latest`, `2.1 or newer`, `up to 3.5`, `latest`, `any`.
 *
 * @since 0.1.0
 * @category conversions
 */
export const formatRange = (range: Range): string => {
  const { min } = range
  const max = upper(range)
  if (min === undefined) {
    return max === undefined ? "any" : isLatest(max) ? "latest" : `up to ${format(max)}`
  }
  if (max === undefined || (isLatest(max) && !isLatest(min))) {
    return `${format(min)} or newer`
  }
  return Equal.equals(min, max) ? format(min) : `${format(min)} to ${format(max)}`
}

// marked as pure, so that bundles that do not use the schemas leave them out

/**
 * Schema of an `ApiVersion`.
 *
 * @since 0.1.0
 * @category schemas
 */
export const FromSelf: Schema.Schema<ApiVersion> = /*#__PURE__*/ Schema.declare(isApiVersion, {
  identifier: "ApiVersion",
  pretty: () => format,
  equivalence: () => Equal.equals
})

/**
 * Schema that decodes a version from text or a number, as in documents and configuration files, and encodes it to text.
 *
 * @since 0.1.0
 * @category schemas
 */
export const FromInput: Schema.Schema<ApiVersion, string | number> = /*#__PURE__*/ Schema.transformOrFail(
  /*#__PURE__*/ Schema.Union(Schema.String, Schema.Number),
  FromSelf,
  {
    strict: true,
    decode: (input, _, ast) =>
      Either.mapLeft(fromUnknown(input), (error) => new ParseResult.Type(ast, input, error.message)),
    encode: (version) => ParseResult.succeed(format(version))
  }
)
