import { HttpClient, HttpClientRequest, HttpClientResponse } from "@effect/platform"
import { NodeHttpServer } from "@effect/platform-node"
import { assert, describe, it, layer } from "@effect/vitest"
import { Duration, Effect, Fiber, Layer, Redacted, Schema, Stream, TestClock } from "effect"
import { TestCloud } from "effect-keystoneauth/TestCloud"
import * as Cloud from "effect-keystoneauth/TestCloud"
import { createServer } from "node:http"
import { platforms } from "../support.js"

const inMemory = <A, E>(
  effect: Effect.Effect<A, E, TestCloud | HttpClient.HttpClient>,
  options?: Cloud.Options
): Effect.Effect<A, E> => Effect.provide(effect, Cloud.layerHttpClient(options))

// only what the tests read
const Token = Schema.Struct({
  token: Schema.Struct({
    methods: Schema.Array(Schema.String),
    user: Schema.Struct({ id: Schema.String, name: Schema.String, domain: Schema.Unknown }),
    project: Schema.optional(Schema.Struct({ id: Schema.String, name: Schema.String, domain: Schema.Unknown })),
    domain: Schema.optional(Schema.Struct({ id: Schema.String })),
    system: Schema.optional(Schema.Struct({ all: Schema.Boolean })),
    roles: Schema.optional(Schema.Array(Schema.Struct({ id: Schema.String, name: Schema.String }))),
    catalog: Schema.optional(Schema.Array(Schema.Struct({
      type: Schema.String,
      name: Schema.String,
      endpoints: Schema.Array(Schema.Struct({
        interface: Schema.String,
        url: Schema.String,
        region: Schema.String,
        region_id: Schema.String
      }))
    }))),
    application_credential: Schema.optional(Schema.Struct({ id: Schema.String, name: Schema.String })),
    audit_ids: Schema.Array(Schema.String),
    issued_at: Schema.String,
    expires_at: Schema.String
  })
})

const Servers = Schema.Struct({ servers: Schema.Array(Schema.Record({ key: Schema.String, value: Schema.Unknown })) })

const postTokens = (auth: unknown, query = "") =>
  Effect.gen(function*() {
    const cloud = yield* TestCloud
    const request = HttpClientRequest.post(`${cloud.authUrl}/auth/tokens${query}`)
    return yield* HttpClient.execute(HttpClientRequest.bodyUnsafeJson(request, { auth }))
  })

const passwordOf = (account: Cloud.Account) => ({
  methods: ["password"],
  password: {
    user: {
      name: account.username,
      domain: { name: account.userDomainName },
      password: Redacted.value(account.password)
    }
  }
})

const projectOf = (account: Cloud.Account) => ({
  project: { name: account.projectName, domain: { name: account.projectDomainName } }
})

const subject = (response: HttpClientResponse.HttpClientResponse) => response.headers["x-subject-token"] ?? ""

const tokenBody = (response: HttpClientResponse.HttpClientResponse) =>
  Effect.map(HttpClientResponse.schemaBodyJson(Token)(response), ({ token }) => token)

const login = (account: Cloud.Account) =>
  Effect.map(postTokens({ identity: passwordOf(account), scope: projectOf(account) }), subject)

const get = (url: string, token?: string, headers: Record<string, string> = {}) =>
  HttpClient.get(url, { headers: token === undefined ? headers : { ...headers, "X-Auth-Token": token } })

const getAs = (account: Cloud.Account, path: string, headers: Record<string, string> = {}) =>
  Effect.gen(function*() {
    const cloud = yield* TestCloud
    return yield* get(`${cloud.baseUrl}${path}`, yield* login(account), headers)
  })

const serverNames = (account: Cloud.Account) =>
  getAs(account, "/compute/v2.1/servers").pipe(
    Effect.flatMap(HttpClientResponse.schemaBodyJson(Servers)),
    Effect.map(({ servers }) => servers.map((server) => server["name"]))
  )

