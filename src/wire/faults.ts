/** From the answer of a service that refuses, in any dialect, to one typed error. */
import * as Headers from "@effect/platform/Headers"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { isRecord } from "effect/Predicate"
import * as Json from "../base/json.js"
import * as StatusTitle from "../base/statusTitle.js"
import * as Time from "../base/time.js"
import * as Errors from "../Errors.js"
import * as Redaction from "../safety/redaction.js"

/** What a service said, whatever its dialect. */
export interface Fault {
  readonly message: string | undefined
  readonly details: string | undefined
}

const silent: Fault = { message: undefined, details: undefined }

/** Takes out of a text what must not be shown. */
export type Hide = (text: string) => string

/** As much of a text as is read, and as is tidied: more than is shown. */
const longest = 64 * 1024
const readLength = 8000

const shownLength = 2000

/** Reads texts: what must not be shown is taken out first, while it is still written as the service wrote it, and then they are tidied. */
type Tidy = (u: unknown) => string | undefined

const tidyAfter = (hide: Hide): Tidy => (u) =>
  typeof u === "number"
    ? tidied(hide(String(u)))
    : typeof u === "string"
    ? tidied(hide(u.slice(0, longest)))
    : undefined

const tidied = (said: string): string | undefined => {
  // jsonschema goes on with the whole schema, and with what it was sent
  const [own = ""] = said.split(/\s\sFailed validating '/, 1)
  // several services write HTML line breaks in the text of their JSON; what controls terminals is none of it
  const text = own.slice(0, readLength).replace(/<br *\/?>/g, " ").replace(/[\s\p{Cc}]+/gu, " ").trim()
  return text === "" ? undefined : text
}

const firstOf = (tidy: Tidy, ...texts: ReadonlyArray<unknown>): string | undefined =>
  texts.map(tidy).find((text) => text !== undefined)

/**
 * Reads the fault dialects of OpenStack: Keystone and Heat (`error`), the API-SIG list (`errors`: Placement), Neutron
 * (`NeutronError`), Ironic (`error_message`, which may be JSON in JSON), Barbican (`title`, `description`), Nova, Cinder and
 * Manila (one key that names the fault: `itemNotFound`), OAuth 2 (`error_description`), HTML (Swift, proxies) and plain text.
 * What the body is decides, whatever its content type says.
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

/** Glance and others put the status over a text. */
const withoutTitle = (body: string): string => {
  const [, title = "", rest = ""] = /^\d{3} ([\w -]+)\n\n([^]*)$/.exec(body) ?? []
  return StatusTitle.isTitle(title) && rest.trim() !== "" ? rest : body
}

/** Bytes that are no text, such as a body that is still compressed. */
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
    // OAuth 2 has a code there, and says beside it what it means
    const description = tidy(oauth)
    return description === undefined
      ? { message: tidy(error), details: tidy(json["message"]) }
      : { message: description, details: tidy(error) }
  }
  const own = readObject(tidy, json)
  return own.message === undefined
    ? readNamedFault(tidy, json)
    // Heat without an engine: the type is all that its `error` says
    : { ...own, details: own.details ?? (isRecord(error) ? tidy(error["type"]) : undefined) }
}

/** The first of several, as keystoneauth does it. A title that is only the name of the status says nothing. */
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

/** What is meant as text, or else as JSON. */
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
 * The words of a page; its title, if it has no other words than the name of the status. Cut up rather than searched
 * with regular expressions: a page can be made so that those take very long.
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
    // below a line servers write their own name
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

/** Nearly all services, the older name of Nova and Cinder, Ironic's, Swift's. */
const requestIdHeaders = ["x-openstack-request-id", "x-compute-request-id", "openstack-request-id", "x-trans-id"]

/** The request id of an answer, in any of its spellings. */
export const requestId = (headers: Headers.Headers, hide: Hide): string | undefined => {
  const id = requestIdHeaders.map((name) => headers[name]).find((id) => id !== undefined && id !== "")
  return id === undefined ? undefined : hide(id)
}

/**
 * `Retry-After`, which is a number of seconds (of less than thirty years) or a date, in milliseconds from now: a date is meant by the
 * clock that the answer itself has its `Date` from.
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

/** What an answer says about its refusal, as it may be shown. */
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

/** The error for a status of 400 or more, but for 401, which depends on whose it is. */
export const statusError = (failure: Errors.HttpFailure): Errors.HttpStatusError => {
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
