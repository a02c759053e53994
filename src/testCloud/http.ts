/** The two transports of the cloud: an HttpClient without sockets, and an app for any HttpServer. */
import * as Headers from "@effect/platform/Headers"
import type * as HttpBody from "@effect/platform/HttpBody"
import * as HttpClient from "@effect/platform/HttpClient"
import type * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import type * as HttpServer from "@effect/platform/HttpServer"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as HttpClientError from "../base/httpClientError.js"
import type { Answer } from "./model.js"

export interface Incoming {
  readonly method: string
  readonly url: URL
  readonly headers: Headers.Headers
  readonly body: string
}

export interface Outgoing {
  readonly status: number
  readonly headers: Headers.Headers
  readonly body: string
}

/** A connection that failed: an Error with a `code`, like Node's. */
export class ConnectionError extends Data.TaggedError("ConnectionError")<{
  readonly code: "ECONNREFUSED" | "ECONNRESET" | "ENOTFOUND"
  readonly message: string
}> {}

export type Handler = (incoming: Incoming) => Effect.Effect<Outgoing, ConnectionError>

/** The body of an answer as text. */
export const bodyText = ({ json, text }: Answer): string => json === undefined ? text ?? "" : JSON.stringify(json)

const parseJson = Schema.decodeUnknownOption(Schema.parseJson())

/**
 * The body of a request: parsed JSON, text for another content type, `undefined` if empty. `None` for malformed JSON.
 */
export const readBody = ({ body, headers }: Incoming): Option.Option<unknown> =>
  body === ""
    ? Option.some(undefined)
    : headers["content-type"]?.includes("json") === false
    ? Option.some(body)
    : parseJson(body)

/** An answer as the transports send it. */
export const toOutgoing = (answer: Answer, headers: Readonly<Record<string, string>>): Outgoing => {
  const body = bodyText(answer)
  const type = answer.json !== undefined
    ? { "content-type": "application/json" }
    : body === ""
    ? {}
    : { "content-type": "text/plain" }
  return {
    status: answer.status ?? 200,
    headers: Headers.fromInput({ ...type, ...lowerCased(headers), ...lowerCased(answer.headers ?? {}) }),
    body
  }
}

const lowerCased = (headers: Readonly<Record<string, string>>) =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]))

const utf8 = new TextEncoder()

const bytesToText = (chunks: Iterable<Uint8Array>): string => {
  const decoder = new TextDecoder()
  let text = ""
  for (const chunk of chunks) text += decoder.decode(chunk, { stream: true })
  return text + decoder.decode()
}

const requestText = (body: HttpBody.HttpBody): Effect.Effect<string, unknown> => {
  switch (body._tag) {
    case "Empty":
      return Effect.succeed("")
    case "Uint8Array":
      return Effect.succeed(bytesToText([body.body]))
    case "Stream":
      return Effect.map(Stream.runCollect(body.stream), bytesToText)
    case "Raw":
      return typeof body.body === "string"
        ? Effect.succeed(body.body)
        : body.body instanceof Uint8Array
        ? Effect.succeed(bytesToText([body.body]))
        : Effect.fail("TestCloud reads raw bodies only if they are text or bytes")
    case "FormData":
      return Effect.fail("TestCloud does not read form data")
  }
}

/** Fails for addresses that are not the cloud's, as a resolver or a closed port would. */
const reach = (url: URL, base: URL): Effect.Effect<void, ConnectionError> => {
  if (url.hostname !== base.hostname) {
    return new ConnectionError({ code: "ENOTFOUND", message: `getaddrinfo ENOTFOUND ${url.hostname}` })
  }
  return url.origin === base.origin
    ? Effect.void
    : new ConnectionError({ code: "ECONNREFUSED", message: `connect ECONNREFUSED ${url.host}` })
}

const toResponse = (method: string, { body, headers, status }: Outgoing): Response => {
  const length = body === "" ? {} : { "content-length": String(utf8.encode(body).length) }
  return new Response(method === "HEAD" || body === "" ? null : body, { status, headers: { ...headers, ...length } })
}

const transportError = (request: HttpClientRequest.HttpClientRequest) => (cause: ConnectionError) =>
  new HttpClientError.RequestError({ request, reason: "Transport", cause })

/** A client that reaches the cloud at `baseUrl` only. */
export const client = (baseUrl: string, handle: Handler): HttpClient.HttpClient => {
  const base = new URL(baseUrl)
  return HttpClient.make((request, url) =>
    Effect.gen(function*() {
      // a network never answers synchronously: without this, tests would not show races between callers
      yield* Effect.yieldNow()
      const body = yield* Effect.mapError(
        requestText(request.body),
        (cause) => new HttpClientError.RequestError({ request, reason: "Encode", cause })
      )
      const outgoing = yield* reach(url, base).pipe(
        Effect.zipRight(handle({ method: request.method, url, headers: request.headers, body })),
        Effect.mapError(transportError(request))
      )
      yield* Effect.yieldNow()
      return HttpClientResponse.fromWeb(request, toResponse(request.method, outgoing))
    })
  )
}

/** The origin of a server for clients on the same machine. */
export const originOf = (address: HttpServer.Address): string => {
  if (address._tag === "UnixAddress") return "http://localhost"
  const everywhere = address.hostname === "0.0.0.0" || address.hostname === "::"
  const host = everywhere ? "127.0.0.1" : address.hostname.includes(":") ? `[${address.hostname}]` : address.hostname
  return `http://${host}:${address.port}`
}

const callDestroy = (self: unknown): boolean => {
  if (!Predicate.hasProperty(self, "destroy") || !Predicate.isFunction(self.destroy)) return false
  self.destroy()
  return true
}

/** Closes the connection by the socket of Node's request, since platform has no function for it. */
const dropConnection = ({ source }: HttpServerRequest.HttpServerRequest) =>
  Effect.sync(() => {
    const dropped = Predicate.hasProperty(source, "socket") && callDestroy(source.socket)
    return HttpServerResponse.empty({ status: dropped ? 499 : 502 })
  })

const toServerResponse = ({ body, headers, status }: Outgoing) =>
  body === "" ? HttpServerResponse.empty({ status, headers }) : HttpServerResponse.text(body, { status, headers })

/** The app for `HttpServer.serve`. */
export const app = (baseUrl: string, handle: Handler) =>
  Effect.gen(function*() {
    const request = yield* HttpServerRequest.HttpServerRequest
    const body = yield* request.text
    const host = request.headers["host"]
    const url = new URL(request.url, host === undefined ? baseUrl : `http://${host}`)
    return yield* handle({ method: request.method, url, headers: request.headers, body }).pipe(
      Effect.map(toServerResponse),
      Effect.catchTag("ConnectionError", () => dropConnection(request))
    )
  }).pipe(
    // platform runs apps uninterruptibly: a delay would continue after the client has gone
    Effect.interruptible
  )
