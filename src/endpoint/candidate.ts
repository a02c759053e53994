/** Where a service is, before any version document is read: the override, the plugin or the catalog says so. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { isSet } from "../base/configValue.js"
import * as Errors from "../Errors.js"
import type * as AuthPlugin from "../identity/AuthPlugin.js"
import * as ApiVersion from "../model/ApiVersion.js"
import type { EndpointData, Step } from "../model/EndpointData.js"
import * as EndpointFilter from "../model/EndpointFilter.js"
import * as ServiceCatalog from "../model/ServiceCatalog.js"
import * as Url from "../safety/url.js"
import type * as Catalog from "./Catalog.js"

/** An endpoint to be found: for this plugin, by this filter and these options. */
export interface Lookup {
  readonly plugin: AuthPlugin.Service
  readonly filter: EndpointFilter.EndpointFilter
  readonly options: EndpointFilter.ResolveOptions
}

/** An endpoint of which only the URL is known. */
export interface Candidate extends
  Pick<
    EndpointData,
    "catalogUrl" | "serviceType" | "serviceName" | "serviceId" | "interface" | "regionName" | "endpointId"
  >
{
  /** The first step of the trace: where the URL comes from. */
  readonly origin: Extract<Step, { readonly _tag: "Given" | "Catalog" }>
}

/** The URL comes from the plugin, which knows one service and nothing about its versions. */
export const isFromPlugin = ({ origin }: Candidate): boolean => origin._tag === "Given" && origin.by === "plugin"

/** The plugin's own endpoint for the filter. */
export const ownEndpoint = ({ filter, plugin }: Lookup): string | undefined =>
  Option.getOrUndefined(plugin.endpoint(filter))

/** Does the catalog decide, and not the auth URL, an override or the plugin's own endpoint? */
export const isFromCatalog = ({ filter, options }: Lookup, own: string | undefined): boolean =>
  isSet(filter.serviceType) && filter.interface !== "auth" &&
  options.endpointOverride === undefined && own === undefined

/**
 * The candidate of a lookup, in this order: the auth URL for the interface `auth`, the override, the plugin's own
 * endpoint, the catalog. A catalog without the service is refreshed once.
 *
 * Fails with `EndpointNotFound` if nothing matches, or if no service can be at the URL.
 */
export const find = (
  catalog: Catalog.Service,
  lookup: Lookup
): Effect.Effect<Candidate, Errors.EndpointError, AuthPlugin.AuthPlugin> =>
  Effect.gen(function*() {
    const { filter, options, plugin } = lookup
    if (filter.interface === "auth") {
      return Option.isSome(plugin.authUrl)
        ? given(plugin.authUrl.value, "auth interface", { ...filter, serviceType: filter.serviceType ?? "identity" })
        : yield* notFound(filter, `the AuthPlugin ${plugin.name} has no auth URL, so there is no "auth" interface`)
    }
    const candidate = options.endpointOverride !== undefined
      ? given((yield* substitute(options.endpointOverride, plugin)).trim(), "override", filter)
      : fromPlugin(plugin, filter) ?? (yield* inCatalog(catalog, filter))
    const flaw = Url.endpointFlaw(candidate.catalogUrl)
    return flaw === undefined ? candidate : yield* unusable(candidate, lookup, flaw)
  })

/**
 * All candidates of a filter. As in keystoneauth, endpoints of the catalog without a region or an interface are left
 * out.
 */
export const findAll = (
  catalog: Catalog.Service,
  plugin: AuthPlugin.Service,
  filter: EndpointFilter.CatalogFilter
): Effect.Effect<ReadonlyArray<Candidate>, AuthPlugin.Error, AuthPlugin.AuthPlugin> => {
  const candidate = fromPlugin(plugin, filter)
  return candidate !== undefined
    ? Effect.succeed([candidate])
    : Effect.map(catalog.get, (services) =>
      ServiceCatalog.endpoints(services, filter)
        .filter((endpoint) => endpoint.regionName !== undefined && endpoint.interface !== undefined)
        .map((endpoint) => fromEndpoint(services, filter, endpoint)))
}

const fromPlugin = (plugin: AuthPlugin.Service, filter: EndpointFilter.CatalogFilter): Candidate | undefined =>
  Option.getOrUndefined(Option.map(plugin.endpoint(filter), (url) => given(url.trim(), "plugin", filter)))

const inCatalog = (
  catalog: Catalog.Service,
  filter: EndpointFilter.EndpointFilter
): Effect.Effect<Candidate, Errors.EndpointError, AuthPlugin.AuthPlugin> =>
  Effect.gen(function*() {
    if (!isSet(filter.serviceType)) {
      return yield* notFound(filter, "no serviceType, no endpointOverride and no absolute URL was given")
    }
    const wanted = withInterface(filter)
    const services = yield* catalog.get
    const found = first(services, wanted)
    if (found !== undefined) {
      return found
    }
    // the service may have been added after the token was issued
    const newer = yield* catalog.refresh
    const added = Option.isSome(newer) ? first(newer.value, wanted) : undefined
    return added ?? (yield* ServiceCatalog.notFound(Option.getOrElse(newer, () => services), wanted))
  })

