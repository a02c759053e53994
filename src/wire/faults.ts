/**
 * Reads the error responses of services, in all their formats (the dialects of Keystone, Nova, Neutron and others), and
 * makes typed errors of them. `read` lists the dialects: the format of another service is added there.
 */
import * as Headers from "@effect/platform/Headers"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { isRecord } from "effect/Predicate"
import { isSet } from "../base/configValue.js"
import * as Json from "../base/json.js"
import * as StatusTitle from "../base/statusTitle.js"
import * as Time from "../base/time.js"
import * as Errors from "../Errors.js"
import * as Redaction from "../safety/redaction.js"

/** The message of a service. */
export interface Fault {
  readonly message: string | undefined
  readonly details: string | undefined
}

const silent: Fault = { message: undefined, details: undefined }

/** Hides the secrets in a text. */
export type Hide = (text: string) => string

/** How much of a text is searched for secrets, in characters. */
const longest = 64 * 1024
/** How much of that is tidied. */
const readLength = 8000
/** How much of that is shown. */

const shownLength = 2000

/** Reads a text: hides secrets while the text still is as the service wrote it, and then tidies it. */
type Tidy = (u: unknown) => string | undefined

const tidyAfter = (hide: Hide): Tidy => (u) =>
  typeof u === "number"
    ? tidied(hide(String(u)))
    : typeof u === "string"
    ? tidied(hide(u.slice(0, longest)))
    : undefined

