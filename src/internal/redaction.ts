/** What must never be shown or leave its origin, and how it is hidden. */
import * as Headers from "@effect/platform/Headers"
import type * as HttpBody from "@effect/platform/HttpBody"
import type * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as Either from "effect/Either"
import * as Encoding from "effect/Encoding"
import { isRecord } from "effect/Predicate"
import * as Redacted from "effect/Redacted"
import * as Names from "./secretNames.js"
import * as Spelling from "./spelling.js"

/** In place of a secret. */
export const hidden = "<redacted>"

// -----------------------------------------------------------------------------
// texts in which a secret shows by its form
// -----------------------------------------------------------------------------

/** Without user names and passwords in URLs. A host ends at the next slash or blank: what stands before an `@` until there is hidden. */
const withoutUserInfo = (text: string): string => {
  let shown = ""
  let copied = 0
  for (let at = text.indexOf("://"); at >= 0; at = text.indexOf("://", at + 3)) {
    const from = at + 3
    const length = text.slice(from).search(/[/?#\s]/)
    const end = length < 0 ? text.length : from + length
    const last = text.slice(from, end).lastIndexOf("@")
    if (last >= 0) {
      shown += text.slice(copied, from)
      copied = from + last + 1
    }
  }
  return shown + text.slice(copied)
}

/** The sign between a parameter's name and value, also percent-encoded, once or twice. */
const equals = /=|%(?:25)?3D/gi

/** What a parameter's name begins after. */
const separator = /[?&;#]|%(?:25)?(?:3F|26|23|3B)/gi

/** Longer names are not looked for. */
const longestName = 100

/** The name of the parameter whose equals sign is here. */
const nameBefore = (text: string, at: number): string | undefined => {
  const before = text.slice(Math.max(0, at - longestName), at)
  const last = [...before.matchAll(separator)].at(-1)
  return last === undefined ? undefined : before.slice(last.index + last[0].length)
}

/** Without the values of parameters that open what a URL leads to: signatures, tokens of consoles, codes of logins. */
const withoutParameters = (text: string): string => {
  let shown = ""
  let copied = 0
  for (const { 0: sign, index } of text.matchAll(equals)) {
    const name = index < copied ? undefined : nameBefore(text, index)
    if (name === undefined || !Names.isSecretParameter(name)) {
      continue
    }
    const from = index + sign.length
    const length = text.slice(from).search(sign === "=" ? /[&#;?\s"'<>\\]/ : /[&#;?\s"'<>\\]|%(?:25)?(?:26|23|3B)/i)
    shown += text.slice(copied, from) + (length === 0 ? "" : hidden)
    copied = length < 0 ? text.length : from + length
  }
  return shown + text.slice(copied)
}

/** What looks like a token of Keystone, whoever's it is: Fernet or JWS. */
const withoutTokens = (text: string): string =>
  text.replace(
    /[\w.-]{20,}={0,2}/g,
    (run) => /^gAAAAA/.test(run) || /^eyJ[\w-]+\.[\w-]+\.[\w-]/.test(run) ? hidden : run
  )

/** A text without what shows by its form that it is secret, whoever's it is: for where nothing more is known. */
export const hideForms = (text: string): string => withoutTokens(withoutParameters(withoutUserInfo(text)))

// -----------------------------------------------------------------------------
// bodies
// -----------------------------------------------------------------------------

/** What tells about credentials and secrets, and may hold one under a name that says so. */
const description = /^(application_)?credentials?$|^secrets$/i

/** Text of such a name is a token; an object tells about one, as Keystone's `token` does. */
const aboutToken = /token/i

const isSecretField = (name: string, parent: string, value: unknown): boolean =>
  isRecord(value) || Array.isArray(value)
    ? Names.isSecret(name) && !description.test(name) && !aboutToken.test(name)
    : (typeof value === "string" || typeof value === "number") &&
      (Names.isSecret(name) || (name === "id" && parent === "token"))

/** Of a token: nearly all of its text, and the same for everybody. */
const isCatalog = (name: string, parent: string): boolean =>
  (name === "catalog" && parent === "token") || (name === "serviceCatalog" && parent === "access")

const masked = (name: string, parent: string, value: unknown): unknown => {
  if (isSecretField(name, parent, value)) {
    return "***"
  }
  if (Array.isArray(value)) {
    return isCatalog(name, parent) ? `<${value.length} services>` : value.map((item) => masked(name, parent, item))
  }
  return isRecord(value)
    ? Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, masked(key, name, inner)]))
    : value
}

/** All texts and numbers within. */
const leaves = (value: unknown): ReadonlyArray<string> =>
  Array.isArray(value)
    ? value.flatMap(leaves)
    : isRecord(value)
    ? Object.values(value).flatMap(leaves)
    : typeof value === "string" || typeof value === "number"
    ? [String(value)]
    : []

/**
 * What is masked, as texts. `marked`: whoever sends it says himself what in it is secret, so that of an object each value goes by its
 * own name: in Keystone's `password` are the names of the user and the domain as well.
 */
const secretValues = (name: string, parent: string, value: unknown, marked: boolean): ReadonlyArray<string> =>
  isSecretField(name, parent, value) && !(marked && isRecord(value))
    ? leaves(value)
    : Array.isArray(value)
    ? value.flatMap((item) => secretValues(name, parent, item, marked))
    : isRecord(value)
    ? Object.entries(value).flatMap(([key, inner]) => secretValues(key, name, inner, marked))
    : []

/** What is longer is not looked at, and so not shown. */
const longest = 1024 * 1024

const parse = (text: string): { readonly json: unknown } | undefined => {
  if (text.length > longest) {
    return undefined
  }
  try {
    return { json: JSON.parse(text) }
  } catch {
    return undefined
  }
}

/** JSON with what is secret masked, and with the catalog cut out of tokens. `undefined` if it is none, or too long. */
export const mask = (text: string): string | undefined => {
  const parsed = parse(text)
  try {
    return parsed === undefined ? undefined : JSON.stringify(masked("", "", parsed.json))
  } catch {
    // nested too deeply
    return undefined
  }
}

export const isJson = (contentType: string): boolean => /^application\/(?:[\w.-]{1,100}\+)?json\b/i.test(contentType)

const isForm = (contentType: string): boolean => contentType.startsWith("application/x-www-form-urlencoded")

/** The text of a request's body, if it can be read without taking it away. */
const textOf = (body: HttpBody.HttpBody): string | undefined => {
  switch (body._tag) {
    case "Uint8Array":
      return body.body.length > longest ? undefined : new TextDecoder().decode(body.body)
    case "Raw":
      return typeof body.body === "string" ? body.body : undefined
    default:
      return undefined
  }
}

/** The text of a request's body, if it is JSON. */
export const jsonOf = (body: HttpBody.HttpBody): string | undefined =>
  body.contentType !== undefined && isJson(body.contentType) ? textOf(body) : undefined

/** The secrets that a request sends in its body: a service that does not like one may quote it. */
const inBody = (body: HttpBody.HttpBody, marked: boolean): ReadonlyArray<string> => {
  const { contentType } = body
  if (contentType !== undefined && isForm(contentType)) {
    return [...new URLSearchParams(textOf(body))].flatMap(([name, value]) =>
      Names.isSecretParameter(name) ? [value] : []
    )
  }
  const json = jsonOf(body)
  const parsed = json === undefined ? undefined : parse(json)
  try {
    return parsed === undefined ? [] : secretValues("", "", parsed.json, marked)
  } catch {
    // nested too deeply
    return []
  }
}

// -----------------------------------------------------------------------------
// headers
// -----------------------------------------------------------------------------

/** Of `Basic dXNlcjpwYXNzd29yZA==` the password. */
const passwordIn = (basic: string): ReadonlyArray<string> => {
  const pair = Either.getOrElse(Encoding.decodeBase64String(basic), () => "")
  const colon = pair.indexOf(":")
  return colon < 0 ? [] : [pair.slice(colon + 1)]
}

/** What a header's value holds: all of it, and its parts, which may be quoted without the rest: a token without its scheme, a cookie's value. */
const partsOf = (value: string): ReadonlyArray<string> => {
  const [scheme = "", ...rest] = value.split(" ")
  const parts = rest.length === 0 ? [] : [rest.join(" "), ...rest]
  return [
    value,
    ...parts,
    ...(scheme.toLowerCase() === "basic" ? passwordIn(rest.join("")) : []),
    ...value.split(/[;,\s]/).flatMap((pair) => {
      const at = pair.indexOf("=")
      return at <= 0 ? [] : [pair.slice(at + 1), pair.slice(at + 1).replaceAll("\"", "")]
    })
  ].filter((part) => part === value || part.length >= 8)
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
  ...Object.values(credentials ?? {}).flatMap(partsOf),
  ...Object.entries(request.headers).flatMap(([name, value]) => Names.isSecretHeader(name) ? partsOf(value) : [])
]

const elsewhere = ({ request, secrets, url }: Source): ReadonlyArray<string> => [
  ...(secrets ?? []).map((secret) => Redacted.value(secret)).filter((secret) => typeof secret === "string"),
  ...inBody(request.body, secrets !== undefined),
  ...[url.username, url.password],
  ...[...url.searchParams].flatMap(([name, value]) => Names.isSecretParameter(name) ? [value] : [])
]

/** The longest first: one may be a part of another. */
const patterns = (values: ReadonlyArray<string>): ReadonlyArray<Spelling.Pattern> =>
  values.map(Spelling.pattern).sort((a, b) => b.length - a.length)

const without = (text: string, secrets: ReadonlyArray<Spelling.Pattern>): string =>
  hideForms(secrets.reduce((shown, secret) => Spelling.replace(shown, secret, hidden), text))

/**
 * The secrets of one request. Whatever is said about it or its answer goes through `hide`: they are marked here, where they come
 * from, and not recognized later.
 */
export class Secrets {
  readonly #source: Source
  readonly #answer: Headers.Headers | undefined
  #inHeaders: ReadonlyArray<Spelling.Pattern> | undefined
  #all: ReadonlyArray<Spelling.Pattern> | undefined

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
    return Object.keys(headers).some((name) => this.isHeader(name)) || inBody(body, false).length > 0
  }

  /** A text as it may be shown: without any of these secrets, however it is spelled, and without what looks like one. */
  hide(text: string): string {
    return without(
      text,
      this.#all ??= patterns([
        ...inHeaders(this.#source),
        ...elsewhere(this.#source),
        ...Object.entries(this.#answer ?? {}).flatMap(([name, value]) =>
          Names.isSecretHeader(name) ? partsOf(value) : []
        )
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
      Object.entries(headers).map(([name, value]) => [name, this.isHeader(name) ? hidden : this.hide(value)])
    )
  }
}
