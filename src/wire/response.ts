/** An answer that cannot give away what was sent for it. */
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

/** What it is the answer to. */
export interface Sending {
  /** For how many milliseconds its body is waited for: all of it if it is kept, each piece of a stream. */
  readonly timeout: number
  readonly secrets: Secrets.Secrets
}

const json = (body: HttpClientResponse.HttpClientResponse) => body.json

const text = (body: HttpClientResponse.HttpClientResponse) => body.text

/**
 * The platform's response holds the request with its token and body, and so does every error of reading it. This one
 * shows a request of method and URL only, and hides the credentials among its own headers when it is printed.
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
  /** A download may take as long as it likes, but not stop. */
  get stream() {
    const body = this.#decoded(this.coding === "foreign" && this.#isOwn)
    return this.patience === Infinity
      ? body
      : Stream.timeoutFail(body, () => this.#late(), this.patience)
  }
  /** Never in a coding, whatever was asked for. */
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

  /** Known only when something of the answer is asked for but its status. */
  get coding(): ContentCoding.Coding | undefined {
    if (!this.#decided) {
      this.#decided = true
      const header = this.#codingHeader
      this.#coding = typeof header === "string" ? ContentCoding.make(this.#source, header) : undefined
    }
    return this.#coding
  }

  /** The caller asked for this coding, or for a part of the body: it is his as it comes. */
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

  /** What was in a coding is kept when it is read as a whole, as the platform does, so that it can be read again. */
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
    // nothing is done where it succeeds
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

  /** What comes. A connection that broke before anyone read is an empty body to the platform: then its length tells. */
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
        Stream.suspend(() => left > 0 ? Stream.fail(this.#failure(`it is ${left} bytes short`)) : Stream.empty)
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
    return this.#failure(`the body did not come within ${this.patience} ms`)
  }

  #safeError(error: HttpClientError.ResponseError): HttpClientError.ResponseError {
    if (error.response === this) {
      return error
    }
    if (error.reason === "EmptyBody") {
      return this.#failure("the answer has no body", { reason: error.reason })
    }
    // a cause may quote the body; only that of a broken connection, which has a code, is told
    const cause = TransportFault.broken(error.cause)
    const told = cause === undefined ? undefined : { code: cause.code, message: this.secrets.hide(cause.message) }
    return this.#failure(
      told === undefined
        ? `the body cannot be read as asked (content type ${
          this.secrets.hide(this.headers["content-type"] ?? "not given")
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

  /** The text that was read is still there; where it is not, nobody hears of it, and the reading goes on as it would. */
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

/** Where it came from, after all redirects: not to be shown. */
export const url = (response: HttpClientResponse.HttpClientResponse): URL | undefined =>
  response instanceof SafeResponse ? response.url : Url.parse(response.request.url)

/** The secrets that were sent for it, and its own: nothing that is said about it may hold one. */
const secretsOf = (response: HttpClientResponse.HttpClientResponse): Secrets.Secrets | undefined =>
  response instanceof SafeResponse ? response.secrets.with(response.headers) : undefined

/** A text about the answer, as it may be shown. */
export const hide = (response: HttpClientResponse.HttpClientResponse): (text: string) => string => {
  let secrets: Secrets.Secrets | undefined
  return (text) => (secrets ??= secretsOf(response))?.hide(text) ?? text
}

/** The request id of the answer, as it may be shown. */
export const requestId = (response: HttpClientResponse.HttpClientResponse): string | undefined =>
  Faults.requestId(response.headers, hide(response))

/** How long its body is waited for. */
export const patience = (response: HttpClientResponse.HttpClientResponse): number =>
  response instanceof SafeResponse ? response.patience : Infinity

/** Its body, for who has a timer of his own. */
export const pieces = (
  response: HttpClientResponse.HttpClientResponse
): Stream.Stream<Uint8Array, HttpClientError.ResponseError> =>
  response instanceof SafeResponse ? response.pieces : response.stream

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
