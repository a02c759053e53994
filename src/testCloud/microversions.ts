/** Negotiates the microversion of a request. */
import * as Either from "effect/Either"
import type { ServiceTraits, VersionDefinition } from "./model.js"

type Headers = Readonly<Record<string, string | undefined>>

const nameOf = (service: ServiceTraits) => service.microversionName ?? service.serviceType

/** The microversion that the headers ask for, as written. */
export const requested = (service: ServiceTraits, headers: Headers): string | undefined => {
  const entries = (headers["openstack-api-version"] ?? "").split(",").map((entry) => entry.trim().split(/\s+/))
  const entry = entries.find(([name]) => name?.toLowerCase() === nameOf(service))
  return entry?.[1] ?? headers[service.microversionHeader?.toLowerCase() ?? ""]
}

/** The headers of an answer that was made for a microversion. */
export const headersFor = (service: ServiceTraits, microversion: string | undefined): Record<string, string> => {
  if (microversion === undefined) return {}
  const older = service.microversionHeader
  return {
    "OpenStack-API-Version": `${nameOf(service)} ${microversion}`,
    ...(older === undefined ? {} : { [older]: microversion }),
    Vary: older === undefined ? "OpenStack-API-Version" : `OpenStack-API-Version, ${older}`
  }
}

const parse = (text: string): readonly [major: number, minor: number] | undefined => {
  const match = /^([1-9]\d*)\.(0|[1-9]\d*)$/.exec(text)
  return match === null ? undefined : [Number(match[1]), Number(match[2])]
}

const inRange = (text: string, min: string, max: string) => {
  const [wanted, low, high] = [parse(text), parse(min), parse(max)]
  if (wanted === undefined || low === undefined || high === undefined) return false
  return wanted[0] === low[0] && wanted[1] >= low[1] && wanted[1] <= high[1]
}

/**
 * The first microversion by default, the last for `latest`; status 406 outside the range, 400 for a malformed version.
 */
export const negotiate = (
  version: VersionDefinition,
  wanted: string | undefined
): Either.Either<string | undefined, readonly [status: number, message: string]> => {
  const { maxVersion: max, minVersion: min } = version
  if (min === undefined || max === undefined) return Either.right(undefined)
  if (wanted === undefined) return Either.right(min)
  if (wanted === "latest") return Either.right(max)
  if (parse(wanted) === undefined) {
    return Either.left([
      400,
      `API Version String ${wanted} is of invalid format. Must be of format MajorNum.MinorNum.`
    ])
  }
  return inRange(wanted, min, max)
    ? Either.right(wanted)
    : Either.left([406, `Version ${wanted} is not supported by the API. Minimum is ${min} and maximum is ${max}.`])
}