describe("logins", () => {
  it.effect("with a password, by name and domain, scoped to a project", () =>
    inMemory(Effect.gen(function*() {
      const { accounts: { demo }, baseUrl } = yield* TestCloud
      const response = yield* postTokens({ identity: passwordOf(demo), scope: projectOf(demo) })
      assert.strictEqual(response.status, 201)
      assert.match(subject(response), /^gAAAAA[\w-]{150,}$/)
      assert.strictEqual(response.headers["vary"], "X-Auth-Token")
      assert.match(response.headers["x-openstack-request-id"] ?? "", /^req-[0-9a-f-]{36}$/)
      const token = yield* tokenBody(response)
      assert.deepStrictEqual(token.methods, ["password"])
      assert.strictEqual(token.user.id, demo.userId)
      assert.strictEqual(token.project?.id, demo.projectId)
      assert.deepStrictEqual(token.roles?.map(({ name }) => name), ["member", "reader"])
      assert.strictEqual(token.issued_at, "1970-01-01T00:00:00.000000Z")
      assert.strictEqual(token.expires_at, "1970-01-01T01:00:00.000000Z")
      assert.deepStrictEqual(token.catalog?.map(({ type }) => type), ["identity", "compute", "image", "placement"])
      assert.deepStrictEqual(token.catalog?.[1]?.endpoints.map(({ interface: name, url }) => [name, url]), [
        ["public", `${baseUrl}/compute/v2.1`],
        ["internal", `${baseUrl}/internal/compute/v2.1`],
        ["admin", `${baseUrl}/admin/compute/v2.1`]
      ])
    })))

  it.effect("with a password, by ids; for a default project, unscoped, for domain and system; with nocatalog", () =>
    inMemory(Effect.gen(function*() {
      const { accounts: { admin, demo, tenantB } } = yield* TestCloud
      const identity = {
        methods: ["password"],
        password: { user: { id: demo.userId, password: Redacted.value(demo.password) } }
      }
      const login = (auth: unknown, query?: string) => Effect.flatMap(postTokens(auth, query), tokenBody)
      const byId = yield* login({ identity, scope: { project: { id: demo.projectId } } }, "?nocatalog")
      assert.strictEqual(byId.project?.name, "demo")
      assert.isUndefined(byId.catalog)
      assert.isUndefined((yield* login({ identity })).project)
      assert.strictEqual((yield* login({ identity: passwordOf(tenantB) })).project?.name, "tenant-b")
      const unscoped = yield* login({ identity: passwordOf(tenantB), scope: "unscoped" })
      assert.isUndefined(unscoped.project)
      assert.isUndefined(unscoped.catalog)
      const domain = yield* login({ identity: passwordOf(admin), scope: { domain: { name: "Default" } } })
      assert.strictEqual(domain.domain?.id, "default")
      const system = yield* login({ identity: passwordOf(admin), scope: { system: { all: true } } })
      assert.isTrue(system.system?.all)
    })))

  it.effect("with a token give one that expires with the first", () =>
    inMemory(Effect.gen(function*() {
      const { accounts: { demo } } = yield* TestCloud
      const first = yield* postTokens({ identity: passwordOf(demo), scope: "unscoped" })
      yield* TestClock.adjust("10 minutes")
      const second = yield* postTokens({
        identity: { methods: ["token"], token: { id: subject(first) } },
        scope: projectOf(demo)
      })
      const [before, after] = [yield* tokenBody(first), yield* tokenBody(second)]
      assert.notStrictEqual(subject(first), subject(second))
      assert.strictEqual(after.expires_at, before.expires_at)
      assert.deepStrictEqual(after.methods, ["token", "password"])
      assert.strictEqual(after.audit_ids[1], before.audit_ids[0])
    })))

  it.effect("with an application credential, by id or by name and user, without scope", () =>
    inMemory(Effect.gen(function*() {
      const { accounts: { tenantB }, applicationCredential } = yield* TestCloud
      const secret = Redacted.value(applicationCredential.secret)
      const attempt = (given: object, scope?: unknown) =>
        postTokens({ identity: { methods: ["application_credential"], application_credential: given }, scope })
      const byId = yield* Effect.flatMap(attempt({ id: applicationCredential.id, secret }), tokenBody)
      assert.strictEqual(byId.project?.name, "tenant-b")
      assert.strictEqual(byId.application_credential?.name, applicationCredential.name)
      const user = { name: tenantB.username, domain: { id: "default" } }
      const byName = { name: applicationCredential.name, user, secret }
      assert.strictEqual((yield* attempt(byName)).status, 201)
      assert.strictEqual((yield* attempt({ ...byName, secret: "wrong" })).status, 401)
      assert.strictEqual((yield* attempt({ ...byName, name: "other" })).status, 401)
      assert.strictEqual((yield* attempt({ name: "nobody's", secret })).status, 400)
      assert.strictEqual((yield* attempt({ id: "none", secret })).status, 404)
      assert.strictEqual((yield* attempt({ id: applicationCredential.id, secret }, projectOf(tenantB))).status, 401)
    })))

  it.effect("are refused as by Keystone", () =>
    inMemory(Effect.gen(function*() {
      const { accounts: { admin, demo, tenantB }, authUrl } = yield* TestCloud
      const wrong = yield* postTokens({
        identity: { methods: ["password"], password: { user: { id: demo.userId, password: "wrong" } } }
      })
      assert.strictEqual(wrong.status, 401)
      assert.strictEqual(wrong.headers["www-authenticate"], `Keystone uri="${authUrl}"`)
      assert.deepStrictEqual(yield* wrong.json, {
        error: { code: 401, message: "The request you have made requires authentication.", title: "Unauthorized" }
      })
      const status = (auth: unknown) => Effect.map(postTokens(auth), (response) => response.status)
      const identity = passwordOf(demo)
      assert.strictEqual(yield* status({ identity, scope: projectOf(tenantB) }), 401)
      assert.strictEqual(yield* status({ identity, scope: { domain: { id: "default" } } }), 401)
      assert.strictEqual(yield* status({ identity, scope: { project: { id: "none" } } }), 401)
      assert.strictEqual(yield* status({ identity, scope: { project: { name: "demo" } } }), 400)
      assert.strictEqual(
        yield* status({ identity: { methods: ["password", "totp"], password: identity.password } }),
        400
      )
      assert.strictEqual(yield* status({ identity: { methods: [] } }), 401)
      assert.strictEqual(yield* status({ identity: { methods: ["password"], password: { user: {} } } }), 400)
      assert.strictEqual(yield* status({ identity: { methods: ["token"], token: { id: "none" } } }), 404)
      assert.strictEqual(yield* status({}), 400)
      const mixed = { methods: ["password", "token"], token: { id: yield* login(admin) }, password: identity.password }
      assert.strictEqual(yield* status({ identity: mixed }), 401)
      const notJson = HttpClientRequest.post(`${authUrl}/auth/tokens`).pipe(
        HttpClientRequest.bodyText("{", "application/json")
      )
      assert.strictEqual((yield* HttpClient.execute(notJson)).status, 400)
    })))
})

