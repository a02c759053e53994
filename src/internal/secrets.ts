/** What is secret by its name, in headers and in JSON bodies of any service. */
import type * as HttpBody from "@effect/platform/HttpBody"
import { isRecord } from "effect/Predicate"
import * as Redaction from "./redaction.js"

/** Headers besides the known ones, whatever their service calls them; not what only tells how to authenticate. */
const secretHeader = /auth(?!enticate)|cookie|credential|passw|receipt|secret|signature|token|temp-url-key/i

export const isSecretHeader = (name: string): boolean =>
  Redaction.secretHeaders.includes(name) || secretHeader.test(name)

/**
 * Names of what must not be shown, wherever in a body: passwords (`adminPass`), secrets, keys (`private_key`, a VPN's `psk`), what
 * servers are started with and print (`user_data`, `personality`, `output`), Barbican's `payload`, Keystone's `blob`.
 */
const secretName =
  /pass(?!ed|ive|through)|secret|private_?key|psk$|credential|receipt|signature|assertion|authorization|cookie|user_?data|^(auth|blob|personality|payload|output|output_value|kubeconfig|otp|sig)$/i

/** What tells about credentials and secrets, and may hold one under a name that says so. */
const description = /^(application_)?credentials?$|^secrets$/i

/** Text of such a name is a token; an object tells about one, as Keystone's `token` does. */
const tokenName = /token/i

const isSecret = (name: string, parent: string, value: unknown): boolean => {
  if (isRecord(value) || Array.isArray(value)) {
    return secretName.test(name) && !description.test(name)
  }
  return (typeof value === "string" || typeof value === "number") &&
    (secretName.test(name) || tokenName.test(name) || (name === "id" && parent === "token"))
}

/** Of a token: nearly all of its text, and the same for everybody. */
const isCatalog = (name: string, parent: string): boolean =>
  (name === "catalog" && parent === "token") || (name === "serviceCatalog" && parent === "access")

const masked = (name: string, parent: string, value: unknown): unknown => {
  if (isSecret(name, parent, value)) {
    return "***"
  }
  if (Array.isArray(value)) {
    return isCatalog(name, parent) ? `<${value.length} services>` : value.map((item) => masked(name, parent, item))
  }
  return isRecord(value)
    ? Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, masked(key, name, inner)]))
    : value
}

const values = (name: string, parent: string, value: unknown): ReadonlyArray<string> => {
  if (Array.isArray(value)) {
    return value.flatMap((item) => values(name, parent, item))
  }
  return isRecord(value)
    ? Object.entries(value).flatMap(([key, inner]) => values(key, name, inner))
    : isSecret(name, parent, value)
    ? [String(value)]
    : []
}

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
  return parsed === undefined ? undefined : JSON.stringify(masked("", "", parsed.json))
}

export const isJson = (contentType: string): boolean => /^application\/([\w.-]+\+)?json\b/i.test(contentType)

/** The text of a request's body, if it is JSON and can be read without taking it away. */
export const jsonOf = (body: HttpBody.HttpBody): string | undefined => {
  if (body.contentType === undefined || !isJson(body.contentType)) {
    return undefined
  }
  switch (body._tag) {
    case "Uint8Array":
      return body.body.length > longest ? undefined : new TextDecoder().decode(body.body)
    case "Raw":
      return typeof body.body === "string" ? body.body : undefined
    default:
      return undefined
  }
}

/** The secrets that a request sends in its body: a service that does not like one may quote it. */
export const inBody = (body: HttpBody.HttpBody): ReadonlyArray<string> => {
  const text = jsonOf(body)
  const parsed = text === undefined ? undefined : parse(text)
  return parsed === undefined ? [] : values("", "", parsed.json)
}
