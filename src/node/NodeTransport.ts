/**
 * The platform's `HttpClient` for Node, with what a private cloud asks of a connection: authorities of its own, client
 * certificates, proxies, an address family, limits. It needs `@effect/platform-node`.
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
 * PEM text, base64 of PEM or DER, or the path of a file that holds PEM text. Text is what contains `-----BEGIN`. Errors show only
 * what is plainly a path, and not `Redacted`.
 *
 * @since 0.1.0
 * @category models
 */
export type Pem = string | Redacted.Redacted

/**
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** The authorities to trust, one or many, beside those that Node knows. keystoneauth's `verify` (a path) and `--os-cacert`. */
  readonly caCert?: Pem | undefined
  /** `false`: only `caCert` is trusted, as in keystoneauth, and not what Node knows. Default: `true`. */
  readonly systemCaCerts?: boolean | undefined
  /** Our certificate, if the server asks for one, and those between it and its authority. May hold the key as well. */
  readonly clientCert?: Pem | undefined
  /** The key of `clientCert`. Default: in the same file. */
  readonly clientKey?: Pem | undefined
  /** What the key is encrypted with. */
  readonly clientKeyPassphrase?: Redacted.Redacted | undefined
  /** Trust any certificate. For trials only: anyone on the way can read the password. Default: `false`. */
  readonly insecure?: boolean | undefined
  /** The name to ask for (SNI), and that the certificates must be for. Default: the host of each URL. */
  readonly serverName?: string | undefined
  /** The lowest TLS version to speak. keystoneauth's `tls_min_version`. Default: Node's, which is 1.2. */
  readonly tlsMinVersion?: "1.2" | "1.3" | undefined
  /** The ciphers to speak, as OpenSSL lists them: `TLS_AES_256_GCM_SHA384:ECDHE+AESGCM`. Default: Node's. */
  readonly tlsCiphers?: string | undefined
  /**
   * The proxy for all requests: `http://[user:password@]host[:port]`, or `https://` for TLS to the proxy, which is then trusted
   * as servers are (but never for `insecure`). It makes tunnels (CONNECT), for http too. `false`: none. Default: what
   * `HTTPS_PROXY` and `HTTP_PROXY`, or else `ALL_PROXY`, say in the configuration; the same in small letters wins.
   */
  readonly proxy?: string | Redacted.Redacted | false | undefined
  /**
   * What is asked without a proxy, separated by commas: `example.com` and all below it (also as `.example.com`),
   * `example.com:5000`, addresses, networks (`10.0.0.0/8`), `*` for everything. Default: `NO_PROXY`.
   */
  readonly noProxy?: string | ReadonlyArray<string> | undefined
  /** Only addresses of this family, or these first. Default: as Node does, in the resolver's order, one after the other. */
  readonly addressFamily?: "ipv4" | "ipv6" | "ipv4first" | "ipv6first" | undefined
  /** How long connecting may take, TLS included; behind a proxy, that to the proxy, its answer, and TLS, each. Default: 10 seconds. */
  readonly connectTimeout?: Duration.DurationInput | undefined
  /** How long an idle connection is kept at most. 0: not at all. Default: as long as the server says, or else 4 seconds. */
  readonly keepAlive?: Duration.DurationInput | undefined
  /** How many connections there may be to one origin. Default: as many as there are requests. */
  readonly connections?: number | undefined
  /** How many bytes of headers an answer may have: more for PKI tokens. Default: Node's (`--max-http-header-size`), 16 kB. */
  readonly maxHeaderSize?: number | undefined
  /** Speak HTTP/2 with servers that prefer it. Default: `false`. */
  readonly http2?: boolean | undefined
}

/**
 * An `HttpClient` over undici with these options. Files and proxy variables are read when the layer is built; what is wrong
 * with them is told then, as `InvalidOptions`. Each call makes a client of its own: two sessions with different TLS never
 * share one.
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
 * The same with options from the configuration.
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
 * Makes the transport of each cloud that `CloudConfig.layer` reads, with the cloud's own TLS.
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