describe("Keystone's resources", () => {
  it.effect("let owner and admin show and revoke tokens", () =>
    inMemory(Effect.gen(function*() {
      const { accounts: { admin, demo, tenantB }, authUrl } = yield* TestCloud
      const token = yield* login(demo)
      const ask = (method: "GET" | "HEAD" | "DELETE", caller: string) =>
        HttpClient.execute(
          HttpClientRequest.make(method)(`${authUrl}/auth/tokens`, {
            headers: { "X-Auth-Token": caller, "X-Subject-Token": token }
          })
        )
      assert.strictEqual((yield* Effect.flatMap(ask("GET", token), tokenBody)).user.name, "demo")
      const head = yield* ask("HEAD", yield* login(admin))
      assert.strictEqual(head.status, 200)
      assert.strictEqual(yield* head.text, "")
      assert.strictEqual((yield* ask("GET", yield* login(tenantB))).status, 403)
      assert.strictEqual((yield* ask("DELETE", token)).status, 204)
      assert.strictEqual((yield* ask("GET", token)).status, 401)
      assert.strictEqual((yield* ask("GET", yield* login(admin))).status, 404)
    })))

  it.effect("include catalog, projects and users", () =>
    inMemory(Effect.gen(function*() {
      const { accounts: { admin, demo, tenantB }, authUrl } = yield* TestCloud
      const [asDemo, asAdmin] = [yield* login(demo), yield* login(admin)]
      const unscoped = subject(yield* postTokens({ identity: passwordOf(demo), scope: "unscoped" }))
      const status = (path: string, token?: string) => Effect.map(get(`${authUrl}${path}`, token), (r) => r.status)
      assert.strictEqual(yield* status("/auth/catalog", asDemo), 200)
      assert.strictEqual(yield* status("/auth/catalog", unscoped), 403)
      assert.strictEqual(yield* status("/auth/catalog"), 401)
      assert.include(yield* (yield* get(`${authUrl}/auth/projects`, unscoped)).text, demo.projectId)
      assert.strictEqual(yield* status("/projects", asDemo), 403)
      assert.strictEqual(yield* status("/projects", asAdmin), 200)
      assert.strictEqual(yield* status("/users", asDemo), 403)
      assert.strictEqual(yield* status("/users", asAdmin), 200)
      assert.strictEqual(yield* status(`/users/${demo.userId}`, asDemo), 200)
      assert.strictEqual(yield* status(`/users/${tenantB.userId}`, asDemo), 403)
      assert.strictEqual(yield* status("/users/none", asAdmin), 404)
      assert.strictEqual(yield* status("/nothing-here", asAdmin), 404)
      assert.strictEqual(yield* status("/../v2.0"), 404)
    })))
})

