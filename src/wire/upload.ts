/**
 * Uploads: a body that is sent in pieces reports its progress, and the error of its stream, which platforms report only in
 * part.
 */
import * as HttpBody from "@effect/platform/HttpBody"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import type * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import { isRecord } from "effect/Predicate"
import * as Stream from "effect/Stream"

/** How many bytes are handed over at once: bytes that wait in a buffer are no progress. */
const pieceLength = 64 * 1024

/** From how many bytes on a byte array is sent in pieces, if the client can do that. */
const large = 1024 * 1024

export interface Listener {
  /** A piece was taken. Interrupts the stream after its attempt has failed: not every platform does. */
  readonly progressed: () => Effect.Effect<void>
  /** The stream has failed. */
  readonly failed: (cause: Cause.Cause<unknown>) => void
}

/** Whether a body reports its progress. `inPieces`: the client keeps the `content-length` of a stream. */
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
    // one is taken at a time
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
 * The platform's client on `node:http` waits for its socket only between two parts of a chunk: chunks of one part it would
 * take without end.
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
