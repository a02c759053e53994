/**
 * Bodies that were compressed for their way (`Content-Encoding`): what requests ask for, and how such bodies are read. All that
 * is decoded is decoded as a stream, so that a small body that expands to a big one never is in memory as a whole unless somebody
 * reads it as a whole, and then up to `limit`.
 */
import * as Headers from "@effect/platform/Headers"
import * as HttpClientError from "@effect/platform/HttpClientError"
import type * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as UrlParams from "@effect/platform/UrlParams"
import * as Cause from "effect/Cause"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import { constVoid } from "effect/Function"
import * as Option from "effect/Option"
import { isRecord } from "effect/Predicate"
import * as Stream from "effect/Stream"
import { Beginning } from "./beginning.js"

type Response = HttpClientResponse.HttpClientResponse
type Failure = HttpClientError.ResponseError
type Bytes = Stream.Stream<Uint8Array, Failure>

/** What reads a body. */
export type Body = Pick<Response, "arrayBuffer" | "formData" | "json" | "stream" | "text" | "urlParamsBody">

/** What a request accepts unless its caller says so himself. A range of something compressed could not be decoded. */
export const accepted = (headers: Headers.Headers): string => "range" in headers ? "identity" : "gzip, deflate"

/** How long a decoded body may be that is read as a whole. */
const limit = 128 * 1024 * 1024

/** Why a body cannot be decoded. */
export class Fault extends Error {
  readonly code = "ERR_CONTENT_ENCODING"
}

// -----------------------------------------------------------------------------
// who decodes
// -----------------------------------------------------------------------------

type Known = "gzip" | "deflate"

/** Bytes as they come, or in this coding; or why they cannot be decoded. */
type Plan =
  | { readonly _tag: "AsItIs" }
  | { readonly _tag: "Decode"; readonly format: CompressionFormat }
  | { readonly _tag: "Refuse"; readonly reason: string }

const asItIs: Plan = { _tag: "AsItIs" }

/** An answer with a coding: its headers as far as they are true of what is read, and what to do once the first bytes are known. */
export interface Coded {
  readonly headers: Headers.Headers
  /** `content-length` tells how many bytes come. */
  readonly counted: boolean
  readonly plan: (first: Uint8Array) => Plan
  /** The caller asked for codings of his own: a stream of one that is not decoded is his. */
  readonly own: boolean
  readonly fail: (reason: string) => Failure
}

const isGzip = ([a, b]: Uint8Array): boolean => a === 0x1f && b === 0x8b

const isZlib = ([a = 0, b = 0]: Uint8Array): boolean => (a & 15) === 8 && (a * 256 + b) % 31 === 0

const isZstd = ([a, b, c, d]: Uint8Array): boolean => a === 0x28 && b === 0xb5 && c === 0x2f && d === 0xfd

/** What some fetch decodes. */
const ofFetch = new Set(["gzip", "deflate", "br", "zstd"])

/** A `Response` of the web, and whether it came from a `fetch`: only these have a URL. The platform has it in one or two wraps. */
const webResponse = (source: Response): { readonly fetched: boolean } | undefined => {
  const inner = "original" in source && isRecord(source.original) ? source.original : source
  const web = "source" in inner ? inner.source : undefined
  return isRecord(web) && "bodyUsed" in web ? { fetched: web["url"] !== "" } : undefined
}

/**
 * The one place that decides who decodes an answer. `fetch` decodes what it knows and leaves the header on, so that what it gave is
 * never decoded again: it may well be a compressed file. Which codings it knows depends on the platform; of those that
 * not all know, the first bytes tell. For a web `Response` that was made by hand, or from another one, the first bytes tell, too. Any other client hands on
 * what came, and the header is true.
 */
