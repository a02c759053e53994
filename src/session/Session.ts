/**
 * One identity's requests to many services: a Session sends them, keeps the tokens, and knows where they go.
 *
 * @since 0.1.0
 */
import * as Headers from "@effect/platform/Headers"
import type * as HttpClient from "@effect/platform/HttpClient"
import type * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import type * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as Config from "effect/Config"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import type * as Tracer from "effect/Tracer"
import type * as ConfigError from "../base/configError.js"
import { andThen, isReady } from "../base/ready.js"
import * as Spans from "../base/spans.js"
import * as Time from "../base/time.js"
import * as AllVersions from "../endpoint/allVersions.js"
import * as Catalog from "../endpoint/Catalog.js"
import * as Discovery from "../endpoint/Discovery.js"
import type * as Documents from "../endpoint/documents.js"
import { knownMicroversions } from "../endpoint/documents.js"
import * as Endpoint from "../endpoint/resolve.js"
import * as Errors from "../Errors.js"
import * as AuthPlugin from "../identity/AuthPlugin.js"
import * as Known from "../identity/known.js"
import * as Tokens from "../identity/Tokens.js"
import type * as AccessInfo from "../model/AccessInfo.js"
import type * as ApiVersion from "../model/ApiVersion.js"
import * as EndpointData from "../model/EndpointData.js"
import type * as EndpointFilter from "../model/EndpointFilter.js"
import * as Microversion from "../model/Microversion.js"
import type * as ServiceType from "../model/ServiceType.js"
import * as Secrets from "../safety/secrets.js"
import * as Url from "../safety/url.js"
import * as Body from "../wire/body.js"
import * as Faults from "../wire/faults.js"
import * as Receipt from "../wire/receipt.js"
import * as Response from "../wire/response.js"
import * as Target from "../wire/target.js"
import * as Telemetry from "../wire/telemetry.js"
import * as Transport from "../wire/Transport.js"
import * as AskedMicroversion from "./askedMicroversion.js"
import * as Choices from "./choices.js"

/**
 * What a request can fail with.
 *
 * @since 0.1.0
 * @category errors
 */
export type Error = Errors.KeystoneAuthError

/**
 * @since 0.1.0
 * @category models
 */
export interface Options extends Transport.Options {
  readonly catalog?: Catalog.Options | undefined
  readonly discovery?: Discovery.Options | undefined
  readonly tokens?: Tokens.Options | undefined
}

/**
 * How the endpoint of a request is found.
 *
 * @since 0.1.0
 * @category models
 */
export type EndpointOptions = EndpointFilter.EndpointOptions

/**
 * @since 0.1.0
 * @category models
 */
export interface RequestOptions extends EndpointOptions, Transport.SendOptions {
  /** Where a relative URL goes. An absolute one goes where it says. */
  readonly endpointFilter?: EndpointFilter.EndpointFilter | undefined
  /** Send what the `AuthPlugin` authenticates with. Default: `true`. */
  readonly authenticated?: boolean | undefined
  /** When the token is rejected, get another one and try once more. Default: `true`. */
  readonly allowReauth?: boolean | undefined
  /**
   * Fail with a typed error for a status of 400 or more, and for the 300 of an endpoint to all but reading the endpoint itself
   * (`MultipleChoices`). Default: `true`.
   */
  readonly raiseForStatus?: boolean | undefined
  readonly microversion?: Microversion.Input | undefined
  /** The service type that the microversion is for. Default: the filter's. */
  readonly microversionServiceType?: ServiceType.ServiceType | undefined
  /**
   * How long the token must live at least, for what takes long: an upload, or work that a service does with it. If it
   * ends sooner, another one is fetched first.
   */
  readonly tokenLife?: Duration.DurationInput | undefined
  /**
   * How long all of it may take, up to the headers of the answer: logging in, finding the endpoint, turns of limiters,
   * redirects and retries. Default: the Session's.
   */
  readonly deadline?: Duration.DurationInput | undefined
}

/**
 * @since 0.1.0
 * @category models
 */
