/** The secrets of one request: marked where they come from, so that they are known wherever they are quoted. */
import * as Headers from "@effect/platform/Headers"
import type * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as Either from "effect/Either"
import * as Encoding from "effect/Encoding"
import * as Redacted from "effect/Redacted"
import * as Redaction from "./redaction.js"
import * as Names from "./secretNames.js"
import * as Spelling from "./spelling.js"
import * as Url from "./url.js"

// -----------------------------------------------------------------------------
// headers
// -----------------------------------------------------------------------------

/** Of `Basic dXNlcjpwYXNzd29yZA==` the password. */
const passwordIn = (basic: string): ReadonlyArray<string> => {
  const pair = Either.getOrElse(Encoding.decodeBase64String(basic), () => "")
  const colon = pair.indexOf(":")
  return colon < 0 ? [] : [pair.slice(colon + 1)]
}

/** Shorter parts may be anything: the name of an algorithm, a number. */
const shortestPart = 8

/** Of a cookie that is set all but its first pair. */
const isSetCookie = (name: string): boolean => name === "set-cookie"

/** What a header's value holds: all of it, and its parts, which may be quoted without the rest: a token without its scheme, a cookie's value. */
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
  /** The headers that authenticate it, whatever they are called. */
  readonly credentials: Headers.Headers | undefined
  /** What else it holds that is secret, whatever its name. */
  readonly secrets: ReadonlyArray<Redacted.Redacted> | undefined
}

/** What shows who sends a request: its credentials, and what its headers are known to hold. */
const inHeaders = ({ credentials, request }: Source): ReadonlyArray<string> => [
  ...Object.entries(credentials ?? {}).flatMap(partsOf),
  ...Object.entries(request.headers).filter(([name]) => Names.isSecretHeader(name)).flatMap(partsOf)
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

/** Of the bytes what base64 writes for them wherever they begin, without the digits that depend on what is around them. */
const inBase64 = (bytes: Uint8Array): ReadonlyArray<string> =>
  [0, 1, 2].map((offset) => {
    const shifted = new Uint8Array(offset + bytes.length)
    shifted.set(bytes, offset)
    return Encoding.encodeBase64(shifted).slice(Math.ceil(offset * 8 / 6), Math.floor(shifted.length * 8 / 6))
  })

/** Longer secrets are looked for as they are only, and shorter ones could be a part of anything in base64. */
const longestEncoded = 16 * 1024
const shortestEncoded = 6

/** A secret in the forms that are other texts, and not other ways to write the same one. */
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
 * The secrets of one request. Whatever is said about it or its answer goes through `hide`: they are marked here, where they come
 * from, and not recognized later.
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

  /** Those of its answer too. */
  with(answer: Headers.Headers): Secrets {
    return new Secrets(this.#source, answer)
  }

  /** Does a header authenticate the request, or is its name known for that? */
  isHeader(name: string): boolean {
    return name in (this.#source.credentials ?? {}) || Names.isSecretHeader(name)
  }

  /** Does the request still hold one? After a redirect it may have left its credentials behind. */
  isIn({ body, headers }: HttpClientRequest.HttpClientRequest): boolean {
    return Object.keys(headers).some((name) => this.isHeader(name)) || Redaction.inBody(body, false).length > 0
  }

  /** A text as it may be shown: without any of these secrets, however it is spelled, and without what looks like one. */
  hide(text: string): string {
    return without(
      text,
      this.#all ??= patterns([
        ...inHeaders(this.#source),
        ...elsewhere(this.#source),
        ...Object.entries(this.#answer ?? {}).filter(([name]) => Names.isSecretHeader(name)).flatMap(partsOf)
      ])
    )
  }

  /** The same of what is shown of each request: the body is not looked at for it. */
  hideCredentials(text: string): string {
    return without(text, this.#inHeaders ??= patterns(inHeaders(this.#source)))
  }

  /** The headers that any server may know: all that goes to another origin. */
  harmless(headers: Headers.Headers): Headers.Headers {
    return Headers.fromInput(
      Object.entries(headers).filter(([name]) => Names.isHarmlessHeader(name) && !this.isHeader(name))
    )
  }

  /** Headers as they may be shown. */
  headers(headers: Headers.Headers): Record<string, string> {
    return Object.fromEntries(
      Object.entries(headers).map(([name, value]) => [
        name,
        this.isHeader(name) ? Redaction.hidden : this.hide(name === "location" ? Url.shown(value) : value)
      ])
    )
  }
}
