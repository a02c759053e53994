/** Redirects: their target, and what is sent to it. */
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

/** A request, which may have been redirected to its URL. */
export interface Hop {
  readonly request: HttpClientRequest.HttpClientRequest
  readonly url: URL
  readonly phase: string
  readonly secrets: Secrets.Secrets
}

/**
 * The request for the next hop, or the error of a redirect that is not followed. Another origin gets only headers that
 * are known to be harmless, and no body of a request that holds a secret.
 */
export const next = (
  hop: Hop,
  response: HttpClientResponse.HttpClientResponse,
  location: string
): Effect.Effect<HttpClientRequest.HttpClientRequest, Errors.RedirectRefused> => {
  const { phase, request, secrets, url: current } = hop
  const because = (reason: Errors.RedirectRefused["reason"]) => refuse(hop, location, reason)
  const target = URL.canParse(location, current) ? new URL(location, current) : undefined
  if (target === undefined || !/^https?:$/.test(target.protocol)) {
    return because("InvalidLocation")
  }
  if (current.protocol === "https:" && target.protocol === "http:") {
    return because("Downgrade")
  }
  const sameOrigin = target.origin === current.origin
  if (!sameOrigin && request.body._tag !== "Empty" && (phase === "login" || secrets.isIn(request))) {
    return because("CrossOriginBody")
  }
  if (!Body.isReplayable(request.body)) {
    return because("UnrepeatableBody")
  }
  const kept = sameOrigin ? request.headers : secrets.harmless(request.headers)
  // with the id of the first hop a search of the logs finds both; an id that the caller has set is kept
  const requestId = Headers.get(response.headers, requestIdHeader)
  // the query of the first request is not added: the Location is the whole target
  return Effect.succeed(
    HttpClientRequest.make(request.method)(target.href, {
      // an id that quotes a credential is not sent
      headers: Option.isSome(requestId) && !Headers.has(kept, requestIdHeader) &&
          secrets.hide(requestId.value) === requestId.value
        ? Headers.set(kept, requestIdHeader, requestId.value)
        : kept,
      body: request.body
    })
  )
}

/** Fails with the reason. `location` is undefined if the browser hides it. */
export const refuse = (
  { request, secrets, url }: Hop,
  location: string | undefined,
  reason: Errors.RedirectRefused["reason"]
): Effect.Effect<never, Errors.RedirectRefused> =>
  Effect.fail(
    new Errors.RedirectRefused({
      method: request.method,
      url: secrets.hide(Url.shown(url.href)),
      location: location === undefined ? undefined : secrets.hide(Url.shown(location)),
      reason
    })
  )
