import { HttpClient, HttpClientRequest, HttpClientResponse } from "@effect/platform"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { Transport } from "effect-keystoneauth"
import * as Page from "../../src/wire/page.js"

/** Runs an effect as in a page of this origin; test/browser has real pages. */
const inPage = <A, E, R>(origin: string, effect: Effect.Effect<A, E, R>) =>
  Effect.acquireUseRelease(
    Effect.sync(() => Object.defineProperty(globalThis, "origin", { value: origin, configurable: true })),
    () => effect,
    () => Effect.sync(() => Reflect.deleteProperty(globalThis, "origin"))
  )

const explain = (page: string, url: string, sendsStream = false) =>
  inPage(page, Effect.sync(() => Page.explainFailure(url, sendsStream)))

describe("a page", () => {
  it("exists only in a browser", () => {
    assert.isUndefined(Page.origin())
    assert.isFalse(Page.isForeign("http://cloud.test/"))
    assert.isUndefined(Page.explainFailure("http://cloud.test/", true))
  })

  it.effect("is foreign to all origins except its own, if it has one", () =>
    Effect.gen(function*() {
      const foreign = (page: string, url: string) => inPage(page, Effect.sync(() => Page.isForeign(url)))
      assert.isFalse(yield* foreign("https://a.test", "https://a.test:443/v3?x=1"))
      assert.isTrue(yield* foreign("https://a.test", "https://a.test:5000/v3"))
      assert.isTrue(yield* foreign("https://a.test", "http://a.test/v3"))
      assert.isTrue(yield* foreign("null", "http://a.test/v3"))
    }))

  it.effect("gets the possible reasons of a failure", () =>
    Effect.gen(function*() {
      assert.include(yield* explain("https://a.test", "http://cloud.test/"), "mixed content")
      for (
        const url of [
          "https://cloud.test/",
          "http://localhost:5000/",
          "http://keystone.localhost/",
          "http://127.0.0.1/",
          "http://[::1]:5000/"
        ]
      ) {
        const text = yield* explain("https://a.test", url)
        assert.include(text, "does not allow pages of https://a.test to send this request (CORS:")
        assert.notInclude(text, "stream")
      }
      assert.include(yield* explain("http://a.test", "http://cloud.test/", true), "HTTP/2")
      assert.isUndefined(yield* explain("http://a.test", "http://a.test/v3"))
      assert.isUndefined(yield* explain("http://a.test", "http://me:secret@cloud.test/"))
    }))

  it.effect("leaves the user agent to the browser, and sends trace headers only to its own origin", () => {
    const sent: Array<ReadonlyArray<string>> = []
    const client = HttpClient.make((request) => {
      sent.push(Object.keys(request.headers).sort())
      return Effect.succeed(HttpClientResponse.fromWeb(request, new Response()))
    })
    const requests = Effect.gen(function*() {
      const transport = yield* Transport.Transport
      yield* transport.execute(HttpClientRequest.get("https://a.test/"))
      yield* transport.execute(HttpClientRequest.get("https://cloud.test/"))
      yield* transport.execute(HttpClientRequest.get("https://cloud.test/", { headers: { "user-agent": "mine" } }))
    }).pipe(
      Effect.withSpan("trace"),
      Effect.provide(Layer.provide(Transport.layer(), Layer.succeed(HttpClient.HttpClient, client)))
    )
    return Effect.gen(function*() {
      yield* inPage("https://a.test", requests)
      assert.deepStrictEqual(sent, [["b3", "traceparent"], [], ["user-agent"]])
    })
  })
})
