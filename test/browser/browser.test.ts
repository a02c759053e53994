import { assert, describe, layer } from "@effect/vitest"
import { Effect, type Scope } from "effect"
import * as TestCloud from "effect-keystoneauth/TestCloud"
import { inject } from "vitest"
import type { Outcome } from "./page.js"
import { asDemo, Browser, cloud, dashboard, type Tab } from "./world.js"

const chromium = inject("chromium")

const names = (outcome: Outcome | undefined) => {
  assert(outcome !== undefined && "body" in outcome, JSON.stringify(outcome))
  return (outcome.body as { servers: ReadonlyArray<{ name: string }> }).servers.map(({ name }) => name)
}

/** The only outcome, which must be this error. */
const failure = (outcomes: ReadonlyArray<Outcome>, tag: string) => {
  const [outcome, ...others] = outcomes
  assert(outcome !== undefined && "error" in outcome && others.length === 0, JSON.stringify(outcomes))
  assert.strictEqual(outcome.error, tag, outcome.message)
  return outcome
}

const includes = (text: string, ...parts: ReadonlyArray<string>) => {
  for (const part of parts) {
    assert.include(text, part)
  }
}

/** A page, and a cloud at another origin that allows it what `cors` says. */
const apart = <E>(
  use: (tab: Tab, cloud: TestCloud.Service) => Effect.Effect<void, E, Browser | Scope.Scope>,
  cors: Partial<TestCloud.Cors> = {},
  page: Effect.Effect<string, never, Browser | Scope.Scope> = dashboard("http", "localhost")
) =>
  Effect.gen(function*() {
    const url = yield* page
    const served = yield* cloud({ cors: { allowedOrigins: [url], ...cors } })
    const { open } = yield* Browser
    const tab = yield* open(url)
    yield* use(tab, served)
    // the browser writes its own opinion there, and nobody a secret
    for (const secret of yield* served.secrets) {
      assert.notInclude(tab.console.join("\n"), secret)
    }
  }).pipe(Effect.scoped)