describe("tokens", () => {
  it.effect("expire by the Clock after the lifetime that is set", () =>
    inMemory(Effect.gen(function*() {
      const { accounts: { demo }, baseUrl, setTokenLifetime } = yield* TestCloud
      const token = yield* login(demo)
      const status = (token: string) =>
        Effect.map(get(`${baseUrl}/compute/v2.1/servers`, token), (response) => response.status)
      yield* TestClock.adjust("3599 seconds")
      assert.strictEqual(yield* status(token), 200)
      yield* TestClock.adjust("1 second")
      assert.strictEqual(yield* status(token), 401)
      yield* setTokenLifetime("20 seconds")
      const short = yield* login(demo)
      yield* setTokenLifetime("forever")
      const endless = yield* login(demo)
      yield* TestClock.adjust("20 seconds")
      assert.strictEqual(yield* status(short), 401)
      yield* TestClock.adjust(Duration.days(36500))
      assert.strictEqual(yield* status(endless), 200)
    })))

  it.effect("are refused by all services when revoked, of one user or of all", () =>
    inMemory(Effect.gen(function*() {
      const { accounts: { demo, tenantB }, baseUrl, revokeTokens } = yield* TestCloud
      const [first, second] = [yield* login(demo), yield* login(tenantB)]
      const statuses = (token: string) =>
        Effect.forEach(
          ["/compute/v2.1/servers", "/image/v2/images", "/placement/resource_providers", "/identity/v3/auth/projects"],
          (path) => Effect.map(get(`${baseUrl}${path}`, token), (response) => response.status)
        )
      assert.strictEqual(yield* revokeTokens({ user: "demo" }), 1)
      assert.deepStrictEqual(yield* statuses(first), [401, 401, 401, 401])
      assert.deepStrictEqual(yield* statuses(second), [200, 200, 200, 200])
      assert.strictEqual(yield* revokeTokens(), 1)
      assert.deepStrictEqual(yield* statuses(second), [401, 401, 401, 401])
    })))
})

describe("version documents", () => {
  it.effect("need no token, and link to the host of the request", () =>
    inMemory(Effect.gen(function*() {
      const { baseUrl } = yield* TestCloud
      const root = yield* get(`${baseUrl}/internal/compute`)
      assert.strictEqual(root.status, 200)
      assert.deepStrictEqual(yield* root.json, {
        versions: [
          {
            id: "v2.0",
            status: "SUPPORTED",
            version: "",
            min_version: "",
            updated: "2011-01-21T11:33:21Z",
            links: [{ rel: "self", href: `${baseUrl}/internal/compute/v2/` }]
          },
          {
            id: "v2.1",
            status: "CURRENT",
            version: "2.90",
            min_version: "2.1",
            updated: "2013-07-23T11:33:21Z",
            links: [{ rel: "self", href: `${baseUrl}/internal/compute/v2.1/` }]
          }
        ]
      })
      const v21 = yield* get(`${baseUrl}/compute/v2.1/`)
      assert.strictEqual(v21.headers["openstack-api-version"], "compute 2.1")
      assert.include(yield* v21.text, "\"version\":{\"id\":\"v2.1\"")
      const keystone = yield* get(`${baseUrl}/identity`)
      assert.strictEqual(keystone.status, 300)
      assert.strictEqual(keystone.headers["location"], `${baseUrl}/identity/v3/`)
      assert.include(yield* (yield* get(`${baseUrl}/identity/v3`)).text, `"href":"${baseUrl}/identity/v3/"`)
      const glance = yield* get(`${baseUrl}/image/`)
      assert.strictEqual(glance.status, 300)
      assert.include(yield* glance.text, "{\"id\":\"v2.16\",\"status\":\"CURRENT\"")
      assert.deepStrictEqual(yield* (yield* get(`${baseUrl}/placement`)).json, {
        versions: [{
          id: "v1.0",
          max_version: "1.39",
          min_version: "1.0",
          status: "CURRENT",
          links: [{ rel: "self", href: "" }]
        }]
      })
      assert.strictEqual((yield* get(`${baseUrl}/nothing-here`)).status, 404)
      assert.strictEqual((yield* get(`${baseUrl}/image/v1/images`)).status, 404)
    })))
})

