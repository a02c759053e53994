/** What the measured programs talk to: a cloud of static files on loopback, whose server is not the bottleneck. */

/** A project's servers, as Nova lists them: the answer to each measured request. */
export const servers = {
  servers: Array.from({ length: 10 }, (_, index) => ({
    id: `9168b536-cd40-4630-b43f-b259807c6e${10 + index}`,
    name: `worker-${index}`,
    links: [{ rel: "self", href: `http://127.0.0.1/v2.1/servers/9168b536-cd40-4630-b43f-b259807c6e${10 + index}` }]
  }))
}

export const versions = (origin: string) => ({
  version: {
    id: "v2.1",
    status: "CURRENT",
    version: "2.96",
    min_version: "2.1",
    updated: "2013-07-23T11:33:21Z",
    links: [{ rel: "self", href: `${origin}/compute/v2.1/` }]
  }
})

const service = (type: string, url: string, index: number) => ({
  id: `5${String(index).padStart(31, "0")}`,
  name: type,
  type,
  endpoints: ["public", "internal", "admin"].map((name) => ({
    id: `${name}${String(index).padStart(24, "0")}`,
    interface: name,
    region: "RegionOne",
    region_id: "RegionOne",
    url
  }))
})

/** A token with a catalog of so many services: what is asked for is the last of them. */
export const token = (origin: string, services: number, now: number) => ({
  token: {
    methods: ["password"],
    user: { id: "u1", name: "demo", domain: { id: "default", name: "Default" }, password_expires_at: null },
    project: { id: "p1", name: "demo", domain: { id: "default", name: "Default" } },
    roles: [{ id: "r1", name: "member" }],
    is_domain: false,
    issued_at: new Date(now).toISOString(),
    expires_at: new Date(now + 86_400_000).toISOString(),
    audit_ids: ["3T2dc1CGQxyJsHdDu1xkcw"],
    catalog: [
      ...Array.from(
        { length: services - 1 },
        (_, index) => service(`service-${index}`, `${origin}/service-${index}/v1`, index)
      ),
      service("compute", `${origin}/compute/v2.1`, services - 1)
    ]
  }
})
