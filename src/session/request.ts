/**
 * The course of one request of a caller, from top to bottom: it finds the endpoint, adds the microversion and the
 * credentials, sends the request, sends it once more with a new token after a 401, and makes the typed error of a
 * failure.
 */
import * as Headers from "@effect/platform/Headers"
import type * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import type * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import { andThen, isExit } from "../base/continuation.js"
import * as Fiber from "../base/fiber.js"
import * as Time from "../base/time.js"
import * as Documents from "../endpoint/documents.js"
import * as Endpoint from "../endpoint/resolve.js"
import * as Errors from "../Errors.js"
import * as AuthPlugin from "../identity/AuthPlugin.js"
import * as Known from "../identity/known.js"
import * as Tokens from "../identity/Tokens.js"
import type * as EndpointData from "../model/EndpointData.js"
import type * as EndpointFilter from "../model/EndpointFilter.js"
import type * as ServiceType from "../model/ServiceType.js"
import * as Secrets from "../safety/secrets.js"
import * as Url from "../safety/url.js"
import * as Body from "../wire/body.js"
import * as CloudName from "../wire/cloudName.js"
import * as CopyRequest from "../wire/copyRequest.js"
import * as Response from "../wire/response.js"
import type * as Transport from "../wire/Transport.js"
import * as Failure from "./failure.js"
import * as Microversion from "./microversion.js"
import * as OperationSpan from "./operationSpan.js"
import type * as Session from "./Session.js"

type Answer<R = never> = Effect.Effect<HttpClientResponse.HttpClientResponse, Session.Error, R>

export interface Environment {
  readonly transport: Transport.Service
  readonly endpoints: Endpoint.Services
  readonly askMicroversion: Microversion.Ask
}

const anyEndpoint: EndpointFilter.EndpointFilter = {}

/** A request with its options and its `AuthPlugin`. */
class Call {
  readonly plugin: AuthPlugin.Service

  constructor(
    readonly fiber: Fiber.Fiber,
    readonly request: HttpClientRequest.HttpClientRequest,
    readonly options: Session.RequestOptions,
    readonly operation: Transport.Operation,
    /** Whether the span of the operation is recorded. */
    readonly isRecorded: boolean
  ) {
    this.plugin = Fiber.service(fiber, AuthPlugin.AuthPlugin)
  }

  get filter(): EndpointFilter.EndpointFilter {
    return this.options.endpointFilter ?? anyEndpoint
  }

  /** The service that the microversion is for. */
  get serviceType(): ServiceType.ServiceType | undefined {
    return this.options.microversionServiceType ?? this.filter.serviceType
  }
}

/** Sends a request as the `AuthPlugin` of the fiber, which is why the effect requires one. */
export const run = (
  environment: Environment,
  fiber: Fiber.Fiber,
  request: HttpClientRequest.HttpClientRequest,
  options: Session.RequestOptions,
  operation: Transport.Operation,
  isRecorded: boolean
): Answer<AuthPlugin.AuthPlugin> => {
  const call = new Call(fiber, request, options, operation, isRecorded)
  const prepared = prepare(environment, call)
  return andThen(
    isExit(prepared) ? prepared : operation.inTime(prepared),
    (prepared) => send(environment, call, prepared)
  )
}

// -----------------------------------------------------------------------------
// endpoint and credentials
// -----------------------------------------------------------------------------

/** A request that is ready to be sent. */
class Prepared {
  constructor(
    readonly request: HttpClientRequest.HttpClientRequest,
    readonly url: string,
    readonly about: Transport.About,
    /** The headers of the microversion. */
    readonly microversion: Headers.Headers,
    /** The headers that authenticate the request; `undefined` if it is not authenticated. */
    readonly credentials: Headers.Headers | undefined
  ) {}

  /** The request to send, without credentials. Headers of the caller win. */
  get target(): HttpClientRequest.HttpClientRequest {
    const { microversion, request, url } = this
    return CopyRequest.make(request, url, Headers.merge(microversion, request.headers))
  }

  get secrets(): Secrets.Secrets {
    const { credentials, request, url } = this
    const parsed = Url.parse(url) ?? new URL("http://none")
    return new Secrets.Secrets({ request, url: parsed, credentials, secrets: undefined })
  }

