import { HttpBody, HttpClient, HttpClientRequest, HttpClientResponse } from "@effect/platform"
import { assert, describe, it } from "@effect/vitest"
import { Cause, Effect, Inspectable, Layer, List, Logger, LogLevel, Metric, Redacted, Schema, Tracer } from "effect"
import { Adapter, AuthPlugin, Password, Session, Token } from "effect-keystoneauth"
import * as TestCloud from "effect-keystoneauth/TestCloud"
import { inspect } from "node:util"
import { Compute, currentToken, demo, tenantB } from "../support.js"

/** A value printed in all ways that programs use. */
const printed = (value: unknown): string =>
  [
    String(value),
    JSON.stringify(value),
    inspect(value, { depth: 20, showHidden: true, getters: false }),
    Inspectable.toStringUnknown(value),
    Cause.pretty(Cause.fail(value)),
    Cause.pretty(Cause.die(value)),
    value instanceof Error ? `${value.message} ${value.stack}` : "",
    inspect(Cause.fail(value), { depth: 20 })
  ].join("\n")

const record = Effect.sync(() => {
  const seen: Array<string> = []
  const logger = Logger.make<unknown, void>(({ annotations, cause, message, spans }) => {
    seen.push(printed(message), printed(cause), printed([...annotations]), printed(List.toArray(spans)))
  })
  const values = (attributes: unknown) => seen.push(printed(attributes))
  const tracer = Tracer.make({
    span: (name, parent, context, links, startTime, kind) => {
      seen.push(name)
      const attributes = new Map<string, unknown>()
      return {
        _tag: "Span",
        name,
        spanId: name,
        traceId: "trace",
        parent,
        context,
        status: { _tag: "Started", startTime },
        attributes,
        links,
        sampled: true,
        kind,
        attribute: (key, value) => {
          attributes.set(key, value)
          values([key, value])
        },
        event: (name, _, attributes) => values([name, attributes]),
        addLinks: () => {},
        // as the OpenTelemetry tracer does; the exits of the platform's own spans contain the request
        end: (_, exit) => seen.push(exit._tag === "Failure" ? Cause.pretty(exit.cause) : "")
      }
    },
    context: (f) => f()
  })
  const layer = Layer.mergeAll(
    Logger.replace(Logger.defaultLogger, logger),
    Logger.minimumLogLevel(LogLevel.All),
    Layer.setTracer(tracer)
  )
  return { seen, layer }
})

const find = (secrets: ReadonlyArray<string>, seen: ReadonlyArray<string>) =>
  secrets.flatMap((secret) => seen.filter((text) => text.includes(secret)).map((text) => text.slice(0, 2000)))

