/** Which endpoints were found for which filters, so that a request looks for nothing that the one before it has found. */
import * as Equal from "effect/Equal"
import type * as Errors from "../Errors.js"
import type * as AuthPlugin from "../identity/AuthPlugin.js"
import type { EndpointData } from "../model/EndpointData.js"
import type * as EndpointFilter from "../model/EndpointFilter.js"
import type * as ServiceCatalog from "../model/ServiceCatalog.js"
import type * as VersionDocument from "../model/VersionDocument.js"

/** What decides an endpoint besides the filter, the catalog and its documents. */
export interface Options {
  readonly discoverVersions?: boolean | undefined
  readonly skipDiscovery?: boolean | undefined
  readonly allowVersionHack?: boolean | undefined
}

/** What was at a URL, or why nothing was. */
export interface Consulted {
  readonly url: string
  readonly found: VersionDocument.VersionDocument | Errors.DiscoveryFailed
}

/** It is true as long as what was consulted is what is there. */
export interface Answer {
  readonly consulted: ReadonlyArray<Consulted>
  readonly endpoint: EndpointData
}

const sameValue = (a: unknown, b: unknown): boolean =>
  a === b || (Array.isArray(a) && Array.isArray(b)
    ? a.length === b.length && a.every((value, index) => value === b[index])
    : typeof a === "object" && Equal.equals(a, b))

const sameAllow = (a: EndpointFilter.Allow | undefined, b: EndpointFilter.Allow | undefined): boolean =>
  a === b || (a?.deprecated === b?.deprecated && a?.experimental === b?.experimental && a?.unknown === b?.unknown)

const copied = <A>(value: A): A => Array.isArray(value) ? Object.assign([], value) : value

/** A question as it was asked: who asks may change the filter and ask again. */
class Memory {
  readonly #plugin: AuthPlugin.Service
  readonly #filter: EndpointFilter.EndpointFilter
  readonly #options: Options
  readonly answer: Answer

  constructor(plugin: AuthPlugin.Service, filter: EndpointFilter.EndpointFilter, options: Options, answer: Answer) {
    this.#plugin = plugin
    this.answer = answer
    this.#filter = {
      serviceType: filter.serviceType,
      serviceName: filter.serviceName,
      serviceId: filter.serviceId,
      interface: copied(filter.interface),
      regionName: filter.regionName,
      endpointId: filter.endpointId,
      version: copied(filter.version),
      minVersion: copied(filter.minVersion),
      maxVersion: copied(filter.maxVersion),
      allow: filter.allow === undefined ? undefined : { ...filter.allow }
    }
    this.#options = {
      discoverVersions: options.discoverVersions,
      skipDiscovery: options.skipDiscovery,
      allowVersionHack: options.allowVersionHack
    }
  }

  isOf(plugin: AuthPlugin.Service, filter: EndpointFilter.EndpointFilter, options: Options): boolean {
    const asked = this.#filter
    const how = this.#options
    return this.#plugin === plugin &&
      asked.serviceType === filter.serviceType && asked.serviceName === filter.serviceName &&
      asked.serviceId === filter.serviceId && asked.regionName === filter.regionName &&
      asked.endpointId === filter.endpointId && sameValue(asked.interface, filter.interface) &&
      sameValue(asked.version, filter.version) && sameValue(asked.minVersion, filter.minVersion) &&
      sameValue(asked.maxVersion, filter.maxVersion) && sameAllow(asked.allow, filter.allow) &&
      how.discoverVersions === options.discoverVersions && how.skipDiscovery === options.skipDiscovery &&
      how.allowVersionHack === options.allowVersionHack
  }
}

const nothing: ReadonlyArray<Memory> = []

/** How many answers are kept for one service of one catalog: as many as are looked through faster than found. */
const capacity = 32

export class EndpointMemory {
  readonly #catalogs = new WeakMap<ServiceCatalog.ServiceCatalog, Map<string | undefined, ReadonlyArray<Memory>>>()

  recall(
    catalog: ServiceCatalog.ServiceCatalog,
    plugin: AuthPlugin.Service,
    filter: EndpointFilter.EndpointFilter,
    options: Options
  ): Answer | undefined {
    for (const memory of this.#catalogs.get(catalog)?.get(filter.serviceType) ?? nothing) {
      if (memory.isOf(plugin, filter, options)) {
        return memory.answer
      }
    }
    return undefined
  }

  keep(
    catalog: ServiceCatalog.ServiceCatalog,
    plugin: AuthPlugin.Service,
    filter: EndpointFilter.EndpointFilter,
    options: Options,
    answer: Answer
  ): void {
    const services = this.#catalogs.get(catalog) ?? new Map<string | undefined, ReadonlyArray<Memory>>()
    const others = (services.get(filter.serviceType) ?? []).filter((memory) => !memory.isOf(plugin, filter, options))
    services.set(
      filter.serviceType,
      [new Memory(plugin, filter, options, answer), ...others].slice(0, capacity)
    )
    this.#catalogs.set(catalog, services)
  }
}
