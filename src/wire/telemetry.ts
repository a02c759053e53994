/**
 * Telemetry of one attempt: metrics, a client span and lines of the debug log; the latter two only if they are
 * recorded.
 */
import * as Headers from "@effect/platform/Headers"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import type * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as HttpTraceContext from "@effect/platform/HttpTraceContext"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import type * as Tracer from "effect/Tracer"
import * as Fiber from "../base/fiber.js"
import type * as Metrics from "../base/metrics.js"
import * as Spans from "../base/spans.js"
import * as Time from "../base/time.js"
import type * as Errors from "../Errors.js"
import type * as Secrets from "../safety/secrets.js"
import * as Url from "../safety/url.js"
import type { Attempt } from "./attempt.js"
import * as DebugLog from "./debugLog.js"
import * as Faults from "./faults.js"
import * as Page from "./page.js"
import * as TransportFault from "./transportFault.js"

export type Answer = Effect.Effect<HttpClientResponse.HttpClientResponse, Errors.WireError>
export type Ended = Exit.Exit<HttpClientResponse.HttpClientResponse, Errors.WireError>

/** Gives the counters and the histogram for a set of metric labels. */
export type Meters = (labels: Metrics.RequestLabels) => Metrics.Meters

/** The span and the debug log of an attempt. */
export interface Observer {
  readonly span: Tracer.Span | undefined
  readonly isLogged: boolean
}

const nobody = Exit.succeed(undefined)

/** Begins the client span. If neither spans nor debug messages are recorded, the result is an `Exit` of undefined. */
export const observe = (attempt: Attempt): Effect.Effect<Observer | undefined> => {
  const isLogged = Fiber.logsDebug(attempt.fiber)
  if (!Spans.areRecorded(attempt.fiber)) {
    return isLogged ? Effect.succeed({ span: undefined, isLogged }) : nobody
  }
  return Effect.map(
    Effect.makeSpan(`http.client ${methodLabel(attempt)}`, { kind: "client", captureStackTrace: false }),
    (span) => ({ span, isLogged })
  )
}

/** Logs the request, sends it within the span, and ends the span, whatever happens. */
export const within = (attempt: Attempt, { isLogged, span }: Observer, send: Answer): Answer => {
  const logged = isLogged ? Effect.zipRight(DebugLog.logRequest(attempt), send) : send
  if (span === undefined) {
    return logged
  }
  const annotated = span.sampled ? Effect.zipRight(Effect.sync(() => annotateRequest(span, attempt)), logged) : logged
  return annotated.pipe(
    Effect.withParentSpan(span),
    Effect.onExit((exit) => Effect.sync(() => span.end(Fiber.spanTime(attempt.fiber), refusedAsFailure(exit))))
  )
}

/**
 * The request with the headers of its span. A page sends them to no other origin, as in OpenTelemetry: OpenStack
 * refuses such headers of pages, unless it is configured to accept them.
 */
export const propagate = (
  { fiber, request, url }: Attempt,
  observer: Observer | undefined
): HttpClientRequest.HttpClientRequest => {
  const parent = observer?.span ?? Fiber.span(fiber)
  return parent?._tag === "Span" && Fiber.propagatesTrace(fiber) && !Page.isForeign(url.href)
    ? HttpClientRequest.setHeaders(request, HttpTraceContext.toHeaders(parent))
    : request
}

/** Counts an attempt before it is sent. */
export const begin = (attempt: Attempt, meters: Meters): Metrics.Meters => {
  const { about, phase } = attempt.plan
  const meter = meters({
    method: methodLabel(attempt),
    phase,
    service: about.serviceType ?? "unknown",
    cloud: about.cloud ?? attempt.url.host
  })
  meter.sent(attempt.resends > 0)
  return meter
}

