/** What goes over the wire, and the two wires: an HttpClient without sockets, and an app for any HttpServer. */
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
import * as Predicate from "effect/Predicate"
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

/** No answer at all: an Error with a `code`, as Node's are. */
export class ConnectionError extends Data.TaggedError("ConnectionError")<{
  readonly code: "ECONNREFUSED" | "ECONNRESET" | "ENOTFOUND"
  readonly message: string
}> {}

export type Handler = (incoming: Incoming) => Effect.Effect<Outgoing, ConnectionError>

/** An answer as it goes over the wire. */
export const toOutgoing = (answer: Answer, headers: Readonly<Record<string, string>>): Outgoing => {
  const isJson = answer.json !== undefined
  const body = isJson ? JSON.stringify(answer.json) : answer.text ?? ""
  const type = isJson ? { "content-type": "application/json" } : body === "" ? {} : { "content-type": "text/plain" }
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

const bodyText = (body: HttpBody.HttpBody): Effect.Effect<string, unknown> => {
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
        : Effect.fail("TestCloud reads raw bodies of text and of bytes only")
    case "FormData":
      return Effect.fail("TestCloud does not read form data")
  }
}

// what a resolver and a closed port would say, for addresses that are not the cloud's
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

/** A transport that reaches the cloud at `baseUrl` and nothing else. */
export const client = (baseUrl: string, handle: Handler): HttpClient.HttpClient => {
  const base = new URL(baseUrl)
  return HttpClient.make((request, url) =>
    Effect.gen(function*() {
      // no network answers in the turn in which it is asked: without this, races between callers would not show in tests
      yield* Effect.yieldNow()
      const body = yield* Effect.mapError(
        bodyText(request.body),
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

/** The origin at which a server is reached from its own machine. */
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

// platform has no word for dropping a connection, but the request that it wraps in Node has its socket
const dropConnection = ({ source }: HttpServerRequest.HttpServerRequest) =>
  Effect.sync(() => {
    const dropped = Predicate.hasProperty(source, "socket") && callDestroy(source.socket)
    return HttpServerResponse.empty({ status: dropped ? 499 : 502 })
  })

const toServerResponse = ({ body, headers, status }: Outgoing) =>
  body === "" ? HttpServerResponse.empty({ status, headers }) : HttpServerResponse.text(body, { status, headers })

/** The cloud as an app for `HttpServer.serve`. */
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
    // platform runs apps uninterruptible: a long delay would outlive the client that gave up
    Effect.interruptible
  )