const tidied = (said: string): string | undefined => {
  // jsonschema appends the whole schema and the request
  const [own = ""] = said.split(/\s\sFailed validating '/, 1)
  // several services put HTML line breaks into their JSON; control characters could control a terminal
  const text = own.slice(0, readLength).replace(/<br *\/?>/g, " ").replace(/[\s\p{Cc}]+/gu, " ").trim()
  return text === "" ? undefined : text
}

const firstOf = (tidy: Tidy, ...texts: ReadonlyArray<unknown>): string | undefined =>
  texts.map(tidy).find((text) => text !== undefined)

/**
 * Reads the error formats of OpenStack: Keystone and Heat (`error`), the API-SIG list (`errors`: Placement), Neutron
 * (`NeutronError`), Ironic (`error_message`, which may be JSON in JSON), Barbican (`title`, `description`), Nova,
 * Cinder and Manila (one key that names the fault: `itemNotFound`), OAuth 2 (`error_description`), HTML (Swift,
 * proxies) and plain text. The body decides about the format, whatever its content type.
 */
export const read = (contentType: string, body: string, hide: Hide): Fault => {
  if (body.trim() === "") {
    return silent
  }
  const json = Json.parseOrUndefined(body)
  if (json !== undefined) {
    return readJson(tidyAfter(hide), json)
  }
  if (contentType.includes("html") || body.trimStart().startsWith("<")) {
    return readHtml(hide(body.slice(0, longest)))
  }
  return isBinary(body) ? silent : { ...silent, message: tidied(withoutTitle(hide(body.slice(0, longest)))) }
}

/** Glance and others put the status above their message. */
const withoutTitle = (body: string): string => {
  const [, title = "", rest = ""] = /^\d{3} ([\w -]+)\n\n([^]*)$/.exec(body) ?? []
  return StatusTitle.isTitle(title) && rest.trim() !== "" ? rest : body
}

/** Whether a body is not text, but still compressed, for example. */
const isBinary = (body: string): boolean => /[\0\uFFFD]/.test(body.slice(0, readLength))

const readJson = (tidy: Tidy, json: unknown): Fault => {
  if (!isRecord(json)) {
    return typeof json === "string" ? { ...silent, message: tidy(json) } : silent
  }
  const { error, error_description: oauth, error_message: ironic, errors, NeutronError: neutron } = json
  if (isRecord(error) && tidy(error["message"]) !== undefined) {
    return { message: tidy(error["message"]), details: written(tidy, error["details"]) }
  }
  const list = [errors, error].find(Array.isArray) ?? (isRecord(errors) ? [errors] : [])
  if (list.length > 0) {
    return readErrorList(tidy, list)
  }
  const nested = [typeof ironic === "string" ? Json.parseOrUndefined(ironic) ?? ironic : ironic, neutron]
    .map((u) => isRecord(u) ? readObject(tidy, u) : { ...silent, message: tidy(u) })
    .find((fault) => fault.message !== undefined)
  if (nested !== undefined) {
    return nested
  }
  if (typeof error === "string") {
    // in OAuth 2 `error` is a code, and the description is the message
    const description = tidy(oauth)
    return description === undefined
      ? { message: tidy(error), details: tidy(json["message"]) }
      : { message: description, details: tidy(error) }
  }
  const own = readObject(tidy, json)
  return own.message === undefined
    ? readNamedFault(tidy, json)
    // Heat without an engine has an `error` with only a type
    : { ...own, details: own.details ?? (isRecord(error) ? tidy(error["type"]) : undefined) }
}

/** The first error of several, as in keystoneauth. A title that is only the name of the status is not the message. */
const readErrorList = (tidy: Tidy, errors: ReadonlyArray<unknown>): Fault => {
  const first = errors.find(isRecord)
  if (first === undefined) {
    return { ...silent, message: firstOf(tidy, ...errors) }
  }
  const title = tidy(first["title"])
  const detail = tidy(first["detail"])
  const [message, details] = title === undefined || (detail !== undefined && StatusTitle.isTitle(title))
    ? [detail, title]
    : [title, detail]
  const said = message ?? tidy(first["message"])
  return {
    message: said !== undefined && errors.length > 1 ? `Multiple error responses, showing first only: ${said}` : said,
    details
  }
}

const readObject = (tidy: Tidy, fault: Record<string, unknown>): Fault => {
  const { debuginfo, description, detail, details, explanation, faultstring, message, title, type } = fault
  const said = firstOf(tidy, message, faultstring, description, fault["error_description"], explanation, detail, title)
  return { message: said, details: firstOf(tidy, details, detail === said ? undefined : detail, debuginfo, type) }
}

/** A text as it is, anything else as JSON. */
const written = (tidy: Tidy, u: unknown): string | undefined => {
  if (typeof u !== "object" || u === null) {
    return tidy(u)
  }
  try {
    return tidy(Redaction.mask(JSON.stringify(u)))
  } catch {
    // nested too deeply
    return undefined
  }
}

/** `{ "itemNotFound": { "code": 404, "message": "..." } }` */
const readNamedFault = (tidy: Tidy, json: Record<string, unknown>): Fault => {
  for (const name of Object.keys(json)) {
    const fault = json[name]
    if (isRecord(fault) && tidy(fault["message"]) !== undefined) {
      return { message: tidy(fault["message"]), details: tidy(fault["details"]) ?? tidy(name) }
    }
  }
  return silent
}

/**
 * The text of an HTML page, or its title if there is no other text than the name of the status. The page is split
 * rather than searched with regular expressions, which a hostile page could make very slow.
 */
const readHtml = (page: string): Fault => {
  const named: Array<string> = []
  const said: Array<string> = []
  let element = ""
  for (const piece of page.split("<")) {
    const end = piece.indexOf(">")
    const [, closing, name] = /^(\/?)(title|script|style|hr)\b/i.exec(piece) ?? []
    if (end >= 0 && name !== undefined) {
      element = closing === "/" ? "" : name.toLowerCase()
    }
    const text = tidied(piece.slice(end + 1).replace(/&(\w{1,10}|#39|#x27);/g, (entity) => entities[entity] ?? entity))
    // servers write their own name below a rule
    if (text === undefined || element === "script" || element === "style" || element === "hr") {
      continue
    }
    const target = element === "title" || StatusTitle.isTitle(text.replace(/^\d{3} /, "")) ? named : said
    target.push(text)
  }
  return { ...silent, message: tidied(said.join(" ")) ?? named[0] }
}

const entities: Readonly<Record<string, string>> = {
  "&lt;": "<",
  "&gt;": ">",
  "&quot;": "\"",
  "&apos;": "'",
  "&#39;": "'",
  "&#x27;": "'",
  "&nbsp;": " ",
  "&amp;": "&"
}

/** The header of nearly all services, the older one of Nova and Cinder, Ironic's, and Swift's. */
const requestIdHeaders = ["x-openstack-request-id", "x-compute-request-id", "openstack-request-id", "x-trans-id"]

/** The request id of a response. */
export const requestId = (headers: Headers.Headers, hide: Hide): string | undefined => {
  const id = requestIdHeaders.map((name) => headers[name]).find(isSet)
  return id === undefined ? undefined : hide(id)
}

/**
 * `Retry-After` in milliseconds from now. It is a number of seconds (less than thirty years) or a date, which is
 * compared with the `Date` of the response, if it has one.
 */
export const retryAfterMillis = (headers: Headers.Headers): Effect.Effect<number | undefined> =>
  Option.match(Headers.get(headers, "retry-after"), {
    onNone: () => Effect.succeed(undefined),
    onSome: (value) =>
      /^\s*\d{1,9}\s*$/.test(value)
        ? Effect.succeed(Number(value) * 1000)
        : Effect.map(Time.wallClockTime, (ourTime) => {
          const date = Time.ofHttpDate(value)
          return date === undefined ? undefined : Math.max(0, date - (Time.ofHttpDate(headers["date"]) ?? ourTime))
        })
  })

/** What an error response says, without secrets. */
export interface Refusal {
  readonly requestId: string | undefined
  readonly serviceMessage: string | undefined
  readonly details: string | undefined
  readonly retryAfterMillis: number | undefined
}

export const describe = (
  headers: Headers.Headers,
  body: string,
  hide: Hide
): Effect.Effect<Refusal> => {
  const fault = read(Option.getOrElse(Headers.get(headers, "content-type"), () => ""), body, hide)
  return Effect.map(retryAfterMillis(headers), (retryAfter) => ({
    requestId: requestId(headers, hide),
    serviceMessage: cut(fault.message),
    details: cut(fault.details),
    retryAfterMillis: retryAfter
  }))
}

const cut = (text: string | undefined): string | undefined =>
  text !== undefined && text.length > shownLength ? `${text.slice(0, shownLength)}…` : text

/** The errors that belong to one status. */
const byStatus: Readonly<Record<number, new(failure: Errors.HttpFailure) => Errors.HttpStatusError>> = {
  400: Errors.BadRequest,
  403: Errors.Forbidden,
  404: Errors.NotFound,
  405: Errors.MethodNotAllowed,
  406: Errors.NotAcceptable,
  408: Errors.RequestTimeout,
  409: Errors.Conflict,
  410: Errors.Gone,
  429: Errors.RateLimited,
  500: Errors.InternalServerError,
  501: Errors.NotImplemented,
  503: Errors.ServiceUnavailable
}

/** The error for a status of 400 or more, except 401: its error depends on what was rejected. */
export const statusError = (failure: Errors.HttpFailure): Errors.HttpStatusError => {
  const { details, retryAfterMillis, status } = failure
  // Nova and Cinder use 413 for "over limit", and only then send a Retry-After
  const isOverLimit = status === 413 && (details === "overLimit" || retryAfterMillis !== undefined)
  const StatusError = isOverLimit
    ? Errors.RateLimited
    : byStatus[status] ?? (status < 500 ? Errors.ClientError : Errors.ServerError)
  return new StatusError(failure)
}
