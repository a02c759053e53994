/**
 * Service catalogs: the endpoints of each service, and how one is chosen.
 *
 * Selection follows keystoneauth1 (`access/service_catalog.py`), with these differences: `publicURL` and `public` are
 * the same interface, `-` and `_` are equal in all service types, and a filter without a match finds nothing.
 *
 * @since 0.1.0
 */
import * as Option from "effect/Option"
import { hasProperty, isRecord } from "effect/Predicate"
import { isSet } from "../base/configValue.js"
import { EndpointNotFound } from "../Errors.js"
import * as Url from "../safety/url.js"
import * as EndpointFilter from "./EndpointFilter.js"
import * as ServiceType from "./ServiceType.js"

/**
 * Identifies `ServiceCatalog` values.
 *
 * @since 0.1.0
 * @category type ids
 */
export const TypeId: unique symbol = Symbol.for("effect-keystoneauth/ServiceCatalog")

/**
 * @since 0.1.0
 * @category type ids
 */
export type TypeId = typeof TypeId

/**
 * One endpoint of one service.
 *
 * @since 0.1.0
 * @category models
 */
export interface ServiceEndpoint {
  readonly serviceType: string
  readonly serviceName: string | undefined
  readonly serviceId: string | undefined
  /** As in the catalog: `public` in v3, `publicURL` in v2. */
  readonly interface: string | undefined
  readonly regionName: string | undefined
  readonly endpointId: string | undefined
  readonly url: string
  /** The entry of the catalog. */
  readonly raw: unknown
}

/**
 * The endpoints of one service type, in the catalog's order.
 *
 * @since 0.1.0
 * @category models
 */
export interface ServiceEndpoints {
  readonly serviceType: string
  readonly endpoints: ReadonlyArray<ServiceEndpoint>
}

/**
 * A service catalog.
 *
 * @since 0.1.0
 * @category models
 */
export interface ServiceCatalog {
  readonly [TypeId]: TypeId
  /** The service types as in the catalog, in its order. */
  readonly serviceTypes: ReadonlyArray<string>
  /** A description of each broken entry. */
  readonly problems: ReadonlyArray<string>
}

type RawEndpoint = Omit<ServiceEndpoint, "serviceType" | "serviceName" | "serviceId">

/** The format of endpoints in one version of the Identity API. */
interface Dialect {
  /** The endpoints of an entry. Empty if it is broken. */
  readonly read: (raw: Record<string, unknown>) => ReadonlyArray<RawEndpoint>
  /** Describes what is wrong with an entry. */
  readonly fault: (raw: Record<string, unknown>) => string | undefined
}

/** One service. Its endpoints are read at first use: they are most of a catalog, and most services are never used. */
class Service {
  #endpoints: ReadonlyArray<ServiceEndpoint> | undefined

  constructor(
    readonly position: number,
    readonly type: string,
    readonly raw: Record<string, unknown>,
    readonly dialect: Dialect
  ) {}

  get name(): string | undefined {
    return text(this.raw["name"])
  }

  get id(): string | undefined {
    return text(this.raw["id"])
  }

  get endpoints(): ReadonlyArray<ServiceEndpoint> {
    return this.#endpoints ??= listed(this.raw).flatMap((entry) =>
      (isRecord(entry) ? this.dialect.read(entry) : []).map((endpoint): ServiceEndpoint => ({
        serviceType: this.type,
        serviceName: this.name,
        serviceId: this.id,
        ...endpoint
      }))
    )
  }
}

/** A catalog that finds services by type (with `-` for `_`), in time that does not grow with its size. */
class Index implements ServiceCatalog {
  readonly [TypeId]: TypeId = TypeId
  readonly byType: ReadonlyMap<string, ReadonlyArray<Service>>
  #serviceTypes: ReadonlyArray<string> | undefined

  constructor(readonly services: ReadonlyArray<Service>, readonly problems: ReadonlyArray<string>) {
    const byType = new Map<string, Array<Service>>()
    for (const service of services) {
      const key = canonical(service.type)
      const known = byType.get(key)
      if (known === undefined) {
        byType.set(key, [service])
      } else {
        known.push(service)
      }
    }
    this.byType = byType
  }

  get serviceTypes(): ReadonlyArray<string> {
    return this.#serviceTypes ??= Array.from(new Set(this.services.map((service) => service.type)))
  }
}

// most types have no `_`, and checking is faster than replacing
const canonical = (serviceType: string): string =>
  serviceType.includes("_") ? serviceType.replaceAll("_", "-") : serviceType

