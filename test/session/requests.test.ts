/** Behaviour of requests that deliberately differs from keystoneauth (F and O in the register). */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Either } from "effect"
import { run } from "../conformance/requests.js"
import * as Vectors from "../vectors.js"

/** Runs the cases with this quirk. */
const quirk = (suite: string, id: string) => {
  const cases = Vectors.load(suite).filter(({ ref }) => ref.includes(id))
  assert.isNotEmpty(cases)
  return Effect.forEach(cases, (one) => Effect.map(run(one.input), (ran) => ({ one, ...ran })))
}

const secrets = ["static", "tok-", "Bearer z", "c=1", "svc", "sub", "Basic ", "pw"]

const statuses = (results: ReadonlyArray<Either.Either<{ readonly status: number }, unknown>>) =>
  results.map((result) => Either.isRight(result) ? result.right.status : (result.left as { _tag: string })._tag)

describe("quirks of keystoneauth", () => {
  it.live("Q26: nothing secret goes to another origin, and https is never redirected to http", () =>
    Effect.gen(function*() {
      for (const { one, results, sent } of yield* quirk("request-redirects", "Q26")) {
        const [first] = sent
        const origin = new URL(String((one.input["requests"] as ReadonlyArray<{ url: string }>)[0]?.url)).origin
        const elsewhere = sent.filter(({ url }) => new URL(url).origin !== origin && !url.endsWith("/auth/tokens"))
        const told = JSON.stringify(elsewhere.map(({ body, headers }) => ({ body, headers })))
        assert.deepStrictEqual(secrets.filter((secret) => told.includes(secret)), [], one.name)
        assert.deepStrictEqual(elsewhere.filter(({ body }) => body !== undefined), [], one.name)
        const downgraded = first?.url.startsWith("https:") === true && sent.some(({ url }) => url.startsWith("http:"))
        assert.isFalse(downgraded, one.name)
        // a response, or an error with the reason
        for (const status of statuses(results)) {
          assert.include([200, 302, 303, 307, 308, 301, "NotFound", "RedirectRefused"], status, one.name)
        }
      }
    }))

  it.live("Q27: a relative Location is resolved", () =>
    Effect.gen(function*() {
      const ran = yield* quirk("request-redirects", "Q27")
      const outcome = Object.fromEntries(
        ran.map(({ one, results, sent }) => [one.name, [...statuses(results), sent.length]])
      )
      assert.deepStrictEqual(outcome, {
        "location absolute path": [200, 2],
        "location relative": [200, 2],
        "location protocol relative": [200, 2],
        // a target that does not exist
        "location query only": ["NotFound", 2],
        // a redirect to the same URL
        "location empty": [302, 31],
        "location not a URL": ["RedirectRefused", 1],
        "location other scheme": ["RedirectRefused", 1]
      })
    }))

  it.live("Q25: the original address of a request wins over that of the session", () =>
    Effect.gen(function*() {
      for (const { sent } of yield* quirk("request-headers", "Q25")) {
        assert.match(sent[0]?.headers["forwarded"] ?? "", /^for=192\.0\.2\.9;/)
      }
    }))

  it.live("Q24: a timeout of 0 is an error", () =>
    Effect.gen(function*() {
      for (const { results, sent } of yield* quirk("request-headers", "Q24")) {
        assert.deepStrictEqual([statuses(results), sent.length], [["InvalidOptions"], 0])
      }
    }))

  it.live("Q31: a delay of 0 is no delay, and an empty list of statuses is empty", () =>
    Effect.gen(function*() {
      for (const { one, sent } of yield* quirk("request-retries", "Q31")) {
        const [{ args } = { args: {} }] = one.input["requests"] as ReadonlyArray<{ args: Record<string, unknown> }>
        const wait = args["connect_retry_delay"] ?? args["status_code_retry_delay"]
        const waits = sent.slice(1).map(({ at }, i) => (at - sent[i]!.at) / 1000)
        assert.deepStrictEqual(waits, wait === undefined ? [] : [wait, wait, wait], one.name)
      }
    }))

  it.live("Q30: Retry-After is obeyed", () =>
    Effect.gen(function*() {
      const cases = Vectors.load("request-retries").filter(({ input }) => JSON.stringify(input).includes("Retry-After"))
      const waits = yield* Effect.forEach(cases, ({ input }) =>
        Effect.map(run(input), ({ sent }) => ((sent[1]?.at ?? NaN) - (sent[0]?.at ?? NaN)) / 1000))
      assert.deepStrictEqual(waits, [7, 0, 0.5, 120])
    }))

  it.live("Q36: a plugin with its own endpoint needs no filter", () =>
    Effect.gen(function*() {
      for (const { one, results } of yield* quirk("request-urls", "Q36")) {
        assert.deepStrictEqual(statuses(results), [200], one.name)
      }
    }))

  it.live("Q28: an unknown placeholder in an override is an error, any other % is kept", () =>
    Effect.gen(function*() {
      for (const { one, results, sent } of yield* quirk("request-urls", "Q28")) {
        for (const status of statuses(results)) {
          assert.include([200, "InvalidOptions", "TransportError"], status, one.name)
        }
        assert.strictEqual(
          sent.some(({ url }) => url.startsWith("https://api")),
          statuses(results)[0] === 200,
          one.name
        )
      }
    }))
})
