/** Responses that do not reveal the request and its secrets. */
import * as Headers from "@effect/platform/Headers"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as HttpIncomingMessage from "@effect/platform/HttpIncomingMessage"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Inspectable from "effect/Inspectable"
import * as Stream from "effect/Stream"
import type * as Deadline from "../base/deadline.js"
import * as HttpClientError from "../base/httpClientError.js"
import * as Time from "../base/time.js"
import * as Secrets from "../safety/secrets.js"
import * as Url from "../safety/url.js"
import * as ContentCoding from "./contentCoding.js"
import * as Faults from "./faults.js"
import * as OwnClient from "./ownClient.js"
import * as TransportFault from "./transportFault.js"

type Bytes = Stream.Stream<Uint8Array, HttpClientError.ResponseError>

/** The request of a response. */
export interface Sending {
  /** Timeout in milliseconds for the whole body if it is read as a whole, or for each piece of a stream. */
  readonly timeout: number
  readonly secrets: Secrets.Secrets
}

const json = (body: HttpClientResponse.HttpClientResponse) => body.json

const text = (body: HttpClientResponse.HttpClientResponse) => body.text

/**
 * A response without the headers and body of its request: the platform's response and its errors hold all of the
 * request with its token. Credentials among the headers of the response are hidden when it is printed.
 */
class SafeResponse extends Inspectable.Class implements HttpClientResponse.HttpClientResponse {
  readonly [HttpIncomingMessage.TypeId]: typeof HttpIncomingMessage.TypeId = HttpIncomingMessage.TypeId
  readonly [HttpClientResponse.TypeId]: HttpClientResponse.TypeId = HttpClientResponse.TypeId
  readonly status: number
  #headers: Headers.Headers | undefined
  readonly #source: HttpClientResponse.HttpClientResponse
  readonly #url: URL
  readonly #sending: Sending
  readonly patience: number
  readonly #deadlines: Deadline.Deadlines
  #decided = false
  #coding: ContentCoding.Coding | undefined
  #whole: HttpClientResponse.HttpClientResponse | undefined
  #listener: ((text: string) => Effect.Effect<void>) | undefined

  constructor(
    source: HttpClientResponse.HttpClientResponse,
    url: URL,
    sending: Sending,
    deadlines: Deadline.Deadlines
  ) {
    super()
    this.#sending = sending
    this.#deadlines = deadlines
    this.#source = source
    this.#url = url
    this.patience = sending.timeout
    this.status = source.status
  }

  get url(): URL {
    return this.#url
  }

  get #shownUrl(): string {
    return this.secrets.hide(Url.shown(this.#url.href))
  }

  get secrets(): Secrets.Secrets {
    return this.#sending.secrets
  }

  get headers(): Headers.Headers {
    const coding = this.coding
    const headers = this.#ownHeaders
    return coding === "gzip" || coding === "deflate"
      ? Headers.remove(headers, ["content-encoding", "content-length"])
      : headers
  }

  get request(): HttpClientRequest.HttpClientRequest {
    return HttpClientRequest.make(this.#source.request.method)(this.#shownUrl)
  }
  get cookies() {
    return this.#source.cookies
  }
  get remoteAddress() {
    return this.#source.remoteAddress
  }
  get json() {
    return this.#inTime(this.#heard(this.#read(json)))
  }
  get text() {
    return this.#inTime(this.#heard(this.#read(text)))
  }
  get urlParamsBody() {
    return this.#inTime(this.#read((body) => body.urlParamsBody))
  }
  get formData() {
    return this.#inTime(this.#read((body) => body.formData))
  }
  get arrayBuffer() {
    return this.#inTime(this.#read((body) => body.arrayBuffer))
  }
  /** The body as a stream. The timeout applies to each piece: a download may take any time, but not stall. */
  get stream() {
    const body = this.#decoded(this.coding === "foreign" && this.#isOwn)
    return this.patience === Infinity
      ? body
      : Stream.timeoutFail(body, () => this.#late(), this.patience)
  }
  /** The decoded body, even if the caller has asked for a coding. It has no timeout. */
  get pieces() {
    return this.#decoded(false)
  }

  get #ownHeaders(): Headers.Headers {
    return this.#headers ??= this.#source.headers
  }

  get #codingHeader(): unknown {
    const source = this.#source
    return OwnClient.coding in source ? source[OwnClient.coding] : this.#ownHeaders["content-encoding"]
  }

  /** How the body is decoded. It is determined on first use, since many responses are used only for their status. */
  get coding(): ContentCoding.Coding | undefined {
    if (!this.#decided) {
      this.#decided = true
      const header = this.#codingHeader
      this.#coding = typeof header === "string" ? ContentCoding.make(this.#source, header) : undefined
    }
    return this.#coding
  }

  /** Whether the caller has asked for this coding or for a part of the body, and so gets the bytes as they are. */
  get #isOwn(): boolean {
    const { headers } = this.#source.request
    return this.status === 206 || headers["accept-encoding"] !== ContentCoding.accepted(headers)
  }

