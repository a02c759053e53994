import { HttpClientRequest } from "@effect/platform"
import { NodeFileSystem, NodeHttpClient } from "@effect/platform-node"
import { FileSystem } from "@effect/platform/FileSystem"
import { assert } from "@effect/vitest"
import { Context, Effect, Layer, Redacted } from "effect"
import { Session } from "effect-keystoneauth"
import * as NodeTransport from "effect-keystoneauth/NodeTransport"
import { readFileSync } from "node:fs"
import * as Wire from "../servers.js"
import * as Support from "./support.js"

type Tls = Effect.Effect.Success<typeof Support.fixtures>["tls"]

type Address = "auth_url" | "client_certificate_auth_url" | "wrong_host_auth_url" | "expired_auth_url"

/** Logs in over https with this transport, and asks Keystone at the same address who it is. */
const login = (address: Address, options: (tls: Tls) => NodeTransport.Options) =>
  Effect.gen(function*() {
    const { tls, users } = yield* Support.fixtures
    const transport = NodeTransport.layer(options(tls))
    return yield* Effect.gen(function*() {
      const info = yield* Support.access
      yield* Session.request(HttpClientRequest.get(`/users/${users.demo.id}`), {
        endpointFilter: { interface: "auth" }
      })
      return info
    }).pipe(
      Effect.provide(Support.password("demo", { ...Support.demoProject, authUrl: tls[address] })),
      Effect.provide(Layer.provide(Session.layer(), transport))
    )
  })

const text = (path: string) => readFileSync(path, "utf8")

Support.onOpenStack("TLS works", (test) => {
  const ways: ReadonlyArray<readonly [string, Address, (tls: Tls) => NodeTransport.Options]> = [
    ["with the CA's file", "auth_url", (tls) => ({ caCert: tls.ca })],
    ["with the CA as PEM", "auth_url", (tls) => ({ caCert: text(tls.ca) })],
    ["with the CA as redacted PEM", "auth_url", (tls) => ({ caCert: Redacted.make(text(tls.ca)) })],
    ["with two CAs in one PEM", "auth_url", (tls) => ({ caCert: text(tls.other_ca) + text(tls.ca) })],
    ["insecure, without a CA", "auth_url", () => ({ insecure: true })],
    ["insecure, with a certificate for another host", "wrong_host_auth_url", () => ({ insecure: true })],
    ["insecure, with an expired certificate", "expired_auth_url", () => ({ insecure: true })],
    ["with a client certificate and its key", "client_certificate_auth_url", (tls) => ({
      caCert: tls.ca,
      clientCert: tls.cert,
      clientKey: tls.key
    })],
    ["with a client certificate and its key as PEM", "client_certificate_auth_url", (tls) => ({
      caCert: text(tls.ca),
      clientCert: text(tls.cert),
      clientKey: Redacted.make(text(tls.key))
    })],
    [
      "with both in one file",
      "client_certificate_auth_url",
      (tls) => ({ caCert: tls.ca, clientCert: tls.cert_and_key })
    ],
    ["with nothing but the CA trusted", "auth_url", (tls) => ({ caCert: tls.ca, systemCaCerts: false })],
    ["with TLS 1.3 and one cipher", "auth_url", (tls) => ({
      caCert: tls.ca,
      tlsMinVersion: "1.3",
      tlsCiphers: "TLS_AES_256_GCM_SHA384"
    })],
    ["with HTTP/2, which nginx does not speak here", "auth_url", (tls) => ({ caCert: tls.ca, http2: true })],
    ["with IPv4 only, one connection, and none kept", "auth_url", (tls) => ({
      caCert: tls.ca,
      addressFamily: "ipv4",
      connections: 1,
      keepAlive: 0
    })],
    ["with a client certificate that nobody asks for", "auth_url", (tls) => ({
      caCert: tls.ca,
      clientCert: tls.cert_and_key
    })]
  ]
  for (const [name, address, options] of ways) {
    test(name, () =>
      Effect.gen(function*() {
        const { projects } = yield* Support.fixtures
        assert.strictEqual((yield* login(address, options)).projectId, projects.demo.id)
      }))
  }
}, ["undici"])

