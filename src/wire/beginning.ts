import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type * as HttpClientError from "../base/httpClientError.js"

/**
 * The beginning of a body. Chunks are copied into one buffer, since chunks of one byte would take more than a hundred
 * times their size.
 */
export class Beginning {
  #bytes = new Uint8Array(0)
  #size = 0
  readonly #limit: number
  constructor(limit: number) {
    this.#limit = limit
  }

  /** Whether the body is longer than the limit. */
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

  /** Reads up to the end or the limit. At the limit the connection is closed. */
  fill(
    body: Stream.Stream<Uint8Array, HttpClientError.ResponseError>
  ): Effect.Effect<void, HttpClientError.ResponseError> {
    return Effect.catchIf(
      Stream.runForEachWhile(body, (chunk) => {
        this.add(chunk)
        return Effect.succeed(!this.truncated)
      }),
      ({ reason }) => reason === "EmptyBody",
      () => Effect.void
    )
  }

  get bytes(): Uint8Array<ArrayBuffer> {
    return this.#bytes.subarray(0, this.#size)
  }

  /** The bytes as UTF-8, without a byte order mark. */
  get text(): string {
    return new TextDecoder().decode(this.bytes)
  }
}
