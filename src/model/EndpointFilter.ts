/**
 * Filters that choose an endpoint: service type, interface, region, versions; and options for how it is found.
 *
 * @since 0.1.0
 */
import { isSet } from "../base/configValue.js"
import type * as ApiVersion from "./ApiVersion.js"
import type * as ServiceType from "./ServiceType.js"

/**
 * The interface of an endpoint. Keystone has `"public"`, `"internal"` and `"admin"`; the older spellings
 * (`"publicURL"`, ...) mean the same. `"auth"` is not in the catalog: it is the URL that the `AuthPlugin` logs in at
 * (keystoneauth's `AUTH_INTERFACE`).
 *
 * @since 0.1.0
 * @category models
 */
export type Interface =
  | "public"
  | "internal"
  | "admin"
  | "publicURL"
  | "internalURL"
  | "adminURL"
  | "auth"
  | (string & {})

/**
 * Which versions of a version document may be chosen. Stable, current and supported versions always may.
 *
 * @since 0.1.0
 * @category models
 */
export interface Allow {
  /** Versions marked deprecated. Default: `true`. */
  readonly deprecated?: boolean | undefined
  /** Versions marked experimental. Default: `false`. */
  readonly experimental?: boolean | undefined
  /** Versions with an unknown status. Default: `false`. */
  readonly unknown?: boolean | undefined
}

/**
 * Chooses endpoints of the catalog. An option that is left out matches everything.
 *
 * @since 0.1.0
 * @category models
 */
export interface CatalogFilter {
  /** Official type or alias, for example `"compute"`, `"block-storage"`, `"volumev3"`. */
  readonly serviceType?: ServiceType.ServiceType | undefined
  /** One interface, or several in order of preference: the first in the catalog is used. */
  readonly interface?: Interface | ReadonlyArray<Interface> | undefined
  readonly regionName?: string | undefined
  readonly serviceName?: string | undefined
  readonly serviceId?: string | undefined
  readonly endpointId?: string | undefined
}

/**
 * Chooses the endpoint of a request. The default interface is `"public"`. Give `version`, or `minVersion` and
 * `maxVersion`, but not both. Without any version the catalog's URL is used as it is.
 *
 * @example
 * ```ts
 * import type { EndpointFilter } from "effect-keystoneauth"
 *
 * const compute: EndpointFilter.EndpointFilter = {
 *   serviceType: "compute",
 *   interface: ["internal", "public"],
 *   regionName: "RegionOne",
 *   minVersion: "2.1",
 *   maxVersion: "2.latest"
 * }
 * ```
 *
 * @since 0.1.0
 * @category models
 */
export interface EndpointFilter extends CatalogFilter {
  /** A major version, or its lowest minor version: `2` is 2.0 to 2.latest, `"2.1"` is 2.1 to 2.latest. */
  readonly version?: ApiVersion.Input | undefined
  readonly minVersion?: ApiVersion.Input | undefined
  readonly maxVersion?: ApiVersion.Input | undefined
  readonly allow?: Allow | undefined
}

/**
 * How the endpoint of a filter is found.
 *
 * @since 0.1.0
 * @category models
 */
export interface EndpointOptions {
  /**
   * A URL to use instead of the catalog's. `%(project_id)s` and `%(user_id)s` in it are replaced by the token's ids.
   */
  readonly endpointOverride?: string | undefined
  /** Use the URL as it is, whatever versions the filter asks for. Default: `false`. */
  readonly skipDiscovery?: boolean | undefined
  /**
   * Where the version in the catalog's URL does not fit, look for other versions at the root: at `/` for a URL that
   * ends in `/v2.1`. Most catalogs list only one version of a service. Default: `true`.
   */
  readonly allowVersionHack?: boolean | undefined
}

/**
 * How an endpoint is found, and whether its version document is read.
 *
 * @since 0.1.0
 * @category models
 */
export interface ResolveOptions extends EndpointOptions {
  /**
   * Read the version document even if the URL alone decides. Default: `true` for `Session.endpointData`, `false` for
   * requests.
   */
  readonly discoverVersions?: boolean | undefined
}

/**
 * The interfaces of a filter in order of preference. `undefined` means any interface.
 *
 * @since 0.1.0
 * @category accessors
 */
export const interfaces = (filter: CatalogFilter): ReadonlyArray<string> | undefined => {
  const wanted = typeof filter.interface === "string" ? [filter.interface] : filter.interface ?? []
  const named = wanted.filter(isSet)
  return named.length === 0 ? undefined : named
}

/**
 * The name of an interface without the suffix `URL` of older catalogs: `public` for `publicURL`.
 *
 * @since 0.1.0
 * @category accessors
 */
export const interfaceWord = (name: string): string => name.endsWith("URL") ? name.slice(0, -3) : name

/**
 * Whether a version with this normalised status may be chosen.
 *
 * @since 0.1.0
 * @category predicates
 */
export const allows = (allow: Allow | undefined, status: string): boolean => {
  switch (status) {
    case "CURRENT":
    case "SUPPORTED":
      return true
    case "DEPRECATED":
      return allow?.deprecated ?? true
    case "EXPERIMENTAL":
      return allow?.experimental ?? false
    default:
      return allow?.unknown ?? false
  }
}
