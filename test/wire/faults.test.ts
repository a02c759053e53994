import { Headers, HttpClientRequest } from "@effect/platform"
import { assert, describe, it } from "@effect/vitest"
import { Effect, FastCheck, Redacted, Schema, TestClock } from "effect"
import { readFileSync } from "node:fs"
import * as Secrets from "../../src/safety/secrets.js"
import * as Faults from "../../src/wire/faults.js"

const Fault = Schema.Struct({
  name: Schema.String,
  status: Schema.Number,
  headers: Schema.Record({ key: Schema.String, value: Schema.String }),
  body: Schema.Unknown
})

/** Captured error responses of real services. */
const faults = Schema.decodeUnknownSync(Schema.parseJson(Schema.Array(Fault)))(
  readFileSync(new URL("../data/faults.json", import.meta.url), "utf8")
)

const textOf = (body: unknown) => typeof body === "string" ? body : JSON.stringify(body)

const describeFault = (headers: Readonly<Record<string, string>>, body: string, secrets: ReadonlyArray<string> = []) =>
  Faults.describe(Headers.fromInput(headers), body, hiding(secrets))

/** Hides the secrets of a request. */
const hiding = (secrets: ReadonlyArray<string>): Faults.Hide => {
  const source = {
    request: HttpClientRequest.get("http://service.test"),
    url: new URL("http://service.test"),
    credentials: undefined,
    secrets: secrets.map((secret) => Redacted.make(secret))
  }
  return (text) => new Secrets.Secrets(source).hide(text)
}

// messages of frameworks that several services use
const authenticate = "The request you have made requires authentication."
const unverified =
  "This server could not verify that you are authorized to access the document you requested. Either " +
  "you supplied the wrong credentials (e.g., bad password), or your browser does not understand how to supply the " +
  "credentials required."
const noResource = "The resource could not be found."
const failed = "The server has either erred or is incapable of performing the requested operation."

/** The exact message and details of each response. */
const says: Readonly<Record<string, readonly [message: string, details?: string]>> = {
  "keystone: expired-user": [
    "The password is expired and needs to be changed for user: 2ea24abb22354e33b6ae4192e509fa96."
  ],
  "keystone: locked-user": [authenticate],
  "keystone: disabled-user": [authenticate],
  "keystone: no-role-user": [authenticate],
  "keystone: wrong password": [authenticate],
  "keystone: unknown method": [
    "Expecting to find none in identity. The server could not comply with the request since it is either malformed " +
    "or otherwise incorrect. The client is assumed to be in error."
  ],
  "keystone: malformed": ["'identity' is a required property"],
  "keystone: forbidden": ["You are not authorized to perform the requested action: identity:list_users."],
  "keystone: not found": ["Could not find user: none."],
  "keystone: no such route": [
    "The requested URL was not found on the server. If you entered the URL manually please check your spelling and " +
    "try again."
  ],
  "keystone: conflict": [
    "Conflict occurred attempting to store project - it is not permitted to have two projects with either the same " +
    "name or same id in the same domain: name is demo, project id 709d1bb456f74d38b849e15f3c7cd7a4."
  ],
  "nginx: no client certificate": ["No required SSL certificate was sent"],
  "nova: not found": ["Instance none could not be found.", "itemNotFound"],
  "nova: no such route": [noResource],
  "nova: microversion too high": [
    "Version 9.99 is not supported by the API. Minimum is 2.1 and maximum is 2.93.",
    "computeFault"
  ],
  "nova: not in the access rules": [authenticate],
  "cinder: not found": ["Volume none could not be found.", "itemNotFound"],
  "cinder: no such route": [noResource],
  "cinder: microversion too high": [
    "Version 9.99 is not supported by the API. Minimum is 3.0 and maximum is 3.70.",
    "computeFault"
  ],
  "placement: not found": [`${noResource} No resource provider with uuid none found`, "Not Found"],
  "placement: no such route": [noResource, "Not Found"],
  "placement: microversion too high": [
    "The resource could not be generated that was acceptable to your browser (content of type application/json. " +
    "Invalid microversion: Unacceptable version header: 9.99",
    "Not Acceptable"
  ],
  "glance: no token": [unverified],
  "glance: bad token": [unverified],
  "glance: not found": ["No image found with ID none"],
  "glance: no such route": [noResource],
  "neutron: not found": ["Network none could not be found.", "NetworkNotFound"],
  "neutron: no such route": [noResource, "HTTPNotFound"],
  "ironic: not found": ["Node none could not be found."],
  "ironic: no such route": ["Not Found"],
  "ironic: microversion too high": [
    "Mutually exclusive versions requested. Version 9.99 requested but not supported by this service. The supported " +
    "version range is: [1.1, 1.82]."
  ],
  "barbican: not found": ["Not Found. Provided secret id is invalid."],
  "barbican: no such route": ["Not Found"],
  "heat: not found": [failed, "MessagingTimeout"],
  "heat: no such route": [noResource],
  "heat: no engine answers": [failed, "MessagingTimeout"]
}