export const make = (
  source: Response,
  header: string,
  headers: Headers.Headers
): Coded | undefined => {
  const { request, status } = source
  const names = header.toLowerCase().split(",").map((name) => name.trim().replace(/^x-/, ""))
  const codings = names.filter((name) => name !== "" && name !== "identity")
  if (codings.length === 0 || request.method === "HEAD" || status < 200 || status === 204 || status === 304) {
    return undefined
  }
  const shown = JSON.stringify(header.slice(0, 60))
  const single: string | undefined = codings.length === 1 ? codings[0] : undefined
  const known: Known | undefined = single === "gzip" || single === "deflate" ? single : undefined
  const notUnderstood: Plan = {
    _tag: "Refuse",
    reason: status === 206
      ? `it is a part of something compressed (content-encoding ${shown}): read it as a stream, as it comes`
      : `its content-encoding ${shown} is not understood: gzip is, and deflate`
  }
  const fail = (reason: string) => failure(source, new Fault(reason))
  const own = status === 206 || request.headers["accept-encoding"] !== accepted(request.headers)
  const web = webResponse(source)
  if (web === undefined) {
    return known === undefined || status === 206
      ? { headers, counted: true, plan: () => notUnderstood, own, fail }
      : { headers: plain(headers), counted: true, plan: (first) => decode(known, first), own, fail }
  }
  // next to `identity`, which is no coding, Node's leaves the others alone
  const decoded = web.fetched && !names.includes("identity")
  return {
    headers: decoded || known === undefined ? headers : plain(headers),
    counted: false,
    plan: (first) =>
      !codings.every((name) => ofFetch.has(name)) || isZstd(first) && codings.includes("zstd")
        ? notUnderstood
        : !decoded && (known === "gzip" && isGzip(first) || known === "deflate" && isZlib(first))
        ? decode(known, first)
        : asItIs,
    own,
    fail
  }
}

const plain = (headers: Headers.Headers) => Headers.remove(headers, ["content-encoding", "content-length"])

/** Under the name of deflate, some send it in the format of zlib, as the standard has it, and some without. */
const decode = (known: Known, first: Uint8Array): Plan => ({
  _tag: "Decode",
  format: known === "deflate" && !isZlib(first) ? "deflate-raw" : known
})

const failure = (source: Response, cause: unknown): Failure =>
  new HttpClientError.ResponseError({ request: source.request, response: source, reason: "Decode", cause })

// -----------------------------------------------------------------------------
// reading
// -----------------------------------------------------------------------------

/** The bytes without their coding. `asTheyCome`: those of a coding that is not understood, too. */
export const bytes = (coded: Coded, wire: Bytes, asTheyCome: boolean): Bytes =>
  Stream.unwrapScoped(
    Effect.flatMap(Stream.toPull(wire), (pull) =>
      Effect.map(begin(pull, Chunk.empty()), ([head, rest]) => {
        const first = Chunk.toReadonlyArray(head).flatMap((chunk) => Array.from(chunk.subarray(0, 4)))
        const plan = coded.plan(Uint8Array.from(first))
        const whole = Stream.concat(Stream.fromChunk(head), rest)
        // nothing is not in any coding
        return first.length === 0 || plan._tag === "AsItIs" || plan._tag === "Refuse" && asTheyCome && coded.own
          ? whole
          : plan._tag === "Refuse"
          ? Stream.fail(coded.fail(plan.reason))
          : decompress(coded, plan.format, whole)
      }))
  )

type Pull = Effect.Effect<Chunk.Chunk<Uint8Array>, Option.Option<Failure>>

/** The first four bytes, by which codings are known, or all there are; and what comes after. */
const begin = (pull: Pull, head: Chunk.Chunk<Uint8Array>): Effect.Effect<readonly [Chunk.Chunk<Uint8Array>, Bytes]> =>
  Effect.matchEffect(pull, {
    onFailure: (end) => Effect.succeed([head, Option.match(end, { onNone: () => Stream.empty, onSome: Stream.fail })]),
    onSuccess: (chunk) => {
      const more = Chunk.appendAll(head, Chunk.filter(chunk, ({ length }) => length > 0))
      return Chunk.reduce(more, 0, (size, { length }) => size + length) < 4
        ? begin(pull, more)
        : Effect.succeed([more, Stream.repeatEffectChunkOption(pull)])
    }
  })

