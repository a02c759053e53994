/** Reading bodies with a bound, and what can be sent twice. */
import type * as HttpBody from "@effect/platform/HttpBody"
import type * as HttpClientError from "@effect/platform/HttpClientError"
import type * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import * as Response from "./response.js"

interface Read {
  readonly chunks: Array<Uint8Array>
  size: number
}

/** A body as text, cut after `limit` bytes; the connection is closed if there is more. */
export const text = (
  response: HttpClientResponse.HttpClientResponse,
  limit: number
): Effect.Effect<string, HttpClientError.ResponseError> =>
  Effect.suspend(() => {
    const read: Read = { chunks: [], size: 0 }
    return response.stream.pipe(
      Stream.runFoldWhile(read, () => read.size < limit, (_, chunk) => {
        read.chunks.push(chunk)
        read.size += chunk.length
        return read
      }),
      Effect.map((complete) => decode(complete, limit)),
      Effect.catchIf((error) => error.reason === "EmptyBody", () => Effect.succeed("")),
      Effect.tap((text) => Response.tell(response, text))
    )
  })

const decode = (read: Read, limit: number): string => {
  const bytes = new Uint8Array(read.size)
  let offset = 0
  for (const chunk of read.chunks) {
    bytes.set(chunk, offset)
    offset += chunk.length
  }
  return new TextDecoder().decode(bytes.subarray(0, limit))
}

/** The beginning of the body of a refusal; what cannot be read in time counts as empty. */
export const faultText = (response: HttpClientResponse.HttpClientResponse): Effect.Effect<string> =>
  text(response, 64 * 1024).pipe(Effect.timeout("5 seconds"), Effect.catchAll(() => Effect.succeed("")))

/** Lets go of an answer whose body is of no interest, so that its connection can be used again or is closed. */
export const discard = (response: HttpClientResponse.HttpClientResponse): Effect.Effect<void> =>
  Effect.asVoid(faultText(response))

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
