/** Each storm's own world: TestCloud behind a real HTTP server with a gate in it, and a Session that reaches it. */
import type { HttpClient, HttpClientError, HttpServerError } from "@effect/platform"
import { HttpServer, HttpServerRequest } from "@effect/platform"
import { NodeHttpClient, NodeHttpServer, Undici } from "@effect/platform-node"
import { Context, Duration, Effect, Layer, Redacted } from "effect"
import { Adapter, AuthPlugin, Password, Session } from "effect-keystoneauth"
import * as TestCloud from "effect-keystoneauth/TestCloud"
import { createServer } from "node:http"

// -----------------------------------------------------------------------------
// the gate
// -----------------------------------------------------------------------------

export interface Gate {
  /** From now on requests whose path contains this wait at the server, so many of them. */
  readonly close: (path: string, times: number) => Effect.Effect<void>
  /** Comes back when so many wait. */
  readonly held: (count: number) => Effect.Effect<void>
  /** Lets all go, in the order in which they came, evenly over this time. */
  readonly open: (over?: Duration.DurationInput) => Effect.Effect<void>
  readonly pass: (url: string) => Effect.Effect<void>
}

export class GateTag extends Context.Tag("storms/Gate")<GateTag, Gate>() {}

const tick = Duration.millis(5)

/** Waits until it is so. */
export const until = (holds: Effect.Effect<boolean>): Effect.Effect<void> =>
  Effect.repeat(Effect.delay(holds, tick), { until: (so) => so }).pipe(Effect.asVoid)

const makeGate = Effect.map(Effect.makeLatch(true), (latch): Gate => {
  let closed = { path: "", left: 0, waiting: 0, gapMillis: 0 }
  return {
    close: (path, times) =>
      Effect.zipRight(
        Effect.sync(() => {
          closed = { path, left: times, waiting: 0, gapMillis: 0 }
        }),
        latch.close
      ),
    held: (count) => until(Effect.sync(() => closed.waiting >= count)),
    open: (over = 0) =>
      Effect.zipRight(
        Effect.sync(() => {
          closed.gapMillis = Duration.toMillis(over) / closed.waiting
          closed.left = 0
        }),
        latch.open
      ),
    pass: (url) =>
      Effect.suspend(() => {
        const mine = closed
        if (mine.left === 0 || !url.includes(mine.path)) {
          return Effect.void
        }
        mine.left -= 1
        const place = ++mine.waiting
        return Effect.zipRight(latch.await, Effect.suspend(() => Effect.sleep(place * mine.gapMillis)))
      })
  }
})

/** The server that lets requests in through the gate. */
const gated = Layer.effect(
  HttpServer.HttpServer,
  Effect.gen(function*() {
    const server = yield* HttpServer.HttpServer
    const gate = yield* GateTag
    const pass = Effect.flatMap(HttpServerRequest.HttpServerRequest, ({ url }) => gate.pass(url))
    return HttpServer.make({
      address: server.address,
      serve: (app, middleware) =>
        server.serve(Effect.zipRight(Effect.interruptible(pass), app), middleware ?? ((app) => app))
    })
  })
)

// -----------------------------------------------------------------------------
// transport
// -----------------------------------------------------------------------------

const agent = (options: Undici.Agent.Options) =>
  Effect.acquireRelease(
    Effect.sync(() => new Undici.Agent(options)),
    (agent) => Effect.promise(() => agent.destroy())
  )

/**
 * 500 sockets with up to 20 requests on each of them: 10,000 requests are on the wire at once, and the process keeps its
 * file descriptors. Keystone has sockets of its own, as where it lives at another address: no login waits for what
 * is held.
 */
const dispatcher = Effect.gen(function*() {
  const keystone = yield* agent({ connections: 10 })
  const services = yield* agent({ connections: 500, pipelining: 20 })
  return services.compose((dispatch) => (options, handler) =>
    options.path.startsWith("/identity")
      ? keystone.dispatch(options, handler)
      : dispatch({ ...options, blocking: false }, handler)
  )
})