/** The token middleware in front of every service except Glance, which passes the response on. */
const fallback = (name: string) => /: (no|bad) token$/.test(name) ? [authenticate] as const : undefined

/** The header with the request id: not all services send it, and not in each response. */
const nameless = /^(nginx|glance: (no|bad) token|ironic: (?!not found)|barbican: (no|bad) token)/

const several = "Multiple error responses, showing first only: "

describe("faults", () => {
  for (const { body, headers, name } of faults) {
    it.effect(`reads the error of ${name}`, () =>
      Effect.gen(function*() {
        const { details, requestId, serviceMessage } = yield* describeFault(headers, textOf(body))
        const [message, more] = says[name] ?? fallback(name) ?? []
        assert.isDefined(message, name)
        assert.strictEqual(serviceMessage, message)
        assert.strictEqual(details, more)
        assert.match(requestId ?? "none", nameless.test(name) ? /^none$/ : /^req-[\w-]{36}$/)
      }))
  }

  it("there are errors of every service", () => {
    assert.isAtLeast(faults.length, 52)
    assert.deepStrictEqual([...new Set(faults.map(({ name }) => name.split(":")[0]))].sort(), [
      "barbican",
      "cinder",
      "glance",
      "heat",
      "ironic",
      "keystone",
      "neutron",
      "nginx",
      "nova",
      "placement"
    ])
  })

  it("reads other formats", () => {
    const read = (body: unknown, type = "application/json") => Faults.read(type, textOf(body), hiding([])).message
    assert.strictEqual(read({ errors: ["first", "second"] }), "first")
    assert.strictEqual(read({ error: "unauthorized", message: "more" }), "unauthorized")
    assert.strictEqual(read({ error_message: { faultstring: "it is so" } }), "it is so")
    assert.strictEqual(read({ error_message: "plain" }), "plain")
    // Swift
    assert.strictEqual(
      read("<html><h1>Not Found</h1><p>The resource could not be found.</p></html>", "text/html"),
      "The resource could not be found."
    )
    assert.strictEqual(read("<html><title>502 Bad Gateway</title></html>", "text/html"), "502 Bad Gateway")
    assert.strictEqual(
      read(
        "<html><head><title>502 Bad Gateway</title><style>p > a { color: red }</style></head><body>" +
          "<h1>502 Bad Gateway</h1>\r\n<hr><center>nginx/1.18.0</center></body></html>",
        "text/html"
      ),
      "502 Bad Gateway"
    )
    assert.strictEqual(read("<p>a &lt; b &amp;&amp; &quot;c&quot; &copy;", "text/html"), "a < b && \"c\" &copy;")
    assert.strictEqual(read({ errors: [{ title: "t", detail: "d" }, { title: "u" }] }), `${several}t`)
    assert.strictEqual(read({ errors: [{ title: "Conflict", detail: "d" }, { title: "u" }] }), `${several}d`)
    assert.strictEqual(read({ errors: [{ detail: "d" }] }), "d")
    assert.strictEqual(read({ error: "invalid_grant", error_description: "no" }), "no")
    assert.strictEqual(read({ error: { message: 7 } }), "7")
    assert.strictEqual(
      read({ code: 404, type: "zone_not_found", message: "Could not find Zone" }),
      "Could not find Zone"
    )
    assert.strictEqual(read({ overLimit: { code: 413, message: "slow down", details: "wait" } }), "slow down")
    assert.strictEqual(read({ faultcode: "Client", faultstring: "f", debuginfo: null }), "f")
    assert.strictEqual(read("upstream connect error", "text/plain"), "upstream connect error")
    assert.strictEqual(
      read("400 Bad Request\n\nlimit must be an integer\n\n   ", "text/plain"),
      "limit must be an integer"
    )
    assert.strictEqual(read("400 Bad Request\n\n", "text/plain"), "400 Bad Request")
    assert.strictEqual(read({ message: "no \u001b[31mred\u0000 here" }), "no [31mred here")
    // still compressed
    assert.isUndefined(read("\u001f\ufffd\b\0\0\u0003", "application/json"))
    assert.strictEqual(
      read({
        errors: [{ title: "Bad Request", detail: "No.  Failed validating 'type' in schema: {} On instance: 'pw'" }]
      }),
      "No."
    )
    assert.strictEqual(read("", "text/plain"), undefined)
    assert.strictEqual(read([1, 2]), undefined)
  })

  it.effect("reads the request id from any of four headers", () =>
    Effect.forEach(
      ["X-OpenStack-Request-Id", "X-Compute-Request-Id", "OpenStack-Request-Id", "X-Trans-Id"],
      (name) =>
        Effect.map(
          describeFault({ [name]: "req-1", "x-request-id": "proxy" }, ""),
          (fault) => assert.strictEqual(fault.requestId, "req-1", name)
        )
    ))

  it.effect("ignores an empty request id, and prefers the usual header", () =>
    Effect.gen(function*() {
      const { requestId } = yield* describeFault({ "x-openstack-request-id": "", "x-compute-request-id": "req-2" }, "")
      assert.strictEqual(requestId, "req-2")
      const both = yield* describeFault({ "x-compute-request-id": "req-2", "x-openstack-request-id": "req-1" }, "")
      assert.strictEqual(both.requestId, "req-1")
      assert.isUndefined((yield* describeFault({ "x-openstack-request-id": "" }, "")).requestId)
    }))

  it.effect("reads Retry-After as a number of seconds or a date", () =>
    Effect.gen(function*() {
      yield* TestClock.setTime(Date.parse("2026-10-21T07:28:00Z"))
      const read = (value: string) => Effect.map(describeFault({ "retry-after": value }, ""), (u) => u.retryAfterMillis)
      assert.strictEqual(yield* read("30"), 30_000)
      assert.strictEqual(yield* read(" 007 "), 7000)
      assert.strictEqual(yield* read("Wed, 21 Oct 2026 07:29:30 GMT"), 90_000)
      assert.strictEqual(yield* read("Wed, 21 Oct 2026 07:00:00 GMT"), 0)
      for (const value of ["", "soon", "-5", "1.5", "1e3"]) {
        assert.isUndefined(yield* read(value), value)
      }
      // by the clock of the server, if the response has a Date
      const byServer = (date: string) =>
        Effect.map(
          describeFault({ "retry-after": "Wed, 21 Oct 2026 02:29:30 GMT", date }, ""),
          (u) => u.retryAfterMillis
        )
      assert.strictEqual(yield* byServer("Wed, 21 Oct 2026 02:28:00 GMT"), 90_000)
      assert.strictEqual(yield* byServer("Wed, 21 Oct 2026 03:00:00 GMT"), 0)
      assert.strictEqual(yield* byServer("17"), 0)
    }))

  it.effect("truncates a long text, but not within a secret", () =>
    Effect.gen(function*() {
      const { serviceMessage = "" } = yield* describeFault({}, "x".repeat(10_000))
      assert.strictEqual(serviceMessage.length, 2001)
      const secret = "correct horse battery staple"
      const { serviceMessage: shown = "" } = yield* describeFault({}, `${"x ".repeat(995)}${secret} y`, [secret])
      assert.match(shown, /<redact…$|<redacted>/)
      assert.notInclude(shown, "correct")
    }))

  it("is fast with hostile bodies", () => {
    const bodies = ["<", "<a", "<body", "<title>", "<!--", "<script", "&lt", "<br ", " ", "eyJ-", "\n\nFailed "]
      .flatMap(
        (part) => [part.repeat(1_000_000), `<html>${part.repeat(1_000_000)}`, JSON.stringify(part.repeat(1_000_000))]
      )
    for (const body of [...bodies, "[".repeat(1_000_000), `${"[".repeat(50_000)}${"]".repeat(50_000)}`]) {
      const started = process.cpuUsage()
      Effect.runSync(describeFault({ "content-type": "text/html" }, body, ["secret"]))
      assert.isBelow(process.cpuUsage(started).user / 1000, 2000, body.slice(0, 20))
    }
    const deep = `${"[".repeat(50_000)}${"]".repeat(50_000)}`
    assert.deepStrictEqual(Faults.read("", `{"error":{"message":"m","details":${deep}}}`, hiding([])), {
      message: "m",
      details: undefined
    })
  })

  it("never fails, whatever the body is", () => {
    FastCheck.assert(FastCheck.property(FastCheck.anything(), FastCheck.string(), (body, type) => {
      Faults.read(type, FastCheck.stringify(body), hiding(["secret"]))
    }))
    FastCheck.assert(FastCheck.property(FastCheck.jsonValue(), (value) => {
      for (const body of [value, { error: value }, { errors: value }, { errors: [value] }, { error_message: value }]) {
        Faults.read("application/json", JSON.stringify(body), hiding(["secret"]))
      }
    }))
  })
})
