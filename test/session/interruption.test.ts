/** A request that is interrupted between any two steps releases everything. */
import { HttpClient, HttpClientRequest, HttpClientResponse } from "@effect/platform"
import { assert, describe, it } from "@effect/vitest"
import {
  Deferred,
  Effect,
  Exit,
  Fiber,
  FiberId,
  Layer,
  Logger,
  LogLevel,
  Metric,
  RuntimeFlags,
  RuntimeFlagsPatch,
  Stream,
  Supervisor
} from "effect"
import { Limiter, Session, TokenStore, Transport } from "effect-keystoneauth"
import * as NodeTransport from "effect-keystoneauth/NodeTransport"
import * as TestCloud from "effect-keystoneauth/TestCloud"
import * as Http from "node:http"
import { recorder } from "../recorder.js"
import { listen } from "../servers.js"
import { Compute, demo, logins } from "../support.js"

/** The number of requests without a response. */
const inFlight = (): number =>
  Metric.unsafeSnapshot().filter(({ metricKey }) => metricKey.name === "effect_keystoneauth_http_requests_in_flight")
    .reduce((sum, { metricState }) => sum + Number((metricState as unknown as Record<string, unknown>)["value"]), 0)

/** Waits for a turn of the event loop. */
const turn = Effect.async<void>((resume) => {
  setImmediate(() => resume(Effect.void))
})

/** Interrupts the first fiber before its nth operation. */
class Interrupter extends Supervisor.AbstractSupervisor<void> {
  readonly value = Effect.void
  #fiber: Fiber.RuntimeFiber<unknown, unknown> | undefined
  #operations = 0

  constructor(readonly before: number) {
    super()
  }

  override onEffect<A, E>(fiber: Fiber.RuntimeFiber<A, E>): void {
    this.#fiber ??= fiber
    if (fiber === this.#fiber && ++this.#operations === this.before) {
      fiber.unsafeInterruptAsFork(FiberId.none)
    }
  }
}

/** The exit of an effect that is interrupted before this operation, after all fibers have ended. */
const interrupted = <A, E, R>(operation: number, effect: Effect.Effect<A, E, R>) =>
  effect.pipe(
    Effect.withRuntimeFlagsPatch(RuntimeFlagsPatch.enable(RuntimeFlags.OpSupervision)),
    Effect.supervised(new Interrupter(operation)),
    Effect.fork,
    Effect.flatMap(Fiber.await),
    Effect.zipLeft(turn)
  )

/** Runs once for each operation, until no operation is left to interrupt. */
const forEachOperation = <A, E, R, E2>(
  attempt: (operation: number) => Effect.Effect<Exit.Exit<A, E2>, E, R>
): Effect.Effect<A, E | E2, R> =>
  Effect.gen(function*() {
    for (let operation = 1;; operation++) {
      const exit = yield* attempt(operation)
      if (!Exit.isInterrupted(exit)) {
        assert.isAbove(operation, 10)
        return yield* exit
      }
    }
  })

const assertNothingInFlight = (operation: number) =>
  Effect.sync(() =>
    assert.strictEqual(inFlight(), 0, `counted as in flight, interrupted before operation ${operation}`)
  )

/** Interrupts before each operation, and each time checks what is still open: closing may take some turns. */
const leavesNothing = <A, E, R>(request: Effect.Effect<A, E, R>, open: () => number, turns = 0) =>
  forEachOperation((operation) =>
    Effect.zipLeft(interrupted(operation, request), assertNothingInFlight(operation)).pipe(
      Effect.zipLeft(Effect.repeat(turn, { until: () => open() === 0, times: turns })),
      Effect.tap(() => assert.strictEqual(open(), 0, `still open, interrupted before operation ${operation}`))
    )
  )

const overWire = (answer: Parameters<typeof HttpClient.make>[0]) =>
  Transport.layer().pipe(Layer.provide(Layer.succeed(HttpClient.HttpClient, HttpClient.make(answer))))

