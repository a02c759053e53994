/** A mocked HTTP world of the vectors as an HttpClient, which records its requests. */
import { type HttpBody, HttpClient, HttpClientError, HttpClientResponse } from "@effect/platform"
import { Effect } from "effect"
import type { Json } from "./catalogs.js"

export interface Request {
  readonly method: string
  readonly url: string
  readonly token?: string
}

/** A request, its answer, and the time. */
export interface Sent {
  readonly method: string
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | undefined
  readonly status: number | undefined
  /** In milliseconds. */
  readonly at: number
}

const bodyText = (body: HttpBody.HttpBody): string | undefined => {
  switch (body._tag) {
    case "Uint8Array":
      return new TextDecoder().decode(body.body)
    case "Raw":
      return String(body.body)
    default:
      return undefined
  }
}

const failures: Record<string, unknown> = {
  connect: { code: "ECONNREFUSED", message: "connection refused" },
  "connect-timeout": { code: "UND_ERR_CONNECT_TIMEOUT", message: "connect timeout" },
  "read-timeout": { code: "UND_ERR_HEADERS_TIMEOUT", message: "no answer" },
  ssl: { code: "CERT_HAS_EXPIRED", message: "certificate has expired" },
  proxy: { code: "ECONNREFUSED", message: "proxy refused" }
}

const broken = () => new ReadableStream({ start: (controller) => controller.error(new Error("broken")) })

const respond = (answer: Json): Response => {
  const status = Number(answer["status"] ?? 200)
  const body = "json" in answer ? JSON.stringify(answer["json"]) : String(answer["text"] ?? "")
  const headers = answer["headers"] as Record<string, string> ?? {}
  return status > 599
    // `Response` knows no such status, but the wire does
    ? Object.defineProperty(new Response(body, { headers }), "status", { value: status })
    : new Response(status === 204 || status === 304 || status < 200 ? null : body, { status, headers })
}

/**
 * No match is the world's default, or else 404 with nothing. A list of answers is used up, and its last one repeats.
 * With `silentAfter`, only so many requests are answered at all.
 */
export const make = (world: Json, silentAfter = Infinity): {
  readonly client: HttpClient.HttpClient
  readonly requests: Array<Request>
  readonly sent: ReadonlyArray<Sent>
} => {
  const sent: Array<Sent> = []
  const urls = (world["urls"] ?? {}) as Record<string, Json | ReadonlyArray<Json>>
  const requests: Array<Request> = []
  const used = new Map<string, number>()
  const next = (key: string): Json | undefined => {
    const answers = urls[key]
    if (!Array.isArray(answers)) {
      return answers as Json | undefined
    }
    const n = used.get(key) ?? 0
    used.set(key, n + 1)
    return answers[Math.min(n, answers.length - 1)]
  }
  const client = HttpClient.make((request, url) =>
    Effect.clockWith((clock) => {
      url.hash = ""
      const token = request.headers["x-auth-token"]
      requests.push({ method: request.method, url: url.href, ...(token === undefined ? {} : { token }) })
      const answer = next(`${request.method} ${url.href}`) ?? next(url.href) ??
        (world["default"] as Json | undefined) ?? { status: 404, headers: {}, text: "" }
      const error = answer["error"]
      sent.push({
        method: request.method,
        url: url.href,
        headers: { ...request.headers },
        body: bodyText(request.body),
        status: error === undefined ? Number(answer["status"] ?? 200) : undefined,
        at: clock.unsafeCurrentTimeMillis()
      })
      if (sent.length > silentAfter) {
        return Effect.never
      }
      if (error === "chunked" || error === "decode") {
        return Effect.succeed(HttpClientResponse.fromWeb(request, new Response(broken())))
      }
      return error === undefined
        ? Effect.succeed(HttpClientResponse.fromWeb(request, respond(answer)))
        : Effect.fail(
          new HttpClientError.RequestError({ request, reason: "Transport", cause: failures[String(error)] })
        )
    })
  )
  return { client, requests, sent }
}
