/** Setting the wall clock while the program runs affects no timeout, rest or cache. */
import { HttpClient, HttpClientRequest, HttpClientResponse } from "@effect/platform"
import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Exit, Fiber, Layer, Option, Redacted } from "effect"
import { Limiter, Password, Session, TokenStore } from "effect-keystoneauth"
import * as Availability from "../../src/identity/availability.js"
import { makeSettable, type SettableClock, settle } from "../clocks.js"
import { assertTag, Compute } from "../support.js"

const hours = 3_600_000

/** How far the clock is wrong. */
const jumps = [-30 * 365 * 24 * hours, -2 * hours, -50, 50, 2 * hours, 30 * 365 * 24 * hours]

const iso = (millis: number) => new Date(millis).toISOString()

type Answer = (request: HttpClientRequest.HttpClientRequest) => Response | Effect.Effect<Response>

/** A cloud with a correct clock. */
const cloud = (clock: SettableClock, service: Answer, login?: Answer) => {
  const journal: Array<string> = []
  const token: Answer = () =>
    Response.json({
      token: {
        issued_at: iso(clock.truth()),
        expires_at: iso(clock.truth() + hours),
        catalog: [{
          type: "compute",
          endpoints: [{ interface: "public", region_id: "R", url: "http://compute.test/" }]
        }]
      }
    }, { status: 201, headers: { "x-subject-token": `token-${journal.length}` } })
  const client = HttpClient.make((request) => {
    const isLogin = request.url.endsWith("/auth/tokens")
    journal.push(isLogin ? "login" : new URL(request.url).pathname)
    const answer = (isLogin ? login ?? token : service)(request)
    return Effect.map(
      Effect.isEffect(answer) ? answer : Effect.succeed(answer),
      (response) => HttpClientResponse.fromWeb(request, response)
    )
  })
  return {
    journal,
    logins: () => journal.filter((entry) => entry === "login").length,
    layer: (options: Session.Options = {}) =>
      Layer.provideMerge(
        Password.layer({
          authUrl: "http://keystone.test/v3",
          username: "demo",
          userDomainName: "Default",
          password: Redacted.make("secret")
        }),
        Layer.provide(Session.layer(options), Layer.succeed(HttpClient.HttpClient, client))
      )
  }
}

const get = (options?: Session.RequestOptions) =>
  Session.request(HttpClientRequest.get("http://compute.test/servers"), options)

const ok = () => Response.json({})

/** Runs a test for each jump, with a clock and a function that makes it jump. */
const forEachJump = <E>(
  test: (clock: SettableClock, jump: number) => Effect.Effect<void, E>
): Effect.Effect<void, E> =>
  Effect.forEach(jumps, (jump) => {
    const clock = makeSettable()
    return Effect.withClock(test(clock, jump), clock)
  }, { discard: true })

const endedWith = <A, E>(fiber: Fiber.RuntimeFiber<A, E>) => Option.fromNullable(fiber.unsafePoll())

