/** All versions of all endpoints that match a filter. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Errors from "../Errors.js"
import * as AuthPlugin from "../identity/AuthPlugin.js"
import type { EndpointVersions } from "../model/EndpointData.js"
import * as EndpointFilter from "../model/EndpointFilter.js"
import * as ServiceType from "../model/ServiceType.js"
import * as VersionDocument from "../model/VersionDocument.js"
import * as Url from "../safety/url.js"
import * as Candidate from "./candidate.js"
import type * as Catalog from "./Catalog.js"
import * as DiscoveryPlan from "./discoveryPlan.js"
import * as Documents from "./documents.js"

/** How many endpoints are asked at once. */
const concurrency = 8

/**
 * The versions of each endpoint, those of several endpoints read at once. An endpoint without a document has a
 * reason.
 */
export const find = (
  services: Pick<Documents.Reader, "discovery" | "seen"> & { readonly catalog: Catalog.Service },
  filter: EndpointFilter.CatalogFilter,
  allow: EndpointFilter.Allow | undefined
): Effect.Effect<ReadonlyArray<EndpointVersions>, Errors.EndpointError, AuthPlugin.AuthPlugin> =>
  Effect.gen(function*() {
    const plugin = yield* AuthPlugin.AuthPlugin
    const projectId = Option.getOrUndefined(yield* plugin.projectId)
    const candidates = yield* Candidate.findAll(services.catalog, plugin, filter)
    return yield* Effect.forEach(
      candidates,
      (candidate) => {
        const plan = DiscoveryPlan.make({
          url: candidate.catalogUrl,
          range: DiscoveryPlan.anyVersion,
          projectId,
          rootFirst: true,
          accounts: true
        })
        const reader = { discovery: services.discovery, seen: services.seen, fetched: [], consulted: [] }
        return versionsOf(reader, { candidate, plan, range: DiscoveryPlan.anyVersion, allow })
      },
      { concurrency }
    )
  })

const versionsOf = (
  reader: Documents.Reader,
  { allow, candidate, plan, range }: Documents.Search
): Effect.Effect<EndpointVersions, Errors.AuthenticationError, AuthPlugin.AuthPlugin> =>
  Effect.gen(function*() {
    const type = candidate.serviceType ?? ""
    const result = (versions: ReadonlyArray<VersionDocument.VersionData>, failure?: Errors.DiscoveryFailed) => ({
      serviceType: Option.getOrElse(ServiceType.official(type), () => type),
      serviceName: candidate.serviceName,
      interface: candidate.interface === undefined ? undefined : EndpointFilter.interfaceWord(candidate.interface),
      regionName: candidate.regionName,
      catalogUrl: candidate.catalogUrl,
      versions,
      failure
    })
    const flaw = Url.endpointFlaw(candidate.catalogUrl)
    if (flaw !== undefined) {
      const step = { _tag: "Document", url: "its URL", outcome: "NotADocument", detail: flaw } as const
      return result([], Documents.failure(candidate, range, [{ ...step, cached: false, repairedLink: undefined }]))
    }
    const steps: Array<Documents.DocumentStep> = []
    for (const url of Documents.hasNone(type) ? [] : plan.urls) {
      const document = yield* Documents.read(reader, url, steps)
      if (document !== undefined) {
        const versions = VersionDocument.allowed(document, allow)
        return result(versions.length === 0 ? shownBy(plan) : versions)
      }
    }
    return result(shownBy(plan), Documents.failure(candidate, range, steps))
  })

/** The version that the URL shows. */
const shownBy = (plan: DiscoveryPlan.Plan): ReadonlyArray<VersionDocument.VersionData> =>
  plan.urlVersion === undefined ? [] : [{
    version: plan.urlVersion,
    url: `${plan.versioned}/`,
    link: undefined,
    collection: undefined,
    minMicroversion: undefined,
    maxMicroversion: undefined,
    nextMinVersion: undefined,
    notBefore: undefined,
    status: "CURRENT",
    rawStatus: undefined
  }]
