/**
 * Uploads: a body that is sent in pieces reports its progress and the error of its stream, which HTTP clients report
 * only in part.
 */
import * as HttpBody from "@effect/platform/HttpBody"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import type * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import { isRecord } from "effect/Predicate"
import * as Stream from "effect/Stream"

/** Bytes of one piece. Larger pieces would wait in a buffer, which is not progress. */
const pieceLength = 64 * 1024

/** A byte array of more bytes is sent in pieces, if the HTTP client can do that. */
const large = 1024 * 1024

export interface Listener {
  /** Reports that a piece was taken. Interrupts the stream if the attempt has failed: not every HTTP client does. */
  readonly progressed: () => Effect.Effect<void>
  /** Reports that the stream has failed. */
  readonly failed: (cause: Cause.Cause<unknown>) => void
}

/**
 * Whether a body reports its progress. `inPieces` means that the HTTP client keeps the `content-length` of a stream.
 */
export const isFlowing = (body: HttpBody.HttpBody, inPieces: boolean): body is HttpBody.Stream | HttpBody.Uint8Array =>
  body._tag === "Stream" || (inPieces && body._tag === "Uint8Array" && body.body.length > large)

/** The same request with a body that reports to a listener. */
export const make = (
  request: HttpClientRequest.HttpClientRequest,
  body: HttpBody.Stream | HttpBody.Uint8Array,
  listener: Listener
): HttpClientRequest.HttpClientRequest => {
  const source: Stream.Stream<Uint8Array, unknown> = body._tag === "Stream" ? body.stream : Stream.make(body.body)
  const told = source.pipe(
    Stream.tapErrorCause((cause) => Effect.sync(() => listener.failed(cause))),
    Stream.mapConcat(pieces),
    // one piece per chunk
    Stream.rechunk(1),
    Stream.tap(() => listener.progressed()),
    Stream.mapConcat(halves)
  )
  // headers that the caller has set after the body stay
  return HttpClientRequest.setHeaders(
    HttpClientRequest.setBody(request, HttpBody.stream(told, body.contentType, body.contentLength)),
    request.headers
  )
}

const pieces = (bytes: Uint8Array): ReadonlyArray<Uint8Array> =>
  Array.from(
    { length: Math.ceil(bytes.length / pieceLength) },
    (_, n) => bytes.subarray(n * pieceLength, (n + 1) * pieceLength)
  )

/**
 * Splits a piece into two, since the platform's client on `node:http` waits for its socket only between two pieces of a
 * chunk.
 */
const halves = (bytes: Uint8Array): ReadonlyArray<Uint8Array> => {
  const half = bytes.length >> 1
  return half === 0 ? [bytes] : [bytes.subarray(0, half), bytes.subarray(half)]
}

/** `ReadFailed: disk on fire` */
export const describe = (error: unknown): string => {
  if (!isRecord(error)) {
    return String(error)
  }
  const { _tag: tag, message, name } = error
  return [tag ?? name, message].filter((part) => typeof part === "string" && part !== "").join(": ")
}
