/**
 * Reads the caches of our own services synchronously: tokens, catalogs and version documents.
 *
 * This bypasses the services' effects, for speed only: without it a warm request takes 46 to 56 µs of CPU time
 * instead of 33 to 40 µs (over an in-memory HttpClient). A request looks here first. If the value is not in the
 * cache, or the service is not ours (another `AuthPlugin`, a `Catalog` in a test), it runs the service's effect, with
 * the same result.
 */
import type * as Time from "../base/time.js"
import type * as AccessInfo from "../model/AccessInfo.js"
import type * as ServiceCatalog from "../model/ServiceCatalog.js"
import type * as VersionDocument from "../model/VersionDocument.js"

/** Keyed by the service object itself: a service that wraps one of ours is not found here, and runs its own effects. */
const register = <Answer>() => {
  const answers = new WeakMap<object, Answer>()
  return {
    by: <Service extends object>(service: Service, answer: Answer): Service => {
      answers.set(service, answer)
      return service
    },
    of: (service: object): Answer | undefined => answers.get(service)
  }
}

/** For an `AuthPlugin`: the token that its `headers` and `access` would give. */
export const access = register<(now: Time.Instant) => AccessInfo.AccessInfo | undefined>()

/** For a `Catalog`: the catalog that `get` would give with this token. */
export const catalog = register<(access: AccessInfo.AccessInfo) => ServiceCatalog.ServiceCatalog | undefined>()

/** For a `Discovery`: the document that `document` would give. */
export const document = register<(url: string, now: Time.Instant) => VersionDocument.VersionDocument | undefined>()
