/**
 * Microversions: the revision of an API that a request asks for (`2.79`, or `latest`), and the headers for it.
 *
 * @since 0.1.0
 */
import type * as Brand from "effect/Brand"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as order from "effect/Order"
import { InvalidVersion } from "../Errors.js"
import * as ApiVersion from "./ApiVersion.js"
import * as ServiceType from "./ServiceType.js"

/**
 * A version that names one revision: `2.79`, or `latest`. `2.latest` is not a microversion.
 *
 * @since 0.1.0
 * @category models
 */
export type Microversion = ApiVersion.ApiVersion & Brand.Brand<"effect-keystoneauth/Microversion">

/**
 * How a microversion is written in a program: `"2.79"`, `"latest"` or `[2, 79]`. Not a number: in JavaScript 2.10 is
 * 2.1. Use `fromUnknown` for text that is known only at run time.
 *
 * @since 0.1.0
 * @category models
 */
export type Input = Microversion | "latest" | `${number}.${number}` | readonly [major: number, minor: number]

/**
 * Whether a value is a microversion.
 *
 * @since 0.1.0
 * @category guards
 */
export const isMicroversion = (u: unknown): u is Microversion =>
  ApiVersion.isApiVersion(u) && (u.parts.at(-1) !== Infinity || ApiVersion.isLatest(u))

const invalid = (field: string, value: string) =>
  new InvalidVersion({ field, value, reason: "give one revision as text, such as \"2.79\", or \"latest\"" })

/**
 * Reads a microversion from any value. Fails with `InvalidVersion`, which names `field`.
 *
 * As in keystoneauth, a leading `v`, a major number alone (`2` is `2.0`) and a number are accepted.
 *
 * @since 0.1.0
 * @category constructors
 */
export const fromUnknown = (input: unknown, field = "microversion"): Either.Either<Microversion, InvalidVersion> =>
  ApiVersion.fromUnknown(input, field).pipe(
    Either.mapLeft((error) => invalid(field, error.value)),
    Either.filterOrLeft(isMicroversion, (version) => invalid(field, ApiVersion.format(version)))
  )

/**
 * Reads a microversion as it is written in a program. Fails as `fromUnknown` does, and for a number, since 2.1 and 2.10
 * are the same number.
 *
 * @example
 * ```ts
 * import { Microversion } from "effect-keystoneauth"
 *
 * Microversion.fromInput("2.79") // Either.right
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const fromInput = (input: Input, field = "microversion"): Either.Either<Microversion, InvalidVersion> =>
  // the type excludes numbers, but JavaScript callers have no types
  typeof input === "number" ? Either.left(invalid(field, String(input))) : fromUnknown(input, field)

/**
 * A microversion as text: `2.79`, `latest`.
 *
 * @since 0.1.0
 * @category conversions
 */
export const format: (self: Microversion) => string = ApiVersion.format

/**
 * Orders microversions number by number: 2.9 is before 2.10. `latest` is above all.
 *
 * @since 0.1.0
 * @category ordering
 */
export const Order: order.Order<Microversion> = ApiVersion.Order

/**
 * Whether a microversion is in a range. `latest` is in a range only if the range ends with `latest`.
 *
 * @since 0.1.0
 * @category predicates
 */
export const isInRange: {
  (range: ApiVersion.Range): (candidate: Microversion) => boolean
  (candidate: Microversion, range: ApiVersion.Range): boolean
} = ApiVersion.isInRange

// the name of a service in the header, where it is not the requested type
const names: ReadonlyMap<string, string> = new Map<ServiceType.Official, string>([
  ["application-container", "container"],
  ["baremetal", "baremetal"],
  ["block-storage", "volume"],
  ["container-infrastructure-management", "container-infra"],
  ["shared-file-system", "shared-file-system"]
])

// the service's own header, sent too for servers older than the common header
const legacy: ReadonlyMap<string, string> = new Map<ServiceType.Official, string>([
  ["baremetal", "X-OpenStack-Ironic-API-Version"],
  ["baremetal-introspection", "X-OpenStack-Ironic-Inspector-API-Version"],
  ["compute", "X-OpenStack-Nova-API-Version"],
  ["shared-file-system", "X-OpenStack-Manila-API-Version"]
])

/**
 * The headers that ask a service for a microversion: `OpenStack-API-Version`, and the service's own older header if it
 * has one. As in keystoneauth, except that every alias (`block-store`, `container-infra`) gives the name that the
 * servers expect, and that a type which only begins like a known one (`shares`) is sent as it is.
 *
 * @example
 * ```ts
 * import { Microversion } from "effect-keystoneauth"
 * import { Either } from "effect"
 *
 * Either.map(Microversion.fromInput("3.70"), (microversion) => Microversion.headers("volumev3", microversion))
 * // Either.right({ "OpenStack-API-Version": "volume 3.70" })
 * ```
 *
 * @since 0.1.0
 * @category conversions
 */
export const headers = (
  serviceType: ServiceType.ServiceType,
  microversion: Microversion
): Readonly<Record<string, string>> => {
  const version = format(microversion)
  const official = ServiceType.official(serviceType).pipe(Option.getOrElse(() => serviceType))
  const own = legacy.get(official)
  return {
    "OpenStack-API-Version": `${names.get(official) ?? serviceType} ${version}`,
    ...(own === undefined ? {} : { [own]: version })
  }
}

/**
 * The microversion of an answer, from its `OpenStack-API-Version` header (`compute 2.79`). `None` without that header.
 *
 * @example
 * ```ts
 * import type { HttpClientResponse } from "@effect/platform"
 * import { Microversion } from "effect-keystoneauth"
 *
 * const answeredIn = (response: HttpClientResponse.HttpClientResponse) => Microversion.fromHeaders(response.headers)
 * ```
 *
 * @since 0.1.0
 * @category conversions
 */
export const fromHeaders = (answer: Readonly<Record<string, string>>): Option.Option<Microversion> =>
  Option.fromNullable(answer["openstack-api-version"]).pipe(
    Option.flatMap((value) => Option.getRight(fromUnknown(value.trim().split(/\s+/).at(-1))))
  )

/**
 * The highest microversion that a program and an endpoint both support. `None` if there is none, or if the endpoint
 * has no microversions. A missing `min` or `max` is no limit.
 *
 * @example
 * ```ts
 * import { type EndpointData, Microversion } from "effect-keystoneauth"
 * import { Effect, Either } from "effect"
 *
 * const choose = (endpoint: EndpointData.EndpointData) =>
 *   Effect.gen(function*() {
 *     const min = yield* Microversion.fromInput("2.26")
 *     const max = yield* Microversion.fromInput("2.90")
 *     return Microversion.negotiate({ min, max }, { min: endpoint.minMicroversion, max: endpoint.maxMicroversion })
 *   })
 * ```
 *
 * @since 0.1.0
 * @category ordering
 */
export const negotiate = (
  wanted: { readonly min?: Microversion | undefined; readonly max?: Microversion | undefined },
  supported: { readonly min?: Microversion | undefined; readonly max?: Microversion | undefined }
): Option.Option<Microversion> => {
  if (supported.max === undefined) {
    return Option.none()
  }
  const highest = wanted.max === undefined ? supported.max : order.min(Order)(wanted.max, supported.max)
  const reaches = (min: Microversion | undefined) => min === undefined || order.lessThanOrEqualTo(Order)(min, highest)
  return reaches(wanted.min) && reaches(supported.min) ? Option.some(highest) : Option.none()
}