const program = Effect.gen(function*() {
  const cloud = yield* TestCloud.TestCloud
  const compute = yield* Compute
  const shown: Array<unknown> = []
  const note = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
    Effect.exit(effect).pipe(Effect.tap((exit) => Effect.sync(() => shown.push(exit))), Effect.tap(Effect.log))

  const show = (value: unknown) =>
    Effect.zipRight(Effect.sync(() => shown.push(value)), Effect.logError("shown", value))
  const plugin = yield* AuthPlugin.AuthPlugin
  yield* show(plugin)
  yield* show(yield* plugin.access)
  yield* show(yield* Session.Session)

  // an answer, and errors of reading it
  const response = yield* compute.get("/servers/detail")
  yield* show(response)
  yield* note(HttpClientResponse.schemaBodyJson(Schema.Struct({ nothing: Schema.String }))(response))
  yield* cloud.misbehave({ service: "compute", times: 1, kind: { malformed: "truncated" } })
  const truncated = yield* compute.get("/servers")
  yield* note(truncated.json)
  yield* show(truncated)

  // the answer to a custom login has the token in its headers
  const { password, ...who } = cloud.accounts.demo
  const login = HttpClientRequest.post(`${cloud.authUrl}/auth/tokens`, {
    body: HttpBody.unsafeJson({
      auth: {
        identity: { methods: ["password"], password: { user: { id: who.userId, password: Redacted.value(password) } } }
      }
    })
  })
  const own = yield* Session.request(login, { authenticated: false })
  yield* show(own)
  yield* show(own.request)
  yield* note(own.text)
  yield* note(own.urlParamsBody)

  // errors of every kind, some of which quote the request
  const token = (yield* currentToken) ?? ""
  for (const status of [400, 401, 403, 404, 409, 413, 418, 429, 500, 502, 503]) {
    yield* cloud.misbehave({
      service: "compute",
      times: 2,
      kind: { status, body: { badRequest: { message: `I do not like ${token}`, details: token } } }
    })
    yield* note(compute.get("/servers"))
    yield* cloud.behave
  }
  for (const connection of ["refused", "reset"] as const) {
    yield* cloud.misbehave({ service: "compute", times: 1, kind: { connection } })
    yield* note(compute.get("/servers"))
  }
  yield* cloud.misbehave({ service: "compute", times: 1, kind: { redirect: "http://user:hunter22@elsewhere.test/" } })
  yield* note(compute.get("/servers"))
  yield* cloud.misbehave({ service: "compute", times: 1, kind: { redirect: "http://elsewhere.test/" } })
  yield* note(compute.post("/servers", { body: HttpBody.unsafeJson({ adminPass: token }) }))
  yield* note(compute.get("http://user:hunter22@elsewhere.test/"))

  // the caller's own secrets, and a service that quotes them
  const server = HttpBody.unsafeJson({
    server: { name: "web", adminPass: "hunter22", user_data: "hunter22", metadata: { db_password: "hunter22" } }
  })
  yield* note(compute.post("/servers", { body: server }))
  for (const body of [{ badRequest: { message: "Invalid adminPass. Value: hunter22" } }, "adminPass hunter22?"]) {
    yield* cloud.misbehave({ service: "compute", times: 1, kind: { status: 400, body } })
    yield* note(compute.post("/servers", { body: server }))
  }
  yield* cloud.misbehave({ service: "compute", times: 1, kind: { status: 500, body: "no rabbit://nova:hunter22@mq/" } })
  yield* note(compute.get("/servers"))
  yield* note(
    compute.put("/o", { body: HttpBody.text("hunter22"), headers: { "x-account-meta-temp-url-key": "hunter22" } })
  )
  yield* note(compute.get("/o?temp_url_sig=hunter22&temp_url_expires=1"))
  const answers = [
    { server: { adminPass: "hunter22" } },
    { keypair: { private_key: "hunter22" } },
    { remote_console: { url: "http://console.test/?token=hunter22" } },
    { access: { token: { id: "hunter22" }, user: { name: "demo" } } }
  ]
  for (const body of answers) {
    yield* cloud.misbehave({
      service: "compute",
      times: 1,
      kind: {
        status: 200,
        body,
        headers: { "set-cookie": "session=hunter22", "x-container-meta-temp-url-key": "hunter22" }
      }
    })
    const response = yield* compute.get("/servers")
    yield* response.json
    yield* show(response)
  }
  yield* note(Session.endpointData({ serviceType: "compute", version: 7 }))
  yield* note(Session.endpointData({ serviceType: "nothing" }))

  // failed logins whose answers quote them
  const failing = [
    Password.layer({ authUrl: cloud.authUrl, ...cloud.accounts.demo, password: Redacted.make("wrong-secret-1") }),
    Password.layer({ authUrl: `http://user:hunter22@elsewhere.test/v3`, ...cloud.accounts.demo }),
    Token.layer({ authUrl: cloud.authUrl, token: Redacted.make("wrong-secret-2") })
  ]
  for (const layer of failing) {
    yield* note(Effect.provide(compute.get("/servers"), layer))
  }
  yield* cloud.misbehave({
    service: "identity",
    times: 1,
    kind: {
      status: 400,
      body: { error: { message: `Invalid input for field 'password': ${Redacted.value(password)}` } }
    }
  })
  yield* note(Effect.provide(
    compute.get("/servers"),
    Password.layer({ authUrl: cloud.authUrl, ...cloud.accounts.demo, includeCatalog: false })
  ))
  yield* note(Effect.provide(compute.get("/servers"), yield* tenantB))

  // the plain HttpClient, whose errors contain a request
  yield* Effect.gen(function*() {
    const client = yield* HttpClient.HttpClient
    yield* cloud.misbehave({ service: "compute", times: 1, kind: { connection: "reset" } })
    yield* note(client.post("/servers", { body: HttpBody.unsafeJson({ adminPass: token }) }))
    yield* note(client.get("/servers"))
  }).pipe(
    Effect.provide(Adapter.layer({ serviceType: "compute" })),
    Effect.provide(yield* demo)
  )
  return shown
})

describe("secrets", () => {
  it.effect("are not in anything that the library emits", () =>
    Effect.gen(function*() {
      const { layer, seen } = yield* record
      const { secrets, shown } = yield* Effect.gen(function*() {
        const shown = yield* program
        shown.push(Metric.unsafeSnapshot())
        return { shown, secrets: yield* (yield* TestCloud.TestCloud).secrets }
      }).pipe(
        Effect.provide(Layer.provideMerge(Compute.layer, TestCloud.layer())),
        Effect.withSpan("test"),
        Effect.provide(layer)
      )
      const all = [...seen, ...shown.map(printed)]
      assert.isAbove(all.length, 500)
      assert.isAbove(secrets.length, 5)
      const known = [...secrets, "wrong-secret-1", "wrong-secret-2", "hunter22"]
      assert.deepStrictEqual(find(known, all), [])
      // the search finds text that is there
      assert.strictEqual(find(["Session.request"], all).length > 0, true)
      // the debug log with bodies is searched too
      assert.strictEqual(find(["--data-binary @login.json"], seen).length > 0, true)
      assert.strictEqual(find(["db_password"], seen).length > 0, true)
      assert.strictEqual(find(["body of GET"], seen).length > 0, true)
    }))
})
