/** Errors that deliberately differ from keystoneauth's. The other cases are in test/conformance.test.ts. */
import { assert, describe, it } from "@effect/vitest"
import { DateTime, Effect, Either, Redacted } from "effect"
import { isRecord } from "effect/Predicate"
import { outcome } from "../conformance/httpErrors.js"
import { assertTag } from "../support.js"
import * as Vectors from "../vectors.js"

const marked = Vectors.load("http-errors").filter((one) => !Vectors.isPlain(one)).map((one) => ({
  one,
  response: one.input["response"] as {
    readonly status: number
    readonly headers: Readonly<Record<string, string>>
    readonly json?: unknown
    readonly text?: string
  }
}))

const of = (quirk: string) => marked.filter(({ one }) => one.ref.includes(quirk))

const header = (headers: Readonly<Record<string, string>>, wanted: string) =>
  Object.entries(headers).find(([name]) => name.toLowerCase() === wanted)?.[1]

const refused = (one: Vectors.Case) =>
  Effect.map(outcome(one.input), (answer) => Either.getOrThrow(Either.flip(answer)))

/** What there is to read in a body, found by the keys that say something, in any depth. */
const said = (json: unknown): string | undefined => {
  if (typeof json === "string") {
    return json.startsWith("{") ? said(JSON.parse(json)) : json
  }
  if (Array.isArray(json)) {
    return said(json.find((item) => typeof item === "string" || isRecord(item)))
  }
  if (!isRecord(json)) {
    return undefined
  }
  const { detail, message, title } = json
  return [message, detail, title].find((text) => typeof text === "string" && text !== "") as string | undefined ??
    Object.values(json).map((value) => typeof value === "number" ? undefined : said(value)).find((text) =>
      text !== undefined
    )
}

describe("quirks of the reference's errors", () => {
  it("there are cases for each", () => {
    for (const [quirk, least] of [["Q30", 10], ["Q32", 30], ["Q33", 3]] as const) {
      assert.isAtLeast(of(quirk).length, least, quirk)
    }
  })

  it.effect("Q30: a 413 keeps its Retry-After and is RateLimited, also as a date", () =>
    Effect.forEach(of("Q30"), ({ one, response }) =>
      Effect.gen(function*() {
        const error = yield* refused(one)
        const retryAfter = header(response.headers, "retry-after") ?? ""
        const seconds = /^\s*\d+\s*$/.test(retryAfter)
          ? Number(retryAfter)
          : /GMT$/.test(retryAfter)
          ? Date.parse(retryAfter) / 1000
          : undefined
        if (response.status === 413 && seconds === undefined) {
          assertTag(error, "ClientError")
          assert.isUndefined(error.retryAfterMillis)
        } else {
          assert(error._tag === "RateLimited" || error._tag === "ServiceUnavailable", `${one.name}: ${error._tag}`)
          assert.strictEqual(error.retryAfterMillis, seconds === undefined ? undefined : seconds * 1000, one.name)
          assert.include(error.message, `[again in ${seconds} s]`)
        }
      })))

  it.effect("Q32: every error format is read, and other bodies have no message", () =>
    Effect.forEach(of("Q32"), ({ one, response }) =>
      Effect.gen(function*() {
        const error = yield* refused(one)
        assert("serviceMessage" in error && "status" in error, one.name)
        const ids = ["x-openstack-request-id", "x-compute-request-id"].map((name) => header(response.headers, name))
        assert.strictEqual(error.requestId, ids.find((id) => id !== undefined), one.name)
        assert.strictEqual(error.status, response.status)
        const receipt = isRecord(response.json) && "receipt" in response.json
        assert.strictEqual(
          error.serviceMessage,
          receipt ? undefined : said(response.json),
          one.name
        )
      })))

  it.effect("Q33: MissingAuthMethods names the request, and ignores an invalid body", () =>
    Effect.forEach(
      marked.filter(({ response }) =>
        response.status === 401 && header(response.headers, "openstack-auth-receipt") !== undefined
      ),
      ({ one, response }) =>
        Effect.gen(function*() {
          const error = yield* refused(one)
          assertTag(error, "MissingAuthMethods")
          assert.deepStrictEqual([error.method, error.url, error.status], [
            one.input["method"],
            one.input["url"],
            401
          ])
          assert.strictEqual(Redacted.value(error.receipt), header(response.headers, "openstack-auth-receipt"))
          const readable = isRecord(response.json) && isRecord(response.json["receipt"]) &&
            "methods" in response.json["receipt"]
          assert.deepStrictEqual(error.methods, readable ? ["password"] : [])
          assert.deepStrictEqual(error.requiredAuthMethods, readable ? [["totp", "password"]] : [])
          assert.strictEqual(
            error.expiresAt === undefined ? undefined : DateTime.formatIso(error.expiresAt),
            readable ? "2026-07-01T10:00:00.000Z" : undefined
          )
          assert.notInclude(JSON.stringify(error), "rcpt-teapot")
        })
    ))
})
