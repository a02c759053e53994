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
import * as UrlParams from "@effect/platform/UrlParams"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Errors from "./Errors.js"
import * as Body from "./internal/body.js"
import * as Metrics from "./internal/metrics.js"
import * as Redaction from "./internal/redaction.js"
import * as Response from "./internal/response.js"
import * as Telemetry from "./internal/telemetry.js"
import * as TransportFault from "./internal/transportFault.js"
import { version } from "./internal/version.js"

/**
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** Name of the program, first in the user agent: `inventory/1.2.0 effect-keystoneauth/0.1.0`. */
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
  /** What spans and metrics tell of it. Default: the host of its URL as the cloud, and identity as the service of a login. */
  readonly about?: About | undefined
}

/**
 * What a request is about: the cloud (host and port of its Keystone), service, region and microversion, and how often it was
 * `sent` so far, which the wire counts: begin with 0.
 *
 * @since 0.1.0
 * @category models
 */
export interface About extends Telemetry.About {}

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
    const agent = userAgent(options)
    const meters = Metrics.makeRequests()
    const timeouts: Record<Errors.TimedOut["phase"], Duration.DurationInput> = {
      request: options.timeout ?? "60 seconds",
      login: options.loginTimeout ?? "30 seconds",
      discovery: options.discoveryTimeout ?? "20 seconds"
    }

    /** One hop. The URL is built here, so that query and hash of the request are in it for good. */
    const send = (
      request: HttpClientRequest.HttpClientRequest,
      url: string,
      phase: Errors.TimedOut["phase"],
      about: About
    ) =>
      Telemetry.traced({ request, url, phase, about, meters }, (request) =>
        client.execute(request).pipe(
          Effect.mapBoth({
            onFailure: (error) => TransportFault.fromPlatform(error, request.method, url),
            onSuccess: (response) => Response.make(response, url)
          })
        ))

    const follow = (
      request: HttpClientRequest.HttpClientRequest,
      url: string,
      left: number,
      phase: Errors.TimedOut["phase"],
      about: About
    ): Effect.Effect<HttpClientResponse.HttpClientResponse, Errors.WireError> =>
      Effect.flatMap(send(request, url, phase, about), (response) => {
        const location = redirectStatuses.has(response.status)
          ? Headers.get(response.headers, "location")
          : Option.none()
        if (Option.isNone(location) || left <= 0) {
          return Effect.succeed(response)
        }
        return Effect.flatMap(
          Effect.zipRight(Body.discard(response), redirected(request, url, location.value)),
          (next) => follow(next, next.url, left - 1, phase, about)
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
            description: "that is not an absolute URL"
          })
        )
      }
      const phase = execute?.phase ?? "request"
      const timeout = execute?.timeout ?? timeouts[phase]
      const about = execute?.about ?? { sent: 0, serviceType: phase === "login" ? "identity" : undefined }
      const href = url.right.href
      const named = Headers.has(request.headers, "user-agent")
        ? request
        : HttpClientRequest.setHeader(request, "user-agent", agent)
      return Effect.timeoutFail(
        Effect.flatMap(follow(named, href, execute?.redirects ?? options.redirects ?? 30, phase, about), use),
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

/** The request for the next hop, or why there is none. */
const redirected = (
  request: HttpClientRequest.HttpClientRequest,
  from: string,
  location: string
): Effect.Effect<HttpClientRequest.HttpClientRequest, Errors.RedirectRefused> => {
  const refuse = (reason: Errors.RedirectRefused["reason"]) =>
    Effect.fail(
      new Errors.RedirectRefused({
        method: request.method,
        url: Redaction.safeUrl(from),
        location: Redaction.safeUrl(location),
        reason
      })
    )
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
 * `Telemetry.traced` takes their place. `fetch` follows redirects by itself, with every header, unless it is told not to.
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
 * @since 0.1.0
 * @category layers
 */
export const layer = (options: Options = {}): Layer.Layer<Transport, never, HttpClient.HttpClient> =>
  Layer.effect(Transport, make(options))
