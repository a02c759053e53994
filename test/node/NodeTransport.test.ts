import { HttpClient, HttpClientRequest } from "@effect/platform"
import { NodeHttpClient } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Config, ConfigProvider, Context, Deferred, Effect, Fiber, Layer, Redacted } from "effect"
import { Errors, Transport } from "effect-keystoneauth"
import * as NodeTransport from "effect-keystoneauth/NodeTransport"
import { createPrivateKey, generateKeyPairSync, X509Certificate } from "node:crypto"
import type * as Dns from "node:dns"
import * as Http from "node:http"
import { createRequire, syncBuiltinESMExports } from "node:module"
import * as Net from "node:net"
import { inspect } from "node:util"
import * as Wire from "../servers.js"
import { assertTag } from "../support.js"

const { path, pem } = Wire

const ca = { caCert: path("ca.pem") }
const client = { clientCert: path("client.pem"), clientKey: path("client.key") }

/** The request as the server received it. */
const get = (url: string, headers: Record<string, string> = {}) =>
  Effect.flatMap(
    Transport.Transport,
    (transport) =>
      Effect.map(
        transport.text(HttpClientRequest.get(url, { headers })),
        (response): Wire.Seen => JSON.parse(response.text)
      )
  )

/** The only environment of the tests. */
const environment = (variables: Record<string, string>) =>
  Layer.setConfigProvider(ConfigProvider.fromMap(new Map(Object.entries(variables))))

const over = (options?: NodeTransport.Options, variables: Record<string, string> = {}) =>
  Transport.layer().pipe(Layer.provide(NodeTransport.layer(options)), Layer.provide(environment(variables)))

const urlOf = (server: Wire.Listening, path = "/") => `https://localhost:${server.port}${path}`

const failure = (url: string, options: NodeTransport.Options) =>
  Effect.gen(function*() {
    const error = yield* Effect.flip(Effect.provide(get(url), over(options)))
    assertTag(error, "TransportError")
    return error
  })

const timedOut = (url: string, options: NodeTransport.Options) =>
  Effect.gen(function*() {
    const error = yield* Effect.flip(Effect.provide(get(url), over(options)))
    assertTag(error, "TimedOut")
    return error
  })

const refused = (options: NodeTransport.Options, variables: Record<string, string> = {}) =>
  Effect.gen(function*() {
    const error = yield* Effect.flip(
      Effect.scoped(Layer.build(Layer.provide(NodeTransport.layer(options), environment(variables))))
    )
    assertTag(error, "InvalidOptions")
    return error
  })

