/** What one sending of a request leaves behind: a client span, metrics, and at level Debug lines in the log. */
import * as Headers from "@effect/platform/Headers"
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import type * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as HttpTraceContext from "@effect/platform/HttpTraceContext"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import * as FiberRef from "effect/FiberRef"
import * as LogLevel from "effect/LogLevel"
import * as Option from "effect/Option"
import type * as Tracer from "effect/Tracer"
import * as Memo from "../base/memo.js"
import type * as Metrics from "../base/metrics.js"
import type { Restore } from "../base/settled.js"
import * as Spans from "../base/spans.js"
import * as Time from "../base/time.js"
import type * as Errors from "../Errors.js"
import type * as AuthPlugin from "../identity/AuthPlugin.js"
import type * as Secrets from "../safety/secrets.js"
import * as Url from "../safety/url.js"
import * as Curl from "./curl.js"
import * as Faults from "./faults.js"
import * as Page from "./page.js"
import * as Response from "./response.js"

/** What a request is about, for those who look at it. */
export interface About {
  /** Host and port of the cloud's Keystone. Default: those of the request. */
  readonly cloud?: string | undefined
  readonly serviceType?: string | undefined
  readonly regionName?: string | undefined
  readonly microversion?: string | undefined
  /** How often it was sent so far, whyever: counted here. */
  sent: number
}

class RequestAbout implements About {
  sent = 0

  constructor(
    readonly cloud: string | undefined,
    readonly serviceType: string | undefined,
    readonly regionName: string | undefined,
    readonly microversion: string | undefined
  ) {}
}

export const about = (known: Omit<About, "sent">): About =>
  new RequestAbout(known.cloud, known.serviceType, known.regionName, known.microversion)

/** What is sent, for whatever it is, to which URL (with query and hash). */
export interface Sending {
  readonly phase: string
  readonly about: About
  readonly secrets: Secrets.Secrets
}

/** The meters of requests that are alike. */
export type Meters = (labels: Metrics.RequestLabels) => Metrics.Meters

/** Sends, and tells how that has ended: see `settled`. */
export type Send = (
  restore: Restore,
  fiber: Fiber.RuntimeFiber<unknown, unknown>,
  request: HttpClientRequest.HttpClientRequest,
  now: Time.Instant,
  tell: (exit: Answered) => Answer
) => Answer

/** The host of a URL as the labels of metrics tell a cloud. */
export const cloudOf = (url: string): string => URL.canParse(url) ? new URL(url).host : "unknown"

/** Which cloud a plugin logs in to. */
export const cloudOfPlugin = Memo.byObject(({ authUrl }: AuthPlugin.Service): string | undefined =>
  Option.getOrUndefined(Option.map(authUrl, cloudOf))
)

/** For the tracer only: a client span whose answer is a refusal has failed, though its effect has not. */
class Refused {
  readonly _tag = "Refused"
  readonly message: string
  readonly #response: HttpClientResponse.HttpClientResponse

  constructor(response: HttpClientResponse.HttpClientResponse) {
    this.#response = response
    this.message = `answered ${response.status}`
  }

  get response(): HttpClientResponse.HttpClientResponse {
    return this.#response
  }
}

