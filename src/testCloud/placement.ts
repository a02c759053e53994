/** A Placement with resource providers to read. Its only version is at the root of the service. */
import * as Effect from "effect/Effect"
import { stableUuid } from "./ids.js"
import type { Responder, ServiceDefinition, ServiceRequest } from "./model.js"

const providers = ["compute-1", "compute-2"].map((name) => ({ name, uuid: stableUuid(`provider/${name}`) }))

const view = (request: ServiceRequest) => ({ name, uuid }: (typeof providers)[number]) => ({
  uuid,
  name,
  generation: 0,
  ...(Number(request.microversion?.split(".")[1]) >= 14
    ? { parent_provider_uuid: null, root_provider_uuid: uuid }
    : {}),
  links: ["self", "inventories", "usages"].map((rel) => ({
    rel: rel,
    href: `/placement/resource_providers/${uuid}${rel === "self" ? "" : `/${rel}`}`
  }))
})

const respond: Responder = (request) =>
  Effect.sync(() => {
    const [, uuid] = /^\/resource_providers\/([^/]+)$/.exec(request.path) ?? []
    if (request.method !== "GET") return request.refuse(404)
    if (request.path === "/resource_providers") return { json: { resource_providers: providers.map(view(request)) } }
    if (uuid === undefined) return request.refuse(404)
    const found = providers.find((provider) => provider.uuid === uuid)
    return found === undefined
      ? request.refuse(404, `No resource provider with uuid ${uuid} found`)
      : { json: view(request)(found) }
  })

export const service: ServiceDefinition = {
  serviceType: "placement",
  name: "placement",
  versions: [{ id: "v1.0", status: "CURRENT", minVersion: "1.0", maxVersion: "1.39", path: "" }],
  dialect: "placement",
  start: Effect.succeed(respond)
}
