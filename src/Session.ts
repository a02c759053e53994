/**
 * One identity's requests to many services: a Session sends them, keeps the tokens, and knows where they go.
 *
 * @since 0.1.0
 */
import * as Headers from "@effect/platform/Headers"
import type * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import type * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as Config from "effect/Config"
import type * as ConfigError from "effect/ConfigError"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { identity } from "effect/Function"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import type * as ApiVersion from "./ApiVersion.js"
import * as AuthPlugin from "./AuthPlugin.js"
import * as Catalog from "./Catalog.js"
import * as Discovery from "./Discovery.js"
import * as EndpointData from "./EndpointData.js"
import type * as EndpointFilter from "./EndpointFilter.js"
import * as Errors from "./Errors.js"
import * as Body from "./internal/body.js"
import * as Endpoint from "./internal/endpoint.js"
import * as Faults from "./internal/faults.js"
import * as Receipt from "./internal/receipt.js"
import * as Redaction from "./internal/redaction.js"
import * as Secrets from "./internal/secrets.js"
import * as Telemetry from "./internal/telemetry.js"
import * as Microversion from "./Microversion.js"
import type * as ServiceType from "./ServiceType.js"
import * as Tokens from "./Tokens.js"
import * as Transport from "./Transport.js"

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
 * @since 0.1.0
 * @category models
 */
export interface EndpointOptions {
  /**
   * This URL in place of what the catalog says. `%(project_id)s` and `%(user_id)s` in it are filled in from the token.
   */
  readonly endpointOverride?: string | undefined
  /** Take the URL as it is, whatever versions the filter asks for. Default: `false`. */
  readonly skipDiscovery?: boolean | undefined
  /**
   * Where the version in the catalog's URL does not do, look for others below it: at `/` for a URL that ends in `/v2.1`.
   * Catalogs that list one version are the rule. Default: `true`.
   */
  readonly allowVersionHack?: boolean | undefined
}

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
  /** Fail with a typed error for a status of 400 or more. Default: `true`. */
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
   * Where requests with this filter go, and what the service's version document says about it. Without versions in
   * the filter, and if no document can be had, it is what the catalog says.
   */
  readonly endpointData: (
    filter: EndpointFilter.EndpointFilter,
    options?: EndpointOptions & {
      /** Ask for the version document even if the URL alone would do. Default: `true`. */
      readonly discoverVersions?: boolean | undefined
    }
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
    const services: Endpoint.Services = {
      catalog: yield* Catalog.Catalog,
      discovery: yield* Discovery.Discovery,
      seen: new WeakSet()
    }
    const tokens = yield* Tokens.make(options)

    const perform = Effect.fnUntraced(
      function*(
        request: HttpClientRequest.HttpClientRequest,
        options: RequestOptions,
        operation: Transport.Operation
      ) {
        const plugin = yield* AuthPlugin.AuthPlugin
        const filter = options.endpointFilter ?? {}
        const serviceType = options.microversionServiceType ?? filter.serviceType
        yield* Telemetry.annotateOperation(request, plugin, serviceType)
        const endpoint = namesHost(request.url) ? undefined : yield* Endpoint.resolve(services, filter, options)
        const microversion = options.microversion === undefined ? undefined : yield* Microversion.fromInput(
          options.microversion
        )
        const target = request.pipe(
          endpoint === undefined ? identity : HttpClientRequest.setUrl(join(endpoint.url, request.url)),
          microversion === undefined
            ? identity
            : setMissing(Microversion.headers(yield* microversionService(serviceType, microversion), microversion))
        )
        const about: Transport.About = {
          cloud: Telemetry.cloudOfPlugin(plugin),
          serviceType,
          regionName: endpoint?.regionName,
          microversion: microversion === undefined ? undefined : Microversion.format(microversion),
          sent: 0
        }
        yield* Telemetry.annotateTarget(target.url, about)
        if (endpoint !== undefined && endpoint.trace.some((step) => step._tag === "Document" && !step.cached)) {
          yield* annotateTrace(endpoint)
        }
        if (microversion !== undefined && endpoint !== undefined) {
          yield* supports(endpoint, microversion)
        }
        const { reason, response, secrets } = yield* send(transport, plugin, target, { ...options, operation, about })
        yield* Telemetry.annotateAnswer(response)
        return response.status < 400 || options.raiseForStatus === false
          ? response
          : yield* refusal(response, {
            reason,
            secrets: [...secrets, ...Secrets.inBody(request.body)],
            serviceType,
            regionName: endpoint?.regionName,
            attempts: operation.retries === 0 ? undefined : operation.retries + 1
          })
      }
    )

    const request: Service["request"] = Effect.fn("Session.request")(
      (request: HttpClientRequest.HttpClientRequest, options: RequestOptions = {}) =>
        transport.operation(request, options, (operation) => perform(request, options, operation)),
      Effect.tapError(({ _tag }) => Effect.annotateCurrentSpan("error.type", _tag))
    )

    const endpointData: Service["endpointData"] = Effect.fn("Session.endpointData")(
      function*(filter: EndpointFilter.EndpointFilter, options: Parameters<Service["endpointData"]>[1] = {}) {
        const endpoint = yield* Endpoint.resolve(services, filter, { discoverVersions: true, ...options })
        yield* annotateTrace(endpoint)
        return endpoint
      }
    )

    const allVersionData: Service["allVersionData"] = Effect.fn("Session.allVersionData")(
      function*(filter: Parameters<Service["allVersionData"]>[0] = {}) {
        return yield* Endpoint.allVersions(services, filter, filter.allow)
      }
    )

    return { request, endpointData, allVersionData, tokens, transport }
  })

