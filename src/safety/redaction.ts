/** What is hidden by its form or by its name: in texts and in bodies. */
import type * as HttpBody from "@effect/platform/HttpBody"
import { isRecord } from "effect/Predicate"
import * as Names from "./secretNames.js"

/** In place of a secret. */
export const hidden = "<redacted>"

// -----------------------------------------------------------------------------
// texts in which a secret shows by its form
// -----------------------------------------------------------------------------

/** Between scheme and host, or before a host at the beginning of a text, also as JSON escapes it, or percent-encoded in another URL. */
const beforeHost = /(?:^|:|%(?:25){0,3}3A)(?:\\{0,3}\/|%(?:25){0,3}2F){2}/gi

/**
 * Without user names and passwords in URLs. A host ends at the next slash or blank: what stands before an `@` until there is hidden.
 */
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

const longestUserInfo = 2000

/** The sign between a parameter's name and value, also percent-encoded. */
const equals = /=|%(?:25){0,3}3D/gi

/** What a parameter's name begins after. */
const separator = /[?&;#]|%(?:25){0,3}(?:3F|26|23|3B)/gi

/** Longer names are not looked for. */
const longestName = 100

/** The name of the parameter whose equals sign is here. What has a blank in it is text. */
const nameBefore = (text: string, at: number): string | undefined => {
  const before = text.slice(Math.max(0, at - longestName), at)
  const last = [...before.matchAll(separator)].at(-1)
  const name = last === undefined ? undefined : before.slice(last.index + last[0].length)
  return name === undefined || /[\s"'<>]/.test(name) ? undefined : name
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
    const length = text.slice(from).search(sign === "=" ? /[&#\s"'<>\\]/ : /[&#\s"'<>\\]|%(?:25){0,3}(?:26|23)/i)
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
const description = /^(application_)?credentials?$/i

/** Text of such a name is a token; an object tells about one, as Keystone's `token` does. */
const aboutToken = /token/i

const isSecretField = (name: string, parent: string, value: unknown): boolean =>
  isRecord(value) || Array.isArray(value)
    ? Names.isSecret(name) && !description.test(name) && !aboutToken.test(name) &&
      // a list of Barbican's secrets tells about each; an object has them by name
      !(name === "secrets" && Array.isArray(value))
    : (typeof value === "string" || typeof value === "number") &&
      (Names.isSecret(name) || ((name === "id" || name === "value") && /token$/i.test(parent)))

/** Names of the fields that say of which name their neighbours are the value: lists of variables, metadata, JSON patches. */
const naming = ["name", "key", "path", "output_key", "parameter", "property"]
const valued = /^(output_)?values?$|^default$/i

/** Does the field hold the value of a name that is in the same object, and is that secret? */
const isSecretValue = (name: string, object: Record<string, unknown>): boolean =>
  valued.test(name) && naming.some((field) => {
    const named = object[field]
    return typeof named === "string" && Names.isSecret(named)
  })

/** `key` is no secret, but the name of one, where there is a value beside it. */
const isName = (name: string, object: Record<string, unknown>): boolean =>
  name === "key" && Object.keys(object).some((other) => valued.test(other))

/** JSON in JSON. */
const inner = (value: unknown): unknown => {
  const parsed = typeof value === "string" && /^\s*[[{]/.test(value) ? parse(value)?.json : undefined
  return typeof parsed === "object" ? parsed : undefined
}

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

/** What tells whose or which a secret is, in an object that is about one. */
const identifying = /^(name|id|type|description|methods?|username|domain)$|_(id|name|type)$|(Id|Name|Type)$/

const textsOf = (value: unknown): ReadonlyArray<string> =>
  typeof value === "string" || typeof value === "number" ? [String(value)] : []

/**
 * The secrets in a body. `within` what is about one, everything is secret but what identifies it. `marked`: whoever sends it says what in
 * its `auth` is secret.
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

/** What is longer is not shown. */
const longest = 1024 * 1024

const parse = (text: string): { readonly json: unknown } | undefined => {
  try {
    return { json: JSON.parse(text) }
  } catch {
    return undefined
  }
}

/** JSON with what is secret masked, and with the catalog cut out of tokens. `undefined` if it is none, or too long. */
export const mask = (text: string): string | undefined => {
  const parsed = text.length > longest ? undefined : parse(text)
  try {
    return parsed === undefined ? undefined : JSON.stringify(masked("", "", parsed.json))
  } catch {
    // nested too deeply
    return undefined
  }
}

export const isJson = (contentType: string): boolean => /^application\/(?:[\w.+-]{1,100}[+-])?json\b/i.test(contentType)

const isForm = (contentType: string): boolean => /^application\/x-www-form-urlencoded\b/i.test(contentType)

/** The text of a request's body, if it can be read without taking it away. */
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

export const inForm = (fields: Iterable<readonly [string, unknown]>): ReadonlyArray<string> =>
  [...fields].flatMap(([name, value]) => Names.isSecretParameter(name) ? textsOf(value) : [])

/** The secrets that a request sends in its body, whatever type that says it is: a service that does not like one may quote it. */
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