describe("setting the wall clock", () => {
  it.live("does not change when a request times out", () =>
    forEachJump((clock, jump) =>
      Effect.gen(function*() {
        for (const options of [{ timeout: "2 seconds" }, { deadline: "2 seconds" }] as const) {
          const fiber = yield* Effect.fork(Effect.flip(get({ ...options, authenticated: false })))
          yield* clock.pass("1 second")
          clock.set(jump)
          yield* clock.pass(999)
          assert.isTrue(Option.isNone(endedWith(fiber)))
          yield* clock.pass(1)
          assertTag(yield* Fiber.join(fiber), "TimedOut")
          clock.set(-jump)
        }
      }).pipe(Effect.provide(cloud(clock, () => Effect.never).layer()))
    ))

  it.live("does not change how long to wait for a body", () =>
    forEachJump((clock, jump) =>
      Effect.gen(function*() {
        const response = yield* get({ timeout: "2 seconds", authenticated: false })
        const fiber = yield* Effect.fork(Effect.flip(response.text))
        yield* clock.pass("1 second")
        clock.set(jump)
        yield* clock.pass("1 second")
        assert.isTrue(Option.isSome(endedWith(fiber)))
        assert.match((yield* Fiber.join(fiber)).message, /did not arrive within 2000 ms/)
      }).pipe(Effect.provide(cloud(clock, () => new Response(new ReadableStream({}))).layer()))
    ))

  it.live("does not change the rest after a failed login", () =>
    forEachJump((clock, jump) => {
      const { layer, logins } = cloud(clock, ok, () => new Response("", { status: 500 }))
      return Effect.gen(function*() {
        const login = Effect.either(get())
        clock.set(jump)
        yield* login
        clock.set(-jump)
        yield* clock.pass(400)
        yield* login
        assert.strictEqual(logins(), 1)
        yield* clock.pass(600)
        yield* login
        assert.strictEqual(logins(), 2)
        clock.set(jump)
        yield* login
        assert.strictEqual(logins(), 2)
        yield* clock.pass(2000)
        yield* login
        assert.strictEqual(logins(), 3)
      }).pipe(Effect.provide(layer()))
    }))

  it.live("does not change how long a token is used", () =>
    forEachJump((clock, jump) => {
      const { layer, logins } = cloud(clock, ok)
      return Effect.gen(function*() {
        yield* get()
        clock.set(jump)
        for (let minute = 1; minute < 58; minute++) {
          yield* clock.pass("1 minute")
          yield* get()
        }
        assert.strictEqual(logins(), 1)
        // renewed early, in the background
        yield* clock.pass("1 minute")
        yield* get()
        yield* clock.pass("1 minute")
        yield* get()
        yield* settle
        assert.strictEqual(logins(), 2)
      }).pipe(Effect.provide(layer()))
    }))

  it.live("does not change how long a failed version document is cached", () =>
    forEachJump((clock, jump) => {
      const { journal, layer } = cloud(clock, () => new Response("", { status: 503 }))
      return Effect.gen(function*() {
        const compute = yield* Compute
        const documents = () => journal.filter((entry) => entry === "/").length
        clock.set(jump)
        yield* Effect.either(compute.get("/servers"))
        const first = documents()
        assert.isAbove(first, 0)
        clock.set(-jump)
        yield* clock.pass("900 millis")
        yield* Effect.either(compute.get("/servers"))
        assert.strictEqual(documents(), first)
        yield* clock.pass("40 seconds")
        yield* Effect.either(compute.get("/servers"))
        assert.strictEqual(documents(), 2 * first)
      }).pipe(Effect.provide(Layer.provideMerge(Compute.layer, layer())))
    }))

  it.live("does not change the number of requests per second", () =>
    forEachJump((clock, jump) =>
      Effect.gen(function*() {
        const limiter = yield* Limiter.make({ requestsPerSecond: 10 })
        let begun = 0
        const begin = limiter.withPermit(Effect.sync(() => begun++))
        yield* Effect.fork(Effect.replicateEffect(begin, 30, { concurrency: "unbounded" }))
        yield* clock.pass(500)
        assert.strictEqual(begun, 6)
        clock.set(jump)
        yield* clock.pass(500)
        assert.strictEqual(begun, 11)
        clock.set(-jump)
        yield* clock.pass(500)
        assert.strictEqual(begun, 16)
      })
    ))

  it.live("does not change the rest of a failing store", () =>
    forEachJump((clock, jump) =>
      Effect.gen(function*() {
        const { attempt } = Availability.make({
          label: "the store",
          timeout: Duration.seconds(1),
          rest: Duration.seconds(5)
        })
        let tries = 0
        const failing = attempt(
          "read",
          Effect.suspend(() => {
            tries++
            return Effect.fail({ reason: "broken", unreachable: true })
          }),
          undefined
        )
        clock.set(jump)
        yield* failing
        clock.set(-jump)
        yield* clock.pass(4_999)
        yield* failing
        assert.strictEqual(tries, 1)
        yield* clock.pass(1)
        yield* failing
        assert.strictEqual(tries, 2)
      })
    ))

  it.live("does not change retries", () =>
    forEachJump((clock, jump) => {
      const { journal, layer } = cloud(clock, () => new Response("", { status: 503 }))
      return Effect.gen(function*() {
        const fiber = yield* Effect.fork(Effect.flip(get({
          authenticated: false,
          deadline: "10 seconds",
          retries: { status: 20, statusDelay: "3 seconds", jitter: 0 }
        })))
        yield* clock.pass("1 second")
        clock.set(jump)
        yield* clock.pass("9 seconds")
        assert.isTrue(Option.isSome(endedWith(fiber)))
        assertTag(yield* Fiber.join(fiber), "ServiceUnavailable")
        assert.strictEqual(journal.length, 4)
      }).pipe(Effect.provide(layer()))
    }))

  it.live("does not change how long a process waits for the login of another", () =>
    forEachJump((clock, jump) =>
      Effect.gen(function*() {
        for (const [options, millis] of [[{ loginTimeout: "5 seconds" }, 5_000], [{}, 30_000]] as const) {
          const memory = yield* TokenStore.makeMemory()
          // another process holds the lease, and never logs in
          let asked = 0
          const lease = () => Effect.as(Effect.sync(() => asked++), Option.none())
          const busy = Layer.succeed(TokenStore.TokenStore, { ...memory, lease })
          const { layer, logins } = cloud(clock, ok)
          const fiber = yield* Effect.fork(Effect.provide(get(), Layer.provide(layer(options), busy)))
          // names are hashed by SubtleCrypto, which takes no time of this clock
          yield* Effect.repeat(settle, { until: () => asked > 0 })
          yield* clock.pass("1 second")
          clock.set(jump)
          yield* clock.pass(millis - 1_001)
          assert.strictEqual(logins(), 0)
          yield* clock.pass(200)
          assert.isTrue(Exit.isSuccess(yield* Fiber.await(fiber)))
          assert.strictEqual(logins(), 1)
          clock.set(-jump)
        }
      })
    ))
})