const text = (u: unknown): string | undefined => typeof u === "string" ? u : undefined

// -----------------------------------------------------------------------------
// constructors
// -----------------------------------------------------------------------------

const build = (catalog: unknown, dialect: Dialect): ServiceCatalog => {
  const services: Array<Service> = []
  const problems: Array<string> = []
  if (!Array.isArray(catalog)) {
    return new Index([], [`the catalog is not a list of services`])
  }
  for (let i = 0; i < catalog.length; i++) {
    const raw: unknown = catalog[i]
    if (!isRecord(raw) || typeof raw["type"] !== "string") {
      problems.push(`service ${i} has no type`)
      continue
    }
    const service = new Service(i, raw["type"], raw, dialect)
    services.push(service)
    addProblems(problems, service)
  }
  return new Index(services, problems)
}

/** Checks every endpoint, without allocating for the usable ones. */
const addProblems = (problems: Array<string>, { dialect, position, raw, type }: Service): void => {
  if (!Array.isArray(raw["endpoints"])) {
    problems.push(`service ${position} (${type}) has no list of endpoints`)
  }
  const endpoints = listed(raw)
  for (let i = 0; i < endpoints.length; i++) {
    const entry = endpoints[i]
    const fault = isRecord(entry) ? dialect.fault(entry) : "is not an object"
    if (fault !== undefined) {
      problems.push(`endpoint ${i} of service ${position} (${type}) ${fault}`)
    }
  }
}

const listed = ({ endpoints }: Record<string, unknown>): ReadonlyArray<unknown> =>
  Array.isArray(endpoints) ? endpoints : []

/** A URL without blanks around it: catalogs are written by hand. */
const urlOf = (u: unknown): string | undefined => text(u)?.trim() || undefined

/** An unusable URL stays in the catalog, so that a request for it fails with the reason. */
const urlFault = (url: string): string | undefined => {
  const flaw = Url.endpointFlaw(url)
  return flaw === undefined ? undefined : `has a url that cannot be used (${Url.shown(url)}): ${flaw}`
}

const region = (raw: Record<string, unknown>): string | undefined => text(raw["region_id"]) || text(raw["region"])

const v3: Dialect = {
  read: (raw) => {
    const { id, interface: name } = raw
    const url = urlOf(raw["url"])
    return url !== undefined && typeof name === "string"
      ? [{ interface: name, regionName: region(raw), endpointId: text(id), url, raw }]
      : []
  },
  fault: ({ interface: name, url: written }) => {
    const url = urlOf(written)
    return url === undefined ? "has no url" : typeof name === "string" ? urlFault(url) : "has no interface"
  }
}

/** A v2 entry has one endpoint for each of its `*URL` keys. */
const v2: Dialect = {
  read: (raw) =>
    Object.entries(raw).flatMap(([key, value]) => {
      const url = key.endsWith("URL") ? urlOf(value) : undefined
      return url === undefined
        ? []
        : [{ interface: key, regionName: region(raw), endpointId: text(raw["id"]), url, raw }]
    }),
  fault: (raw) => {
    const endpoints = v2.read(raw)
    return endpoints.length === 0
      ? "has no URL"
      : endpoints.map(({ url }) => urlFault(url)).find((fault) => fault !== undefined)
  }
}

/**
 * Reads the `catalog` of a v3 token or of `GET /v3/auth/catalog`. Never fails: broken entries are left out and
 * described in `problems`.
 *
 * @since 0.1.0
 * @category constructors
 */
export const fromV3 = (catalog: unknown): ServiceCatalog => build(catalog, v3)

/**
 * Reads the `serviceCatalog` of a v2 token. Never fails, like `fromV3`.
 *
 * @since 0.1.0
 * @category constructors
 */
export const fromV2 = (catalog: unknown): ServiceCatalog => build(catalog, v2)

/**
 * A catalog without services: for an unscoped token, or one without a catalog.
 *
 * @since 0.1.0
 * @category constructors
 */
export const empty: ServiceCatalog = new Index([], [])

/**
 * One service of a fixed catalog.
 *
 * @since 0.1.0
 * @category models
 */
export interface StaticService {
  readonly serviceType: ServiceType.ServiceType
  readonly serviceName?: string | undefined
  readonly endpoints: ReadonlyArray<{
    readonly url: string
    /** Default: `"public"`. */
    readonly interface?: EndpointFilter.Interface | undefined
    readonly regionName?: string | undefined
  }>
}

