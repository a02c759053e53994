/**
 * From an endpoint filter to a URL: the entry point of this folder.
 *
 * `candidate.ts` finds the service's URL in the override, the plugin or the catalog. `choose`, below, decides whether
 * requests go to that URL as it is. Otherwise `documents.ts` reads version documents, at the URLs that
 * `discoveryPlan.ts` lists, until one offers a version in the range. `endpointMemory.ts` keeps what was found.
 *
 * The order follows keystoneauth1 (`discover.py`), with these differences: a document that lacks the version does not
 * end the search, and a service that does not answer never silently changes where a request goes.
 */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Fiber from "../base/fiber.js"
import * as Memo from "../base/memo.js"
import * as Time from "../base/time.js"
import type * as Errors from "../Errors.js"
import * as AuthPlugin from "../identity/AuthPlugin.js"
import * as Known from "../identity/known.js"
import * as ApiVersion from "../model/ApiVersion.js"
import type { EndpointData, Step } from "../model/EndpointData.js"
import type * as EndpointFilter from "../model/EndpointFilter.js"
import type * as VersionDocument from "../model/VersionDocument.js"
import * as Candidate from "./candidate.js"
import type * as Catalog from "./Catalog.js"
import type * as Discovery from "./Discovery.js"
import * as DiscoveryPlan from "./discoveryPlan.js"
import * as Documents from "./documents.js"
import { type Answer, type Consulted, EndpointMemory } from "./endpointMemory.js"

/** What one Session keeps to resolve endpoints. */
export interface Services {
  readonly catalog: Catalog.Service
  readonly discovery: Discovery.Service
  /** What `catalog` and `discovery` have in their caches; see `known.ts`. Absent for services that are not ours. */
  readonly knownCatalog: ReturnType<typeof Known.catalog.of>
  readonly knownDocument: ReturnType<typeof Known.document.of>
  readonly memory: EndpointMemory
  /** Documents that were used before: a trace shows them as cached. */
  readonly seen: WeakSet<VersionDocument.VersionDocument>
  readonly plans: Documents.Plans
}

export const makeServices = (catalog: Catalog.Service, discovery: Discovery.Service): Services => ({
  catalog,
  discovery,
  knownCatalog: Known.catalog.of(catalog),
  knownDocument: Known.document.of(discovery),
  memory: new EndpointMemory(),
  seen: new WeakSet(),
  plans: Memo.byText(256)
})

type Resolved = Effect.Effect<EndpointData, Errors.EndpointError, AuthPlugin.AuthPlugin>

/** The endpoint for a filter, with the current `AuthPlugin`. */
export const resolve = (
  services: Services,
  filter: EndpointFilter.EndpointFilter,
  options: EndpointFilter.ResolveOptions
): Resolved =>
  Fiber.withFiber((fiber) => {
    const plugin = Fiber.service(fiber, AuthPlugin.AuthPlugin)
    const lookup: Candidate.Lookup = { plugin, filter, options }
    const now = Time.ofFiber(fiber)
    const known = peek(services, lookup, Known.credentials.of(plugin)?.(now), now)
    return known === undefined ? find(services, lookup) : Effect.succeed(known)
  })

/** The remembered endpoint, if what it comes from is in the caches and unchanged. */
export const peek = (
  { knownCatalog, knownDocument, memory }: Services,
  lookup: Candidate.Lookup,
  credentials: Known.Credentials | undefined,
  now: Time.Instant
): EndpointData | undefined => {
  if (credentials === undefined) {
    return undefined
  }
  const own = Candidate.ownEndpoint(lookup)
  const source = !Candidate.isFromCatalog(lookup, own)
    ? credentials
    : credentials.access === undefined
    ? undefined
    : knownCatalog?.(credentials.access)
  const answer = source === undefined
    ? undefined
    : memory.recall(source, lookup, { projectId: credentials.projectId, endpoint: own })
  for (const { found, url } of answer?.consulted ?? nothing) {
    if (knownDocument?.(url, now) !== found) {
      return undefined
    }
  }
  return answer?.endpoint
}

const nothing: ReadonlyArray<Consulted> = []

