/**
 * Compressed bodies (`Content-Encoding`): which codings requests accept, and how bodies are decoded. Bodies are decoded
 * as streams, so that a small one that expands to a large one takes no memory, unless it is read as a whole, up to
 * `limit`.
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

/** `Accept-Encoding` of requests that do not set it. A range of a compressed body could not be decoded. */
export const accepted = (headers: Headers.Headers): string => "range" in headers ? "identity" : "gzip, deflate"

/** The longest compressed body that can be read as a whole, in decoded bytes. */
const limit = 128 * 1024 * 1024

/** How a body is decoded: `"decoded"` by the HTTP client, `"gzip"` and `"deflate"` here, `"foreign"` not at all. */
export type Coding = "decoded" | "gzip" | "deflate" | "foreign"

/** Codings that implementations of `fetch` decode. */
const ofFetch = /^(gzip|deflate|br|zstd)$/

/**
 * Whether a response comes from `fetch`, which decodes bodies and keeps the header. Only its responses have a URL; the
 * platform wraps them once or twice.
 */
const isFetched = (response: HttpClientResponse.HttpClientResponse): boolean => {
  const inner: unknown = "original" in response ? response.original : response
  return isRecord(inner) && isRecord(inner["source"]) && typeof inner["source"]["url"] === "string" &&
    inner["source"]["url"] !== ""
}

/** Decides how a response with this `content-encoding` is decoded; `undefined` if it is not encoded. */
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

/** Decodes a body. An empty body needs no decoding. */
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
            : Effect.fail(fail("only gzip and deflate can be decoded, and no parts of a body"))
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
                  // some servers send deflate with zlib's header, as the standard says, and some without
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
          : fail(`the body is invalid or incomplete: ${cause instanceof Error ? cause.message : "no reason is given"}`)
    })))

/** Decodes a whole body, which the platform can then read repeatedly and in each form. */
export const whole = (
  response: HttpClientResponse.HttpClientResponse,
  bytes: Bytes,
  fail: Fail
): Effect.Effect<HttpClientResponse.HttpClientResponse, Failure> =>
  Effect.suspend(() => {
    const beginning = new Beginning(limit)
    // reading a form needs its content type
    const { "content-type": type = "" } = response.headers
    return Effect.flatMap(beginning.fill(bytes), () =>
      beginning.truncated
        ? Effect.fail(fail(`the decoded body is longer than ${limit} bytes; read it as a stream`))
        : Effect.succeed(HttpClientResponse.fromWeb(
          response.request,
          new Response(beginning.bytes, { headers: /^[ -~]*$/.test(type) ? { "content-type": type } : {} })
        )))
  })