/** A fiber of its own feeds the decoder, as fast as its output is taken; both end with the stream. */
const decompress = (coded: Coded, format: CompressionFormat, compressed: Bytes): Bytes =>
  Stream.unwrapScoped(
    Effect.gen(function*() {
      const { readable, writable } = new DecompressionStream(format)
      const reader = readable.getReader()
      const writer = writable.getWriter()
      // told by what is read and written
      reader.closed.catch(constVoid)
      writer.closed.catch(constVoid)
      yield* Effect.addFinalizer(() => Effect.promise(() => Promise.allSettled([reader.cancel(), writer.abort()])))
      const corrupt = (cause: unknown) =>
        coded.fail(
          `it is not ${format.replace(/-.*/, "")}, as its content-encoding says, or not whole: ${
            cause instanceof Error ? cause.message : "it cannot be decoded"
          }`
        )
      let broken: Cause.Cause<Failure> | undefined
      yield* Stream.runForEach(
        compressed,
        (chunk) => Effect.tryPromise({ try: () => writer.write(new Uint8Array(chunk)), catch: corrupt })
      ).pipe(
        Effect.zipRight(Effect.tryPromise({ try: () => writer.close(), catch: corrupt })),
        Effect.catchAllCause((cause) => {
          broken = cause
          return Effect.promise(() => writer.abort().catch(constVoid))
        }),
        Effect.interruptible,
        Effect.forkScoped
      )
      return Stream.repeatEffectOption(
        Effect.flatMap(
          Effect.catchAll(
            Effect.tryPromise({ try: () => reader.read(), catch: corrupt }),
            (error) => Effect.failCause(Cause.map(broken ?? Cause.fail(error), Option.some))
          ),
          ({ done, value }) => done ? Effect.fail(Option.none()) : Effect.succeed(value)
        )
      )
    })
  )

/** A body with a coding. Read as a whole it is kept, as the platform does, so that it can be read again. */
export class CodedBody implements Body {
  readonly #source: Response
  readonly #coded: Coded
  readonly #wire: Bytes
  #kept: Beginning | undefined

  constructor(source: Response, coded: Coded, wire: Bytes) {
    this.#source = source
    this.#coded = coded
    this.#wire = wire
  }

  get stream(): Bytes {
    return bytes(this.#coded, this.#wire, true)
  }
  get text() {
    return Effect.map(this.#whole, ({ text }) => text)
  }
  get json() {
    return this.#parsed((text): unknown => text === "" ? null : JSON.parse(text))
  }
  get urlParamsBody() {
    return this.#parsed((text) => UrlParams.fromInput(new URLSearchParams(text)))
  }
  get arrayBuffer() {
    return Effect.map(this.#whole, ({ bytes }) => new Uint8Array(bytes).buffer)
  }
  get formData() {
    const type = this.#source.headers["content-type"]
    return Effect.flatMap(this.#whole, ({ bytes }) =>
      Effect.tryPromise({
        try: () => new Response(bytes, type === undefined ? {} : { headers: { "content-type": type } }).formData(),
        catch: (cause) => failure(this.#source, cause)
      }))
  }

  get #whole(): Effect.Effect<Beginning, Failure> {
    return Effect.suspend(() => {
      if (this.#kept !== undefined) {
        return Effect.succeed(this.#kept)
      }
      const beginning = new Beginning(limit)
      return bytes(this.#coded, this.#wire, false).pipe(
        Stream.runForEachWhile((chunk) => {
          beginning.add(chunk)
          return Effect.succeed(!beginning.truncated)
        }),
        Effect.catchIf(({ reason }) => reason === "EmptyBody", () => Effect.void),
        Effect.zipRight(
          Effect.suspend(() =>
            beginning.truncated
              ? Effect.fail(
                this.#coded.fail(`it is longer than ${limit} bytes when it is decoded: read it as a stream`)
              )
              : Effect.succeed(this.#kept = beginning)
          )
        )
      )
    })
  }

  #parsed<A>(parse: (text: string) => A): Effect.Effect<A, Failure> {
    return Effect.tryMap(this.text, { try: parse, catch: (cause) => failure(this.#source, cause) })
  }
}
