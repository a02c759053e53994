/**
 * From an endpoint filter to a URL: the catalog's endpoint, and the version document that tells more about it.
 *
 * The order of what is tried follows keystoneauth1 (`discover.py`), with these differences: a document that lacks the
 * version does not end the search, and a service that does not answer never changes silently where a request goes.
 */
import * as Arr from "effect/Array"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as ApiVersion from "../ApiVersion.js"
import * as AuthPlugin from "../AuthPlugin.js"
import type * as Catalog from "../Catalog.js"
import type * as Discovery from "../Discovery.js"
import type { EndpointData } from "../EndpointData.js"
import * as EndpointFilter from "../EndpointFilter.js"
import * as Errors from "../Errors.js"
import * as ServiceCatalog from "../ServiceCatalog.js"
import * as ServiceType from "../ServiceType.js"
import * as VersionDocument from "../VersionDocument.js"
import * as Redaction from "./redaction.js"

export interface Options {
  /** This URL in place of what the catalog says; `%(project_id)s` and `%(user_id)s` are filled in. */
  readonly endpointOverride?: string | undefined
  /** Ask for the version document even if the URL alone would do. */
  readonly discoverVersions?: boolean | undefined
  /** Never ask for a version document. */
  readonly skipDiscovery?: boolean | undefined
}

type ResolveError = Errors.EndpointError

/** Where a request goes, before any version document was read. */
type Candidate = Pick<
  EndpointData,
  "catalogUrl" | "serviceType" | "serviceName" | "serviceId" | "interface" | "regionName" | "endpointId"
>

export const resolve = (
  services: { readonly catalog: Catalog.Service; readonly discovery: Discovery.Service },
  filter: EndpointFilter.EndpointFilter,
  options: Options
): Effect.Effect<EndpointData, ResolveError, AuthPlugin.AuthPlugin> =>
  Effect.gen(function*() {
    const range = yield* ApiVersion.range(filter)
    const plugin = yield* AuthPlugin.AuthPlugin
    const candidate = yield* findCandidate(services.catalog, plugin, filter, options)
    const open = isOpen(range)
    if (options.skipDiscovery === true || (open && options.discoverVersions !== true)) {
      return asItIs(candidate)
    }
    const projectId = Option.getOrUndefined(yield* plugin.projectId)
    const plan = makePlan(candidate.catalogUrl, range, projectId, {
      rootFirst: !open && options.endpointOverride === undefined
    })
    if (plan.matchesExactly && options.discoverVersions !== true) {
      return asItIs(candidate)
    }
    if (hasNoVersionDocument(candidate.serviceType)) {
      return open || plan.matches || plan.urlVersion === undefined
        ? asItIs(candidate)
        : yield* noSuchVersion(candidate, range, [])
    }
    return yield* discover(services.discovery, candidate, range, plan, filter.allow)
  })

const isOpen = (range: ApiVersion.Range): boolean => range.min === undefined && range.max === undefined

// -----------------------------------------------------------------------------
// the catalog's part
// -----------------------------------------------------------------------------

const findCandidate = (
  catalog: Catalog.Service,
  plugin: AuthPlugin.Service,
  filter: EndpointFilter.EndpointFilter,
  options: Options
): Effect.Effect<Candidate, ResolveError, AuthPlugin.AuthPlugin> =>
  Effect.gen(function*() {
    if (filter.interface === "auth") {
      const url = yield* Effect.mapError(plugin.authUrl, () =>
        withoutEndpoint(filter, `the AuthPlugin ${plugin.name} has no auth URL, so there is no "auth" interface`))
      return given(url, { ...filter, serviceType: filter.serviceType ?? "identity" })
    }
    if (options.endpointOverride !== undefined) {
      return given(yield* substitute(options.endpointOverride, plugin), filter)
    }
    const fixed = plugin.endpoint(filter)
    if (Option.isSome(fixed)) {
      return given(fixed.value, filter)
    }
    if (filter.serviceType === undefined || filter.serviceType === "") {
      return yield* withoutEndpoint(filter, "no serviceType, no endpointOverride and no absolute URL was given")
    }
    const wanted = { ...filter, interface: filter.interface ?? "public" }
    const services = yield* catalog.get
    const found = ServiceCatalog.find(services, wanted)
    if (Option.isNone(found)) {
      return yield* ServiceCatalog.notFound(services, wanted)
    }
    const { raw: _, url, ...rest } = found.value
    return { catalogUrl: url, ...rest }
  })

