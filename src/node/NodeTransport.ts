/**
 * An `HttpClient` for Node with the connection options that private clouds need: authorities, client certificates,
 * proxies, address families and limits. It requires `@effect/platform-node`.
 *
 * @since 0.1.0
 */
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import type * as Undici from "@effect/platform-node/Undici"
import type * as FileSystem from "@effect/platform/FileSystem"
import * as HttpClient from "@effect/platform/HttpClient"
import * as Config from "effect/Config"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import type * as ConfigError from "../base/configError.js"
import type { InvalidOptions } from "../Errors.js"
import * as TransportFactory from "../wire/TransportFactory.js"
import * as Client from "./client.js"
import * as Dispatcher from "./dispatcher.js"

/**
 * PEM text, base64 of PEM or DER, or the path of a file with PEM text. A string with `-----BEGIN` is PEM text. Errors
 * show the value only if it is clearly a path and not `Redacted`.
 *
 * @since 0.1.0
 * @category models
 */
export type Pem = string | Redacted.Redacted

/**
 * Options for the connections of an `HttpClient`.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /**
   * Certificates of one or more authorities to trust, in addition to those of Node. keystoneauth's `verify` (a path)
   * and `--os-cacert`. Default: none.
   */
  readonly caCert?: Pem | undefined
  /** Whether to trust the authorities of Node. `false` trusts only `caCert`, as in keystoneauth. Default: `true`. */
  readonly systemCaCerts?: boolean | undefined
  /**
   * The client certificate for servers that request one, with its intermediate certificates and optionally its key.
   * Default: none.
   */
  readonly clientCert?: Pem | undefined
  /** The key of `clientCert`. Default: the key in `clientCert`. */
  readonly clientKey?: Pem | undefined
  /** The passphrase of an encrypted key. Default: none. */
  readonly clientKeyPassphrase?: Redacted.Redacted | undefined
  /** Whether to trust any certificate. For tests only: an attacker can read the password. Default: `false`. */
  readonly insecure?: boolean | undefined
  /** The host name to request (SNI) and to expect in certificates. Default: the host of each URL. */
  readonly serverName?: string | undefined
  /** The lowest TLS version. keystoneauth's `tls_min_version`. Default: that of Node, which is 1.2. */
  readonly tlsMinVersion?: "1.2" | "1.3" | undefined
  /** The ciphers, as a list for OpenSSL: `TLS_AES_256_GCM_SHA384:ECDHE+AESGCM`. Default: those of Node. */
  readonly tlsCiphers?: string | undefined
  /**
   * The proxy for all requests: `http://[user:password@]host[:port]`, or `https://` for TLS to the proxy. Its
   * certificate is verified as those of servers, even with `insecure`. All requests use tunnels (CONNECT), also for
   * http URLs. `false` uses no proxy. Default: `HTTPS_PROXY` and `HTTP_PROXY`, or else `ALL_PROXY`, of the
   * configuration. Lower-case names win.
   */
  readonly proxy?: string | Redacted.Redacted | false | undefined
  /**
   * Hosts that are reached without a proxy, as a list or separated by commas: `example.com` or `.example.com` with all
   * subdomains, `example.com:5000`, addresses, networks (`10.0.0.0/8`), `*` for all. Default: `NO_PROXY`.
   */
  readonly noProxy?: string | ReadonlyArray<string> | undefined
  /** The only or the preferred address family. Default: the order of the resolver, one address after the other. */
  readonly addressFamily?: "ipv4" | "ipv6" | "ipv4first" | "ipv6first" | undefined
  /**
   * Timeout for a connection with its TLS handshake. With a proxy it applies to each of: the connection to the proxy,
   * the proxy's response, and TLS to the server. Default: 10 seconds.
   */
  readonly connectTimeout?: Duration.DurationInput | undefined
  /**
   * How long an idle connection is kept at most. 0 closes each connection after its request. Default: as long as the
   * server says, or else 4 seconds.
   */
  readonly keepAlive?: Duration.DurationInput | undefined
  /** The largest number of connections to one origin. Default: no limit. */
  readonly connections?: number | undefined
  /**
   * The largest size of response headers in bytes. PKI tokens need more than the default, which is that of Node
   * (`--max-http-header-size`): 16 kB.
   */
  readonly maxHeaderSize?: number | undefined
  /** Whether to use HTTP/2 with servers that prefer it. Default: `false`. */
  readonly http2?: boolean | undefined
}

/**
 * An `HttpClient` over undici with these options. Files and proxy variables are read when the layer is built, which
 * fails with `InvalidOptions` if they are invalid. Each call makes a separate client, so sessions with different TLS
 * share none.
 *
 * @example
 * ```ts
 * import { Layer } from "effect"
 * import { Session } from "effect-keystoneauth"
 * import { layer } from "effect-keystoneauth/NodeTransport"
 *
 * const SessionLive = Session.layer().pipe(
 *   Layer.provide(layer({ caCert: "/etc/ssl/private-cloud.pem" }))
 * )
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (options: Options = {}): Layer.Layer<HttpClient.HttpClient, InvalidOptions> =>
  over(Dispatcher.make(options))

/**
 * As `layer`, with options from the configuration.
 *
 * @example
 * ```ts
 * import { Config } from "effect"
 * import { layerConfig } from "effect-keystoneauth/NodeTransport"
 *
 * const FromEnvironment = layerConfig({
 *   caCert: Config.withDefault(Config.string("OS_CACERT"), undefined),
 *   clientCert: Config.withDefault(Config.string("OS_CERT"), undefined),
 *   clientKey: Config.withDefault(Config.redacted("OS_KEY"), undefined)
 * })
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layerConfig = (
  options: Config.Config.Wrap<Options>
): Layer.Layer<HttpClient.HttpClient, ConfigError.ConfigError | InvalidOptions> =>
  over(Effect.flatMap(Config.unwrap(options), Dispatcher.make))

/**
 * Makes the `HttpClient` of each cloud of `CloudConfig.layer` with the TLS settings of that cloud.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerFactory: Layer.Layer<TransportFactory.TransportFactory> = Layer.succeed(
  TransportFactory.TransportFactory,
  (tls) => layer(tls)
)

const over = <E>(
  dispatcher: Effect.Effect<Undici.Dispatcher, E, FileSystem.FileSystem | Scope.Scope>
): Layer.Layer<HttpClient.HttpClient, E> =>
  Layer.scoped(
    HttpClient.HttpClient,
    Effect.zipWith(dispatcher, Effect.context<never>(), Client.make)
  ).pipe(Layer.provide(NodeFileSystem.layer))
