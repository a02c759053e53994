/** Reads and checks TLS options, so that errors name the option instead of failing the first request with OpenSSL's. */
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
import type * as NodeTransport from "./NodeTransport.js"
import { invalid, oneOf } from "./options.js"

export interface Tls {
  /** For connections to servers, with the client certificate. */
  readonly origin: SecureContext
  /** For connections to a proxy: with the same authorities, and without the client certificate. */
  readonly proxy: SecureContext
}

/** PEM text, and its name in errors. */
interface Pem {
  readonly text: string
  readonly name: string
}

/** The PEM text of an option; `undefined` if the option is not set. */
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
        `${name} cannot be read: ${error._tag === "SystemError" ? error.reason : "it is not a path"}${instead}`
      )
    ),
    Effect.filterOrFail(isPem, () => invalid(option, `${name} is not PEM: it has no -----BEGIN`)),
    Effect.map((text) => ({ text, name }))
  )
}

const isPem = (text: string): boolean => text.includes("-----BEGIN")

/** Matches a value that may be a path: one line of at most 4096 characters. */
const mayBePath = /^[^\p{Cc}]{1,4096}$/u

/** Decodes base64 of PEM or DER to PEM text; `undefined` if it is neither. */
const fromBase64 = (option: string, given: string): string | undefined => {
  const base64 = given.replace(/\s/g, "")
  if (!/^[\w+/-]+=*$/.test(base64)) {
    return undefined
  }
  const bytes = Buffer.from(base64, "base64")
  const text = bytes.toString()
  return isPem(text) ? text : isDer(bytes) ? armoured(labelOf(option, bytes), bytes.toString("base64")) : undefined
}

/** Whether bytes are one DER sequence from start to end, which a decoded file name is not by chance. */
const isDer = (bytes: Buffer): boolean => bytes[0] === 0x30 && headOf(bytes) + lengthOf(bytes) === bytes.length

/** The number of bytes of a DER tag and its length. */
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
    // an encrypted key begins with a sequence that names the encryption, other keys begin with a version number
    : bytes[headOf(bytes)] === 0x30
    ? "ENCRYPTED PRIVATE KEY"
    : ["PRIVATE KEY", "EC PRIVATE KEY", "RSA PRIVATE KEY"].find((label) =>
      isKey(armoured(label, bytes.toString("base64")))
    ) ??
      "PRIVATE KEY"

/** PEM text with lines of 64 characters, since OpenSSL does not read long lines. */
const armoured = (label: string, base64: string): string =>
  `-----BEGIN ${label}-----\n${(base64.match(/.{1,64}/g) ?? []).join("\n")}\n-----END ${label}-----\n`

const isKey = (text: string): boolean => Either.isRight(Either.try(() => createPrivateKey(text)))

/** Restores the line breaks of PEM text, which are `\\n` in variables, and spaces in some YAML. */
const withLines = (text: string): string =>
  text.replaceAll("\\n", "\n").replace(
    /-----BEGIN ([\w ]{1,40})-----([^-:]*)-----END \1-----/g,
    (_, label: string, base64: string) => armoured(label, base64.replace(/\s/g, ""))
  )

/**
 * The PEM blocks whose label ends with `kind`. The text is split, since a regular expression is slow with many dashes.
 */
const blocks = (text: string, kind: string): ReadonlyArray<string> => {
  const pieces = text.split("-----")
  return pieces.flatMap((begin, i) => {
    const end = begin.replace("BEGIN", "END")
    return begin.startsWith("BEGIN ") && begin.endsWith(kind) && pieces[i + 2] === end
      ? [`-----${begin}-----${pieces[i + 1] ?? ""}-----${end}-----`]
      : []
  })
}

/** The certificates in a PEM text. OpenSSL would silently ignore certificates that it cannot read. */
const certificates = (
  option: string,
  { name, text }: Pem
): Effect.Effect<ReadonlyArray<X509Certificate>, InvalidOptions> => {
  const found = blocks(text, "CERTIFICATE")
  return found.length === 0
    ? invalid(option, `${name} has no certificate`)
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
      `${name} has no private key; set clientKey, or append the key to clientCert`
    )
  }
  const encrypted = text.includes("ENCRYPTED")
  return encrypted && passphrase === undefined
    ? invalid("clientKeyPassphrase", `the key of ${name} is encrypted; set its passphrase`)
    : Effect.try({
      try: () => createPrivateKey(passphrase === undefined ? text : { key: text, passphrase }),
      catch: () =>
        encrypted
          ? invalid("clientKeyPassphrase", `it does not decrypt the key of ${name}`)
          : invalid("clientKey", `the key of ${name} cannot be read`)
    })
}

/** OpenSSL's error code. */
const refusal = (error: unknown): string =>
  error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "no reason is given"

const readAuthorities = (fileSystem: FileSystem.FileSystem, options: NodeTransport.Options) =>
  Effect.gen(function*() {
    const ca = yield* readPem(fileSystem, "caCert", options.caCert)
    if (ca === undefined) {
      return options.systemCaCerts === false && options.insecure !== true
        ? yield* invalid("systemCaCerts", "false requires caCert: otherwise no server is trusted")
        : undefined
    }
    yield* certificates("caCert", ca)
    // a `ca` of our own replaces those of NODE_EXTRA_CA_CERTS, which Node, too, ignores if it cannot read them
    const extra = yield* Config.string("NODE_EXTRA_CA_CERTS").pipe(
      Effect.flatMap((path) => fileSystem.readFileString(path)),
      Effect.orElseSucceed(() => "")
    )
    return options.systemCaCerts === false ? [ca.text] : [...rootCertificates, extra, ca.text]
  })

const readClient = (fileSystem: FileSystem.FileSystem, options: NodeTransport.Options) =>
  Effect.gen(function*() {
    const cert = yield* readPem(fileSystem, "clientCert", options.clientCert)
    const given = yield* readPem(fileSystem, "clientKey", options.clientKey)
    if (cert === undefined) {
      return given === undefined ? undefined : yield* invalid("clientKey", "it requires clientCert; set both")
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
        `the key of ${key.name} does not belong to the first certificate of ${cert.name}`
      )
    }
    return { cert: cert.text, key: key.text, ...(passphrase === undefined ? {} : { passphrase }) }
  })

const secureContext = (option: string, options: SecureContextOptions): Effect.Effect<SecureContext, InvalidOptions> =>
  Effect.try({
    try: () => createSecureContext(options),
    catch: (error) => invalid(option, `OpenSSL rejects it: ${refusal(error)}`)
  })

/** Makes the secure contexts once, since parsing all authorities for each connection would be slow. */
export const make = (options: NodeTransport.Options): Effect.Effect<Tls, InvalidOptions, FileSystem.FileSystem> =>
  Effect.gen(function*() {
    const fileSystem = yield* FileSystem.FileSystem
    const ca = yield* readAuthorities(fileSystem, options)
    const client = yield* readClient(fileSystem, options)
    const minVersion = yield* oneOf("tlsMinVersion", options.tlsMinVersion, ["1.2", "1.3"])
    if (options.serverName !== undefined && (options.serverName === "" || isIP(options.serverName) !== 0)) {
      return yield* invalid("serverName", `${JSON.stringify(options.serverName)} is not a host name`)
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
