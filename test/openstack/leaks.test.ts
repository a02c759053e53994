import { HttpClient, HttpClientError, HttpClientRequest } from "@effect/platform"
import { assert } from "@effect/vitest"
import { Cause, Context, Effect, Layer, Logger, LogLevel, Option, Redacted, Schema, Tracer } from "effect"
import { Adapter, ApplicationCredential, AuthPlugin, Session } from "effect-keystoneauth"
import * as NodeTransport from "effect-keystoneauth/NodeTransport"
import { inspect } from "node:util"
import * as Support from "./support.js"

class Compute extends Adapter.Tag<Compute>()("test/Compute", {
  serviceType: "compute",
  regionName: "RegionOne",
  minVersion: "2.1",
  defaultMicroversion: "2.79"
}) {}

/** What was emitted, and from where. */
interface Emitted {
  readonly where: string
  readonly text: string
}

/** All ways in which people print a value. */
const printed = (where: string, value: unknown): ReadonlyArray<Emitted> => [
  { where: `String of ${where}`, text: String(value) },
  { where: `JSON of ${where}`, text: JSON.stringify(value) ?? "" },
  { where: `inspect of ${where}`, text: inspect(value, { depth: 10 }) },
  { where: `inspect with hidden of ${where}`, text: inspect(value, { depth: 10, showHidden: true }) },
  ...(value instanceof Error
    ? [{ where: `message of ${where}`, text: value.message }, { where: `stack of ${where}`, text: value.stack ?? "" }]
    : [])
]

class CollectedSpan implements Tracer.Span {
  readonly _tag = "Span"
  readonly spanId: string
  readonly traceId = "collected"
  readonly sampled = true
  readonly attributes = new Map<string, unknown>()
  readonly events: Array<unknown> = []
  status: Tracer.SpanStatus

  constructor(
    readonly name: string,
    readonly parent: Option.Option<Tracer.AnySpan>,
    readonly context: Context.Context<never>,
    readonly links: ReadonlyArray<Tracer.SpanLink>,
    startTime: bigint,
    readonly kind: Tracer.SpanKind,
    index: number
  ) {
    this.spanId = String(index)
    this.status = { _tag: "Started", startTime }
  }
  end(endTime: bigint, exit: Tracer.SpanStatus extends { readonly exit: infer X } ? X : never): void {
    this.status = { _tag: "Ended", startTime: this.status.startTime, endTime, exit }
  }
  attribute(key: string, value: unknown): void {
    this.attributes.set(key, value)
  }
  event(name: string, startTime: bigint, attributes?: Record<string, unknown>): void {
    this.events.push([name, String(startTime), attributes])
  }
  addLinks(): void {}
}

const collecting = () => {
  const spans: Array<CollectedSpan> = []
  const logged: Array<Emitted> = []
  const tracer = Tracer.make({
    span: (name, parent, context, links, startTime, kind) => {
      const span = new CollectedSpan(name, parent, context, links, startTime, kind, spans.length)
      spans.push(span)
      return span
    },
    context: (f) => f()
  })
  const logger = Logger.make<unknown, void>((options) => {
    const value = [options.message, options.cause, [...options.annotations]]
    logged.push({ where: `log ${options.logLevel.label}`, text: Logger.logfmtLogger.log(options) })
    logged.push(...printed(`log ${options.logLevel.label}`, value))
    logged.push({ where: `cause of log ${options.logLevel.label}`, text: Cause.pretty(options.cause) })
  })
  const emittedSpans = (): ReadonlyArray<Emitted> =>
    spans.flatMap((span) => [
      ...printed(`span ${span.name}`, [[...span.attributes], span.events.map(String), span.events]),
      ...(span.status._tag === "Ended" && span.status.exit._tag === "Failure"
        ? [
          {
            where: `cause of span ${span.name}`,
            text: Cause.pretty(span.status.exit.cause, { renderErrorCause: true })
          },
          ...printed(`cause of span ${span.name}`, span.status.exit.cause)
        ]
        : [])
    ])
  return {
    spans,
    logged,
    emittedSpans,
    layer: Layer.mergeAll(
      Layer.setTracer(tracer),
      Logger.replace(Logger.defaultLogger, logger),
      Logger.minimumLogLevel(LogLevel.All)
    )
  }
}

/** Every string of a JSON document below a key that names a secret. */
const secretsIn = (value: unknown, name = ""): ReadonlyArray<string> =>
  typeof value === "string"
    ? /password|secret|^access_token$/.test(name) ? [value] : []
    : typeof value === "object" && value !== null
    ? Object.entries(value).flatMap(([key, inner]) => secretsIn(inner, key))
    : []

