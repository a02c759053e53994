/**
 * From an endpoint filter to a URL: the catalog's endpoint, and the version document that tells more about it.
 *
 * The order of what is tried follows keystoneauth1 (`discover.py`), with these differences: a document that lacks the
 * version does not end the search, and a service that does not answer never changes silently where a request goes.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Time from "../base/time.js"
import * as Errors from "../Errors.js"
import * as AuthPlugin from "../identity/AuthPlugin.js"
import * as Known from "../identity/known.js"
import type { AccessInfo } from "../model/AccessInfo.js"
import * as ApiVersion from "../model/ApiVersion.js"
import type { EndpointData, EndpointVersions, Step } from "../model/EndpointData.js"
import * as EndpointFilter from "../model/EndpointFilter.js"
import * as ServiceCatalog from "../model/ServiceCatalog.js"
import * as ServiceType from "../model/ServiceType.js"
import * as VersionDocument from "../model/VersionDocument.js"
import * as Url from "../safety/url.js"
import type * as Catalog from "./Catalog.js"
import type * as Discovery from "./Discovery.js"
import * as DiscoveryPlan from "./discoveryPlan.js"
import type { Answer, Consulted, EndpointMemory } from "./endpointMemory.js"

export interface Options {
  /** This URL in place of what the catalog says; `%(project_id)s` and `%(user_id)s` are filled in. */
  readonly endpointOverride?: string | undefined
  /** Ask for the version document even if the URL alone would do. */
  readonly discoverVersions?: boolean | undefined
  /** Never ask for a version document. */
  readonly skipDiscovery?: boolean | undefined
  /** Look below the catalog's URL, where its own version does not do. Default: `true`. */
  readonly allowVersionHack?: boolean | undefined
}

type ResolveError = Errors.EndpointError

/** Where a request goes, before any version document was read. */
interface Candidate extends
  Pick<
    EndpointData,
    "catalogUrl" | "serviceType" | "serviceName" | "serviceId" | "interface" | "regionName" | "endpointId"
  >
{
  /** How it was found. */
  readonly found: Step
}

/** The plugin's one endpoint: all there is to know of it is in its documents. */
const isFixed = ({ found }: Candidate): boolean => found._tag === "Given" && found.by === "plugin"

/** Where the plugin logs in: that URL was read by it. */
const isLogin = ({ found }: Candidate): boolean => found._tag === "Given" && found.by === "auth interface"

/** What a resolution needs of a Session. */
export interface Services {
  readonly catalog: Catalog.Service
  readonly discovery: Discovery.Service
  /** The documents that were used before: to tell in a trace what was known already. */
  readonly seen: WeakSet<VersionDocument.VersionDocument>
  readonly memory: EndpointMemory
  /** Where documents about an endpoint may be, by its URL. */
  readonly plans: (url: string, make: () => DiscoveryPlan.Plan) => DiscoveryPlan.Plan
}

export const resolve = (
  services: Services,
  filter: EndpointFilter.EndpointFilter,
  options: Options
): Effect.Effect<EndpointData, ResolveError, AuthPlugin.AuthPlugin> =>
  Effect.withFiberRuntime((fiber) => {
    const plugin = Context.unsafeGet(fiber.currentContext, AuthPlugin.AuthPlugin)
    const now = Time.ofFiber(fiber)
    const known = peek(services, plugin, Known.access.of(plugin)?.(now), filter, options, now)
    return known === undefined ? ask(services, plugin, filter, options) : Effect.succeed(known)
  })

/** The endpoint, if all that decides it is known without waiting. `access` is what is known of the plugin's token. */
export const peek = (
  services: Services,
  plugin: AuthPlugin.Service,
  access: AccessInfo | undefined,
  filter: EndpointFilter.EndpointFilter,
  options: Options,
  now: Time.Instant
): EndpointData | undefined => {
  const catalog = access === undefined ? undefined : Known.catalog.of(services.catalog)?.(access)
  if (catalog === undefined || !asksCatalog(plugin, filter, options)) {
    return undefined
  }
  const answer = services.memory.recall(catalog, plugin, filter, options)
  const documentOf = Known.document.of(services.discovery)
  return answer?.consulted.every(({ found, url }) => documentOf?.(url, now) === found) === true
    ? answer.endpoint
    : undefined
}

