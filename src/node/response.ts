/** The response to a request on undici's `dispatch`. */
import type * as Undici from "@effect/platform-node/Undici"
import * as Cookies from "@effect/platform/Cookies"
import * as Headers from "@effect/platform/Headers"
import type * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as HttpIncomingMessage from "@effect/platform/HttpIncomingMessage"
import * as UrlParams from "@effect/platform/UrlParams"
import type * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Inspectable from "effect/Inspectable"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import * as HttpClientError from "../base/httpClientError.js"
import * as OwnClient from "../wire/ownClient.js"

export type RawHeaders = Parameters<Exclude<Undici.Dispatcher.DispatchHandler["onResponseStart"], undefined>>[2]
type Read<A> = Effect.Effect<A, HttpClientError.ResponseError>

/** A body that is arriving. */
export interface Body {
  /** Whether the body is kept, so that it can be read again. */
  readonly kept: boolean
  readonly ended: boolean
  readonly fault: { readonly cause: unknown } | undefined
  /** Whether the body has ended or failed. */
  readonly done: boolean
  /** Whether chunks have arrived that were not taken. */
  readonly filled: boolean
  /** The whole body. */
  readonly bytes: Effect.Effect<Buffer, unknown>
  /** Takes the chunks that have arrived, and lets more arrive. */
  readonly take: () => Chunk.Chunk<Buffer>
  /** Waits until more arrives, or the body ends. */
  readonly next: Effect.Effect<void>
  readonly abort: () => void
}

/** Aborts the bodies of responses that were collected unread, to free their connections. */
const unread = new FinalizationRegistry((body: Body) => body.abort())

/** Registers a response whose body has not arrived yet. */
export const watched = (response: ClientResponse, body: Body): ClientResponse => {
  if (!body.done) {
    unread.register(response, body, response)
  }
  return response
}

class ClientResponse extends Inspectable.Class implements HttpClientResponse.HttpClientResponse {
  readonly [HttpIncomingMessage.TypeId]: typeof HttpIncomingMessage.TypeId = HttpIncomingMessage.TypeId
  readonly [HttpClientResponse.TypeId]: HttpClientResponse.TypeId = HttpClientResponse.TypeId
  readonly #source: RawHeaders
  readonly #body: Body
  #headers: Headers.Headers | undefined
  #cookies: Cookies.Cookies | undefined
  #text: string | undefined

  constructor(
    readonly request: HttpClientRequest.HttpClientRequest,
    readonly status: number,
    source: RawHeaders,
    body: Body
  ) {
    super()
    this.#source = source
    this.#body = body
  }

  get [OwnClient.complete](): boolean {
    return this.#body.done
  }
  get [OwnClient.coding](): string | undefined {
    return this.#source["content-encoding"]?.toString()
  }
  get headers(): Headers.Headers {
    return this.#headers ??= Headers.fromInput(this.#source)
  }
  get cookies(): Cookies.Cookies {
    return this.#cookies ??= Cookies.fromSetCookie(this.#source["set-cookie"] ?? [])
  }
  get remoteAddress(): Option.Option<string> {
    return Option.none()
  }
  get text(): Read<string> {
    return Effect.map(this.#bytes, (bytes) => this.#text ??= decode(bytes))
  }
  get json(): Read<unknown> {
    return this.#parsed((text): unknown => text === "" ? null : JSON.parse(text))
  }
  get urlParamsBody(): Read<UrlParams.UrlParams> {
    return this.#parsed((text) => UrlParams.fromInput(new URLSearchParams(text)))
  }
  get arrayBuffer(): Read<ArrayBuffer> {
    return Effect.map(this.#bytes, (bytes) => new Uint8Array(bytes).buffer)
  }
  get formData(): Read<FormData> {
    return Effect.flatMap(this.#bytes, (bytes) =>
      Effect.tryPromise({
        try: () => new Response(new Uint8Array(bytes), { headers: this.headers }).formData(),
        catch: failureOf(this)
      }))
  }
  get stream(): Stream.Stream<Uint8Array, HttpClientError.ResponseError> {
    const body = this.#body
    const pull: Effect.Effect<Chunk.Chunk<Uint8Array>, Option.Option<HttpClientError.ResponseError>> = Effect.suspend(
      () => {
        if (body.filled) {
          return Effect.succeed(body.take())
        }
        return body.fault !== undefined
          ? Effect.fail(Option.some(failureOf(this)(body.fault.cause)))
          : body.ended
          ? Effect.fail(Option.none())
          : Effect.zipRight(body.next, pull)
      }
    )
    return Stream.suspend(() => {
      if (body.kept) {
        return Stream.fromEffect(this.#bytes)
      }
      unread.unregister(this)
      return Stream.ensuring(Stream.repeatEffectChunkOption(pull), Effect.sync(() => body.abort()))
    })
  }

  get #bytes(): Read<Buffer> {
    return Effect.suspend(() => {
      if (!this.#body.done) {
        unread.unregister(this)
      }
      return Effect.mapError(this.#body.bytes, failureOf(this))
    })
  }

  #parsed<A>(parse: (text: string) => A): Read<A> {
    return Effect.tryMap(this.text, { try: parse, catch: failureOf(this) })
  }

  toJSON(): unknown {
    return HttpIncomingMessage.inspect(this, {
      _id: "@effect/platform/HttpClientResponse",
      request: this.request.toJSON(),
      status: this.status
    })
  }
}

export const make = (
  request: HttpClientRequest.HttpClientRequest,
  status: number,
  headers: RawHeaders,
  body: Body
): ClientResponse => new ClientResponse(request, status, headers, body)

const failureOf = (response: ClientResponse) => (cause: unknown): HttpClientError.ResponseError =>
  new HttpClientError.ResponseError({ request: response.request, response, reason: "Decode", cause })

/** UTF-8 without a byte order mark. */
const decode = (bytes: Buffer): string =>
  bytes.toString("utf8", bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0)
