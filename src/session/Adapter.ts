/**
 * A client for one service: an `HttpClient` bound to one endpoint filter, so that `get("/servers")` goes to the right URL
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
 * What a request through an adapter and reading its answer can fail with: the errors of `Session`, and the platform's
 * `ResponseError` of a body that cannot be read as asked.
 *
 * @since 0.1.0
 * @category errors
 */
export type Error = Session.Error | HttpClientError.ResponseError

/**
 * An `HttpClient` whose requests fail with typed errors, and need to know who they are made as.
 *
 * @since 0.1.0
 * @category models
 */
export interface Client extends HttpClient.HttpClient.With<Session.Error, AuthPlugin.AuthPlugin> {}

/**
 * Which endpoint, and the defaults for every request.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options extends EndpointFilter.EndpointFilter, Omit<Session.RequestOptions, "endpointFilter"> {
  /** The microversion of requests that say none themselves. */
  readonly defaultMicroversion?: Microversion.Input | undefined
  /** How much this adapter sends at once and how fast; the Session's limits hold as well. A `limiter` is one to share. */
  readonly limits?: Limiter.Limits | undefined
}

// -----------------------------------------------------------------------------
// options for a while
// -----------------------------------------------------------------------------

/**
 * What may be said for one call. Of the endpoint filter, of the retries and of the headers only what is said here changes.
 *
 * @since 0.1.0
 * @category models
 */
export interface CallOptions extends Session.RequestOptions {}

const nothing: CallOptions = {}

/** In the context of an effect, so that it reaches the requests that are made in it. */
class CurrentOptions extends Context.Reference<CurrentOptions>()("effect-keystoneauth/Adapter/CurrentOptions", {
  defaultValue: () => nothing
}) {}

/** Both, where the inner one says something it wins. */
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
 * Options for the requests that are made within an effect, through whichever adapter. They win over the adapter's own;
 * inner ones win over outer ones. Put it on the one call that it is for.
 *
 * @example
 * ```ts
 * import { Effect } from "effect"
 * import { Adapter } from "effect-keystoneauth"
 *
 * const deleteQuietly = (compute: Adapter.Client, id: string) =>
 *   compute.del(`/servers/${id}`).pipe(Adapter.withOptions({ raiseForStatus: false, allowReauth: false }), Effect.asVoid)
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
 * The microversion of the requests that are made within an effect. As with `withOptions`, put it on the one call that
 * it is for: another service would be asked for it as well.
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
 * A path whose values stay where they are put: each is encoded as one segment, so that no name leads to another path. A value
 * that cannot be a segment (an empty one, `.`, `..`, half of a surrogate pair, `undefined`, `NaN`) makes a path that every request refuses with
 * `InvalidOptions`, before anything is sent.
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

/** Everything is done after the caller's own `mapRequest`, and before the caller's `retry` and `catchTags`. */
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
 * A client for one service. It looks for the endpoint with each request (from what the Session remembers), so a service
 * that is missing does not stop a program from starting.
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

/** Of an adapter, as in keystoneauth, it is for the requests without one; that of a call wins over the request's own. */
const weakRequestId = ({ additionalHeaders, globalRequestId }: Options): Session.RequestOptions =>
  globalRequestId === undefined ? {} : {
    globalRequestId: undefined,
    additionalHeaders: Headers.set(Headers.fromInput(additionalHeaders), "x-openstack-request-id", globalRequestId)
  }

/**
 * A tag of its own for one service; its service is the client.
 *
 * @since 0.1.0
 * @category models
 */
export interface TagClass<Self, Id extends string> extends Context.TagClass<Self, Id, Client> {
  /** The options that it was made with. */
  readonly options: Options
  /** Needs no identity: that is needed by the requests. */
  readonly layer: Layer.Layer<Self, never, Session.Session>
  /** The same with some options changed: another region, for example, that is known only when the program runs. */
  readonly layerWith: (options: Options) => Layer.Layer<Self, never, Session.Session>
  /** The same from the configuration: `Compute.layerConfig(Adapter.config("nova"))`. */
  readonly layerConfig: (
    options: Config.Config.Wrap<Options>
  ) => Layer.Layer<Self, ConfigError.ConfigError, Session.Session>
  /**
   * Where requests of these options go (`requestUrl`), and why; see `Session.endpointData`. If the options have no version, it tells of
   * the newest one, and requests go to the catalog's URL all the same.
   */
  readonly endpointData: Effect.Effect<
    EndpointData.EndpointData,
    Errors.EndpointError,
    Session.Session | AuthPlugin.AuthPlugin
  >
  /** The version that they talk to; see `Session.apiMajorVersion`. */
  readonly apiMajorVersion: Effect.Effect<
    ApiVersion.ApiVersion | undefined,
    Errors.EndpointError,
    Session.Session | AuthPlugin.AuthPlugin
  >
  /** All versions of this service, at each interface and region that the options allow; see `Session.allVersionData`. */
  readonly allVersionData: Effect.Effect<
    ReadonlyArray<EndpointData.EndpointVersions>,
    Errors.EndpointError,
    Session.Session | AuthPlugin.AuthPlugin
  >
}

/**
 * A client for one service as a tag with a layer.
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
 * The plain `HttpClient` tag, for code that knows nothing of this library: generated clients, other libraries.
 *
 * - It is bound to the `AuthPlugin` that the layer was built with: this is the one place where an identity is captured.
 * - A status of 400 or more, or of 300, is an answer, as with any `HttpClient`, unless `raiseForStatus` says otherwise.
 * - Its error type cannot carry ours. They are the `cause` of a `RequestError`: of reason `"Transport"` where nothing but
 *   the wire failed, so that `HttpClient.retryTransient` does what it should, and `"InvalidUrl"` where trying again is of no use.
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
 * The same with options from the configuration; see `config`.
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
    // whoever prints a RequestError prints its request
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
