import { HttpClient, HttpClientRequest } from "@effect/platform"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Layer, Option, Redacted, TestClock } from "effect"
import { AuthPlugin, GenericPassword, GenericToken, Session, Token, V2Password, V2Token } from "effect-keystoneauth"
import * as TestCloud from "effect-keystoneauth/TestCloud"
import { assertTag, Compute, currentToken, projectOf, servers, serviceRequests, shownInLogins } from "../support.js"

const cloudWith = (identity: TestCloud.IdentityOptions, options?: TestCloud.Options) =>
  Layer.provideMerge(Compute.layer, TestCloud.layer({ ...options, identity }))

const old = cloudWith({ versions: ["v2.0"] })

const both = cloudWith({ versions: ["v2.0", "v3"] })

const v2Logins = Effect.flatMap(
  TestCloud.TestCloud,
  (cloud) =>
    Effect.map(
      cloud.journal,
      (journal) => journal.filter(({ method, path }) => method === "POST" && path === "/identity/v2.0/tokens")
    )
)

const post = (body: unknown) =>
  Effect.gen(function*() {
    const cloud = yield* TestCloud.TestCloud
    const request = HttpClientRequest.bodyUnsafeJson(
      HttpClientRequest.post(`${cloud.baseUrl}/identity/v2.0/tokens`),
      body
    )
    const response = yield* HttpClient.execute(request)
    return { status: response.status, body: yield* response.json }
  })

