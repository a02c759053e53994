import { HttpClientRequest } from "@effect/platform"
import { assert } from "@effect/vitest"
import { DateTime, Duration, Effect, Layer, Option } from "effect"
import { AccessInfo, ApplicationCredential, AuthPlugin, Password, Session, Token } from "effect-keystoneauth"
import * as Support from "./support.js"

const get = (path: string, serviceType: string) =>
  Session.request(HttpClientRequest.get(path), { endpointFilter: { serviceType, regionName: "RegionOne" } })

const servers = Effect.flatMap(get("/servers", "compute"), Support.decode(Support.Servers))

/** The identity, and Nova's word that it is good. */
const used = Effect.zipLeft(Support.access, servers)

const assertDemo = (
  info: AccessInfo.AccessInfo,
  { projects, users }: Effect.Effect.Success<typeof Support.fixtures>
) => {
  assert.deepStrictEqual(info.methods, ["password"])
  assert.strictEqual(info.userId, users.demo.id)
  assert.strictEqual(info.userName, "demo")
  assert.strictEqual(info.userDomainId, "default")
  assert.strictEqual(info.userDomainName, "Default")
  assert.strictEqual(info.projectId, projects.demo.id)
  assert.strictEqual(info.projectName, "demo")
  assert.strictEqual(info.projectDomainName, "Default")
  assert.strictEqual(info.domainId, undefined)
  assert.strictEqual(info.systemScoped, false)
  assert.deepStrictEqual(Support.roleNames(info), ["member", "reader"])
}