/** The endpoint, where it is not known. What the catalog answers is remembered for as long as it and the documents are the same. */
export const ask = (
  services: Services,
  plugin: AuthPlugin.Service,
  filter: EndpointFilter.EndpointFilter,
  options: Options
): Effect.Effect<EndpointData, ResolveError, AuthPlugin.AuthPlugin> =>
  Effect.suspend(() => {
    const range = ApiVersion.range(filter)
    if (Either.isLeft(range)) {
      return Effect.fail(range.left)
    }
    const question: Question = { plugin, filter, options, range: range.right }
    if (!asksCatalog(plugin, filter, options)) {
      return find({ ...services, consulted: [], fresh: [] }, question)
    }
    return Effect.flatMap(services.catalog.get, (catalog) => {
      const known = services.memory.recall(catalog, plugin, filter, options)
      return known === undefined
        ? learn(services, catalog, question, [])
        : checked(services.discovery, known, 0, (fresh) => learn(services, catalog, question, fresh))
    })
  })

/** What is to be found, and for whom. */
interface Question {
  readonly plugin: AuthPlugin.Service
  readonly filter: EndpointFilter.EndpointFilter
  readonly options: Options
  readonly range: ApiVersion.Range
}

const learn = (
  services: Services,
  catalog: ServiceCatalog.ServiceCatalog,
  question: Question,
  fresh: ReadonlyArray<Consulted>
): Effect.Effect<EndpointData, ResolveError, AuthPlugin.AuthPlugin> =>
  Effect.suspend(() => {
    const { filter, options, plugin } = question
    const consulted: Array<Consulted> = []
    return Effect.map(find({ ...services, consulted, fresh }, question), (endpoint) => {
      if (!endpoint.trace.some(isNew)) {
        services.memory.keep(catalog, plugin, filter, options, { consulted, endpoint })
      }
      return endpoint
    })
  })

/**
 * The endpoint, if the documents are still the same. Those that have become old are renewed by asking for them; what was
 * asked for is not asked for again when one has `changed`.
 */
const checked = (
  discovery: Discovery.Service,
  { consulted, endpoint }: Answer,
  from: number,
  changed: (fresh: ReadonlyArray<Consulted>) => Effect.Effect<EndpointData, ResolveError, AuthPlugin.AuthPlugin>
): Effect.Effect<EndpointData, ResolveError, AuthPlugin.AuthPlugin> => {
  const next = consulted[from]
  if (next === undefined) {
    return Effect.succeed(endpoint)
  }
  const compare = (found: Consulted["found"]) =>
    found === next.found
      ? checked(discovery, { consulted, endpoint }, from + 1, changed)
      : changed([...consulted.slice(0, from), { url: next.url, found }])
  return Effect.matchEffect(discovery.document(next.url), {
    onFailure: (error) => error._tag === "DiscoveryFailed" ? compare(error) : Effect.fail(error),
    onSuccess: compare
  })
}

/** Is it for the catalog to say? */
const asksCatalog = (
  plugin: AuthPlugin.Service,
  filter: EndpointFilter.EndpointFilter,
  options: Options
): boolean =>
  filter.serviceType !== undefined && filter.serviceType !== "" && filter.interface !== "auth" &&
  options.endpointOverride === undefined && Option.isNone(plugin.endpoint(filter))

/** The next one who asks is told that it was known. */
const isNew = (step: Step): boolean =>
  step._tag === "Document" && !step.cached && (step.outcome === "Chosen" || step.outcome === "NoMatchingVersion")

/** A resolution, and the documents that it has asked for. */
interface Finding extends Services {
  readonly consulted: Array<Consulted>
  /** What was just asked for. */
  readonly fresh: ReadonlyArray<Consulted>
}