describe("a cloud with Keystone v2.0", () => {
  it.effect("lists its versions, and answers for no others", () =>
    Effect.gen(function*() {
      const statuses = (paths: ReadonlyArray<string>) =>
        Effect.forEach(paths, (path) =>
          Effect.flatMap(TestCloud.TestCloud, ({ baseUrl }) =>
            Effect.map(HttpClient.get(`${baseUrl}/identity${path}`), ({ status }) =>
              status)))
      const ids = Effect.gen(function*() {
        const { baseUrl } = yield* TestCloud.TestCloud
        const body = yield* (yield* HttpClient.get(`${baseUrl}/identity`)).json
        const { versions } = body as { versions: { values: ReadonlyArray<{ id: string; status: string }> } }
        return versions.values.map(({ id, status }) =>
          `${id} ${status}`
        )
      })
      const paths = ["/v2.0", "/v3", "/v2.0/", "/v4", "/v2.0/tenants"]
      assert.deepStrictEqual(yield* Effect.provide(ids, old), ["v2.0 deprecated"])
      assert.deepStrictEqual(yield* Effect.provide(statuses(paths), old), [200, 404, 200, 404, 401])
      assert.deepStrictEqual(yield* Effect.provide(ids, both), ["v3.14 stable", "v2.0 deprecated"])
      assert.deepStrictEqual(yield* Effect.provide(statuses(paths), both), [200, 200, 200, 404, 401])
      assert.deepStrictEqual(yield* Effect.provide(ids, TestCloud.layer()), ["v3.14 stable"])
      assert.deepStrictEqual(yield* Effect.provide(statuses(paths), TestCloud.layer()), [404, 200, 404, 404, 404])
    }))

  it.effect("refuses as v2.0 does", () =>
    Effect.gen(function*() {
      const { accounts: { demo, tenantB } } = yield* TestCloud.TestCloud
      const password = Redacted.value(demo.password)
      const passwordCredentials = { username: "demo", password }
      const status = (auth: unknown) => Effect.map(post({ auth }), ({ status }) => status)
      assert.strictEqual(yield* status({ passwordCredentials }), 200)
      // the name wins, as in Keystone, and a password login ignores the trust
      assert.strictEqual(
        yield* status({ passwordCredentials: { ...passwordCredentials, userId: "no such" }, trust_id: "t" }),
        200
      )
      assert.strictEqual(yield* status({ passwordCredentials: { userId: demo.userId, password } }), 200)
      assert.strictEqual(yield* status({ passwordCredentials: { username: "demo", password: "wrong" } }), 401)
      assert.strictEqual(yield* status({ passwordCredentials: { username: "nobody", password } }), 401)
      assert.strictEqual(yield* status({ passwordCredentials, tenantId: tenantB.projectId }), 401)
      assert.strictEqual(yield* status({ passwordCredentials, tenantName: "nothing" }), 401)
      assert.strictEqual(yield* status({ passwordCredentials: { username: "demo" } }), 400)
      assert.strictEqual(yield* status({ passwordCredentials: { password } }), 400)
      assert.strictEqual(yield* status({}), 400)
      assert.strictEqual(yield* status("no"), 400)
      const token = { id: yield* currentToken }
      assert.strictEqual(yield* status({ token, tenantName: "demo" }), 200)
      assert.strictEqual(yield* status({ token, trust_id: "t" }), 403)
      assert.strictEqual(yield* status({ token: {} }), 400)
      const unknown = yield* post({ auth: { token: { id: "unknown" } } })
      assert.deepStrictEqual(unknown, {
        status: 401,
        body: {
          error: { code: 401, message: "The request you have made requires authentication.", title: "Unauthorized" }
        }
      })
    }).pipe(Effect.provide(old)))

  it.effect("answers in the format of v2.0", () =>
    Effect.gen(function*() {
      const { accounts: { demo } } = yield* TestCloud.TestCloud
      const { body } = yield* post({
        auth: {
          passwordCredentials: { username: "demo", password: Redacted.value(demo.password) },
          tenantName: "demo"
        }
      })
      const { access } = body as { access: Record<string, unknown> & { serviceCatalog: ReadonlyArray<unknown> } }
      assert.deepStrictEqual(Object.keys(access), ["token", "serviceCatalog", "user", "metadata"])
      const { id, audit_ids, ...token } = access["token"] as Record<string, unknown>
      assert.isString(id)
      assert.lengthOf(audit_ids as ReadonlyArray<string>, 1)
      assert.deepStrictEqual(token, {
        issued_at: "1970-01-01T00:00:00.000000Z",
        expires: "1970-01-01T01:00:00Z",
        tenant: { description: "", enabled: true, id: demo.projectId, name: "demo" }
      })
      assert.deepStrictEqual(access["user"], {
        username: "demo",
        roles_links: [],
        id: demo.userId,
        roles: [{ name: "member" }, { name: "reader" }],
        name: "demo"
      })
      const compute = access.serviceCatalog[1] as { endpoints: ReadonlyArray<Record<string, string>> }
      const { id: _, ...urls } = compute.endpoints[0] ?? {}
      assert.deepStrictEqual(urls, {
        adminURL: "http://cloud.test/admin/compute/v2.1",
        region: "RegionOne",
        internalURL: "http://cloud.test/internal/compute/v2.1",
        publicURL: "http://cloud.test/compute/v2.1"
      })
    }).pipe(Effect.provide(old)))

  it.effect("gives a token without an end the last date of the calendar", () =>
    Effect.gen(function*() {
      const access = Option.getOrThrow(yield* AuthPlugin.access)
      assert.strictEqual(access.expiresAt?.epochMillis, Date.parse("9999-12-31T23:59:59Z"))
    }).pipe(Effect.provide(cloudWith({ versions: ["v2.0"] }, { tokenLifetime: "forever" }))))

  it.effect("lists the tenants of the user only", () =>
    Effect.gen(function*() {
      const { baseUrl } = yield* TestCloud.TestCloud
      const request = HttpClientRequest.get(`${baseUrl}/identity/v2.0/tenants`)
      const body = yield* (yield* Session.request(request)).json
      const { tenants } = body as { tenants: ReadonlyArray<{ name: string }> }
      assert.deepStrictEqual(tenants.map(({ name }) => name), ["demo", "further"])
      const missing = yield* Session.request(HttpClientRequest.get(`${baseUrl}/identity/v2.0/nothing`), {
        raiseForStatus: false
      })
      assert.strictEqual(missing.status, 404)
    }).pipe(Effect.provide(cloudWith({ versions: ["v2.0"], projects: ["further"] }))))
})

