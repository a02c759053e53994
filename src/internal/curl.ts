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
import * as Redaction from "./redaction.js"
import * as Secrets from "./secrets.js"

/** In characters, as shown. A request body that is longer is left out, for a part of it could not be sent. */
const longest = 4096

// -----------------------------------------------------------------------------
// a request
// -----------------------------------------------------------------------------

/** For the shell, which reads nothing into it. */
const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`

const variable = (header: string): string => `OS_${header.replace(/^x-(auth-)?/, "").replace(/\W/g, "_").toUpperCase()}`

const headerOption = ([name, value]: readonly [string, string]): string =>
  // with the header alone, curl would print what came as it came
  name === "accept-encoding" && value !== "identity"
    ? "--compressed"
    : Secrets.isSecretHeader(name)
    ? `-H "${name}: $${variable(name)}"`
    : `-H ${quoted(`${name}: ${value}`)}`

/** Where passwords are sent, by whichever phase. */
const sendsLogin = (url: string, phase: string): boolean =>
  phase === "login" || /\/tokens\/?([?#]|$)|\/OS-(FEDERATION|OAUTH1|OAUTH2)\//i.test(url)

const bodyOption = (request: HttpClientRequest.HttpClientRequest, url: string, phase: string): string | undefined => {
  const { body } = request
  if (body._tag === "Empty") {
    return undefined
  }
  if (sendsLogin(url, phase)) {
    return "--data-binary @login.json"
  }
  const text = Secrets.jsonOf(body)
  const shown = text === undefined ? undefined : Secrets.mask(text)
  return shown === undefined || shown.length > longest ? "--data-binary @body" : `--data-raw ${quoted(shown)}`
}

/** `curl -g -i -X GET 'https://…' -H "x-auth-token: $OS_TOKEN"` */
export const command = (request: HttpClientRequest.HttpClientRequest, url: string, phase: string): string =>
  Redaction.scrub(
    [
      "curl -g -i",
      request.method === "HEAD" ? "--head" : `-X ${request.method}`,
      quoted(url),
      ...Object.entries(request.headers).sort(([a], [b]) => a < b ? -1 : 1).map(headerOption),
      bodyOption(request, url, phase)
    ].filter((part) => part !== undefined).join(" "),
    Redaction.secretsOf(request.headers)
  )

// -----------------------------------------------------------------------------
// an answer
// -----------------------------------------------------------------------------

/** What an answer is to: its request, and what must not be found in it. */
export interface Asked {
  readonly method: string
  readonly url: string
  readonly phase: string
  readonly secrets: ReadonlyArray<string>
}

const named = (requestId: string | undefined): string => requestId === undefined ? "" : ` (${requestId})`

/** `200 in 34 ms (req-…) GET https://… content-type: application/json, …` */
export const answer = (
  { method, secrets, url }: Asked,
  response: HttpClientResponse.HttpClientResponse,
  millis: number,
  requestId: string | undefined
): string => {
  const headers = Object.entries(response.headers).sort(([a], [b]) => a < b ? -1 : 1).map(([name, value]) =>
    `${name}: ${Secrets.isSecretHeader(name) ? Redaction.hidden : value}`
  )
  return Redaction.scrub(
    `${response.status} in ${Math.round(millis)} ms${named(requestId)} ${method} ${url} ${headers.join(", ")}`
      .trimEnd(),
    secrets
  )
}

const cut = (text: string): string =>
  text.length <= longest ? text : `${text.slice(0, longest)}… (${text.length - longest} more characters)`

const shownBody = (
  { phase, url }: Asked,
  { headers, status }: HttpClientResponse.HttpClientResponse,
  text: string
): string => {
  const type = Option.getOrElse(Headers.get(headers, "content-type"), () => "no content type")
  const left = `<${text.length} characters of ${type}>`
  if (status >= 400) {
    // who refuses a login may quote it; any other refusal in words is nobody's document
    return sendsLogin(url, phase) || !/^text\/|\bjson\b/i.test(type) ? left : cut(Secrets.mask(text) ?? text.trim())
  }
  const json = Secrets.isJson(type) ? Secrets.mask(text) : undefined
  return json === undefined ? left : cut(json)
}

/** `body of GET https://… (req-…) {"servers":[…]}` */
export const body = (
  asked: Asked,
  response: HttpClientResponse.HttpClientResponse,
  text: string,
  requestId: string | undefined
): string =>
  Redaction.scrub(
    `body of ${asked.method} ${asked.url}${named(requestId)} ${shownBody(asked, response, text)}`,
    asked.secrets
  )

/** `GET https://… failed after 12 ms: …` */
export const failure = ({ method, secrets, url }: Asked, millis: number, what: string): string =>
  Redaction.scrub(`${method} ${url} failed after ${Math.round(millis)} ms: ${what}`, secrets)
