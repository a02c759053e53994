/** An answer that cannot give away what was sent for it. */
import type * as Headers from "@effect/platform/Headers"
import * as HttpClientError from "@effect/platform/HttpClientError"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as HttpIncomingMessage from "@effect/platform/HttpIncomingMessage"
import * as Effect from "effect/Effect"
import * as Inspectable from "effect/Inspectable"
import * as Stream from "effect/Stream"
import * as Redaction from "./redaction.js"

/**
 * The platform's response holds the request with its token and body, and so does every error of reading it. This one
 * shows a request of method and URL only, and hides the credentials among its own headers when it is printed.
 */
class SafeResponse extends Inspectable.Class implements HttpClientResponse.HttpClientResponse {
  readonly [HttpIncomingMessage.TypeId]: typeof HttpIncomingMessage.TypeId = HttpIncomingMessage.TypeId
  readonly [HttpClientResponse.TypeId]: HttpClientResponse.TypeId = HttpClientResponse.TypeId
  readonly status: number
  readonly headers: Headers.Headers
  readonly #source: HttpClientResponse.HttpClientResponse
  readonly #url: string
  #listener: ((text: string) => Effect.Effect<void>) | undefined

  constructor(source: HttpClientResponse.HttpClientResponse, url: string) {
    super()
    this.#source = source
    this.#url = url
    this.status = source.status
    this.headers = source.headers
  }

  get request(): HttpClientRequest.HttpClientRequest {
    return HttpClientRequest.make(this.#source.request.method)(Redaction.safeUrl(this.#url))
  }
  get cookies() {
    return this.#source.cookies
  }
  get remoteAddress() {
    return this.#source.remoteAddress
  }
  get json() {
    return this.#heard(Effect.mapError(this.#source.json, this.#safeError))
  }
  get text() {
    return this.#heard(Effect.mapError(this.#source.text, this.#safeError))
  }
  get urlParamsBody() {
    return Effect.mapError(this.#source.urlParamsBody, this.#safeError)
  }
  get formData() {
    return Effect.mapError(this.#source.formData, this.#safeError)
  }
  get arrayBuffer() {
    return Effect.mapError(this.#source.arrayBuffer, this.#safeError)
  }
  get stream() {
    return Stream.mapError(this.#source.stream, this.#safeError)
  }

  readonly #safeError = (error: HttpClientError.ResponseError): HttpClientError.ResponseError =>
    new HttpClientError.ResponseError({
      request: this.request,
      response: this,
      reason: error.reason,
      // the cause may quote the body: only its kind is told
      description: error.reason === "EmptyBody"
        ? "the answer has no body"
        : `the body cannot be read as asked (content type ${this.headers["content-type"] ?? "not given"})`
    })

  listen(listener: (text: string) => Effect.Effect<void>): void {
    this.#listener = listener
  }

  tell(text: string): Effect.Effect<void> {
    const listener = this.#listener
    this.#listener = undefined
    return listener === undefined ? Effect.void : listener(text)
  }

  /** The text that was read is still there; where it is not, nobody hears of it, and the reading goes on as it would. */
  #heard<A, E>(read: Effect.Effect<A, E>): Effect.Effect<A, E> {
    if (this.#listener === undefined) {
      return read
    }
    const told = Effect.ignore(Effect.flatMap(Effect.suspend(() => this.#source.text), (text) => this.tell(text)))
    return Effect.tapBoth(read, { onFailure: () => told, onSuccess: () => told })
  }

  toJSON(): unknown {
    return {
      _id: "@effect/platform/HttpClientResponse",
      request: { method: this.#source.request.method, url: Redaction.safeUrl(this.#url) },
      status: this.status,
      headers: Redaction.safeHeaders(this.headers)
    }
  }
}

export const make = (
  source: HttpClientResponse.HttpClientResponse,
  url: string
): HttpClientResponse.HttpClientResponse => new SafeResponse(source, url)

/** Tells once what is read of the body as text. The body itself is neither read nor kept for it. */
export const listen = (
  response: HttpClientResponse.HttpClientResponse,
  listener: (text: string) => Effect.Effect<void>
): void => {
  if (response instanceof SafeResponse) {
    response.listen(listener)
  }
}

/** The body was read as text by other means than `json` and `text`. */
export const tell = (response: HttpClientResponse.HttpClientResponse, text: string): Effect.Effect<void> =>
  response instanceof SafeResponse ? response.tell(text) : Effect.void