describe("V2Password", () => {
  const options = Effect.map(TestCloud.TestCloud, ({ accounts: { demo }, authUrl }) => ({
    authUrl,
    password: demo.password
  }))

  it.effect("logs in by name or id, for a tenant by name or id, and an adapter finds the services", () =>
    Effect.gen(function*() {
      const { accounts: { demo } } = yield* TestCloud.TestCloud
      const base = yield* options
      const users = [{ username: "demo" }, { userId: demo.userId }, { username: "demo", userId: "loses" }]
      const tenants = [{ tenantId: demo.projectId }, { tenantName: "demo" }, {
        tenantId: demo.projectId,
        tenantName: "loses"
      }]
      for (const user of users) {
        for (const tenant of tenants) {
          const plugin = V2Password.layer({ ...base, ...user, ...tenant })
          assert.deepStrictEqual(yield* Effect.flatMap(Effect.provide(servers, plugin), projectOf), [demo.projectId])
        }
      }
      for (const { path, project, token } of yield* serviceRequests) {
        assert.strictEqual(path, "/compute/v2.1/servers/detail")
        assert.strictEqual(project, "demo")
        assert.isDefined(token)
      }
      assert.strictEqual((yield* serviceRequests).length, 9)
    }).pipe(Effect.provide(old)))

  it.effect("uses the requested interface and region", () =>
    Effect.gen(function*() {
      const url = (filter: { interface?: "internal" | "admin"; regionName?: string }) =>
        Effect.map(Session.endpointData({ serviceType: "image", ...filter }), ({ url }) => url)
      assert.strictEqual(yield* url({}), "http://cloud.test/image/v2/")
      assert.strictEqual(yield* url({ interface: "internal" }), "http://cloud.test/internal/image/v2/")
      assert.strictEqual(
        yield* url({ interface: "admin", regionName: "RegionOne" }),
        "http://cloud.test/admin/image/v2/"
      )
      assertTag(yield* Effect.flip(url({ regionName: "RegionTwo" })), "EndpointNotFound")
    }).pipe(Effect.provide(old)))

  it.effect("logs in once for 1,000 callers, and once more after a 401", () =>
    Effect.gen(function*() {
      const cloud = yield* TestCloud.TestCloud
      const succeed = (count: number) =>
        Effect.map(
          Effect.all(Array.from({ length: count }, () => servers), { concurrency: "unbounded" }),
          (answers) => assert.isTrue(answers.every(({ status }) => status === 200))
        )
      yield* succeed(1000)
      assert.strictEqual((yield* v2Logins).length, 1)
      yield* cloud.revokeTokens()
      yield* succeed(100)
      assert.deepStrictEqual(yield* shownInLogins, ["password", "password"])
    }).pipe(Effect.provide(old)))

  it.effect("renews its token before it ends", () =>
    Effect.gen(function*() {
      const request = yield* Effect.fork(
        Effect.forEach(Array.from({ length: 60 }), () => Effect.delay(servers, "1 seconds"))
      )
      yield* TestClock.adjust("62 seconds")
      assert.isTrue((yield* Fiber.join(request)).every(({ status }) => status === 200))
      assert.strictEqual((yield* v2Logins).length, 4)
      assert.isTrue((yield* serviceRequests).every(({ status }) => status === 200))
    }).pipe(Effect.provide(cloudWith({ versions: ["v2.0"] }, { tokenLifetime: "20 seconds" }))))

  it.effect("requires a user, and names it when the login is rejected", () =>
    Effect.gen(function*() {
      const base = yield* options
      const login = (more: Partial<V2Password.Options>) =>
        Effect.flip(Effect.provide(servers, V2Password.layer({ ...base, ...more })))
      const nobody = yield* login({})
      assertTag(nobody, "InvalidOptions")
      assert.match(nobody.message, /V2Password: option userId, username: one of them is required/)
      assert.deepStrictEqual(yield* shownInLogins, [])
      const wrong = yield* login({ username: "demo", tenantName: "demo", password: Redacted.make("wrong-secret") })
      assertTag(wrong, "Unauthorized")
      assert.strictEqual(wrong.reason, "LoginRejected")
      assert.match(wrong.message, /user "demo"/)
      assert.match(wrong.message, /project "demo"/)
      assert.notInclude(wrong.message, "wrong-secret")
    }).pipe(Effect.provide(old)))

  it.effect("reauthenticate: false logs in once", () =>
    Effect.gen(function*() {
      const cloud = yield* TestCloud.TestCloud
      const once = V2Password.layer({
        ...(yield* options),
        username: "demo",
        tenantName: "demo",
        reauthenticate: false
      })
      yield* Effect.provide(servers, once)
      yield* cloud.revokeTokens()
      const error = yield* Effect.flip(Effect.provide(servers, once))
      assertTag(error, "Unauthorized")
      assert.strictEqual(error.reason, "TokenNotRenewable")
      assert.lengthOf(yield* v2Logins, 1)
    }).pipe(Effect.provide(old)))

  it.effect("exchanges its token for another tenant, and refuses domains", () =>
    Effect.gen(function*() {
      const here = yield* Effect.flatMap(servers, projectOf)
      const further = TestCloud.TestCloud.pipe(
        Effect.map(({ projects }) => projects.find(({ name }) => name === "further")?.id)
      )
      const there = yield* Effect.flatMap(servers, projectOf).pipe(
        AuthPlugin.withScope({ projectId: yield* further })
      )
      assert.deepStrictEqual(there, [yield* further])
      assert.notDeepEqual(here, there)
      assert.deepStrictEqual(yield* shownInLogins, ["password", "token"])
      const error = yield* Effect.flip(
        AuthPlugin.withScope(servers, { projectName: "further", projectDomainId: "default" })
      )
      assertTag(error, "InvalidOptions")
      assert.match(error.message, /V2Password: option projectDomainId: Keystone v2\.0 knows neither domains nor/)
      assert.lengthOf(yield* v2Logins, 2)
    }).pipe(
      Effect.provide(Layer.provideMerge(
        Compute.layer,
        TestCloud.layer({
          identity: { versions: ["v2.0"], projects: ["further"] },
          services: [TestCloud.compute({
            servers: [{ name: "a", project: "demo" }, { name: "b", project: "further" }]
          })]
        })
      ))
    ))
})