export interface Service {
  /**
   * Sends a request as the current `AuthPlugin`, and once more with a new token if the service rejects the first one.
   * Headers that the caller has set are kept, but for those that authenticate.
   *
   * Fails with the error of the HTTP status (unless `raiseForStatus` is `false`), of logging in, of finding the endpoint,
   * or of the wire.
   */
  readonly request: (
    request: HttpClientRequest.HttpClientRequest,
    options?: RequestOptions
  ) => Effect.Effect<HttpClientResponse.HttpClientResponse, Error, AuthPlugin.AuthPlugin>
  /**
   * Where requests with this filter go, and what the service's version document says about it. If no document can be had, and none
   * is needed, it is what the catalog says.
   *
   * Without a version in the filter it tells of the newest version (`url`), while requests go to the catalog's URL (`requestUrl`).
   */
  readonly endpointData: (
    filter: EndpointFilter.EndpointFilter,
    options?: EndpointFilter.ResolveOptions
  ) => Effect.Effect<EndpointData.EndpointData, Errors.EndpointError, AuthPlugin.AuthPlugin>
  /**
   * All versions that live at the endpoints that match, by default with any interface: several endpoints are asked at
   * once. An endpoint without a document is there with what its URL shows, and with the reason.
   */
  readonly allVersionData: (
    filter?: EndpointFilter.CatalogFilter & {
      readonly allow?: EndpointFilter.Allow | undefined
    }
  ) => Effect.Effect<ReadonlyArray<EndpointData.EndpointVersions>, Errors.EndpointError, AuthPlugin.AuthPlugin>
  readonly tokens: Tokens.Service
  /** The wire alone: for logins, and for what needs no identity. */
  readonly transport: Transport.Service
}

/**
 * @since 0.1.0
 * @category tags
 */
export class Session extends Context.Tag("effect-keystoneauth/Session")<Session, Service>() {}

// -----------------------------------------------------------------------------
// constructors
// -----------------------------------------------------------------------------

/**
 * @since 0.1.0
 * @category constructors
 */
export const make = (
  options: Tokens.Options = {}
): Effect.Effect<
  Service,
  never,
  Transport.Transport | Catalog.Catalog | Discovery.Discovery | Scope.Scope