Support.onOpenStack("TLS works through a proxy", (test) => {
  const ways: ReadonlyArray<readonly [string, Address, (tls: Tls) => NodeTransport.Options]> = [
    ["with the CA", "auth_url", (tls) => ({ caCert: tls.ca })],
    ["with a client certificate", "client_certificate_auth_url", (tls) => ({
      caCert: tls.ca,
      clientCert: tls.cert_and_key
    })],
    ["insecure, with a certificate for another host", "wrong_host_auth_url", () => ({ insecure: true })]
  ]
  for (const [name, address, options] of ways) {
    test(`${name}: everything goes through it, and it sees nothing`, () =>
      Effect.gen(function*() {
        const { tls, users } = yield* Support.fixtures
        const proxy = yield* Wire.proxy({ credentials: "user:password" })
        const url = `http://user:password@127.0.0.1:${proxy.port}`
        const info = yield* login(address, (tls) => ({ ...options(tls), proxy: Redacted.make(url), noProxy: [] }))
        const { host } = new URL(tls[address])
        assert.deepStrictEqual([...new Set(proxy.asked.map(({ target }) => target))], [host])
        const sent = Buffer.concat(proxy.tunnelled)
        assert.isAbove(sent.length, 0)
        assert.isFalse(sent.includes(Redacted.value(users.demo.password)))
        assert.isFalse(sent.includes(Support.tokenOf(info)))
        assert.isTrue(proxy.asked.every(({ headers }) => headers["x-auth-token"] === undefined))
      }).pipe(Effect.scoped))
  }

  test("a proxy that refuses is told, and not as Keystone's answer", () =>
    Effect.gen(function*() {
      const { tls } = yield* Support.fixtures
      const proxy = yield* Wire.proxy({ refuses: 403 })
      const error = yield* Support.failure(
        login("auth_url", ({ ca }) => ({ caCert: ca, proxy: `127.0.0.1:${proxy.port}`, noProxy: [] })),
        "TransportError"
      )
      assert.strictEqual(error.reason, "Connect")
      Support.says(
        error,
        `POST ${tls.auth_url}/auth/tokens: could not connect`,
        "refused the connection: 403 Forbidden"
      )
    }).pipe(Effect.scoped))
})

Support.onOpenStack("TLS fails", (test) => {
  const refusals: ReadonlyArray<
    readonly [string, Address, (tls: Tls) => NodeTransport.Options, code: RegExp, ReadonlyArray<string>]
  > = [
    ["without the CA", "auth_url", () => ({}), /UNABLE_TO|SELF_SIGNED/, ["known authority", "NodeTransport's caCert"]],
    ["with another CA", "auth_url", (tls) => ({ caCert: tls.other_ca }), /UNABLE_TO|SELF_SIGNED|CERT_SIGNATURE/, [
      "known authority"
    ]],
    ["for another host", "wrong_host_auth_url", (tls) => ({ caCert: tls.ca }), /^ERR_TLS_CERT_ALTNAME_INVALID$/, [
      "another host name",
      "serverName"
    ]],
    ["for another server name", "auth_url", (tls) => ({ caCert: tls.ca, serverName: "keystone.test" }), /ALTNAME/, [
      "another host name"
    ]],
    ["with an expired certificate", "expired_auth_url", (tls) => ({ caCert: tls.ca }), /^CERT_HAS_EXPIRED$/, [
      "expired"
    ]]
  ]
  for (const [name, address, options, code, words] of refusals) {
    test(name, () =>
      Effect.gen(function*() {
        const { tls } = yield* Support.fixtures
        const error = yield* Support.failure(login(address, options), "TransportError")
        assert.strictEqual(error.reason, "Tls")
        assert.match(error.code ?? "", code)
        Support.says(error, `POST ${tls[address]}/auth/tokens: TLS failed`, ...words)
      }))
  }

  test("without the CA, over the platform's own client", () =>
    Effect.gen(function*() {
      const { tls } = yield* Support.fixtures
      const error = yield* Support.failure(
        Support.access.pipe(
          Effect.provide(Support.password("demo", { ...Support.demoProject, authUrl: tls.auth_url })),
          Effect.provide(Layer.provide(Session.layer(), NodeHttpClient.layerUndici))
        ),
        "TransportError"
      )
      assert.strictEqual(error.reason, "Tls")
      Support.says(error, "NodeTransport's caCert")
    }))

  for (
    const [name, options, words] of [
      [
        "without the client certificate that the server demands",
        (tls: Tls) => ({ caCert: tls.ca }),
        "No required SSL certificate was sent"
      ],
      ["with a client certificate of another CA", (tls: Tls) => ({
        caCert: tls.ca,
        clientCert: tls.other_cert,
        clientKey: tls.other_key
      }), "The SSL certificate error"]
    ] as const
  ) {
    test(`${name}: BadRequest, in nginx's words without its HTML`, () =>
      Effect.gen(function*() {
        const error = yield* Support.failure(login("client_certificate_auth_url", options), "BadRequest")
        assert.strictEqual(error.status, 400)
        Support.says(error, "POST https://127.0.0.1:5444/v3/auth/tokens answered 400", words)
        assert.notInclude(error.message, "<")
      }))
  }
}, ["undici"])