describe("NodeTransport's TLS", () => {
  it.scopedLive("trusts the CA of a file or a text, and no other", () =>
    Effect.gen(function*() {
      const url = urlOf(yield* Wire.https("server"))
      for (const caCert of [path("ca.pem"), pem("ca.pem"), pem("stranger-ca.pem") + pem("ca.pem")]) {
        assert.strictEqual((yield* Effect.provide(get(url), over({ caCert }))).url, "/")
        assert.strictEqual((yield* Effect.provide(get(url), over({ caCert: Redacted.make(caCert) }))).url, "/")
      }
      for (const options of [{}, { caCert: path("stranger-ca.pem") }]) {
        const error = yield* failure(url, options)
        assert.strictEqual(error.reason, "Tls")
        assert.match(error.message, /not signed by a known authority; trust its CA/)
      }
    }))

  it.scopedLive("trusts it in addition to the authorities of Node, or instead of them", () =>
    Effect.gen(function*() {
      const url = urlOf(yield* Wire.https("server"))
      // an authority that Node knows
      const known = { NODE_EXTRA_CA_CERTS: path("ca.pem") }
      const caCert = path("stranger-ca.pem")
      assert.strictEqual((yield* Effect.provide(get(url), over({ caCert }, known))).url, "/")
      const error = yield* Effect.flip(Effect.provide(get(url), over({ caCert, systemCaCerts: false }, known)))
      assert.match(error.message, /not signed by a known authority/)
      assert.strictEqual((yield* Effect.provide(get(url), over({ ...ca, systemCaCerts: false }))).url, "/")
    }))

  it.scopedLive("trusts any certificate with insecure; otherwise one for another host is an error", () =>
    Effect.gen(function*() {
      const other = urlOf(yield* Wire.https("other"))
      assert.strictEqual((yield* Effect.provide(get(other), over({ insecure: true }))).url, "/")
      const error = yield* failure(other, ca)
      assert.strictEqual(error.reason, "Tls")
      assert.match(error.message, /the server's certificate is for another host name/)
    }))

  it.scopedLive("requests serverName, and accepts no other name", () =>
    Effect.gen(function*() {
      const other = urlOf(yield* Wire.https("other"))
      const seen = yield* Effect.provide(get(other), over({ ...ca, serverName: "other.example.com" }))
      assert.strictEqual(seen.serverName, "other.example.com")
      const error = yield* failure(other, { ...ca, serverName: "third.example.com" })
      assert.match(error.message, /another host name/)
    }))

  it.scopedLive("sends a client certificate, with a separate, included or encrypted key", () =>
    Effect.gen(function*() {
      const url = urlOf(yield* Wire.https("server"))
      const clientKeyPassphrase = Redacted.make("passphrase")
      for (
        const options of [
          client,
          { clientCert: pem("client.pem") + pem("client.key") },
          { clientCert: pem("client.key") + pem("client.pem") },
          { clientCert: pem("client.pem"), clientKey: Redacted.make(pem("client.key")) },
          { clientCert: path("client.pem"), clientKey: path("client-encrypted.key"), clientKeyPassphrase },
          { clientCert: path("client.pem"), clientKey: pem("client-encrypted-pkcs8.key"), clientKeyPassphrase },
          { clientCert: pem("client.pem") + pem("client-encrypted.key"), clientKeyPassphrase }
        ]
      ) {
        assert.strictEqual((yield* Effect.provide(get(url), over({ ...ca, ...options }))).client, "tester")
      }
      assert.strictEqual((yield* Effect.provide(get(url), over(ca))).client, undefined)
    }))

  it.scopedLive("reads certificates and keys in every form of configurations", () =>
    Effect.gen(function*() {
      const url = urlOf(yield* Wire.https("server"))
      const clientKeyPassphrase = Redacted.make("passphrase")
      const base64 = (bytes: string | Buffer) => Buffer.from(bytes).toString("base64")
      const wrapped = (text: string, between = "\n") => text.replace(/.{64}/g, (line) => `${line}${between}`)
      const key = createPrivateKey(pem("client.key"))
      const cert = new X509Certificate(pem("client.pem"))
      const encrypted = { format: "der", type: "pkcs8", cipher: "aes-256-cbc", passphrase: "passphrase" } as const
      const certs = [
        pem("client.pem"),
        base64(pem("client.pem")),
        base64(cert.raw),
        wrapped(base64(cert.raw)),
        pem("client.pem").replaceAll("\n", " "),
        pem("client.pem").replaceAll("\n", "\\n")
      ]
      const keys = [
        base64(pem("client.key")),
        `  ${wrapped(base64(pem("client.key")))}\n`,
        wrapped(base64(pem("client.key")), " "),
        base64(pem("client.key")).replace(/=+$/, ""),
        Buffer.from(pem("client.key")).toString("base64url"),
        base64(key.export({ format: "der", type: "pkcs8" })),
        base64(key.export({ format: "der", type: "sec1" })),
        base64(key.export(encrypted)),
        base64(pem("client-encrypted.key")),
        base64(pem("client-encrypted-pkcs8.key")),
        pem("client.key").replaceAll("\n", " "),
        pem("client.key").replaceAll("\n", ""),
        pem("client.key").replaceAll("\n", "\\n"),
        pem("client.key").replaceAll("\n", "\r\n"),
        pem("client-encrypted.key").replaceAll("\n", "\\n")
      ]
      const both = pem("client.pem") + pem("client.key")
      for (
        const options of [
          ...certs.map((clientCert) => ({ clientCert, clientKey: pem("client.key") })),
          ...keys.map((clientKey) => ({ clientCert: pem("client.pem"), clientKey, clientKeyPassphrase })),
          { clientCert: base64(both) },
          { clientCert: Redacted.make(both.replaceAll("\n", "\\n")) }
        ]
      ) {
        const seen = yield* Effect.provide(get(url), over({ caCert: base64(pem("ca.pem")), ...options }))
        assert.strictEqual(seen.client, "tester", JSON.stringify(options))
      }
      const demanding = yield* refused({ clientCert: pem("client.pem"), clientKey: base64(key.export(encrypted)) })
      assert.strictEqual(demanding.reason, "the key of the text is encrypted; set its passphrase")
      const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey
      for (const type of ["pkcs1", "pkcs8"] as const) {
        const clientKey = base64(rsa.export({ format: "der", type }))
        const another = yield* refused({ clientCert: pem("client.pem"), clientKey })
        assert.match(another.reason, /^the key of the text does not belong to/)
      }
    }))

  it.scopedLive("uses no TLS version below tlsMinVersion", () =>
    Effect.gen(function*() {
      const url = urlOf(yield* Wire.https("server"))
      const old = urlOf(yield* Wire.https("server", { maxVersion: "TLSv1.2" }))
      assert.strictEqual((yield* Effect.provide(get(old), over(ca))).protocol, "TLSv1.2")
      assert.strictEqual((yield* Effect.provide(get(old), over({ ...ca, tlsMinVersion: "1.2" }))).protocol, "TLSv1.2")
      assert.strictEqual((yield* Effect.provide(get(url), over({ ...ca, tlsMinVersion: "1.3" }))).protocol, "TLSv1.3")
      const error = yield* failure(old, { ...ca, tlsMinVersion: "1.3" })
      assert.strictEqual(error.reason, "Tls")
      assert.match(error.message, /TLS failed: .*the server supports no TLS version from .*tlsMinVersion on/)
    }))

  it.scopedLive("uses only tlsCiphers", () =>
    Effect.gen(function*() {
      const old = urlOf(yield* Wire.https("server", { maxVersion: "TLSv1.2" }))
      for (const tlsCiphers of ["ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-ECDSA-CHACHA20-POLY1305"]) {
        assert.strictEqual((yield* Effect.provide(get(old), over({ ...ca, tlsCiphers }))).cipher, tlsCiphers)
      }
      const error = yield* failure(old, { ...ca, tlsCiphers: "ECDHE-RSA-AES128-GCM-SHA256" })
      assert.strictEqual(error.reason, "Tls")
      assert.match(error.message, /supports none of the tlsCiphers/)
      const url = urlOf(yield* Wire.https("server"))
      const tlsCiphers = "TLS_CHACHA20_POLY1305_SHA256"
      assert.strictEqual((yield* Effect.provide(get(url), over({ ...ca, tlsCiphers }))).cipher, tlsCiphers)
    }))

  it.scopedLive("says what to do about TLS errors", () =>
    Effect.gen(function*() {
      const expired = yield* failure(urlOf(yield* Wire.https("expired")), ca)
      assert.strictEqual(expired.code, "CERT_HAS_EXPIRED")
      assert.match(expired.message, /the server's certificate has expired and must be renewed/)

      for (const maxVersion of ["TLSv1.2", "TLSv1.3"] as const) {
        const strict = urlOf(yield* Wire.https("server", { maxVersion, rejectUnauthorized: true }))
        assert.strictEqual((yield* Effect.provide(get(strict), over({ ...ca, ...client }))).client, "tester")
        const error = yield* failure(strict, ca)
        assert.strictEqual(error.reason, "Tls")
        assert.match(error.message, /the server requires a client certificate.*NodeTransport's clientCert/)
        assert.notMatch(error.message, /SSL routines/)
      }

      const plain = yield* failure(urlOf(yield* Wire.http()), ca)
      assert.strictEqual(plain.reason, "Tls")
      assert.match(plain.message, /does not speak TLS; should the URL begin with http\?/)
    }))

  it("knows the alerts of all versions of OpenSSL", () => {
    const messageOf = (code: string) =>
      new Errors.TransportError({ reason: "Tls", method: "GET", url: "https://a", code, description: "" }).message
    for (
      const code of [
        "ERR_SSL_TLSV1_ALERT_UNKNOWN_CA",
        "ERR_SSL_SSLV3_ALERT_CERTIFICATE_EXPIRED",
        "ERR_SSL_SSL/TLS_ALERT_BAD_CERTIFICATE"
      ]
    ) {
      assert.match(messageOf(code), /the server rejects the client certificate/)
    }
    assert.match(messageOf("ERR_SSL_SSL/TLS_ALERT_HANDSHAKE_FAILURE"), /requires a client certificate/)
    assert.match(messageOf("UNABLE_TO_GET_ISSUER_CERT"), /known authority/)
    assert.match(messageOf("CERT_NOT_YET_VALID"), /clock/)
    assert.notMatch(messageOf("ERR_SSL_OTHER"), /\(/)
  })

  it.scopedLive("sends an expired client certificate, and leaves its rejection to the server", () =>
    Effect.gen(function*() {
      const url = urlOf(yield* Wire.https("server"))
      const expired = { clientCert: path("client-expired.pem"), clientKey: path("client-expired.key") }
      assert.strictEqual((yield* Effect.provide(get(url), over({ ...ca, ...expired }))).client, undefined)
    }))

  class Strict extends Context.Tag("test/Strict")<Strict, HttpClient.HttpClient>() {}

  it.scopedLive("is a separate client for each TLS configuration", () =>
    Effect.gen(function*() {
      const url = urlOf(yield* Wire.https("server"))
      const strict = Layer.effect(Strict, HttpClient.HttpClient).pipe(Layer.provide(NodeTransport.layer()))
      yield* Effect.gen(function*() {
        for (let i = 0; i < 2; i++) {
          assert.strictEqual((yield* HttpClient.get(url)).status, 200)
          assert.strictEqual((yield* Effect.flip((yield* Strict).get(url)))._tag, "RequestError")
        }
      }).pipe(Effect.provide(Layer.mergeAll(NodeTransport.layer(ca), strict)))
    }))
})

describe("NodeTransport's options", () => {
  it.scopedLive("come from the configuration", () =>
    Effect.gen(function*() {
      const url = urlOf(yield* Wire.https("server"))
      const transport = NodeTransport.layerConfig({
        caCert: Config.string("OS_CACERT"),
        clientCert: Config.string("OS_CERT"),
        clientKey: Config.withDefault(Config.redacted("OS_KEY"), undefined),
        connections: Config.withDefault(Config.integer("CONNECTIONS"), undefined),
        proxy: Config.succeed(false)
      })
      const variables = { OS_CACERT: path("ca.pem"), OS_CERT: path("client.pem"), OS_KEY: path("client.key") }
      const withThese = (variables: Record<string, string>) =>
        Effect.provide(
          get(url),
          Transport.layer().pipe(Layer.provide(transport), Layer.provide(environment(variables)))
        )
      assert.strictEqual((yield* withThese(variables)).client, "tester")
      const missing = yield* Effect.flip(withThese({ OS_CACERT: path("ca.pem") }))
      assert.match(String(missing), /OS_CERT/)
      const wrong = yield* Effect.flip(withThese({ ...variables, OS_CACERT: "/nowhere/ca.pem" }))
      assert.match(String(wrong), /option caCert: the file \/nowhere\/ca\.pem/)
    }))

  const secret = "Kx9-secret"
  const broken = "-----BEGIN CERTIFICATE-----\nbm90IG9uZQ==\n-----END CERTIFICATE-----"
  const encrypted = { clientCert: path("client.pem"), clientKey: path("client-encrypted.key") }
  const keyWithoutArmour = pem("client.key").split("\n").slice(1, -2)
  const wrong: ReadonlyArray<readonly [NodeTransport.Options, option: string, reason: RegExp]> = [
    [{ caCert: "/nowhere/ca.pem" }, "caCert", /^the file \/nowhere\/ca\.pem cannot be read: NotFound$/],
    [{ caCert: path("") }, "caCert", /^the file .*data\/tls\/ cannot be read/],
    [{ caCert: path("../faults.json") }, "caCert", /^the file .*faults\.json is not PEM/],
    [{ caCert: "" }, "caCert", /^it is empty/],
    [{ caCert: broken }, "caCert", /^certificate 1 of the text cannot be read$/],
    [{ caCert: pem("ca.pem") + broken }, "caCert", /^certificate 2 of the text cannot be read$/],
    [{ caCert: path("client.key") }, "caCert", /^the file .*client\.key has no certificate$/],
    [{ systemCaCerts: false }, "systemCaCerts", /no server is trusted/],
    [{ clientKey: path("client.key") }, "clientKey", /^it requires clientCert; set both$/],
    [{ clientCert: path("client.pem") }, "clientKey", /^the file .*client\.pem has no private key/],
    [
      { clientCert: path("client.pem"), clientKey: path("nothing.key") },
      "clientKey",
      /nothing\.key cannot be read: NotFound/
    ],
    [{ clientCert: path("client.key") }, "clientCert", /^the file .*client\.key has no certificate$/],
    [
      { clientCert: path("client.pem"), clientKey: path("server.key") },
      "clientCert, clientKey",
      /^the key of the file .*server\.key does not belong to the first certificate of the file .*client\.pem$/
    ],
    [
      { clientCert: path("client.pem"), clientKey: broken.replaceAll("CERTIFICATE", "PRIVATE KEY") },
      "clientKey",
      /^the key of the text cannot be read$/
    ],
    [
      encrypted,
      "clientKeyPassphrase",
      /^the key of the file .*client-encrypted\.key is encrypted; set its passphrase$/
    ],
    [
      { ...encrypted, clientKey: path("client-encrypted-pkcs8.key") },
      "clientKeyPassphrase",
      /^the key of the file .*pkcs8\.key is encrypted; set its passphrase$/
    ],
    [
      { ...encrypted, clientKeyPassphrase: Redacted.make(secret) },
      "clientKeyPassphrase",
      /^it does not decrypt the key of the file .*client-encrypted\.key$/
    ],
    [
      { clientCert: path("client.pem"), clientKey: keyWithoutArmour.slice(1).join("\n") },
      "clientKey",
      /^the text cannot be read; give PEM text, base64 of PEM or DER, or the path of a file$/
    ],
    [
      { clientCert: path("client.pem"), clientKey: keyWithoutArmour.slice(1).join("") },
      "clientKey",
      /^the file \(redacted\) cannot be read: \w+; give PEM text, base64 of PEM or DER, or the path of a file$/
    ],
    [{ clientCert: "hunter2" }, "clientCert", /^the file \(redacted\) cannot be read: NotFound; give PEM text/],
    [
      { caCert: Buffer.from("nothing").toString("base64") },
      "caCert",
      /^the file \(redacted\) cannot be read: NotFound/
    ],
    [
      { clientCert: path("client.pem"), clientKey: Redacted.make(secret) },
      "clientKey",
      /^the file \(redacted\) cannot/
    ],
    [{ serverName: "127.0.0.1" }, "serverName", /^"127\.0\.0\.1" is not a host name$/],
    [{ tlsCiphers: "ROT13" }, "tlsCiphers", /^OpenSSL rejects it: ERR_SSL_NO_CIPHER_MATCH$/],
    [JSON.parse(`{"tlsMinVersion":"1.1"}`), "tlsMinVersion", /^"1\.1" is not one of 1\.2, 1\.3$/],
    [
      JSON.parse(`{"addressFamily":"ipv5"}`),
      "addressFamily",
      /^"ipv5" is not one of ipv4, ipv6, ipv4first, ipv6first$/
    ],
    [JSON.parse(`{"connectTimeout":"ten"}`), "connectTimeout", /^"ten" is not a duration such as "10 seconds"/],
    [{ connectTimeout: 0 }, "connectTimeout", /longer than 0/],
    [{ connections: 0 }, "connections", /^0 is not an integer from 1$/],
    [{ connections: 1.5 }, "connections", /^1\.5/],
    [{ proxy: `http://user:${secret}@` }, "proxy", /^it is not a URL; use http:\/\//],
    [{ proxy: `http://user:${secret}%@host` }, "proxy", /^user and password must be percent-encoded/],
    [{ proxy: Redacted.make(`socks5://user:${secret}@host`) }, "proxy", /^socks5:\/\/ proxies are not supported/],
    [{ proxy: "http://host", noProxy: "10.0.0.0/99" }, "noProxy", /^"10\.0\.0\.0\/99" is neither a host nor a network/]
  ]
  it.live("that are invalid fail the layer, with the name of the option and without a secret", () =>
    Effect.gen(function*() {
      for (const [options, option, reason] of wrong) {
        const error = yield* refused(options)
        assert.strictEqual(error.option, option)
        assert.match(error.reason, reason)
        for (const shown of [inspect(error), JSON.stringify(error), error.message]) {
          assert.notInclude(shown, secret)
          assert.notInclude(shown, keyWithoutArmour.join("").slice(0, 40))
        }
      }
      const inEnvironment = yield* refused({}, { https_proxy: `ftp://user:${secret}@host` })
      assert.strictEqual(
        inEnvironment.message,
        "NodeTransport: option https_proxy: ftp:// proxies are not supported; " +
          "use http://[user:password@]host[:port], or https:// for TLS to the proxy"
      )
    }))
})

describe("NodeTransport's proxies", () => {
  const token = { "x-auth-token": "Kx9-token" }

  it.scopedLive("come from the environment, get their own credentials, and open tunnels", () =>
    Effect.gen(function*() {
      const server = yield* Wire.https("server")
      const plain = yield* Wire.http()
      const proxy = yield* Wire.proxy({
        credentials: "user:p@ss word",
        hosts: { "cloud.test:443": server.port, "plain.test:80": plain.port }
      })
      const url = `http://user:p%40ss%20word@127.0.0.1:${proxy.port}`
      const seen = yield* Effect.all([
        get("https://cloud.test/v3", token),
        get("http://plain.test/v2.1?limit=1", token)
      ]).pipe(
        Effect.provide(over({ ...ca, ...client, serverName: "localhost" }, { HTTPS_PROXY: url, HTTP_PROXY: url }))
      )
      assert.deepStrictEqual(seen.map(({ url }) => url), ["/v3", "/v2.1?limit=1"])
      assert.strictEqual(seen[0].client, "tester")
      assert.deepStrictEqual(seen.map(({ headers }) => headers.host), ["cloud.test", "plain.test"])
      for (const { headers } of seen) {
        assert.strictEqual(headers["x-auth-token"], "Kx9-token")
        assert.notProperty(headers, "proxy-authorization")
      }
      assert.deepStrictEqual(proxy.asked.map(({ target }) => target), ["cloud.test:443", "plain.test:80"])
      for (const { headers } of proxy.asked) {
        assert.strictEqual(headers["proxy-authorization"], `Basic ${btoa("user:p@ss word")}`)
        assert.notProperty(headers, "x-auth-token")
      }
    }))

  it.scopedLive("see nothing of requests over TLS", () =>
    Effect.gen(function*() {
      const server = yield* Wire.https("server")
      const proxy = yield* Wire.proxy({ credentials: "user:password" })
      const options = { ...ca, proxy: Redacted.make(`http://user:password@127.0.0.1:${proxy.port}`) }
      yield* Effect.provide(get(urlOf(server), token), over(options))
      const sent = Buffer.concat(proxy.tunnelled)
      assert.isAbove(sent.length, 0)
      assert.isFalse(sent.includes("Kx9-token"))
      assert.isFalse(sent.includes(btoa("user:password")))
    }))

  it.scopedLive("an option wins over the environment, and NO_PROXY over both", () =>
    Effect.gen(function*() {
      const server = yield* Wire.https("server")
      const [here, there] = yield* Effect.all([Wire.proxy(), Wire.proxy()])
      const proxy = `127.0.0.1:${here.port}`
      const variables = { https_proxy: `http://127.0.0.1:${there.port}` }
      const asked = (options: NodeTransport.Options, more: Record<string, string> = {}) =>
        Effect.gen(function*() {
          const before = [here.asked.length, there.asked.length] as const
          yield* Effect.provide(get(urlOf(server)), over({ ...ca, ...options }, { ...variables, ...more }))
          return [here.asked.length - before[0], there.asked.length - before[1]]
        })
      assert.deepStrictEqual(yield* asked({}), [0, 1])
      assert.deepStrictEqual(yield* asked({}, { HTTPS_PROXY: "http://127.0.0.1:1" }), [0, 1])
      assert.deepStrictEqual(yield* asked({ proxy }), [1, 0])
      assert.deepStrictEqual(yield* asked({ proxy: false }), [0, 0])
      for (const NO_PROXY of ["localhost", "a.example, localhost", `.localhost:${server.port}`, "*"]) {
        assert.deepStrictEqual(yield* asked({}, { NO_PROXY }), [0, 0])
        assert.deepStrictEqual(yield* asked({ proxy }, { NO_PROXY }), [0, 0])
        assert.deepStrictEqual(yield* asked({ proxy, noProxy: [] }, { NO_PROXY }), [1, 0])
      }
      assert.deepStrictEqual(yield* asked({ noProxy: "localhost" }, { NO_PROXY: "" }), [0, 0])
      assert.deepStrictEqual(yield* asked({}, { no_proxy: "other", NO_PROXY: "*" }), [0, 1])
    }))

  it.scopedLive("over TLS are verified like servers, and get no client certificate", () =>
    Effect.gen(function*() {
      const server = yield* Wire.https("server")
      const proxy = yield* Wire.proxy({ certificate: "server", credentials: "user:password" })
      const url = `https://user:password@localhost:${proxy.port}`
      const seen = yield* Effect.provide(get(urlOf(server)), over({ ...ca, ...client, proxy: url }))
      assert.strictEqual(seen.client, "tester")
      assert.notProperty(seen.headers, "proxy-authorization")
      assert.deepStrictEqual(proxy.certificates, [])
      // insecure does not apply to a proxy, which gets a password
      const unknown = yield* failure(urlOf(server), { insecure: true, proxy: url })
      assert.strictEqual(unknown.reason, "Tls")
      assert.include(unknown.message, `the proxy https://localhost:${proxy.port} failed: self-signed certificate`)
      const other = yield* Wire.proxy({ certificate: "other" })
      const wrong = yield* failure(urlOf(server), { ...ca, proxy: `https://localhost:${other.port}` })
      assert.strictEqual(wrong.reason, "Tls")
      assert.match(wrong.message, /another host name/)
    }))

  it.scopedLive("that refuse, do not respond or do not exist are errors without their password", () =>
    Effect.gen(function*() {
      const url = urlOf(yield* Wire.https("server"))
      const told = (proxy: string, options: NodeTransport.Options = {}) =>
        Effect.map(failure(url, { ...ca, proxy, ...options }), (error) => {
          assert.strictEqual(error.reason, "Connect")
          assert.notInclude(inspect(error) + JSON.stringify(error), "Kx9")
          return error
        })
      const guarded = `127.0.0.1:${(yield* Wire.proxy({ credentials: "user:password" })).port}`
      assert.strictEqual(
        (yield* told(guarded)).message,
        `GET ${url}: could not connect: the proxy http://${guarded} refused the connection: ` +
          "407 Proxy Authentication Required (add user and password to the URL of the proxy)"
      )
      assert.match(
        (yield* told(`http://user:Kx9@${guarded}`)).message,
        /407 .*the user or password in the URL of the proxy is wrong/
      )
      const strict = yield* told(`127.0.0.1:${(yield* Wire.proxy({ refuses: 403 })).port}`)
      assert.strictEqual(strict.code, "ERR_PROXY_REFUSED")
      assert.match(strict.message, /refused the connection: 403 Forbidden$/)
      const { port } = yield* Wire.proxy({ instead: "wait" })
      const silent = yield* timedOut(url, {
        ...ca,
        proxy: `http://user:Kx9@127.0.0.1:${port}`,
        connectTimeout: "300 millis"
      })
      assert.deepStrictEqual([silent.phase, silent.millis], ["connect", 300])
      assert.notInclude(inspect(silent) + JSON.stringify(silent), "Kx9")
      assert.match(silent.message, /the proxy http:\/\/127\.0\.0\.1:\d+ did not answer within 300 ms/)
      const closing = yield* Wire.proxy({ instead: "close" })
      assert.match((yield* told(`127.0.0.1:${closing.port}`)).message, /the proxy http:.* closed the connection/)
      assert.strictEqual(closing.asked.length, 1)
      const absent = yield* told("http://user:Kx9@127.0.0.1:1")
      assert.strictEqual(absent.code, "ECONNREFUSED")
      assert.match(absent.message, /the proxy http:\/\/127\.0\.0\.1:1 failed: connect ECONNREFUSED/)
    }))

  it.scopedLive("do not hide the errors of the server behind them", () =>
    Effect.gen(function*() {
      const { port } = yield* Wire.proxy()
      const proxy = `127.0.0.1:${port}`
      const url = urlOf(yield* Wire.https("server", { rejectUnauthorized: true }))
      assert.match((yield* failure(url, { proxy })).message, /TLS failed: self-signed/)
      assert.match((yield* failure(url, { ...ca, proxy })).message, /requires a client certificate/)
      const other = urlOf(yield* Wire.https("other"))
      assert.match((yield* failure(other, { ...ca, proxy })).message, /another host name/)
      assert.strictEqual((yield* Effect.provide(get(other), over({ insecure: true, proxy }))).url, "/")
    }))

  it.scopedLive("keep their tunnels, and carry HTTP/2", () =>
    Effect.gen(function*() {
      const server = yield* Wire.http2("server")
      const proxy = yield* Wire.proxy()
      const options = { ...ca, proxy: `127.0.0.1:${proxy.port}`, connections: 1 }
      const versions = (options: NodeTransport.Options) =>
        Effect.provide(
          Effect.forEach([1, 2, 3, 4], () => Effect.map(get(urlOf(server)), (seen) => seen.httpVersion)),
          over(options)
        )
      assert.deepStrictEqual(yield* versions(options), ["1.1", "1.1", "1.1", "1.1"])
      assert.strictEqual(proxy.asked.length, 1)
      assert.deepStrictEqual(yield* versions({ ...options, http2: true }), ["2.0", "2.0", "2.0", "2.0"])
      assert.strictEqual(proxy.asked.length, 2)
    }))
})

describe("NodeTransport's connections", () => {
  const many = (url: string, options: NodeTransport.Options, concurrency: number) =>
    Effect.provide(Effect.forEach(Array.from({ length: 20 }), () => get(url), { concurrency }), over(options))

  it.scopedLive("are kept for the next request, unless keepAlive is 0", () =>
    Effect.gen(function*() {
      const server = yield* Wire.https("server")
      yield* many(urlOf(server), { ...ca, connections: 1 }, 1)
      assert.strictEqual(server.connections.length, 1)
      const impatient = yield* Wire.https("server")
      const seen = yield* many(urlOf(impatient), { ...ca, keepAlive: 0 }, 1)
      assert.strictEqual(impatient.connections.length, 20)
      assert.strictEqual(seen[0]?.headers.connection, "close")
    }))

  it.scopedLive("are closed after keepAlive, whatever the server offers", () =>
    Effect.gen(function*() {
      const closed = yield* Deferred.make<void>()
      const server = yield* Wire.listen(Http.createServer({ keepAliveTimeout: 600_000 }, (request, response) => {
        request.socket.once("close", () => Deferred.unsafeDone(closed, Effect.void))
        response.end(`{}`)
      }))
      yield* Effect.gen(function*() {
        yield* get(`http://127.0.0.1:${server.port}/`)
        yield* Effect.timeout(Deferred.await(closed), "5 seconds")
      }).pipe(Effect.provide(over({ keepAlive: "100 millis" })))
    }))

  it.scopedLive("do not exceed their limit", () =>
    Effect.gen(function*() {
      const server = yield* Wire.https("server")
      yield* many(urlOf(server), { ...ca, connections: 3 }, 20)
      assert.strictEqual(server.connections.length, 3)
      const unlimited = yield* Wire.https("server")
      yield* many(urlOf(unlimited), ca, 20)
      assert.strictEqual(unlimited.connections.length, 20)
    }))

  it.scopedLive("use HTTP/2 only if it is enabled, and then one connection for all requests", () =>
    Effect.gen(function*() {
      const server = yield* Wire.http2("server")
      const seen = yield* many(urlOf(server), { ...ca, ...client, http2: true, connections: 1 }, 20)
      assert.deepStrictEqual([...new Set(seen.map(({ httpVersion }) => httpVersion))], ["2.0"])
      assert.strictEqual(seen[0]?.client, "tester")
      assert.strictEqual(server.connections.length, 1)
      const [plain] = yield* many(urlOf(server), ca, 1)
      assert.strictEqual(plain?.httpVersion, "1.1")
      const old = yield* many(urlOf(yield* Wire.https("server")), { ...ca, http2: true }, 1)
      assert.strictEqual(old[0]?.httpVersion, "1.1")
    }))

  const dns: typeof Dns = createRequire(import.meta.url)("node:dns")

  /** Resolves both.test to both addresses, IPv6 first or in the requested order. */
  const dualStack = Effect.acquireRelease(
    Effect.sync(() => {
      const { lookup } = dns
      const addresses = [{ address: "::1", family: 6 }, { address: "127.0.0.1", family: 4 }]
      const resolve = (
        _hostname: string,
        options: Dns.LookupOptions,
        callback: (error: Error | null, address: string | ReadonlyArray<Dns.LookupAddress>, family?: number) => void
      ) => {
        const found = addresses.filter(({ family }) => !options.family || options.family === family)
        const ordered = options.order === "ipv4first" ? found.toReversed() : found
        return options.all === true
          ? callback(null, ordered)
          : callback(null, ordered[0]?.address ?? "", ordered[0]?.family)
      }
      Object.assign(dns, { lookup: resolve })
      syncBuiltinESMExports()
      return lookup
    }),
    (lookup) =>
      Effect.sync(() => {
        Object.assign(dns, { lookup })
        syncBuiltinESMExports()
      })
  )

  it.scopedLive("prefer addressFamily, and fall back to the other family", () =>
    Effect.gen(function*() {
      const { port } = yield* Wire.http("127.0.0.1")
      const six = yield* Effect.scoped(Effect.zipRight(
        Wire.http("::1", port),
        Effect.gen(function*() {
          yield* dualStack
          return yield* Effect.forEach(["ipv4", "ipv6", "ipv4first", "ipv6first"] as const, (addressFamily) =>
            Effect.map(
              Effect.provide(get(`http://both.test:${port}/`), over({ addressFamily })),
              (seen) => seen.family
            ))
        })
      ))
      assert.deepStrictEqual(six, ["IPv4", "IPv6", "IPv4", "IPv6"])
      yield* dualStack
      const url = `http://both.test:${port}/`
      assert.strictEqual((yield* Effect.provide(get(url), over({ addressFamily: "ipv6first" }))).family, "IPv4")
      assert.strictEqual((yield* failure(url, { addressFamily: "ipv6" })).reason, "Connect")
    }))

  it.scopedLive("time out, including the handshake", () =>
    Effect.gen(function*() {
      const { port } = yield* Wire.listen(Net.createServer())
      const error = yield* timedOut(`https://localhost:${port}/`, { connectTimeout: "100 millis" })
      assert.deepStrictEqual([error.phase, error.millis], ["connect", 100])
    }))
})

describe("NodeTransport behaves as the platform's client", () => {
  const clients = [
    ["NodeTransport", Layer.provide(NodeTransport.layer(), environment({}))],
    ["NodeHttpClient.layerUndici", NodeHttpClient.layerUndici]
  ] as const
  for (const [name, layer] of clients) {
    const transport = Layer.provide(Transport.layer(), layer)

    it.scopedLive(`${name}: errors`, () =>
      Effect.gen(function*() {
        const reset = yield* Wire.listen(
          Net.createServer((socket) => socket.once("data", () => socket.resetAndDestroy()))
        )
        const ended = yield* Wire.listen(Net.createServer((socket) => socket.once("data", () => socket.end())))
        const reasons = yield* Effect.forEach(
          [
            "http://127.0.0.1:1/",
            "http://nowhere.invalid/",
            `http://127.0.0.1:${reset.port}/`,
            `http://127.0.0.1:${ended.port}/`,
            urlOf(yield* Wire.https("server"))
          ],
          (url) =>
            Effect.map(Effect.flip(get(url)), (error) => error._tag === "TransportError" ? error.reason : error._tag)
        )
        assert.deepStrictEqual(reasons, ["Connect", "Connect", "Reset", "Reset", "Tls"])
      }).pipe(Effect.provide(transport)))

    it.scopedLive(`${name}: redirects are not followed by the client, bodies are sent and read`, () =>
      Effect.gen(function*() {
        const server = yield* Wire.listen(Http.createServer((request, response) => {
          if (request.url === "/elsewhere") {
            response.writeHead(302, { location: "/" }).end()
          } else {
            request.pipe(response)
          }
        }))
        const url = `http://127.0.0.1:${server.port}`
        const client = yield* HttpClient.HttpClient
        assert.strictEqual((yield* client.get(`${url}/elsewhere`)).status, 302)
        const text = "body ".repeat(100_000)
        const response = yield* client.execute(HttpClientRequest.bodyText(HttpClientRequest.put(url), text))
        assert.strictEqual(yield* response.text, text)
      }).pipe(Effect.provide(layer)))

    it.scopedLive(`${name}: an interrupted request closes its connection`, () =>
      Effect.gen(function*() {
        const arrived = yield* Deferred.make<void>()
        const gone = yield* Deferred.make<void>()
        const server = yield* Wire.listen(Http.createServer((request) => {
          request.socket.once("close", () => Deferred.unsafeDone(gone, Effect.void))
          Deferred.unsafeDone(arrived, Effect.void)
        }))
        const fiber = yield* Effect.fork(get(`http://127.0.0.1:${server.port}/`))
        yield* Deferred.await(arrived)
        yield* Fiber.interrupt(fiber)
        yield* Effect.timeout(Deferred.await(gone), "5 seconds")
      }).pipe(Effect.provide(transport)))
  }

  it.scopedLive("an interrupted request closes its tunnel, and over HTTP/2 only its stream", () =>
    Effect.gen(function*() {
      const arrived = yield* Deferred.make<void>()
      const gone = yield* Deferred.make<void>()
      const server = yield* Wire.listen(Http.createServer((request) => {
        request.socket.once("close", () => Deferred.unsafeDone(gone, Effect.void))
        Deferred.unsafeDone(arrived, Effect.void)
      }))
      const proxy = yield* Wire.proxy()
      yield* Effect.gen(function*() {
        const fiber = yield* Effect.fork(get(`http://127.0.0.1:${server.port}/`))
        yield* Deferred.await(arrived)
        yield* Fiber.interrupt(fiber)
        yield* Effect.timeout(Deferred.await(gone), "5 seconds")
      }).pipe(Effect.provide(over({ proxy: `127.0.0.1:${proxy.port}` })))

      const reached = yield* Deferred.make<void>()
      const reset = yield* Deferred.make<void>()
      const http2 = yield* Wire.http2("server", (request, response) => {
        if (request.url === "/") {
          response.end("{}")
        } else {
          request.stream.once("close", () => Deferred.unsafeDone(reset, Effect.void))
          Deferred.unsafeDone(reached, Effect.void)
        }
      })
      yield* Effect.gen(function*() {
        yield* get(urlOf(http2))
        const fiber = yield* Effect.fork(get(urlOf(http2, "/never")))
        yield* Deferred.await(reached)
        yield* Fiber.interrupt(fiber)
        yield* Effect.timeout(Deferred.await(reset), "5 seconds")
        yield* get(urlOf(http2))
      }).pipe(Effect.provide(over({ ...ca, http2: true, connections: 1 })))
      assert.strictEqual(http2.connections.length, 1)
    }))

  it.scopedLive("its connections end with its scope, and not before", () =>
    Effect.gen(function*() {
      const closed = yield* Deferred.make<void>()
      const server = yield* Wire.listen(Http.createServer({ keepAliveTimeout: 0 }, (request, response) => {
        request.socket.once("close", () => Deferred.unsafeDone(closed, Effect.void))
        response.end("{}")
      }))
      yield* Effect.gen(function*() {
        yield* get(`http://127.0.0.1:${server.port}/`)
        assert.isFalse(yield* Deferred.isDone(closed))
      }).pipe(Effect.provide(over({ keepAlive: "10 minutes" })))
      yield* Effect.timeout(Deferred.await(closed), "5 seconds")
    }))
})