describe("services", () => {
  it.effect("negotiate microversions as Nova does", () =>
    inMemory(Effect.gen(function*() {
      const { accounts: { demo } } = yield* TestCloud
      const detail = (headers?: Record<string, string>) => getAs(demo, "/compute/v2.1/servers/detail", headers)
      const first = (response: HttpClientResponse.HttpClientResponse) =>
        Effect.map(HttpClientResponse.schemaBodyJson(Servers)(response), ({ servers }) => servers[0] ?? {})

      const none = yield* detail()
      assert.strictEqual(none.headers["openstack-api-version"], "compute 2.1")
      assert.strictEqual(none.headers["x-openstack-nova-api-version"], "2.1")
      assert.strictEqual(none.headers["vary"], "OpenStack-API-Version, X-OpenStack-Nova-API-Version")
      assert.strictEqual(none.headers["x-compute-request-id"], none.headers["x-openstack-request-id"])
      assert.doesNotHaveAnyKeys(yield* first(none), ["tags", "locked"])
      const old = yield* first(yield* detail({ "X-OpenStack-Nova-API-Version": "2.26" }))
      assert.containsAllKeys(old, ["tags", "locked"])
      assert.include(JSON.stringify(old), "\"flavor\":{\"id\"")
      const latest = yield* detail({ "OpenStack-API-Version": "volume 3.1, compute latest" })
      assert.strictEqual(latest.headers["openstack-api-version"], "compute 2.90")
      assert.include(JSON.stringify(yield* first(latest)), "original_name")
      const high = yield* detail({ "OpenStack-API-Version": "compute 2.91" })
      assert.strictEqual(high.status, 406)
      assert.strictEqual(high.headers["openstack-api-version"], "compute 2.91")
      assert.deepStrictEqual(yield* high.json, {
        computeFault: {
          code: 406,
          message: "Version 2.91 is not supported by the API. Minimum is 2.1 and maximum is 2.90."
        }
      })
      const malformed = yield* detail({ "OpenStack-API-Version": "compute two" })
      assert.strictEqual(malformed.status, 400)
      assert.include(yield* malformed.text, "badRequest")
    })))

  it.effect("have servers of projects, which can be created and deleted", () =>
    inMemory(Effect.gen(function*() {
      const { accounts: { demo, tenantB }, baseUrl } = yield* TestCloud
      assert.deepStrictEqual(yield* serverNames(demo), ["web-1", "web-2"])
      assert.deepStrictEqual(yield* serverNames(tenantB), ["db-1"])
      const [token, other] = [yield* login(demo), yield* login(tenantB)]
      const post = (server: object, headers: Record<string, string> = {}) =>
        HttpClientRequest.post(`${baseUrl}/compute/v2.1/${demo.projectId}/servers`, {
          headers: { ...headers, "X-Auth-Token": token }
        }).pipe(HttpClientRequest.bodyUnsafeJson({ server }), HttpClient.execute)
      const created = yield* post({ name: "web-3", flavorRef: "1" })
      assert.strictEqual(created.status, 202)
      const url = created.headers["location"] ?? ""
      assert.strictEqual((yield* get(url, token)).status, 200)
      const hidden = yield* get(url, other)
      assert.strictEqual(hidden.status, 404)
      assert.include(yield* hidden.text, "itemNotFound")
      const del = HttpClientRequest.del(url, { headers: { "X-Auth-Token": token } })
      assert.strictEqual((yield* HttpClient.execute(del)).status, 204)
      assert.strictEqual((yield* HttpClient.execute(del)).status, 404)
      assert.strictEqual((yield* post({ name: "web-4" })).status, 400)
      const withoutNetworks = { name: "web-4", flavorRef: "1" }
      assert.strictEqual((yield* post(withoutNetworks, { "OpenStack-API-Version": "compute 2.37" })).status, 400)
      assert.strictEqual((yield* get(`${baseUrl}/compute/v2.1/nothing-here`, token)).status, 404)
    })))

  it.effect("answer errors as Glance (HTML or JSON) and Placement (a list)", () =>
    inMemory(Effect.gen(function*() {
      const { accounts: { demo } } = yield* TestCloud
      const html = yield* getAs(demo, "/image/v2/images/none")
      assert.strictEqual(html.status, 404)
      assert.include(html.headers["content-type"], "text/html")
      assert.include(yield* html.text, "No image found with ID none")
      const json = yield* getAs(demo, "/image/v2/images/none", { accept: "application/json" })
      assert.deepStrictEqual(yield* json.json, {
        message: "No image found with ID none<br /><br />\n\n\n",
        code: "404 Not Found",
        title: "Not Found"
      })
      assert.include(yield* (yield* getAs(demo, "/image/v2/images")).text, "cirros")
      const version = { "OpenStack-API-Version": "placement 1.23" }
      const missing = yield* getAs(demo, "/placement/resource_providers/none", version)
      assert.strictEqual(missing.headers["openstack-api-version"], "placement 1.23")
      assert.include(yield* missing.text, "{\"errors\":[{\"status\":404,\"title\":\"Not Found\",\"detail\":\"")
      const high = yield* getAs(demo, "/placement/resource_providers", { "OpenStack-API-Version": "placement 2.0" })
      assert.strictEqual(high.status, 406)
      assert.include(yield* high.text, "\"max_version\":\"1.39\",\"min_version\":\"1.0\"")
    })))

  it.effect("can be added", () => {
    const volumes = Cloud.service({
      serviceType: "block-storage",
      name: "cinder",
      path: "volume",
      microversionName: "volume",
      versions: [{ id: "v3", status: "CURRENT", minVersion: "3.0", maxVersion: "3.70" }],
      catalogPath: (projectId) => `/v3/${projectId}`,
      respond: ({ body, caller, method, microversion, path, refuse }) =>
        Effect.succeed(
          path === "/volumes"
            ? { json: { body, by: caller.userName, in: caller.projectName, method, microversion } }
            : refuse(404, "no such volume")
        )
    })
    return inMemory(
      Effect.gen(function*() {
        const { accounts: { admin, demo }, baseUrl } = yield* TestCloud
        const response = yield* postTokens({ identity: passwordOf(demo), scope: projectOf(demo) })
        const url = (yield* tokenBody(response)).catalog?.[1]?.endpoints[0]?.url ?? ""
        assert.strictEqual(url, `${baseUrl}/volume/v3/${demo.projectId}`)
        const request = HttpClientRequest.post(`${url}/volumes`, {
          headers: { "X-Auth-Token": subject(response), "OpenStack-API-Version": "volume 3.59" }
        })
        const bytes = Stream.make(new TextEncoder().encode("{\"size\":"), new TextEncoder().encode("1}"))
        const answer = yield* HttpClient.execute(
          HttpClientRequest.bodyStream(request, bytes, { contentType: "application/json" })
        )
        assert.deepStrictEqual(yield* answer.json, {
          body: { size: 1 },
          by: "demo",
          in: "demo",
          method: "POST",
          microversion: "3.59"
        })
        assert.include(yield* (yield* get(`${url}/none`, subject(response))).text, "itemNotFound")
        const system = yield* postTokens({ identity: passwordOf(admin), scope: { system: { all: true } } })
        assert.deepStrictEqual((yield* tokenBody(system)).catalog?.[1]?.endpoints, [])
      }),
      { services: [volumes], region: "Elsewhere" }
    )
  })
})

