/**
 * What makes a transport for a cloud that brings its own TLS: which authorities to trust, and with which certificate to come.
 *
 * @since 0.1.0
 */
import * as HttpClient from "@effect/platform/HttpClient"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Redacted from "effect/Redacted"
import { InvalidOptions } from "../Errors.js"

/**
 * The options of `NodeTransport` that clouds have. Certificates and keys are paths of files; or PEM text or base64, which is
 * `Redacted` where it comes from a cloud's configuration.
 *
 * @since 0.1.0
 * @category models
 */
export interface Tls {
  /** Trust any certificate. */
  readonly insecure: boolean
  readonly caCert: string | Redacted.Redacted | undefined
  /** May hold the key as well. */
  readonly clientCert: string | Redacted.Redacted | undefined
  readonly clientKey: string | Redacted.Redacted | undefined
}

/**
 * Makes a transport with a cloud's own TLS. `NodeTransport.layerFactory` is one.
 *
 * @since 0.1.0
 * @category tags
 */
export class TransportFactory extends Context.Tag("effect-keystoneauth/TransportFactory")<
  TransportFactory,
  (tls: Tls) => Layer.Layer<HttpClient.HttpClient, InvalidOptions>
>() {}

/**
 * The `HttpClient` that is there, for every cloud: in browsers, on other runtimes, in tests. A cloud that asks for TLS of its own
 * is refused with `InvalidOptions`, since this client goes its own way.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerHttpClient: Layer.Layer<TransportFactory, never, HttpClient.HttpClient> = Layer.effect(
  TransportFactory,
  Effect.map(HttpClient.HttpClient, (client) => (tls) => {
    const asked = Object.entries({ verify: tls.insecure, cacert: tls.caCert, cert: tls.clientCert, key: tls.clientKey })
      .flatMap(([name, value]) => value === undefined || value === false ? [] : [name])
    return asked.length === 0 ? Layer.succeed(HttpClient.HttpClient, client) : Layer.fail(
      new InvalidOptions({
        module: "TransportFactory",
        option: asked.join(", "),
        reason: "this HttpClient has TLS of its own; NodeTransport.layerFactory is one that does as the cloud says"
      })
    )
  })
)
