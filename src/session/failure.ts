/** Makes the typed error of a failed response. */
import type * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import type * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import { isRecord } from "effect/Predicate"
import * as Json from "../base/json.js"
import * as Errors from "../Errors.js"
import * as ApiVersion from "../model/ApiVersion.js"
import * as VersionDocument from "../model/VersionDocument.js"
import * as Url from "../safety/url.js"
import * as Body from "../wire/body.js"
import * as Faults from "../wire/faults.js"
import * as Receipt from "../wire/receipt.js"
import * as Response from "../wire/response.js"

/** Facts about the request for the error. */
export interface Asked {
  /** The reason of an `Unauthorized`. */
  readonly reason: Errors.Unauthorized["reason"]
  readonly redirectedFrom: string | undefined
  readonly serviceType: string | undefined
  readonly regionName: string | undefined
  readonly attempts: number | undefined
}

/**
 * Whether a response is a failure. A 300 lists versions, and nothing was done, so it is a success only for requests
 * that read the endpoint itself or have an absolute URL.
 */
export const isFailure = (
  { status }: HttpClientResponse.HttpClientResponse,
  { method, url }: HttpClientRequest.HttpClientRequest
): boolean => status >= 400 || (status === 300 && !Url.namesHost(url) && !Url.readsRoot(method, url))

export const fromResponse = (
  response: HttpClientResponse.HttpClientResponse,
  asked: Asked
): Effect.Effect<
  never,
  Errors.Unauthorized | Errors.MissingAuthMethods | Errors.HttpStatusError | Errors.MultipleChoices
> => response.status < 400 ? multipleChoices(response, asked) : refusal(response, asked)

const refusal = (
  response: HttpClientResponse.HttpClientResponse,
  { reason, ...about }: Asked
): Effect.Effect<never, Errors.Unauthorized | Errors.MissingAuthMethods | Errors.HttpStatusError> =>
  Effect.gen(function*() {
    const { method, url } = response.request
    const { headers, status } = response
    const hide = Response.hide(response)
    const text = yield* Body.faultText(response)
    const missing = Receipt.read({ method, url }, { status, headers, text, hide })
    if (Option.isSome(missing)) {
      return yield* missing.value
    }
    const fault = { ...(yield* Faults.describe(headers, text, hide)), method, url, status }
    return yield* status === 401
      ? new Errors.Unauthorized({ ...fault, reason, redirectedFrom: about.redirectedFrom })
      : Faults.statusError({ ...fault, ...about })
  })

const multipleChoices = (
  response: HttpClientResponse.HttpClientResponse,
  { attempts, redirectedFrom, regionName, serviceType }: Asked
): Effect.Effect<never, Errors.MultipleChoices> =>
  Effect.flatMap(Body.faultText(response), (text) => {
    const { method, url } = response.request
    return new Errors.MultipleChoices({
      serviceType,
      regionName,
      redirectedFrom,
      attempts,
      method,
      url,
      status: response.status,
      requestId: Response.requestId(response),
      versions: offered(url, text).map(Response.hide(response))
    })
  })

const mostVersions = 30

/** The versions in the body of a 300, newest first: `2.16 (CURRENT)`. */
const offered = (url: string, text: string): ReadonlyArray<string> =>
  Either.match(VersionDocument.fromBody(url, { versions: listed(text).map(withoutLinks) }), {
    onLeft: () => [],
    onRight: ({ versions }) =>
      versions.slice(0, mostVersions).map(({ status, version }) => `${ApiVersion.format(version)} (${status})`)
  })

/** Nova and Manila list them as `choices`, Keystone as `values` of its `versions`. */
const listed = (text: string): ReadonlyArray<unknown> => {
  const body = Json.parseOrUndefined(text)
  const { choices, versions }: Record<string, unknown> = isRecord(body) ? body : {}
  return [choices, versions, isRecord(versions) ? versions["values"] : undefined].find(Array.isArray) ?? []
}

/** An entry without its links, which are not shown and may be invalid. */
const withoutLinks = (entry: unknown): unknown =>
  isRecord(entry) ? { status: "UNKNOWN", ...entry, links: [{ rel: "self", href: "" }] } : entry
