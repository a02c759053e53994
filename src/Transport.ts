/**
 * The wire: the one place that every request goes through, logins and version documents too. It wraps the platform's
 * `HttpClient` with redirects that lose no credential, finite timeouts, a user agent, typed errors and redaction.
 *
 * @since 0.1.0
 */
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import * as Headers from "@effect/platform/Headers"
import * as HttpClient from "@effect/platform/HttpClient"
import type * as HttpClientError from "@effect/platform/HttpClientError"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import type * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as HttpTraceContext from "@effect/platform/HttpTraceContext"
import * as UrlParams from "@effect/platform/UrlParams"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as FiberRef from "effect/FiberRef"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Errors from "./Errors.js"
import * as Body from "./internal/body.js"
import * as Page from "./internal/page.js"
import * as Redaction from "./internal/redaction.js"
import * as Response from "./internal/response.js"
import * as TransportFault from "./internal/transportFault.js"
import { version } from "./internal/version.js"

/**
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** Name of the program, first in the user agent: `inventory/1.2.0 effect-keystoneauth/0.1.0`. Browsers send their own. */
  readonly appName?: string | undefined
  readonly appVersion?: string | undefined
  /** How long an answer to a request may take, up to its headers. Default: 60 seconds. */
  readonly timeout?: Duration.DurationInput | undefined
  /** The same for a login. Default: 30 seconds. */
  readonly loginTimeout?: Duration.DurationInput | undefined
  /** The same for a version document. Default: 20 seconds. */
  readonly discoveryTimeout?: Duration.DurationInput | undefined
  /** How many redirects are followed before the redirect itself is the answer. Default: 30. */
  readonly redirects?: number | undefined
}

/**
 * @since 0.1.0
 * @category models
 */
export interface ExecuteOptions {
  /** What is waited for: chooses the timeout, and is told in `TimedOut`. Default: `"request"`. */
  readonly phase?: Errors.TimedOut["phase"] | undefined
  /** In place of the timeout of the phase. */
  readonly timeout?: Duration.DurationInput | undefined
  readonly redirects?: number | undefined
}

/**
 * @since 0.1.0
 * @category models
 */
export interface Service {
  /**
   * Sends a request to an absolute URL as it is, without authentication, and answers with whatever status came.
   *
   * - 301, 302, 303, 305, 307 and 308 are followed with method and body kept, as keystoneauth does; at the limit the
   *   redirect itself is the answer. 300 is an answer.
   * - At another origin no credential header is sent, and a request with a body is refused. https never becomes http.
   * - In a browser no redirect is followed: it hides the target, or else takes the token along to any origin.
   * - Neither the response nor any error shows the request's headers or body.
   */
  readonly execute: (
    request: HttpClientRequest.HttpClientRequest,
    options?: ExecuteOptions
  ) => Effect.Effect<HttpClientResponse.HttpClientResponse, Errors.WireError>
  /** The same with the body read as text, within the same time; at most `limit` bytes of it (default: 16 MiB). */
  readonly text: (
    request: HttpClientRequest.HttpClientRequest,
    options?: ExecuteOptions & { readonly limit?: number | undefined }
  ) => Effect.Effect<TextResponse, Errors.WireError>
}

/**
 * @since 0.1.0
 * @category models
 */
export interface TextResponse {
  readonly status: number
  readonly headers: Headers.Headers
  readonly text: string
}

/**
 * @since 0.1.0
 * @category tags
 */
export class Transport extends Context.Tag("effect-keystoneauth/Transport")<Transport, Service>() {}

const defaultLimit = 16 * 1024 * 1024

const redirectStatuses = new Set([301, 302, 303, 305, 307, 308])

const userAgent = (options: Options): string =>
  [
    options.appName === undefined
      ? undefined
      : options.appVersion === undefined
      ? options.appName
      : `${options.appName}/${options.appVersion}`,
    `effect-keystoneauth/${version}`
  ].filter((part) => part !== undefined).join(" ")

