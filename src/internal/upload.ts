/**
 * A body that flows: each piece that is taken shows that it does, and an error of its stream is kept, since platforms
 * hand on little of it.
 */
import * as HttpBody from "@effect/platform/HttpBody"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as Cause from "effect/Cause"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import { isRecord } from "effect/Predicate"
import * as Stream from "effect/Stream"

/** How many bytes are handed over at once: what waits in a buffer shows no progress. */
const pieceLength = 64 * 1024

/** From how many bytes on a body that is here as a whole is sent in pieces, where that can be done. */
const large = 1024 * 1024

/** Who is told of it. */
export interface Listener {
  /** A piece was taken. */
  readonly flows: () => void
  /** The stream has failed. */
  readonly fails: (cause: Cause.Cause<unknown>) => void
}

/** Does this body flow? `inPieces`: whoever sends it keeps the `content-length` of a stream. */
export const isFlowing = (body: HttpBody.HttpBody, inPieces: boolean): body is HttpBody.Stream | HttpBody.Uint8Array =>
  body._tag === "Stream" || (inPieces && body._tag === "Uint8Array" && body.body.length > large)

/** The same request with a body that tells. */
export const make = (
  request: HttpClientRequest.HttpClientRequest,
  body: HttpBody.Stream | HttpBody.Uint8Array,
  listener: Listener
): HttpClientRequest.HttpClientRequest => {
  const source: Stream.Stream<Uint8Array, unknown> = body._tag === "Stream" ? body.stream : Stream.make(body.body)
  const told = Stream.chunks(source).pipe(
    Stream.tapErrorCause((cause) => Effect.sync(() => listener.fails(cause))),
    Stream.mapConcat(pieces),
    Stream.rechunk(1),
    Stream.map((piece) => {
      listener.flows()
      return piece
    }),
    Stream.flattenChunks
  )
  // headers that the caller has set after the body stay
  return HttpClientRequest.setHeaders(
    HttpClientRequest.setBody(request, HttpBody.stream(told, body.contentType, body.contentLength)),
    request.headers
  )
}

/** The bytes of a chunk in chunks of no more than `pieceLength` bytes each. */
const pieces = (chunk: Chunk.Chunk<Uint8Array>): ReadonlyArray<Chunk.Chunk<Uint8Array>> => {
  const made: Array<Array<Uint8Array>> = []
  let room = 0
  for (const bytes of chunk) {
    for (let start = 0; start < bytes.length;) {
      if (room === 0) {
        made.push([])
        room = pieceLength
      }
      const slice = bytes.subarray(start, start + room)
      made[made.length - 1]?.push(slice)
      start += slice.length
      room -= slice.length
    }
  }
  return made.map(Chunk.unsafeFromArray)
}

/** `ReadFailed: disk on fire` */
export const describe = (error: unknown): string => {
  if (!isRecord(error)) {
    return String(error)
  }
  const { _tag: tag, message, name } = error
  return [tag ?? name, message].filter((part) => typeof part === "string" && part !== "").join(": ")
}
