/**
 * Service that authenticates and sends requests to OpenStack services. It keeps tokens and version documents, and finds
 * the URL of each request.
 *
 * @since 0.1.0
 */
import type * as HttpClient from "@effect/platform/HttpClient"
import type * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import type * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as Config from "effect/Config"
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import type * as ConfigError from "../base/configError.js"
import * as Spans from "../base/spans.js"
import * as AllVersions from "../endpoint/allVersions.js"
import * as Catalog from "../endpoint/Catalog.js"
import * as Discovery from "../endpoint/Discovery.js"
import * as Endpoint from "../endpoint/resolve.js"
import type * as Errors from "../Errors.js"
import type * as AuthPlugin from "../identity/AuthPlugin.js"
import * as Tokens from "../identity/Tokens.js"
import type * as ApiVersion from "../model/ApiVersion.js"
import * as EndpointData from "../model/EndpointData.js"
import type * as EndpointFilter from "../model/EndpointFilter.js"
import type * as Microversion from "../model/Microversion.js"
import type * as ServiceType from "../model/ServiceType.js"
import * as Transport from "../wire/Transport.js"
import * as Microversion_ from "./microversion.js"
import * as OperationSpan from "./operationSpan.js"
import * as Request from "./request.js"

/**
 * Errors of a request.
 *
 * @since 0.1.0
 * @category errors
 */
export type Error = Errors.KeystoneAuthError

/**
 * Options for a Session.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options extends Transport.Options {
  /** Options of the catalog. */
  readonly catalog?: Catalog.Options | undefined
  /** Options of version discovery. */
  readonly discovery?: Discovery.Options | undefined
  /** Options of the token cache. */
  readonly tokens?: Tokens.Options | undefined
}

/**
 * Options for finding an endpoint.
 *
 * @since 0.1.0
 * @category models
 */
export type EndpointOptions = EndpointFilter.EndpointOptions

/**
 * Options for one request. Options of the transport that are not set are the Session's.
 *
 * @since 0.1.0
 * @category models
 */
export interface RequestOptions extends EndpointOptions, Transport.SendOptions {
  /**
   * The endpoint for a relative URL. An absolute URL needs none. Default: the endpoint of the `AuthPlugin`, if it has
   * one.
   */
  readonly endpointFilter?: EndpointFilter.EndpointFilter | undefined
  /** Whether to send the headers of the `AuthPlugin`. Default: `true`. */
  readonly authenticated?: boolean | undefined
  /** Whether to get a new token and send the request once more after a 401. Default: `true`. */
  readonly allowReauth?: boolean | undefined
  /**
   * Whether to fail with a typed error for a status of 400 or more, and with `MultipleChoices` for a 300, except if the
   * request reads the endpoint itself. Default: `true`.
   */
  readonly raiseForStatus?: boolean | undefined
  /** The microversion to request, as `"2.79"` or `"latest"`. Default: none is requested. */
  readonly microversion?: Microversion.Input | undefined
  /** The service type of the microversion. Default: that of the filter. */
  readonly microversionServiceType?: ServiceType.ServiceType | undefined
  /**
   * The remaining life that the token must have, for requests or work of a service that take long. A token that expires
   * sooner is replaced first. Default: none.
   */
  readonly tokenLife?: Duration.DurationInput | undefined
  /**
   * Timeout of everything that is done for the request, up to the headers of its response: login, discovery, waiting
   * for limiters, redirects and retries. Unlike the Session's, it does not restart with each progress of an upload.
   * Default: the Session's.
   */
  readonly deadline?: Duration.DurationInput | undefined
}

/**
 * Service for requests to OpenStack services.
 *
 * @since 0.1.0
 * @category models
 */
