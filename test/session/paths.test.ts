import { HttpClient, HttpClientRequest, HttpClientResponse } from "@effect/platform"
import { assert, describe, it } from "@effect/vitest"
import { Effect, FastCheck, Layer, Redacted } from "effect"
import { Adapter, Session } from "effect-keystoneauth"
import * as TestCloud from "effect-keystoneauth/TestCloud"
import * as Http from "node:http"
import * as NodeTransport from "../../src/node/NodeTransport.js"
import * as NoAuth from "../../src/plugins/NoAuth.js"
import * as Url from "../../src/safety/url.js"
import { listen } from "../servers.js"
import { assertTag, Compute, platforms } from "../support.js"

const endpoint = "http://swift.test/v1/AUTH_p1"

/** The path where a request arrives, or the reason why it is not sent. */
const sentTo = (path: string) => {
  const sent: Array<string> = []
  const client = HttpClient.make((request, url) => {
    sent.push(url.href)
    return Effect.succeed(HttpClientResponse.fromWeb(request, new Response()))
  })
  return Session.request(HttpClientRequest.get(path), { endpointOverride: endpoint }).pipe(
    Effect.provide([
      NoAuth.layer(),
      Layer.provide(Session.layer(), Layer.succeed(HttpClient.HttpClient, client))
    ]),
    Effect.either,
    Effect.map((outcome) => ({ outcome, sent }))
  )
}

/** Segments that leave the endpoint, in each place of a path. */
const steps = [
  "..",
  ".",
  "%2e%2e",
  "%2E.",
  ".%2e",
  "%2e",
  "..%2f",
  "..%2Fx",
  "%2f..",
  "..%5c",
  "..\\x",
  "x\\..",
  "x%5C..",
  "\\.."
]
const leaving = steps.flatMap((step) => [
  step,
  `/${step}`,
  `//${step}`.slice(1),
  `/backups/${step}`,
  `/backups/${step}/`,
  `/a/${step}/b`,
  `/a/${step}?x=1`,
  `/a/${step}#x`,
  `/a//${step}`,
  `/a/${step} `
])

const controls = Array.from({ length: 0x20 }, (_, code) => String.fromCharCode(code)).concat("\x7f")

const staying = [
  "",
  "/",
  "/...",
  "/..a/a../.a/a.",
  "/.well-known/x",
  "/a%2Fb",
  "/a%20b/é/😀",
  "/a b",
  "/%252e%252e/",
  "/line%0Abreak",
  "/x?path=/../..&y=%2e%2e/\\..",
  "/x#/../"
]