/** Counts the exit of an attempt, annotates its span and logs it. */
export const end = (attempt: Attempt, meter: Metrics.Meters, observer: Observer | undefined, exit: Ended): Answer => {
  const millis = Time.ofFiber(attempt.fiber) - attempt.beganAt
  meter.done(outcomeOf(exit), millis / 1000)
  if (observer?.span?.sampled === true) {
    annotateExit(observer.span, exit, attempt.secrets)
  }
  return observer?.isLogged === true ? Effect.zipRight(DebugLog.logExit(attempt, exit, millis), exit) : exit
}

/** The exit for the tracer, where a response of 400 or more is a failure. */
const refusedAsFailure = (exit: Ended): Exit.Exit<unknown, unknown> =>
  Exit.isSuccess(exit) && exit.value.status >= 400
    ? Exit.fail({ _tag: "Refused", message: `answered ${exit.value.status}` })
    : exit

// -----------------------------------------------------------------------------
// attributes
// -----------------------------------------------------------------------------

/** The methods of OpenTelemetry. Others share a label, since the number of labels must be bounded. */
const knownMethods = new Set(["CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "QUERY", "TRACE"])

const methodLabel = ({ method }: Attempt): string => knownMethods.has(method) ? method : "_OTHER"

const annotateRequest = (span: Tracer.Span, attempt: Attempt): void => {
  const { method, plan: { about }, phase, request, resends, secrets, url } = attempt
  const { host, hostname, port, protocol } = url
  span.attribute("http.request.method", methodLabel(attempt))
  Spans.attribute(span, "http.request.method_original", knownMethods.has(method) ? undefined : method)
  span.attribute("url.full", secrets.hideCredentials(Url.shown(url)))
  span.attribute("url.scheme", protocol.slice(0, -1))
  span.attribute("server.address", hostname)
  span.attribute("server.port", port !== "" ? Number(port) : protocol === "https:" ? 443 : 80)
  span.attribute("openstack.phase", phase)
  span.attribute("openstack.cloud", about.cloud ?? host)
  Spans.attribute(span, "http.request.resend_count", resends === 0 ? undefined : resends)
  Spans.attribute(span, "openstack.service.type", about.serviceType)
  Spans.attribute(span, "openstack.region", about.regionName)
  Spans.attribute(span, "openstack.microversion", about.microversion)
  const globalRequestId = request.headers["x-openstack-request-id"]
  Spans.attribute(span, "openstack.global_request_id", globalRequestId && secrets.hideCredentials(globalRequestId))
}

const annotateExit = (span: Tracer.Span, exit: Ended, secrets: Secrets.Secrets): void => {
  if (Exit.isFailure(exit)) {
    span.attribute("error.type", failureOf(exit.cause))
    return
  }
  const { headers, remoteAddress, status } = exit.value
  span.attribute("http.response.status_code", status)
  Spans.attribute(span, "error.type", status >= 400 ? String(status) : undefined)
  Spans.attribute(span, "openstack.request_id", Faults.requestId(headers, (id) => secrets.hideCredentials(id)))
  Spans.attribute(span, "network.peer.address", Option.getOrUndefined(remoteAddress))
  const size = Option.getOrUndefined(Headers.get(headers, "content-length"))
  Spans.attribute(span, "http.response.body.size", size !== undefined && /^\d+$/.test(size) ? Number(size) : undefined)
}

/** The kind of a failure, out of a small set. */
const failureOf = (cause: Cause.Cause<Errors.WireError>): string =>
  Option.match(Cause.failureOption(cause), {
    onNone: () => TransportFault.withoutError(cause),
    onSome: (error) => error._tag === "TransportError" ? error.reason : error._tag
  })

const classes = ["0xx", "1xx", "2xx", "3xx", "4xx", "5xx", "6xx", "7xx", "8xx", "9xx"]

const outcomeOf = (exit: Ended): string =>
  Exit.isSuccess(exit) ? classes[Math.floor(exit.value.status / 100)] ?? "0xx" : failureOf(exit.cause)