/**
 * Makes a fixed catalog, for clouds without a catalog and for tests.
 *
 * @example
 * ```ts
 * import { ServiceCatalog } from "effect-keystoneauth"
 *
 * const catalog = ServiceCatalog.make([
 *   { serviceType: "placement", endpoints: [{ url: "http://controller:8778", regionName: "RegionOne" }] }
 * ])
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (services: ReadonlyArray<StaticService>): ServiceCatalog =>
  fromV3(services.map((service) => ({
    type: service.serviceType,
    name: service.serviceName,
    endpoints: service.endpoints.map((endpoint) => ({
      url: endpoint.url,
      interface: endpoint.interface ?? "public",
      region_id: endpoint.regionName
    }))
  })))

/**
 * Whether a value is a `ServiceCatalog`.
 *
 * @since 0.1.0
 * @category guards
 */
export const isServiceCatalog = (u: unknown): u is ServiceCatalog => hasProperty(u, TypeId)

const index = (catalog: ServiceCatalog): Index => catalog instanceof Index ? catalog : new Index([], [])

// -----------------------------------------------------------------------------
// selection
// -----------------------------------------------------------------------------

/** Whether a value matches, or the filter does not ask for one. */
const isWanted = (wanted: string | undefined, actual: string | undefined): boolean =>
  !isSet(wanted) || actual === wanted

/** The services whose type matches the requested one, in catalog order. */
const servicesFor = (catalog: Index, serviceType: string | undefined): ReadonlyArray<Service> => {
  const requested = isSet(serviceType) ? serviceType : undefined
  if (requested === undefined) {
    return catalog.services
  }
  // the catalog may write `_` for `-`; a request with `_` matches only that spelling, as in keystoneauth
  const literal = requested.includes("_") && !ServiceType.all(requested).includes(requested)
  const found: Array<Service> = []
  for (const type of new Set(ServiceType.all(requested).map(canonical))) {
    for (const service of catalog.byType.get(type) ?? []) {
      if (literal ? service.type === requested : ServiceType.matches(requested, service.type)) {
        found.push(service)
      }
    }
  }
  return found.sort((a, b) => a.position - b.position)
}

const serviceMatches = (service: Service, filter: EndpointFilter.CatalogFilter): boolean =>
  (service.name === undefined || isWanted(filter.serviceName, service.name)) &&
  (service.id === undefined || isWanted(filter.serviceId, service.id))

const endpointMatches = (endpoint: ServiceEndpoint, filter: EndpointFilter.CatalogFilter): boolean =>
  isWanted(filter.regionName, endpoint.regionName) && isWanted(filter.endpointId, endpoint.endpointId)

/** The endpoints with the first of the wanted interfaces that any of them has. */
const preferInterface = (
  endpoints: ReadonlyArray<ServiceEndpoint>,
  wanted: ReadonlyArray<string> | undefined
): ReadonlyArray<ServiceEndpoint> => {
  if (wanted === undefined) {
    return endpoints
  }
  for (const name of wanted) {
    const word = EndpointFilter.interfaceWord(name)
    const found = endpoints.filter((endpoint) =>
      endpoint.interface !== undefined && EndpointFilter.interfaceWord(endpoint.interface) === word
    )
    if (found.length > 0) {
      return found
    }
  }
  return []
}

/**
 * All endpoints that match, grouped by service type. Several interfaces are an order of preference within each type;
 * without an interface, all match. If several types match (an official type and its aliases), only the first with
 * endpoints is kept: the requested type, then the official one, then the aliases in order of preference. A matching
 * type without endpoints is listed with none.
 *
 * @since 0.1.0
 * @category selection
 */
export const select = (
  catalog: ServiceCatalog,
  filter: EndpointFilter.CatalogFilter
): ReadonlyArray<ServiceEndpoints> => {
  const wanted = EndpointFilter.interfaces(filter)
  const byType = new Map<string, Array<ServiceEndpoint>>()
  for (const service of servicesFor(index(catalog), filter.serviceType)) {
    if (!serviceMatches(service, filter)) {
      continue
    }
    const endpoints = byType.get(service.type) ?? []
    byType.set(service.type, endpoints)
    for (const endpoint of service.endpoints) {
      if (endpointMatches(endpoint, filter)) {
        endpoints.push(endpoint)
      }
    }
  }
  const matched = Array.from(byType, ([serviceType, endpoints]): ServiceEndpoints => ({
    serviceType,
    endpoints: preferInterface(endpoints, wanted)
  }))
  return preferType(matched, filter.serviceType)
}

