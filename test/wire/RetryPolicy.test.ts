import { HttpBody, HttpClient, HttpClientError, HttpClientRequest, HttpClientResponse } from "@effect/platform"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Layer, Random, Redacted, Stream, TestClock, TestContext } from "effect"
import { Adapter, AdminToken, AuthPlugin, Password, type RetryPolicy, Session, Transport } from "effect-keystoneauth"
import * as FastCheck from "effect/FastCheck"
import { assertTag } from "../support.js"

/** An error code, or a status with headers. */
type Answer = string | number | readonly [status: number, headers: Record<string, string>]

const url = "http://a.test/"

/**
 * A client that responds in this order, and with the last one ever after; records the times of requests in
 * milliseconds.
 */
const world = (...answers: ReadonlyArray<Answer>) => {
  const times: Array<number> = []
  const client = HttpClient.make((request) =>
    Effect.clockWith((clock) => {
      const answer = answers[Math.min(times.length, answers.length - 1)]
      times.push(clock.unsafeCurrentTimeMillis())
      if (typeof answer === "string") {
        return answer === "never"
          ? Effect.never
          : Effect.fail(new HttpClientError.RequestError({ request, reason: "Transport", cause: { code: answer } }))
      }
      const [status, headers] = typeof answer === "object" ? answer : [answer ?? 200, {}]
      return Effect.succeed(HttpClientResponse.fromWeb(request, new Response("", { status, headers })))
    })
  )
  return { times, platform: Layer.succeed(HttpClient.HttpClient, client) }
}

const get = HttpClientRequest.get(url)
const post = HttpClientRequest.post(url, { body: HttpBody.text("x") })

/** Sends a request without a deadline, and without jitter unless it is set. */
const send = (
  { platform }: ReturnType<typeof world>,
  retries: RetryPolicy.RetryPolicy,
  request = get,
  options?: Transport.ExecuteOptions
) =>
  Effect.gen(function*() {
    const transport = yield* Transport.Transport
    const fiber = yield* Effect.fork(
      Effect.either(transport.execute(request, { ...options, retries: { jitter: 0, ...retries } }))
    )
    yield* TestClock.adjust("1 day")
    return yield* Fiber.join(fiber)
  }).pipe(Effect.provide(Layer.provide(Transport.layer(), platform)))

const failure = (...args: Parameters<typeof send>) => Effect.flatMap(send(...args), Effect.flip)

/** A session with an `AuthPlugin` that needs no login. */
const sessionOver = ({ platform }: ReturnType<typeof world>, options?: Session.Options) =>
  Layer.merge(
    Layer.provide(Session.layer(options), platform),
    Layer.succeed(AuthPlugin.AuthPlugin, AdminToken.make({ endpoint: url, token: Redacted.make("t0ken") }))
  )

