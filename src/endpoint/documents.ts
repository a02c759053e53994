/** Version documents of one endpoint: which are asked for, and what they say about the versions wanted. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Time from "../base/time.js"
import * as Errors from "../Errors.js"
import type * as AuthPlugin from "../identity/AuthPlugin.js"
import type * as Known from "../identity/known.js"
import * as ApiVersion from "../model/ApiVersion.js"
import type { EndpointData, Step } from "../model/EndpointData.js"
import type * as EndpointFilter from "../model/EndpointFilter.js"
import * as ServiceType from "../model/ServiceType.js"
import * as VersionDocument from "../model/VersionDocument.js"
import * as Url from "../safety/url.js"
import * as Candidate from "./candidate.js"
import type * as Discovery from "./Discovery.js"
import * as DiscoveryPlan from "./discoveryPlan.js"
import type { Consulted } from "./endpointMemory.js"

/** How documents are read during one resolution. */
export interface Reader {
  readonly discovery: Discovery.Service
  /** Documents used by earlier resolutions: the trace shows them as cached. */
  readonly seen: WeakSet<VersionDocument.VersionDocument>
  /** Documents that this resolution has just fetched, to be used again. */
  readonly fetched: ReadonlyArray<Consulted>
  /** Receives each document that the resolution uses. */
  readonly consulted: Array<Consulted>
}

/** The endpoint whose documents are read, and the versions that may be chosen. */
export interface Search {
  readonly candidate: Candidate.Candidate
  readonly range: ApiVersion.Range
  readonly allow: EndpointFilter.Allow | undefined
  readonly plan: DiscoveryPlan.Plan
}

/** The trace's step for one document, with what a `DiscoveryFailed` needs. */
export type DocumentStep =
  & Extract<Step, { readonly _tag: "Document" }>
  & Pick<Errors.DiscoveryAttempt, "status" | "versions">

/** Swift has no version document: a GET of its URL lists containers. */
export const hasNone = (serviceType: string | undefined): boolean =>
  serviceType !== undefined && Option.contains(ServiceType.official(serviceType), "object-store")

/**
 * The first version in the range that a document of the plan offers. Without any document the URL's own version serves,
 * if it is in the range. Fails with `DiscoveryFailed` if no version does.
 */
export const choose = (
  reader: Reader,
  search: Search
): Effect.Effect<EndpointData, Errors.EndpointError, AuthPlugin.AuthPlugin> =>
  Effect.gen(function*() {
    const { allow, candidate, plan, range } = search
    const isOpen = DiscoveryPlan.isOpen(range)
    const steps: Array<DocumentStep> = []
    for (const url of plan.urls) {
      const document = yield* read(reader, url, steps)
      if (document === undefined) {
        continue
      }
      const cached = reader.seen.has(document)
      reader.seen.add(document)
      const found = Option.getOrUndefined(
        VersionDocument.select(document, { range, allow, url: isOpen ? candidate.catalogUrl : undefined })
      )
      if (found !== undefined) {
        return fromVersion(search, found, [...steps, chosenStep(document, found, cached)])
      }
      steps.push(noMatchStep(document, allow, cached))
      // another document could only offer a better version than the one that the URL shows
      if (!plan.matches) {
        break
      }
    }
    if (isOpen && !Candidate.isFromPlugin(candidate)) {
      return Candidate.asEndpoint(candidate, ...steps, { _tag: "AnyVersion" })
    }
    const answered = steps.some((step) => step.outcome === "NoMatchingVersion")
    return plan.matches && plan.urlVersion !== undefined && !answered
      ? Candidate.asEndpoint(candidate, ...steps, { _tag: "UrlVersion", version: plan.urlVersion })
      : yield* failure(candidate, range, steps)
  })

/** The document at a URL. If there is none, the reasons are added to `steps`. */
export const read = (
  { consulted, discovery, fetched }: Reader,
  url: string,
  steps: Array<DocumentStep>
): Effect.Effect<VersionDocument.VersionDocument | undefined, Errors.AuthenticationError, AuthPlugin.AuthPlugin> => {
  const known = fetched.find((document) => document.url === url)?.found
  const document = known === undefined
    ? Effect.catchTag(discovery.document(url), "DiscoveryFailed", Effect.succeed)
    : Effect.succeed(known)
  return Effect.map(document, (found) => {
    consulted.push({ url, found })
    if (!("_tag" in found)) {
      return found
    }
    for (const attempt of found.attempts) {
      steps.push({ _tag: "Document", cached: false, repairedLink: undefined, ...attempt })
    }
    return undefined
  })
}

