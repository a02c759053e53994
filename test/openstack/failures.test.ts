import { HttpClientRequest } from "@effect/platform"
import { assert } from "@effect/vitest"
import { Duration, Effect, Redacted } from "effect"
import { Adapter, ApplicationCredential, Session } from "effect-keystoneauth"
import * as Support from "./support.js"

const wrong = Redacted.make("certainly-not-the-password")

const wrongDemo = Support.password("demo", { ...Support.demoProject, password: wrong })

const logins = Effect.flatMap(Support.Wire, (wire) => wire.logins)

Support.onOpenStack("A wrong password", (test) => {
  test("is told with user, scope and URL, and without the password", () =>
    Effect.gen(function*() {
      const { auth_url } = yield* Support.fixtures
      const error = yield* Support.failure(Support.access, "Unauthorized")
      assert.strictEqual(error.reason, "LoginRejected")
      assert.strictEqual(error.identity, "user \"demo\" of domain \"Default\"")
      assert.strictEqual(error.scope, "project \"demo\" of domain \"Default\"")
      assert.match(error.requestId ?? "", /^req-/)
      Support.says(
        error,
        `POST ${auth_url}/auth/tokens: Keystone rejected the login`,
        "user \"demo\" of domain \"Default\"",
        "project \"demo\" of domain \"Default\"",
        "The request you have made requires authentication",
        error.requestId ?? "",
        "not tried again for"
      )
      assert.notInclude(error.message, Redacted.value(wrong))
    }).pipe(Effect.provide(wrongDemo), Effect.provide(Support.session())))

  test("is tried once: until the next attempt is due, callers fail at once without a request", () =>
    Effect.gen(function*() {
      const first = yield* Support.failure(Support.access, "Unauthorized")
      assert.isAbove(first.retryAfterMillis ?? 0, 0)
      const sent = (yield* Effect.flatMap(Support.Wire, (wire) => wire.exchanges)).length
      const request = Session.request(HttpClientRequest.get("/servers"), { endpointFilter: { serviceType: "compute" } })
      const [took, second] = yield* Effect.timed(Support.failure(request, "Unauthorized"))
      assert.isBelow(Duration.toMillis(took), 200)
      assert.strictEqual(second.reason, "LoginRejected")
      assert.strictEqual(second.requestId, first.requestId)
      assert.isAtMost(second.retryAfterMillis ?? Infinity, first.retryAfterMillis ?? 0)
      // and so whichever way the identity is written down again
      yield* Support.failure(Effect.provide(Support.access, wrongDemo), "Unauthorized")
      assert.strictEqual((yield* Effect.flatMap(Support.Wire, (wire) => wire.exchanges)).length, sent)
      assert.strictEqual(yield* logins, 1)
      // the right password is another identity, which has nothing to wait for
      yield* Effect.provide(Support.access, Support.password())
      assert.strictEqual(yield* logins, 2)
    }).pipe(Effect.provide(wrongDemo), Effect.provide(Support.session())))

  test("of many callers at once is tried once", () =>
    Effect.gen(function*() {
      const errors = yield* Effect.all(
        Array.from({ length: 100 }, () => Support.failure(Support.access, "Unauthorized")),
        { concurrency: "unbounded" }
      )
      assert.strictEqual(new Set(errors.map((error) => error.requestId)).size, 1)
      assert.strictEqual(yield* logins, 1)
    }).pipe(Effect.provide(wrongDemo), Effect.provide(Support.session())))

  test("is tried again when that is due", () =>
    Effect.gen(function*() {
      const error = yield* Support.failure(Support.access, "Unauthorized")
      yield* Effect.sleep(error.retryAfterMillis ?? 0)
      const again = yield* Support.failure(Support.access, "Unauthorized")
      assert.notStrictEqual(again.requestId, error.requestId)
      assert.strictEqual(yield* logins, 2)
    }).pipe(
      Effect.provide(wrongDemo),
      Effect.provide(Support.session({ tokens: { loginBackoff: { initial: "100 millis" } } }))
    ))
})

