/**
 * The service catalog that requests find their endpoints in.
 *
 * @since 0.1.0
 */
import type * as Headers from "@effect/platform/Headers"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import { isRecord } from "effect/Predicate"
import type * as Scope from "effect/Scope"
import * as Fiber from "../base/fiber.js"
import * as Json from "../base/json.js"
import * as SharedFetch from "../base/sharedFetch.js"
import * as Errors from "../Errors.js"
import * as AuthPlugin from "../identity/AuthPlugin.js"
import * as Known from "../identity/known.js"
import type * as AccessInfo from "../model/AccessInfo.js"
import * as ServiceCatalog from "../model/ServiceCatalog.js"
import * as Url from "../safety/url.js"
import * as Faults from "../wire/faults.js"
import * as Transport from "../wire/Transport.js"
import * as KeystoneUrl from "./keystoneUrl.js"

/**
 * Options for fetching catalogs.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /**
   * How often, at most, the catalog of one token is fetched from Keystone (`GET /v3/auth/catalog`): for a token
   * without a catalog, and when a service is missing. `"never"` uses only the catalog in the token. Default: 1
   * minute.
   */
  readonly refreshInterval?: Duration.DurationInput | "never" | undefined
}

/**
 * Gives the service catalog of the current `AuthPlugin`.
 *
 * @since 0.1.0
 * @category models
 */
export interface Service {
  /** The catalog of the current `AuthPlugin`. May log in. */
  readonly get: Effect.Effect<ServiceCatalog.ServiceCatalog, AuthPlugin.Error, AuthPlugin.AuthPlugin>
  /** A newer catalog if available. `None` if fetching it fails or is not due yet. */
  readonly refresh: Effect.Effect<
    Option.Option<ServiceCatalog.ServiceCatalog>,
    AuthPlugin.Error,
    AuthPlugin.AuthPlugin
  >
}

/**
 * Service tag for the service catalog.
 *
 * @since 0.1.0
 * @category tags
 */
export class Catalog extends Context.Tag("effect-keystoneauth/Catalog")<Catalog, Service>() {}

/**
 * Makes a `Catalog` that uses the catalog in the token, and fetches it from Keystone if the token has none.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (
  options: Options = {}
): Effect.Effect<Service, never, Transport.Transport | Scope.Scope> =>
  Effect.gen(function*() {
    const transport = yield* Transport.Transport
    const interval = options.refreshInterval === "never"
      ? undefined
      : Duration.toMillis(options.refreshInterval ?? "1 minute")
    const fetched = yield* SharedFetch.make<ServiceCatalog.ServiceCatalog, Failure>({
      span: "Catalog.fetch",
      keep: () => ({ endsAfter: interval ?? 0, renewAfter: interval ?? 0 }),
      rest: (failure) => failure === "Unavailable" ? interval ?? 0 : Math.min(interval ?? 0, outage),
      demanded: () => 0,
      resting: (error) => error,
      capacity: 10_000
    })
    const newest = new WeakMap<AccessInfo.AccessInfo, ServiceCatalog.ServiceCatalog>()
    const keys = new WeakMap<AccessInfo.AccessInfo, string>()
    let tokens = 0
    /** The cache key of a token: a number, so that keys are not secret. */
    const keyOf = (access: AccessInfo.AccessInfo): string => {
      const key = keys.get(access) ?? String(++tokens)
      keys.set(access, key)
      return key
    }

    const fetch = (
      plugin: AuthPlugin.Service,
      access: AccessInfo.AccessInfo
    ): Effect.Effect<Option.Option<ServiceCatalog.ServiceCatalog>, Failure> =>
      interval === undefined || Option.isNone(plugin.authUrl)
        ? Effect.succeedNone
        : fetched.get(keyOf(access), ask(transport, plugin.authUrl.value, AuthPlugin.tokenHeaders(access.token))).pipe(
          Effect.tap((catalog) => Effect.sync(() => newest.set(access, catalog))),
          Effect.asSome
        )

    const warned = new WeakSet<ServiceCatalog.ServiceCatalog>()
    const warnOnce = (catalog: ServiceCatalog.ServiceCatalog): Effect.Effect<void> =>
      Effect.suspend(() => {
        if (catalog.problems.length === 0 || warned.has(catalog)) {
          return Effect.void
        }
        warned.add(catalog)
        return Effect.annotateLogs(
          Effect.logWarning("The service catalog has entries that cannot be used"),
          "problems",
          catalog.problems
        )
      })

    const get: Service["get"] = Fiber.withFiber((fiber) => {
      const plugin = Fiber.service(fiber, AuthPlugin.AuthPlugin)
      return Effect.flatMap(plugin.access, (maybe) => {
        const access = Option.getOrUndefined(maybe)
        if (access === undefined) {
          return Effect.succeed(ServiceCatalog.empty)
        }
        const known = newest.get(access) ?? access.catalog
        return known === undefined
          ? Effect.tap(first(fetch(plugin, access)), warnOnce)
          : known.problems.length === 0
          ? Effect.succeed(known)
          : Effect.as(warnOnce(known), known)
      })
    })

    const refresh = Effect.gen(function*() {
      const plugin = yield* AuthPlugin.AuthPlugin
      const access = yield* plugin.access
      return Option.isNone(access)
        ? Option.none()
        : yield* Effect.orElseSucceed(fetch(plugin, access.value), () => Option.none())
    })

    return Known.catalog.by({ get, refresh }, (access) => {
      const known = newest.get(access) ?? access.catalog
      // a catalog with problems that are not logged yet is left to `get`, which logs them
      return known !== undefined && (known.problems.length === 0 || warned.has(known)) ? known : undefined
    })
  })