const wrong = "certainly-not-the-password"

Support.onOpenStack("Nothing secret is shown", (test) => {
  test("in errors, causes, log lines and spans of a run with failures and successes", () => {
    const { emittedSpans, layer, logged, spans } = collecting()
    return Effect.gen(function*() {
      const { fixtures, text } = yield* Support.Cloud
      const { auth_url, tls } = fixtures
      const emitted: Array<Emitted> = []
      const wire = yield* Support.Wire
      const outcomes: Array<string> = []

      /** Runs it, and keeps all that it lets out. */
      const watch = <A, E, R>(name: string, self: Effect.Effect<A, E, R>) =>
        Effect.gen(function*() {
          const exit = yield* Effect.exit(Effect.withSpan(self, `test ${name}`))
          outcomes.push(`${name}: ${exit._tag}`)
          emitted.push(...printed(`exit of ${name}`, exit))
          if (exit._tag === "Success") {
            emitted.push(...printed(`value of ${name}`, exit.value))
          } else {
            emitted.push({ where: `Cause.pretty of ${name}`, text: Cause.pretty(exit.cause) })
            emitted.push({
              where: `Cause.pretty with causes of ${name}`,
              text: Cause.pretty(exit.cause, { renderErrorCause: true })
            })
            emitted.push(...printed(`cause of ${name}`, exit.cause))
            for (const error of [...Cause.failures(exit.cause), ...Cause.defects(exit.cause)]) {
              emitted.push(...printed(`error of ${name}`, error))
            }
            yield* Effect.logError(`${name} failed`, exit.cause)
            yield* Effect.logDebug("the same as a value", exit)
          }
        })

      const compute = yield* Compute
      const session = yield* Session.Session
      const demo = Support.password()
      const identity = (path: string, headers?: Record<string, string>) =>
        Session.request(HttpClientRequest.get(`${auth_url}${path}`, { headers }))
      const as = (identity: typeof demo) => Effect.provide(Support.access, identity)
      const at = (authUrl: string) => Support.password("demo", { ...Support.demoProject, authUrl })

      // successes: the answers, the decoded token, the plugin and the session themselves
      yield* watch("servers", compute.get("/servers").pipe(Effect.provide(demo)))
      yield* watch("access", as(demo))
      yield* watch("access of a credential", as(Support.appCredential("plain")))
      yield* watch("body of the token", Effect.map(as(demo), (info) => info.body))
      yield* watch("catalog of the token", Effect.map(as(demo), (info) => info.catalog))
      yield* watch("plugin", Effect.provide(AuthPlugin.AuthPlugin, demo))
      yield* watch("session", Session.Session)
      yield* watch("client", Compute)
      yield* watch("endpoint", Effect.provide(Session.endpointData({ serviceType: "image" }), demo))
      yield* watch("key", session.tokens.key({ password: Redacted.make(wrong), username: "demo" }))

      // Keystone gives a token back, in a header of its answer
      const token = Support.tokenOf(yield* as(demo))
      yield* watch("validation", Effect.provide(identity("/auth/tokens", { "x-subject-token": token }), Support.admin))

      // refused logins
      yield* watch(
        "wrong password",
        as(Support.password("demo", { ...Support.demoProject, password: Redacted.make(wrong) }))
      )
      yield* watch(
        "wrong secret",
        Effect.provide(
          Support.access,
          ApplicationCredential.layer({
            authUrl: auth_url,
            id: fixtures.application_credentials.plain.id,
            secret: Redacted.make(wrong)
          })
        )
      )
      yield* watch("expired user", as(Support.password("expired-user")))
      yield* watch("wrong options", as(Support.password("demo", { projectName: "demo" })))
      yield* watch("wrong URL", as(at("not a URL")))
      yield* watch("URL with a password", as(at(`http://someone:${wrong}@127.0.0.1:8088/v3`)))
      yield* watch("nobody listens", as(at("http://127.0.0.1:8088/v3")))
      yield* watch("not Keystone", as(at("http://127.0.0.1:8774/v3")))
      yield* watch("unknown CA", as(at(tls.auth_url)))

      // refused requests
      yield* watch("not found", compute.get("/servers/nope").pipe(Effect.provide(demo)))
      yield* watch("forbidden", Effect.provide(identity("/users"), demo))
      yield* watch(
        "not acceptable",
        compute.get("/servers").pipe(Adapter.withMicroversion("2.999"), Effect.provide(demo))
      )
      yield* watch(
        "no endpoint",
        Effect.provide(Session.endpointData({ serviceType: "dns", regionName: "RegionOne" }), demo)
      )
      yield* watch("no version", Effect.provide(Session.endpointData({ serviceType: "compute", version: 9 }), demo))
      yield* watch("no service", Effect.provide(Session.request(HttpClientRequest.get("http://127.0.0.1:8088/")), demo))
      yield* watch(
        "too late",
        compute.get("/servers").pipe(Adapter.withOptions({ timeout: "1 millis" }), Effect.provide(demo))
      )
      yield* watch(
        "a bad body",
        compute.get("/servers").pipe(
          Effect.flatMap(Support.decode(Schema.Struct({ nothing: Schema.Number }))),
          Effect.provide(demo)
        )
      )
      yield* watch(
        "a body that is not JSON",
        Effect.provide(
          Effect.flatMap(
            Session.request(HttpClientRequest.get("http://127.0.0.1:9292/v2/images/nope"), { raiseForStatus: false }),
            (response) => response.json
          ),
          demo
        )
      )

      // a token that is revoked: by the client, then noticed by a service
      const revoke = HttpClientRequest.del(`${auth_url}/auth/tokens`, { headers: { "x-subject-token": token } })
      yield* watch("revocation", Effect.provide(Session.request(revoke), Support.admin))
      yield* watch("revocation again", Effect.provide(Session.request(revoke), Support.admin))
      yield* watch(
        "revoked token",
        compute.get("/servers").pipe(Adapter.withOptions({ allowReauth: false }), Effect.provide(demo))
      )
      yield* watch("recovered", compute.get("/servers").pipe(Effect.provide(demo)))
      yield* watch("access rules", compute.get("/flavors").pipe(Effect.provide(Support.appCredential("rules"))))

      // through the plain tag, whose errors are the platform's
      const plain = Layer.provide(Adapter.layer({ serviceType: "object-store" }), demo)
      yield* watch("plain client", Effect.provide(HttpClient.get("/"), plain))
      yield* watch("plain client's 404", Effect.provide(HttpClient.get("http://127.0.0.1:9292/v2/images/nope"), plain))

      // the private key as PEM text, of which a mistake must not be quoted
      const key = "-----BEGIN PRIVATE KEY-----\nc2VjcmV0LWtleS1tYXRlcmlhbA==\n-----END PRIVATE KEY-----\n"
      yield* watch(
        "bad key",
        Effect.scoped(Layer.build(NodeTransport.layer({ clientCert: tls.cert, clientKey: Redacted.make(key) })))
      )

      const tokens = yield* wire.tokens
      assert.isAtLeast(tokens.length, 5)
      const secrets = new Set([
        ...secretsIn(JSON.parse(text)),
        ...tokens,
        // a piece of a token is too much as well
        ...tokens.map((token) => token.slice(20, 60)),
        wrong,
        "c2VjcmV0LWtleS1tYXRlcmlhbA"
      ])
      assert.include([...secrets], "demo-secret")
      assert.include([...secrets], "appcred-plain-secret")
      assert.isAtLeast(secrets.size, 40)

      // what is looked at is really there
      const names = new Set(spans.map((span) => span.name))
      assert.includeMembers([...names], [
        "Session.request",
        "Session.endpointData",
        "AuthPlugin.login",
        "Discovery.fetch"
      ])
      assert.include([...names].join(" "), "http.client GET")
      assert.isAtLeast(logged.length, 30)
      assert.isAtLeast(outcomes.filter((outcome) => outcome.endsWith("Failure")).length, 20, outcomes.join("\n"))
      assert.isAtLeast(outcomes.filter((outcome) => outcome.endsWith("Success")).length, 14, outcomes.join("\n"))

      const leaks = [...emitted, ...logged, ...emittedSpans()].filter(({ text }) =>
        [...secrets].some((secret) => text.includes(secret))
      )
      assert.deepStrictEqual([...new Set(leaks.map((leak) => leak.where))], [])
    }).pipe(Effect.provide(Compute.layer), Effect.provide(Support.session()), Effect.provide(layer))
  }, 120_000)

  test("the search would find a secret", () =>
    Effect.gen(function*() {
      const { text } = yield* Support.Cloud
      const secrets = secretsIn(JSON.parse(text))
      const error = new HttpClientError.RequestError({
        request: HttpClientRequest.get("http://127.0.0.1/", { headers: { "x-auth-token": "demo-secret" } }),
        reason: "Transport"
      })
      const found = printed("an error of the platform", error).filter((emitted) =>
        secrets.some((secret) => emitted.text.includes(secret))
      )
      assert.isNotEmpty(found)
    }))
})
