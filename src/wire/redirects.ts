/** Where a redirect leads, and what may go there. */
import * as Headers from "@effect/platform/Headers"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import type * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Errors from "../Errors.js"
import type * as Secrets from "../safety/secrets.js"
import * as Url from "../safety/url.js"
import * as Body from "./body.js"

const statuses = new Set([301, 302, 303, 305, 307, 308])

export const isRedirect = (response: HttpClientResponse.HttpClientResponse): boolean => statuses.has(response.status)

const requestIdHeader = "x-openstack-request-id"

/**
 * The request for the next hop, or why there is none. To another origin go only headers that are known to be harmless, and no body
 * of a request that holds a secret.
 */
export const next = (
  request: HttpClientRequest.HttpClientRequest,
  from: string,
  response: HttpClientResponse.HttpClientResponse,
  location: string,
  { isLogin, secrets }: { readonly isLogin: boolean; readonly secrets: Secrets.Secrets }
): Effect.Effect<HttpClientRequest.HttpClientRequest, Errors.RedirectRefused> => {
  const because = (reason: Errors.RedirectRefused["reason"]) => refuse(request, from, location, reason, secrets)
  const target = URL.canParse(location, from) ? new URL(location, from) : undefined
  if (target === undefined || !/^https?:$/.test(target.protocol)) {
    return because("InvalidLocation")
  }
  const current = new URL(from)
  if (current.protocol === "https:" && target.protocol === "http:") {
    return because("Downgrade")
  }
  const sameOrigin = target.origin === current.origin
  if (!sameOrigin && request.body._tag !== "Empty" && (isLogin || secrets.isIn(request))) {
    return because("CrossOriginBody")
  }
  if (!Body.isReplayable(request.body)) {
    return because("UnrepeatableBody")
  }
  const kept = sameOrigin ? request.headers : secrets.harmless(request.headers)
  // the id that the first service gave goes along, so that one search finds both; the caller's own stays
  const requestId = Headers.get(response.headers, requestIdHeader)
  // the Location is the whole target: the query of the first request is not added to it
  return Effect.succeed(
    HttpClientRequest.make(request.method)(target.href, {
      // unless a credential is quoted in it
      headers: Option.isSome(requestId) && !Headers.has(kept, requestIdHeader) &&
          secrets.hide(requestId.value) === requestId.value
        ? Headers.set(kept, requestIdHeader, requestId.value)
        : kept,
      body: request.body
    })
  )
}

/** `location` is what the answer says, if that is shown. */
export const refuse = (
  request: HttpClientRequest.HttpClientRequest,
  from: string,
  location: string | undefined,
  reason: Errors.RedirectRefused["reason"],
  secrets: Secrets.Secrets
): Effect.Effect<never, Errors.RedirectRefused> =>
  Effect.fail(
    new Errors.RedirectRefused({
      method: request.method,
      url: secrets.hide(Url.shown(from)),
      location: location === undefined ? undefined : secrets.hide(Url.shown(location)),
      reason
    })
  )
