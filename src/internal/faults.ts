/** From the answer of a service that refuses, in any dialect, to one typed error. */
import * as Headers from "@effect/platform/Headers"
import type * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { isRecord } from "effect/Predicate"
import type * as Redacted from "effect/Redacted"
import * as Errors from "../Errors.js"
import * as Body from "./body.js"
import * as Redaction from "./redaction.js"

/** What a service said, whatever its dialect. */
export interface Fault {
  readonly message: string | undefined
  readonly details: string | undefined
}

const silent: Fault = { message: undefined, details: undefined }

const longest = 2000

const tidy = (u: unknown): string | undefined => {
  if (typeof u !== "string") {
    return undefined
  }
  // several services write HTML line breaks in the text of their JSON
  const text = u.replace(/(\s|<br *\/?>)+/g, " ").trim()
  return text === "" ? undefined : text.length > longest ? `${text.slice(0, longest)}…` : text
}

/**
 * Reads the fault dialects of OpenStack: Keystone and Heat (`error`), the API-SIG list (`errors`: Placement), Neutron
 * (`NeutronError`), Ironic (`error_message`, which may be JSON in JSON), Barbican (`title`, `description`), Nova, Cinder and
 * Manila (one key that names the fault: `itemNotFound`), OAuth 2 (`error_description`), HTML (Glance, Swift, proxies) and
 * plain text.
 */
export const read = (contentType: string, body: string): Fault => {
  if (body.trim() === "") {
    return silent
  }
  const json = parseJson(body)
  if (json !== undefined) {
    return readJson(json)
  }
  return contentType.includes("html") || /^\s*</.test(body) ? readHtml(body) : { ...silent, message: tidy(body) }
}

const parseJson = (body: string): unknown => {
  try {
    return JSON.parse(body)
  } catch {
    return undefined
  }
}

const readJson = (json: unknown): Fault => {
  if (typeof json === "string") {
    return { ...silent, message: tidy(json) }
  }
  if (!isRecord(json)) {
    return silent
  }
  const { error, error_message: ironic, errors, NeutronError: neutron } = json
  if (Array.isArray(errors)) {
    return readErrorList(errors)
  }
  if (typeof ironic === "string") {
    const inner = parseJson(ironic)
    return isRecord(inner) ? readObject(inner) : { ...silent, message: tidy(ironic) }
  }
  const nested = [error, ironic, neutron].find(isRecord)
  const inner = nested === undefined ? silent : readObject(nested)
  if (inner.message !== undefined) {
    return inner
  }
  if (typeof error === "string") {
    // OAuth 2 has a code there, and says beside it what it means
    const description = tidy(json["error_description"])
    return description === undefined
      ? { message: tidy(error), details: tidy(json["message"]) }
      : { message: description, details: tidy(error) }
  }
  const own = readObject(json)
  return own.message === undefined ? readNamedFault(json) : own
}

const readErrorList = (errors: ReadonlyArray<unknown>): Fault => {
  const first = errors.find(isRecord)
  if (first === undefined) {
    return { ...silent, message: tidy(errors.find((u) => typeof u === "string")) }
  }
  const title = tidy(first["title"])
  const detail = tidy(first["detail"])
  return { message: detail ?? title, details: detail === undefined ? undefined : title }
}

const readObject = (fault: Record<string, unknown>): Fault => {
  const { debuginfo, description, detail, details, explanation, faultstring, message, title, type } = fault
  const said = [message, faultstring, description, fault["error_description"], explanation, detail, title].map(tidy)
  const more = [details, detail, debuginfo, type].map(tidy)
  return { message: said.find((text) => text !== undefined), details: more.find((text) => text !== undefined) }
}

/** `{ "itemNotFound": { "code": 404, "message": "..." } }` */
const readNamedFault = (json: Record<string, unknown>): Fault => {
  for (const name of Object.keys(json)) {
    const fault = json[name]
    if (isRecord(fault) && tidy(fault["message"]) !== undefined) {
      return { message: tidy(fault["message"]), details: tidy(fault["details"]) ?? name }
    }
  }
  return silent
}

