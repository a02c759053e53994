/** A Nova with servers. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { accounts, projectNamed, users } from "./accounts.js"
import { randomUuid, stableId, stableUuid, timestampInSeconds } from "./ids.js"
import type { Answer, Responder, ServerSeed, ServiceDefinition, ServiceRequest } from "./model.js"

interface Server {
  readonly id: string
  readonly name: string
  readonly projectId: string
  readonly userId: string
  readonly status: string
  readonly created: string
  readonly tags: ReadonlyArray<string>
}

const defaultSeeds: ReadonlyArray<ServerSeed> = [
  { project: "demo", name: "web-1", tags: ["front"] },
  { project: "demo", name: "web-2", tags: ["front"] },
  { project: "tenant-b", name: "db-1" }
]

const fromSeed = (created: string) => (seed: ServerSeed): Server => {
  const owner = users.find((user) => user.projectName === seed.project) ?? accounts.demo
  return {
    id: seed.id ?? stableUuid(`server/${seed.project}/${seed.name}`),
    name: seed.name,
    projectId: projectNamed(seed.project).id,
    userId: owner.userId,
    status: seed.status ?? "ACTIVE",
    created,
    tags: seed.tags ?? []
  }
}

/** Whether a field is in this microversion. A version without microversions has only the oldest fields. */
const since = (request: ServiceRequest, minor: number): boolean =>
  Number(request.microversion?.split(".")[1] ?? 0) >= minor

const link = (rel: string, href: string) => ({ rel, href })

const links = (request: ServiceRequest, path: string) => [
  link("self", `${request.versionUrl}${path}`),
  link("bookmark", `${request.versionUrl.replace(/\/v[\d.]+$/, "")}${path}`)
]

const brief = (request: ServiceRequest, server: Server) => ({
  id: server.id,
  name: server.name,
  links: links(request, `/servers/${server.id}`)
})

const flavor = (request: ServiceRequest) =>
  since(request, 47)
    ? { vcpus: 1, ram: 512, disk: 1, ephemeral: 0, swap: 0, original_name: "m1.tiny", extra_specs: {} }
    : { id: "1", links: links(request, "/flavors/1").slice(1) }

const detailed = (request: ServiceRequest, server: Server) => ({
  ...brief(request, server),
  status: server.status,
  tenant_id: server.projectId,
  user_id: server.userId,
  metadata: {},
  hostId: stableId(`host/${server.projectId}`),
  image: { id: stableUuid("image/cirros"), links: links(request, `/images/${stableUuid("image/cirros")}`).slice(1) },
  flavor: flavor(request),
  created: server.created,
  updated: server.created,
  addresses: {},
  accessIPv4: "",
  accessIPv6: "",
  "OS-DCF:diskConfig": "MANUAL",
  progress: 0,
  "OS-EXT-AZ:availability_zone": "nova",
  config_drive: "",
  key_name: null,
  "OS-EXT-STS:task_state": null,
  "OS-EXT-STS:vm_state": server.status === "BUILD" ? "building" : server.status.toLowerCase(),
  "OS-EXT-STS:power_state": server.status === "ACTIVE" ? 1 : 0,
  "os-extended-volumes:volumes_attached": [],
  ...(since(request, 9) ? { locked: false } : {}),
  ...(since(request, 19) ? { description: null } : {}),
  ...(since(request, 26) ? { tags: server.tags } : {}),
  ...(since(request, 73) ? { locked_reason: null } : {})
})

const NewServer = Schema.Struct({
  server: Schema.Struct({
    name: Schema.String,
    flavorRef: Schema.Union(Schema.String, Schema.Number),
    imageRef: Schema.optional(Schema.String),
    networks: Schema.optional(Schema.Unknown),
    tags: Schema.optional(Schema.Array(Schema.String))
  })
})

const decodeNewServer = Schema.decodeUnknownOption(NewServer)

const invalid = (message: string) => `Invalid input for field/attribute server. ${message}`

const responder = (servers: Map<string, Server>): Responder => {
  const own = ({ caller }: ServiceRequest) =>
    [...servers.values()].filter((server) => server.projectId === caller.projectId)

  const list = (request: ServiceRequest, view: typeof brief): Answer => ({
    json: { servers: own(request).map((server) => view(request, server)) }
  })

  const create = (request: ServiceRequest): Effect.Effect<Answer> =>
    Effect.gen(function*() {
      const { caller } = request
      const decoded = decodeNewServer(request.body)
      if (Option.isNone(decoded)) return request.refuse(400, invalid("'name' and 'flavorRef' are required properties"))
      const { name, networks, tags } = decoded.value.server
      if (networks === undefined && since(request, 37)) {
        return request.refuse(400, invalid("'networks' is a required property"))
      }
      if (caller.projectId === undefined) {
        return request.refuse(403, "Policy doesn't allow os_compute_api:servers:create")
      }
      const id = yield* randomUuid
      const created = timestampInSeconds(yield* Clock.currentTimeMillis)
      const { projectId, userId } = caller
      servers.set(id, { id, name, projectId, userId, status: "BUILD", created, tags: tags ?? [] })
      return {
        status: 202,
        headers: { Location: `${request.versionUrl}/servers/${id}` },
        json: {
          server: {
            id,
            links: links(request, `/servers/${id}`),
            "OS-DCF:diskConfig": "MANUAL",
            security_groups: [{ name: "default" }]
          }
        }
      }
    })

  const oneServer = (request: ServiceRequest, id: string): Answer => {
    const server = own(request).find((server) => server.id === id)
    if (server === undefined) return request.refuse(404, `Instance ${id} could not be found.`)
    if (request.method === "GET") return { json: { server: detailed(request, server) } }
    if (request.method !== "DELETE") return request.refuse(405)
    servers.delete(id)
    return { status: 204 }
  }

  return (request) =>
    Effect.suspend(() => {
      switch (`${request.method} ${request.path}`) {
        case "GET /servers":
          return Effect.succeed(list(request, brief))
        case "GET /servers/detail":
          return Effect.succeed(list(request, detailed))
        case "POST /servers":
          return create(request)
      }
      const [, id] = /^\/servers\/([^/]+)$/.exec(request.path) ?? []
      return Effect.succeed(id === undefined ? request.refuse(404) : oneServer(request, id))
    })
}

export const compute = (seeds: ReadonlyArray<ServerSeed> = defaultSeeds): ServiceDefinition => ({
  serviceType: "compute",
  name: "nova",
  versions: [
    { id: "v2.0", status: "SUPPORTED", path: "/v2" },
    { id: "v2.1", status: "CURRENT", minVersion: "2.1", maxVersion: "2.90" }
  ],
  microversionHeader: "X-OpenStack-Nova-API-Version",
  start: Effect.map(Clock.currentTimeMillis, (now) =>
    responder(
      new Map(seeds.map(fromSeed(timestampInSeconds(now))).map((server): [string, Server] => [server.id, server]))
    ))
})
