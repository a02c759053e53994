/** Finds secrets in texts by their form, and in bodies by the names of their fields. */
import type * as HttpBody from "@effect/platform/HttpBody"
import { isRecord } from "effect/Predicate"
import * as Names from "./secretNames.js"

/** Replaces a secret in shown text. */
export const hidden = "<redacted>"

// -----------------------------------------------------------------------------
// texts
// -----------------------------------------------------------------------------

/** The `//` before a host, after a scheme or at the start of a text; also with JSON escapes or percent-encoded. */
const beforeHost = /(?:^|:|%(?:25){0,3}3A)(?:\\{0,3}\/|%(?:25){0,3}2F){2}/gi

/** Hides user names and passwords in URLs: everything between `//` and the last `@` before the next slash or blank. */
const withoutUserInfo = (text: string): string => {
  let shown = ""
  let copied = 0
  for (const { 0: sign, index } of text.matchAll(beforeHost)) {
    const from = index + sign.length
    const rest = text.slice(from, from + longestUserInfo)
    const encoded = sign.startsWith("%")
    const length = rest.search(encoded ? /[/?#\s&]|%(?:25){0,3}(?:2F|3F|23|26)/i : /[/?#\s]/)
    const end = length < 0 ? rest.length : length
    const [last] = [...rest.slice(0, end).matchAll(encoded ? /@|%(?:25){0,3}40/g : /@/g)].slice(-1)
    if (last !== undefined && from >= copied) {
      shown += text.slice(copied, from)
      copied = from + last.index + last[0].length
    }
  }
  return shown + text.slice(copied)
}

/** Longer user info is not searched for. */
const longestUserInfo = 2000

/** The sign between the name and the value of a parameter, also percent-encoded. */
const equals = /=|%(?:25){0,3}3D/gi

/** The sign before the name of a parameter. */
const separator = /[?&;#]|%(?:25){0,3}(?:3F|26|23|3B)/gi

/** Longer names are not searched for. */
const longestName = 100

/** The name of the parameter with the equals sign at this place. `undefined` if it is plain text, with a blank. */
const nameBefore = (text: string, at: number): string | undefined => {
  const before = text.slice(Math.max(0, at - longestName), at)
  const last = [...before.matchAll(separator)].at(-1)
  const name = last === undefined ? undefined : before.slice(last.index + last[0].length)
  return name === undefined || /[\s"'<>]/.test(name) ? undefined : name
}

/** Hides the values of secret URL parameters: signatures, console tokens, login codes. */
const withoutParameters = (text: string): string => {
  let shown = ""
  let copied = 0
  for (const { 0: sign, index } of text.matchAll(equals)) {
    const name = index < copied ? undefined : nameBefore(text, index)
    if (name === undefined || !Names.isSecretParameter(name)) {
      continue
    }
    const from = index + sign.length
    const length = text.slice(from).search(sign === "=" ? /[&#\s"'<>\\]/ : /[&#\s"'<>\\]|%(?:25){0,3}(?:26|23)/i)
    shown += text.slice(copied, from) + (length === 0 ? "" : hidden)
    copied = length < 0 ? text.length : from + length
  }
  return shown + text.slice(copied)
}

/** Hides text that looks like a token: Fernet or JWS. */
const withoutTokens = (text: string): string =>
  text.replace(
    /[\w.-]{20,}={0,2}/g,
    (run) => /^gAAAAA/.test(run) || /^eyJ[\w-]+\.[\w-]+\.[\w-]/.test(run) ? hidden : run
  )

/** Hides secrets that are recognised by their form alone: user info, secret parameters, tokens. */
export const hideForms = (text: string): string => withoutTokens(withoutParameters(withoutUserInfo(text)))

// -----------------------------------------------------------------------------
// bodies
// -----------------------------------------------------------------------------

/** An object that describes a credential. Its secret fields have names of their own. */
const description = /^(application_)?credentials?$/i

/** Text of such a name is a token; an object of such a name describes one, like Keystone's `token`. */
const aboutToken = /token/i

const isSecretField = (name: string, parent: string, value: unknown): boolean =>
  isRecord(value) || Array.isArray(value)
    ? Names.isSecret(name) && !description.test(name) && !aboutToken.test(name) &&
      // Barbican's list of secrets only describes them; an object `secrets` has the values
      !(name === "secrets" && Array.isArray(value))
    : (typeof value === "string" || typeof value === "number") &&
      (Names.isSecret(name) || ((name === "id" || name === "value") && /token$/i.test(parent)))

/** Fields that name the value beside them, as in lists of variables, metadata and JSON patches. */
const naming = ["name", "key", "path", "output_key", "parameter", "property"]
const valued = /^(output_)?values?$|^default$/i

/** Whether the field is the value of a secret name in the same object: `{ name: "password", value: "..." }`. */
const isSecretValue = (name: string, object: Record<string, unknown>): boolean =>
  valued.test(name) && naming.some((field) => {
    const named = object[field]
    return typeof named === "string" && Names.isSecret(named)
  })

/** Whether the field `key` is the name of the value beside it, and so not a secret. */
const isName = (name: string, object: Record<string, unknown>): boolean =>
  name === "key" && Object.keys(object).some((other) => valued.test(other))

/** The object or list in a text of JSON within JSON. */
const inner = (value: unknown): unknown => {
  const parsed = typeof value === "string" && /^\s*[[{]/.test(value) ? parse(value)?.json : undefined
  return typeof parsed === "object" ? parsed : undefined
}

/** The catalog in a token: most of its text, and not secret. */
const isCatalog = (name: string, parent: string): boolean =>
  (name === "catalog" && parent === "token") || (name === "serviceCatalog" && parent === "access")

const masked = (name: string, parent: string, value: unknown): unknown => {
  if (isSecretField(name, parent, value)) {
    return "***"
  }
  if (Array.isArray(value)) {
    return isCatalog(name, parent) ? `<${value.length} services>` : value.map((item) => masked(name, parent, item))
  }
  if (isRecord(value)) {
    return Object.fromEntries(
      Object.entries(value).map(([key, field]) => [
        key,
        isSecretValue(key, value) ? "***" : isName(key, value) ? field : masked(key, name, field)
      ])
    )
  }
  const json = inner(value)
  return json === undefined ? value : JSON.stringify(masked("", "", json))
}

/** Fields that identify a secret, in an object that describes one. */
const identifying = /^(name|id|type|description|methods?|username|domain)$|_(id|name|type)$|(Id|Name|Type)$/

const textsOf = (value: unknown): ReadonlyArray<string> =>
  typeof value === "string" || typeof value === "number" ? [String(value)] : []

/**
 * The secrets in a body. `within` an object that describes a secret, all values are secret except those that identify
 * it. `marked` means that the sender has listed the secrets in `auth` itself.
 */
const secretValues = (
  name: string,
  parent: string,
  value: unknown,
  marked: boolean,
  within = false
): ReadonlyArray<string> => {
  const secret = isSecretField(name, parent, value)
  if (Array.isArray(value)) {
    return value.flatMap((item) => secretValues(name, parent, item, marked, within || secret))
  }
  if (isRecord(value)) {
    const inside = within || (secret && !(marked && name === "auth"))
    return Object.entries(value).flatMap(([key, field]) =>
      isName(key, value) ? [] : [
        ...(isSecretValue(key, value) ? textsOf(field) : []),
        ...secretValues(key, name, field, marked, inside)
      ]
    )
  }
  const json = inner(value)
  return [
    ...(secret || (within && !identifying.test(name)) ? textsOf(value) : []),
    ...(json === undefined ? [] : secretValues("", "", json, marked))
  ]
}

/** Longer bodies are not shown. */
const longest = 1024 * 1024

const parse = (text: string): { readonly json: unknown } | undefined => {
  try {
    return { json: JSON.parse(text) }
  } catch {
    return undefined
  }
}

/** Masks the secrets in JSON, and removes the catalog from tokens. `undefined` if it is not JSON, or too long. */
export const mask = (text: string): string | undefined => {
  const parsed = text.length > longest ? undefined : parse(text)
  try {
    return parsed === undefined ? undefined : JSON.stringify(masked("", "", parsed.json))
  } catch {
    // nested too deeply
    return undefined
  }
}

/** Whether a content type is JSON. */
export const isJson = (contentType: string): boolean => /^application\/(?:[\w.+-]{1,100}[+-])?json\b/i.test(contentType)

const isForm = (contentType: string): boolean => /^application\/x-www-form-urlencoded\b/i.test(contentType)

/** The text of a request's body, unless it is a stream. */
const textOf = (body: HttpBody.HttpBody): string | undefined => {
  switch (body._tag) {
    case "Uint8Array":
      return new TextDecoder().decode(body.body)
    case "Raw":
      return typeof body.body === "string" || body.body instanceof URLSearchParams ? String(body.body) : undefined
    default:
      return undefined
  }
}

/** The text of a request's body, if it is JSON. */
export const jsonOf = (body: HttpBody.HttpBody): string | undefined =>
  body.contentType !== undefined && isJson(body.contentType) ? textOf(body) : undefined

/** The secrets in a form or a query. */
export const inForm = (fields: Iterable<readonly [string, unknown]>): ReadonlyArray<string> =>
  [...fields].flatMap(([name, value]) => Names.isSecretParameter(name) ? textsOf(value) : [])

/** The secrets in the body of a request, whatever its content type: a service may quote them in an error. */
export const inBody = (body: HttpBody.HttpBody, marked: boolean): ReadonlyArray<string> => {
  if (body._tag === "FormData") {
    return inForm(body.formData)
  }
  const text = textOf(body)
  if (text === undefined) {
    return []
  }
  if (isForm(body.contentType ?? "")) {
    return inForm(new URLSearchParams(text))
  }
  const parsed = /^\s*[[{]/.test(text) ? parse(text) : undefined
  try {
    return parsed === undefined ? [] : secretValues("", "", parsed.json, marked)
  } catch {
    // nested too deeply
    return []
  }
}