> =>
  Effect.gen(function*() {
    const transport = yield* Transport.Transport
    const services = Endpoint.makeServices(yield* Catalog.Catalog, yield* Discovery.Discovery)
    const tokens = yield* Tokens.make(options)

    const askFor = AskedMicroversion.make()

    /** Everything that comes before sending: where to, and as whom. What is known need not be waited for. */
    const prepare = (
      call: Call,
      now: Time.Instant
    ): Effect.Effect<Prepared, Error, AuthPlugin.AuthPlugin> => {
      const { fiber, plugin, request } = call
      const access = Known.access.of(plugin)?.(now)
      if (call.listened) {
        Telemetry.annotateOperation(fiber.currentSpan, request, plugin, call.serviceType)
      }
      const absolute = Url.namesHost(request.url)
      const flaw = Url.flaw(request.url, absolute)
      if (flaw !== undefined) {
        return Effect.fail(new Errors.InvalidOptions({ module: "Session", option: "url", reason: flaw }))
      }
      if (absolute) {
        return aim(call, undefined, access)
      }
      const known = Endpoint.peek(services, call, access, now)
      return known !== undefined
        ? aim(call, known, access)
        // by then the token may be another one
        : Effect.flatMap(
          Endpoint.find(services, call),
          (endpoint) => aim(call, endpoint, undefined)
        )
    }

    const aim = (
      call: Call,
      endpoint: EndpointData.EndpointData | undefined,
      access: AccessInfo.AccessInfo | undefined
    ): Effect.Effect<Prepared, Error> => {
      const { fiber, listened, options, plugin, request, serviceType } = call
      const asked = options.microversion === undefined ? undefined : askFor(options.microversion, serviceType)
      if (asked !== undefined && Either.isLeft(asked)) {
        return Effect.fail(asked.left)
      }
      const url = endpoint === undefined ? request.url : Url.join(endpoint.url, request.url)
      const about = Telemetry.about({
        cloud: Telemetry.cloudOfPlugin(plugin),
        serviceType,
        regionName: endpoint?.regionName,
        microversion: asked?.right.text
      })
      if (listened) {
        annotate(fiber.currentSpan, url, about, endpoint)
      }
      const unsupported = asked === undefined || endpoint === undefined
        ? undefined
        : supportError(knownMicroversions(services, endpoint, Time.ofFiber(fiber)), endpoint, asked.right)
      if (unsupported !== undefined) {
        return Effect.fail(unsupported)
      }
      const microversion = asked?.right.headers ?? Headers.empty
      return options.authenticated === false
        ? Effect.succeed(new Prepared(plugin, about, request, url, microversion, undefined))
        : andThen(
          authHeaders(call, access),
          (credentials) => Effect.succeed(new Prepared(plugin, about, request, url, microversion, credentials))
        )
    }

    const perform = (
      call: Call,
      operation: Transport.Operation
    ): Effect.Effect<HttpClientResponse.HttpClientResponse, Error, AuthPlugin.AuthPlugin> => {
      const { fiber, listened, options } = call
      const prepared = prepare(call, operation.beganAt)
      return andThen(isReady(prepared) ? prepared : operation.inTime(prepared), (prepared) => {
        if (listened) {
          Telemetry.annotateUrl(fiber.currentSpan, prepared.url, prepared.secrets)
        }
        return send(
          transport,
          prepared,
          options,
          new Sending(options, operation, prepared.about, prepared.credentials),
          (response, reason) => {
            if (listened) {
              Telemetry.annotateAnswer(fiber.currentSpan, response)
            }
            if (
              options.raiseForStatus === false || (response.status < 400 && !offersVersions(response, call.request))
            ) {
              return Effect.succeed(response)
            }
            const about = {
              redirectedFrom: prepared.leftBy(response),
              serviceType: prepared.about.serviceType,
              regionName: prepared.about.regionName,
              attempts: operation.retries === 0 ? undefined : operation.retries + 1
            }
            return response.status < 400 ? choices(response, about) : refusal(response, { ...about, reason })
          }
        )
      })
    }

    const request: Service["request"] = (request, options = {}) =>
      Spans.operation<HttpClientResponse.HttpClientResponse, Error, AuthPlugin.AuthPlugin>(
        "Session.request",
        (listened, fiber) =>
          transport.operation(
            request,
            options,
            (operation) => perform(new Call(fiber, request, options, listened), operation)
          )
      )

    const endpointData: Service["endpointData"] = (filter, options) =>
      Spans.operation("Session.endpointData", (listened) => {
        const how = options === undefined ? discovering : discoveringUnlessTold(options)
        const endpoint = Endpoint.resolve(services, filter, how)
        return listened
          ? Effect.tap(endpoint, (found) => Effect.annotateCurrentSpan(traceAttribute, EndpointData.explain(found)))
          : endpoint
      })

    const allVersionData: Service["allVersionData"] = Effect.fn("Session.allVersionData")(
      function*(filter: Parameters<Service["allVersionData"]>[0] = {}) {
        return yield* AllVersions.find(services, filter, filter.allow)
      }
    )

    return { request, endpointData, allVersionData, tokens, transport }
  })

const anything: EndpointFilter.EndpointFilter = {}

const discovering: EndpointFilter.ResolveOptions = { discoverVersions: true }

const discoveringUnlessTold = (options: EndpointFilter.ResolveOptions): EndpointFilter.ResolveOptions =>
  options.discoverVersions === undefined ? { ...options, ...discovering } : options

/** Why this URL. */
const traceAttribute = "openstack.endpoint.trace"

/** What is known once the endpoint is: and why it is that one, where that was not known before. */
const annotate = (
  span: Tracer.AnySpan | undefined,
  url: string,
  about: Transport.About,
  endpoint: EndpointData.EndpointData | undefined
): void => {
  Telemetry.annotateTarget(span, url, about)
  if (
    span?._tag === "Span" && span.sampled &&
    endpoint?.trace.some((step) => step._tag === "Document" && !step.cached) === true
  ) {
    span.attribute(traceAttribute, EndpointData.explain(endpoint))
  }
}

