/** The service catalog of a token, in the formats of v3 and v2.0. */
import { stableId } from "./ids.js"
import type { ServiceTraits } from "./model.js"
import { catalogPath, pathOf } from "./services.js"
import type { Token } from "./tokens.js"

/** The region whose services a catalog lists. */
export interface Region {
  readonly baseUrl: string
  readonly name: string
  /** Keystone comes first. */
  readonly services: ReadonlyArray<ServiceTraits>
}

const prefixes = { public: "", internal: "/internal", admin: "/admin" }

type Interface = keyof typeof prefixes

/** As in Keystone: an endpoint with this placeholder is not listed for tokens without a project. */
const projectPlaceholder = "%(project_id)s"

interface Listed {
  readonly service: ServiceTraits
  /** `undefined` if the service is not listed for the token. */
  readonly url: ((name: Interface) => string) | undefined
}

const listed = ({ baseUrl, services }: Region, { scope }: Token): ReadonlyArray<Listed> =>
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

export const v3 = (region: Region, token: Token): ReadonlyArray<unknown> =>
  listed(region, token).map(({ service, url }) => ({
    endpoints: url === undefined ? [] : (["public", "internal", "admin"] as const).map((name) => ({
      id: stableId(`endpoint/${service.serviceType}/${name}`),
      interface: name,
      region_id: region.name,
      url: url(name),
      region: region.name
    })),
    id: stableId(`service/${service.serviceType}`),
    type: service.serviceType,
    name: service.name
  }))

export const v2 = (region: Region, token: Token): ReadonlyArray<unknown> =>
  listed(region, token).flatMap(({ service, url }) =>
    url === undefined ? [] : [{
      endpoints: [{
        adminURL: url("admin"),
        region: region.name,
        internalURL: url("internal"),
        id: stableId(`endpoint/${service.serviceType}/v2.0`),
        publicURL: url("public")
      }],
      endpoints_links: [],
      type: service.serviceType,
      name: service.name
    }]
  )