describe("retries", () => {
  it.effect("nothing is retried by default", () =>
    Effect.forEach(["ECONNREFUSED", "ECONNRESET", 503, 429] as const, (answer) =>
      Effect.gen(function*() {
        const one = world(answer, 200)
        yield* send(one, {})
        assert.strictEqual(one.times.length, 1)
      })))

  it.effect("requests without a response and refused ones have separate budgets and delays", () =>
    Effect.gen(function*() {
      const one = world("ECONNREFUSED", "ECONNREFUSED", 503, 429, "ECONNRESET", 200)
      const response = yield* Effect.flatten(send(one, { connect: 3, status: 2 }))
      assert.strictEqual(response.status, 200)
      assert.deepStrictEqual(one.times, [0, 500, 1500, 2000, 3000, 3500])
    }))

  it.effect("delays double up to a minute, or are fixed by the policy", () =>
    Effect.gen(function*() {
      const gaps = ({ times }: { readonly times: ReadonlyArray<number> }) =>
        times.slice(1).map((time, i) => (time - times[i]!) / 1000)
      const doubling = world("ECONNREFUSED")
      yield* send(doubling, { connect: 9 })
      assert.deepStrictEqual(gaps(doubling), [0.5, 1, 2, 4, 8, 16, 32, 60, 60])
      const fixed = world(503)
      yield* send(fixed, { status: 3, statusDelay: "90 seconds" })
      assert.deepStrictEqual(gaps(fixed), [90, 90, 90])
      const none = world("ECONNREFUSED")
      yield* send(none, { connect: 3, connectDelay: 0 })
      assert.deepStrictEqual(gaps(none), [0, 0, 0])
    }))

  it.effect("a request that may have arrived is retried only if it can be repeated", () =>
    Effect.gen(function*() {
      const count = (request: HttpClientRequest.HttpClientRequest, answer: Answer, policy?: RetryPolicy.RetryPolicy) =>
        Effect.gen(function*() {
          const one = world(answer, 200)
          yield* send(one, { connect: 1, status: 1, ...policy }, request)
          return one.times.length
        })
      for (const answer of ["ECONNRESET", "UND_ERR_HEADERS_TIMEOUT", "never", 503]) {
        assert.strictEqual(yield* count(get, answer), 2, `GET ${answer}`)
        assert.strictEqual(yield* count(post, answer), 1, `POST ${answer}`)
        assert.strictEqual(yield* count(HttpClientRequest.setMethod(post, "PATCH"), answer), 1, `PATCH ${answer}`)
        assert.strictEqual(yield* count(post, answer, { anyMethod: true }), 2, `POST ${answer}, any method`)
      }
      // it did not arrive
      for (const answer of ["ECONNREFUSED", "ENOTFOUND", "UND_ERR_CONNECT_TIMEOUT"]) {
        assert.strictEqual(yield* count(post, answer), 2, `POST ${answer}`)
      }
      // a retry would fail as well
      for (const answer of ["CERT_HAS_EXPIRED", "EWHATEVER", 500, 404]) {
        assert.strictEqual(yield* count(get, answer), 1, `GET ${answer}`)
      }
    }))

  it.effect("a stream is never sent twice", () =>
    Effect.gen(function*() {
      const one = world("ECONNREFUSED", 200)
      const upload = HttpClientRequest.put(url, { body: HttpBody.stream(Stream.make(new Uint8Array(1))) })
      assertTag(yield* failure(one, { connect: 3 }, upload), "TransportError")
      assert.strictEqual(one.times.length, 1)
    }))

  it.effect("`statuses` replaces the default: 429, 503, and 413 with Retry-After", () =>
    Effect.gen(function*() {
      const tries = Effect.fnUntraced(function*(answer: Answer, statuses?: ReadonlyArray<number>) {
        const one = world(answer, 200)
        yield* send(one, { status: 1, statuses })
        return one.times.length
      })
      assert.strictEqual(yield* tries(429), 2)
      assert.strictEqual(yield* tries(503), 2)
      assert.strictEqual(yield* tries(413), 1)
      assert.strictEqual(yield* tries([413, { "retry-after": "1" }]), 2)
      assert.strictEqual(yield* tries(502), 1)
      assert.strictEqual(yield* tries(502, [502]), 2)
      assert.strictEqual(yield* tries(503, [502]), 1)
      assert.strictEqual(yield* tries(503, []), 1)
    }))

  it.effect("a login is retried, although it is a POST", () =>
    Effect.gen(function*() {
      const one = world(503, "ECONNRESET", 200)
      yield* Effect.flatten(send(one, { connect: 1, status: 1 }, post, { phase: "login" }))
      assert.strictEqual(one.times.length, 3)
    }))
})

describe("the delay", () => {
  it.effect("is `Retry-After`, in seconds or as a date", () =>
    Effect.gen(function*() {
      const waited = Effect.fnUntraced(function*(retryAfter: string) {
        const one = world([429, { "retry-after": retryAfter }], 200)
        yield* send(one, { status: 1, statusDelay: "1 seconds" })
        return one.times[1]! - one.times[0]!
      })
      assert.strictEqual(yield* waited("7"), 7000)
      assert.strictEqual(yield* waited("0"), 0)
      const inTwoMinutes = new Date((yield* TestClock.currentTimeMillis) + 120_000).toUTCString()
      assert.strictEqual(yield* waited(inTwoMinutes), 120_000)
      assert.strictEqual(yield* waited("soon"), 1000)
    }))

  it.effect("is never shorter, and at most longer by the jitter", () =>
    Effect.promise(() =>
      FastCheck.assert(
        FastCheck.asyncProperty(
          FastCheck.double({ min: 0, max: 1, noNaN: true }),
          FastCheck.integer(),
          FastCheck.integer({ min: 1, max: 9 }),
          (jitter, seed, tries) =>
            Effect.runPromise(
              Effect.gen(function*() {
                const one = world(503)
                const fiber = yield* Effect.fork(send(one, { status: tries, jitter }))
                yield* Fiber.join(fiber)
                assert.strictEqual(one.times.length, tries + 1)
                one.times.slice(1).forEach((time, i) => {
                  const wait = time - one.times[i]!
                  const base = Math.min(500 * 2 ** i, 60_000)
                  assert.isAtLeast(wait, base)
                  assert.isAtMost(wait, Math.ceil(base * (1 + jitter)))
                })
              }).pipe(Effect.withRandom(Random.make(seed)), Effect.provide(TestContext.TestContext))
            )
        ),
        { numRuns: 50 }
      )
    ))

  it.effect("is not begun if it would exceed the deadline: the last failure is the error", () =>
    Effect.gen(function*() {
      const one = world([503, { "retry-after": "120" }], 200)
      const fiber = yield* Effect.fork(Effect.flip(
        Session.request(get, { retries: { status: 5 }, deadline: "1 minute" }).pipe(Effect.provide(sessionOver(one)))
      ))
      yield* TestClock.adjust("1 millis")
      const error = yield* Fiber.join(fiber)
      assertTag(error, "ServiceUnavailable")
      assert.strictEqual(error.retryAfterMillis, 120_000)
      assert.deepStrictEqual(one.times, [0])
    }))
})

