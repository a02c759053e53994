/** A request as it is sent. */
import type * as Headers from "@effect/platform/Headers"
import type * as HttpClientRequest from "@effect/platform/HttpClientRequest"

/** The same with another URL and other headers. The platform's own combinators copy a request, and read headers, for each of them. */
export const make = (
  request: HttpClientRequest.HttpClientRequest,
  url: string,
  headers: Headers.Headers
): HttpClientRequest.HttpClientRequest =>
  Object.assign(Object.create(Object.getPrototypeOf(request)), request, { url, headers })
