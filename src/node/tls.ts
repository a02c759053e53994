/** TLS options, read and checked: what is wrong is told by name, and not with the first request in OpenSSL's words. */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Redacted from "effect/Redacted"
import { Buffer } from "node:buffer"
import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto"
import { isIP } from "node:net"
import { createSecureContext, rootCertificates, type SecureContext, type SecureContextOptions } from "node:tls"
import type { InvalidOptions } from "../Errors.js"
import * as Material from "../safety/material.js"
import { invalid, oneOf } from "./options.js"

export interface Options {
  readonly caCert?: Material.Material | undefined
  readonly systemCaCerts?: boolean | undefined
  readonly clientCert?: Material.Material | undefined
  readonly clientKey?: Material.Material | undefined
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
interface Pem {
  readonly text: string
  readonly name: string
}

/** What an option gives, as PEM text; `undefined` if it gives nothing. */
const readPem = (
  fileSystem: FileSystem.FileSystem,
  option: "caCert" | "clientCert" | "clientKey",
  pem: Material.Material | undefined
): Effect.Effect<Pem | undefined, InvalidOptions> => {
  if (pem === undefined) {
    return Effect.succeed(undefined)
  }
  const given = Material.text(pem)
  if (given.trim() === "") {
    return invalid(option, `it is empty; give ${Material.forms}`)
  }
  const text = isPem(given) ? given : fromBase64(option, given)
  if (text !== undefined) {
    return Effect.succeed({ text: withLines(text), name: "the text" })
  }
  const isShown = !Redacted.isRedacted(pem) && Material.isPath(given)
  if (!isShown && !mayBePath.test(given)) {
    return invalid(option, `the text cannot be read; give ${Material.forms}`)
  }
  const name = isShown ? `the file ${given}` : "the file (redacted)"
  const instead = isShown ? "" : `; give ${Material.forms}`
  return fileSystem.readFileString(given).pipe(
    Effect.mapError((error) =>
      invalid(
        option,
        `${name} cannot be read: ${error._tag === "SystemError" ? error.reason : "it is no path"}${instead}`
      )
    ),
    Effect.filterOrFail(isPem, () => invalid(option, `${name} is not PEM: nothing in it begins with -----BEGIN`)),
    Effect.map((text) => ({ text, name }))
  )
}

const isPem = (text: string): boolean => text.includes("-----BEGIN")

/** What the file system is asked for: text on one line, which is not too long. */
const mayBePath = /^[^\p{Cc}]{1,4096}$/u

/** The PEM text that base64 is, or stands for. */
const fromBase64 = (option: string, given: string): string | undefined => {
  const base64 = given.replace(/\s/g, "")
  if (!/^[\w+/-]+=*$/.test(base64)) {
    return undefined
  }
  const bytes = Buffer.from(base64, "base64")
  const text = bytes.toString()
  return isPem(text) ? text : isDer(bytes) ? armoured(labelOf(option, bytes), bytes.toString("base64")) : undefined
}

/** Is it one sequence, from end to end? Names of files are not, by chance. */
const isDer = (bytes: Buffer): boolean => bytes[0] === 0x30 && headOf(bytes) + lengthOf(bytes) === bytes.length

/** How many bytes say what it is and how long. */
const headOf = (bytes: Buffer): number => {
  const first = bytes[1] ?? 0
  return first < 0x80 ? 2 : 2 + (first & 0x7f)
}

const lengthOf = (bytes: Buffer): number => {
  const head = headOf(bytes)
  return head === 2 ? bytes[1] ?? 0 : head <= 6 && head <= bytes.length ? bytes.readUIntBE(2, head - 2) : NaN
}

const labelOf = (option: string, bytes: Buffer): string =>
  option !== "clientKey"
    ? "CERTIFICATE"
    // an encrypted key begins with how it is encrypted, any other with the number of a version
    : bytes[headOf(bytes)] === 0x30
    ? "ENCRYPTED PRIVATE KEY"
    : ["PRIVATE KEY", "EC PRIVATE KEY", "RSA PRIVATE KEY"].find((label) =>
      isKey(armoured(label, bytes.toString("base64")))
    ) ??
      "PRIVATE KEY"

/** OpenSSL reads no long lines. */
const armoured = (label: string, base64: string): string =>
  `-----BEGIN ${label}-----\n${(base64.match(/.{1,64}/g) ?? []).join("\n")}\n-----END ${label}-----\n`

const isKey = (text: string): boolean => Either.isRight(Either.try(() => createPrivateKey(text)))

/** PEM text that has lost its line breaks: they stand as `\\n` in a variable, or YAML has made blanks of them. */
const withLines = (text: string): string =>
  text.replaceAll("\\n", "\n").replace(
    /-----BEGIN ([\w ]{1,40})-----([^-:]*)-----END \1-----/g,
    (_, label: string, base64: string) => armoured(label, base64.replace(/\s/g, ""))
  )

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
  { name, text }: Pem
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
  { name, text }: Pem,
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