const find = (
  services: Finding,
  { filter, options, plugin, range }: Question
): Effect.Effect<EndpointData, ResolveError, AuthPlugin.AuthPlugin> =>
  Effect.gen(function*() {
    const candidate = yield* findCandidate(services.catalog, plugin, filter, options)
    const flaw = isLogin(candidate) ? undefined : Url.endpointFlaw(candidate.catalogUrl)
    if (flaw !== undefined) {
      return yield* unusable(candidate, plugin, filter, flaw)
    }
    const open = DiscoveryPlan.isOpen(range)
    // where a plugin logs in is known, whatever a document there would say
    const discovers = !open || (options.discoverVersions === true && filter.interface !== "auth")
    if (options.skipDiscovery === true || !discovers) {
      return asItIs(candidate, {
        _tag: "NotAsked",
        reason: options.skipDiscovery === true ? "discovery is to be skipped" : "no version is asked for"
      })
    }
    // where to log in is asked before anyone has
    const projectId = filter.interface === "auth" ? undefined : Option.getOrUndefined(yield* plugin.projectId)
    const plan = DiscoveryPlan.make(candidate.catalogUrl, range, projectId, {
      rootFirst: !open && options.endpointOverride === undefined && options.allowVersionHack !== false
    })
    if (plan.matchesExactly && options.discoverVersions !== true) {
      return asItIs(candidate, {
        _tag: "NotAsked",
        reason: `the URL shows a version of ${ApiVersion.formatRange(range)}`
      })
    }
    if (hasNoVersionDocument(candidate.serviceType)) {
      return open || plan.matches || plan.urlVersion === undefined
        ? asItIs(candidate, { _tag: "NotAsked", reason: "this service has none" })
        : yield* noSuchVersion(candidate, range, [])
    }
    return yield* discover(services, candidate, range, plan, filter.allow)
  })

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
      return given(url, "auth interface", { ...filter, serviceType: filter.serviceType ?? "identity" })
    }
    if (options.endpointOverride !== undefined) {
      return given((yield* substitute(options.endpointOverride, plugin)).trim(), "override", filter)
    }
    const fixed = plugin.endpoint(filter)
    if (Option.isSome(fixed)) {
      return given(fixed.value.trim(), "plugin", filter)
    }
    if (filter.serviceType === undefined || filter.serviceType === "") {
      return yield* withoutEndpoint(filter, "no serviceType, no endpointOverride and no absolute URL was given")
    }
    const wanted = { ...filter, interface: filter.interface ?? "public" }
    const services = yield* catalog.get
    const found = fromCatalog(services, wanted)
    if (found !== undefined) {
      return found
    }
    // the service may have come after the token
    const newer = yield* catalog.refresh
    const added = Option.isSome(newer) ? fromCatalog(newer.value, wanted) : undefined
    return added ?? (yield* ServiceCatalog.notFound(
      Option.getOrElse(newer, () =>
        services),
      wanted
    ))
  })

const fromCatalog = (
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
    found: {
      _tag: "Catalog",
      chosen: endpoint,
      // only who asks why needs to know of the others
      get excluded() {
        return ServiceCatalog.excluded(catalog, filter)
      }
    }
  }
}

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

/** No service can be at that URL. It is not quoted, since it may hold a password. */
const unusable = (
  candidate: Candidate,
  plugin: AuthPlugin.Service,
  filter: EndpointFilter.EndpointFilter,
  flaw: string
): Errors.EndpointNotFound | Errors.InvalidOptions => {
  const { found } = candidate
  if (found._tag === "Catalog") {
    return withoutEndpoint(
      filter,
      `the catalog's URL for ${ServiceCatalog.describe(found.chosen)} cannot be used: ${flaw}. ` +
        "It is to be put right in Keystone; until then an endpointOverride can say where the service is"
    )
  }
  return isFixed(candidate)
    ? new Errors.InvalidOptions({ module: plugin.name, option: "endpoint", reason: flaw })
    : new Errors.InvalidOptions({ module: "Session", option: "endpointOverride", reason: flaw })
}

