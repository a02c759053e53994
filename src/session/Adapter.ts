/**
 * Clients for one service: an `HttpClient` bound to an endpoint filter, so that `get("/servers")` goes to the right URL
 * with a valid token and the right microversion.
 *
 * @since 0.1.0
 */
import * as Headers from "@effect/platform/Headers"
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import type * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as Config from "effect/Config"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import { dual } from "effect/Function"
import * as Layer from "effect/Layer"
import type * as ConfigError from "../base/configError.js"
import { andThen } from "../base/continuation.js"
import * as Fiber from "../base/fiber.js"
import * as HttpClientError from "../base/httpClientError.js"
import type * as Errors from "../Errors.js"
import * as AuthPlugin from "../identity/AuthPlugin.js"
import type * as ApiVersion from "../model/ApiVersion.js"
import type * as EndpointData from "../model/EndpointData.js"
import type * as EndpointFilter from "../model/EndpointFilter.js"
import type * as Microversion from "../model/Microversion.js"
import * as Url from "../safety/url.js"
import * as Limiter from "../wire/Limiter.js"
import * as RetryPolicy from "../wire/RetryPolicy.js"
import * as ConfigSection from "./configSection.js"
import * as NamedOption from "./namedOption.js"
import * as Session from "./Session.js"

/**
 * Errors of a request through an adapter and of reading its response: those of `Session`, and the platform's
 * `ResponseError` if the body cannot be read as requested.
 *
 * @since 0.1.0
 * @category errors
 */
export type Error = Session.Error | HttpClientError.ResponseError

/**
 * An `HttpClient` whose requests fail with typed errors and require an `AuthPlugin`.
 *
 * @since 0.1.0
 * @category models
 */
export interface Client extends HttpClient.HttpClient.With<Session.Error, AuthPlugin.AuthPlugin> {}

/**
 * Options of an adapter: the endpoint filter, and defaults for its requests.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options extends EndpointFilter.EndpointFilter, Omit<Session.RequestOptions, "endpointFilter"> {
  /** The microversion of requests without one, as `"2.79"` or `"latest"`. Default: none is requested. */
  readonly defaultMicroversion?: Microversion.Input | undefined
  /**
   * Concurrency and rate of the requests of this adapter, in addition to the limits of the Session. Set `limiter`
   * instead to share limits between adapters. Default: no limit.
   */
  readonly limits?: Limiter.Limits | undefined
}

// -----------------------------------------------------------------------------
// options of requests within an effect
// -----------------------------------------------------------------------------

/**
 * Options for one call. `endpointFilter`, `retries` and `additionalHeaders` are merged with those of the adapter.
 *
 * @since 0.1.0
 * @category models
 */
export interface CallOptions extends Session.RequestOptions {}

const nothing: CallOptions = {}

/** The options of the requests that are made within an effect. */
class CurrentOptions extends Context.Reference<CurrentOptions>()("effect-keystoneauth/Adapter/CurrentOptions", {
  defaultValue: () => nothing
}) {}

/** Merges options. Inner ones win. */
const combine = (outer: CallOptions, inner: CallOptions): CallOptions =>
  inner === nothing ? outer : outer === nothing ? inner : {
    ...outer,
    ...inner,
    endpointFilter: inner.endpointFilter === undefined
      ? outer.endpointFilter
      : { ...outer.endpointFilter, ...inner.endpointFilter },
    retries: RetryPolicy.merge(outer.retries, inner.retries),
    additionalHeaders: outer.additionalHeaders === undefined || inner.additionalHeaders === undefined
      ? inner.additionalHeaders ?? outer.additionalHeaders
      : Headers.merge(Headers.fromInput(outer.additionalHeaders), Headers.fromInput(inner.additionalHeaders))
  }

/**
 * Sets options for the requests within an effect, through any adapter. They win over the options of the adapter, and
 * inner ones win over outer ones. Apply it to the one call that it is for.
 *
 * @example
 * ```ts
 * import { Effect } from "effect"
 * import { Adapter } from "effect-keystoneauth"
 *
 * const deleteQuietly = (compute: Adapter.Client, id: string) =>
 *   compute.del(Adapter.path`/servers/${id}`).pipe(
 *     Adapter.withOptions({ raiseForStatus: false, allowReauth: false }),
 *     Effect.asVoid
 *   )
 * ```
 *
 * @since 0.1.0
 * @category combinators
 */