describe("a request that is interrupted before any of its operations", () => {
  it.live("leaves no request open, over another HTTP client", () =>
    Effect.gen(function*() {
      let open = 0
      let sent = 0
      const wire = overWire((request) =>
        Effect.acquireUseRelease(
          Effect.sync(() => {
            open++
            sent++
          }),
          () => Effect.as(turn, HttpClientResponse.fromWeb(request, new Response("{}"))),
          () => Effect.sync(() => open--)
        )
      )
      yield* Effect.gen(function*() {
        const transport = yield* Transport.Transport
        yield* leavesNothing(transport.execute(HttpClientRequest.get("http://a.test/")), () => open)
      }).pipe(Effect.provide(wire))
      assert.isAbove(sent, 1)
    }))

  const upload = HttpClientRequest.bodyStream(Stream.make(new Uint8Array(1000), new Uint8Array(1000)))

  const text = (response: HttpClientResponse.HttpClientResponse) => Effect.asVoid(response.text)
  const drain = (response: HttpClientResponse.HttpClientResponse) => Stream.runDrain(response.stream)

  it.scopedLive.each(
    [
      ["a GET", HttpClientRequest.get, text],
      ["a download", HttpClientRequest.get, drain],
      ["an upload", (url: string) => upload(HttpClientRequest.put(url)), text]
    ] as const
  )("leaves nothing on its way, over NodeTransport: %s", ([, make, read]) =>
    Effect.gen(function*() {
      let open = 0
      let sent = 0
      const { port } = yield* listen(Http.createServer((request, response) => {
        open++
        sent++
        response.on("close", () => open--)
        // in two parts, so that the reader has to wait in between
        request.resume().on("end", () => {
          response.write("one")
          setImmediate(() => response.end("two"))
        })
      }))
      yield* Effect.gen(function*() {
        const transport = yield* Transport.Transport
        const request = Effect.flatMap(transport.execute(make(`http://127.0.0.1:${port}/`)), read)
        yield* leavesNothing(request, () => open, 1000)
      }).pipe(Effect.provide(Transport.layer().pipe(Layer.provide(NodeTransport.layer()))))
      assert.isAbove(sent, 1)
    }))

  it.live("ends its spans, with a tracer and a debug log", () =>
    Effect.gen(function*() {
      const { layer, spans } = yield* recorder
      yield* Effect.gen(function*() {
        const transport = yield* Transport.Transport
        yield* leavesNothing(
          transport.execute(HttpClientRequest.get("http://a.test/")),
          () => spans.filter(({ exit }) => exit === undefined).length
        )
      }).pipe(
        Effect.provide(
          overWire((request) => Effect.as(turn, HttpClientResponse.fromWeb(request, new Response("{}"))))
        ),
        Effect.provide(layer),
        Logger.withMinimumLogLevel(LogLevel.Debug)
      )
      assert.isAbove(spans.length, 1)
    }))

  const servers = Effect.flatMap(Compute, (compute) => compute.get("/servers"))

  /** Needs a version document, unlike the catalog's URL of compute. */
  const images = Session.request(HttpClientRequest.get("/images"), {
    endpointFilter: { serviceType: "image", minVersion: 2 }
  })
  const oneAtATime = TestCloud.layer({ session: { limits: { concurrency: 1 } } })

  const documents = Effect.flatMap(TestCloud.TestCloud, (cloud) =>
    Effect.map(
      cloud.journal,
      (journal) => journal.filter(({ service, token }) => service !== "identity" && token === undefined).length
    ))

  /** Checks that the next request gets a permit, and that there was only one login. */
  const assertNextWorks = <E, R>(operation: number, next: Effect.Effect<HttpClientResponse.HttpClientResponse, E, R>) =>
    Effect.gen(function*() {
      const { status } = yield* Effect.timeout(next, "5 seconds")
      assert.strictEqual(status, 200, `interrupted before operation ${operation}`)
      assert.strictEqual(yield* logins, 1, `logins, interrupted before operation ${operation}`)
      yield* assertNothingInFlight(operation)
    })

  it.live("affects no other request: one login, one version document, and its permit is returned", () =>
    forEachOperation((operation) =>
      Effect.flatMap(demo, (asDemo) =>
        interrupted(operation, images).pipe(
          Effect.zipLeft(assertNextWorks(operation, images)),
          Effect.zipLeft(Effect.tap(documents, (count) => assert.strictEqual(count, 1, `documents, ${operation}`))),
          Effect.provide(asDemo)
        )).pipe(
          // each with a new cloud and Session, so that nothing is cached
          Effect.provide(oneAtATime)
        )
    ))

  it.live("affects no other request while a rejected token is replaced", () =>
    Effect.gen(function*() {
      const cloud = yield* TestCloud.TestCloud
      yield* Effect.gen(function*() {
        yield* servers
        yield* forEachOperation((operation) =>
          Effect.gen(function*() {
            yield* cloud.revokeTokens()
            yield* cloud.clearJournal
            const exit = yield* interrupted(operation, servers)
            yield* assertNextWorks(operation, servers)
            return exit
          })
        )
      }).pipe(Effect.provide(yield* demo))
    }).pipe(Effect.provide(Compute.layer), Effect.provide(oneAtATime)))

  it.live("leaves no request, lease or login in its Session", () =>
    Effect.gen(function*() {
      const store = yield* TokenStore.makeMemory()
      let leases = 0
      const watched: TokenStore.Service = {
        ...store,
        lease: (name, timeToLive) =>
          Effect.zipRight(
            Effect.acquireRelease(Effect.sync(() => leases++), () => Effect.sync(() => leases--)),
            store.lease(name, timeToLive)
          )
      }
      const cloud = yield* TestCloud.TestCloud
      const asDemo = yield* demo
      yield* forEachOperation((operation) =>
        interrupted(operation, servers).pipe(
          Effect.provide(asDemo),
          Effect.provide(Compute.layer),
          Effect.provide(Session.layer()),
          Effect.provideService(TokenStore.TokenStore, watched),
          Effect.zipLeft(cloud.revokeTokens()),
          Effect.zipLeft(assertNothingInFlight(operation)),
          Effect.tap(() => assert.strictEqual(leases, 0, `leases, interrupted before operation ${operation}`))
        )
      )
    }).pipe(Effect.provide(TestCloud.layerHttpClient())))

  it.live("passes on its permit, wherever it waited for it", () =>
    forEachOperation((operation) =>
      Effect.gen(function*() {
        const limiter = yield* Limiter.make({ concurrency: 1, requestsPerSecond: 1_000_000 })
        const done = yield* Deferred.make<void>()
        const holder = yield* Effect.fork(limiter.withPermit(Deferred.await(done)))
        yield* turn
        const waiter = yield* Effect.fork(interrupted(operation, limiter.withPermit(Effect.yieldNow())))
        const behind = yield* Effect.fork(limiter.withPermit(Effect.void))
        yield* turn
        yield* Deferred.succeed(done, undefined)
        const exit = yield* Fiber.join(waiter)
        yield* Fiber.join(behind).pipe(
          Effect.timeoutFail({
            duration: "2 seconds",
            onTimeout: () => `lost, interrupted before operation ${operation}`
          })
        )
        yield* Fiber.join(holder)
        return exit
      })
    ))
})
