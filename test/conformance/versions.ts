/** The suites about versions and microversions. */
import { Either, Option } from "effect"
import { ApiVersion, Microversion, VersionDocument } from "effect-keystoneauth"
import { isRecord } from "effect/Predicate"
import type { Case, Outcome } from "../vectors.js"

type Input = Case["input"]

/** As the vectors write a version: a list, in which the newest is `"latest"`. */
export const parts = (version: ApiVersion.ApiVersion | null | undefined): ReadonlyArray<number | "latest"> | null =>
  version?.parts.map((part) => part === Infinity ? "latest" : part) ?? null

/** A tuple is passed to Python's functions unchanged, without a minor number added. */
const exactly = (tuple: unknown): Either.Either<ApiVersion.ApiVersion, unknown> => {
  const numbers = Array.isArray(tuple) ? tuple.map((part: unknown) => part === "latest" ? Infinity : Number(part)) : []
  const [major, ...rest] = numbers
  return major === undefined ? Either.left("no version") : Either.right(ApiVersion.fromParts([major, ...rest]))
}

export const versionParse = (input: Input): Outcome => {
  switch (input.fn) {
    case "version_to_string":
      return Either.map(exactly(input.version), ApiVersion.format)
    case "version_from_url":
      return Either.right(parts(Option.getOrNull(ApiVersion.fromUrl(String(input.url)))))
    case "normalize_status":
      return Either.right(VersionDocument.statusFromText(String(input.status)))
    default:
      return Either.map(ApiVersion.fromUnknown(input.version), parts)
  }
}

const isBareMajor = (input: unknown): boolean =>
  /^v?\d+$/.test(String(input)) || (Array.isArray(input) && input.length === 1 && input[0] !== "latest")

export const versionBetween = (input: Input): Outcome =>
  Either.gen(function*() {
    const candidate = yield* ApiVersion.fromUnknown(input.candidate)
    const min = input.min_version === null ? undefined : yield* ApiVersion.fromUnknown(input.min_version)
    const max = input.max_version === null ? undefined : yield* ApiVersion.fromUnknown(input.max_version)
    return ApiVersion.isInRange(candidate, { min, max, wholeMajor: isBareMajor(input.max_version) })
  })

export const versionMatch = (input: Input): Outcome =>
  Either.gen(function*() {
    const candidate = yield* exactly(input.candidate)
    return input.fn === "version_match"
      ? ApiVersion.satisfies(candidate, yield* exactly(input.required))
      : ApiVersion.softMatches(candidate, Either.getOrUndefined(exactly(input.required)))
  })

/**
 * As a program would write the arguments: nothing for `null`, and the text of a fractional number, which as a number is
 * refused.
 */
export const versionArgument = (value: unknown): ApiVersion.Input | undefined =>
  value === null
    ? undefined
    : ((typeof value === "number" && !Number.isInteger(value) ? String(value) : value) as ApiVersion.Input | undefined)

export const versionArgs = (input: Input): Outcome =>
  Either.map(
    ApiVersion.range({
      version: versionArgument(input.version),
      minVersion: versionArgument(input.min_version),
      maxVersion: versionArgument(input.max_version),
      serviceType: typeof input.service_type === "string" ? input.service_type : undefined
    }),
    ({ max, min }) => ({ min_version: parts(min), max_version: parts(max) })
  )

/** Q53, where no case is marked: two services get from us the names that their servers expect. */
const asKeystoneauth = (serviceType: string, headers: Record<string, string>): Record<string, string> => {
  const { "X-OpenStack-Ironic-Inspector-API-Version": _, ...known } = headers
  return serviceType.startsWith("container-infra")
    ? { ...known, "OpenStack-API-Version": `${serviceType} ${known["OpenStack-API-Version"]?.split(" ")[1]}` }
    : known
}

export const microversionHeaders = (input: Input): Outcome =>
  Either.gen(function*() {
    const value = yield* Microversion.fromUnknown(input.microversion)
    // the service and existing headers are the caller's task, done here as in keystoneauth
    const filter = input.endpoint_filter
    const serviceType = input.microversion_service_type || (isRecord(filter) ? filter.service_type : undefined)
    if (typeof serviceType !== "string") {
      return yield* Either.left("no service type")
    }
    const set = Object.entries(input.headers ?? {})
    const added = Object.entries(asKeystoneauth(serviceType, Microversion.headers(serviceType, value))).filter((
      [name]
    ) => !set.some(([other]) => other.toLowerCase() === name.toLowerCase()))
    return { headers: Object.fromEntries([...set, ...added]) }
  })
