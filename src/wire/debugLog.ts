/**
 * Lines of the debug log for requests and responses. A request is a `curl` command that can be run. No line has a
 * secret.
 *
 * - A header that authenticates is a shell variable: `-H "x-auth-token: $OS_TOKEN"`. keystoneauth shows a hash, with
 *   which the command cannot be run.
 * - Of bodies only JSON is shown, with the values of secret fields masked. The body of a login and any other body is a
 *   file that must be provided to run the command: `@login.json`, `@body`.
 * - Tokens are shown without their catalog.
 */
import * as Headers from "@effect/platform/Headers"
import type * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import type * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import type * as Errors from "../Errors.js"
import * as Redaction from "../safety/redaction.js"
import type * as Secrets from "../safety/secrets.js"
import * as Url from "../safety/url.js"
import * as Response from "./response.js"
import * as TransportFault from "./transportFault.js"

/** A request, with the secrets to hide. */
export interface Asked {
  readonly method: string
  readonly url: URL
  readonly phase: string
  readonly secrets: Secrets.Secrets
}

/** In characters. A longer body of a request is not shown, since the command needs all of it. */
const longest = 4096

// -----------------------------------------------------------------------------
// a request
// -----------------------------------------------------------------------------

/** A text as one word of the shell. */
const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`

const variable = (header: string): string => `OS_${header.replace(/^x-(auth-)?/, "").replace(/\W/g, "_").toUpperCase()}`

const headerOption = (secrets: Secrets.Secrets) => ([name, value]: readonly [string, string]): string =>
  secrets.isHeader(name)
    ? `-H "${name}: $${variable(name)}"`
    // with only the header curl would print compressed bytes
    : name === "accept-encoding" && value !== "identity"
    ? "--compressed"
    : `-H ${quoted(`${name}: ${secrets.hide(value)}`)}`

/** Whether a request may hold a password. */
const sendsLogin = ({ pathname }: URL, phase: string): boolean =>
  phase === "login" || /\/tokens\/?$|\/OS-(FEDERATION|OAUTH1|OAUTH2)\//i.test(pathname)

const bodyOption = (
  { body }: HttpClientRequest.HttpClientRequest,
  { phase, secrets, url }: Asked
): string | undefined => {
  if (body._tag === "Empty") {
    return undefined
  }
  if (sendsLogin(url, phase)) {
    return "--data-binary @login.json"
  }
  const text = Redaction.jsonOf(body)
  const shown = text === undefined ? undefined : Redaction.mask(text)
  return shown === undefined || shown.length > longest
    ? "--data-binary @body"
    : `--data-raw ${quoted(secrets.hide(shown))}`
}

/** `curl -g -i -X GET 'https://…' -H "x-auth-token: $OS_TOKEN"` */
export const command = (request: HttpClientRequest.HttpClientRequest, asked: Asked): string =>
  [
    "curl -g -i",
    request.method === "HEAD" ? "--head" : `-X ${request.method}`,
    quoted(shownUrl(asked)),
    ...Object.entries(request.headers).sort(([a], [b]) => a < b ? -1 : 1).map(headerOption(asked.secrets)),
    bodyOption(request, asked)
  ].filter((part) => part !== undefined).join(" ")

// -----------------------------------------------------------------------------
// a response
// -----------------------------------------------------------------------------

const shownUrl = ({ secrets, url }: Asked): string => secrets.hide(Url.shown(url))

const named = (requestId: string | undefined): string => requestId === undefined ? "" : ` (${requestId})`

/** `200 in 34 ms (req-…) GET https://… content-type: application/json, …` */
export const answer = (
  asked: Asked,
  response: HttpClientResponse.HttpClientResponse,
  millis: number,
  requestId: string | undefined
): string => {
  const headers = Object.entries(asked.secrets.headers(response.headers)).sort(([a], [b]) => a < b ? -1 : 1)
    .map((header) => header.join(": "))
  const request = `${asked.method} ${shownUrl(asked)}`
  return `${response.status} in ${Math.round(millis)} ms${named(requestId)} ${request} ${headers.join(", ")}`.trimEnd()
}

const cut = (text: string): string =>
  text.length <= longest ? text : `${text.slice(0, longest)}… (${text.length - longest} more characters)`

const shownBody = (
  { phase, secrets, url }: Asked,
  { headers, status }: HttpClientResponse.HttpClientResponse,
  text: string
): string => {
  const type = Option.getOrElse(Headers.get(headers, "content-type"), () => "no content type")
  const left = `<${text.length} characters of ${secrets.hide(type)}>`
  if (status >= 400) {
    // the error of a login may quote its body; any other text is a message
    return sendsLogin(url, phase) || !/^text\/|\bjson\b/i.test(type)
      ? left
      : cut(secrets.hide(Redaction.mask(text) ?? text).trim())
  }
  const json = Redaction.isJson(type) ? Redaction.mask(text) : undefined
  return json === undefined ? left : cut(secrets.hide(json))
}

/** `body of GET https://… (req-…) {"servers":[…]}` */
export const body = (
  asked: Asked,
  response: HttpClientResponse.HttpClientResponse,
  text: string,
  requestId: string | undefined
): string => `body of ${asked.method} ${shownUrl(asked)}${named(requestId)} ${shownBody(asked, response, text)}`

/** `GET https://… failed after 12 ms: …` */
export const failure = (asked: Asked, millis: number, what: string): string =>
  `${asked.method} ${shownUrl(asked)} failed after ${Math.round(millis)} ms: ${asked.secrets.hide(what)}`

// -----------------------------------------------------------------------------
// logging
// -----------------------------------------------------------------------------

/** Logs a request before it is sent. */
export const logRequest = (
  asked: Asked & { readonly request: HttpClientRequest.HttpClientRequest }
): Effect.Effect<void> => Effect.suspend(() => Effect.logDebug(command(asked.request, asked)))

/** Logs a response when its headers have arrived, and its body when it is read. */
export const logExit = (
  asked: Asked,
  exit: Exit.Exit<HttpClientResponse.HttpClientResponse, Errors.WireError>,
  millis: number
): Effect.Effect<void> => {
  if (Exit.isFailure(exit)) {
    const why = Option.match(Cause.failureOption(exit.cause), {
      onNone: () => TransportFault.withoutError(exit.cause),
      onSome: (error) => error.message
    })
    return Effect.logDebug(failure(asked, millis, why))
  }
  const response = exit.value
  const requestId = Response.requestId(response)
  const { method, phase, secrets, url } = asked
  const answered = { method, phase, url, secrets: secrets.with(response.headers) }
  Response.listen(
    response,
    (text) => text === "" ? Effect.void : Effect.logDebug(body(answered, response, text, requestId))
  )
  return Effect.logDebug(answer(answered, response, millis, requestId))
}