/** One request of a caller: who asks for what, and whether someone looks at its span. */
class Call {
  readonly plugin: AuthPlugin.Service

  constructor(
    readonly fiber: Fiber.RuntimeFiber<unknown, unknown>,
    readonly request: HttpClientRequest.HttpClientRequest,
    readonly options: RequestOptions,
    readonly listened: boolean
  ) {
    this.plugin = Context.unsafeGet(fiber.currentContext, AuthPlugin.AuthPlugin)
  }

  get filter(): EndpointFilter.EndpointFilter {
    return this.options.endpointFilter ?? anything
  }

  /** The one that its microversion is for. */
  get serviceType(): ServiceType.ServiceType | undefined {
    return this.options.microversionServiceType ?? this.filter.serviceType
  }
}

/** In small letters, as all headers are that the Session puts together. `access` is the token, if it is known now. */
const authHeaders = (
  { fiber, options: { tokenLife }, plugin }: Call,
  access: AccessInfo.AccessInfo | undefined
): Effect.Effect<Headers.Headers, AuthPlugin.Error> => {
  if (access !== undefined && tokenLife === undefined && Context.get(fiber.currentContext, Tokens.LeastLife) === 0) {
    return Effect.succeed(AuthPlugin.tokenHeaders(access.token))
  }
  const headers = Effect.map(plugin.headers, Headers.fromInput)
  return tokenLife === undefined
    ? headers
    : Effect.provideService(headers, Tokens.LeastLife, Duration.toMillis(tokenLife))
}

/** Only what a version document has said is held against a microversion. */
const supportError = (
  { maxMicroversion, minMicroversion }: Documents.Microversions,
  { serviceType, url }: EndpointData.EndpointData,
  { text, version }: AskedMicroversion.Asked
): Errors.MicroversionNotSupported | undefined => {
  const format = (version: Microversion.Microversion | undefined) =>
    version === undefined ? undefined : Microversion.format(version)
  return maxMicroversion === undefined || text === "latest" ||
      Microversion.isInRange(version, { min: minMicroversion, max: maxMicroversion })
    ? undefined
    : new Errors.MicroversionNotSupported({
      microversion: text,
      serviceType,
      url: Url.shown(url),
      minMicroversion: format(minMicroversion),
      maxMicroversion: format(maxMicroversion)
    })
}

/** Field by field: what an adapter's options and a call's were made into is slow to copy. */
class Sending implements Transport.ExecuteOptions {
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

  /** The same with other credentials. */
  with(credentials: Headers.Headers): Sending {
    return new Sending(this, this.operation, this.about, credentials)
  }
}

class Prepared {
  constructor(
    readonly plugin: AuthPlugin.Service,
    readonly about: Transport.About,
    readonly request: HttpClientRequest.HttpClientRequest,
    readonly url: string,
    /** What asks for a microversion, if any is asked for. */
    readonly microversion: Headers.Headers,
    /** What authenticates it, if anything is to. */
    readonly credentials: Headers.Headers | undefined
  ) {}

  get secrets(): Secrets.Secrets {
    const { credentials, request, url } = this
    return new Secrets.Secrets({
      request,
      url: Url.parse(url) ?? new URL("http://none"),
      credentials,
      secrets: undefined
    })
  }

  /** Where it was sent, if a redirect led to another origin, where no credentials go. */
  leftBy(response: HttpClientResponse.HttpClientResponse): string | undefined {
    return this.credentials === undefined || Response.url(response)?.origin === Url.parse(this.url)?.origin
      ? undefined
      : this.secrets.hideCredentials(Url.shown(this.url))
  }

  /** What is sent, but for its credentials. Headers that the caller has set win. */
  get target(): HttpClientRequest.HttpClientRequest {
    const { microversion, request, url } = this
    return Target.make(request, url, Headers.merge(microversion, request.headers))
  }
}

/** Told of the answer, and what a 401 means if it is one. */
type Answered = (
  response: HttpClientResponse.HttpClientResponse,
  reason: Errors.Unauthorized["reason"]
) => Effect.Effect<HttpClientResponse.HttpClientResponse, Error>