/** Sends, in a span of its own where someone listens, whose context goes along. */
export const traced = (
  sending: Sending,
  request: HttpClientRequest.HttpClientRequest,
  url: URL,
  meters: Meters,
  send: Send
): Answer =>
  // from here on it is not interrupted but where it waits: what is counted as sent is counted as answered, too
  Effect.uninterruptibleMask((restore) =>
    Effect.withFiberRuntime((fiber) => {
      const { about, phase } = sending
      const resends = about.sent++
      const method = knownMethods.has(request.method) ? request.method : "_OTHER"
      const meter = meters({
        method,
        phase,
        service: about.serviceType ?? "unknown",
        cloud: about.cloud ?? url.host
      })
      const logs = LogLevel.lessThanEqual(fiber.getFiberRef(FiberRef.currentMinimumLogLevel), LogLevel.Debug)
      const measured = (span: Tracer.Span | undefined): Answer => {
        const clock = Time.clockOf(fiber)
        const parent = span ?? fiber.currentSpan
        const since = Time.now(clock)
        meter.sent(resends > 0)
        return send(
          restore,
          fiber,
          // from a page not to other origins, as OpenTelemetry has it: OpenStack allows pages no such headers unless it is told to
          parent?._tag === "Span" && fiber.getFiberRef(HttpClient.currentTracerPropagation) && !Page.isForeign(url.href)
            ? HttpClientRequest.setHeaders(request, HttpTraceContext.toHeaders(parent))
            : request,
          since,
          (exit) => {
            const seconds = (Time.now(clock) - since) / 1000
            meter.done(outcomeOf(exit), seconds)
            if (span?.sampled === true) {
              annotateExit(span, exit, sending.secrets)
            }
            return logs ? Effect.zipRight(logExit(sending, request, url, exit, seconds * 1000), exit) : exit
          }
        )
      }
      const logged = (span: Tracer.Span | undefined): Answer =>
        logs
          ? Effect.zipRight(
            Effect.logDebug(Curl.command(request, { url, phase, secrets: sending.secrets })),
            Effect.suspend(() => measured(span))
          )
          : measured(span)
      return !Spans.listens(fiber) ? logged(undefined) : Effect.useSpan(
        `http.client ${method}`,
        { kind: "client", captureStackTrace: false },
        (span) => {
          if (span.sampled) {
            annotateRequest(span, sending, request, url, resends)
          }
          return logged(span).pipe(
            Effect.withParentSpan(span),
            Effect.flatMap((response) =>
              response.status < 400 ? Effect.succeed(response) : Effect.fail(new Refused(response))
            )
          )
        }
      ).pipe(
        Effect.catchTag("Refused", ({ response }) => Effect.succeed(response))
      )
    })
  )

export type Answer = Effect.Effect<HttpClientResponse.HttpClientResponse, Errors.WireError>
type Answered = Exit.Exit<HttpClientResponse.HttpClientResponse, Errors.WireError>

// -----------------------------------------------------------------------------
// spans
// -----------------------------------------------------------------------------