Support.onOpenStack("Password", (test) => {
  test("by name and domain, for a project by name and domain", () =>
    Effect.gen(function*() {
      const info = yield* used
      assertDemo(info, yield* Support.fixtures)
      assert.deepStrictEqual(AccessInfo.lifetime(info), Option.some(Duration.seconds(3600)))
      const expiresAt = info.expiresAt
      assert(expiresAt !== undefined)
      const left = DateTime.distance(yield* DateTime.now, expiresAt)
      assert.isTrue(left > 3_500_000 && left <= 3_600_000, `${left} ms`)
      assert.isString(info.auditId)
      assert.isDefined(info.catalog)
    }).pipe(Effect.provide(Support.password()), Effect.provide(Support.session())))

  test("by user id, for a project by id", () =>
    Effect.gen(function*() {
      const fixtures = yield* Support.fixtures
      const demo = Password.layer({
        authUrl: fixtures.auth_url,
        userId: fixtures.users.demo.id,
        password: fixtures.users.demo.password,
        projectId: fixtures.projects.demo.id
      })
      assertDemo(yield* Effect.provide(used, demo), fixtures)
    }).pipe(Effect.provide(Support.session())))

  test("by domain ids", () =>
    Effect.gen(function*() {
      const fixtures = yield* Support.fixtures
      const demo = Support.password("demo", {
        userDomainName: undefined,
        userDomainId: "default",
        projectName: "demo",
        projectDomainId: "default"
      })
      assertDemo(yield* Effect.provide(used, demo), fixtures)
    }).pipe(Effect.provide(Support.session())))

  test("at an auth URL without version, and with a slash at the end", () =>
    Effect.gen(function*() {
      const fixtures = yield* Support.fixtures
      for (
        const authUrl of [fixtures.auth_url_unversioned, `${fixtures.auth_url_unversioned}/`, `${fixtures.auth_url}/`]
      ) {
        const demo = Support.password("demo", { ...Support.demoProject, authUrl })
        assertDemo(yield* Effect.provide(used, demo), fixtures)
      }
      // the same place, however it is written: one login
      assert.strictEqual(yield* Effect.flatMap(Support.Wire, (wire) => wire.logins), 1)
    }).pipe(Effect.provide(Support.session())))

  test("at a Keystone below a path", () =>
    Effect.gen(function*() {
      const fixtures = yield* Support.fixtures
      for (const authUrl of ["http://127.0.0.4:8080/identity", "http://127.0.0.4:8080/identity/v3/"]) {
        assertDemo(yield* Effect.provide(used, Support.password("demo", { ...Support.demoProject, authUrl })), fixtures)
      }
    }).pipe(Effect.provide(Support.session())))

  test("the same name in another domain is someone else", () =>
    Effect.gen(function*() {
      const { domains, projects, users } = yield* Support.fixtures
      const info = yield* Effect.provide(
        used,
        Support.password("second-demo", { projectName: "second-project", projectDomainName: "second" })
      )
      assert.strictEqual(info.userName, "demo")
      assert.strictEqual(info.userId, users["second-demo"].id)
      assert.strictEqual(info.userDomainId, domains.second)
      assert.strictEqual(info.projectId, projects.second.id)
      assert.strictEqual(info.projectDomainId, domains.second)
    }).pipe(Effect.provide(Support.session())))

  test("for a domain, by name and by id", () =>
    Effect.gen(function*() {
      const { domains, users } = yield* Support.fixtures
      for (const scope of [{ domainName: "second" }, { domainId: domains.second }]) {
        const { found, info } = yield* Effect.all({
          info: Support.access,
          found: Effect.flatMap(get(`/users?domain_id=${domains.second}`, "identity"), Support.decode(Support.Users))
        }).pipe(Effect.provide(Support.password("domain-admin", scope)))
        assert.strictEqual(info.domainId, domains.second)
        assert.strictEqual(info.domainName, "second")
        assert.strictEqual(info.projectId, undefined)
        assert.include(Support.roleNames(info), "admin")
        assert.include(found.users.map((user) => user.id), users["second-demo"].id)
        assert.notInclude(found.users.map((user) => user.id), users.demo.id)
      }
    }).pipe(Effect.provide(Support.session())))

  test("for the system", () =>
    Effect.gen(function*() {
      const { users } = yield* Support.fixtures
      const info = yield* Support.access
      assert.isTrue(info.systemScoped)
      assert.strictEqual(info.projectId, undefined)
      assert.strictEqual(info.domainId, undefined)
      // of all domains
      const found = yield* Effect.flatMap(get("/users", "identity"), Support.decode(Support.Users))
      assert.includeMembers(found.users.map((user) => user.id), [users.demo.id, users["second-demo"].id])
    }).pipe(
      Effect.provide(Support.password("system-admin", { systemScope: "all" })),
      Effect.provide(Support.session())
    ))

  test("for nothing yet: no project and no catalog, but Keystone answers", () =>
    Effect.gen(function*() {
      const { projects } = yield* Support.fixtures
      const info = yield* Support.access
      assert.strictEqual(info.projectId, undefined)
      assert.strictEqual(info.catalog, undefined)
      assert.deepStrictEqual(info.roles, [])
      const found = yield* Effect.flatMap(
        Session.request(HttpClientRequest.get("/auth/projects"), { endpointFilter: { interface: "auth" } }),
        Support.decode(Support.Projects)
      )
      assert.sameMembers(
        found.projects.map((project) => project.id),
        [projects.demo.id, projects.alt.id, projects.disabled.id]
      )
      const error = yield* Support.failure(servers, "EndpointNotFound")
      Support.says(error, "The catalog is empty", "scoped to a project")
    }).pipe(
      Effect.provide(Support.password("demo", { unscoped: true })),
      Effect.provide(Support.session())
    ))

  test("a default project is taken when no scope is given, and not with unscoped", () =>
    Effect.gen(function*() {
      const { projects } = yield* Support.fixtures
      const byDefault = yield* Effect.provide(used, Support.password("default-project-user", {}))
      assert.strictEqual(byDefault.projectId, projects.demo.id)
      const unscoped = yield* Effect.provide(
        Support.access,
        Support.password("default-project-user", { unscoped: true })
      )
      assert.strictEqual(unscoped.projectId, undefined)
      assert.notStrictEqual(Support.tokenOf(unscoped), Support.tokenOf(byDefault))
    }).pipe(Effect.provide(Support.session())))

  test("without the catalog", () =>
    Effect.gen(function*() {
      const { projects } = yield* Support.fixtures
      const info = yield* Support.access
      assert.strictEqual(info.projectId, projects.demo.id)
      assert.strictEqual(info.catalog, undefined)
      yield* Session.request(HttpClientRequest.get("http://127.0.0.1:8774/v2.1/servers"))
    }).pipe(
      Effect.provide(Support.password("demo", { ...Support.demoProject, includeCatalog: false })),
      Effect.provide(Support.session())
    ))
})

