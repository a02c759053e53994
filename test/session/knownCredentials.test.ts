/** Remembered credentials and endpoints are those of the plugin that a request is made as. */
import { Headers, HttpClient, HttpClientRequest, HttpClientResponse } from "@effect/platform"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Logger, LogLevel, Option, Redacted, Tracer } from "effect"
import { AccessInfo, AuthPlugin, Catalog, CustomLogin, Discovery, ServiceCatalog, Session } from "effect-keystoneauth"
import * as Transport from "effect-keystoneauth/Transport"

/** A client that records `token url` of each request, and accepts all but one token. */
const recorder = (rejected?: string) => {
  const seen: Array<string> = []
  const client = HttpClient.make((request, url) =>
    Effect.sync(() => {
      const token = request.headers["x-auth-token"]
      const names = Object.keys(request.headers).filter((name) => name.toLowerCase() === "x-auth-token")
      seen.push(`${names.length > 1 ? "twice: " : ""}${token} ${url.href}`)
      return HttpClientResponse.fromWeb(request, new Response("{}", { status: token === rejected ? 401 : 200 }))
    })
  )
  const http = Layer.succeed(HttpClient.HttpClient, client)
  return { seen, http, session: Layer.provide(Session.layer(), http) }
}

const url = "https://nova.test/x"

const send = (plugin: AuthPlugin.Service, to = url, options?: Session.RequestOptions) =>
  Effect.provideService(Session.request(HttpClientRequest.get(to), options), AuthPlugin.AuthPlugin, plugin)

const fixed = (headers: Headers.Headers) => AuthPlugin.make({ name: "fixed", headers: Effect.succeed(headers) })

describe("the known credentials of a plugin", () => {
  it.effect("replace headers of the caller, however their names are written", () => {
    const { seen, session } = recorder()
    const plugin = fixed(Headers.unsafeFromRecord({ "X-Auth-Token": "plugin's" }))
    const request = HttpClientRequest.get(url, { headers: { "x-auth-token": "caller's" } })
    return Session.request(request).pipe(
      Effect.provideService(AuthPlugin.AuthPlugin, plugin),
      Effect.map(() => assert.deepStrictEqual(seen, [`plugin's ${url}`])),
      Effect.provide(session)
    )
  })

  it.effect("are not those of before, if the plugin was changed in place", () => {
    const { seen, session } = recorder()
    const plugin = Object.assign(fixed(Headers.fromInput({ "x-auth-token": "old" })), {
      headers: Effect.succeed(Headers.fromInput({ "x-auth-token": "new" }))
    })
    return send(plugin).pipe(
      Effect.map(() => assert.deepStrictEqual(seen, [`new ${url}`])),
      Effect.provide(session)
    )
  })

  it.effect("are asked for again, if the plugin can replace them", () => {
    const { seen, session } = recorder("old")
    const own = { "x-auth-token": "old" }
    const plugin = AuthPlugin.make({
      name: "rotating",
      headers: Effect.succeed(Headers.unsafeFromRecord(own)),
      invalidate: () =>
        Effect.sync(() => {
          own["x-auth-token"] = "new"
          return true
        })
    })
    return Effect.replicateEffect(send(plugin), 3).pipe(
      Effect.map(() => assert.deepStrictEqual(seen, ["old", "new", "new", "new"].map((token) => `${token} ${url}`))),
      Effect.provide(session)
    )
  })
})

const tokenOf = (project: string) => ({
  token: {
    methods: ["password"],
    issued_at: "1970-01-01T00:00:00.000000Z",
    expires_at: "1970-01-01T01:00:00.000000Z",
    project: { id: project, name: project, domain: { id: "d", name: "D" } },
    user: { id: "u", name: "u", domain: { id: "d", name: "D" } },
    catalog: []
  }
})

describe("a remembered endpoint", () => {
  const endpointFilter = { serviceType: "compute" }

  it.effect("is not that of another user whose catalog was refreshed", () => {
    const { http, seen } = recorder()
    const catalog = Layer.succeed(Catalog.Catalog, {
      get: Effect.succeed(ServiceCatalog.empty),
      refresh: Effect.map(AuthPlugin.AuthPlugin, ({ name }) =>
        Option.some(
          ServiceCatalog.make([{ serviceType: "compute", endpoints: [{ url: `https://${name}.test` }] }])
        ))
    })
    const session = Session.layerWithoutDependencies().pipe(
      Layer.provide(Layer.mergeAll(catalog, Discovery.layerNone, Layer.provide(Transport.layer(), http)))
    )
    const go = (name: string) =>
      send(
        AuthPlugin.make({ name, headers: Effect.succeed(Headers.fromInput({ "x-auth-token": name })) }),
        "/x",
        { endpointFilter }
      )
    return Effect.zipRight(go("alice"), go("bob")).pipe(
      Effect.map(() => assert.deepStrictEqual(seen, ["alice https://alice.test/x", "bob https://bob.test/x"])),
      Effect.provide(session)
    )
  })

  it.effect("has the project of the token that is sent, if the login changes meanwhile", () => {
    const { seen, session } = recorder()
    const first = Effect.orDie(AccessInfo.fromV3(tokenOf("P1"), Redacted.make("T1")))
    return Effect.gen(function*() {
      const plugin = yield* CustomLogin.make({
        authUrl: "https://id.test/v3",
        name: "own",
        description: "somebody",
        parts: { of: "somebody" },
        login: Effect.zipRight(Effect.yieldNow(), first)
      })
      const state = Redacted.make(JSON.stringify({ auth_token: "T2", body: tokenOf("P2") }))
      const go = send(plugin, "/x", { endpointFilter, endpointOverride: "https://c.test/%(project_id)s" })
      yield* Effect.all([Effect.zipRight(plugin.access, plugin.setAuthState(state)), go], { concurrency: 2 })
      yield* Effect.replicateEffect(go, 2)
      assert.deepStrictEqual(seen.slice(-2), ["T2 https://c.test/P2/x", "T2 https://c.test/P2/x"])
    }).pipe(Effect.provide(session))
  })
})

it.effect("the span of an attempt ends also if a logger throws", () => {
  const { session } = recorder()
  const open = new Set<string>()
  const tracer = Tracer.make({
    span: (name, parent, context, links, startTime, kind) => {
      open.add(name)
      return {
        _tag: "Span",
        name,
        parent,
        context,
        links,
        startTime,
        kind,
        attributes: new Map(),
        status: { _tag: "Started", startTime },
        spanId: "1",
        traceId: "1",
        sampled: true,
        attribute: () => {},
        event: () => {},
        addLinks: () => {},
        end: () => {
          open.delete(name)
        }
      }
    },
    context: (f) => f()
  })
  const full = Logger.replace(
    Logger.defaultLogger,
    Logger.make(() => {
      throw new Error("disk full")
    })
  )
  return Effect.flatMap(Session.Session, ({ transport }) => transport.execute(HttpClientRequest.get(url))).pipe(
    Effect.withTracer(tracer),
    Effect.provide(full),
    Logger.withMinimumLogLevel(LogLevel.Debug),
    Effect.exit,
    Effect.map(() => assert.deepStrictEqual([...open], [])),
    Effect.provide(session)
  )
})
