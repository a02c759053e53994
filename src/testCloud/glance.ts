/** A Glance with public images to read. */
import * as Effect from "effect/Effect"
import { accounts } from "./accounts.js"
import { stableId, stableUuid, timestampInSeconds } from "./ids.js"
import type { Responder, ServiceDefinition } from "./model.js"

const image = (name: string) => {
  const id = stableUuid(`image/${name}`)
  return {
    id,
    name,
    status: "active",
    visibility: "public",
    owner: accounts.admin.projectId,
    protected: false,
    disk_format: "qcow2",
    container_format: "bare",
    size: 21430272,
    virtual_size: null,
    checksum: stableId(`checksum/${name}`),
    min_disk: 0,
    min_ram: 0,
    os_hidden: false,
    tags: [],
    created_at: timestampInSeconds(0),
    updated_at: timestampInSeconds(0),
    self: `/v2/images/${id}`,
    file: `/v2/images/${id}/file`,
    schema: "/v2/schemas/image"
  }
}

const images = ["cirros", "debian-12"].map(image)

const respond: Responder = (request) =>
  Effect.sync(() => {
    const [, id] = /^\/images\/([^/]+)$/.exec(request.path) ?? []
    if (request.method !== "GET") return request.refuse(404)
    if (request.path === "/images") return { json: { images, first: "/v2/images", schema: "/v2/schemas/images" } }
    if (id === undefined) return request.refuse(404)
    const found = images.find((image) => image.id === id)
    return found === undefined ? request.refuse(404, `No image found with ID ${id}`) : { json: found }
  })

const lastMinor = 16

export const service: ServiceDefinition = {
  serviceType: "image",
  name: "glance",
  // every minor version is listed, all at /v2
  versions: Array.from({ length: lastMinor + 1 }, (_, index) => ({
    id: `v2.${lastMinor - index}`,
    status: index === 0 ? "CURRENT" : "SUPPORTED",
    path: "/v2"
  })),
  catalogPath: () => "",
  dialect: "glance",
  start: Effect.succeed(respond)
}
