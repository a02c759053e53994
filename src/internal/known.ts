/**
 * What our own services know without waiting. A warm request asks here first, since the least effect costs more than the
 * answer; where nothing is known, or the service is somebody else's, it asks the service.
 */
import type * as AccessInfo from "../AccessInfo.js"
import type * as AuthPlugin from "../AuthPlugin.js"
import type * as Catalog from "../Catalog.js"
import type * as Discovery from "../Discovery.js"
import type * as ServiceCatalog from "../ServiceCatalog.js"
import type * as VersionDocument from "../VersionDocument.js"

/** By identity: a service that was made from ours answers for itself. */
const register = <Service extends object, Known>() => {
  const known = new WeakMap<Service, Known>()
  return {
    by: (service: Service, answer: Known): Service => {
      known.set(service, answer)
      return service
    },
    of: (service: Service): Known | undefined => known.get(service)
  }
}

/** The token that a plugin's `headers` and `access` would give. */
export const access = register<AuthPlugin.Service, (now: number) => AccessInfo.AccessInfo | undefined>()

/** The catalog that `get` would give. */
export const catalog = register<
  Catalog.Service,
  (access: AccessInfo.AccessInfo) => ServiceCatalog.ServiceCatalog | undefined
>()

/** What `document` would give. */
export const document = register<
  Discovery.Service,
  (url: string, now: number) => VersionDocument.VersionDocument | undefined
>()