Support.onOpenStack("TLS options that cannot be used are told when the layer is built, and by name", (test) => {
  const refused = (options: NodeTransport.Options) =>
    Support.failure(Effect.scoped(Layer.build(NodeTransport.layer(options))), "InvalidOptions")

  test("a file that is not there", () =>
    Effect.gen(function*() {
      const { tls } = yield* Support.fixtures
      const missing = "/nowhere/at/all.pem"
      for (
        const [option, options] of [
          ["caCert", { caCert: missing }],
          ["clientCert", { caCert: tls.ca, clientCert: missing, clientKey: tls.key }],
          ["clientKey", { caCert: tls.ca, clientCert: tls.cert, clientKey: missing }]
        ] as const
      ) {
        const error = yield* refused(options)
        assert.strictEqual(error.option, option)
        Support.says(error, `NodeTransport: option ${option}`, missing, "cannot be read")
      }
    }))

  test("a directory", () =>
    Effect.gen(function*() {
      const error = yield* refused({ caCert: "/tmp" })
      assert.strictEqual(error.option, "caCert")
      Support.says(error, "/tmp")
    }))

  test("a file that is not PEM", () =>
    Effect.gen(function*() {
      const error = yield* refused({ caCert: "/etc/hostname" })
      assert.strictEqual(error.option, "caCert")
      Support.says(error, "/etc/hostname", "not PEM")
    }))

  /** A file with this in it, for as long as the effect runs. */
  const file = <A, E, R>(content: string, use: (path: string) => Effect.Effect<A, E, R>) =>
    Effect.gen(function*() {
      const fileSystem = yield* FileSystem
      const path = yield* fileSystem.makeTempFileScoped()
      yield* fileSystem.writeFileString(path, content)
      return yield* use(path)
    }).pipe(Effect.scoped, Effect.provide(NodeFileSystem.layer))

  const broken = (kind: string) => `-----BEGIN ${kind}-----\nbm90IG9uZQ==\n-----END ${kind}-----\n`

  test("a CA's file that begins as PEM, and is none", () =>
    file(broken("CERTIFICATE"), (path) =>
      Effect.gen(function*() {
        const error = yield* refused({ caCert: path })
        Support.says(error, "caCert", path)
      })))

  test("a certificate's file that begins as PEM, and is none", () =>
    file(broken("CERTIFICATE"), (path) =>
      Effect.gen(function*() {
        const { tls } = yield* Support.fixtures
        const error = yield* refused({ caCert: tls.ca, clientCert: path, clientKey: tls.key })
        Support.says(error, "clientCert", path)
      })))

  test("a key's file that begins as PEM, and is none", () =>
    file(broken("PRIVATE KEY"), (path) =>
      Effect.gen(function*() {
        const { tls } = yield* Support.fixtures
        const error = yield* refused({ caCert: tls.ca, clientCert: tls.cert, clientKey: path })
        Support.says(error, "clientKey", path)
      })))

  test("a key for another certificate", () =>
    Effect.gen(function*() {
      const { tls } = yield* Support.fixtures
      const error = yield* refused({ caCert: tls.ca, clientCert: tls.cert, clientKey: tls.other_key })
      Support.says(error, "clientCert", "clientKey")
    }))

  test("a certificate without its key", () =>
    Effect.gen(function*() {
      const { tls } = yield* Support.fixtures
      const error = yield* refused({ caCert: tls.ca, clientCert: tls.cert })
      Support.says(error, "clientKey")
    }))

  test("a key without its certificate", () =>
    Effect.gen(function*() {
      const { tls } = yield* Support.fixtures
      const error = yield* refused({ clientKey: tls.key })
      assert.strictEqual(error.option, "clientKey")
      Support.says(error, "clientCert")
    }))
}, ["undici"])

class Trusting extends Context.Tag("test/Trusting")<Trusting, Session.Service>() {}
class Wary extends Context.Tag("test/Wary")<Wary, Session.Service>() {}
class Lax extends Context.Tag("test/Lax")<Lax, Session.Service>() {}

Support.onOpenStack("Sessions with different TLS in one program", (test) => {
  test("never share a client", () =>
    Effect.gen(function*() {
      const { tls } = yield* Support.fixtures
      const sessionWith = <Self, Id extends string>(
        tag: Context.TagClass<Self, Id, Session.Service>,
        options: NodeTransport.Options
      ) =>
        Layer.effect(tag, Session.Session).pipe(
          Layer.provide(Session.layer()),
          Layer.provide(NodeTransport.layer(options))
        )
      const demo = Support.password("demo", { ...Support.demoProject, authUrl: tls.auth_url })
      const attempt = <Self, Id extends string>(tag: Context.TagClass<Self, Id, Session.Service>) =>
        Effect.flatMap(tag, (session) =>
          Support.access.pipe(
            Effect.provide(demo),
            Effect.provideService(Session.Session, session),
            Effect.as("in"),
            Effect.catchTag("TransportError", (error) => Effect.succeed(error.reason))
          ))
      // in one build, so that layers are memoised: whichever is first must not serve the others
      for (
        const all of [
          Layer.mergeAll(
            sessionWith(Trusting, { caCert: tls.ca }),
            sessionWith(Wary, {}),
            sessionWith(Lax, { insecure: true })
          ),
          Layer.mergeAll(
            sessionWith(Lax, { insecure: true }),
            sessionWith(Wary, {}),
            sessionWith(Trusting, { caCert: tls.ca })
          )
        ]
      ) {
        yield* Effect.gen(function*() {
          assert.strictEqual(yield* attempt(Lax), "in")
          assert.strictEqual(yield* attempt(Wary), "Tls")
          assert.strictEqual(yield* attempt(Trusting), "in")
          assert.strictEqual(yield* attempt(Wary), "Tls")
        }).pipe(Effect.provide(all))
      }
    }))
}, ["undici"])
