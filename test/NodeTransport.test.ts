import { HttpClientRequest } from "@effect/platform"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Redacted } from "effect"
import { Transport } from "effect-keystoneauth"
import * as NodeTransport from "effect-keystoneauth/NodeTransport"
import { readFileSync } from "node:fs"
import * as Https from "node:https"
import type { AddressInfo } from "node:net"
import type { TLSSocket } from "node:tls"
import { fileURLToPath } from "node:url"
import { assertTag } from "./support.js"

const path = (name: string) => fileURLToPath(new URL(`data/tls/${name}`, import.meta.url))
const pem = (name: string) => readFileSync(path(name), "utf8")

/** A server with a certificate of the private CA, that tells whose certificate it was shown. */
const serve = (name: string) =>
  Effect.acquireRelease(
    Effect.async<{ readonly url: string; readonly server: Https.Server }>((resume) => {
      const server = Https.createServer(
        {
          cert: pem(`${name}.pem`),
          key: pem(`${name}.key`),
          ca: pem("ca.pem"),
          requestCert: true,
          rejectUnauthorized: false
        },
        (request, response) => {
          const socket = request.socket as TLSSocket
          response.end(socket.authorized ? String(socket.getPeerCertificate().subject.CN) : "nobody")
        }
      )
      server.listen(0, "127.0.0.1", () =>
        resume(Effect.succeed({ url: `https://localhost:${(server.address() as AddressInfo).port}/`, server })))
    }),
    ({ server }) =>
      Effect.sync(() => {
        server.closeAllConnections()
        server.close()
      })
  )

const get = (url: string) =>
  Effect.flatMap(
    Transport.Transport,
    (transport) => Effect.map(transport.text(HttpClientRequest.get(url)), (response) => response.text)
  )

const over = (options?: NodeTransport.Options) => Layer.provide(Transport.layer(), NodeTransport.layer(options))

describe("NodeTransport", () => {
  it.scopedLive("trusts a CA given as file or text, and no other", () =>
    Effect.gen(function*() {
      const { url } = yield* serve("server")
      assert.strictEqual(yield* Effect.provide(get(url), over({ caCert: path("ca.pem") })), "nobody")
      assert.strictEqual(yield* Effect.provide(get(url), over({ caCert: pem("ca.pem") })), "nobody")
      const error = yield* Effect.flip(Effect.provide(get(url), over()))
      assertTag(error, "TransportError")
      assert.strictEqual(error.reason, "Tls")
      assert.match(error.message, /not signed by a known authority; give its CA/)
    }))

  it.scopedLive("insecure trusts anyone; a certificate for another host is told", () =>
    Effect.gen(function*() {
      const { url } = yield* serve("other")
      assert.strictEqual(yield* Effect.provide(get(url), over({ insecure: true })), "nobody")
      const error = yield* Effect.flip(Effect.provide(get(url), over({ caCert: path("ca.pem") })))
      assertTag(error, "TransportError")
      assert.match(error.message, /the server's certificate is for another host name/)
    }))

  it.scopedLive("shows a client certificate, with its key beside it, in it, or encrypted", () =>
    Effect.gen(function*() {
      const { url } = yield* serve("server")
      const caCert = path("ca.pem")
      for (
        const options of [
          { clientCert: path("client.pem"), clientKey: path("client.key") },
          { clientCert: pem("client.pem") + pem("client.key") },
          { clientCert: pem("client.pem"), clientKey: Redacted.make(pem("client.key")) },
          {
            clientCert: path("client.pem"),
            clientKey: path("client-encrypted.key"),
            clientKeyPassphrase: Redacted.make("passphrase")
          }
        ]
      ) {
        assert.strictEqual(yield* Effect.provide(get(url), over({ caCert, ...options })), "tester")
      }
    }))

  it.scopedLive("two clients with different TLS are two, also in one program", () =>
    Effect.gen(function*() {
      const { url } = yield* serve("server")
      const trusting = over({ caCert: path("ca.pem") })
      const strict = over()
      const [text, error] = yield* Effect.all([
        Effect.provide(get(url), trusting),
        Effect.flip(Effect.provide(get(url), strict))
      ], { concurrency: 2 })
      assert.strictEqual(text, "nobody")
      assert.strictEqual(error._tag, "TransportError")
    }))

  it.live("names the option and the file that cannot be used, when the layer is built", () =>
    Effect.gen(function*() {
      const wrong: ReadonlyArray<readonly [NodeTransport.Options, RegExp]> = [
        [{ caCert: "/nowhere/ca.pem" }, /option caCert: the file \/nowhere\/ca\.pem cannot be read: NotFound/],
        [{ caCert: path("../faults.json") }, /option caCert: the file .*faults\.json is not PEM/],
        [{ caCert: "-----BEGIN CERTIFICATE-----\nnonsense\n-----END CERTIFICATE-----" }, /option caCert/],
        [{ clientKey: path("client.key") }, /option clientKey: it is of no use without clientCert/],
        [{ clientCert: path("client.pem") }, /option .*clientKey/],
        [{ clientCert: path("client.pem"), clientKey: path("server.key") }, /option .*clientKey/],
        [{ clientCert: path("client.pem"), clientKey: path("client-encrypted.key") }, /option .*clientKey/]
      ]
      for (const [options, message] of wrong) {
        const error = yield* Effect.flip(Layer.launch(NodeTransport.layer(options)).pipe(Effect.timeout("1 second")))
        assertTag(error, "InvalidOptions")
        assert.match(error.message, message)
      }
    }), 20_000)
})