export const withOptions: {
  (options: CallOptions): <A, E, R>(self: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
  <A, E, R>(self: Effect.Effect<A, E, R>, options: CallOptions): Effect.Effect<A, E, R>
} = dual(
  2,
  <A, E, R>(self: Effect.Effect<A, E, R>, options: CallOptions): Effect.Effect<A, E, R> =>
    Effect.flatMap(CurrentOptions, (outer) => Effect.provideService(self, CurrentOptions, combine(outer, options)))
)

/**
 * Sets the microversion of the requests within an effect. Apply it to the one call that it is for: requests to other
 * services would request the same microversion.
 *
 * @example
 * ```ts
 * import { Adapter } from "effect-keystoneauth"
 *
 * const tagged = (compute: Adapter.Client) => compute.get("/servers").pipe(Adapter.withMicroversion("2.90"))
 * ```
 *
 * @since 0.1.0
 * @category combinators
 */
export const withMicroversion: {
  (microversion: Microversion.Input): <A, E, R>(self: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
  <A, E, R>(self: Effect.Effect<A, E, R>, microversion: Microversion.Input): Effect.Effect<A, E, R>
} = dual(
  2,
  <A, E, R>(self: Effect.Effect<A, E, R>, microversion: Microversion.Input): Effect.Effect<A, E, R> =>
    withOptions(self, { microversion })
)

// -----------------------------------------------------------------------------
// paths
// -----------------------------------------------------------------------------

/**
 * Template for paths that encodes each value as one segment, so that no value leads to another path. With a value that
 * cannot be a segment (an empty one, `.`, `..`, half of a surrogate pair, `undefined`, `NaN`), requests to the path
 * fail with `InvalidOptions` before anything is sent.
 *
 * @example
 * ```ts
 * import { Adapter } from "effect-keystoneauth"
 *
 * const reboot = (compute: Adapter.Client, id: string) => compute.post(Adapter.path`/servers/${id}/action`)
 *
 * // "/backups/a%2Fb%20%3F"
 * const backup = Adapter.path`/backups/${"a/b ?"}`
 * ```
 *
 * @since 0.1.0
 * @category paths
 */
export const path = (text: TemplateStringsArray, ...values: ReadonlyArray<string | number>): string =>
  values.reduce<string>((made, value, i) => made + Url.segment(value) + text[i + 1], text[0] ?? "")

// -----------------------------------------------------------------------------
// constructors
// -----------------------------------------------------------------------------

/**
 * An `HttpClient` that runs requests after the caller's `mapRequest`, and before the caller's `retry` and `catchTags`.
 */
const client = <E, R>(
  execute: (
    request: HttpClientRequest.HttpClientRequest
  ) => Effect.Effect<HttpClientResponse.HttpClientResponse, E, R>
): HttpClient.HttpClient.With<E, R> =>
  HttpClient.makeWith(
    (request: Effect.Effect<HttpClientRequest.HttpClientRequest>) => andThen(request, execute),
    Effect.succeed
  )

/**
 * Makes a client for one service. The endpoint is found with each request, from what the Session remembers, so a
 * missing service does not prevent a program from starting.
 *
 * @example
 * ```ts
 * import { Effect } from "effect"
 * import { Adapter } from "effect-keystoneauth"
 *
 * const images = Effect.gen(function*() {
 *   const image = yield* Adapter.make({ serviceType: "image", minVersion: 2 })
 *   return yield* image.get("/images")
 * })
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (options: Options): Effect.Effect<Client, never, Session.Session> =>
  Effect.gen(function*() {
    const session = yield* Session.Session
    const { defaultMicroversion, limits, ...defaults } = options
    const limiter = limits === undefined ? undefined : yield* Effect.either(Limiter.make(limits))
    if (limiter !== undefined && Either.isLeft(limiter)) {
      return client(() => Effect.fail(limiter.left))
    }
    const own: Session.RequestOptions = {
      microversion: defaultMicroversion,
      limiter: limiter?.right,
      ...defaults,
      ...weakRequestId(defaults),
      endpointFilter: defaults
    }
    return client((request) =>
      Fiber.withFiber((fiber) => session.request(request, combine(own, Fiber.service(fiber, CurrentOptions))))
    )
  })

/**
 * The request id of an adapter as a default header: as in keystoneauth, the request's own header wins over it, but not
 * over the request id of a call.
 */
const weakRequestId = ({ additionalHeaders, globalRequestId }: Options): Session.RequestOptions =>
  globalRequestId === undefined ? {} : {
    globalRequestId: undefined,
    additionalHeaders: Headers.set(Headers.fromInput(additionalHeaders), "x-openstack-request-id", globalRequestId)
  }

/**
 * Service tag for the client of one service, with its layers.
 *
 * @since 0.1.0
 * @category models
 */
export interface TagClass<Self, Id extends string> extends Context.TagClass<Self, Id, Client> {
  /** The options of the tag. */
  readonly options: Options
  /** The client with the options of the tag. The layer requires no `AuthPlugin`; the requests do. */
  readonly layer: Layer.Layer<Self, never, Session.Session>
  /** As `layer`, with these options over those of the tag: a region that is known only at run time, for example. */
  readonly layerWith: (options: Options) => Layer.Layer<Self, never, Session.Session>
  /** As `layerWith`, with options from the configuration: `Compute.layerConfig(Adapter.config("nova"))`. */
  readonly layerConfig: (
    options: Config.Config.Wrap<Options>
  ) => Layer.Layer<Self, ConfigError.ConfigError, Session.Session>
  /**
   * The endpoint of the options of the tag: where requests go (`requestUrl`), and why; see `Session.endpointData`.
   * Without a version in the options it describes the newest version, although requests go to the catalog's URL.
   */
  readonly endpointData: Effect.Effect<
    EndpointData.EndpointData,
    Errors.EndpointError,
    Session.Session | AuthPlugin.AuthPlugin
  >
  /** The API version of requests with the options of the tag; see `Session.apiMajorVersion`. */
  readonly apiMajorVersion: Effect.Effect<
    ApiVersion.ApiVersion | undefined,
    Errors.EndpointError,
    Session.Session | AuthPlugin.AuthPlugin
  >
  /**
   * All versions of this service, for each interface and region that the options allow; see `Session.allVersionData`.
   */
  readonly allVersionData: Effect.Effect<
    ReadonlyArray<EndpointData.EndpointVersions>,
    Errors.EndpointError,
    Session.Session | AuthPlugin.AuthPlugin
  >
}

/**
 * Makes a service tag for the client of one service.
 *
 * @example
 * ```ts
 * import { Effect } from "effect"
 * import { Adapter } from "effect-keystoneauth"
 *
 * class Compute extends Adapter.Tag<Compute>()("app/Compute", {
 *   serviceType: "compute",
 *   interface: ["internal", "public"],
 *   minVersion: "2.1",
 *   maxVersion: "2.latest",
 *   defaultMicroversion: "2.79"
 * }) {}
 *
 * const servers = Effect.gen(function*() {
 *   const compute = yield* Compute
 *   return yield* compute.get("/servers/detail")
 * })
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const Tag = <Self>() => <const Id extends string>(id: Id, options: Options): TagClass<Self, Id> => {
  const tag = Context.Tag(id)<Self, Client>()
  const layerWith = (changed: Options) => Layer.effect(tag, make({ ...options, ...changed }))
  return Object.assign(tag, {
    options,
    layer: layerWith({}),
    layerWith,
    layerConfig: (changed: Config.Config.Wrap<Options>) =>
      Layer.unwrapEffect(Effect.map(Config.unwrap(changed), layerWith)),
    endpointData: Session.endpointData(options, options),
    apiMajorVersion: Session.apiMajorVersion(options, options),
    allVersionData: Session.allVersionData(options)
  })
}

/**
 * Provides the platform's `HttpClient` for one service, for code that does not know this library: generated clients,
 * other libraries.
 *
 * - The client is bound to the `AuthPlugin` that the layer was built with. No other layer captures an identity.
 * - A status of 400 or more, or of 300, is a response, as with any `HttpClient`, unless `raiseForStatus` is set.
 * - Errors of this library are the `cause` of a `RequestError`. Its reason is `"Transport"` for a `TransportError` or
 *   `TimedOut`, which `HttpClient.retryTransient` then retries, and `"InvalidUrl"` for errors that a retry would
 *   repeat.
 *
 * @example
 * ```ts
 * import { Adapter } from "effect-keystoneauth"
 *
 * // Layer<HttpClient.HttpClient, never, Session | AuthPlugin>
 * const image = Adapter.layer({ serviceType: "image", minVersion: 2 })
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (
  options: Options
): Layer.Layer<HttpClient.HttpClient, never, Session.Session | AuthPlugin.AuthPlugin> =>
  Layer.effect(
    HttpClient.HttpClient,
    Effect.gen(function*() {
      const plugin = yield* AuthPlugin.AuthPlugin
      const adapter = yield* make({ raiseForStatus: false, ...options })
      return client((request) =>
        adapter.execute(request).pipe(
          Effect.provideService(AuthPlugin.AuthPlugin, plugin),
          Effect.mapError((error) => toRequestError(request, error))
        )
      )
    })
  )

/**
 * As `layer`, with options from the configuration; see `config`.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerConfig = (
  options: Config.Config.Wrap<Options>
): Layer.Layer<HttpClient.HttpClient, ConfigError.ConfigError, Session.Session | AuthPlugin.AuthPlugin> =>
  Layer.unwrapEffect(Effect.map(Config.unwrap(options), layer))

const toRequestError = (
  request: HttpClientRequest.HttpClientRequest,
  error: Session.Error
): HttpClientError.RequestError =>
  new HttpClientError.RequestError({
    // without headers, since a RequestError is printed with its request
    request: HttpClientRequest.make(request.method)(Url.shown(request.url)),
    reason: error._tag === "TransportError" || error._tag === "TimedOut" ? "Transport" : "InvalidUrl",
    cause: error,
    description: error.message
  })

// -----------------------------------------------------------------------------
// from the configuration
// -----------------------------------------------------------------------------

/**
 * Reads the options of an adapter from a section of the configuration, under keystoneauth's names: `service_type`,
 * `service_name`, `valid_interfaces` (a list; `interface` is its older name), `region_name`, `endpoint_override`,
 * `version` or `min_version` and `max_version`, `connect_retries`, `connect_retry_delay`, `status_code_retries`,
 * `status_code_retry_delay` (in seconds) and `retriable_status_codes`.
 *
 * An upper-case prefix means variables, as in `AuthTypes.layerConfig`. Missing settings are left unset.
 *
 * @example
 * ```ts
 * import { Adapter } from "effect-keystoneauth"
 *
 * const image = Adapter.layerConfig(Adapter.config("glance"))
 * ```
 *
 * @since 0.1.0
 * @category config
 */
export const config = (prefix?: string): Config.Config<Options> =>
  Config.all({
    endpoint: ConfigSection.options(prefix, NamedOption.section),
    retries: ConfigSection.options(prefix, NamedOption.retries),
    oldInterface: ConfigSection.text(prefix, "interface")
  }).pipe(
    Config.mapOrFail(({ endpoint, oldInterface, retries }) => {
      const invalid = (name: string, reason: string) => Either.left(ConfigSection.invalid(prefix, name, reason))
      if (endpoint.version !== undefined && (endpoint.minVersion ?? endpoint.maxVersion) !== undefined) {
        return invalid("version", "cannot be combined with min_version or max_version; keep one of them")
      }
      if (oldInterface !== undefined && endpoint.interface !== undefined) {
        return invalid("interface", "older name of valid_interfaces, which is set too; keep valid_interfaces")
      }
      return Either.right({
        ...(oldInterface === undefined ? {} : { interface: oldInterface }),
        ...endpoint,
        ...(Object.keys(retries).length === 0 ? {} : { retries })
      })
    })
  )
