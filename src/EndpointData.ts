/**
 * Where a request goes, and what is known about the service there.
 *
 * @since 0.1.0
 */
import type * as ApiVersion from "./ApiVersion.js"
import type * as Microversion from "./Microversion.js"
import type * as VersionDocument from "./VersionDocument.js"

/**
 * An endpoint, as it was chosen from the catalog and, where that was needed, from a version document. What is not known
 * is `undefined`; without discovery that is everything that a version document would tell.
 *
 * @since 0.1.0
 * @category models
 */
export interface EndpointData {
  /** What requests are sent to. */
  readonly url: string
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
}