const withInterface = (filter: EndpointFilter.EndpointFilter): EndpointFilter.EndpointFilter => ({
  ...filter,
  interface: filter.interface ?? "public"
})

/** Whether a catalog has a candidate for the filter. */
export const isIn = (catalog: ServiceCatalog.ServiceCatalog, filter: EndpointFilter.EndpointFilter): boolean =>
  first(catalog, withInterface(filter)) !== undefined

const first = (
  catalog: ServiceCatalog.ServiceCatalog,
  filter: EndpointFilter.CatalogFilter
): Candidate | undefined =>
  Option.getOrUndefined(
    Option.map(ServiceCatalog.find(catalog, filter), (endpoint) => fromEndpoint(catalog, filter, endpoint))
  )

const fromEndpoint = (
  catalog: ServiceCatalog.ServiceCatalog,
  filter: EndpointFilter.CatalogFilter,
  endpoint: ServiceCatalog.ServiceEndpoint
): Candidate => {
  const { raw: _, url, ...rest } = endpoint
  return {
    ...rest,
    catalogUrl: url,
    origin: {
      _tag: "Catalog",
      chosen: endpoint,
      // computed only when the trace is read
      get excluded() {
        return ServiceCatalog.excluded(catalog, filter)
      }
    }
  }
}

const given = (
  url: string,
  by: Extract<Step, { readonly _tag: "Given" }>["by"],
  filter: EndpointFilter.CatalogFilter
): Candidate => ({
  origin: { _tag: "Given", by, url },
  catalogUrl: url,
  serviceType: filter.serviceType,
  serviceName: filter.serviceName,
  serviceId: filter.serviceId,
  interface: EndpointFilter.interfaces(filter)?.[0],
  regionName: filter.regionName,
  endpointId: filter.endpointId
})

const notFound = (filter: EndpointFilter.EndpointFilter, reason: string): Errors.EndpointNotFound =>
  new Errors.EndpointNotFound({
    serviceType: filter.serviceType,
    interfaces: EndpointFilter.interfaces(filter) ?? [],
    regionName: filter.regionName,
    serviceName: filter.serviceName,
    reason,
    available: [],
    serviceTypes: []
  })

/** The error for a URL at which no service can be. The URL is not quoted: it may hold a password. */
const unusable = (
  candidate: Candidate,
  { filter, plugin }: Lookup,
  flaw: string
): Errors.EndpointNotFound | Errors.InvalidOptions => {
  const { origin } = candidate
  if (origin._tag === "Catalog") {
    return notFound(
      filter,
      `the catalog's URL for ${ServiceCatalog.describe(origin.chosen)} cannot be used: ${flaw}. ` +
        "Correct it in Keystone, or set endpointOverride to the service's URL"
    )
  }
  return isFromPlugin(candidate)
    ? new Errors.InvalidOptions({ module: plugin.name, option: "endpoint", reason: flaw })
    : new Errors.InvalidOptions({ module: "Session", option: "endpointOverride", reason: flaw })
}

/** Replaces `%(project_id)s` and `%(user_id)s` in an override, each by one path segment. Any other `%` is text. */
const substitute = (
  override: string,
  plugin: AuthPlugin.Service
): Effect.Effect<string, Errors.AuthenticationError> =>
  Effect.gen(function*() {
    let url = override
    for (const [key, value] of [["project_id", plugin.projectId], ["user_id", plugin.userId]] as const) {
      const placeholder = `%(${key})s`
      if (url.includes(placeholder)) {
        const id = yield* Effect.flatMap(
          value,
          Option.match({
            onNone: () =>
              Effect.fail(
                new Errors.InvalidOptions({
                  module: "Session",
                  option: "endpointOverride",
                  reason: `${placeholder} cannot be replaced: the AuthPlugin ${plugin.name} has no ${key}`
                })
              ),
            onSome: Effect.succeed
          })
        )
        url = url.replaceAll(placeholder, () => Url.segment(id))
      }
    }
    return url
  })

/** The candidate as the endpoint: its version is the one that the URL shows. `steps` are added to the trace. */
export const asEndpoint = ({ origin, ...candidate }: Candidate, ...steps: ReadonlyArray<Step>): EndpointData => ({
  ...candidate,
  trace: [origin, ...steps],
  url: candidate.catalogUrl,
  requestUrl: candidate.catalogUrl,
  apiVersion: Option.getOrUndefined(ApiVersion.fromUrl(candidate.catalogUrl)),
  minMicroversion: undefined,
  maxMicroversion: undefined,
  nextMinVersion: undefined,
  notBefore: undefined,
  status: undefined
})
