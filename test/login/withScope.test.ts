import { assert, describe, it } from "@effect/vitest"
import { Clock, Duration, Effect, Fiber, Layer, Option, Random, Redacted, TestClock } from "effect"
import {
  AccessInfo,
  AdminToken,
  ApplicationCredential,
  AuthPlugin,
  GenericPassword,
  MultiFactor,
  Password,
  ServiceToken,
  Session,
  Token,
  Totp
} from "effect-keystoneauth"
import * as TestCloud from "effect-keystoneauth/TestCloud"
import { assertTag, Compute, projectOf, servers, serviceRequests, shownInLogins } from "../support.js"

const names = Array.from({ length: 10 }, (_, i) => `project-${i}`)

const cloudWith = (options?: TestCloud.Options) =>
  Layer.provideMerge(
    Compute.layer,
    TestCloud.layer({
      services: [TestCloud.compute({
        servers: ["demo", ...names].map((project) => ({ project, name: `of-${project}` }))
      })],
      ...options,
      identity: { projects: names, ...options?.identity }
    })
  )

const test = cloudWith()

const projectIds = Effect.map(
  TestCloud.TestCloud,
  ({ projects }) => projects.filter(({ name }) => names.includes(name)).map(({ id }) => id)
)

/** The project in the answer to a request for this project. */
const seenIn = (projectId: string) =>
  Effect.map(AuthPlugin.withScope(Effect.flatMap(servers, projectOf), { projectId }), ([seen]) => seen)

const login = Effect.map(TestCloud.TestCloud, ({ accounts: { demo }, authUrl }) => {
  const { password, projectId, userDomainId, username } = demo
  return { authUrl, projectId, username, userDomainId, password }
})

const count = (shown: ReadonlyArray<string>, what: string) => shown.filter((one) => one === what).length

const lifeLeft = Effect.gen(function*() {
  const access = Option.getOrThrow(yield* AuthPlugin.access)
  return (access.expiresAt?.epochMillis ?? Infinity) - (yield* Clock.currentTimeMillis)
})

