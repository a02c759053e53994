/** The copy of a request with another URL and other headers. Fails if the platform changes the fields of requests. */
import { Headers, HttpClientRequest } from "@effect/platform"
import { assert, describe, it } from "@effect/vitest"
import * as CopyRequest from "../../src/wire/copyRequest.js"

describe("the copy of a request", () => {
  it("has all fields of the platform's requests", () => {
    const request = HttpClientRequest.post("/servers", { urlParams: { limit: "1" }, hash: "top", headers: { a: "1" } })
      .pipe(
        HttpClientRequest.bodyUnsafeJson({ server: {} })
      )
    const headers = Headers.fromInput({ b: "2" })
    const made = CopyRequest.make(request, "http://nova.test/servers", headers)
    // a field that a newer platform adds would be missing here
    assert.sameMembers(Object.keys(made), Object.keys(request))
    assert.strictEqual(Object.getPrototypeOf(made), Object.getPrototypeOf(request))
    assert.strictEqual(made.body, request.body)
    assert.strictEqual(made.hash, request.hash)
    assert.strictEqual(made.urlParams, request.urlParams)
    assert.strictEqual(made.method, "POST")
    assert.strictEqual(made.url, "http://nova.test/servers")
    assert.deepStrictEqual({ ...made.headers }, { b: "2" })
    assert.strictEqual(request.url, "/servers")
  })
})
