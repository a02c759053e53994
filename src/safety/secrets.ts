/**
 * The secrets of one request, and how texts are shown without them. They are collected from the request itself: its
 * credentials, headers, body and URL. So they are found wherever they are quoted, in any spelling (`spelling.ts`).
 */
import * as Headers from "@effect/platform/Headers"
import type * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as Either from "effect/Either"
import * as Encoding from "effect/Encoding"
import * as Redacted from "effect/Redacted"
import * as Redaction from "./redaction.js"
import * as SecretHeaders from "./secretHeaders.js"
import * as Names from "./secretNames.js"
import * as Spelling from "./spelling.js"
import * as Url from "./url.js"

// -----------------------------------------------------------------------------
// headers
// -----------------------------------------------------------------------------

/** The password in the value of a `Basic` header, without its scheme. */
const passwordIn = (basic: string): ReadonlyArray<string> => {
  const pair = Either.getOrElse(Encoding.decodeBase64String(basic), () => "")
  const colon = pair.indexOf(":")
  return colon < 0 ? [] : [pair.slice(colon + 1)]
}

/** Shorter parts count as not secret: they may be the name of an algorithm, or a number. */
const shortestPart = 8

/** In `Set-Cookie` only the first pair is secret. */
const isSetCookie = (name: string): boolean => name === "set-cookie"

/**
 * The secrets in a header: its value, and the parts that may be quoted alone, such as a token without its scheme or the
 * value of a cookie.
 */
const partsOf = ([name, whole]: readonly [string, string]): ReadonlyArray<string> => {
  const value = isSetCookie(name) ? whole.split(";", 1)[0] ?? "" : whole
  const [scheme = "", ...rest] = value.trim().split(/\s+/)
  const sent = rest.join(" ")
  const isParameters = /^[\w-]{1,40}=/.test(sent)
  const pairs = value.split(/[;,\s]/).flatMap((pair) => {
    const at = pair.search(/[=:]/)
    const part = pair.slice(at + 1)
    const least = at > 0 && (/cookie/i.test(name) || Names.isSecretParameter(pair.slice(0, at))) ? 4 : shortestPart
    return at <= 0 ? [] : [part, part.replaceAll("\"", "")].filter((part) => part.length >= least)
  })
  return [
    value,
    ...(scheme.toLowerCase() === "basic" ? passwordIn(rest.join("")) : []),
    ...(isParameters ? [] : [sent]),
    ...rest.filter((part) => part.length >= shortestPart),
    ...pairs
  ].filter((part) => part !== "")
}

// -----------------------------------------------------------------------------
// what one request holds
// -----------------------------------------------------------------------------

export interface Source {
  readonly request: HttpClientRequest.HttpClientRequest
  readonly url: URL
  /** The headers that authenticate it. They are secret, whatever their names. */
  readonly credentials: Headers.Headers | undefined
  /** Other secrets in the request, from the code that sends it. */
  readonly secrets: ReadonlyArray<Redacted.Redacted> | undefined
}

/** The secrets in the headers. */
const inHeaders = ({ credentials, request }: Source): ReadonlyArray<string> => [
  ...Object.entries(credentials ?? {}).flatMap(partsOf),
  ...Object.entries(request.headers).filter(([name]) => SecretHeaders.isSecret(name)).flatMap(partsOf)
]

const elsewhere = ({ request, secrets, url }: Source): ReadonlyArray<string> => [
  ...(secrets ?? []).map((secret) => Redacted.value(secret)).filter((secret) => typeof secret === "string"),
  ...Redaction.inBody(request.body, secrets !== undefined),
  ...[url.username, url.password],
  ...Redaction.inForm(url.searchParams)
]

const decoded = (text: string): string => {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/**
 * The base64 digits of the bytes at each of the three possible offsets, without the digits that also depend on the
 * bytes around them.
 */
const inBase64 = (bytes: Uint8Array): ReadonlyArray<string> =>
  [0, 1, 2].map((offset) => {
    const shifted = new Uint8Array(offset + bytes.length)
    shifted.set(bytes, offset)
    return Encoding.encodeBase64(shifted).slice(Math.ceil(offset * 8 / 6), Math.floor(shifted.length * 8 / 6))
  })

/** Longer secrets are not searched for in base64 or hex; shorter ones would match by chance. */
const longestEncoded = 16 * 1024
const shortestEncoded = 6

/** A secret and its encodings that `spelling.ts` does not find: normalised, decoded, in hex and in base64. */
const forms = (value: string): ReadonlyArray<string> => {
  const texts = [value, decoded(value), value.normalize("NFC"), value.normalize("NFD")]
  if (value.length < shortestEncoded || value.length > longestEncoded) {
    return texts
  }
  return [...new Set(texts)].flatMap((text) => {
    const bytes = new TextEncoder().encode(text)
    return [
      text,
      Encoding.encodeHex(bytes),
      ...inBase64(bytes).flatMap((digits) => [digits, digits.replaceAll("+", "-").replaceAll("/", "_")])
    ]
  })
}

const patterns = (values: ReadonlyArray<string>): Spelling.Patterns => new Spelling.Patterns(values.flatMap(forms))

const without = (text: string, secrets: Spelling.Patterns): string =>
  Redaction.hideForms(secrets.replace(text, Redaction.hidden))

/**
 * The secrets of one request. Every text about the request or its answer goes through `hide` before it is shown: in
 * errors, logs, spans and `curl` commands.
 */
export class Secrets {
  readonly #source: Source
  readonly #answer: Headers.Headers | undefined
  #inHeaders: Spelling.Patterns | undefined
  #all: Spelling.Patterns | undefined

  constructor(source: Source, answer?: Headers.Headers) {
    this.#source = source
    this.#answer = answer
  }

  /** The same with the secrets in the headers of its answer. */
  with(answer: Headers.Headers): Secrets {
    return new Secrets(this.#source, answer)
  }

  /** Whether a header is secret: the plugin gave it, or its name says so. */
  isHeader(name: string): boolean {
    return name in (this.#source.credentials ?? {}) || SecretHeaders.isSecret(name)
  }

  /** Whether a request has any secret. After a redirect to another origin it has none. */
  isIn({ body, headers }: HttpClientRequest.HttpClientRequest): boolean {
    return Object.keys(headers).some((name) => this.isHeader(name)) || Redaction.inBody(body, false).length > 0
  }

  /** The text without these secrets in any spelling, and without everything that looks like a secret. */
  hide(text: string): string {
    return without(
      text,
      this.#all ??= patterns([
        ...inHeaders(this.#source),
        ...elsewhere(this.#source),
        ...Object.entries(this.#answer ?? {}).filter(([name]) => SecretHeaders.isSecret(name)).flatMap(partsOf)
      ])
    )
  }

  /**
   * The text without the secrets of the headers. Cheaper than `hide`, for what is shown of each request: skips the
   * body.
   */
  hideCredentials(text: string): string {
    return without(text, this.#inHeaders ??= patterns(inHeaders(this.#source)))
  }

  /** The headers that may be sent to another origin. */
  harmless(headers: Headers.Headers): Headers.Headers {
    return Headers.fromInput(
      Object.entries(headers).filter(([name]) => SecretHeaders.isHarmless(name) && !this.isHeader(name))
    )
  }

  /** The headers for display, with secret values replaced. */
  headers(headers: Headers.Headers): Record<string, string> {
    return Object.fromEntries(
      Object.entries(headers).map(([name, value]) => [
        name,
        this.isHeader(name) ? Redaction.hidden : this.hide(name === "location" ? Url.shown(value) : value)
      ])
    )
  }
}
