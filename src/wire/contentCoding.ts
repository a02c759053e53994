/**
 * Bodies that were compressed for their way (`Content-Encoding`): what requests ask for, and how such bodies are read. They are
 * decoded as streams: nothing of what a small body expands to is kept, unless somebody reads it as a whole, and then up to `limit`.
 */
import type * as Headers from "@effect/platform/Headers"
import * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { isRecord } from "effect/Predicate"
import * as Stream from "effect/Stream"
import * as HttpClientError from "../base/httpClientError.js"
import { Beginning } from "./beginning.js"

type Failure = HttpClientError.ResponseError
type Bytes = Stream.Stream<Uint8Array, Failure>

/** Makes the error of a body that cannot be decoded. */
type Fail = (reason: string) => Failure

/** What a request accepts unless its caller says so himself. A range of something compressed could not be decoded. */
export const accepted = (headers: Headers.Headers): string => "range" in headers ? "identity" : "gzip, deflate"

/** How long a body that was compressed may be when it is read as a whole. */
const limit = 128 * 1024 * 1024

/** The platform has decoded it, we do, or nobody does. */
export type Coding = "decoded" | "gzip" | "deflate" | "foreign"

/** What some `fetch` decodes. */
const ofFetch = /^(gzip|deflate|br|zstd)$/

/** `fetch` leaves the header on when it decodes. Only its answers have a URL; the platform wraps them once or twice. */
const isFetched = (response: HttpClientResponse.HttpClientResponse): boolean => {
  const inner: unknown = "original" in response ? response.original : response
  return isRecord(inner) && isRecord(inner["source"]) && typeof inner["source"]["url"] === "string" &&
    inner["source"]["url"] !== ""
}

/** The one place that decides who decodes an answer with this `content-encoding`. */
export const make = (response: HttpClientResponse.HttpClientResponse, header: string): Coding | undefined => {
  const { request, status } = response
  const names = header.toLowerCase().split(",").map((name) => name.trim().replace(/^x-/, ""))
  const [name, ...more] = names.filter((name) => name !== "" && name !== "identity")
  return name === undefined || request.method === "HEAD" || status === 204 || status === 304
    ? undefined
    : isFetched(response) && names.every((name) => ofFetch.test(name))
    ? "decoded"
    : (name === "gzip" || name === "deflate") && more.length === 0 && status !== 206
    ? name
    : "foreign"
}

/** The bytes without their coding. Nothing is not in any coding. */
export const decode = (coding: Coding, wire: Bytes, fail: Fail): Bytes => {
  switch (coding) {
    case "decoded":
      return wire
    case "foreign":
      return Stream.tap(
        wire,
        ({ length }) =>
          length === 0
            ? Effect.void
            : Effect.fail(fail("it is not understood: gzip is, and deflate, if all of it comes"))
      )
    default:
      return Stream.unwrapScoped(
        Effect.map(
          Stream.toPull(Stream.rechunk(Stream.filter(wire, ({ length }) => length > 0), 1)),
          (pull) =>
            Stream.unwrap(Effect.match(pull, {
              onFailure: Option.match({ onNone: () => Stream.empty, onSome: Stream.fail }),
              onSuccess: (first) =>
                decompress(
                  // some send deflate in the format of zlib, as the standard has it, and some without
                  coding === "deflate" && (Chunk.unsafeHead(first)[0] ?? 0) % 16 !== 8 ? "deflate-raw" : coding,
                  Stream.concat(Stream.fromChunk(first), Stream.repeatEffectChunkOption(pull)),
                  fail
                )
            }))
        )
      )
  }
}

const decompress = (format: CompressionFormat, compressed: Bytes, fail: Fail): Bytes =>
  Stream.unwrap(Effect.map(Effect.runtime(), (runtime) =>
    Stream.fromReadableStream({
      evaluate: () =>
        Stream.toReadableStreamRuntime(Stream.map(compressed, (chunk) => new Uint8Array(chunk)), runtime)
          .pipeThrough(new DecompressionStream(format)),
      onError: (cause) =>
        cause instanceof HttpClientError.ResponseError
          ? cause
          : fail(`it is not that, or not whole: ${cause instanceof Error ? cause.message : "it cannot be decoded"}`)
    })))

/** All of a body, to be read by the platform as often as anyone likes. */
export const whole = (
  response: HttpClientResponse.HttpClientResponse,
  bytes: Bytes,
  fail: Fail
): Effect.Effect<HttpClientResponse.HttpClientResponse, Failure> =>
  Effect.suspend(() => {
    const beginning = new Beginning(limit)
    // it tells how a form is written
    const { "content-type": type = "" } = response.headers
    return Effect.flatMap(beginning.fill(bytes), () =>
      beginning.truncated
        ? Effect.fail(fail(`it is longer than ${limit} bytes when it is decoded: read it as a stream`))
        : Effect.succeed(HttpClientResponse.fromWeb(
          response.request,
          new Response(beginning.bytes, { headers: /^[ -~]*$/.test(type) ? { "content-type": type } : {} })
        )))
  })
