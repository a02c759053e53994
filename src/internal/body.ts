/** Reading bodies with a bound, and what can be sent twice. */
import type * as HttpBody from "@effect/platform/HttpBody"
import type * as HttpClientError from "@effect/platform/HttpClientError"
import type * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import * as Response from "./response.js"

/**
 * The beginning of a body, as it comes. It is copied into one buffer: chunks of one byte each, kept as they are, would take
 * more than a hundred times their size.
 */
class Beginning {
  #bytes = new Uint8Array(0)
  #size = 0
  readonly #limit: number
  constructor(limit: number) {
    this.#limit = limit
  }

  /** Is there more than is wanted? */
  truncated = false

  add(chunk: Uint8Array): void {
    const wanted = chunk.subarray(0, this.#limit - this.#size)
    this.truncated = wanted.length < chunk.length
    if (this.#size + wanted.length > this.#bytes.length) {
      const grown = new Uint8Array(Math.min(this.#limit, 2 * (this.#size + wanted.length)))
      grown.set(this.#bytes.subarray(0, this.#size))
      this.#bytes = grown
    }
    this.#bytes.set(wanted, this.#size)
    this.#size += wanted.length
  }

  get text(): string {
    return new TextDecoder().decode(this.#bytes.subarray(0, this.#size))
  }
}

/** Reads until the end or the limit, where the connection is closed. */
const read = (
  response: HttpClientResponse.HttpClientResponse,
  into: Beginning
): Effect.Effect<void, HttpClientError.ResponseError> =>
  Response.pieces(response).pipe(
    Stream.runFoldWhile(into, () => !into.truncated, (_, chunk) => {
      into.add(chunk)
      return into
    }),
    Effect.catchIf((error) => error.reason === "EmptyBody", () => Effect.void),
    Effect.asVoid
  )

/** A body as text, and whether it was cut after `limit` bytes. */
export const text = (
  response: HttpClientResponse.HttpClientResponse,
  limit: number
): Effect.Effect<{ readonly text: string; readonly truncated: boolean }, HttpClientError.ResponseError> =>
  Effect.suspend(() => {
    const beginning = new Beginning(limit)
    return Effect.zipRight(read(response, beginning), Effect.suspend(() => heard(response, beginning)))
  })

/** What was read, and told to who listens. */
const heard = (
  response: HttpClientResponse.HttpClientResponse,
  { text, truncated }: Beginning
): Effect.Effect<{ readonly text: string; readonly truncated: boolean }> =>
  Effect.as(Response.tell(response, text), { text, truncated })

/** What came of the beginning of a body within so many milliseconds, whatever happened then. */
const within = (
  response: HttpClientResponse.HttpClientResponse,
  limit: number,
  millis: number
): Effect.Effect<string> =>
  Effect.suspend(() => {
    const beginning = new Beginning(limit)
    return read(response, beginning).pipe(
      Effect.timeout(millis),
      Effect.ignore,
      Effect.zipRight(Effect.suspend(() => heard(response, beginning))),
      Effect.map(({ text }) => text)
    )
  })

const faultLimit = 64 * 1024

/** The beginning of the body of a refusal: what came of it in time, for the refusal is known without it. */
export const faultText = (response: HttpClientResponse.HttpClientResponse): Effect.Effect<string> =>
  within(response, faultLimit, Math.min(5000, Response.patience(response) / 2))

/** Lets go of an answer whose body is of no interest, so that its connection can be used again or is closed. */
export const discard = (response: HttpClientResponse.HttpClientResponse): Effect.Effect<void> =>
  Effect.asVoid(within(response, faultLimit, Math.min(500, Response.patience(response) / 2)))

/** Can this body be sent a second time? A stream may be read only once. */
export const isReplayable = (body: HttpBody.HttpBody): boolean => {
  switch (body._tag) {
    case "Empty":
    case "Uint8Array":
    case "FormData":
      return true
    case "Raw":
      return typeof body.body === "string" || ArrayBuffer.isView(body.body) || body.body instanceof ArrayBuffer ||
        body.body instanceof Blob || body.body instanceof URLSearchParams
    case "Stream":
      return false
  }
}