/** The endpoint, fetching the catalog and version documents if needed. It is remembered for as long as its source. */
export const find = (services: Services, lookup: Candidate.Lookup): Resolved =>
  Effect.suspend(() => {
    const { filter, plugin } = lookup
    const range = ApiVersion.range(filter)
    if (Either.isLeft(range)) {
      return Effect.fail(range.left)
    }
    const own = Candidate.ownEndpoint(lookup)
    const chooseAndKeep = (
      fetched: ReadonlyArray<Consulted>,
      projectId: Effect.Effect<Option.Option<string>, AuthPlugin.Error>,
      keep: (answer: Answer) => void
    ): Resolved => {
      const consulted: Array<Consulted> = []
      const reader = { ...services, fetched, consulted, projectId }
      return Effect.map(choose(services, lookup, range.right, reader), (endpoint) => {
        if (!endpoint.trace.some(isFetched)) {
          keep({ consulted, endpoint })
        }
        return endpoint
      })
    }
    if (!Candidate.isFromCatalog(lookup, own)) {
      return Fiber.withFiber((fiber) => {
        // the auth URL belongs to the plugin, and not to its credentials
        const known = filter.interface === "auth" ? undefined : Known.credentials.of(plugin)
        const credentials = known?.(Time.ofFiber(fiber))
        return chooseAndKeep([], plugin.projectId, (answer) => {
          // ids in the URL are those of the credentials only if these have not changed meanwhile
          const isSame = credentials !== undefined && known?.(Time.ofFiber(fiber)) === credentials
          if (isSame && (own === undefined || answer.endpoint.catalogUrl === own.trim())) {
            services.memory.keep(credentials, lookup, { projectId: credentials.projectId, endpoint: own }, answer)
          }
        })
      })
    }
    return Effect.flatMap(services.catalog.get, (catalog) =>
      Effect.flatMap(plugin.projectId, (projectId) => {
        const contribution = { projectId: Option.getOrUndefined(projectId), endpoint: own }
        const chooseFrom = (fetched: ReadonlyArray<Consulted>) =>
          chooseAndKeep(fetched, Effect.succeed(projectId), (answer) => {
            // an endpoint of a refreshed catalog is kept with that, once `get` gives it
            if (Candidate.isIn(catalog, filter)) {
              services.memory.keep(catalog, lookup, contribution, answer)
            }
          })
        const known = services.memory.recall(catalog, lookup, contribution)
        return known === undefined ? chooseFrom([]) : verify(services.discovery, known, 0, chooseFrom)
      }))
  })

/** Did this resolution fetch the document? The next one finds it in the cache, so its trace differs. */
const isFetched = (step: Step): boolean =>
  step._tag === "Document" && !step.cached && (step.outcome === "Chosen" || step.outcome === "NoMatchingVersion")

/**
 * The remembered endpoint, if its documents are unchanged. Expired documents are fetched again. If one differs,
 * `changed` resolves anew with those already fetched.
 */
const verify = (
  discovery: Discovery.Service,
  answer: Answer,
  from: number,
  changed: (fetched: ReadonlyArray<Consulted>) => Resolved
): Resolved => {
  const { consulted, endpoint } = answer
  const next = consulted[from]
  if (next === undefined) {
    return Effect.succeed(endpoint)
  }
  const compare = (found: Consulted["found"]) =>
    found === next.found
      ? verify(discovery, answer, from + 1, changed)
      : changed([...consulted.slice(0, from), { url: next.url, found }])
  return Effect.matchEffect(discovery.document(next.url), {
    onFailure: (error) => error._tag === "DiscoveryFailed" ? compare(error) : Effect.fail(error),
    onSuccess: compare
  })
}

/** Chooses the URL: the candidate's own, or that of a version in a document. */
const choose = (
  services: Services,
  lookup: Candidate.Lookup,
  range: ApiVersion.Range,
  reader: Documents.Reader & { readonly projectId: Effect.Effect<Option.Option<string>, AuthPlugin.Error> }
): Resolved =>
  Effect.gen(function*() {
    const { filter, options } = lookup
    const candidate = yield* Candidate.find(services.catalog, lookup)
    const notAsked = (reason: string) => Candidate.asEndpoint(candidate, { _tag: "NotAsked", reason })
    const isOpen = DiscoveryPlan.isOpen(range)
    if (options.skipDiscovery === true) {
      return notAsked("skipDiscovery is set")
    }
    // the auth URL needs no document: the plugin has read it
    if (isOpen && (options.discoverVersions !== true || filter.interface === "auth")) {
      return notAsked("no version is asked for")
    }
    // the auth URL is resolved before a login, so there is no project id yet
    const projectId = filter.interface === "auth" ? undefined : Option.getOrUndefined(yield* reader.projectId)
    const plan = DiscoveryPlan.make({
      url: candidate.catalogUrl,
      range,
      projectId,
      rootFirst: !isOpen && options.endpointOverride === undefined && options.allowVersionHack !== false
    })
    if (plan.matchesExactly && options.discoverVersions !== true) {
      return notAsked(`the URL shows a version of ${ApiVersion.formatRange(range)}`)
    }
    if (Documents.hasNone(candidate.serviceType)) {
      return isOpen || plan.matches || plan.urlVersion === undefined
        ? notAsked("this service has none")
        : yield* Documents.failure(candidate, range, [])
    }
    return yield* Documents.choose(reader, { candidate, range, allow: filter.allow, plan })
  })
