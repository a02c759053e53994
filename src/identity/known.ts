/**
 * What our own services know without waiting. A warm request asks here first, since the least effect costs more than the
 * answer; where nothing is known, or the service is somebody else's, it asks the service.
 */
import type * as Time from "../base/time.js"
import type * as AccessInfo from "../model/AccessInfo.js"
import type * as ServiceCatalog from "../model/ServiceCatalog.js"
import type * as VersionDocument from "../model/VersionDocument.js"

/** By identity: a service that was made from one of ours answers for itself. */
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

/** By an `AuthPlugin`: the token that its `headers` and `access` would give. */
export const access = register<(now: Time.Instant) => AccessInfo.AccessInfo | undefined>()

/** By a `Catalog`: what `get` would give to who has this token. */
export const catalog = register<(access: AccessInfo.AccessInfo) => ServiceCatalog.ServiceCatalog | undefined>()

/** By a `Discovery`: what `document` would give. */
export const document = register<(url: string, now: Time.Instant) => VersionDocument.VersionDocument | undefined>()