/** Why this URL, where someone looks at the span. */
const annotateTrace = (endpoint: EndpointData.EndpointData): Effect.Effect<void> =>
  Effect.annotateCurrentSpan("openstack.endpoint.trace", EndpointData.explain(endpoint))

/** It names a host, so no endpoint is looked for; without a scheme it cannot be sent. */
const namesHost = (url: string): boolean => /^([a-z][a-z0-9+.-]*:)?\/\//i.test(url)

const join = (base: string, path: string): string => `${base.replace(/\/+$/, "")}/${path.replace(/^\/+/, "")}`

/** Headers that the caller has set win. */
const setMissing = (headers: Record<string, string>) => (request: HttpClientRequest.HttpClientRequest) =>
  HttpClientRequest.setHeaders(request, Headers.merge(Headers.fromInput(headers), request.headers))

const microversionService = (
  serviceType: ServiceType.ServiceType | undefined,
  microversion: Microversion.Microversion
): Effect.Effect<ServiceType.ServiceType, Errors.InvalidVersion> =>
  serviceType === undefined
    ? Effect.fail(
      new Errors.InvalidVersion({
        field: "microversion",
        value: Microversion.format(microversion),
        reason: "it needs to be known of which service: give a serviceType or microversionServiceType"
      })
    )
    : Effect.succeed(serviceType)

/** Only what a version document has said is held against a microversion. */
const supports = (
  endpoint: EndpointData.EndpointData,
  microversion: Microversion.Microversion
): Effect.Effect<void, Errors.MicroversionNotSupported> => {
  const { maxMicroversion, minMicroversion } = endpoint
  const format = (version: Microversion.Microversion | undefined) =>
    version === undefined ? undefined : Microversion.format(version)
  return maxMicroversion === undefined || Microversion.format(microversion) === "latest" ||
      Microversion.isInRange(microversion, { min: minMicroversion, max: maxMicroversion })
    ? Effect.void
    : Effect.fail(
      new Errors.MicroversionNotSupported({
        microversion: Microversion.format(microversion),
        serviceType: endpoint.serviceType,
        url: Redaction.safeUrl(endpoint.url),
        minMicroversion: format(minMicroversion),
        maxMicroversion: format(maxMicroversion)
      })
    )
}

interface Sent {
  readonly response: HttpClientResponse.HttpClientResponse
  /** What a 401 means, if it is one. */
  readonly reason: Errors.Unauthorized["reason"]
  readonly secrets: ReadonlyArray<string>
}

/** Sends, and where the token was rejected sends once more with another one. */
const send = (
  transport: Transport.Service,
  plugin: AuthPlugin.Service,
  request: HttpClientRequest.HttpClientRequest,
  options: RequestOptions & Transport.ExecuteOptions
): Effect.Effect<Sent, Error> =>
  Effect.gen(function*() {
    if (options.authenticated === false) {
      const response = yield* transport.execute(request, options)
      return { response, reason: "NoToken", secrets: Redaction.secretsOf(request.headers) }
    }
    const secrets: Array<string> = []
    const attempt = (headers: Headers.Headers) => {
      const authenticated = HttpClientRequest.setHeaders(request, headers)
      secrets.push(...Redaction.secretsOf(authenticated.headers))
      return Effect.map(
        transport.execute(authenticated, options),
        (response): Sent => ({ response, reason: "TokenRejected", secrets })
      )
    }
    const headers = yield* (options.tokenLife === undefined
      ? plugin.headers
      : Effect.provideService(plugin.headers, Tokens.LeastLife, Duration.toMillis(options.tokenLife)))
    const first = yield* attempt(headers)
    if (first.response.status !== 401 || leftOrigin(first.response, request)) {
      return first
    }
    if (options.allowReauth === false) {
      return { ...first, reason: "NotRetried" }
    }
    const renewable = yield* plugin.invalidate(headers)
    if (!renewable || !Body.isReplayable(request.body)) {
      return { ...first, reason: renewable ? "NotRetried" : "TokenNotRenewable" }
    }
    yield* Body.discard(first.response)
    return yield* attempt(yield* plugin.headers)
  })

/** A redirect led to another origin, where no token was shown: its 401 says nothing about the token. */
const leftOrigin = (
  response: HttpClientResponse.HttpClientResponse,
  request: HttpClientRequest.HttpClientRequest
): boolean => new URL(response.request.url).origin !== new URL(request.url).origin

const refusal = (
  response: HttpClientResponse.HttpClientResponse,
  about: {
    readonly reason: Errors.Unauthorized["reason"]
    readonly secrets: ReadonlyArray<string>
    readonly serviceType: string | undefined
    readonly regionName: string | undefined
    readonly attempts: number | undefined
  }
): Effect.Effect<never, Errors.Unauthorized | Errors.MissingAuthMethods | Errors.HttpStatusError> =>
  Effect.gen(function*() {
    const { method, url } = response.request
    const { headers, status } = response
    const text = yield* Body.faultText(response)
    const missing = Receipt.read({ method, url }, { status, headers, text })
    if (Option.isSome(missing)) {
      return yield* missing.value
    }
    const fault = yield* Faults.describe(headers, text, about.secrets)
    return yield* status === 401
      ? new Errors.Unauthorized({ ...fault, reason: about.reason, method, url, status })
      : Faults.statusError(
        {
          ...fault,
          method,
          url,
          status,
          serviceType: about.serviceType,
          regionName: about.regionName,
          attempts: about.attempts
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
  layerWithoutDependencies(options.tokens).pipe(
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
 * `undefined` if neither says.
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