describe("faults", () => {
  const root = Effect.flatMap(TestCloud, ({ baseUrl }) => get(`${baseUrl}/compute`))

  it.effect("answer with a status and the service's own body, as often as asked", () =>
    inMemory(Effect.gen(function*() {
      const { baseUrl, misbehave } = yield* TestCloud
      yield* misbehave({ service: "compute", times: 1, kind: { status: 503 } })
      yield* misbehave({
        path: /\/v3$/g,
        method: "get",
        kind: { status: 429, headers: { "Retry-After": "3" }, body: "slow" }
      })
      const busy = yield* root
      assert.strictEqual(busy.status, 503)
      assert.include(yield* busy.text, "serviceUnavailable")
      assert.strictEqual((yield* root).status, 200)
      for (const _ of [1, 2]) {
        const limited = yield* get(`${baseUrl}/identity/v3`)
        assert.strictEqual(limited.status, 429)
        assert.strictEqual(limited.headers["retry-after"], "3")
        assert.strictEqual(yield* limited.text, "slow")
      }
      yield* misbehave({ service: "image", kind: { status: 401 } })
      assert.strictEqual(
        (yield* get(`${baseUrl}/image`)).headers["www-authenticate"],
        `Keystone uri="${baseUrl}/identity"`
      )
    })))

  it.effect("delay the answer by the Clock, interruptibly, and then apply the next fault", () =>
    inMemory(Effect.gen(function*() {
      const { behave, journal, misbehave } = yield* TestCloud
      yield* misbehave({ kind: { delay: "1 minute" } })
      yield* misbehave({ times: 1, kind: { status: 500 } })
      const first = yield* Effect.fork(root)
      yield* TestClock.adjust("59 seconds")
      assert.isNull(first.unsafePoll())
      yield* TestClock.adjust("1 second")
      assert.strictEqual((yield* Fiber.join(first)).status, 500)
      const second = yield* Effect.fork(root)
      yield* TestClock.adjust("1 second")
      yield* Fiber.interrupt(second)
      assert.deepStrictEqual((yield* journal).map(({ status }) => status), [500, 0])
      yield* behave
      assert.strictEqual((yield* root).status, 200)
    })))

  it.effect("malform bodies", () =>
    inMemory(Effect.gen(function*() {
      const { misbehave } = yield* TestCloud
      const spoilt = (malformed: "json" | "html" | "empty" | "truncated") =>
        Effect.zipRight(misbehave({ times: 1, kind: { malformed } }), root)
      const json = yield* spoilt("json")
      assert.strictEqual(json.headers["content-type"], "application/json")
      assert.strictEqual((yield* Effect.flip(json.json)).reason, "Decode")
      assert.strictEqual((yield* spoilt("html")).headers["content-type"], "text/html")
      assert.strictEqual(yield* (yield* spoilt("empty")).text, "")
      const whole = yield* (yield* root).text
      const half = yield* (yield* spoilt("truncated")).text
      assert.isTrue(half.length > 0 && half.length < whole.length && whole.startsWith(half))
    })))

  it.effect("break connections and redirect; other hosts are not found", () =>
    inMemory(Effect.gen(function*() {
      const { baseUrl, misbehave } = yield* TestCloud
      const failure = (effect: typeof root) =>
        Effect.map(Effect.flip(effect), (error) => {
          assert.strictEqual(error.reason, "Transport")
          assert.instanceOf(error.cause, Error)
          return Reflect.get(Object(error.cause), "code")
        })
      yield* misbehave({ times: 1, kind: { connection: "refused" } })
      assert.strictEqual(yield* failure(root), "ECONNREFUSED")
      yield* misbehave({ times: 1, kind: { connection: "reset" } })
      assert.strictEqual(yield* failure(root), "ECONNRESET")
      assert.strictEqual(yield* failure(get("http://elsewhere.test/")), "ENOTFOUND")
      assert.strictEqual(yield* failure(get("http://cloud.test:81/")), "ECONNREFUSED")
      yield* misbehave({ kind: { redirect: `${baseUrl}/image`, status: 307 } })
      const redirected = yield* root
      assert.strictEqual(redirected.status, 307)
      assert.strictEqual(redirected.headers["location"], `${baseUrl}/image`)
    })))
})