describe("withScope", () => {
  it.effect("ten projects: one login and ten exchanges, however often they are used", () =>
    Effect.gen(function*() {
      const cloud = yield* TestCloud.TestCloud
      const ids = yield* projectIds
      for (let round = 0; round < 3; round++) {
        const seen = yield* Effect.forEach(ids, seenIn, { concurrency: "unbounded" })
        assert.deepStrictEqual(seen, ids)
      }
      const shown = yield* shownInLogins
      assert.strictEqual(count(shown, "password"), 1)
      assert.strictEqual(count(shown, "token"), 10)
      assert.lengthOf(shown, 11)
      // every exchange sends the one token, in the header as well
      const exchanges = (yield* cloud.journal).filter(({ methods }) => methods?.[0] === "token")
      assert.deepStrictEqual([...new Set(exchanges.map(({ token }) => token))], ["token-1"])
      assert.lengthOf(yield* serviceRequests, 30)
    }).pipe(Effect.provide(test)))

  it.effect("layerWithScope sends nothing until it is used", () =>
    Effect.gen(function*() {
      const [projectId = ""] = yield* projectIds
      const scoped = yield* Layer.build(AuthPlugin.layerWithScope({ projectId })).pipe(Effect.scoped)
      assert.deepStrictEqual(yield* (yield* TestCloud.TestCloud).journal, [])
      assert.deepStrictEqual(yield* Effect.flatMap(Effect.provide(servers, scoped), projectOf), [projectId])
    }).pipe(Effect.provide(test)))

  it.effect("the scope that the plugin already has gives the plugin itself", () =>
    Effect.gen(function*() {
      const { accounts: { demo } } = yield* TestCloud.TestCloud
      const [projectId = ""] = yield* projectIds
      const plugin = yield* Password.make(yield* login)
      assert.strictEqual(yield* plugin.withScope({ projectId: demo.projectId }), plugin)
      // also from another scope back to this one
      const there = yield* plugin.withScope({ projectId })
      assert.strictEqual(yield* there.withScope({ projectId: demo.projectId }), plugin)
      const back = yield* Effect.provideService(servers, AuthPlugin.AuthPlugin, plugin).pipe(
        AuthPlugin.withScope({ projectId }),
        AuthPlugin.withScope({ projectId: demo.projectId })
      )
      assert.strictEqual(back.status, 200)
      assert.deepStrictEqual(yield* shownInLogins, ["password"])
    }).pipe(Effect.provide(test)))

  it.effect("a scope of a scope exchanges the first token", () =>
    Effect.gen(function*() {
      const cloud = yield* TestCloud.TestCloud
      const [first = "", second = ""] = yield* projectIds
      const seen = yield* Effect.flatMap(servers, projectOf).pipe(
        AuthPlugin.withScope({ projectId: second }),
        AuthPlugin.withScope({ projectId: first })
      )
      assert.deepStrictEqual(seen, [second])
      // the scope in between gets no token
      assert.deepStrictEqual(yield* shownInLogins, ["password", "token"])
      const unscoped = yield* AuthPlugin.withScope(AuthPlugin.access, { unscoped: true })
      assert.isUndefined(Option.getOrThrow(unscoped).projectId)
      const { admin } = cloud.accounts
      const system = yield* AuthPlugin.access.pipe(
        AuthPlugin.withScope({ systemScope: "all" }),
        Effect.provide(Password.layer({ authUrl: cloud.authUrl, ...admin }))
      )
      assert.deepStrictEqual(Option.getOrThrow(system).system, { all: true })
    }).pipe(Effect.provide(test)))

  it.effect("two plugins that exchange for each other's scope do not wait for each other", () =>
    Effect.gen(function*() {
      const cloud = yield* TestCloud.TestCloud
      const [first = "", second = ""] = yield* projectIds
      yield* cloud.misbehave({ service: "identity", method: "POST", kind: { delay: "1 second" } })
      const one = yield* Password.make({ ...(yield* login), projectId: first })
      const two = yield* Password.make({ ...(yield* login), projectId: second })
      const plugins = yield* Effect.all([one.withScope({ projectId: second }), two.withScope({ projectId: first })])
      const fibers = yield* Effect.forEach(plugins, ({ projectId }) => Effect.fork(projectId))
      yield* TestClock.adjust("10 seconds")
      const done = yield* Effect.forEach(fibers, Fiber.poll)
      assert.isTrue(done.every(Option.isSome))
      const ids = yield* Effect.forEach(fibers, Fiber.join)
      assert.deepStrictEqual(ids.map(Option.getOrUndefined), [second, first])
    }).pipe(Effect.provide(test)))

  it.effect(
    "exchanged tokens have a full life, for ten minutes with tokens of one minute",
    () =>
      Effect.gen(function*() {
        const ids = yield* projectIds
        const lives = new Map<string, number>()
        for (let second = 0; second < 600; second += 2) {
          for (const projectId of [ids[(second / 2) % 10] ?? "", ids[(second * 3 / 2) % 10] ?? ""]) {
            assert.strictEqual(yield* seenIn(projectId), projectId)
            const access = Option.getOrThrow(yield* AuthPlugin.withScope(AuthPlugin.access, { projectId }))
            lives.set(
              access.auditId ?? "",
              Option.getOrThrow(Option.map(AccessInfo.lifetime(access), Duration.toSeconds))
            )
          }
          yield* TestClock.adjust("2 seconds")
        }
        const shown = yield* shownInLogins
        // a token of one minute is renewed in its last twelve seconds
        assert.isAtLeast(count(shown, "password"), 10)
        assert.isAtMost(count(shown, "password"), 13)
        assert.isAtMost(count(shown, "token"), 10 * 14)
        // no request gets a token that is about to end
        assert.isAtLeast(lives.size, 100)
        assert.isAtLeast(Math.min(...lives.values()), 30)
        assert.isTrue((yield* serviceRequests).every(({ status }) => status === 200))
      }).pipe(Effect.provide(cloudWith({ tokenLifetime: "1 minute" }))),
    120_000
  )

  it.effect("a token exchanged near the end of the first one has a full life", () =>
    Effect.gen(function*() {
      const [projectId = ""] = yield* projectIds
      yield* servers
      yield* TestClock.adjust("58 seconds")
      assert.strictEqual(yield* AuthPlugin.withScope(lifeLeft, { projectId }), 60_000)
      assert.deepStrictEqual(yield* shownInLogins, ["password", "password", "token"])
    }).pipe(Effect.provide(cloudWith({ tokenLifetime: "1 minute" }))))

  it.effect("when all tokens are revoked, there is one login and one exchange for each scope", () =>
    Effect.gen(function*() {
      const cloud = yield* TestCloud.TestCloud
      const ids = yield* projectIds
      const all = Effect.forEach(ids, seenIn, { concurrency: "unbounded" })
      yield* all
      yield* cloud.revokeTokens()
      yield* cloud.clearJournal
      assert.deepStrictEqual(yield* all, ids)
      const shown = yield* shownInLogins
      assert.strictEqual(count(shown, "password"), 1)
      const exchanges = (yield* cloud.journal).filter(({ methods, status }) =>
        methods?.[0] === "token" && status === 201
      )
      assert.lengthOf(exchanges, 10)
    }).pipe(Effect.provide(test)))

  it.effect("when one exchanged token is rejected, it is exchanged again, and the first one stays", () =>
    Effect.gen(function*() {
      const cloud = yield* TestCloud.TestCloud
      const [projectId = ""] = yield* projectIds
      yield* seenIn(projectId)
      yield* cloud.misbehave({ service: "compute", path: "/servers", times: 1, kind: { status: 401 } })
      assert.strictEqual(yield* seenIn(projectId), projectId)
      assert.deepStrictEqual(yield* shownInLogins, ["password", "token", "token"])
    }).pipe(Effect.provide(test)))

  it.effect("logs in where Keystone refuses to exchange", () =>
    Effect.gen(function*() {
      const ids = (yield* projectIds).slice(0, 3)
      assert.deepStrictEqual(yield* Effect.forEach(ids, seenIn), ids)
      assert.deepStrictEqual(yield* Effect.forEach(ids, seenIn), ids)
      const login = ["token", "password"]
      assert.deepStrictEqual(yield* shownInLogins, ["password", ...login, ...login, ...login])
    }).pipe(Effect.provide(cloudWith({ identity: { allowRescopeScopedToken: false, projects: names } }))))

  it.effect("exchanges an unscoped first token even where Keystone refuses to exchange others", () =>
    Effect.gen(function*() {
      const { projectId: _, ...user } = yield* login
      const ids = (yield* projectIds).slice(0, 3)
      const unscoped = Password.layer({ ...user, unscoped: true })
      assert.deepStrictEqual(yield* Effect.forEach(ids, (id) => Effect.provide(seenIn(id), unscoped)), ids)
      assert.deepStrictEqual(yield* shownInLogins, ["password", "token", "token", "token"])
    }).pipe(Effect.provide(cloudWith({ identity: { allowRescopeScopedToken: false, projects: names } }))))

  it.effect("a plugin that may log in once does not log in for another scope", () =>
    Effect.gen(function*() {
      const cloud = yield* TestCloud.TestCloud
      const [projectId = ""] = yield* projectIds
      const base = yield* login
      const refused = (layer: Layer.Layer<AuthPlugin.AuthPlugin, never, Session.Session>) =>
        Effect.flip(Effect.provide(seenIn(projectId), layer))
      const once = yield* refused(Password.layer({ ...base, reauthenticate: false }))
      assertTag(once, "Forbidden")
      assert.match(once.message, /rescope a scoped token/)
      const { password: _, ...user } = base
      assertTag(yield* refused(Totp.layer({ ...user, passcode: Redacted.make("135790") })), "Forbidden")
      assert.deepStrictEqual((yield* shownInLogins).sort(), ["password", "token", "token", "totp"])
      yield* cloud.clearJournal
    }).pipe(Effect.provide(cloudWith({
      identity: { allowRescopeScopedToken: false, projects: names, users: { demo: { passcodes: ["135790"] } } }
    }))))

  it.effect("one passcode serves many scopes, as long as its token lasts", () =>
    Effect.gen(function*() {
      const cloud = yield* TestCloud.TestCloud
      const ids = yield* projectIds
      const { password: _, ...user } = yield* login
      const totp = Totp.layer({ ...user, passcode: Redacted.make("135790") })
      const all = Effect.provide(Effect.forEach(ids, seenIn, { concurrency: "unbounded" }), totp)
      assert.deepStrictEqual(yield* all, ids)
      assert.strictEqual(count(yield* shownInLogins, "totp"), 1)
      // an exchanged token that is rejected is exchanged again
      yield* cloud.misbehave({ service: "compute", path: "/servers", times: 1, kind: { status: 401 } })
      assert.deepStrictEqual(yield* all, ids)
      // also shortly before the first token ends
      yield* TestClock.adjust("59 minutes")
      yield* cloud.misbehave({ service: "compute", path: "/servers", times: 1, kind: { status: 401 } })
      assert.deepStrictEqual(yield* all, ids)
      yield* cloud.revokeTokens()
      for (let i = 0; i < 2; i++) {
        const error = yield* Effect.flip(all)
        assertTag(error, "Unauthorized")
        assert.strictEqual(error.reason, "TokenNotRenewable")
      }
      assert.strictEqual(count(yield* shownInLogins, "totp"), 1)
      assert.strictEqual(count(yield* shownInLogins, "password"), 0)
    }).pipe(Effect.provide(cloudWith({
      identity: { projects: names, users: { demo: { passcodes: ["135790"] } } }
    }))))

  it.effect("a person is asked once for many scopes, also with two factors", () =>
    Effect.gen(function*() {
      const ids = yield* projectIds
      const { authUrl, password, projectId, userDomainId, username } = yield* login
      let asked = 0
      const user = { username, userDomainId }
      const passcode = Effect.sync(() => (asked++, Redacted.make("135790")))
      const plugin = MultiFactor.layer({
        authUrl,
        projectId,
        methods: [Password.method({ ...user, password })],
        onMissing: () => Effect.succeed([Totp.method({ ...user, passcode })])
      })
      const seen = yield* Effect.provide(Effect.forEach(ids, seenIn, { concurrency: "unbounded" }), plugin)
      assert.deepStrictEqual(seen, ids)
      assert.strictEqual(asked, 1)
      const shown = yield* shownInLogins
      assert.deepStrictEqual(shown.slice(0, 2), ["password", "totp"])
      assert.strictEqual(count(shown, "token"), 10)
      assert.lengthOf(shown, 12)
    }).pipe(Effect.provide(cloudWith({
      identity: {
        projects: names,
        users: { demo: { passcodes: ["135790"], multiFactorAuthRules: [["password", "totp"]] } }
      }
    }))))

  it.effect("keeps the service token", () =>
    Effect.gen(function*() {
      const cloud = yield* TestCloud.TestCloud
      const [projectId = ""] = yield* projectIds
      const { admin } = cloud.accounts
      const acting = ServiceToken.layer(
        Password.layer(yield* login),
        Password.layer({ authUrl: cloud.authUrl, ...admin })
      )
      assert.strictEqual(yield* Effect.provide(seenIn(projectId), acting), projectId)
      const [request] = yield* serviceRequests
      assert.match(request?.headers["x-service-token"] ?? "", /^token-\d+$/)
      assert.notStrictEqual(request?.headers["x-service-token"], request?.token)
      assert.strictEqual(request?.user, "demo")
    }).pipe(Effect.provide(test)))

  it.effect("fails for plugins without a scope, and says why", () =>
    Effect.gen(function*() {
      const { applicationCredential: { id, secret }, authUrl, baseUrl, journal } = yield* TestCloud.TestCloud
      const fixed = AdminToken.layer({ endpoint: baseUrl, token: Redacted.make("admin") })
      const bound = ApplicationCredential.layer({ authUrl, id, secret })
      for (const layer of [fixed, bound]) {
        const error = yield* Effect.flip(Effect.provide(seenIn("p"), layer))
        assertTag(error, "InvalidOptions")
        assert.strictEqual(error.option, "scope")
      }
      assert.deepStrictEqual(yield* journal, [])
    }).pipe(Effect.provide(test)))

  it.effect("contradicting options fail, and nothing is sent", () =>
    Effect.gen(function*() {
      const { authUrl, journal } = yield* TestCloud.TestCloud
      const generic = GenericPassword.layer({ ...(yield* login), authUrl })
      const contradictory = [{ projectId: "p", systemScope: "all" as const }, { domainId: "d", unscoped: true }, {
        projectName: "without a domain"
      }]
      for (const scope of contradictory) {
        assertTag(yield* Effect.flip(AuthPlugin.withScope(servers, scope)), "InvalidOptions")
        assertTag(yield* Effect.flip(Effect.provide(AuthPlugin.withScope(servers, scope), generic)), "InvalidOptions")
      }
      assert.deepStrictEqual((yield* journal).filter(({ method }) => method === "POST"), [])
    }).pipe(Effect.provide(test)))

  it.effect("a wrong password is tried once for all scopes", () =>
    Effect.gen(function*() {
      const ids = yield* projectIds
      const wrong = Password.layer({ ...(yield* login), password: Redacted.make("wrong") })
      const exits = yield* Effect.forEach(ids, (id) => Effect.flip(Effect.provide(seenIn(id), wrong)), {
        concurrency: "unbounded"
      })
      for (const error of exits) assertTag(error, "Unauthorized")
      assert.deepStrictEqual(yield* shownInLogins, ["password"])
    }).pipe(Effect.provide(test)))

  it.effect("fails as a login does where the user has no role", () =>
    Effect.gen(function*() {
      const { accounts: { tenantB } } = yield* TestCloud.TestCloud
      const error = yield* Effect.flip(seenIn(tenantB.projectId))
      assertTag(error, "Unauthorized")
      assert.strictEqual(error.reason, "LoginRejected")
      assert.include(error.message, tenantB.projectId)
      // the first token still works
      assert.strictEqual((yield* servers).status, 200)
      assert.deepStrictEqual(yield* shownInLogins, ["password", "token", "password"])
    }).pipe(Effect.provide(test)))

  it.effect("interrupting the first caller does not disturb the others", () =>
    Effect.gen(function*() {
      const cloud = yield* TestCloud.TestCloud
      const [projectId = ""] = yield* projectIds
      yield* cloud.misbehave({ service: "identity", method: "POST", kind: { delay: "1 second" } })
      const fibers = yield* Effect.forEach(Array.from({ length: 20 }), () => Effect.fork(seenIn(projectId)))
      yield* TestClock.adjust("500 millis")
      yield* Fiber.interruptAll(fibers.slice(0, 1))
      yield* TestClock.adjust("1 second")
      // during the exchange
      yield* Fiber.interruptAll(fibers.slice(1, 10))
      yield* TestClock.adjust("5 seconds")
      const seen = yield* Effect.forEach(fibers.slice(10), Fiber.join)
      assert.isTrue(seen.every((id) => id === projectId))
      assert.deepStrictEqual(yield* shownInLogins, ["password", "token"])
    }).pipe(Effect.provide(test)))

  it.effect("1,000 interleaved requests for five scopes never get the wrong project", () =>
    Effect.gen(function*() {
      const cloud = yield* TestCloud.TestCloud
      const five = (yield* TestCloud.TestCloud).projects.filter(({ name }) => names.slice(0, 5).includes(name))
      const wanted = yield* Effect.replicateEffect(Random.nextIntBetween(0, 5), 1000)
      const seen = yield* Effect.forEach(
        wanted,
        (i, n) => Effect.zipRight(Effect.when(cloud.revokeTokens(), () => n % 300 === 299), seenIn(five[i]?.id ?? "")),
        { concurrency: 50 }
      )
      assert.deepStrictEqual(seen, wanted.map((i) => five[i]?.id))
      const byProject = new Map<string, number>()
      for (const { project, status } of yield* serviceRequests) {
        if (status === 200) byProject.set(project ?? "none", (byProject.get(project ?? "none") ?? 0) + 1)
      }
      assert.deepStrictEqual([...byProject.keys()].sort(), five.map(({ name }) => name).sort())
      assert.strictEqual(count(yield* shownInLogins, "password"), 4)
    }).pipe(Effect.provide(test)), 60_000)
})