/**
 * @since 0.1.0
 * @category constructors
 */
export const make = (options: Options = {}): Effect.Effect<Service, never, HttpClient.HttpClient> =>
  Effect.map(HttpClient.HttpClient, (platform) => {
    const client = withoutPlatformHabits(platform)
    const agent = Page.origin() === undefined ? { "user-agent": userAgent(options) } : {}
    const timeouts: Record<Errors.TimedOut["phase"], Duration.DurationInput> = {
      request: options.timeout ?? "60 seconds",
      login: options.loginTimeout ?? "30 seconds",
      discovery: options.discoveryTimeout ?? "20 seconds"
    }

    /** One hop. The URL is built here, so that query and hash of the request are in it for good. */
    const send = (request: HttpClientRequest.HttpClientRequest, url: string) =>
      traced(request, url, (request) =>
        client.execute(request).pipe(
          Effect.mapBoth({
            onFailure: (error) => TransportFault.fromPlatform(error, request.method, url),
            onSuccess: (response) => Response.make(response, url)
          })
        ))

    const follow = (
      request: HttpClientRequest.HttpClientRequest,
      url: string,
      left: number
    ): Effect.Effect<HttpClientResponse.HttpClientResponse, Errors.WireError> =>
      Effect.flatMap(send(request, url), (response) => {
        // what a browser makes of a redirect: an answer without status and headers
        if (response.status === 0) {
          return redirectRefused(request, url, undefined, "Hidden")
        }
        const location = redirectStatuses.has(response.status)
          ? Headers.get(response.headers, "location")
          : Option.none()
        if (Option.isNone(location) || left <= 0) {
          return Effect.succeed(response)
        }
        return Effect.flatMap(
          Effect.zipRight(Body.discard(response), redirected(request, url, location.value)),
          (next) => follow(next, next.url, left - 1)
        )
      })

    /** Sends, does something with the answer, and gives all of it the time of the phase. */
    const exchange = <A>(
      request: HttpClientRequest.HttpClientRequest,
      execute: ExecuteOptions | undefined,
      use: (response: HttpClientResponse.HttpClientResponse) => Effect.Effect<A, Errors.WireError>
    ): Effect.Effect<A, Errors.WireError> => {
      const url = UrlParams.makeUrl(request.url, request.urlParams, request.hash)
      if (Either.isLeft(url)) {
        return Effect.fail(
          new Errors.TransportError({
            reason: "Request",
            method: request.method,
            url: Redaction.safeUrl(request.url),
            description: URL.canParse(request.url)
              ? "the platform makes no URLs in a page or worker that came from a blob: or data: URL"
              : "that is not an absolute URL"
          })
        )
      }
      const phase = execute?.phase ?? "request"
      const timeout = execute?.timeout ?? timeouts[phase]
      const href = url.right.href
      const named = Headers.has(request.headers, "user-agent")
        ? request
        : HttpClientRequest.setHeaders(request, agent)
      return Effect.timeoutFail(
        Effect.flatMap(follow(named, href, execute?.redirects ?? options.redirects ?? 30), use),
        {
          duration: timeout,
          onTimeout: () =>
            new Errors.TimedOut({
              phase,
              method: request.method,
              url: Redaction.safeUrl(href),
              millis: Duration.toMillis(timeout)
            })
        }
      )
    }

    return {
      execute: (request, execute) => exchange(request, execute, Effect.succeed),
      text: (request, execute) =>
        exchange(request, execute, (response) =>
          Body.text(response, execute?.limit ?? defaultLimit).pipe(
            Effect.mapBoth({
              onFailure: (error) => TransportFault.fromPlatform(error, request.method, request.url),
              onSuccess: (text) => ({ status: response.status, headers: response.headers, text })
            })
          ))
    }
  })

