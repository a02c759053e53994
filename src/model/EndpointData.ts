/**
 * Where a request goes, and what is known about the service there.
 *
 * @since 0.1.0
 */
import type * as Errors from "../Errors.js"
import * as ApiVersion from "./ApiVersion.js"
import type * as Microversion from "./Microversion.js"
import * as ServiceCatalog from "./ServiceCatalog.js"
import type * as VersionDocument from "./VersionDocument.js"

/**
 * An endpoint, as it was chosen from the catalog and, where that was needed, from a version document. What is not known
 * is `undefined`; without discovery that is everything that a version document would tell.
 *
 * `endpointData` without a version tells of the newest one. Requests without a version do not go there: they go to the
 * catalog's URL (`requestUrl`), and what the service makes of that is its business. Where that is a list of versions, it answers 300
 * (`MultipleChoices`).
 *
 * @since 0.1.0
 * @category models
 */
export interface EndpointData {
  /** Where the version lives of which the rest tells. */
  readonly url: string
  /** What requests with the same filter are sent to: `url`, but for a filter without a version. */
  readonly requestUrl: string
  /** What the catalog (or the override) says. */
  readonly catalogUrl: string
  readonly serviceType: string | undefined
  readonly serviceName: string | undefined
  readonly serviceId: string | undefined
  readonly interface: string | undefined
  readonly regionName: string | undefined
  readonly endpointId: string | undefined
  readonly apiVersion: ApiVersion.ApiVersion | undefined
  readonly minMicroversion: Microversion.Microversion | undefined
  readonly maxMicroversion: Microversion.Microversion | undefined
  readonly nextMinVersion: Microversion.Microversion | undefined
  readonly notBefore: string | undefined
  readonly status: VersionDocument.Status | undefined
  /** Why this URL: each step of the decision. `explain` puts it in words. */
  readonly trace: ReadonlyArray<Step>
}

/**
 * One step of the decision where a request goes.
 *
 * - `"Given"`: the URL does not come from the catalog, but from an override, from the plugin, or is where it logs in
 * - `"Catalog"`: an endpoint was chosen from the catalog, and others were not
 * - `"Document"`: a URL was asked for its versions
 * - `"NotAsked"`: no document was needed, or none was wanted
 * - `"UrlVersion"`: no document could be had, and the URL itself shows a version that will do
 * - `"AnyVersion"`: no document could be had, and no version was asked for
 *
 * @since 0.1.0
 * @category models
 */
export type Step =
  | { readonly _tag: "Given"; readonly by: "override" | "plugin" | "auth interface"; readonly url: string }
  | {
    readonly _tag: "Catalog"
    readonly chosen: ServiceCatalog.ServiceEndpoint
    /** The other endpoints of this service, and why each is not the one. */
    readonly excluded: ReadonlyArray<ServiceCatalog.Excluded>
  }
  | { readonly _tag: "NotAsked"; readonly reason: string }
  | {
    readonly _tag: "Document"
    readonly url: string
    readonly outcome: "Chosen" | Errors.DiscoveryAttempt["outcome"]
    /** What it said, in words. */
    readonly detail: string
    /** It was there already. */
    readonly cached: boolean
    /** The document's link, where it could not be taken as it was. */
    readonly repairedLink: string | undefined
  }
  | { readonly _tag: "UrlVersion"; readonly version: ApiVersion.ApiVersion }
  | { readonly _tag: "AnyVersion" }

const describeStep = (step: Step): ReadonlyArray<string> => {
  switch (step._tag) {
    case "Given":
      return [`${step.url} is given by the ${step.by}`]
    case "Catalog":
      return [
        `${step.chosen.url} is what the catalog has for ${ServiceCatalog.describe(step.chosen)}`,
        ...step.excluded.map(({ endpoint, reason }) => `  not ${endpoint.url}: ${reason}`)
      ]
    case "NotAsked":
      return [`no version document is asked for: ${step.reason}`]
    case "Document":
      return [
        `${step.url} ${step.detail}${step.cached ? " (known already)" : ""}`,
        ...(step.repairedLink === undefined ? [] : [`  its link ${step.repairedLink || "to nowhere"} was put right`])
      ]
    case "UrlVersion":
      return [`without a document, the URL shows version ${ApiVersion.format(step.version)}, which will do`]
    case "AnyVersion":
      return ["without a document, the URL is taken as it is: no version was asked for"]
  }
}

/**
 * Why requests go to this URL, in a line for each step.
 *
 * @example
 * ```ts
 * import { Console, Effect } from "effect"
 * import { EndpointData, Session } from "effect-keystoneauth"
 *
 * const why = Effect.flatMap(
 *   Session.endpointData({ serviceType: "compute", version: 2 }),
 *   (endpoint) => Console.log(EndpointData.explain(endpoint))
 * )
 * ```
 *
 * @since 0.1.0
 * @category conversions
 */
export const explain = (self: EndpointData): string =>
  [
    ...self.trace.flatMap(describeStep),
    ...(self.url === self.requestUrl
      ? []
      : [`that version lives at ${self.url}; a filter that asks for it leads there`]),
    `requests go to ${self.requestUrl}`
  ].join("\n")

/**
 * An endpoint of the catalog with all versions that live there.
 *
 * @since 0.1.0
 * @category models
 */
export interface EndpointVersions {
  /** The official type, whatever alias the catalog uses; as the catalog spells it if nobody knows it. */
  readonly serviceType: string
  readonly serviceName: string | undefined
  readonly interface: string | undefined
  readonly regionName: string | undefined
  /** What the catalog says. */
  readonly catalogUrl: string
  /** Newest first. If no document can be had: one, which is what the URL shows. */
  readonly versions: ReadonlyArray<VersionDocument.VersionData>
  /** Why no document can be had. */
  readonly failure: Errors.DiscoveryFailed | undefined
}
