import { HttpClient, HttpClientRequest } from "@effect/platform"
import { NodeHttpClient } from "@effect/platform-node"
import { assert } from "@effect/vitest"
import { Effect, Redacted } from "effect"
import { isIncomplete } from "../conformance/decisions.js"
import * as Support from "./support.js"

interface Answer {
  readonly status: number
  readonly text: string
}

const login = (auth: unknown): Effect.Effect<Answer, never, HttpClient.HttpClient | Support.Cloud> =>
  Effect.gen(function*() {
    const { auth_url } = yield* Support.fixtures
    const response = yield* HttpClient.execute(
      HttpClientRequest.bodyUnsafeJson(HttpClientRequest.post(`${auth_url}/auth/tokens`), { auth })
    )
    return { status: response.status, text: yield* response.text }
  }).pipe(Effect.orDie)

const password = (user: unknown, scope?: unknown) => ({
  identity: { methods: ["password"], password: { user } },
  ...(scope === undefined ? {} : { scope })
})

const totp = (user: unknown) => ({ identity: { methods: ["totp"], totp: { user } } })

const token = (id: unknown) => ({ identity: { methods: ["token"], token: { id } } })

const credential = (credential: unknown, scope?: unknown) => ({
  identity: { methods: ["application_credential"], application_credential: credential },
  ...(scope === undefined ? {} : { scope })
})

// the decision is that such a login fails with InvalidOptions, and is not sent: see test/conformance/decisions.ts
Support.onOpenStack("logins that cannot work", (test) => {
  test("Keystone refuses every incomplete one that we do not send", () =>
    Effect.gen(function*() {
      const { application_credentials, users } = yield* Support.fixtures
      const secret = Redacted.value(users.demo.password)
      const demo = { id: users.demo.id, password: secret }
      const { id, name, secret: credentialSecret, user_name } = application_credentials.plain
      const appcred = Redacted.value(credentialSecret)
      const incomplete: ReadonlyArray<readonly [unknown, number, string]> = [
        [password({ name: "demo", password: secret }), 400, "Expecting to find domain in user"],
        [password({ password: secret }), 400, "id or name must be present"],
        [password({ domain: { id: "default" }, password: secret }), 400, "id or name must be present"],
        [password({ id: users.demo.id, password: null }), 400, "None is not of type 'string'"],
        [password({ id: users.demo.id }), 401, "requires authentication"],
        [password({ id: users.demo.id, password: "" }), 401, "requires authentication"],
        [password(demo, { project: { name: "demo" } }), 400, "Expecting to find domain in project"],
        [password(demo, { project: {} }), 400, "id or name must be present"],
        [totp({ id: users.demo.id, passcode: null }), 401, "requires authentication"],
        [totp({ passcode: "123456" }), 400, "Expecting to find id or name in user"],
        [totp({ name: "demo", passcode: "123456" }), 400, "Expecting to find domain in user"],
        [token(null), 400, "None is not of type 'string'"],
        [token(""), 404, "No token in the request"],
        [credential({ id, secret: null }), 401, "requires authentication"],
        [credential({ id, secret: "" }), 401, "requires authentication"],
        [credential({ name: null, user: {}, secret: appcred }), 400, "name or ID in application credential"],
        [credential({ name, user: {}, secret: appcred }), 400, "Expecting to find user"],
        [credential({ name, user: { name: user_name }, secret: appcred }), 400, "Expecting to find domain in user"]
      ]
      for (const [auth, status, message] of incomplete) {
        const what = JSON.stringify(Object.keys(auth as object)) + message
        const answer = yield* login(auth)
        assert.isTrue(isIncomplete(auth), what)
        assert.strictEqual(answer.status, status, what)
        assert.include(answer.text, message)
      }
    }).pipe(Effect.provide(NodeHttpClient.layerUndici)))

  test("Keystone accepts the complete ones", () =>
    Effect.gen(function*() {
      const { application_credentials, users } = yield* Support.fixtures
      const { id, name, secret, user_domain_name, user_name } = application_credentials.plain
      const owner = { name: user_name, domain: { name: user_domain_name } }
      const demo = { domain: { name: "Default" }, name: "demo", password: Redacted.value(users.demo.password) }
      const complete = [
        password(demo),
        password(demo, { project: { name: "demo", domain: { id: "default" } } }),
        credential({ id, secret: Redacted.value(secret) }),
        credential({ name, user: owner, secret: Redacted.value(secret) })
      ]
      for (const auth of complete) {
        assert.isFalse(isIncomplete(auth))
        assert.strictEqual((yield* login(auth)).status, 201)
      }
    }).pipe(Effect.provide(NodeHttpClient.layerUndici)))

  test("Keystone refuses two scopes, and any beside an application credential (Q51)", () =>
    Effect.gen(function*() {
      const { application_credentials, projects, users } = yield* Support.fixtures
      const demo = { id: users.demo.id, password: Redacted.value(users.demo.password) }
      const { id, secret } = application_credentials.plain
      const project = { id: projects.demo.id }
      const twice = yield* login(password(demo, { project, domain: { id: "default" } }))
      assert.strictEqual(twice.status, 400)
      const scoped = yield* login(credential({ id, secret: Redacted.value(secret) }, { project }))
      assert.strictEqual(scoped.status, 401)
      assert.include(scoped.text, "Application credentials cannot request a scope")
    }).pipe(Effect.provide(NodeHttpClient.layerUndici)))
})
