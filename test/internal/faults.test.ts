import { assert, describe, it } from "@effect/vitest"
import { FastCheck, Schema } from "effect"
import { readFileSync } from "node:fs"
import * as Faults from "../../src/internal/faults.js"

const Fault = Schema.Struct({
  name: Schema.String,
  status: Schema.Number,
  headers: Schema.Record({ key: Schema.String, value: Schema.String }),
  body: Schema.Unknown
})

/** Refusals of real services, as they were captured. */
const faults = Schema.decodeUnknownSync(Schema.parseJson(Schema.Array(Fault)))(
  readFileSync(new URL("../data/faults.json", import.meta.url), "utf8")
)

const textOf = (body: unknown) => typeof body === "string" ? body : JSON.stringify(body)

/** What must be in the message, by what the refusal is about. */
const says: ReadonlyArray<readonly [RegExp, RegExp]> = [
  [/keystone: expired-user/, /^The password is expired and needs to be changed for user: \w+\.$/],
  [/nova: not found/, /^Instance none could not be found\.$/],
  [/cinder: not found/, /^Volume none could not be found\.$/],
  [/placement: not found/, /No resource provider with uuid none found/],
  [/glance: not found/, /^No image found with ID none$/],
  [/neutron: not found/, /^Network none could not be found\.$/],
  [/ironic: not found/, /^Node none could not be found\.$/],
  [/barbican: not found/, /^Not Found\. Provided secret id is invalid\.$/],
  [/microversion too high/, /9\.99/],
  [/no such route/, /not found|could not be found/i],
  [/no client certificate/, /^400 Bad Request No required SSL certificate was sent/],
  [/no token|bad token/, /requires authentication|could not verify that you are authorized/]
]

describe("faults", () => {
  it(`reads all ${faults.length} of the captured refusals`, () => {
    assert.isAtLeast(faults.length, 50)
    for (const { body, headers, name } of faults) {
      const { message = "" } = Faults.read(headers["Content-Type"] ?? "", textOf(body))
      assert.isAbove(message.length, 3, name)
      // Keystone quotes its schema to who sends a malformed login
      assert.notMatch(message, name === "keystone: malformed" ? /\n/ : /[{}<>\n]|&\w+;/, name)
      for (const [about, wanted] of says) {
        if (about.test(name)) {
          assert.match(message, wanted, name)
        }
      }
    }
  })

  it("reads what else is out there", () => {
    const read = (body: unknown, type = "application/json") => Faults.read(type, textOf(body)).message
    assert.strictEqual(read({ errors: ["first", "second"] }), "first")
    assert.strictEqual(read({ error: "unauthorized", message: "more" }), "unauthorized")
    assert.strictEqual(read({ error_message: { faultstring: "it is so" } }), "it is so")
    assert.strictEqual(read({ error_message: "plain" }), "plain")
    assert.strictEqual(
      read("<html><h1>Not Found</h1><p>The resource could not be found.</p></html>", "text/html"),
      "Not Found The resource could not be found."
    )
    assert.strictEqual(read("<html><title>502 Bad Gateway</title></html>", "text/html"), "502 Bad Gateway")
    assert.strictEqual(read("upstream connect error", "text/plain"), "upstream connect error")
    assert.strictEqual(read("", "text/plain"), undefined)
    assert.strictEqual(read([1, 2]), undefined)
    assert.strictEqual(read("x".repeat(10_000), "text/plain")?.length, 2001)
  })

  it("never fails, whatever the body is", () => {
    FastCheck.assert(FastCheck.property(FastCheck.anything(), FastCheck.string(), (body, type) => {
      Faults.read(type, FastCheck.stringify(body))
    }))
    FastCheck.assert(FastCheck.property(FastCheck.jsonValue(), (value) => {
      for (const body of [value, { error: value }, { errors: value }, { errors: [value] }, { error_message: value }]) {
        Faults.read("application/json", JSON.stringify(body))
      }
    }))
  })
})