describe("V2Token", () => {
  it.effect("exchanges a token, which ends at the same time and is not renewed", () =>
    Effect.gen(function*() {
      const cloud = yield* TestCloud.TestCloud
      yield* TestClock.adjust("10 minutes")
      const first = Option.getOrThrow(yield* AuthPlugin.access)
      yield* TestClock.adjust("10 minutes")
      const exchanged = V2Token.layer({ authUrl: cloud.authUrl, token: first.token, tenantName: "demo" })
      assert.strictEqual((yield* Effect.provide(servers, exchanged)).status, 200)
      const second = Option.getOrThrow(yield* Effect.provide(AuthPlugin.access, exchanged))
      assert.notStrictEqual(Redacted.value(second.token), Redacted.value(first.token))
      assert.deepStrictEqual(second.expiresAt?.epochMillis, first.expiresAt?.epochMillis)
      assert.strictEqual(second.auditChainId, first.auditId)
      yield* cloud.revokeTokens()
      const error = yield* Effect.flip(Effect.provide(servers, exchanged))
      assertTag(error, "Unauthorized")
      assert.strictEqual(error.reason, "TokenNotRenewable")
    }).pipe(Effect.provide(old)))

  it.effect("a token of one version works with the other", () =>
    Effect.gen(function*() {
      const cloud = yield* TestCloud.TestCloud
      const ofV3 = Redacted.make((yield* currentToken) ?? "")
      const v2 = V2Token.layer({ authUrl: `${cloud.baseUrl}/identity/v2.0`, token: ofV3, tenantName: "demo" })
      assert.strictEqual((yield* Effect.provide(servers, v2)).status, 200)
      const ofV2 = Redacted.make((yield* Effect.provide(currentToken, v2)) ?? "")
      const v3 = Token.layer({ authUrl: cloud.authUrl, token: ofV2, projectId: cloud.accounts.demo.projectId })
      assert.strictEqual((yield* Effect.provide(servers, v3)).status, 200)
    }).pipe(Effect.provide(both)))
})

