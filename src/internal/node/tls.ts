/** TLS options, read and checked: what is wrong is told by name, and not with the first request in OpenSSL's words. */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto"
import { isIP } from "node:net"
import { createSecureContext, rootCertificates, type SecureContext, type SecureContextOptions } from "node:tls"
import type { InvalidOptions } from "../../Errors.js"
import { invalid, oneOf } from "./options.js"

export type Pem = string | Redacted.Redacted

export interface Options {
  readonly caCert?: Pem | undefined
  readonly systemCaCerts?: boolean | undefined
  readonly clientCert?: Pem | undefined
  readonly clientKey?: Pem | undefined
  readonly clientKeyPassphrase?: Redacted.Redacted | undefined
  readonly insecure?: boolean | undefined
  readonly serverName?: string | undefined
  readonly tlsMinVersion?: "1.2" | "1.3" | undefined
  readonly tlsCiphers?: string | undefined
}

export interface Tls {
  /** Towards the servers that are asked, with our certificate. */
  readonly origin: SecureContext
  /** Towards a proxy: it is trusted alike, and never sees our certificate. */
  readonly proxy: SecureContext
}

/** PEM text, and what to call it: the file that it was read from. */
interface Material {
  readonly text: string
  readonly name: string
}

/** What was meant as PEM text, but lacks its first line: it may be a key, and is not shown as the path of a file. */
const isNakedText = (given: string): boolean => given.includes("\n") || /^MI[\w+/=]{60,}$/.test(given)

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
  if (given.trim() === "") {
    return invalid(option, "it is empty; give PEM text, or the path of a file")
  }
  if (isNakedText(given)) {
    return invalid(option, "the text is not PEM: nothing in it begins with -----BEGIN")
  }
  const name = Redacted.isRedacted(pem) ? "the file (redacted)" : `the file ${given}`
  return fileSystem.readFileString(given).pipe(
    Effect.mapError((error) =>
      invalid(option, `${name} cannot be read: ${error._tag === "SystemError" ? error.reason : error.description}`)
    ),
    Effect.filterOrFail(
      (text) => text.includes("-----BEGIN"),
      () => invalid(option, `${name} is not PEM: nothing in it begins with -----BEGIN`)
    ),
    Effect.map((text) => ({ text, name }))
  )
}

/** The blocks of a PEM text whose label ends so. Cut up, since a regular expression takes long where there are many dashes. */
const blocks = (text: string, kind: string): ReadonlyArray<string> => {
  const pieces = text.split("-----")
  return pieces.flatMap((begin, i) => {
    const end = begin.replace("BEGIN", "END")
    return begin.startsWith("BEGIN ") && begin.endsWith(kind) && pieces[i + 2] === end
      ? [`-----${begin}-----${pieces[i + 1] ?? ""}-----${end}-----`]
      : []
  })
}

/** The certificates in it. OpenSSL passes over what it cannot read of a bundle without a word, and then trusts nobody. */
const certificates = (
  option: string,
  { name, text }: Material
): Effect.Effect<ReadonlyArray<X509Certificate>, InvalidOptions> => {
  const found = blocks(text, "CERTIFICATE")
  return found.length === 0
    ? invalid(option, `there is no certificate in ${name}`)
    : Effect.forEach(found, (certificate, i) =>
      Effect.try({
        try: () => new X509Certificate(certificate),
        catch: () => invalid(option, `certificate ${i + 1} of ${name} cannot be read`)
      }))
}

const privateKey = (
  { name, text }: Material,
  passphrase: string | undefined
): Effect.Effect<KeyObject, InvalidOptions> => {
  if (!text.includes("PRIVATE KEY-----")) {
    return invalid(
      "clientKey",
      `there is no private key in ${name}; it may be in clientKey, or in the same file as clientCert`
    )
  }
  const encrypted = text.includes("ENCRYPTED")
  return encrypted && passphrase === undefined
    ? invalid("clientKeyPassphrase", `the key of ${name} is encrypted, and needs one`)
    : Effect.try({
      try: () => createPrivateKey(passphrase === undefined ? text : { key: text, passphrase }),
      catch: () =>
        encrypted
          ? invalid("clientKeyPassphrase", `it is not what the key of ${name} is encrypted with`)
          : invalid("clientKey", `the key of ${name} cannot be read`)
    })
}

