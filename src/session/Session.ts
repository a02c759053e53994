/**
 * One identity's requests to many services: a Session sends them, keeps the tokens, and knows where they go.
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