const chosenStep = (
  document: VersionDocument.VersionDocument,
  found: VersionDocument.VersionData,
  cached: boolean
): DocumentStep => ({
  _tag: "Document",
  url: Url.shown(document.url),
  outcome: "Chosen",
  detail: `offers ${ApiVersion.format(found.version)} (${found.rawStatus ?? found.status})` +
    (found.maxMicroversion === undefined
      ? ""
      : ` with microversions ${found.minMicroversion?.toString() ?? "?"} to ${found.maxMicroversion.toString()}`),
  cached,
  repairedLink: found.link === undefined || found.link === found.url ? undefined : Url.shown(found.link)
})

const noMatchStep = (
  document: VersionDocument.VersionDocument,
  allow: EndpointFilter.Allow | undefined,
  cached: boolean
): DocumentStep => {
  const usable = VersionDocument.allowed(document, allow)
  const name = (data: VersionDocument.VersionData) =>
    usable.includes(data)
      ? ApiVersion.format(data.version)
      : `${ApiVersion.format(data.version)} (${data.rawStatus ?? data.status}, not allowed)`
  const versions = document.versions.map(name)
  const offer = versions.length === 0 ? "no version" : versions.join(", ")
  return {
    _tag: "Document",
    url: Url.shown(document.url),
    outcome: "NoMatchingVersion",
    detail: `offers ${[offer, ...document.problems].join("; ")}`,
    versions,
    cached,
    repairedLink: undefined
  }
}

/** The error if no document offers a version in the range. */
export const failure = (
  candidate: Candidate.Candidate,
  range: ApiVersion.Range,
  steps: ReadonlyArray<DocumentStep>
): Errors.DiscoveryFailed => {
  const attempts = steps.flatMap(({ detail, outcome, status, url, versions }) =>
    outcome === "Chosen" ? [] : [{ detail, outcome, status, url, versions }]
  )
  const has = (outcome: Errors.DiscoveryAttempt["outcome"]) => attempts.some((attempt) => attempt.outcome === outcome)
  return new Errors.DiscoveryFailed({
    reason: has("NoMatchingVersion") || attempts.length === 0
      ? "NoMatchingVersion"
      : has("Unreachable")
      ? "Unreachable"
      : "NotADocument",
    serviceType: candidate.serviceType,
    url: Url.shown(candidate.catalogUrl),
    requested: ApiVersion.formatRange(range),
    attempts
  })
}

const fromVersion = (
  { candidate: { origin, ...candidate }, plan: { projectId, takesUrl } }: Search,
  found: VersionDocument.VersionData,
  steps: ReadonlyArray<Step>
): EndpointData => {
  const versionUrl = Url.withoutQuery(found.url)
  const url = projectId === undefined ? versionUrl : Url.join(versionUrl, projectId)
  return {
    ...candidate,
    trace: [origin, ...steps],
    url,
    requestUrl: takesUrl && !Url.isSame(url, candidate.catalogUrl) ? candidate.catalogUrl : url,
    apiVersion: found.version,
    minMicroversion: found.minMicroversion,
    maxMicroversion: found.maxMicroversion,
    nextMinVersion: found.nextMinVersion,
    notBefore: found.notBefore,
    status: found.status
  }
}

/** The microversions that a version document gives for an endpoint; `undefined` if it gives none. */
export type Microversions = Pick<EndpointData, "minMicroversion" | "maxMicroversion">

/** Where documents about an endpoint may be, by the endpoint's URL. */
export type Plans = (url: string, make: () => DiscoveryPlan.Plan) => DiscoveryPlan.Plan

/** The microversions of an endpoint: its own, or those of a document that is in the cache. No document is fetched. */
export const knownMicroversions = (
  { knownDocument, plans }: { readonly knownDocument: ReturnType<typeof Known.document.of>; readonly plans: Plans },
  endpoint: EndpointData,
  now: Time.Instant
): Microversions => {
  const isFromDocument = endpoint.status !== undefined
  if (isFromDocument || knownDocument === undefined) {
    return endpoint
  }
  const { urls, versioned } = plans(
    endpoint.url,
    () =>
      DiscoveryPlan.make({
        url: endpoint.url,
        range: DiscoveryPlan.anyVersion,
        projectId: undefined,
        rootFirst: true
      })
  )
  for (const url of urls) {
    const found = knownDocument(url, now)?.versions.find((data) => Url.isSame(data.url, versioned ?? endpoint.url))
    if (found !== undefined) {
      return found
    }
  }
  return endpoint
}