const withoutEndpoint = (filter: EndpointFilter.EndpointFilter, reason: string): Errors.EndpointNotFound =>
  new Errors.EndpointNotFound({
    serviceType: filter.serviceType,
    interfaces: EndpointFilter.interfaces(filter) ?? [],
    regionName: filter.regionName,
    serviceName: filter.serviceName,
    reason,
    available: [],
    serviceTypes: []
  })

const given = (url: string, filter: EndpointFilter.EndpointFilter): Candidate => ({
  catalogUrl: url,
  serviceType: filter.serviceType,
  serviceName: filter.serviceName,
  serviceId: filter.serviceId,
  interface: EndpointFilter.interfaces(filter)?.[0],
  regionName: filter.regionName,
  endpointId: filter.endpointId
})

/** Fills `%(project_id)s` and `%(user_id)s` into an override; any other `%` is text. */
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
                  reason: `${placeholder} cannot be filled in: the AuthPlugin ${plugin.name} knows none`
                })
              ),
            onSome: Effect.succeed
          })
        )
        url = url.replaceAll(placeholder, id)
      }
    }
    return url
  })

/** What the URL alone tells. */
const asItIs = (candidate: Candidate): EndpointData => ({
  ...candidate,
  url: candidate.catalogUrl,
  apiVersion: Option.getOrUndefined(ApiVersion.fromUrl(candidate.catalogUrl)),
  minMicroversion: undefined,
  maxMicroversion: undefined,
  nextMinVersion: undefined,
  notBefore: undefined,
  status: undefined
})

/** Swift has no version document: what is at its URL is a listing of containers. */
const hasNoVersionDocument = (serviceType: string | undefined): boolean =>
  serviceType !== undefined && Option.contains(ServiceType.official(serviceType), "object-store")

// -----------------------------------------------------------------------------
// which documents to try
// -----------------------------------------------------------------------------

interface Plan {
  readonly urls: ReadonlyArray<string>
  /** The version that the catalog's URL shows. */
  readonly urlVersion: ApiVersion.ApiVersion | undefined
  /** It is in the range. */
  readonly matches: boolean
  /** And it is of the newest major version asked for, so no document would change the choice. */
  readonly matchesExactly: boolean
  /** Taken off the end of the URL, to be put back. */
  readonly projectId: string | undefined
}

const segmentVersion = (segment: string | undefined): ApiVersion.ApiVersion | undefined =>
  segment !== undefined && /^v\d/.test(segment)
    ? Option.getOrUndefined(Either.getRight(ApiVersion.fromUnknown(segment)))
    : undefined

