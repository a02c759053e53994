/** The endpoints found so far, by catalog, plugin, filter and options: a repeated request repeats no lookup. */
import * as Equal from "effect/Equal"
import type * as Errors from "../Errors.js"
import type * as AuthPlugin from "../identity/AuthPlugin.js"
import type { EndpointData } from "../model/EndpointData.js"
import type * as EndpointFilter from "../model/EndpointFilter.js"
import type * as ServiceCatalog from "../model/ServiceCatalog.js"
import type * as VersionDocument from "../model/VersionDocument.js"
import type { Lookup } from "./candidate.js"

/** The document at a URL, or why there is none. */
export interface Consulted {
  readonly url: string
  readonly found: VersionDocument.VersionDocument | Errors.DiscoveryFailed
}

/** An endpoint, valid while the consulted documents are unchanged. */
export interface Answer {
  readonly consulted: ReadonlyArray<Consulted>
  readonly endpoint: EndpointData
}

type Filter = EndpointFilter.EndpointFilter

/** An override is never remembered: it does not come from the catalog. */
type Options = Omit<EndpointFilter.ResolveOptions, "endpointOverride">

const isSameValue = (a: unknown, b: unknown): boolean =>
  a === b || (Array.isArray(a) && Array.isArray(b)
    ? a.length === b.length && a.every((value, index) => value === b[index])
    : typeof a === "object" && Equal.equals(a, b))

const isSameAllow = (a: EndpointFilter.Allow | undefined, b: EndpointFilter.Allow | undefined): boolean =>
  a === b || (a?.deprecated === b?.deprecated && a?.experimental === b?.experimental && a?.unknown === b?.unknown)

/**
 * How each field is compared. A field that is added to the filter or to the options does not compile until it is here:
 * a forgotten one would send requests to the endpoint of another filter. Each function reads its field by name, which V8
 * makes as fast as a comparison written out; reading `filter[key]` in a loop is several times slower.
 */
const filterFields: { readonly [Field in keyof Required<Filter>]: (a: Filter, b: Filter) => boolean } = {
  serviceType: (a, b) => a.serviceType === b.serviceType,
  serviceName: (a, b) => a.serviceName === b.serviceName,
  serviceId: (a, b) => a.serviceId === b.serviceId,
  regionName: (a, b) => a.regionName === b.regionName,
  endpointId: (a, b) => a.endpointId === b.endpointId,
  interface: (a, b) => isSameValue(a.interface, b.interface),
  version: (a, b) => isSameValue(a.version, b.version),
  minVersion: (a, b) => isSameValue(a.minVersion, b.minVersion),
  maxVersion: (a, b) => isSameValue(a.maxVersion, b.maxVersion),
  allow: (a, b) => isSameAllow(a.allow, b.allow)
}

const optionFields: { readonly [Option in keyof Required<Options>]: (a: Options, b: Options) => boolean } = {
  discoverVersions: (a, b) => a.discoverVersions === b.discoverVersions,
  skipDiscovery: (a, b) => a.skipDiscovery === b.skipDiscovery,
  allowVersionHack: (a, b) => a.allowVersionHack === b.allowVersionHack
}

const filterComparisons = Object.values(filterFields)
const optionComparisons = Object.values(optionFields)

const isSame = <A>(comparisons: ReadonlyArray<(a: A, b: A) => boolean>, a: A, b: A): boolean => {
  for (let i = 0; i < comparisons.length; i++) {
    if (comparisons[i]?.(a, b) === false) {
      return false
    }
  }
  return true
}

const copy = <A>(value: A): A => Array.isArray(value) ? Object.assign([], value) : value

/** A copy of a lookup and its answer: the caller may change its filter and ask again. */
class Memory {
  readonly #plugin: AuthPlugin.Service
  readonly #filter: Required<Filter>
  readonly #options: Required<Options>

  constructor({ filter, options, plugin }: Lookup, readonly answer: Answer) {
    this.#plugin = plugin
    this.#filter = {
      serviceType: filter.serviceType,
      serviceName: filter.serviceName,
      serviceId: filter.serviceId,
      interface: copy(filter.interface),
      regionName: filter.regionName,
      endpointId: filter.endpointId,
      version: copy(filter.version),
      minVersion: copy(filter.minVersion),
      maxVersion: copy(filter.maxVersion),
      allow: filter.allow === undefined ? undefined : { ...filter.allow }
    }
    this.#options = {
      discoverVersions: options.discoverVersions,
      skipDiscovery: options.skipDiscovery,
      allowVersionHack: options.allowVersionHack
    }
  }

  isOf({ filter, options, plugin }: Lookup): boolean {
    return this.#plugin === plugin &&
      isSame(filterComparisons, this.#filter, filter) && isSame(optionComparisons, this.#options, options)
  }
}

const nothing: ReadonlyArray<Memory> = []

/** How many endpoints of one service are kept for each catalog: searching more is slower than resolving again. */
const capacity = 32

export class EndpointMemory {
  readonly #catalogs = new WeakMap<ServiceCatalog.ServiceCatalog, Map<string | undefined, ReadonlyArray<Memory>>>()

  recall(catalog: ServiceCatalog.ServiceCatalog, lookup: Lookup): Answer | undefined {
    for (const memory of this.#catalogs.get(catalog)?.get(lookup.filter.serviceType) ?? nothing) {
      if (memory.isOf(lookup)) {
        return memory.answer
      }
    }
    return undefined
  }

  keep(catalog: ServiceCatalog.ServiceCatalog, lookup: Lookup, answer: Answer): void {
    const { serviceType } = lookup.filter
    const services = this.#catalogs.get(catalog) ?? new Map<string | undefined, ReadonlyArray<Memory>>()
    const others = (services.get(serviceType) ?? []).filter((memory) => !memory.isOf(lookup))
    services.set(serviceType, [new Memory(lookup, answer), ...others].slice(0, capacity))
    this.#catalogs.set(catalog, services)
  }
}