describe.skipIf(chromium === undefined)("in Chromium", () => {
  layer(Browser.layer(chromium ?? ""), { excludeTestServices: true, timeout: 60_000 })((it) => {
    it.effect("a page logs in once and lists servers from another origin, with a microversion", () =>
      apart((tab, cloud) =>
        Effect.gen(function*() {
          const outcomes = yield* tab.ask(asDemo(cloud, { microversion: "2.79", times: 20 }))
          assert.strictEqual(outcomes.length, 20)
          for (const outcome of outcomes) {
            assert.deepStrictEqual(names(outcome), ["web-1", "web-2"])
          }
          const journal = yield* cloud.journal
          assert.strictEqual(journal.filter(({ method }) => method === "POST").length, 1)
          const servers = journal.filter(({ path }) => path.endsWith("/servers"))
          assert.strictEqual(servers.length, 20)
          for (const { headers, microversion, project } of servers) {
            assert.deepStrictEqual([headers["origin"], microversion, project], [tab.origin, "2.79", "demo"])
          }
          // what no OpenStack allows by default would have failed at the preflight
          for (const { headers } of journal) {
            assert.notProperty(headers, "traceparent")
            assert.match(headers["user-agent"] ?? "", /^Mozilla\/.* HeadlessChrome\//)
          }
        })
      ))

    it.effect("a version document is found, a rejected token renewed, and errors are the service's own", () =>
      apart((tab, cloud) =>
        Effect.gen(function*() {
          yield* tab.ask(asDemo(cloud))
          yield* cloud.revokeTokens()
          yield* cloud.clearJournal
          const [images] = yield* tab.ask(asDemo(cloud, { serviceType: "image", path: "/v2/images" }))
          assert.deepInclude(images, { status: 200 })
          const statuses = (yield* cloud.journal).map(({ method, service, status }) => [method, service, status])
          assert.deepStrictEqual(statuses, [
            ["GET", "image", 401],
            ["POST", "identity", 201],
            ["GET", "image", 200]
          ])
          const missing = failure(yield* tab.ask(asDemo(cloud, { path: "/servers/none" })), "NotFound")
          assert.match(String(missing.fields["requestId"]), /^req-/)
          includes(missing.message, "Instance none could not be found")
        })
      ))

    it.effect("works in a worker, and in a page that came over http from another machine", () =>
      Effect.gen(function*() {
        yield* apart((tab, cloud) =>
          Effect.gen(function*() {
            const [outcome] = yield* tab.askInWorker(asDemo(cloud), "server")
            assert.deepStrictEqual(names(outcome), ["web-1", "web-2"])
            // a limit of the platform: the error says so
            const error = failure(yield* tab.askInWorker(asDemo(cloud), "blob"), "TransportError")
            includes(error.message, "blob:")
          })
        )
        yield* apart(
          (tab, cloud) =>
            Effect.gen(function*() {
              const outcomes = yield* tab.ask(asDemo(cloud, { times: 3 }))
              assert.deepStrictEqual(outcomes.map(names), Array.from({ length: 3 }, () => ["web-1", "web-2"]))
              assert.strictEqual((yield* cloud.journal).filter(({ method }) => method === "POST").length, 1)
              // it has no WebCrypto
              includes(yield* tab.encrypt("a key of sixteen bytes or more"), "TokenStore", "key", "https")
            }),
          {},
          dashboard("http", "dashboard.test")
        )
      }))

    it.effect("at its own origin a page needs no permission, and the trace goes along", () =>
      Effect.gen(function*() {
        const served = yield* cloud()
        const { open } = yield* Browser
        const tab = yield* open(served.authUrl)
        yield* served.clearJournal
        assert.deepStrictEqual(names((yield* tab.ask(asDemo(served)))[0]), ["web-1", "web-2"])
        assert.isTrue((yield* served.journal).every(({ headers }) => "traceparent" in headers))
        assert.strictEqual(yield* tab.encrypt("a key of sixteen bytes or more"), "encrypts")
      }).pipe(Effect.scoped))

    it.effect("X-Subject-Token that pages may not read: the error says what Keystone must expose", () =>
      apart((tab, cloud) =>
        Effect.gen(function*() {
          const error = failure(yield* tab.ask(asDemo(cloud)), "InvalidResponse")
          includes(error.message, "X-Subject-Token", "Access-Control-Expose-Headers", "expose_headers")
          assert.strictEqual(error.fields["status"], 201)
        }), { exposedHeaders: ["X-OpenStack-Request-ID"] }))

    it.effect("OpenStack-Auth-Receipt that pages may not read: the error does not blame the password", () =>
      Effect.gen(function*() {
        const login = (tab: Tab, cloud: TestCloud.Service) =>
          Effect.zipRight(
            cloud.misbehave({
              path: "/auth/tokens",
              kind: {
                status: 401,
                headers: { "OpenStack-Auth-Receipt": "gAAAAABreceipt" },
                body: { receipt: { methods: ["password"] }, required_auth_methods: [["password", "totp"]] }
              }
            }),
            tab.ask(asDemo(cloud))
          )
        yield* apart((tab, cloud) =>
          Effect.map(login(tab, cloud), (outcomes) => {
            includes(failure(outcomes, "MissingAuthMethods").message, "totp")
          })
        )
        yield* apart((tab, cloud) =>
          Effect.map(login(tab, cloud), (outcomes) => {
            includes(failure(outcomes, "InvalidResponse").message, "OpenStack-Auth-Receipt", "expose_headers")
          }), { exposedHeaders: ["X-Subject-Token"] })
      }))

    it.effect("CORS refused, be it the page, a header, or an error alone: the error says so", () =>
      Effect.gen(function*() {
        yield* apart((tab, cloud) =>
          Effect.gen(function*() {
            const error = failure(yield* tab.ask(asDemo(cloud)), "TransportError")
            assert.strictEqual(error.fields["reason"], "Unknown")
            includes(error.message, "POST", cloud.authUrl, "CORS", "Access-Control-Allow-Origin", tab.origin)
            // the login never went out: its preflight was refused
            assert.deepStrictEqual(yield* cloud.journal, [])
          }), { allowedOrigins: ["https://dashboard.example.com"] })
        yield* apart((tab, cloud) =>
          Effect.gen(function*() {
            const error = failure(yield* tab.ask(asDemo(cloud, { microversion: "2.79" })), "TransportError")
            includes(error.message, "GET", "/servers", "-Headers")
          }), { allowedHeaders: ["X-Auth-Token"] })
        yield* apart((tab, cloud) =>
          Effect.gen(function*() {
            yield* cloud.misbehave({
              path: "/servers",
              kind: { status: 503, headers: { "Access-Control-Allow-Origin": "https://dashboard.example.com" } }
            })
            const error = failure(yield* tab.ask(asDemo(cloud)), "TransportError")
            includes(error.message, "CORS")
          })
        )
      }))

    it.effect("an https page cannot ask an http cloud: the error says mixed content", () =>
      apart(
        (tab, cloud) =>
          Effect.gen(function*() {
            const authUrl = cloud.authUrl.replace("127.0.0.1", "cloud.test")
            const error = failure(yield* tab.ask(asDemo(cloud, { authUrl })), "TransportError")
            includes(error.message, authUrl, "mixed content")
            assert.notInclude(error.message, "CORS")
            assert.deepStrictEqual(yield* cloud.journal, [])
          }),
        {},
        dashboard("https", "dashboard.test")
      ))

    it.effect("redirects are refused, and nothing goes where they lead, not even on the same origin", () =>
      apart((tab, served) =>
        Effect.gen(function*() {
          const thief = yield* cloud({ cors: { allowedOrigins: ["*"] } })
          for (
            const target of [`${thief.baseUrl}/compute/v2.1/servers`, `${served.baseUrl}/compute/v2.1/servers/other`]
          ) {
            yield* served.misbehave({ path: /\/servers$/, times: 1, kind: { redirect: target } })
            const error = failure(yield* tab.ask(asDemo(served)), "RedirectRefused")
            assert.strictEqual(error.fields["reason"], "Hidden")
            includes(error.message, "GET", "/servers redirects, which is not followed: the browser")
          }
          yield* served.misbehave({ path: /\/auth\/tokens$/, times: 1, kind: { redirect: thief.authUrl, status: 307 } })
          yield* served.revokeTokens()
          failure(yield* tab.ask(asDemo(served)), "RedirectRefused")
          assert.deepStrictEqual(yield* thief.journal, [])
        })
      ))

    it.effect("a version document behind a redirect: the error says so", () =>
      apart((tab, served) =>
        Effect.gen(function*() {
          yield* served.misbehave({ path: "/image", kind: { redirect: `${served.baseUrl}/image/` } })
          const error = failure(
            yield* tab.ask(asDemo(served, { serviceType: "image", path: "/images", version: 2 })),
            "DiscoveryFailed"
          )
          includes(error.message, "redirects to an address that the browser hides")
        })
      ))

    it.effect("the browser keeps its own user agent, whatever the program says", () =>
      apart((tab, cloud) =>
        Effect.gen(function*() {
          const [outcome] = yield* tab.ask(asDemo(cloud, { headers: { "user-agent": "mine/1.0" } }))
          assert.deepStrictEqual(names(outcome), ["web-1", "web-2"])
          assert.match((yield* cloud.journal).at(-1)?.headers["user-agent"] ?? "", /^Mozilla\//)
        })
      ))

    it.effect("a stream cannot be sent over HTTP/1.1: the error says so", () =>
      apart((tab, cloud) =>
        Effect.gen(function*() {
          const error = failure(yield* tab.ask(asDemo(cloud, { stream: "{}" })), "TransportError")
          includes(error.message, "POST", "stream", "HTTP/2")
        })
      ))

    it.effect("nobody there: the error says that the browser does not tell", () =>
      apart((tab, cloud) =>
        Effect.gen(function*() {
          yield* cloud.misbehave({ path: "/servers", kind: { connection: "reset" } })
          const error = failure(yield* tab.ask(asDemo(cloud)), "TransportError")
          includes(error.message, "Failed to fetch", "no connection")
        })
      ))
  })
})