describe("authState and cacheId of a plugin from withScope", () => {
  it.effect("belong to the scope, not to the first plugin", () =>
    Effect.gen(function*() {
      const [first = "", second = ""] = yield* projectIds
      const plugin = yield* Password.make(yield* login)
      const one = yield* plugin.withScope({ projectId: first })
      const same = yield* plugin.withScope({ projectId: first })
      const two = yield* plugin.withScope({ projectId: second })
      const ids = yield* Effect.forEach([plugin, one, two], ({ cacheId }) => Effect.map(cacheId, Option.getOrThrow))
      assert.strictEqual(new Set(ids).size, 3)
      assert.deepStrictEqual(yield* one.cacheId, yield* same.cacheId)
      const { "x-auth-token": token } = yield* one.headers
      assert.isTrue(Option.isNone(yield* two.authState))
      const state = Option.getOrThrow(yield* same.authState)
      const kept = yield* Effect.gen(function*() {
        const plugin = yield* Password.make(yield* login)
        const one = yield* plugin.withScope({ projectId: first })
        yield* one.setAuthState(state)
        return yield* one.headers
      }).pipe(Effect.provide(Layer.fresh(Session.layer())))
      assert.strictEqual(kept["x-auth-token"], token)
      assert.deepStrictEqual(yield* shownInLogins, ["password", "token"])
    }).pipe(Effect.provide(test)))

  it.effect("a Token plugin can change its scope as well", () =>
    Effect.gen(function*() {
      const cloud = yield* TestCloud.TestCloud
      const [projectId = ""] = yield* projectIds
      const first = Option.getOrThrow(yield* AuthPlugin.access)
      const token = Token.layer({ authUrl: cloud.authUrl, token: first.token, unscoped: true })
      assert.strictEqual(yield* Effect.provide(seenIn(projectId), token), projectId)
      assert.deepStrictEqual(yield* shownInLogins, ["password", "token", "token"])
      yield* cloud.revokeTokens()
      const error = yield* Effect.flip(Effect.provide(seenIn(projectId), token))
      assertTag(error, "Unauthorized")
      assert.strictEqual(error.reason, "TokenNotRenewable")
    }).pipe(Effect.provide(test)))
})