const preferType = (
  matched: ReadonlyArray<ServiceEndpoints>,
  serviceType: string | undefined
): ReadonlyArray<ServiceEndpoints> => {
  const requested = isSet(serviceType) ? serviceType : undefined
  if (requested === undefined || matched.length < 2 || !ServiceType.isKnown(requested)) {
    return matched
  }
  const usable = matched.filter((candidate) => candidate.endpoints.length > 0)
  const picked = ServiceType.pick(requested, usable.map((candidate) => candidate.serviceType))
  return usable.filter((candidate) => picked.includes(candidate.serviceType))
}

/**
 * The endpoints that match, in catalog order.
 *
 * @since 0.1.0
 * @category selection
 */
export const endpoints = (
  catalog: ServiceCatalog,
  filter: EndpointFilter.CatalogFilter
): ReadonlyArray<ServiceEndpoint> => select(catalog, filter).flatMap((matched) => matched.endpoints)

/**
 * The first endpoint that matches, in catalog order.
 *
 * @since 0.1.0
 * @category selection
 */
export const find = (
  catalog: ServiceCatalog,
  filter: EndpointFilter.CatalogFilter
): Option.Option<ServiceEndpoint> => Option.fromNullable(endpoints(catalog, filter)[0])

/**
 * Describes an endpoint: `compute (nova) public in RegionOne`.
 *
 * @since 0.1.0
 * @category conversions
 */
export const describe = (endpoint: ServiceEndpoint): string =>
  [
    endpoint.serviceType,
    endpoint.serviceName === undefined ? undefined : `(${endpoint.serviceName})`,
    endpoint.interface,
    endpoint.regionName === undefined ? undefined : `in ${endpoint.regionName}`
  ].filter((part) => part !== undefined).join(" ")

/**
 * An endpoint that was not chosen, and the reason.
 *
 * @since 0.1.0
 * @category models
 */
export interface Excluded {
  readonly endpoint: ServiceEndpoint
  readonly reason: string
}

/**
 * The endpoints of a service that `find` does not choose, each with the first reason.
 *
 * @since 0.1.0
 * @category selection
 */
export const excluded = (catalog: ServiceCatalog, filter: EndpointFilter.CatalogFilter): ReadonlyArray<Excluded> => {
  const chosen = Option.getOrUndefined(find(catalog, filter))
  const wanted = EndpointFilter.interfaces(filter)?.map(EndpointFilter.interfaceWord)
  const reason = (service: Service, endpoint: ServiceEndpoint): string => {
    switch (true) {
      case !serviceMatches(service, { serviceName: filter.serviceName }):
        return `its service is named "${service.name}"`
      case !serviceMatches(service, filter):
        return `its service has the id ${service.id}`
      case !isWanted(filter.regionName, endpoint.regionName):
        return `its region is ${endpoint.regionName === undefined ? "not given" : `"${endpoint.regionName}"`}`
      case !isWanted(filter.endpointId, endpoint.endpointId):
        return `its id is ${endpoint.endpointId}`
      case wanted !== undefined && !wanted.includes(EndpointFilter.interfaceWord(endpoint.interface ?? "")):
        return `its interface is ${endpoint.interface}`
      case chosen !== undefined && chosen.serviceType !== endpoint.serviceType:
        return `its type is ${endpoint.serviceType}, and ${chosen.serviceType} is preferred`
      case chosen !== undefined && chosen.interface !== endpoint.interface:
        return `its interface is ${endpoint.interface}, and ${chosen.interface} is preferred`
      default:
        return "another one is before it in the catalog"
    }
  }
  return servicesFor(index(catalog), filter.serviceType).flatMap((service) =>
    service.endpoints.filter((endpoint) => endpoint !== chosen).map((endpoint) => ({
      endpoint,
      reason: reason(service, endpoint)
    }))
  )
}

/**
 * The error for a filter without a match. It lists what the catalog has instead.
 *
 * @since 0.1.0
 * @category errors
 */
export const notFound = (catalog: ServiceCatalog, filter: EndpointFilter.CatalogFilter): EndpointNotFound =>
  new EndpointNotFound({
    serviceType: filter.serviceType,
    interfaces: EndpointFilter.interfaces(filter) ?? [],
    regionName: filter.regionName,
    serviceName: filter.serviceName,
    available: filter.serviceType === undefined ? [] : excluded(catalog, filter).map(({ endpoint, reason }) => ({
      serviceType: endpoint.serviceType,
      serviceName: endpoint.serviceName,
      regionName: endpoint.regionName,
      interface: endpoint.interface,
      url: endpoint.url,
      excludedBy: reason
    })),
    serviceTypes: catalog.serviceTypes
  })