export interface Service {
  /**
   * Sends a request as the current `AuthPlugin`. If the service rejects the token, it is sent once more with a new one.
   * Headers of the request are kept, except those that authenticate.
   *
   * Fails with the error of the HTTP status (unless `raiseForStatus` is `false`), of the login, of finding the
   * endpoint, or of sending the request.
   */
  readonly request: (
    request: HttpClientRequest.HttpClientRequest,
    options?: RequestOptions
  ) => Effect.Effect<HttpClientResponse.HttpClientResponse, Error, AuthPlugin.AuthPlugin>
  /**
   * Finds the endpoint of a filter: where requests go, with the facts in the version document of the service. If there
   * is no document, and none is needed, it has only the facts in the catalog.
   *
   * Without a version in the filter it describes the newest version (`url`), although requests go to the catalog's URL
   * (`requestUrl`).
   */
  readonly endpointData: (
    filter: EndpointFilter.EndpointFilter,
    options?: EndpointFilter.ResolveOptions
  ) => Effect.Effect<EndpointData.EndpointData, Errors.EndpointError, AuthPlugin.AuthPlugin>
  /**
   * Finds all versions of all endpoints that match, by default with any interface. Endpoints are asked concurrently. An
   * endpoint without a document has the version that its URL shows, and the reason.
   */
  readonly allVersionData: (
    filter?: EndpointFilter.CatalogFilter & {
      readonly allow?: EndpointFilter.Allow | undefined
    }
  ) => Effect.Effect<ReadonlyArray<EndpointData.EndpointVersions>, Errors.EndpointError, AuthPlugin.AuthPlugin>
  /** The cache of tokens. */
  readonly tokens: Tokens.Service
  /** Sends requests without authentication: logins, and requests that need none. */
  readonly transport: Transport.Service
}

/**
 * Service tag for the Session.
 *
 * @since 0.1.0
 * @category tags
 */
export class Session extends Context.Tag("effect-keystoneauth/Session")<Session, Service>() {}

// -----------------------------------------------------------------------------
// constructors
// -----------------------------------------------------------------------------

/**
 * Makes a Session over a `Transport`, a `Catalog` and a `Discovery`.
 *
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

    const environment: Request.Environment = { transport, endpoints: services, askMicroversion: Microversion_.make() }

    const request: Service["request"] = (request, options = {}) =>
      Spans.operation<HttpClientResponse.HttpClientResponse, Error, AuthPlugin.AuthPlugin>(
        "Session.request",
        (isRecorded, fiber) =>
          transport.operation(
            request,
            options,
            (operation) => Request.run(environment, fiber, request, options, operation, isRecorded)
          )
      )

    const endpointData: Service["endpointData"] = (filter, options) =>
      Spans.operation("Session.endpointData", (isRecorded) => {
        const endpoint = Endpoint.resolve(services, filter, {
          ...options,
          discoverVersions: options?.discoverVersions ?? true
        })
        return isRecorded
          ? Effect.tap(endpoint, (found) =>
            Effect.annotateCurrentSpan(OperationSpan.endpointTrace, EndpointData.explain(found)))
          : endpoint
      })

    const allVersionData: Service["allVersionData"] = Effect.fn("Session.allVersionData")(
      function*(filter: Parameters<Service["allVersionData"]>[0] = {}) {
        return yield* AllVersions.find(services, filter, filter.allow)
      }
    )

    return { request, endpointData, allVersionData, tokens, transport }
  })

// -----------------------------------------------------------------------------
// layers
// -----------------------------------------------------------------------------

/**
 * A Session over your own `Transport`, `Catalog` and `Discovery`.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerWithoutDependencies = (
  options: Tokens.Options = {}
): Layer.Layer<Session, never, Transport.Transport | Catalog.Catalog | Discovery.Discovery> =>
  Layer.scoped(Session, make(options))

/**
 * A Session with the catalog of the token and with version discovery. Building it sends nothing. Its tokens and
 * documents live as long as the layer. Each call makes another Session: assign the layer to a constant to share it.
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
 * As `layer`, with options from the configuration.
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
 * Finds the endpoint of a filter; see `Service.endpointData`.
 *
 * @example
 * ```ts
 * import { Effect } from "effect"
 * import { Session } from "effect-keystoneauth"
 *
 * const computeUrl = Session.endpointData({ serviceType: "compute", version: 2 }).pipe(
 *   Effect.map((endpoint) => endpoint.requestUrl)
 * )
 * ```
 *
 * @since 0.1.0
 * @category accessors
 */
export const endpointData = (
  ...args: Parameters<Service["endpointData"]>
): Effect.Effect<EndpointData.EndpointData, Errors.EndpointError, Session | AuthPlugin.AuthPlugin> =>
  Effect.flatMap(Session, (session) => session.endpointData(...args))

/**
 * Finds all versions of all endpoints that match; see `Service.allVersionData`.
 *
 * @since 0.1.0
 * @category accessors
 */
export const allVersionData = (
  ...args: Parameters<Service["allVersionData"]>
): Effect.Effect<ReadonlyArray<EndpointData.EndpointVersions>, Errors.EndpointError, Session | AuthPlugin.AuthPlugin> =>
  Effect.flatMap(Session, (session) => session.allVersionData(...args))

/**
 * The API version of requests with this filter: from the URL if it shows one, else from the version document, or
 * `undefined` if neither has one. If neither the filter nor the URL has a version, it is the newest one, which requests
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