  /** The URL if a redirect led to another origin, where no credentials are sent. */
  redirectedFrom(response: HttpClientResponse.HttpClientResponse): string | undefined {
    return this.credentials === undefined || Response.url(response)?.origin === Url.parse(this.url)?.origin
      ? undefined
      : this.secrets.hideCredentials(Url.shown(this.url))
  }
}

/** Finds the endpoint and the credentials. On a warm Session both are known, and the result is an `Exit`. */
const prepare = (
  environment: Environment,
  call: Call
): Effect.Effect<Prepared, Session.Error, AuthPlugin.AuthPlugin> => {
  const { endpoints } = environment
  const { operation, plugin, request } = call
  const credentials = Known.credentials.of(plugin)?.(operation.beganAt)
  if (call.isRecorded) {
    OperationSpan.annotateRequest(Fiber.span(call.fiber), request, plugin, call.serviceType)
  }
  const isAbsolute = Url.namesHost(request.url)
  const flaw = Url.flaw(request.url, isAbsolute)
  if (flaw !== undefined) {
    return Effect.fail(new Errors.InvalidOptions({ module: "Session", option: "url", reason: flaw }))
  }
  if (isAbsolute) {
    return aim(environment, call, undefined, credentials)
  }
  const known = Endpoint.peek(endpoints, call, credentials, operation.beganAt)
  return known !== undefined
    ? aim(environment, call, known, credentials)
    // finding the endpoint may take time, and the token may have been renewed meanwhile
    : Effect.flatMap(
      Endpoint.find(endpoints, call),
      (endpoint) => aim(environment, call, endpoint, undefined)
    )
}

/** Adds the URL, the microversion and the credentials. `known` are the credentials, if they are in a cache. */
const aim = (
  { askMicroversion, endpoints }: Environment,
  call: Call,
  endpoint: EndpointData.EndpointData | undefined,
  known: Known.Credentials | undefined
): Effect.Effect<Prepared, Session.Error> => {
  const { fiber, options, plugin, request, serviceType } = call
  const asked = options.microversion === undefined ? undefined : askMicroversion(options.microversion, serviceType)
  if (asked !== undefined && Either.isLeft(asked)) {
    return Effect.fail(asked.left)
  }
  const url = endpoint === undefined ? request.url : Url.join(endpoint.url, request.url)
  const about: Transport.About = {
    cloud: CloudName.ofPlugin(plugin),
    serviceType,
    regionName: endpoint?.regionName,
    microversion: asked?.right.text
  }
  if (call.isRecorded) {
    OperationSpan.annotateTarget(Fiber.span(fiber), url, about, endpoint)
  }
  const unsupported = asked === undefined || endpoint === undefined
    ? undefined
    : Microversion.unsupported(
      asked.right,
      Documents.knownMicroversions(endpoints, endpoint, Time.ofFiber(fiber)),
      endpoint
    )
  if (unsupported !== undefined) {
    return Effect.fail(unsupported)
  }
  const microversion = asked?.right.headers ?? Headers.empty
  return options.authenticated === false
    ? Effect.succeed(new Prepared(request, url, about, microversion, undefined))
    : andThen(
      credentialsOf(call, known),
      (credentials) => Effect.succeed(new Prepared(request, url, about, microversion, credentials))
    )
}

/** The headers that authenticate a request, with lower-case names. */
const credentialsOf = (
  { fiber, options: { tokenLife }, plugin }: Call,
  known: Known.Credentials | undefined
): Effect.Effect<Headers.Headers, AuthPlugin.Error> => {
  if (known !== undefined && tokenLife === undefined && Fiber.service(fiber, Tokens.LeastLife) === 0) {
    return Effect.succeed(known.headers)
  }
  const headers = Effect.map(plugin.headers, Headers.fromInput)
  return tokenLife === undefined
    ? headers
    : Effect.provideService(headers, Tokens.LeastLife, Duration.toMillis(tokenLife))
}

// -----------------------------------------------------------------------------
// sending
// -----------------------------------------------------------------------------