Support.onOpenStack("Token", (test) => {
  const exchanged = (from: Layer.Layer<AuthPlugin.AuthPlugin, never, Session.Session | Support.Cloud>) =>
    Effect.gen(function*() {
      const { auth_url } = yield* Support.fixtures
      const parent = yield* Effect.provide(Support.access, from)
      return {
        parent,
        alt: Token.layer({
          authUrl: auth_url,
          token: parent.token,
          projectName: "alt",
          projectDomainName: "Default"
        })
      }
    })

  for (
    const [what, from] of [
      ["of project demo", Support.password()],
      ["for nothing yet", Support.password("demo", { unscoped: true })]
    ] as const
  ) {
    test(`from a password's token ${what} to one for project alt`, () =>
      Effect.gen(function*() {
        const { projects, users } = yield* Support.fixtures
        const { alt, parent } = yield* exchanged(from)
        const { info, seen } = yield* Effect.all({
          info: used,
          seen: Effect.flatMap(get("/v2.0/quotas/project", "network"), Support.decode(Support.SeenProject))
        }).pipe(Effect.provide(alt))
        assert.strictEqual(info.userId, users.demo.id)
        assert.strictEqual(info.projectId, projects.alt.id)
        assert.strictEqual(seen.project.project_id, projects.alt.id)
        assert.sameMembers([...info.methods], ["password", "token"])
        assert.notStrictEqual(Support.tokenOf(info), Support.tokenOf(parent))
        // it ends when the one that it came from ends
        assert.deepStrictEqual(info.expiresAt, parent.expiresAt)
      }).pipe(Effect.provide(Support.session())))
  }

  test("cannot be renewed once the token that it came from is revoked", () =>
    Effect.gen(function*() {
      const { auth_url } = yield* Support.fixtures
      const { alt, parent } = yield* exchanged(Support.password())
      yield* Effect.gen(function*() {
        const info = yield* used
        for (const token of [Support.tokenOf(info), Support.tokenOf(parent)]) {
          yield* Session.request(
            HttpClientRequest.del(`${auth_url}/auth/tokens`, { headers: { "x-subject-token": token } })
          )
            .pipe(Effect.provide(Support.admin))
        }
        const error = yield* Support.failure(servers, "Unauthorized")
        assert.strictEqual(error.reason, "TokenNotRenewable")
        Support.says(error, "cannot be renewed")
        assert.notInclude(error.message, Support.tokenOf(parent))
      }).pipe(Effect.provide(alt))
    }).pipe(Effect.provide(Support.session())))
})

Support.onOpenStack("ApplicationCredential", (test) => {
  const assertCredential = (
    info: AccessInfo.AccessInfo,
    { application_credentials, projects, users }: Effect.Effect.Success<typeof Support.fixtures>
  ) => {
    assert.deepStrictEqual(info.methods, ["application_credential"])
    assert.strictEqual(info.userId, users["appcred-user"].id)
    assert.strictEqual(info.projectId, projects.demo.id)
    assert.strictEqual(info.applicationCredentialId, application_credentials.plain.id)
    assert.deepStrictEqual(Support.roleNames(info), ["member"])
  }

  test("by id", () =>
    Effect.gen(function*() {
      assertCredential(yield* used, yield* Support.fixtures)
    }).pipe(Effect.provide(Support.appCredential("plain")), Effect.provide(Support.session())))

  test("by name and the user it belongs to", () =>
    Effect.gen(function*() {
      const fixtures = yield* Support.fixtures
      const { name, secret, user_domain_name, user_name } = fixtures.application_credentials.plain
      const users = [{ username: user_name, userDomainName: user_domain_name }, {
        userId: fixtures.users["appcred-user"].id
      }]
      for (const user of users) {
        const robot = ApplicationCredential.layer({ authUrl: fixtures.auth_url, name, secret, ...user })
        assertCredential(yield* Effect.provide(used, robot), fixtures)
      }
    }).pipe(Effect.provide(Support.session())))

  test("one with access rules does what they allow, and no more", () =>
    Effect.gen(function*() {
      yield* servers
      const before = yield* Effect.flatMap(Support.Wire, (wire) => wire.logins)
      const error = yield* Support.failure(get("/flavors", "compute"), "Unauthorized")
      // one more login, in case that it was the token, and then it is told; no loop
      assert.strictEqual(error.reason, "TokenRejected")
      assert.strictEqual(yield* Effect.flatMap(Support.Wire, (wire) => wire.logins), before + 1)
    }).pipe(Effect.provide(Support.appCredential("rules")), Effect.provide(Support.session())))
})