/** `Unavailable`: Keystone answered that it has no catalog for the token. */
type Failure = "Unavailable" | Errors.WireError | Errors.InvalidResponse

/** How long to wait, in milliseconds, after Keystone did not answer. */
const outage = 1000

/** The first fetch fails with the reason: without any catalog no service can be found. */
const first = (
  fetched: Effect.Effect<Option.Option<ServiceCatalog.ServiceCatalog>, Failure>
): Effect.Effect<ServiceCatalog.ServiceCatalog, Exclude<Failure, "Unavailable">> =>
  Effect.catchAll(
    Effect.map(fetched, Option.getOrElse(() => ServiceCatalog.empty)),
    (failure) => failure === "Unavailable" ? Effect.succeed(ServiceCatalog.empty) : Effect.fail(failure)
  )

const ask = (
  transport: Transport.Service,
  authUrl: string,
  credentials: Headers.Headers
): Effect.Effect<ServiceCatalog.ServiceCatalog, Failure> => {
  const url = KeystoneUrl.v3(authUrl, "/auth/catalog")
  const request = HttpClientRequest.get(url, { headers: { accept: "application/json" } })
  return Effect.gen(function*() {
    const { headers, hide, status, text } = yield* transport.text(request, {
      phase: "discovery",
      credentials,
      about: { serviceType: "identity" }
    })
    if (status !== 200) {
      return yield* Effect.fail("Unavailable" as const)
    }
    const body = Json.parseOrUndefined(text)
    return isRecord(body) && Array.isArray(body["catalog"])
      ? ServiceCatalog.fromV3(body["catalog"])
      : yield* new Errors.InvalidResponse({
        method: "GET",
        url: Url.shown(url),
        status,
        requestId: Faults.requestId(headers, hide),
        reason: "the body has no list called catalog"
      })
  })
}

/**
 * The catalog in the token, or from Keystone if the token has none. Broken entries are left out, with one warning per
 * catalog.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerWith = (options: Options): Layer.Layer<Catalog, never, Transport.Transport> =>
  Layer.scoped(Catalog, make(options))

/**
 * `layerWith` with the default options.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer: Layer.Layer<Catalog, never, Transport.Transport> = /*#__PURE__*/ layerWith({})

/**
 * A fixed catalog, the same for every user: for clouds without a catalog, and for tests.
 *
 * @example
 * ```ts
 * import { Catalog } from "effect-keystoneauth"
 *
 * const catalog = Catalog.layerStatic([
 *   { serviceType: "placement", endpoints: [{ url: "http://controller:8778", regionName: "RegionOne" }] }
 * ])
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layerStatic = (services: ReadonlyArray<ServiceCatalog.StaticService>): Layer.Layer<Catalog> =>
  Layer.succeed(Catalog, { get: Effect.succeed(ServiceCatalog.make(services)), refresh: Effect.succeedNone })