/** ALG-2 of the reference: from the most promising document to the catalog's own URL. */
const makePlan = (
  catalogUrl: string,
  range: ApiVersion.Range,
  projectId: string | undefined,
  options: { readonly rootFirst: boolean }
): Plan => {
  const [, origin = "", path = ""] = /^([a-z][a-z0-9+.-]*:\/\/[^/?#]*)([^?#]*)/i.exec(catalogUrl) ?? []
  const segments = path.replace(/\/+$/, "").split("/")
  const join = () => origin + segments.join("/")

  let removed: string | undefined
  const last = segments.at(-1)
  if (projectId !== undefined ? last === projectId : segmentVersion(segments.at(-2)) !== undefined) {
    removed = segments.pop()
  }

  const urlVersion = segmentVersion(segments.at(-1))
  const matches = urlVersion !== undefined && !isOpen(range) && ApiVersion.isInRange(urlVersion, range)
  const matchesExactly = matches && range.max !== undefined && range.max.major === urlVersion.major
  const reachesMaximum = matches && range.max !== undefined && range.max.minor !== Infinity &&
    ApiVersion.satisfies(urlVersion, range.max)

  const versioned = urlVersion === undefined ? undefined : join()
  if (urlVersion !== undefined) {
    segments.pop()
  }
  const root = `${join()}/`
  const urls: Array<string> = []
  if (versioned !== undefined && (matchesExactly || reachesMaximum)) {
    urls.push(`${versioned}/`)
  }
  if (options.rootFirst) {
    urls.push(root === `${catalogUrl}/` ? catalogUrl : root)
    if (versioned !== undefined) {
      urls.push(`${versioned}/`)
    }
  } else if (versioned !== undefined && removed !== undefined) {
    urls.push(versioned)
  }
  urls.push(catalogUrl)
  return { urls: Arr.dedupe(urls), urlVersion, matches, matchesExactly, projectId: removed }
}

// -----------------------------------------------------------------------------
// what the documents say
// -----------------------------------------------------------------------------

const discover = (
  discovery: Discovery.Service,
  candidate: Candidate,
  range: ApiVersion.Range,
  plan: Plan,
  allow: EndpointFilter.Allow | undefined
): Effect.Effect<EndpointData, ResolveError, AuthPlugin.AuthPlugin> =>
  Effect.gen(function*() {
    const attempts: Array<Errors.DiscoveryAttempt> = []
    for (const url of plan.urls) {
      const document = yield* discovery.document(url).pipe(
        Effect.catchTag("DiscoveryFailed", (failure) => {
          attempts.push(...failure.attempts)
          return Effect.succeed(undefined)
        })
      )
      if (document === undefined) {
        continue
      }
      const found = VersionDocument.select(document, {
        range,
        allow,
        url: isOpen(range) ? candidate.catalogUrl : undefined
      })
      if (Option.isSome(found)) {
        return fromDocument(candidate, found.value, plan.projectId)
      }
      attempts.push(lacking(document, allow))
    }
    const answered = attempts.some((attempt) => attempt.outcome === "NoMatchingVersion")
    // without a document the URL speaks for itself, if it shows a version at all
    return isOpen(range) || (plan.matches && !answered)
      ? asItIs(candidate)
      : yield* noSuchVersion(candidate, range, attempts)
  })

const lacking = (
  document: VersionDocument.VersionDocument,
  allow: EndpointFilter.Allow | undefined
): Errors.DiscoveryAttempt => {
  const usable = VersionDocument.allowed(document, allow)
  const name = (data: VersionDocument.VersionData) =>
    usable.includes(data)
      ? ApiVersion.format(data.version)
      : `${ApiVersion.format(data.version)} (${data.rawStatus}, not allowed)`
  const versions = document.versions.map(name)
  const offer = versions.length === 0 ? "no version" : versions.join(", ")
  return {
    url: Redaction.safeUrl(document.url),
    outcome: "NoMatchingVersion",
    detail: `offers ${[offer, ...document.problems].join("; ")}`,
    versions
  }
}

const noSuchVersion = (
  candidate: Candidate,
  range: ApiVersion.Range,
  attempts: ReadonlyArray<Errors.DiscoveryAttempt>
): Errors.DiscoveryFailed => {
  const has = (outcome: Errors.DiscoveryAttempt["outcome"]) => attempts.some((attempt) => attempt.outcome === outcome)
  return new Errors.DiscoveryFailed({
    reason: has("NoMatchingVersion") || attempts.length === 0
      ? "NoMatchingVersion"
      : has("Unreachable")
      ? "Unreachable"
      : "NotADocument",
    serviceType: candidate.serviceType,
    url: Redaction.safeUrl(candidate.catalogUrl),
    requested: ApiVersion.formatRange(range),
    attempts
  })
}

const fromDocument = (
  candidate: Candidate,
  found: VersionDocument.VersionData,
  projectId: string | undefined
): EndpointData => ({
  ...candidate,
  url: projectId === undefined ? found.url : `${found.url.replace(/\/+$/, "")}/${projectId}`,
  apiVersion: found.version,
  minMicroversion: found.minMicroversion,
  maxMicroversion: found.maxMicroversion,
  nextMinVersion: found.nextMinVersion,
  notBefore: found.notBefore,
  status: found.status
})
