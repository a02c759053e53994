/**
 * The service catalog as a value: what a token says about where services are, and how one endpoint is chosen from it.
 *
 * Selection follows keystoneauth1 (`access/service_catalog.py`), without its accidents: an interface is matched as a
 * word (`publicURL` is `public`), `-` and `_` are equal in service types on both sides, and nothing found is nothing found.
 *
 * @since 0.1.0
 */
import * as Option from "effect/Option"
import { hasProperty, isRecord } from "effect/Predicate"
import { EndpointNotFound } from "../Errors.js"
import * as Url from "../safety/url.js"
import * as EndpointFilter from "./EndpointFilter.js"
import * as ServiceType from "./ServiceType.js"

/**
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
  /** As the catalog spells it: `public` in v3, `publicURL` in v2. */
  readonly interface: string | undefined
  readonly regionName: string | undefined
  readonly endpointId: string | undefined
  readonly url: string
  /** The endpoint as the catalog has it. */
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
 * @since 0.1.0
 * @category models
 */
export interface ServiceCatalog {
  readonly [TypeId]: TypeId
  /** The service types in the catalog's order, as it spells them. */
  readonly serviceTypes: ReadonlyArray<string>
  /** What could not be used: a description of each broken entry. */
  readonly problems: ReadonlyArray<string>
}

type RawEndpoint = Omit<ServiceEndpoint, "serviceType" | "serviceName" | "serviceId">

/** How a version of the Identity API writes endpoints. */
interface Dialect {
  /** The endpoints of an entry: none, if it is broken. */
  readonly read: (raw: Record<string, unknown>) => ReadonlyArray<RawEndpoint>
  /** What is broken about it. */
  readonly fault: (raw: Record<string, unknown>) => string | undefined
}

/** Its endpoints are nearly all of a catalog: they are read when someone looks at them, and of most services nobody does. */
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

/** Services by type (`_` written as `-`), so that a look-up does not grow with the catalog. */
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

// most types have no `_`, which is quicker to see than to replace
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

/** Every endpoint is looked at, and nothing made for those that can be used. */
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

/** Catalogs are written by people: blanks around a URL are not part of it. */
const urlOf = (u: unknown): string | undefined => text(u)?.trim() || undefined

/** A URL at which no service can be is there all the same, so that who wants it is told why it cannot be used. */
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

/** A v2 endpoint is one endpoint for each of its `*URL` keys. */
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
 * From the `catalog` of a v3 token or of `GET /v3/auth/catalog`. Never fails: entries that are broken are left out and
 * described in `problems`.
 *
 * @since 0.1.0
 * @category constructors
 */
export const fromV3 = (catalog: unknown): ServiceCatalog => build(catalog, v3)

/**
 * From the `serviceCatalog` of a v2 token. Never fails, as `fromV3`.
 *
 * @since 0.1.0
 * @category constructors
 */
export const fromV2 = (catalog: unknown): ServiceCatalog => build(catalog, v2)

/**
 * A catalog without services: that of a token which is not scoped, or came without one.
 *
 * @since 0.1.0
 * @category constructors
 */
export const empty: ServiceCatalog = new Index([], [])

/**
 * One service of a catalog that is written by hand.
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
 * A catalog written by hand, for clouds without one and for tests.
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
 * @since 0.1.0
 * @category guards
 */
export const isServiceCatalog = (u: unknown): u is ServiceCatalog => hasProperty(u, TypeId)

const index = (catalog: ServiceCatalog): Index => catalog instanceof Index ? catalog : new Index([], [])

// -----------------------------------------------------------------------------
// selection
// -----------------------------------------------------------------------------

/** Nothing is asked for by an empty text, as in keystoneauth. */
const given = (text: string | undefined): string | undefined => text === "" ? undefined : text

/** Is this what was asked for, if anything was? */
const isWanted = (wanted: string | undefined, actual: string | undefined): boolean =>
  given(wanted) === undefined || actual === wanted

/** The services whose type may serve for the requested one, in catalog order. */
const servicesFor = (catalog: Index, serviceType: string | undefined): ReadonlyArray<Service> => {
  const requested = given(serviceType)
  if (requested === undefined) {
    return catalog.services
  }
  // the catalog may write `_` for `-`; a request that does is taken at its word, as in keystoneauth
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

/** Of the endpoints of one type, those with the first of the wanted interfaces that is there. */
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
 * All endpoints that match, by service type. An interface list is an order of preference within each type; no
 * interface means any. If several types match (an official type and its aliases), the requested type is preferred, then the
 * official one, then the aliases in their official order: only the first that has endpoints is kept. A type that
 * matches but has no endpoint left is listed with none.
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
  const requested = given(serviceType)
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
 * An endpoint in words: `compute (nova) public in RegionOne`.
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
 * An endpoint that was not chosen, and the first reason why.
 *
 * @since 0.1.0
 * @category models
 */
export interface Excluded {
  readonly endpoint: ServiceEndpoint
  readonly reason: string
}

/**
 * The endpoints of a service that are not the one that `find` chooses, each with the first reason why.
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
        return "another comes first in the catalog"
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
 * Why there is nothing for this filter, with what the catalog has instead.
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
