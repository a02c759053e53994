import { assert, describe, it } from "@effect/vitest"
import { ConfigProvider, Effect, Redacted } from "effect"
import type * as NodeTransport from "effect-keystoneauth/NodeTransport"
import * as Proxy from "../../src/node/proxy.js"

/** The proxies for these URLs, as their host names. */
const choose = (options: NodeTransport.Options, variables: Record<string, string>, ...urls: ReadonlyArray<string>) =>
  Proxy.make(options).pipe(
    Effect.map((proxyFor) => urls.map((url) => proxyFor(new URL(url)))),
    Effect.map((proxies) => proxies.map((proxy) => proxy === undefined ? undefined : new URL(proxy.url).hostname)),
    Effect.withConfigProvider(ConfigProvider.fromMap(new Map(Object.entries(variables))))
  )

const both = ["http://cloud.test", "https://cloud.test"] as const

describe("the proxy of a request", () => {
  it.effect("comes from the environment: lower-case names win, and each scheme has its own", () =>
    Effect.gen(function*() {
      const cases: ReadonlyArray<readonly [Record<string, string>, ReadonlyArray<string | undefined>]> = [
        [{}, [undefined, undefined]],
        [{ HTTP_PROXY: "http://a" }, ["a", undefined]],
        [{ HTTPS_PROXY: "http://b:3128" }, [undefined, "b"]],
        [{ HTTP_PROXY: "http://a", HTTPS_PROXY: "https://b" }, ["a", "b"]],
        [{ http_proxy: "c", HTTP_PROXY: "http://a" }, ["c", undefined]],
        [{ http_proxy: "", HTTP_PROXY: "http://a" }, [undefined, undefined]],
        [{ ALL_PROXY: "http://d" }, ["d", "d"]],
        [{ all_proxy: "http://e", ALL_PROXY: "http://d", HTTPS_PROXY: "http://b" }, ["e", "b"]],
        // in a CGI program HTTP_PROXY may be the Proxy header of a client
        [{ HTTP_PROXY: "http://a", REQUEST_METHOD: "GET" }, [undefined, undefined]],
        [{ http_proxy: "http://a", REQUEST_METHOD: "GET" }, ["a", undefined]]
      ]
      for (const [variables, expected] of cases) {
        assert.deepStrictEqual(yield* choose({}, variables, ...both), expected, JSON.stringify(variables))
      }
      assert.deepStrictEqual(yield* choose({ proxy: "f:8080" }, { HTTP_PROXY: "http://a" }, ...both), ["f", "f"])
      assert.deepStrictEqual(yield* choose({ proxy: false }, { ALL_PROXY: "a" }, ...both), [undefined, undefined])
    }))

  it.effect("has decoded credentials apart from its URL", () =>
    Effect.gen(function*() {
      const tokenOf = (proxy: string) =>
        Effect.map(Proxy.make({ proxy }), (proxyFor) => {
          const chosen = proxyFor(new URL("http://cloud.test"))
          return [chosen?.url, chosen?.token === undefined ? undefined : Redacted.value(chosen.token)]
        })
      assert.deepStrictEqual(yield* tokenOf("http://a:3128/"), ["http://a:3128", undefined])
      assert.deepStrictEqual(yield* tokenOf("https://u:p%3A%40@a"), ["https://a", `Basic ${btoa("u:p:@")}`])
      assert.deepStrictEqual(yield* tokenOf("u:p@a:1"), ["http://a:1", `Basic ${btoa("u:p")}`])
      assert.deepStrictEqual(yield* tokenOf("http://u@a"), ["http://a", `Basic ${btoa("u:")}`])
      assert.deepStrictEqual(yield* tokenOf("http://u:%C3%A9@[::1]:1"), ["http://[::1]:1", "Basic dTrDqQ=="])
    }))

  it.effect("is not used for exceptions", () =>
    Effect.gen(function*() {
      const cases: ReadonlyArray<readonly [string, ReadonlyArray<string>, ReadonlyArray<string>]> = [
        ["", [], ["http://cloud.test"]],
        ["*", ["http://cloud.test", "https://10.0.0.1:5000", "http://[::1]"], []],
        ["other.test,*", ["http://cloud.test"], []],
        [
          "cloud.test",
          ["http://cloud.test", "https://CLOUD.test:5000", "https://a.b.cloud.test", "http://cloud.test."],
          [
            "http://acloud.test",
            "http://cloud.test.example",
            "http://test"
          ]
        ],
        [".cloud.test", ["http://cloud.test", "http://a.cloud.test"], ["http://acloud.test"]],
        ["*.cloud.test", ["http://a.cloud.test"], ["http://acloud.test"]],
        ["Cloud.Test.", ["http://cloud.test"], []],
        ["a.test, b.test\tc.test", ["http://a.test", "http://b.test", "http://c.test"], ["http://d.test"]],
        ["cloud.test:5000", ["http://cloud.test:5000", "https://a.cloud.test:5000"], [
          "http://cloud.test",
          "https://cloud.test:50"
        ]],
        ["cloud.test:443", ["https://cloud.test"], ["http://cloud.test"]],
        ["cloud.test:80", ["http://cloud.test"], ["https://cloud.test"]],
        ["*:5000", ["http://cloud.test:5000"], ["http://cloud.test"]],
        ["10.0.0.1", ["http://10.0.0.1:5000"], ["http://10.0.0.10", "http://110.0.0.1", "http://a.10.0.0.1.test"]],
        ["10.0.0.1:5000", ["http://10.0.0.1:5000"], ["http://10.0.0.1"]],
        ["10.0.0.0/8", ["http://10.255.0.1:5000"], ["http://11.0.0.1", "http://ten.test", "http://[::a00:1]"]],
        ["::1", ["http://[::1]:5000"], ["http://[::2]"]],
        ["[::1]", ["http://[::1]:5000", "http://[0:0::1]"], ["http://[::2]"]],
        ["[0:0::1]:5000", ["http://[::1]:5000"], ["http://[::1]"]],
        ["fd00::/8", ["http://[fd12::1]"], ["http://[fe80::1]", "http://10.0.0.1"]],
        ["localhost,127.0.0.0/8", ["http://localhost", "http://127.0.0.3:8774"], ["http://128.0.0.1"]]
      ]
      for (const [noProxy, without, through] of cases) {
        assert.deepStrictEqual(
          yield* choose({ proxy: "proxy" }, { NO_PROXY: noProxy }, ...without, ...through),
          [...without.map(() => undefined), ...through.map(() => "proxy")],
          noProxy
        )
      }
      assert.deepStrictEqual(
        yield* choose({ noProxy: ["a.test", "b.test"] }, { ALL_PROXY: "proxy" }, "http://b.test", "http://c.test"),
        [undefined, "proxy"]
      )
    }))

  it.effect("is checked, and so are exceptions", () =>
    Effect.gen(function*() {
      for (const NO_PROXY of ["10.0.0.0/33", "10.0.0/8", "cloud.test/8", "http://cloud.test", "/8"]) {
        const error = yield* Effect.flip(choose({ proxy: "proxy" }, { NO_PROXY }))
        assert.strictEqual(error.option, "NO_PROXY")
        assert.include(error.reason, JSON.stringify(NO_PROXY))
      }
      // without a proxy exceptions are not read
      assert.deepStrictEqual(yield* choose({}, { NO_PROXY: "10.0.0.0/33" }, "http://a"), [undefined])
      const error = yield* Effect.flip(choose({}, { ALL_PROXY: "socks5://user:Kx9@a" }))
      assert.strictEqual(error.option, "ALL_PROXY")
      assert.notInclude(error.message, "Kx9")
    }))
})