const transport: Layer.Layer<HttpClient.HttpClient> = Layer.fresh(NodeHttpClient.layerUndiciWithoutDispatcher).pipe(
  Layer.provide(Layer.scoped(NodeHttpClient.Dispatcher, dispatcher))
)

// -----------------------------------------------------------------------------
// the world
// -----------------------------------------------------------------------------

export interface World {
  readonly cloud: TestCloud.Service
  readonly gate: Gate
  /** One authenticated request, its answer read to the end. */
  readonly call: Effect.Effect<void, Adapter.Error | HttpClientError.ResponseError>
  /** The same with a wrong password. */
  readonly callWithWrongPassword: World["call"]
  /** What Keystone was asked for tokens since the journal was cleared. */
  readonly logins: Effect.Effect<Logins>
  /** How the service answered since then: how many requests, by status. */
  readonly answers: Effect.Effect<ReadonlyMap<number, number>>
}

export interface Logins {
  readonly attempts: number
  readonly succeeded: number
}

const isLogin = ({ method, path }: TestCloud.JournalEntry) => method === "POST" && path.endsWith("/auth/tokens")

export const countLogins = (journal: ReadonlyArray<TestCloud.JournalEntry>): Logins => {
  const attempts = journal.filter(isLogin)
  return { attempts: attempts.length, succeeded: attempts.filter(({ status }) => status === 201).length }
}

const countAnswers = (journal: ReadonlyArray<TestCloud.JournalEntry>): ReadonlyMap<number, number> => {
  const answers = new Map<number, number>()
  for (const { status } of journal.filter(({ service }) => service === "compute")) {
    answers.set(status, (answers.get(status) ?? 0) + 1)
  }
  return answers
}

export const demoUser = ({ accounts: { demo }, authUrl }: TestCloud.Service): Password.Options => ({
  authUrl,
  username: demo.username,
  userDomainName: demo.userDomainName,
  password: demo.password,
  projectName: demo.projectName,
  projectDomainName: demo.projectDomainName
})

const makeWorld = Effect.gen(function*() {
  const cloud = yield* TestCloud.TestCloud
  const gate = yield* GateTag
  const compute = yield* Adapter.make({ serviceType: "compute" })
  const demo = yield* Password.make(demoUser(cloud))
  const impostor = yield* Password.make({ ...demoUser(cloud), password: Redacted.make("not-the-password") })
  const call = Effect.flatMap(compute.get("/servers"), ({ text }) => text).pipe(Effect.asVoid)
  const world: World = {
    cloud,
    gate,
    call: Effect.provideService(call, AuthPlugin.AuthPlugin, demo),
    callWithWrongPassword: Effect.provideService(call, AuthPlugin.AuthPlugin, impostor),
    logins: Effect.map(cloud.journal, countLogins),
    answers: Effect.map(cloud.journal, countAnswers)
  }
  return world
})

const environment = (options?: TestCloud.Options) =>
  Session.layer({ appName: "storms" }).pipe(
    Layer.provide(transport),
    Layer.provideMerge(TestCloud.layerServer(options)),
    Layer.provide(gated),
    Layer.provide(
      NodeHttpServer.layer(() => createServer({ keepAliveTimeout: 60_000 }), {
        port: 0,
        host: "127.0.0.1",
        backlog: 4096
      })
    ),
    Layer.provideMerge(Layer.effect(GateTag, makeGate))
  )

/** Does something in a world of its own. */
export const inWorld = <A, E>(
  use: (world: World) => Effect.Effect<A, E>,
  options?: TestCloud.Options
): Effect.Effect<A, E | HttpServerError.ServeError> =>
  Effect.flatMap(makeWorld, use).pipe(Effect.provide(Layer.fresh(environment(options))))
