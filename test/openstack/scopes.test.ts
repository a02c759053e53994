import { HttpClientRequest } from "@effect/platform"
import { assert } from "@effect/vitest"
import { Effect, Option } from "effect"
import { AuthPlugin, CustomLogin, Password, Session } from "effect-keystoneauth"
import * as Support from "./support.js"

const servers = Session.request(HttpClientRequest.get("/servers"), {
  endpointFilter: { serviceType: "compute", regionName: "RegionOne" }
})

/** The project that the token is for, after Nova has taken it. */
const project = Effect.map(Effect.zipLeft(Support.access, servers), ({ projectId }) => projectId)

/** What was sent to log in: a password, or a token. */
const logins = Effect.flatMap(Support.Wire, (wire) => wire.logins)

Support.onOpenStack("scopes of one identity", (test) => {
  test("a token for each project comes from the first one", () =>
    Effect.gen(function*() {
      const { projects } = yield* Support.fixtures
      const inProject = (projectId: string) => AuthPlugin.withScope(project, { projectId })
      assert.strictEqual(yield* project, projects.demo.id)
      assert.strictEqual(yield* inProject(projects.alt.id), projects.alt.id)
      assert.deepStrictEqual(
        (yield* AuthPlugin.withScope(Support.access, { projectId: projects.alt.id })).methods.toSorted(),
        [
          "password",
          "token"
        ]
      )
      assert.strictEqual(yield* inProject(projects.alt.id), projects.alt.id)
      assert.strictEqual(yield* inProject(projects.demo.id), projects.demo.id)
      assert.strictEqual(yield* project, projects.demo.id)
      // the password's, the token's for alt, and the token's for demo, which is said by id here and by name there
      assert.strictEqual(yield* logins, 3)
    }).pipe(Effect.provide(Support.password()), Effect.provide(Support.session())))

  test("from an unscoped login, for a project, a domain and the system", () =>
    Effect.gen(function*() {
      const { domains, projects } = yield* Support.fixtures
      assert.isFalse((yield* Support.access).scoped)
      assert.strictEqual(yield* AuthPlugin.withScope(project, { projectId: projects.admin.id }), projects.admin.id)
      const domain = yield* AuthPlugin.withScope(Support.access, { domainId: domains.Default })
      assert.strictEqual(domain.domainId, domains.Default)
      assert.isTrue((yield* AuthPlugin.withScope(Support.access, { systemScope: "all" })).systemScoped)
    }).pipe(Effect.provide(Support.password("admin", { unscoped: true })), Effect.provide(Support.session())))

  test("a project that the user has no role in is refused, and said so", () =>
    Effect.gen(function*() {
      const { projects } = yield* Support.fixtures
      const error = yield* Support.failure(
        AuthPlugin.withScope(servers, { projectId: projects.admin.id }),
        "Unauthorized"
      )
      assert.strictEqual(error.reason, "LoginRejected")
      Support.says(error, "user \"demo\"", `project ${projects.admin.id}`)
      assert.strictEqual(yield* project, projects.demo.id)
    }).pipe(Effect.provide(Support.password()), Effect.provide(Support.session())))

  test("when Keystone does not know the first token any more, the plugin logs in anew", () =>
    Effect.gen(function*() {
      const { auth_url, projects } = yield* Support.fixtures
      const token = Support.tokenOf(yield* Support.access)
      yield* Session.request(
        HttpClientRequest.del(`${auth_url}/auth/tokens`).pipe(
          HttpClientRequest.setHeader("x-subject-token", token)
        )
      )
      assert.strictEqual(yield* AuthPlugin.withScope(project, { projectId: projects.alt.id }), projects.alt.id)
      assert.strictEqual(yield* project, projects.demo.id)
    }).pipe(Effect.provide(Support.password()), Effect.provide(Support.session())))

  test("an application credential is for one project", () =>
    Effect.gen(function*() {
      const { projects } = yield* Support.fixtures
      const error = yield* Support.failure(
        AuthPlugin.withScope(servers, { projectId: projects.alt.id }),
        "InvalidOptions"
      )
      Support.says(error, "an application credential is for one project")
      assert.strictEqual(yield* logins, 0)
    }).pipe(Effect.provide(Support.appCredential("plain")), Effect.provide(Support.session())))

  test("trusts, with and without impersonation", () =>
    Effect.gen(function*() {
      const { auth_url, projects, trusts, users } = yield* Support.fixtures
      for (const [name, impersonation] of [["impersonating", true], ["plain", false]] as const) {
        const trustee = Password.layer({
          authUrl: auth_url,
          userId: users.trustee.id,
          password: users.trustee.password,
          trustId: trusts[name].id
        })
        const info = yield* Support.access.pipe(Effect.zipLeft(servers), Effect.provide(trustee))
        assert.strictEqual(info.trustId, trusts[name].id)
        assert.strictEqual(info.projectId, projects.demo.id)
        assert.strictEqual(info.userId === users.trustee.id, !impersonation)
      }
    }).pipe(Effect.provide(Support.session())))

  test("a login of one's own, exchanged for a project", () =>
    Effect.gen(function*() {
      const { auth_url, projects, users } = yield* Support.fixtures
      const first = yield* Password.make({
        authUrl: auth_url,
        userId: users.demo.id,
        password: users.demo.password,
        unscoped: true
      })
      const { token } = Option.getOrThrow(yield* first.access)
      const vault = CustomLogin.layer({
        authUrl: auth_url,
        name: "vault",
        description: "who may read the vault",
        parts: { vault: "v1" },
        login: CustomLogin.lookUp(auth_url, token),
        projectId: projects.alt.id
      })
      assert.strictEqual(yield* Effect.provide(project, vault), projects.alt.id)
    }).pipe(Effect.provide(Support.session())))
})