describe("journal", () => {
  it.effect("has the user of each request, and no secrets", () =>
    inMemory(Effect.gen(function*() {
      const { accounts: { demo }, baseUrl, clearJournal, journal, secrets } = yield* TestCloud
      const token = yield* login(demo)
      yield* get(`${baseUrl}/compute/v2.1/servers?marker=${token}`, token, {
        "X-Note": `${token} ${Redacted.value(demo.password)}`,
        "OpenStack-API-Version": "compute 2.79",
        Authorization: "Basic something"
      })
      yield* get(`${baseUrl}/compute/v2.1/servers`, "gAAAAA-forged")
      const [first, second, third] = yield* journal
      assert.deepInclude(first, { method: "POST", service: "identity", status: 201, token: undefined, at: 0 })
      assert.deepInclude(second, {
        path: "/compute/v2.1/servers",
        url: `${baseUrl}/compute/v2.1/servers?marker=token-1`,
        service: "compute",
        token: "token-1",
        user: "demo",
        project: "demo",
        microversion: "2.79",
        status: 200
      })
      assert.deepInclude(second?.headers, {
        "x-auth-token": "token-1",
        "x-note": "token-1 secret",
        authorization: "unknown"
      })
      assert.deepInclude(third, { token: "unknown", user: undefined, status: 401 })
      const known = yield* secrets
      assert.include(known, token)
      assert.include(known, Redacted.value(demo.password))
      const written = JSON.stringify(yield* journal)
      for (const secret of known) assert.notInclude(written, secret)
      yield* clearJournal
      assert.deepStrictEqual(yield* journal, [])
    })))

  it.effect("belongs to one cloud, like all state", () =>
    Effect.gen(function*() {
      const token = yield* inMemory(Effect.flatMap(TestCloud, ({ accounts }) => login(accounts.demo)))
      yield* inMemory(Effect.gen(function*() {
        const { baseUrl, journal } = yield* TestCloud
        assert.strictEqual((yield* get(`${baseUrl}/compute/v2.1/servers`, token)).status, 401)
        assert.strictEqual((yield* journal).length, 1)
      }))
    }))
})