/** Options for the transport. Each field is copied, since spreading the merged options of adapter and call is slow. */
class ExecuteOptions implements Transport.ExecuteOptions {
  readonly timeout: Transport.SendOptions["timeout"]
  readonly redirects: Transport.SendOptions["redirects"]
  readonly retries: Transport.SendOptions["retries"]
  readonly limiter: Transport.SendOptions["limiter"]
  readonly userAgent: Transport.SendOptions["userAgent"]
  readonly clientName: Transport.SendOptions["clientName"]
  readonly clientVersion: Transport.SendOptions["clientVersion"]
  readonly additionalHeaders: Transport.SendOptions["additionalHeaders"]
  readonly globalRequestId: Transport.SendOptions["globalRequestId"]
  readonly originalIp: Transport.SendOptions["originalIp"]

  constructor(
    options: { readonly [Option in keyof Required<Transport.SendOptions>]?: Transport.SendOptions[Option] },
    readonly operation: Transport.Operation,
    readonly about: Transport.About,
    readonly credentials: Headers.Headers | undefined
  ) {
    this.timeout = options.timeout
    this.redirects = options.redirects
    this.retries = options.retries
    this.limiter = options.limiter
    this.userAgent = options.userAgent
    this.clientName = options.clientName
    this.clientVersion = options.clientVersion
    this.additionalHeaders = options.additionalHeaders
    this.globalRequestId = options.globalRequestId
    this.originalIp = options.originalIp
  }
}

/** Sends the request, and once more with new credentials after a 401. */
const send = ({ transport }: Environment, call: Call, prepared: Prepared): Answer => {
  const { operation, options } = call
  const { about, credentials, target } = prepared
  if (call.isRecorded) {
    OperationSpan.annotateUrl(Fiber.span(call.fiber), prepared.url, prepared.secrets)
  }
  const execute = (credentials: Headers.Headers | undefined) =>
    transport.execute(target, new ExecuteOptions(options, operation, about, credentials))
  return Effect.flatMap(execute(credentials), (first) => {
    if (credentials === undefined) {
      return answer(call, prepared, first, "NoToken")
    }
    if (first.status !== 401) {
      return answer(call, prepared, first, "TokenRejected")
    }
    // a 401 says nothing about a token that was not sent
    if (prepared.redirectedFrom(first) !== undefined) {
      return answer(call, prepared, first, "TokenNotSent")
    }
    return options.allowReauth === false
      ? answer(call, prepared, first, "NotRetried")
      : Effect.flatMap(
        operation.inTime(renew(call, credentials, first)),
        (renewed) =>
          typeof renewed === "string"
            ? answer(call, prepared, first, renewed)
            : Effect.flatMap(execute(renewed), (second) => answer(call, prepared, second, "TokenRejected"))
      )
  })
}

/**
 * Replaces rejected credentials. Succeeds with the reason if there are no new ones, or the body cannot be sent again.
 */
const renew = Effect.fnUntraced(function*(
  { plugin, request }: Call,
  rejected: Headers.Headers,
  response: HttpClientResponse.HttpClientResponse
) {
  const isRenewable = yield* plugin.invalidate(rejected)
  if (!isRenewable || !Body.isReplayable(request.body)) {
    return isRenewable ? "NotRetried" : "TokenNotRenewable"
  }
  yield* Body.discard(response)
  return Headers.fromInput(yield* plugin.headers)
})

/** The result for the caller: the response, or the error of its status. */
const answer = (
  { fiber, isRecorded, operation, options, request }: Call,
  prepared: Prepared,
  response: HttpClientResponse.HttpClientResponse,
  reason: Errors.Unauthorized["reason"]
): Answer => {
  if (isRecorded) {
    OperationSpan.annotateAnswer(Fiber.span(fiber), response)
  }
  return options.raiseForStatus === false || !Failure.isFailure(response, request)
    ? Effect.succeed(response)
    : Failure.fromResponse(response, {
      reason,
      redirectedFrom: prepared.redirectedFrom(response),
      serviceType: prepared.about.serviceType,
      regionName: prepared.about.regionName,
      attempts: operation.retries === 0 ? undefined : operation.retries + 1
    })
}
