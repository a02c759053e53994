/**
 * Endpoints as they were resolved: URL, version, microversions, and the reasons.
 *
 * @since 0.1.0
 */
import type * as Errors from "../Errors.js"
import * as ApiVersion from "./ApiVersion.js"
import type * as Microversion from "./Microversion.js"
import * as ServiceCatalog from "./ServiceCatalog.js"
import type * as VersionDocument from "./VersionDocument.js"

/**
 * An endpoint, chosen from the catalog and, if needed, from a version document. Unknown fields are `undefined`: without
 * discovery, these are all fields that come from a version document.
 *
 * For a filter without a version, the fields describe the newest version. Requests without a version do not go there,
 * but to the catalog's URL (`requestUrl`). A service that lists its versions there answers 300 (`MultipleChoices`).
 *
 * @since 0.1.0
 * @category models
 */
export interface EndpointData {
  /** The URL of the version that the other fields describe. */
  readonly url: string
  /** The URL that requests with the same filter go to. Differs from `url` only for a filter without a version. */
  readonly requestUrl: string
  /** The URL in the catalog, or the override. */
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
  /** The steps that led to this URL. `explain` turns them into text. */
  readonly trace: ReadonlyArray<Step>
}

/**
 * One step in the choice of a URL.
 *
 * - `"Given"`: the URL comes from an override or from the plugin, or is the auth URL
 * - `"Catalog"`: an endpoint was chosen from the catalog
 * - `"Document"`: a version document was read, or could not be read
 * - `"NotAsked"`: no version document was needed
 * - `"UrlVersion"`: there is no version document, and the URL itself shows a version in the range
 * - `"AnyVersion"`: there is no version document, and no version was asked for
 *
 * @since 0.1.0
 * @category models
 */
export type Step =
  | { readonly _tag: "Given"; readonly by: "override" | "plugin" | "auth interface"; readonly url: string }
  | {
    readonly _tag: "Catalog"
    readonly chosen: ServiceCatalog.ServiceEndpoint
    /** The other endpoints of this service, each with the reason why it was not chosen. */
    readonly excluded: ReadonlyArray<ServiceCatalog.Excluded>
  }
  | { readonly _tag: "NotAsked"; readonly reason: string }
  | {
    readonly _tag: "Document"
    readonly url: string
    readonly outcome: "Chosen" | Errors.DiscoveryAttempt["outcome"]
    /** The result as text. */
    readonly detail: string
    /** The document came from the cache. */
    readonly cached: boolean
    /** The document's link, if it had to be corrected. */
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
        `${step.chosen.url} is the catalog's URL for ${ServiceCatalog.describe(step.chosen)}`,
        ...step.excluded.map(({ endpoint, reason }) => `  not ${endpoint.url}: ${reason}`)
      ]
    case "NotAsked":
      return [`no version document is read: ${step.reason}`]
    case "Document":
      return [
        `${step.url} ${step.detail}${step.cached ? " (cached)" : ""}`,
        ...(step.repairedLink === undefined ? [] : [`  its link ${step.repairedLink || "(empty)"} was corrected`])
      ]
    case "UrlVersion":
      return [`without a document, the URL shows version ${ApiVersion.format(step.version)}, which is in the range`]
    case "AnyVersion":
      return ["without a document, the URL is used as it is: no version was asked for"]
  }
}

/**
 * Explains why requests go to this URL, with one line per step.
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
      : [`that version is at ${self.url}; requests with a filter for it go there`]),
    `requests go to ${self.requestUrl}`
  ].join("\n")

/**
 * An endpoint of the catalog with all its versions.
 *
 * @since 0.1.0
 * @category models
 */
export interface EndpointVersions {
  /** The official type, even if the catalog uses an alias. An unknown type is as the catalog spells it. */
  readonly serviceType: string
  readonly serviceName: string | undefined
  readonly interface: string | undefined
  readonly regionName: string | undefined
  /** The URL in the catalog. */
  readonly catalogUrl: string
  /** Newest first. Without a version document, this is the version that the URL shows, if any. */
  readonly versions: ReadonlyArray<VersionDocument.VersionData>
  /** The reason why there is no version document. */
  readonly failure: Errors.DiscoveryFailed | undefined
}
