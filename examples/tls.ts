/**
 * TLS with a private CA, and with a client certificate.
 *
 *     tls.ts https://keystone.example.com/v3 ca.pem [client.pem [client.key]]
 */
import { HttpClientRequest } from "@effect/platform"
import { NodeRuntime } from "@effect/platform-node"
import { Console, Effect, Layer } from "effect"
import { Session } from "effect-keystoneauth"
import * as NodeTransport from "effect-keystoneauth/NodeTransport"

const [authUrl, caCert = "/no/such/ca.pem", clientCert, clientKey] = process.argv.slice(2)

const SessionLive = Session.layer().pipe(
  Layer.provide(NodeTransport.layer({ caCert, clientCert, clientKey }))
)

const askKeystone = Effect.gen(function*() {
  const { transport } = yield* Session.Session
  if (authUrl !== undefined) {
    const { status } = yield* transport.execute(HttpClientRequest.get(authUrl))
    yield* Console.log(`${authUrl} answered ${status}`)
  }
})

askKeystone.pipe(
  Effect.provide(SessionLive),
  // an unusable file is an error with its name when the layer is built
  Effect.catchTags({
    InvalidOptions: ({ message }) => Console.log(`InvalidOptions: ${message}`),
    TransportError: ({ message, reason }) => Console.log(`TransportError (${reason}): ${message}`)
  }),
  NodeRuntime.runMain
)