/** OpenSSL's word for what it refuses. */
const refusal = (error: unknown): string =>
  error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "for no known reason"

const readAuthorities = (fileSystem: FileSystem.FileSystem, options: Options) =>
  Effect.gen(function*() {
    const ca = yield* readPem(fileSystem, "caCert", options.caCert)
    if (ca === undefined) {
      return options.systemCaCerts === false && options.insecure !== true
        ? yield* invalid("systemCaCerts", "without them and without caCert no server is trusted")
        : undefined
    }
    yield* certificates("caCert", ca)
    // whoever gives `ca` to Node takes away what NODE_EXTRA_CA_CERTS adds; Node, too, goes on if it cannot be read
    const extra = yield* Config.string("NODE_EXTRA_CA_CERTS").pipe(
      Effect.flatMap((path) => fileSystem.readFileString(path)),
      Effect.orElseSucceed(() => "")
    )
    return options.systemCaCerts === false ? [ca.text] : [...rootCertificates, extra, ca.text]
  })

const readClient = (fileSystem: FileSystem.FileSystem, options: Options) =>
  Effect.gen(function*() {
    const cert = yield* readPem(fileSystem, "clientCert", options.clientCert)
    const given = yield* readPem(fileSystem, "clientKey", options.clientKey)
    if (cert === undefined) {
      return given === undefined ? undefined : yield* invalid("clientKey", "it is of no use without clientCert")
    }
    const key = given ?? cert
    const passphrase = options.clientKeyPassphrase === undefined
      ? undefined
      : Redacted.value(options.clientKeyPassphrase)
    const [certificate] = yield* certificates("clientCert", cert)
    const keyObject = yield* privateKey(key, passphrase)
    if (certificate?.checkPrivateKey(keyObject) !== true) {
      return yield* invalid(
        "clientCert, clientKey",
        `the key of ${key.name} does not belong to the (first) certificate of ${cert.name}`
      )
    }
    return { cert: cert.text, key: key.text, ...(passphrase === undefined ? {} : { passphrase }) }
  })

const secureContext = (option: string, options: SecureContextOptions): Effect.Effect<SecureContext, InvalidOptions> =>
  Effect.try({
    try: () => createSecureContext(options),
    catch: (error) => invalid(option, `OpenSSL refuses it: ${refusal(error)}`)
  })

/** Made once: every connection would parse all authorities again. */
export const make = (options: Options): Effect.Effect<Tls, InvalidOptions, FileSystem.FileSystem> =>
  Effect.gen(function*() {
    const fileSystem = yield* FileSystem.FileSystem
    const ca = yield* readAuthorities(fileSystem, options)
    const client = yield* readClient(fileSystem, options)
    const minVersion = yield* oneOf("tlsMinVersion", options.tlsMinVersion, ["1.2", "1.3"])
    if (options.serverName !== undefined && (options.serverName === "" || isIP(options.serverName) !== 0)) {
      return yield* invalid("serverName", `${JSON.stringify(options.serverName)} is not the name of a host`)
    }
    const shared: SecureContextOptions = {
      ...(ca === undefined ? {} : { ca }),
      ...(minVersion === undefined ? {} : { minVersion: `TLSv${minVersion}` }),
      ...(options.tlsCiphers === undefined ? {} : { ciphers: options.tlsCiphers })
    }
    const proxy = yield* secureContext(options.tlsCiphers === undefined ? "caCert" : "tlsCiphers", shared)
    const origin = client === undefined
      ? proxy
      : yield* secureContext("clientCert, clientKey", { ...shared, ...client })
    return { origin, proxy }
  })
