/** What the measured programs talk to: a cloud of documents that never change. */

/** What is asked for, and the token that it is asked with. */
export const path = "/compute/v2.1/servers"
export const token =
  "gAAAAABnQAYhX0Q4b2VnN2tQZ3J5VjJ1M0xkT1ZjcTRfSWJ6YkFtV2tHY1JwdFhqU2hOZUt5RjhVb0xxMXdEaTdZc0JtVHZFbjVQZw"

/** Ten servers of a project, as Nova lists them. */
export const servers = (origin: string) => ({
  servers: Array.from({ length: 10 }, (_, index) => {
    const id = `9168b536-cd40-4630-b43f-b259807c6e${10 + index}`
    return {
      id,
      name: `worker-${index}`,
      links: [
        { rel: "self", href: `${origin}/compute/v2.1/servers/${id}` },
        { rel: "bookmark", href: `${origin}/compute/servers/${id}` }
      ]
    }
  })
})

const nova = (origin: string) => ({
  id: "v2.1",
  status: "CURRENT",
  version: "2.96",
  min_version: "2.1",
  updated: "2013-07-23T11:33:21Z",
  links: [{ rel: "self", href: `${origin}/compute/v2.1/` }]
})

export const version = (origin: string) => ({ version: nova(origin) })

export const versions = (origin: string) => ({ versions: [nova(origin)] })

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

/** The body of a login's answer, with a catalog of so many services: what is asked for is the last of them. */
export const login = (origin: string, services: number, now: number, compute = "compute/v2.1") => ({
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
      service("compute", `${origin}/${compute}`, services - 1)
    ]
  }
})
