/** The microversion that a request asks for, and how it does. */
import * as Headers from "@effect/platform/Headers"
import * as Either from "effect/Either"
import * as Memo from "../base/memo.js"
import * as Errors from "../Errors.js"
import * as Microversion from "../model/Microversion.js"
import type * as ServiceType from "../model/ServiceType.js"

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
          reason: "it needs to be known of which service: give a serviceType or microversionServiceType"
        })
      )
      : Either.right({ version, text, headers: Headers.fromInput(Microversion.headers(serviceType, version)) })
  })

export const make = (): Ask => {
  const computed = Memo.byText<ReturnType<Ask>>(256)
  return (input, serviceType) =>
    typeof input !== "string" || serviceType === undefined
      ? ask(input, serviceType)
      : computed(`${input} ${serviceType}`, () => ask(input, serviceType))
}
