/**
 * Service that makes an `HttpClient` with the TLS settings of a cloud: authorities to trust, and a client certificate.
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
 * The TLS settings of a cloud. Certificates and keys are paths of files, PEM text or base64; text and base64 from the
 * configuration of a cloud are `Redacted`.
 *
 * @since 0.1.0
 * @category models
 */
export interface Tls {
  /** Whether to trust any certificate. */
  readonly insecure: boolean
  /** Certificates of the authorities to trust. */
  readonly caCert: string | Redacted.Redacted | undefined
  /** The client certificate, optionally with its key. */
  readonly clientCert: string | Redacted.Redacted | undefined
  /** The key of `clientCert`. */
  readonly clientKey: string | Redacted.Redacted | undefined
}

/**
 * Service tag for the function that makes an `HttpClient` with the TLS settings of a cloud, such as
 * `NodeTransport.layerFactory`.
 *
 * @since 0.1.0
 * @category tags
 */
export class TransportFactory extends Context.Tag("effect-keystoneauth/TransportFactory")<
  TransportFactory,
  (tls: Tls) => Layer.Layer<HttpClient.HttpClient, InvalidOptions>
>() {}

/**
 * Uses the `HttpClient` of the environment for every cloud: in browsers, on other runtimes, in tests. A cloud with TLS
 * settings fails with `InvalidOptions`, since this client cannot apply them.
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
        reason: "layerHttpClient cannot apply the TLS settings of a cloud; use NodeTransport.layerFactory instead"
      })
    )
  })
)