describe("a path", () => {
  it.effect("that leaves its endpoint is refused, and nothing is sent", () =>
    Effect.forEach(leaving, (path) =>
      Effect.gen(function*() {
        const { outcome, sent } = yield* sentTo(path)
        assert(outcome._tag === "Left", path)
        assertTag(outcome.left, "InvalidOptions")
        assert.deepStrictEqual([outcome.left.module, outcome.left.option, sent], ["Session", "url", []], path)
        assert.match(outcome.left.reason, /has the segment "\.\.?".*Adapter\.path/, path)
      })))

  it.effect("with a control character is refused, in absolute URLs as well", () =>
    Effect.forEach(
      controls.flatMap((control) => [`/a/.${control}./x`, `/a?${control}`, `http://other.test/a${control}b`]),
      (path) =>
        Effect.gen(function*() {
          const { outcome, sent } = yield* sentTo(path)
          assert(outcome._tag === "Left", JSON.stringify(path))
          assertTag(outcome.left, "InvalidOptions")
          assert.match(outcome.left.reason, /U\+00[01267][0-9A-F]/)
          assert.deepStrictEqual(sent, [])
        })
    ))

  it.effect("that stays below its endpoint is sent unchanged, without its fragment", () =>
    Effect.forEach(staying, (path) =>
      Effect.gen(function*() {
        const { outcome, sent } = yield* sentTo(path)
        assert(outcome._tag === "Right", path)
        // fragments are never sent
        const [kept = ""] = path.replace(/^\//, "").split("#", 1)
        assert.deepStrictEqual(sent, [new URL(`${endpoint}/${kept}`).href], path)
      })))

  it("is always either below its endpoint or refused", () => {
    const piece = FastCheck.oneof(
      FastCheck.constantFrom(
        "/",
        "\\",
        ".",
        "..",
        "%2e",
        "%2E",
        "%2f",
        "%5c",
        "?",
        "#",
        "%",
        " ",
        "\t",
        "a",
        "%0a",
        ";"
      ),
      FastCheck.string({ unit: "binary", maxLength: 3 })
    )
    FastCheck.assert(
      FastCheck.property(FastCheck.array(piece, { maxLength: 8 }), (pieces) => {
        const path = `/a${pieces.join("")}`
        if (Url.flaw(path, false) === undefined) {
          assert.isTrue(new URL(Url.join(endpoint, path)).href.startsWith(`${endpoint}/a`), JSON.stringify(path))
        }
      }),
      { numRuns: 5000 }
    )
  })

  it.effect("that is refused costs no login", () =>
    Effect.gen(function*() {
      const cloud = yield* TestCloud.TestCloud
      const compute = yield* Compute
      assertTag(yield* Effect.flip(compute.del("/servers/..")), "InvalidOptions")
      assertTag(yield* Effect.flip(compute.get("/servers/%2e%2e/%2e%2e/identity/v3/users")), "InvalidOptions")
      assert.deepStrictEqual(yield* cloud.journal, [])
    }).pipe(Effect.provide(Layer.provideMerge(Compute.layer, TestCloud.layer()))))

  for (const [name, platform] of Object.entries({ ...platforms, NodeTransport: NodeTransport.layer() })) {
    it.scopedLive(`arrives unchanged over ${name}`, () =>
      Effect.gen(function*() {
        const seen: Array<string> = []
        const { port } = yield* listen(Http.createServer((request, response) => {
          seen.push(request.url ?? "")
          response.end()
        }))
        const get = (path: string) =>
          Session.request(HttpClientRequest.get(path), { endpointOverride: `http://127.0.0.1:${port}/v1` })
        yield* Effect.forEach(["/a/../../b", "/a\\..\\..\\b", "/a/%2e%2e/", "/.\t./"], (path) => Effect.flip(get(path)))
          .pipe(
            Effect.zipRight(get(Adapter.path`/c/${"a/b?#%\\ é"}/x`)),
            Effect.provide([NoAuth.layer(), Layer.provide(Session.layer(), platform)])
          )
        assert.deepStrictEqual(seen, ["/v1/c/a%2Fb%3F%23%25%5C%20%C3%A9/x"])
      }))
  }
})

describe("Adapter.path", () => {
  it("puts each value into one segment, or the request is refused", () => {
    const value = FastCheck.oneof(
      FastCheck.constantFrom(
        "",
        ".",
        "..",
        "/",
        "\\",
        "../x",
        "a/..",
        "%2e%2e",
        "\ud800",
        "\ufffd",
        "a\n",
        "?",
        "#",
        " "
      ),
      FastCheck.string({ unit: "binary" }),
      FastCheck.string({ unit: FastCheck.integer({ min: 0, max: 0xffff }).map((code) => String.fromCharCode(code)) })
    )
    FastCheck.assert(
      FastCheck.property(value, (value) => {
        const path = Adapter.path`/a/${value}/b`
        for (const absolute of [false, true]) {
          const url = absolute ? endpoint + path : path
          if (Url.flaw(url, absolute) === undefined) {
            const { pathname, search, hash } = new URL(absolute ? url : Url.join(endpoint, url))
            assert.deepStrictEqual(
              [pathname.split("/"), search, hash],
              [["", "v1", "AUTH_p1", "a", encodeURIComponent(value), "b"], "", ""]
            )
            assert.strictEqual(decodeURIComponent(pathname.split("/")[4] ?? ""), value)
          }
        }
      }),
      { numRuns: 2000 }
    )
  })

  it("refuses values that cannot be a segment", () => {
    for (const value of ["", ".", "..", "\ud800", "a\udfffb"]) {
      const path = Adapter.path`/servers/${value}`
      assert.match(Url.flaw(path, false) ?? "", /Adapter\.path/, JSON.stringify(value))
      assert.match(Url.flaw(endpoint + path, true) ?? "", /Adapter\.path/, JSON.stringify(value))
    }
  })

  it("refuses values that are neither a string nor a finite number, which only untyped programs pass", () => {
    const values: ReadonlyArray<unknown> = [
      ...[undefined, null, [], ["a"], {}, Object.create(null), Symbol("x"), NaN, Infinity, true, () => 1],
      ...[new Date(0), Redacted.make("x"), 1n]
    ]
    for (const value of values) {
      const path = Adapter.path`/servers/${value as string}`
      assert.match(Url.flaw(path, false) ?? "", /Adapter\.path/)
    }
  })

  it("does not change the text between values, and accepts numbers", () => {
    assert.strictEqual(Adapter.path`/images/${"a b"}/file?limit=${7}`, "/images/a%20b/file?limit=7")
    assert.strictEqual(Adapter.path`/servers`, "/servers")
    assert.strictEqual(Adapter.path`${"%2e%2e"}${"😀"}`, "%252e%252e%F0%9F%98%80")
  })
})