  #decoded(asItComes: boolean): Bytes {
    const wire = this.#wire
    const coding = this.coding
    return this.#safe(
      coding === undefined || asItComes ? wire : ContentCoding.decode(coding, wire, (reason) => this.#undecoded(reason))
    )
  }

  /**
   * Reads the body as a whole. A decoded body is kept, so that it can be read again, as the platform does for others.
   */
  #read<A>(
    use: (body: HttpClientResponse.HttpClientResponse) => Effect.Effect<A, HttpClientError.ResponseError>
  ): Effect.Effect<A, HttpClientError.ResponseError> {
    return this.coding === undefined
      ? use(this.#source)
      : this.#whole === undefined
      ? Effect.flatMap(ContentCoding.whole(this.#source, this.pieces, (reason) => this.#undecoded(reason)), (whole) => {
        this.#whole = whole
        return use(whole)
      })
      : use(this.#whole)
  }

  #undecoded(reason: string): HttpClientError.ResponseError {
    const message = `its content-encoding is ${
      this.secrets.hide(JSON.stringify(String(this.#codingHeader).slice(0, 60)))
    }: ${reason}`
    return this.#failure(message, { cause: { code: "ERR_CONTENT_ENCODING", message } })
  }

  #safe(bytes: Bytes): Bytes {
    return Stream.mapError(bytes, (error) => this.#safeError(error))
  }

  #inTime<A>(
    body: Effect.Effect<A, HttpClientError.ResponseError>
  ): Effect.Effect<A, HttpClientError.ResponseError> {
    // `catchAllCause` costs nothing on success
    const safe = Effect.catchAllCause(
      body,
      (cause) => Effect.failCause(Cause.map(cause, (error) => this.#safeError(error)))
    )
    return OwnClient.isComplete(this.#source) ?
      safe :
      Effect.clockWith((clock) =>
        this.#deadlines.within({ endsAt: Time.after(Time.now(clock), this.patience), late: () => this.#late() }, safe)
      )
  }

  /**
   * The body as it arrives. Its length is checked, since the platform takes a connection that broke before the body was
   * read for an empty body.
   */
  get #wire(): Bytes {
    const { stream } = this.#source
    const length = this.#ownHeaders["content-length"]
    if (
      length === undefined || this.coding === "decoded" || this.status === 304 ||
      this.#source.request.method === "HEAD"
    ) {
      return stream
    }
    return Stream.suspend(() => {
      let left = Number(length)
      const counted = Stream.map(stream, (chunk) => {
        left -= chunk.length
        return chunk
      })
      return Stream.concat(
        counted,
        Stream.suspend(() => left > 0 ? Stream.fail(this.#failure(`the body is ${left} bytes short`)) : Stream.empty)
      )
    })
  }

  #failure(
    description: string,
    about?: { readonly reason?: HttpClientError.ResponseError["reason"]; readonly cause?: unknown }
  ): HttpClientError.ResponseError {
    return new HttpClientError.ResponseError({
      request: this.request,
      response: this,
      reason: "Decode",
      ...about,
      description
    })
  }

  #late(): HttpClientError.ResponseError {
    return this.#failure(`the body did not arrive within ${this.patience} ms`)
  }

  #safeError(error: HttpClientError.ResponseError): HttpClientError.ResponseError {
    if (error.response === this) {
      return error
    }
    if (error.reason === "EmptyBody") {
      return this.#failure("the response has no body", { reason: error.reason })
    }
    // a cause may quote the body; only that of a broken connection, which has a code, is kept
    const cause = TransportFault.broken(error.cause)
    const told = cause === undefined ? undefined : { code: cause.code, message: this.secrets.hide(cause.message) }
    return this.#failure(
      told === undefined
        ? `the body cannot be read as requested (content type: ${
          this.secrets.hide(this.headers["content-type"] ?? "none")
        })`
        : `the body broke off: ${told.message} (${told.code})`,
      { reason: error.reason, cause: told }
    )
  }

  listen(listener: (text: string) => Effect.Effect<void>): void {
    this.#listener = listener
  }

  tell(text: string): Effect.Effect<void> {
    const listener = this.#listener
    this.#listener = undefined
    return listener === undefined ? Effect.void : listener(text)
  }

  /** Reads the body, and reports it to the listener as text, if the body can be read again. */
  #heard<A, E>(read: Effect.Effect<A, E>): Effect.Effect<A, E> {
    if (this.#listener === undefined) {
      return read
    }
    const told = Effect.ignore(Effect.flatMap(Effect.suspend(() => this.#read(text)), (text) => this.tell(text)))
    return Effect.tap(Effect.tapError(read, () => told), () => told)
  }

  toJSON(): unknown {
    return {
      _id: "@effect/platform/HttpClientResponse",
      request: { method: this.#source.request.method, url: this.#shownUrl },
      status: this.status,
      headers: this.secrets.headers(this.headers)
    }
  }
}

export const make = (
  source: HttpClientResponse.HttpClientResponse,
  url: URL,
  sending: Sending,
  deadlines: Deadline.Deadlines
): HttpClientResponse.HttpClientResponse => new SafeResponse(source, url, sending, deadlines)

/** The URL of a response after all redirects, which may have secrets. */
export const url = (response: HttpClientResponse.HttpClientResponse): URL | undefined =>
  response instanceof SafeResponse ? response.url : Url.parse(response.request.url)

/** The secrets of the request and of the response. */
const secretsOf = (response: HttpClientResponse.HttpClientResponse): Secrets.Secrets | undefined =>
  response instanceof SafeResponse ? response.secrets.with(response.headers) : undefined

/** Hides the secrets of the request and of the response in a text. */
export const hide = (response: HttpClientResponse.HttpClientResponse): (text: string) => string => {
  let secrets: Secrets.Secrets | undefined
  return (text) => (secrets ??= secretsOf(response))?.hide(text) ?? text
}

/** The request id of a response, without secrets. */
export const requestId = (response: HttpClientResponse.HttpClientResponse): string | undefined =>
  Faults.requestId(response.headers, hide(response))

/** The timeout for the body of a response, in milliseconds. */
export const patience = (response: HttpClientResponse.HttpClientResponse): number =>
  response instanceof SafeResponse ? response.patience : Infinity

/** The decoded body of a response, without a timeout. */
export const pieces = (
  response: HttpClientResponse.HttpClientResponse
): Stream.Stream<Uint8Array, HttpClientError.ResponseError> =>
  response instanceof SafeResponse ? response.pieces : response.stream

/** Calls the listener once when the body is read, with its text. The body is not read for it. */
export const listen = (
  response: HttpClientResponse.HttpClientResponse,
  listener: (text: string) => Effect.Effect<void>
): void => {
  if (response instanceof SafeResponse) {
    response.listen(listener)
  }
}

/** Reports a text to the listener that was read by other means than `json` and `text`. */
export const tell = (response: HttpClientResponse.HttpClientResponse, text: string): Effect.Effect<void> =>
  response instanceof SafeResponse ? response.tell(text) : Effect.void
