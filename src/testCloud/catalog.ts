/** Where the services of the cloud are, as a token of either version tells it. */
import type { Token } from "./identity.js"
import { stableId } from "./ids.js"
import type { ServiceTraits } from "./model.js"
import { catalogPath, pathOf } from "./services.js"

/** The cloud that a catalog is about. */
export interface Place {
  readonly baseUrl: string
  readonly region: string
  /** With Keystone first. */
  readonly services: ReadonlyArray<ServiceTraits>
}

const prefixes = { public: "", internal: "/internal", admin: "/admin" }

type Interface = keyof typeof prefixes

// Keystone's own placeholder; what contains it is not listed for tokens without a project
const projectPlaceholder = "%(project_id)s"

interface Listed {
  readonly service: ServiceTraits
  /** Absent: it has no address for such a token. */
  readonly url: ((name: Interface) => string) | undefined
}

const listed = ({ baseUrl, services }: Place, { scope }: Token): ReadonlyArray<Listed> =>
  services.map((service) => {
    const template = catalogPath(service, projectPlaceholder)
    const path = scope._tag === "Project" ? template.replaceAll(projectPlaceholder, scope.id) : template
    return {
      service,
      url: path.includes(projectPlaceholder)
        ? undefined
        : (name) => `${baseUrl}${prefixes[name]}/${pathOf(service)}${path}`
    }
  })

export const v3 = (place: Place, token: Token): ReadonlyArray<unknown> =>
  listed(place, token).map(({ service, url }) => ({
    endpoints: url === undefined ? [] : (["public", "internal", "admin"] as const).map((name) => ({
      id: stableId(`endpoint/${service.serviceType}/${name}`),
      interface: name,
      region_id: place.region,
      url: url(name),
      region: place.region
    })),
    id: stableId(`service/${service.serviceType}`),
    type: service.serviceType,
    name: service.name
  }))

export const v2 = (place: Place, token: Token): ReadonlyArray<unknown> =>
  listed(place, token).flatMap(({ service, url }) =>
    url === undefined ? [] : [{
      endpoints: [{
        adminURL: url("admin"),
        region: place.region,
        internalURL: url("internal"),
        id: stableId(`endpoint/${service.serviceType}/v2.0`),
        publicURL: url("public")
      }],
      endpoints_links: [],
      type: service.serviceType,
      name: service.name
    }]
  )