/** Sends, and where the token was rejected sends once more with another one. */
const send = (
  transport: Transport.Service,
  prepared: Prepared,
  { allowReauth }: RequestOptions,
  how: Sending,
  answered: Answered
): Effect.Effect<HttpClientResponse.HttpClientResponse, Error> => {
  const { credentials, plugin, target } = prepared
  return Effect.flatMap(transport.execute(target, how), (first) => {
    if (credentials === undefined) {
      return answered(first, "NoToken")
    }
    if (first.status !== 401) {
      return answered(first, "TokenRejected")
    }
    // where no token was sent, a 401 says nothing about the token
    if (prepared.leftBy(first) !== undefined) {
      return answered(first, "TokenNotSent")
    }
    return allowReauth === false
      ? answered(first, "NotRetried")
      : Effect.flatMap(
        how.operation.inTime(renew(plugin, credentials, target, first)),
        (renewed) =>
          typeof renewed === "string"
            ? answered(first, renewed)
            : Effect.flatMap(
              transport.execute(target, how.with(renewed)),
              (second) => answered(second, "TokenRejected")
            )
      )
  })
}

/** Other headers than those that were rejected, or why there are none. */
const renew = Effect.fnUntraced(function*(
  plugin: AuthPlugin.Service,
  rejected: Headers.Headers,
  { body }: HttpClientRequest.HttpClientRequest,
  response: HttpClientResponse.HttpClientResponse
) {
  const renewable = yield* plugin.invalidate(rejected)
  if (!renewable || !Body.isReplayable(body)) {
    return renewable ? "NotRetried" : "TokenNotRenewable"
  }
  yield* Body.discard(response)
  return Headers.fromInput(yield* plugin.headers)
})

/** Nothing was done, and the versions that there are were answered: that is a success only for who reads the endpoint itself. */
const offersVersions = (
  { status }: HttpClientResponse.HttpClientResponse,
  { method, url }: HttpClientRequest.HttpClientRequest
): boolean => status === 300 && !Url.namesHost(url) && !Url.readsRoot(method, url)

interface AboutFailure {
  readonly redirectedFrom: string | undefined
  readonly serviceType: string | undefined
  readonly regionName: string | undefined
  readonly attempts: number | undefined
}

const choices = (
  response: HttpClientResponse.HttpClientResponse,
  { attempts, redirectedFrom, regionName, serviceType }: AboutFailure
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
      versions: Choices.versions(url, text).map(Response.hide(response))
    })
  })

const refusal = (
  response: HttpClientResponse.HttpClientResponse,
  about: AboutFailure & {
    readonly reason: Errors.Unauthorized["reason"]
  }
): Effect.Effect<never, Errors.Unauthorized | Errors.MissingAuthMethods | Errors.HttpStatusError> =>
  Effect.gen(function*() {
    const { method, url } = response.request
    const { headers, status } = response
    const text = yield* Body.faultText(response)
    const missing = Receipt.read({ method, url }, { status, headers, text, hide: Response.hide(response) })
    if (Option.isSome(missing)) {
      return yield* missing.value
    }
    const fault = yield* Faults.describe(headers, text, Response.hide(response))
    return yield* status === 401
      ? new Errors.Unauthorized({
        ...fault,
        reason: about.reason,
        redirectedFrom: about.redirectedFrom,
        method,
        url,
        status
      })
      : Faults.statusError(
        {
          ...fault,
          method,
          url,
          status,
          serviceType: about.serviceType,
          regionName: about.regionName,
          attempts: about.attempts,
          redirectedFrom: about.redirectedFrom
        }
      )
  })

// -----------------------------------------------------------------------------
// layers
// -----------------------------------------------------------------------------