const redirectRefused = (
  request: HttpClientRequest.HttpClientRequest,
  from: string,
  location: string | undefined,
  reason: Errors.RedirectRefused["reason"]
) =>
  new Errors.RedirectRefused({
    method: request.method,
    url: Redaction.safeUrl(from),
    location: location === undefined ? undefined : Redaction.safeUrl(location),
    reason
  })

/** The request for the next hop, or why there is none. */
const redirected = (
  request: HttpClientRequest.HttpClientRequest,
  from: string,
  location: string
): Effect.Effect<HttpClientRequest.HttpClientRequest, Errors.RedirectRefused> => {
  const refuse = (reason: Errors.RedirectRefused["reason"]) =>
    Effect.fail(redirectRefused(request, from, location, reason))
  const next = URL.canParse(location, from) ? new URL(location, from) : undefined
  if (next === undefined || !/^https?:$/.test(next.protocol)) {
    return refuse("InvalidLocation")
  }
  const current = new URL(from)
  if (current.protocol === "https:" && next.protocol === "http:") {
    return refuse("Downgrade")
  }
  const sameOrigin = next.origin === current.origin
  if (!sameOrigin && request.body._tag !== "Empty") {
    return refuse("CrossOriginBody")
  }
  if (!Body.isReplayable(request.body)) {
    return refuse("UnrepeatableBody")
  }
  // the Location is the whole target: the query of the first request is not added to it
  return Effect.succeed(
    HttpClientRequest.make(request.method)(next.href, {
      headers: sameOrigin ? request.headers : Redaction.withoutSecrets(request.headers),
      body: request.body
    })
  )
}

/**
 * The platform's own client spans record headers and user info of URLs in clear, and hand the request to the tracer:
 * `traced` takes their place. `fetch` follows redirects by itself, with every header, unless it is told not to.
 */
const withoutPlatformHabits = (
  client: HttpClient.HttpClient
): HttpClient.HttpClient.With<HttpClientError.HttpClientError> =>
  client.pipe(
    HttpClient.withTracerDisabledWhen(() => true),
    HttpClient.transformResponse(
      Effect.mapInputContext((context: Context.Context<never>) =>
        Context.add(context, FetchHttpClient.RequestInit, {
          ...Option.getOrUndefined(Context.getOption(context, FetchHttpClient.RequestInit)),
          redirect: "manual"
        })
      )
    )
  )

/**
 * A client span around one hop, named and annotated by the HTTP conventions, whose context is sent along; but from a page
 * not to other origins, as OpenTelemetry has it: OpenStack allows pages no such headers unless it is told to.
 */
const traced = (
  request: HttpClientRequest.HttpClientRequest,
  url: string,
  send: (
    request: HttpClientRequest.HttpClientRequest
  ) => Effect.Effect<HttpClientResponse.HttpClientResponse, Errors.WireError>
): Effect.Effect<HttpClientResponse.HttpClientResponse, Errors.WireError> =>
  Effect.useSpan(`http.client ${request.method}`, { kind: "client", captureStackTrace: false }, (span) => {
    const { hostname, pathname, port, protocol } = new URL(url)
    span.attribute("http.request.method", request.method)
    span.attribute("url.full", Redaction.safeUrl(url))
    span.attribute("url.path", pathname)
    span.attribute("url.scheme", protocol.slice(0, -1))
    span.attribute("server.address", hostname)
    if (port !== "") {
      span.attribute("server.port", Number(port))
    }
    return Effect.flatMap(
      FiberRef.get(HttpClient.currentTracerPropagation),
      (propagates) =>
        send(
          propagates && !Page.isForeign(url)
            ? HttpClientRequest.setHeaders(request, HttpTraceContext.toHeaders(span))
            : request
        )
    ).pipe(
      Effect.tap((response) => Effect.sync(() => span.attribute("http.response.status_code", response.status))),
      Effect.withParentSpan(span)
    )
  })

/**
 * @since 0.1.0
 * @category layers
 */
export const layer = (options: Options = {}): Layer.Layer<Transport, never, HttpClient.HttpClient> =>
  Layer.effect(Transport, make(options))