/** The methods that OpenTelemetry knows: any other could be anything, and there could be any number of them. */
const knownMethods = new Set(["CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "QUERY", "TRACE"])

const annotateRequest = (
  span: Tracer.Span,
  { about, phase, secrets }: Sending,
  request: HttpClientRequest.HttpClientRequest,
  url: URL,
  resends: number
): void => {
  const { host, hostname, port, protocol } = url
  const known = knownMethods.has(request.method)
  span.attribute("http.request.method", known ? request.method : "_OTHER")
  if (!known) {
    span.attribute("http.request.method_original", request.method)
  }
  span.attribute("url.full", secrets.hideCredentials(Url.shown(url)))
  span.attribute("url.scheme", protocol.slice(0, -1))
  span.attribute("server.address", hostname)
  span.attribute("server.port", port !== "" ? Number(port) : protocol === "https:" ? 443 : 80)
  span.attribute("openstack.phase", phase)
  span.attribute("openstack.cloud", about.cloud ?? host)
  optional(span, "http.request.resend_count", resends === 0 ? undefined : resends)
  optional(span, "openstack.service.type", about.serviceType)
  optional(span, "openstack.region", about.regionName)
  optional(span, "openstack.microversion", about.microversion)
  const globalRequestId = request.headers["x-openstack-request-id"]
  optional(span, "openstack.global_request_id", globalRequestId && secrets.hideCredentials(globalRequestId))
}

const annotateExit = (span: Tracer.Span, exit: Answered, secrets: Secrets.Secrets): void => {
  if (Exit.isFailure(exit)) {
    span.attribute("error.type", failureOf(exit.cause))
    return
  }
  const { headers, remoteAddress, status } = exit.value
  span.attribute("http.response.status_code", status)
  if (status >= 400) {
    span.attribute("error.type", String(status))
  }
  optional(span, "openstack.request_id", Faults.requestId(headers, (id) => secrets.hideCredentials(id)))
  optional(span, "network.peer.address", Option.getOrUndefined(remoteAddress))
  const size = Option.getOrUndefined(Headers.get(headers, "content-length"))
  optional(span, "http.response.body.size", size === undefined || !/^\d+$/.test(size) ? undefined : Number(size))
}

/** The span of all that is done for one request of a caller: login, discovery and attempts are its children. */
export const annotateOperation = (
  span: Tracer.AnySpan | undefined,
  { method }: HttpClientRequest.HttpClientRequest,
  plugin: AuthPlugin.Service,
  serviceType: string | undefined
): void => {
  if (span?._tag === "Span" && span.sampled) {
    span.attribute("http.request.method", method)
    span.attribute("openstack.auth.plugin", plugin.name)
    optional(span, "openstack.cloud", cloudOfPlugin(plugin))
    optional(span, "openstack.service.type", serviceType)
  }
}

/** What is known once the endpoint is. */
export const annotateTarget = (
  span: Tracer.AnySpan | undefined,
  url: string,
  { microversion, regionName }: About
): void => {
  if (span?._tag === "Span" && span.sampled) {
    span.attribute("url.full", Url.shown(url))
    optional(span, "openstack.region", regionName)
    optional(span, "openstack.microversion", microversion)
  }
}

/** The URL without what authenticates the request, once that is known. */
export const annotateUrl = (
  span: Tracer.AnySpan | undefined,
  url: string,
  secrets: Secrets.Secrets
): void => {
  if (span?._tag === "Span" && span.sampled) {
    span.attribute("url.full", secrets.hideCredentials(Url.shown(url)))
  }
}

export const annotateAnswer = (
  span: Tracer.AnySpan | undefined,
  response: HttpClientResponse.HttpClientResponse
): void => {
  if (span?._tag === "Span" && span.sampled) {
    span.attribute("http.response.status_code", response.status)
    optional(span, "openstack.request_id", Response.requestId(response))
  }
}

const optional = (span: Tracer.Span, name: string, value: string | number | undefined): void => {
  if (value !== undefined) {
    span.attribute(name, value)
  }
}

/** What went wrong, in one of a few words. */
const failureOf = (cause: Cause.Cause<Errors.WireError>): string =>
  Option.match(Cause.failureOption(cause), {
    onNone: () => Cause.isInterrupted(cause) ? "Interrupted" : "Defect",
    onSome: (error) => error._tag === "TransportError" ? error.reason : error._tag
  })

const classes = ["0xx", "1xx", "2xx", "3xx", "4xx", "5xx", "6xx", "7xx", "8xx", "9xx"]

const outcomeOf = (exit: Answered): string =>
  Exit.isSuccess(exit) ? classes[Math.floor(exit.value.status / 100)] ?? "0xx" : failureOf(exit.cause)

// -----------------------------------------------------------------------------
// the debug log
// -----------------------------------------------------------------------------

/** The answer is told when its headers are there, and its body when somebody has read it. */
const logExit = (
  { phase, secrets }: Sending,
  request: HttpClientRequest.HttpClientRequest,
  url: URL,
  exit: Answered,
  millis: number
): Effect.Effect<void> => {
  const asked: Curl.Asked = { method: request.method, url, phase, secrets }
  if (Exit.isFailure(exit)) {
    const what = Option.match(Cause.failureOption(exit.cause), {
      onNone: () => failureOf(exit.cause),
      onSome: (error) => error.message
    })
    return Effect.logDebug(Curl.failure(asked, millis, what))
  }
  const response = exit.value
  const requestId = Response.requestId(response)
  const answered = { ...asked, secrets: secrets.with(response.headers) }
  Response.listen(
    response,
    (text) => text === "" ? Effect.void : Effect.logDebug(Curl.body(answered, response, text, requestId))
  )
  return Effect.logDebug(Curl.answer(answered, response, millis, requestId))
}