describe("CORS, as oslo.middleware has it", () => {
  const page = "https://dashboard.example.com"

  const preflight = (headers: Record<string, string>) =>
    Effect.gen(function*() {
      const { authUrl } = yield* TestCloud
      const response = yield* HttpClient.execute(
        HttpClientRequest.options(`${authUrl}/auth/tokens`, {
          headers: { origin: page, "access-control-request-method": "POST", ...headers }
        })
      )
      assert.deepStrictEqual([response.status, yield* response.text], [200, ""])
      return Object.fromEntries(
        Object.entries(response.headers).filter(([name]) => /^(access-control-|vary$)/.test(name))
      )
    })

  it.effect("is off by default", () =>
    inMemory(Effect.gen(function*() {
      const { authUrl } = yield* TestCloud
      const response = yield* get(authUrl, undefined, { origin: page })
      assert.notProperty(response.headers, "access-control-allow-origin")
      const options = yield* HttpClient.execute(
        HttpClientRequest.options(authUrl, { headers: { origin: page, "access-control-request-method": "GET" } })
      )
      assert.notProperty(options.headers, "access-control-allow-origin")
    })))

  it.effect("allows in a preflight all that it asks for, or nothing, outside of the journal", () =>
    inMemory(
      Effect.gen(function*() {
        const cloud = yield* TestCloud
        yield* cloud.misbehave({ kind: { status: 503 } })
        assert.deepStrictEqual(
          yield* preflight({ "access-control-request-headers": "x-auth-token,content-type, OpenStack-API-Version" }),
          {
            vary: "Origin",
            "access-control-allow-origin": page,
            "access-control-allow-credentials": "true",
            "access-control-max-age": "3600",
            "access-control-allow-methods": "POST",
            "access-control-allow-headers": "x-auth-token,content-type,OpenStack-API-Version"
          }
        )
        assert.notProperty(yield* preflight({}), "access-control-allow-headers")
        for (
          const refused of [
            { "access-control-request-headers": "x-auth-token,traceparent" },
            { "access-control-request-method": "HEAD" },
            { origin: "https://evil.example.com" },
            { origin: `${page}/` }
          ]
        ) {
          assert.deepStrictEqual(yield* preflight(refused), {}, JSON.stringify(refused))
        }
        assert.deepStrictEqual(yield* cloud.journal, [])
      }),
      { cors: { allowedOrigins: [page] } }
    ))

  it.effect("lets allowed pages read answers and errors, with Vary for caches", () =>
    inMemory(
      Effect.gen(function*() {
        const cloud = yield* TestCloud
        const token = yield* login(cloud.accounts.demo)
        const servers = `${cloud.baseUrl}/compute/v2.1/servers`
        for (
          const answer of [yield* get(servers, token, { origin: page }), yield* get(servers, "x", { origin: page })]
        ) {
          assert.strictEqual(answer.headers["access-control-allow-origin"], page)
          assert.strictEqual(answer.headers["access-control-allow-credentials"], "true")
          assert.include(answer.headers["access-control-expose-headers"], "X-Subject-Token")
          assert.match(answer.headers["vary"] ?? "", /(^|,)Origin$/)
        }
        const stranger = yield* get(servers, token, { origin: "https://evil.example.com" })
        assert.strictEqual(stranger.status, 200)
        assert.notProperty(stranger.headers, "access-control-allow-origin")
        yield* cloud.misbehave({ kind: { status: 502, headers: { "Access-Control-Allow-Origin": "null" } } })
        const proxy = yield* get(servers, token, { origin: page })
        assert.strictEqual(proxy.headers["access-control-allow-origin"], "null")
      }),
      { cors: { allowedOrigins: [page] } }
    ))

  it.effect("can allow any page, other methods and headers, without cookies or caching", () =>
    inMemory(
      Effect.gen(function*() {
        const allowed = yield* preflight({
          "access-control-request-method": "HEAD",
          "access-control-request-headers": "b3"
        })
        assert.deepStrictEqual(allowed, {
          vary: "Origin",
          "access-control-allow-origin": "*",
          "access-control-allow-methods": "HEAD",
          "access-control-allow-headers": "b3"
        })
        const { authUrl } = yield* TestCloud
        const response = yield* get(authUrl, undefined, { origin: page })
        assert.strictEqual(response.headers["access-control-allow-origin"], "*")
        assert.notProperty(response.headers, "access-control-expose-headers")
        assert.notProperty((yield* get(authUrl)).headers, "access-control-allow-origin")
      }),
      {
        cors: {
          allowedOrigins: ["*"],
          allowedMethods: ["HEAD"],
          allowedHeaders: ["B3"],
          exposedHeaders: [],
          allowCredentials: false,
          maxAge: 0
        }
      }
    ))
})

const served = Cloud.layerServer().pipe(Layer.provide(NodeHttpServer.layer(createServer, { port: 0 })))

for (const [name, platform] of Object.entries(platforms)) {
  layer(Layer.merge(Layer.fresh(served), platform), { excludeTestServices: true })(
    `served on loopback, over ${name}`,
    (it) => {
      it.effect("two tenants, version documents, errors", () =>
        Effect.gen(function*() {
          const { accounts: { demo, tenantB }, authUrl, baseUrl, journal } = yield* TestCloud
          assert.match(baseUrl, /^http:\/\/127\.0\.0\.1:\d+$/)
          assert.deepStrictEqual(yield* serverNames(demo), ["web-1", "web-2"])
          assert.deepStrictEqual(yield* serverNames(tenantB), ["db-1"])
          assert.include(yield* (yield* get(`${baseUrl}/admin/image`)).text, `${baseUrl}/admin/image/v2/`)
          const head = yield* HttpClient.head(authUrl)
          assert.strictEqual(head.status, 200)
          assert.strictEqual((yield* get(`${baseUrl}/compute/v2.1/servers`, "none")).status, 401)
          assert.strictEqual((yield* journal)[0]?.url, `${authUrl}/auth/tokens`)
        }))

      it.effect("faults: status, delay, truncated, dropped connection", () =>
        Effect.gen(function*() {
          const { baseUrl, behave, misbehave } = yield* TestCloud
          const root = get(`${baseUrl}/compute`)
          yield* misbehave({ times: 1, kind: { status: 503 } })
          assert.strictEqual((yield* root).status, 503)
          yield* misbehave({ times: 1, kind: { malformed: "truncated" } })
          assert.strictEqual((yield* Effect.flip((yield* root).json)).reason, "Decode")
          yield* misbehave({ times: 1, kind: { connection: "reset" } })
          assert.strictEqual((yield* Effect.flip(root)).reason, "Transport")
          yield* misbehave({ kind: { delay: "1 hour" } })
          assert.strictEqual((yield* Effect.flip(Effect.timeout(root, "50 millis")))._tag, "TimeoutException")
          yield* behave
          assert.strictEqual((yield* root).status, 200)
        }))
    }
  )
}