Support.onOpenStack("Logins that Keystone refuses", (test) => {
  test("a user whose password has expired, in Keystone's own words", () =>
    Effect.gen(function*() {
      const error = yield* Support.failure(Support.access, "Unauthorized")
      assert.strictEqual(error.reason, "LoginRejected")
      Support.says(error, "expired-user", "The password is expired and needs to be changed")
    }).pipe(Effect.provide(Support.password("expired-user")), Effect.provide(Support.session())))

  for (
    const [what, identity, words] of [
      ["a disabled user", Support.password("disabled-user"), ["user \"disabled-user\"", "project \"demo\""]],
      ["a user without a role on the project", Support.password("no-role-user"), [
        "user \"no-role-user\"",
        "project \"demo\""
      ]],
      [
        "a project that does not exist",
        Support.password("demo", { projectName: "nowhere", projectDomainName: "Default" }),
        ["user \"demo\"", "project \"nowhere\" of domain \"Default\""]
      ],
      [
        "a disabled project",
        Support.password("demo", { projectName: "disabled-project", projectDomainName: "Default" }),
        ["project \"disabled-project\""]
      ],
      [
        "a project of another domain",
        Support.password("demo", {
          projectName: "second-project",
          projectDomainName: "second"
        }),
        ["project \"second-project\" of domain \"second\""]
      ],
      ["a user that does not exist", Support.password("demo", { ...Support.demoProject, username: "nobody" }), [
        "user \"nobody\" of domain \"Default\""
      ]],
      ["the system, for one without a role on it", Support.password("demo", { systemScope: "all" }), ["the system"]],
      ["a domain, for one without a role on it", Support.password("demo", { domainName: "Default" }), [
        "domain \"Default\""
      ]]
    ] as const
  ) {
    test(what, () =>
      Effect.gen(function*() {
        const error = yield* Support.failure(Support.access, "Unauthorized")
        assert.strictEqual(error.reason, "LoginRejected")
        Support.says(error, "Keystone rejected the login", "requires authentication", ...words)
      }).pipe(Effect.provide(identity), Effect.provide(Support.session())))
  }

  test("an application credential with a wrong secret", () =>
    Effect.gen(function*() {
      const { application_credentials, auth_url } = yield* Support.fixtures
      const { id } = application_credentials.plain
      const error = yield* Support.failure(
        Effect.provide(Support.access, ApplicationCredential.layer({ authUrl: auth_url, id, secret: wrong })),
        "Unauthorized"
      )
      assert.strictEqual(error.reason, "LoginRejected")
      Support.says(error, `application credential ${id}`)
      assert.notInclude(error.message, Redacted.value(wrong))
    }).pipe(Effect.provide(Support.session())))

  test("at a URL that is not Keystone's, its path forgotten: NotFound, in words without HTML", () =>
    Effect.gen(function*() {
      const error = yield* Support.failure(Support.access, "NotFound")
      Support.says(error, "POST http://127.0.0.4:8080/v3/auth/tokens answered 404")
      assert.notInclude(error.message, "<")
    }).pipe(
      Effect.provide(Support.password("demo", { ...Support.demoProject, authUrl: "http://127.0.0.4:8080" })),
      Effect.provide(Support.session())
    ))

  test("at a URL that answers 300 with its versions: InvalidResponse, since that is no token", () =>
    Effect.gen(function*() {
      const error = yield* Support.failure(Support.access, "InvalidResponse")
      assert.strictEqual(error.status, 300)
      Support.says(error, "POST http://127.0.0.1:9292/v3/auth/tokens")
    }).pipe(
      Effect.provide(Support.password("demo", { ...Support.demoProject, authUrl: "http://127.0.0.1:9292" })),
      Effect.provide(Support.session())
    ))

  test("at a URL where nobody listens: TransportError, Connect", () =>
    Effect.gen(function*() {
      const error = yield* Support.failure(Support.access, "TransportError")
      assert.strictEqual(error.reason, "Connect")
      Support.says(error, "POST http://127.0.0.1:8088/v3/auth/tokens: could not connect")
    }).pipe(
      Effect.provide(Support.password("demo", { ...Support.demoProject, authUrl: "http://127.0.0.1:8088" })),
      Effect.provide(Support.session())
    ))
})

Support.onOpenStack("An unhappy request", (test) => {
  test("is not repeated without a new token where allowReauth is false", () =>
    Effect.gen(function*() {
      const compute = yield* Adapter.make({ serviceType: "compute", regionName: "RegionOne" })
      const error = yield* Support.failure(
        compute.get("/flavors").pipe(Adapter.withOptions({ allowReauth: false })),
        "Unauthorized"
      )
      assert.strictEqual(error.reason, "NotRetried")
      assert.strictEqual(yield* logins, 1)
      assert.strictEqual((yield* Support.sentTo("/flavors")).length, 1)
    }).pipe(Effect.provide(Support.appCredential("rules")), Effect.provide(Support.session())))
})