describe("the error", () => {
  it.effect("is the last failure, with the number of attempts", () =>
    Effect.gen(function*() {
      const refused = yield* failure(world("ECONNREFUSED"), { connect: 2 })
      assertTag(refused, "TransportError")
      assert.deepStrictEqual([refused.reason, refused.attempts], ["Connect", 3])
      assert.include(refused.message, "(sent 3 times)")
      const timedOut = yield* failure(world("never"), { connect: 1 }, get, { timeout: "3 seconds" })
      assertTag(timedOut, "TimedOut")
      assert.deepStrictEqual([timedOut.phase, timedOut.millis, timedOut.attempts], ["request", 3000, 2])
      const once = yield* failure(world("ECONNREFUSED"), {})
      assertTag(once, "TransportError")
      assert.isUndefined(once.attempts)
    }))

  it.effect("has the number of attempts for a status as well", () =>
    Effect.gen(function*() {
      const one = world([429, { "retry-after": "1" }])
      const fiber = yield* Effect.fork(Effect.flip(
        Session.request(get, { retries: { status: 2, jitter: 0 } }).pipe(Effect.provide(sessionOver(one)))
      ))
      yield* TestClock.adjust("1 minute")
      const error = yield* Fiber.join(fiber)
      assertTag(error, "RateLimited")
      assert.deepStrictEqual([error.attempts, error.retryAfterMillis], [3, 1000])
    }))
})

describe("precedence", () => {
  it.effect("the call wins over the adapter, and the adapter over the session, for each field", () =>
    Effect.gen(function*() {
      const one = world(503)
      yield* Effect.gen(function*() {
        const adapter = yield* Adapter.make({ retries: { status: 2, statusDelay: "3 seconds" } })
        const run = Effect.fork(
          Effect.exit(adapter.get(url).pipe(Adapter.withOptions({ retries: { status: 1 } })))
        )
        const fiber = yield* run
        yield* TestClock.adjust("1 hour")
        yield* Fiber.join(fiber)
      }).pipe(Effect.provide(sessionOver(one, { retries: { jitter: 0, status: 7 } })))
      assert.deepStrictEqual(one.times, [0, 3000])
    }))

  it.effect("logins and version documents use the policy of the session", () =>
    Effect.gen(function*() {
      const one = world("ECONNREFUSED", "ECONNREFUSED", 503)
      const error = yield* Effect.gen(function*() {
        const plugin = yield* Password.make({
          authUrl: "http://keystone.test/v3",
          userId: "u",
          password: Redacted.make("secret")
        })
        const fiber = yield* Effect.fork(Effect.flip(plugin.headers))
        // the key of the token is hashed in a thread
        yield* Effect.promise(() => new Promise((resolve) => setTimeout(resolve, 20)))
        yield* TestClock.adjust("1 minute")
        return yield* Fiber.join(fiber)
      }).pipe(Effect.provide(sessionOver(one, { retries: { jitter: 0, connect: 2 } })))
      assertTag(error, "ServiceUnavailable")
      assert.deepStrictEqual(one.times.map((time) => time - one.times[0]!), [0, 500, 1500])
    }))
})
