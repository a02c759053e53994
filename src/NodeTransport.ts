/**
 * The platform's `HttpClient` for Node with TLS of your own: private CAs, client certificates, none at all. It needs
 * `@effect/platform-node`.
 *
 * @since 0.1.0
 */
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import * as Undici from "@effect/platform-node/Undici"
import * as FileSystem from "@effect/platform/FileSystem"
import type * as HttpClient from "@effect/platform/HttpClient"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import { createPrivateKey, X509Certificate } from "node:crypto"
import { createSecureContext, rootCertificates } from "node:tls"
import { InvalidOptions } from "./Errors.js"

/**
 * PEM text, or the path of a file that holds it. Text is what contains `-----BEGIN`.
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
  /** The authorities to trust, in addition to the system's. */
  readonly caCert?: Pem | undefined
  /** Our certificate, if the server asks for one. May hold the key as well. */
  readonly clientCert?: Pem | undefined
  /** The key of `clientCert`. Default: in the same file. */
  readonly clientKey?: Pem | undefined
  /** What the key is encrypted with. */
  readonly clientKeyPassphrase?: Redacted.Redacted | undefined
  /** Trust any certificate. For trials only: anyone on the way can read the password. Default: `false`. */
  readonly insecure?: boolean | undefined
  /** How long connecting may take. Default: 10 seconds. */
  readonly connectTimeout?: Duration.DurationInput | undefined
  /** How long an idle connection is kept. Default: 4 seconds. */
  readonly keepAlive?: Duration.DurationInput | undefined
  /** How many connections there may be to one origin. Default: as many as there are requests. */
  readonly connections?: number | undefined
}

const invalid = (option: string, reason: string): InvalidOptions =>
  new InvalidOptions({ module: "NodeTransport", option, reason })

/** PEM text, and what to call it: the file that it was read from. */
interface Material {
  readonly text: string
  readonly name: string
}

/** Reads an option that is PEM text or the path of such a file. */
const readPem = (
  fileSystem: FileSystem.FileSystem,
  option: string,
  pem: Pem | undefined
): Effect.Effect<Material | undefined, InvalidOptions> => {
  if (pem === undefined) {
    return Effect.succeed(undefined)
  }
  const given = Redacted.isRedacted(pem) ? Redacted.value(pem) : pem
  if (given.includes("-----BEGIN")) {
    return Effect.succeed({ text: given, name: "the text" })
  }
  const name = `the file ${given}`
  return fileSystem.readFileString(given).pipe(
    Effect.mapError((error) =>
      invalid(option, `${name} cannot be read: ${error._tag === "SystemError" ? error.reason : error.message}`)
    ),
    Effect.filterOrFail(
      (text) => text.includes("-----BEGIN"),
      () => invalid(option, `${name} is not PEM: nothing in it begins with -----BEGIN`)
    ),
    Effect.map((text) => ({ text, name }))
  )
}

/** OpenSSL passes over what it cannot read of a bundle without a word, and then trusts nobody. */
const checkCertificates = (option: string, { name, text }: Material): Effect.Effect<void, InvalidOptions> =>
  Effect.forEach(
    text.match(/-----BEGIN [\w ]*CERTIFICATE-----[^-]*-----END [\w ]*CERTIFICATE-----/g) ?? [""],
    (certificate, i) =>
      Effect.try({
        try: () => new X509Certificate(certificate),
        catch: () => invalid(option, `certificate ${i + 1} of ${name} cannot be read`)
      }),
    { discard: true }
  )

const checkKey = ({ name, text }: Material, passphrase: string | undefined): Effect.Effect<void, InvalidOptions> =>
  text.includes("PRIVATE KEY-----")
    ? Effect.try({
      try: () => createPrivateKey(passphrase === undefined ? text : { key: text, passphrase }),
      catch: () =>
        text.includes("ENCRYPTED")
          ? invalid("clientKeyPassphrase", `the key of ${name} is encrypted, and this is not what with`)
          : invalid("clientKey", `the key of ${name} cannot be read`)
    })
    : Effect.fail(
      invalid(
        "clientKey",
        `there is no private key in ${name}; it may be in clientKey, or in the same file as clientCert`
      )
    )

const makeDispatcher = (options: Options) =>
  Effect.gen(function*() {
    const fileSystem = yield* FileSystem.FileSystem
    const ca = yield* readPem(fileSystem, "caCert", options.caCert)
    const cert = yield* readPem(fileSystem, "clientCert", options.clientCert)
    const key = (yield* readPem(fileSystem, "clientKey", options.clientKey)) ?? cert
    const passphrase = options.clientKeyPassphrase === undefined
      ? undefined
      : Redacted.value(options.clientKeyPassphrase)
    if (cert === undefined && key !== undefined) {
      return yield* invalid("clientKey", "it is of no use without clientCert")
    }
    // what is wrong is told now and by name, not with the first request and in OpenSSL's words
    yield* Effect.all([
      ca === undefined ? Effect.void : checkCertificates("caCert", ca),
      cert === undefined ? Effect.void : checkCertificates("clientCert", cert),
      key === undefined ? Effect.void : checkKey(key, passphrase)
    ], { discard: true })
    const tls = {
      ...(ca === undefined ? {} : { ca: [...rootCertificates, ca.text] }),
      ...(cert === undefined ? {} : { cert: cert.text, key: key?.text }),
      ...(passphrase === undefined ? {} : { passphrase })
    }
    yield* Effect.try({
      try: () => createSecureContext(tls),
      catch: () =>
        invalid("clientCert, clientKey", `the key of ${key?.name} does not belong to the certificate of ${cert?.name}`)
    })
    return yield* Effect.acquireRelease(
      Effect.sync(() =>
        new Undici.Agent({
          connect: {
            ...tls,
            rejectUnauthorized: options.insecure !== true,
            timeout: Duration.toMillis(options.connectTimeout ?? "10 seconds")
          },
          keepAliveTimeout: Duration.toMillis(options.keepAlive ?? "4 seconds"),
          connections: options.connections ?? null
        })
      ),
      (agent) => Effect.promise(() => agent.destroy())
    )
  })

/**
 * An `HttpClient` over undici with these options. Files are read when the layer is built; what is wrong with them is told
 * then, as `InvalidOptions`. Each call makes a client of its own: two sessions with different TLS never share one.
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
  // platform-node's layer is one value: without `fresh`, a second client would silently be the first one
  Layer.fresh(NodeHttpClient.layerUndiciWithoutDispatcher).pipe(
    Layer.provide(Layer.scoped(NodeHttpClient.Dispatcher, makeDispatcher(options))),
    Layer.provide(NodeFileSystem.layer)
  )
