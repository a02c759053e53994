import { HttpClient, HttpClientResponse, Terminal } from "@effect/platform"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Either, Layer, Mailbox, Option, Redacted, TestClock } from "effect"
import { AccessInfo, AuthPlugin, Session } from "effect-keystoneauth"
import * as CloudConfig from "effect-keystoneauth/CloudConfig"
import * as Doctor from "../../src/ksa/doctor.js"
import * as Output from "../../src/ksa/output.js"

const now = Date.parse("2026-11-22T00:00:00Z")

const day = 86_400_000

const authUrl = "https://keystone.test/v3"

/** A healthy Keystone and Nova, except for the given properties. */
const world = (said: {
  readonly date?: number
  readonly credentialEnds?: string | null
  readonly link?: string
}) =>
  Layer.succeed(
    HttpClient.HttpClient,
    HttpClient.make((request, url) => {
      const version = (id: string, href: string) => ({
        versions: [{ id, status: "CURRENT", links: [{ rel: "self", href }] }]
      })
      const body = url.pathname.includes("application_credentials")
        ? { application_credential: { expires_at: said.credentialEnds ?? null } }
        : url.host === "keystone.test"
        ? { version: { id: "v3.14", status: "stable", links: [{ rel: "self", href: authUrl }] } }
        : version("v2.1", said.link ?? `${url.origin}/v2.1/`)
      return Effect.succeed(HttpClientResponse.fromWeb(
        request,
        new Response(JSON.stringify(body), {
          headers: { "content-type": "application/json", date: new Date(said.date ?? now).toUTCString() }
        })
      ))
    })
  )

const endpoint = (type: string, url: string) => ({
  type,
  name: type,
  endpoints: [{ id: type, interface: "public", region: "R", region_id: "R", url }]
})

/** Who has this token. */
const plugin = (token: Record<string, unknown>) =>
  Layer.effect(
    AuthPlugin.AuthPlugin,
    Effect.map(
      Effect.orDie(Either.mapLeft(
        AccessInfo.fromV3({
          token: {
            methods: ["password"],
            user: { id: "u", name: "demo", domain: { id: "d", name: "D" } },
            project: { id: "p", name: "demo", domain: { id: "d", name: "D" } },
            roles: [{ id: "r", name: "member" }],
            catalog: [endpoint("identity", authUrl), endpoint("compute", "https://nova.test/v2.1")],
            ...token
          }
        }, Redacted.make("t")),
        (reason) => new Error(reason)
      )),
      (access) =>
        AuthPlugin.make({
          name: "test",
          headers: Effect.succeed(AuthPlugin.tokenHeaders(access.token)),
          access: Effect.succeedSome(access),
          authUrl: Option.some(authUrl)
        })
    )
  )

const cloud: CloudConfig.Service = {
  name: "test",
  authType: "v3password",
  auth: { auth_url: authUrl },
  session: {},
  tls: { insecure: false, caCert: undefined, clientCert: undefined, clientKey: undefined },
  service: (serviceType) => ({ serviceType }),
  settings: new Map(),
  warnings: []
}

const terminal = Layer.succeed(Terminal.Terminal, {
  columns: Effect.succeed(80),
  rows: Effect.succeed(24),
  isTTY: Effect.succeed(false),
  readInput: Mailbox.make<Terminal.UserInput>(),
  readLine: Effect.succeed(""),
  display: () => Effect.void
})

const diagnose = (said: Parameters<typeof world>[0], token: Record<string, unknown> = {}) =>
  Effect.zipRight(TestClock.setTime(now), Doctor.diagnose).pipe(
    Effect.map((findings) =>
      findings.filter(({ verdict }) => verdict !== "ok").map(({ check, detail, verdict }) =>
        `${check} ${verdict} ${detail}`
      )
    ),
    Effect.provide(plugin(token)),
    Effect.provide(Layer.provide(Session.layer(), world(said))),
    Effect.provideService(CloudConfig.CloudConfig, cloud),
    Effect.provideService(Output.Output, {
      json: false,
      terminal: false,
      colours: false,
      spinner: false,
      columns: 80
    }),
    Effect.provide(terminal)
  )

describe("doctor", () => {
  it.effect("finds nothing in a healthy cloud", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* diagnose({}), [])
    }))

  it.effect("warns of a clock that is ahead or behind", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* diagnose({ date: now - 60_000 }), [
        "clock warning this machine is 60 s ahead of Keystone"
      ])
      assert.deepStrictEqual(yield* diagnose({ date: now + 90_000 }), [
        "clock warning this machine is 90 s behind Keystone"
      ])
    }))

  it.effect("warns of passwords and application credentials that expire soon or have expired", () =>
    Effect.gen(function*() {
      const user = (days: number) => ({
        user: {
          id: "u",
          name: "demo",
          domain: { id: "d", name: "D" },
          password_expires_at: new Date(now + days * day).toISOString()
        }
      })
      assert.deepStrictEqual(yield* diagnose({}, user(100)), [])
      assert.deepStrictEqual(yield* diagnose({}, user(3)), ["password warning expires on 2026-11-25, in 3 days"])
      const credential = { application_credential: { id: "c", name: "robot", restricted: true } }
      assert.deepStrictEqual(yield* diagnose({ credentialEnds: null }, credential), [])
      assert.deepStrictEqual(yield* diagnose({ credentialEnds: "2026-12-01T00:00:00.000000" }, credential), [
        "application credential warning expires on 2026-12-01, in 9 days"
      ])
      assert.deepStrictEqual(yield* diagnose({ credentialEnds: "2026-11-21T00:00:00.000000" }, credential), [
        "application credential warning expired on 2026-11-21"
      ])
    }))

  it.effect("reports endpoints without TLS, malformed URLs, and links to other hosts", () =>
    Effect.gen(function*() {
      const catalog = (url: string) => ({ catalog: [endpoint("identity", authUrl), endpoint("compute", url)] })
      assert.deepStrictEqual(yield* diagnose({}, catalog("http://nova.test/v2.1")), [
        "catalog warning compute: http://nova.test/v2.1 is http, but Keystone is https"
      ])
      const [broken] = yield* diagnose({}, catalog("nova.test"))
      assert.match(broken ?? "", /^catalog problem .*nova\.test/)
      assert.deepStrictEqual(yield* diagnose({ link: "https://elsewhere.test/v2.1/" }), [
        "compute warning its document at https://nova.test/v2.1/ links to https://elsewhere.test/v2.1/, which other " +
        "clients follow: check public_endpoint and proxy headers"
      ])
    }))
})