const given = (
  url: string,
  by: Extract<Step, { readonly _tag: "Given" }>["by"],
  filter: EndpointFilter.EndpointFilter
): Candidate => ({
  found: { _tag: "Given", by, url },
  catalogUrl: url,
  serviceType: filter.serviceType,
  serviceName: filter.serviceName,
  serviceId: filter.serviceId,
  interface: EndpointFilter.interfaces(filter)?.[0],
  regionName: filter.regionName,
  endpointId: filter.endpointId
})

/** Fills `%(project_id)s` and `%(user_id)s` into an override, each as one segment of a path; any other `%` is text. */
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
        url = url.replaceAll(placeholder, () => Url.segment(id))
      }
    }
    return url
  })

/** What the URL alone tells. */
const asItIs = ({ found, ...candidate }: Candidate, ...steps: ReadonlyArray<Step>): EndpointData => ({
  ...candidate,
  trace: [found, ...steps],
  url: candidate.catalogUrl,
  requestUrl: candidate.catalogUrl,
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
// all versions of all endpoints
// -----------------------------------------------------------------------------

const anyVersion: ApiVersion.Range = { min: undefined, max: undefined }

/** How many endpoints are asked at once. */
const concurrency = 8

export const allVersions = (
  services: Services,
  filter: EndpointFilter.CatalogFilter,
  allow: EndpointFilter.Allow | undefined
): Effect.Effect<ReadonlyArray<EndpointVersions>, ResolveError, AuthPlugin.AuthPlugin> =>
  Effect.gen(function*() {
    const plugin = yield* AuthPlugin.AuthPlugin
    const projectId = Option.getOrUndefined(yield* plugin.projectId)
    const fixed = plugin.endpoint(filter)
    const candidates = Option.isSome(fixed)
      ? [given(fixed.value.trim(), "plugin", filter)]
      : yield* listCandidates(services.catalog, filter)
    return yield* Effect.forEach(
      candidates,
      (candidate) => versionsOf(services, candidate, projectId, allow),
      { concurrency }
    )
  })

/** As in keystoneauth, an endpoint of no region or interface is nobody's choice. */
const listCandidates = (catalog: Catalog.Service, filter: EndpointFilter.CatalogFilter) =>
  Effect.map(catalog.get, (services) =>
    ServiceCatalog.endpoints(services, filter)
      .filter((endpoint) => endpoint.regionName !== undefined && endpoint.interface !== undefined)
      .map((endpoint) => fromEndpoint(services, filter, endpoint)))

const versionsOf = (
  services: Services,
  candidate: Candidate,
  projectId: string | undefined,
  allow: EndpointFilter.Allow | undefined
): Effect.Effect<EndpointVersions, ResolveError, AuthPlugin.AuthPlugin> =>
  Effect.gen(function*() {
    const plan = DiscoveryPlan.make(candidate.catalogUrl, anyVersion, projectId, { rootFirst: true, accounts: true })
    const steps: Array<DocumentStep> = []
    const finding = { ...services, consulted: [], fresh: [] }
    const type = candidate.serviceType ?? ""
    const found = (versions: ReadonlyArray<VersionDocument.VersionData>, failure?: Errors.DiscoveryFailed) => ({
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
      return found([], noSuchVersion(candidate, anyVersion, [{ ...step, cached: false, repairedLink: undefined }]))
    }
    for (const url of hasNoVersionDocument(type) ? [] : plan.urls) {
      const document = yield* tryDocument(finding, url, steps)
      if (document !== undefined) {
        const versions = VersionDocument.allowed(document, allow)
        return found(versions.length === 0 ? inferred(plan) : versions)
      }
    }
    return found(inferred(plan), noSuchVersion(candidate, anyVersion, steps))
  })

/** What the URL alone shows, as a version. */
const inferred = (plan: DiscoveryPlan.Plan): ReadonlyArray<VersionDocument.VersionData> =>
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

// -----------------------------------------------------------------------------
// what the documents say
// -----------------------------------------------------------------------------

type DocumentStep = Extract<Step, { readonly _tag: "Document" }> & Pick<Errors.DiscoveryAttempt, "status" | "versions">

const discover = (
  services: Finding,
  candidate: Candidate,
  range: ApiVersion.Range,
  plan: DiscoveryPlan.Plan,
  allow: EndpointFilter.Allow | undefined
): Effect.Effect<EndpointData, ResolveError, AuthPlugin.AuthPlugin> =>
  Effect.gen(function*() {
    const steps: Array<DocumentStep> = []
    for (const url of plan.urls) {
      const document = yield* tryDocument(services, url, steps)
      if (document === undefined) {
        continue
      }
      const cached = services.seen.has(document)
      services.seen.add(document)
      const found = Option.getOrUndefined(VersionDocument.select(document, {
        range,
        allow,
        url: DiscoveryPlan.isOpen(range) ? candidate.catalogUrl : undefined
      }))
      if (found !== undefined) {
        return fromDocument(candidate, found, plan, [...steps, chosen(document, found, cached)])
      }
      steps.push(lacking(document, allow, cached))
      // other documents can only know better about the version that the URL itself shows
      if (!plan.matches) {
        break
      }
    }
    const answered = steps.some((step) => step.outcome === "NoMatchingVersion")
    if (DiscoveryPlan.isOpen(range) && !isFixed(candidate)) {
      return asItIs(candidate, ...steps, { _tag: "AnyVersion" })
    }
    // without a document the URL speaks for itself, if it shows a version at all
    return plan.matches && plan.urlVersion !== undefined && !answered
      ? asItIs(candidate, ...steps, { _tag: "UrlVersion", version: plan.urlVersion })
      : yield* noSuchVersion(candidate, range, steps)
  })

/** The document at a URL; if there is none, one step more. */
const tryDocument = (
  { consulted, discovery, fresh }: Finding,
  url: string,
  steps: Array<DocumentStep>
): Effect.Effect<VersionDocument.VersionDocument | undefined, Errors.AuthenticationError, AuthPlugin.AuthPlugin> => {
  const known = fresh.find((document) => document.url === url)?.found
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

const chosen = (
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

const lacking = (
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

const noSuchVersion = (
  candidate: Candidate,
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

const fromDocument = (
  { found: how, ...candidate }: Candidate,
  found: VersionDocument.VersionData,
  { projectId, takesUrl }: DiscoveryPlan.Plan,
  steps: ReadonlyArray<Step>
): EndpointData => {
  const url = Url.withoutQuery(found.url)
  const lives = projectId === undefined ? url : Url.join(url, projectId)
  return {
    ...candidate,
    trace: [how, ...steps],
    url: lives,
    requestUrl: takesUrl && !Url.isSame(lives, candidate.catalogUrl) ? candidate.catalogUrl : lives,
    apiVersion: found.version,
    minMicroversion: found.minMicroversion,
    maxMicroversion: found.maxMicroversion,
    nextMinVersion: found.nextMinVersion,
    notBefore: found.notBefore,
    status: found.status
  }
}

// -----------------------------------------------------------------------------
// what is known of an endpoint that was taken as it is
// -----------------------------------------------------------------------------

/** The microversions that a version document tells; what it does not tell is `undefined`. */
export type Described = Pick<EndpointData, "minMicroversion" | "maxMicroversion">

/** An endpoint with what a document tells of it that is there already. None is asked for. */
export const described = (services: Services, endpoint: EndpointData, now: Time.Instant): Described => {
  const documentOf = Known.document.of(services.discovery)
  // it comes from a document
  if (endpoint.status !== undefined || documentOf === undefined) {
    return endpoint
  }
  const { urls, versioned } = services.plans(
    endpoint.url,
    () => DiscoveryPlan.make(endpoint.url, anyVersion, undefined, { rootFirst: true })
  )
  for (const url of urls) {
    const found = documentOf(url, now)?.versions.find((data) => Url.isSame(data.url, versioned ?? endpoint.url))
    if (found !== undefined) {
      return found
    }
  }
  return endpoint
}
