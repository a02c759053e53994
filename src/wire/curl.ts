/**
 * Requests and answers as lines of the debug log. A request is a `curl` command that can be run again; nothing secret is in
 * any of them.
 *
 * - A header that carries a credential is a variable of the shell: `-H "x-auth-token: $OS_TOKEN"`. keystoneauth shows a
 *   hash of it, which nobody can run.
 * - Only JSON bodies are shown, with values masked whose names say that they are secret. What a login sends never is,
 *   and no other body: `@login.json`, `@body` are files that whoever runs the command has to bring.
 * - The catalog is cut out of tokens.
 */
import * as Headers from "@effect/platform/Headers"
import type * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import type * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as Option from "effect/Option"
import * as Redaction from "../safety/redaction.js"
import * as Secrets from "../safety/secrets.js"
import * as Url from "../safety/url.js"

/** In characters, as shown. A request body that is longer is left out, for a part of it could not be sent. */
const longest = 4096

// -----------------------------------------------------------------------------
// a request
// -----------------------------------------------------------------------------

/** For the shell, which reads nothing into it. */
const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`

const variable = (header: string): string => `OS_${header.replace(/^x-(auth-)?/, "").replace(/\W/g, "_").toUpperCase()}`

const headerOption = (secrets: Secrets.Secrets) => ([name, value]: readonly [string, string]): string =>
  secrets.isHeader(name)
    ? `-H "${name}: $${variable(name)}"`
    // with the header alone, curl would print what came as it came
    : name === "accept-encoding" && value !== "identity"
    ? "--compressed"
    : `-H ${quoted(`${name}: ${secrets.hide(value)}`)}`

/** Where passwords are sent, by whichever phase. */
const sendsLogin = ({ pathname }: URL, phase: string): boolean =>
  phase === "login" || /\/tokens\/?$|\/OS-(FEDERATION|OAUTH1|OAUTH2)\//i.test(pathname)

const bodyOption = (
  { body }: HttpClientRequest.HttpClientRequest,
  { phase, secrets, url }: Omit<Asked, "method">
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
export const command = (request: HttpClientRequest.HttpClientRequest, asked: Omit<Asked, "method">): string =>
  [
    "curl -g -i",
    request.method === "HEAD" ? "--head" : `-X ${request.method}`,
    quoted(shownUrl(asked)),
    ...Object.entries(request.headers).sort(([a], [b]) => a < b ? -1 : 1).map(headerOption(asked.secrets)),
    bodyOption(request, asked)
  ].filter((part) => part !== undefined).join(" ")

// -----------------------------------------------------------------------------
// an answer
// -----------------------------------------------------------------------------

/** What an answer is to: its request, and what must not be found in it. */
export interface Asked {
  readonly method: string
  readonly url: URL
  readonly phase: string
  readonly secrets: Secrets.Secrets
}

const shownUrl = ({ secrets, url }: Pick<Asked, "secrets" | "url">): string => secrets.hide(Url.shown(url))

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
    // who refuses a login may quote it; any other refusal in words is nobody's document
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