const readHtml = (body: string): Fault => {
  const text = tidy(
    (/<body[^>]*>([\s\S]*)/i.exec(body)?.[1] ?? body)
      .replace(/<(script|style|title)[\s\S]*?<\/\1>/gi, " ")
      .replace(/<[^>]*>/g, " ")
      .replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&quot;", "\"").replaceAll("&#39;", "'")
      .replaceAll("&amp;", "&")
  )
  return { message: text ?? tidy(/<title[^>]*>([\s\S]*?)<\/title>/i.exec(body)?.[1]), details: undefined }
}

/** The request id of an answer, in any of its spellings. */
export const requestId = (headers: Headers.Headers): string | undefined =>
  ["x-openstack-request-id", "x-compute-request-id", "x-trans-id"].reduce<string | undefined>(
    (found, name) => found ?? Option.getOrUndefined(Headers.get(headers, name)),
    undefined
  )

/** `Retry-After`, which is a number of seconds or a date, in milliseconds from now. */
export const retryAfterMillis = (headers: Headers.Headers): Effect.Effect<number | undefined> =>
  Option.match(Headers.get(headers, "retry-after"), {
    onNone: () => Effect.succeed(undefined),
    onSome: (value) =>
      /^\s*\d+\s*$/.test(value)
        ? Effect.succeed(Number(value) * 1000)
        : Effect.map(Clock.currentTimeMillis, (now) => {
          const date = Date.parse(value)
          return Number.isNaN(date) ? undefined : Math.max(0, date - now)
        })
  })

/** What an answer says about its refusal, without any of these secrets. */
export interface Refusal {
  readonly requestId: string | undefined
  readonly serviceMessage: string | undefined
  readonly details: string | undefined
  readonly retryAfterMillis: number | undefined
}

export const describe = (
  headers: Headers.Headers,
  body: string,
  secrets: ReadonlyArray<string | Redacted.Redacted>
): Effect.Effect<Refusal> => {
  const fault = read(Option.getOrElse(Headers.get(headers, "content-type"), () => ""), body)
  const shown = (text: string | undefined) => text === undefined ? undefined : Redaction.scrub(text, secrets)
  return Effect.map(retryAfterMillis(headers), (retryAfter) => ({
    requestId: requestId(headers),
    serviceMessage: shown(fault.message),
    details: shown(fault.details),
    retryAfterMillis: retryAfter
  }))
}

/** The same, reading the body first. */
export const fromResponse = (
  response: HttpClientResponse.HttpClientResponse,
  secrets: ReadonlyArray<string | Redacted.Redacted>
): Effect.Effect<Refusal> =>
  Effect.flatMap(Body.faultText(response), (body) => describe(response.headers, body, secrets))

/** The error for a status of 400 or more, but for 401, which depends on whose it is. */
export const statusError = (
  failure: Errors.HttpFailure & { readonly retryAfterMillis: number | undefined }
): Errors.HttpStatusError => {
  switch (failure.status) {
    case 400:
      return new Errors.BadRequest(failure)
    case 403:
      return new Errors.Forbidden(failure)
    case 404:
      return new Errors.NotFound(failure)
    case 405:
      return new Errors.MethodNotAllowed(failure)
    case 406:
      return new Errors.NotAcceptable(failure)
    case 408:
      return new Errors.RequestTimeout(failure)
    case 409:
      return new Errors.Conflict(failure)
    case 410:
      return new Errors.Gone(failure)
    case 413:
      // Nova and Cinder say "over limit" with 413; only then is there a time to come back
      return failure.details === "overLimit" || failure.retryAfterMillis !== undefined
        ? new Errors.RateLimited(failure)
        : new Errors.ClientError(failure)
    case 429:
      return new Errors.RateLimited(failure)
    case 500:
      return new Errors.InternalServerError(failure)
    case 501:
      return new Errors.NotImplemented(failure)
    case 503:
      return new Errors.ServiceUnavailable(failure)
    default:
      return failure.status < 500 ? new Errors.ClientError(failure) : new Errors.ServerError(failure)
  }
}
