/** The microversion of a request: its headers, and whether the endpoint supports it. */
import * as Headers from "@effect/platform/Headers"
import * as Either from "effect/Either"
import * as Memo from "../base/memo.js"
import * as Errors from "../Errors.js"
import type * as EndpointData from "../model/EndpointData.js"
import * as Microversion from "../model/Microversion.js"
import type * as ServiceType from "../model/ServiceType.js"
import * as Url from "../safety/url.js"

export interface Asked {
  readonly version: Microversion.Microversion
  readonly text: string
  readonly headers: Headers.Headers
}

export type Ask = (
  input: Microversion.Input,
  serviceType: ServiceType.ServiceType | undefined
) => Either.Either<Asked, Errors.InvalidVersion>

const ask: Ask = (input, serviceType) =>
  Either.flatMap(Microversion.fromInput(input), (version) => {
    const text = Microversion.format(version)
    return serviceType === undefined
      ? Either.left(
        new Errors.InvalidVersion({
          field: "microversion",
          value: text,
          reason: "a microversion needs the type of its service; set serviceType or microversionServiceType"
        })
      )
      : Either.right({ version, text, headers: Headers.fromInput(Microversion.headers(serviceType, version)) })
  })

/** Makes an `Ask` that remembers its results, since a program uses few microversions. */
export const make = (): Ask => {
  const remembered = Memo.byText<ReturnType<Ask>>(256)
  return (input, serviceType) =>
    typeof input !== "string" || serviceType === undefined
      ? ask(input, serviceType)
      : remembered(`${input} ${serviceType}`, () => ask(input, serviceType))
}

/** The range of microversions in a version document. */
export interface Supported {
  readonly minMicroversion?: Microversion.Microversion | undefined
  readonly maxMicroversion?: Microversion.Microversion | undefined
}

/** The error of a microversion outside the range of the version document. Without a document any is accepted. */
export const unsupported = (
  { text, version }: Asked,
  { maxMicroversion, minMicroversion }: Supported,
  { serviceType, url }: EndpointData.EndpointData
): Errors.MicroversionNotSupported | undefined => {
  const format = (version: Microversion.Microversion | undefined) =>
    version === undefined ? undefined : Microversion.format(version)
  return maxMicroversion === undefined || text === "latest" ||
      Microversion.isInRange(version, { min: minMicroversion, max: maxMicroversion })
    ? undefined
    : new Errors.MicroversionNotSupported({
      microversion: text,
      serviceType,
      url: Url.shown(url),
      minMicroversion: format(minMicroversion),
      maxMicroversion: format(maxMicroversion)
    })
}