/**
 * A Session over a `Catalog` and a `Discovery` of your own.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerWithoutDependencies = (
  options: Tokens.Options = {}
): Layer.Layer<Session, never, Transport.Transport | Catalog.Catalog | Discovery.Discovery> =>
  Layer.scoped(Session, make(options))

/**
 * A Session with the token's catalog and with version discovery. Building it sends nothing; its tokens and documents live
 * as long as it does. Each call makes another Session: bind it to a const to share it.
 *
 * @example
 * ```ts
 * import { FetchHttpClient } from "@effect/platform"
 * import { Layer } from "effect"
 * import { Session } from "effect-keystoneauth"
 *
 * const SessionLive = Session.layer({ appName: "inventory", appVersion: "1.2.0" }).pipe(
 *   Layer.provide(FetchHttpClient.layer)
 * )
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (
  options: Options = {}
): Layer.Layer<Session | Catalog.Catalog | Discovery.Discovery, never, HttpClient.HttpClient> =>
  layerWithoutDependencies({ loginTimeout: options.loginTimeout, ...options.tokens }).pipe(
    Layer.provideMerge(Layer.merge(
      Catalog.layerWith(options.catalog ?? {}),
      Discovery.layerWith(options.discovery ?? {})
    )),
    Layer.provide(Transport.layer(options))
  )

/**
 * The same with options from the configuration.
 *
 * @example
 * ```ts
 * import { Config, Duration } from "effect"
 * import { Session } from "effect-keystoneauth"
 *
 * const FromConfiguration = Session.layerConfig({
 *   appName: Config.succeed("inventory"),
 *   timeout: Config.withDefault(Config.duration("TIMEOUT"), Duration.seconds(60))
 * })
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layerConfig = (
  options: Config.Config.Wrap<Options>
): Layer.Layer<
  Session | Catalog.Catalog | Discovery.Discovery,
  ConfigError.ConfigError,
  HttpClient.HttpClient
> => Layer.unwrapEffect(Effect.map(Config.unwrap(options), layer))

// -----------------------------------------------------------------------------
// accessors
// -----------------------------------------------------------------------------

/**
 * Sends a request; see `Service.request`.
 *
 * @example
 * ```ts
 * import { HttpClientRequest } from "@effect/platform"
 * import { Session } from "effect-keystoneauth"
 *
 * const users = Session.request(HttpClientRequest.get("/users"), {
 *   endpointFilter: { serviceType: "identity", interface: "admin" }
 * })
 * ```
 *
 * @since 0.1.0
 * @category accessors
 */
export const request = (
  request: HttpClientRequest.HttpClientRequest,
  options?: RequestOptions
): Effect.Effect<HttpClientResponse.HttpClientResponse, Error, Session | AuthPlugin.AuthPlugin> =>
  Effect.flatMap(Session, (session) => session.request(request, options))

/**
 * Where requests go; see `Service.endpointData`.
 *
 * @since 0.1.0
 * @category accessors
 */
export const endpointData = (
  ...args: Parameters<Service["endpointData"]>
): Effect.Effect<EndpointData.EndpointData, Errors.EndpointError, Session | AuthPlugin.AuthPlugin> =>
  Effect.flatMap(Session, (session) => session.endpointData(...args))

/**
 * All versions of all endpoints that match; see `Service.allVersionData`.
 *
 * @since 0.1.0
 * @category accessors
 */
export const allVersionData = (
  ...args: Parameters<Service["allVersionData"]>
): Effect.Effect<ReadonlyArray<EndpointData.EndpointVersions>, Errors.EndpointError, Session | AuthPlugin.AuthPlugin> =>
  Effect.flatMap(Session, (session) => session.allVersionData(...args))

/**
 * The version that requests with this filter talk to: from the URL if it shows one, else from the version document.
 * `undefined` if neither says. If the filter has no version and the URL shows none, it is the newest that there is, which requests
 * without a version do not reach (see `EndpointData.requestUrl`).
 *
 * @since 0.1.0
 * @category accessors
 */
export const apiMajorVersion = (
  filter: EndpointFilter.EndpointFilter,
  options?: EndpointOptions
): Effect.Effect<ApiVersion.ApiVersion | undefined, Errors.EndpointError, Session | AuthPlugin.AuthPlugin> =>
  Effect.flatMap(Session, (session) =>
    Effect.flatMap(
      session.endpointData(filter, { ...options, discoverVersions: false }),
      (endpoint) =>
        endpoint.apiVersion !== undefined
          ? Effect.succeed(endpoint.apiVersion)
          : Effect.map(session.endpointData(filter, options), (discovered) => discovered.apiVersion)
    ))