describe("generic plugins", () => {
  const user = { username: "demo", projectName: "demo" }

  const plugins = Effect.gen(function*() {
    const { accounts: { demo }, baseUrl } = yield* TestCloud.TestCloud
    const authUrl = `${baseUrl}/identity`
    const token = Redacted.make((yield* currentToken) ?? "")
    return {
      password: (more: Partial<GenericPassword.Options>) =>
        GenericPassword.layer({ authUrl, password: demo.password, ...user, ...more }),
      token: (more: Partial<GenericToken.Options>) =>
        GenericToken.layer({ authUrl, token, projectName: "demo", ...more })
    }
  })

  it.effect("use v2.0 without v3, if there are no domains but default ones", () =>
    Effect.gen(function*() {
      const cloud = yield* TestCloud.TestCloud
      const { password, token } = yield* plugins
      yield* cloud.clearJournal
      for (
        const layer of [
          password({}),
          token({}),
          password({ defaultDomainId: "default" }),
          token({ defaultDomainName: "x" })
        ]
      ) {
        assert.deepStrictEqual(yield* Effect.flatMap(Effect.provide(servers, layer), projectOf), [
          cloud.accounts.demo.projectId
        ])
      }
      // the same options share a login
      assert.deepStrictEqual(yield* shownInLogins, ["password", "token"])
      assert.lengthOf((yield* cloud.journal).filter(({ path }) => path === "/identity"), 1)
    }).pipe(Effect.provide(old)))

  it.effect("prefer v3 to v2.0, and say what v3 requires", () =>
    Effect.gen(function*() {
      const { password, token } = yield* plugins
      for (const layer of [password({ defaultDomainId: "default" }), token({ defaultDomainName: "Default" })]) {
        assert.strictEqual((yield* Effect.provide(servers, layer)).status, 200)
      }
      for (const layer of [password({}), token({})]) {
        assertTag(yield* Effect.flip(Effect.provide(servers, layer)), "InvalidOptions")
      }
      assert.lengthOf(yield* v2Logins, 0)
    }).pipe(Effect.provide(both)))

  it.effect("do not leave out options that v2.0 does not have", () =>
    Effect.gen(function*() {
      const cloud = yield* TestCloud.TestCloud
      const { password, token } = yield* plugins
      yield* cloud.clearJournal
      const refused = [
        password({ userDomainId: "default" }),
        password({ userDomainName: "Default" }),
        password({ projectDomainId: "default" }),
        password({ projectName: undefined, domainName: "Default" }),
        password({ projectName: undefined, systemScope: "all" }),
        token({ projectDomainName: "Default" }),
        token({ projectName: undefined, domainId: "default" })
      ]
      for (const layer of refused) {
        const error = yield* Effect.flip(Effect.provide(servers, layer))
        assertTag(error, "DiscoveryFailed")
        assert.match(error.message, /offers v2\.0 only, which cannot be used with \w*[dD]omain\w*|systemScope/)
      }
      assert.deepStrictEqual(yield* shownInLogins, [])
    }).pipe(Effect.provide(old)))

  it.effect("have authState and cacheId", () =>
    Effect.gen(function*() {
      const { accounts: { demo }, baseUrl } = yield* TestCloud.TestCloud
      const make = (more: Partial<GenericPassword.Options>) =>
        GenericPassword.make({ authUrl: `${baseUrl}/identity`, password: demo.password, ...user, ...more })
      const first = yield* make({})
      const again = yield* make({})
      const other = yield* make({ projectName: "another" })
      assert.deepStrictEqual(yield* first.cacheId, yield* again.cacheId)
      assert.notDeepEqual(yield* first.cacheId, yield* other.cacheId)
      assert.isTrue(Option.isNone(yield* first.authState))
      const { "x-auth-token": token } = yield* first.headers
      const state = Option.getOrThrow(yield* first.authState)
      // in a new Session
      const kept = yield* Effect.gen(function*() {
        const plugin = yield* make({})
        yield* plugin.setAuthState(state)
        return yield* plugin.headers
      }).pipe(Effect.provide(Layer.fresh(Session.layer())))
      assert.strictEqual(kept["x-auth-token"], token)
      assert.lengthOf(yield* v2Logins, 1)
      assertTag(yield* Effect.flip(first.setAuthState(Redacted.make("{}"))), "InvalidOptions")
      yield* first.setAuthState(Redacted.make(""))
      assert.isTrue(Option.isNone(yield* first.authState))
    }).pipe(Effect.provide(old)))
})