describe("exchanged tokens of TestCloud's Keystone", () => {
  const rescoped = (token: Redacted.Redacted, scope: Partial<Token.Options>) =>
    Effect.flatMap(
      TestCloud.TestCloud,
      ({ authUrl }) =>
        Effect.flatMap(Token.make({ authUrl, token, ...scope }), ({ access }) => Effect.map(access, Option.getOrThrow))
    )

  it.effect("end with the first token, and have its audit id after their own", () =>
    Effect.gen(function*() {
      const first = Option.getOrThrow(yield* AuthPlugin.access)
      yield* TestClock.adjust("10 minutes")
      const second = yield* rescoped(first.token, { unscoped: true })
      const [projectId = ""] = yield* projectIds
      const third = yield* rescoped(second.token, { projectId })
      assert.deepStrictEqual(third.methods, ["token", "password"])
      assert.strictEqual(third.expiresAt?.epochMillis, first.expiresAt?.epochMillis)
      assert.strictEqual(second.auditChainId, first.auditId)
      assert.strictEqual(third.auditChainId, first.auditId)
      assert.notStrictEqual(third.auditId, second.auditId)
    }).pipe(Effect.provide(test)))

  it.effect("a system token is not exchanged for a project, and that of an application credential not at all", () =>
    Effect.gen(function*() {
      const { accounts: { admin }, applicationCredential: { id, secret }, authUrl } = yield* TestCloud.TestCloud
      const token = (layer: Layer.Layer<AuthPlugin.AuthPlugin, never, Session.Session>) =>
        Effect.map(Effect.provide(AuthPlugin.access, layer), (access) => Option.getOrThrow(access).token)
      const { password, userDomainId, username } = admin
      const ofSystem = yield* token(Password.layer({ authUrl, username, userDomainId, password, systemScope: "all" }))
      assertTag(yield* Effect.flip(rescoped(ofSystem, { projectId: admin.projectId })), "Forbidden")
      assert.isFalse((yield* rescoped(ofSystem, { unscoped: true })).scoped)
      const ofCredential = yield* token(ApplicationCredential.layer({ authUrl, id, secret }))
      assertTag(yield* Effect.flip(rescoped(ofCredential, { unscoped: true })), "InternalServerError")
    }).pipe(Effect.provide(test)))
})
