/** One request on undici's `dispatch` with its response, without a Node stream or a fiber. */
import * as Undici from "@effect/platform-node/Undici"
import type * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import type * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as Chunk from "effect/Chunk"
import type * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import { AsyncResource } from "node:async_hooks"
import { Readable } from "node:stream"
import type * as Deadline from "../base/deadline.js"
import * as HttpClientError from "../base/httpClientError.js"
import * as Response from "./response.js"

type Controller = Undici.Dispatcher.DispatchController

export type Answer<E> = Effect.Effect<HttpClientResponse.HttpClientResponse, HttpClientError.RequestError | E>
export type Ended<E> = Exit.Exit<HttpClientResponse.HttpClientResponse, HttpClientError.RequestError | E>

/** The deadline of the response, with the service and clock that observe it. */
export interface Timer<E> {
  readonly deadlines: Deadline.Deadlines
  readonly clock: Clock.Clock
  readonly deadline: Deadline.Deadline<E>
}

/** How many bytes of a body are buffered before it is read: as many as in undici's own streams. */
const highWaterMark = 64 * 1024

const gone = (): unknown => new TypeError("the body was read as a stream and cannot be read again")

/** A request with its response. It does not refer to the response object, so that an unread one can be collected. */
export class Exchange<E> extends AsyncResource
  implements Undici.Dispatcher.DispatchHandler, Response.Body, Deadline.Waiter
{
  #controller: Controller | undefined
  #aborted: Error | undefined
  #answer: ((answer: Answer<E>) => void) | undefined
  #timer: Timer<E> | undefined
  #alarm: Deadline.Alarm | undefined
  #waiting: Array<(now: Effect.Effect<void>) => void> = []
  #chunks: Array<Buffer> = []
  #size = 0
  #given = false
  /** Whether the body is kept, so that it can be read again. */
  kept = false
  ended = false
  fault: { readonly cause: unknown } | undefined

  constructor(
    readonly request: HttpClientRequest.HttpClientRequest,
    readonly options: Undici.Dispatcher.RequestOptions
  ) {
    // the program continues with the `AsyncLocalStorage` of the request, not with that of the connection
    super("HttpClient")
  }

  answer(dispatcher: Undici.Dispatcher, timer: Timer<E> | undefined): Answer<E> {
    return Effect.async((resume) => {
      this.#answer = (answer) => {
        this.#answer = undefined
        this.#alarm?.cancel()
        this.runInAsyncScope(resume, undefined, answer)
      }
      this.#timer = timer
      this.#alarm = timer?.deadlines.alarm(timer.clock, timer.deadline, this)
      try {
        dispatcher.dispatch(this.options, this)
      } catch (cause) {
        this.onResponseError(undefined, cause)
      }
    })
  }

  onRequestStart(controller: Controller): void {
    this.#controller = controller
    if (this.#aborted !== undefined) {
      controller.abort(this.#aborted)
    }
  }

  onResponseStart(_: Controller, statusCode: number, headers: Response.RawHeaders): void {
    if (statusCode < 200) {
      this.options.onInfo?.({ statusCode, headers: headers as Record<string, string | Array<string>> })
      return
    }
    const response = Response.make(this.request, statusCode, headers, this)
    this.#answer?.(Effect.sync(() => Response.watched(response, this)))
  }

  onResponseData(controller: Controller, chunk: Buffer): void {
    this.#chunks.push(chunk)
    this.#size += chunk.length
    if (!this.kept) {
      if (this.#size >= highWaterMark) {
        controller.pause()
      }
      this.#wake()
    }
  }

  onResponseEnd(): void {
    this.ended = true
    this.#wake()
  }

  onResponseError(_: Controller | undefined, cause: unknown): void {
    this.fault = { cause }
    this.#answer?.(Effect.fail(new HttpClientError.RequestError({ request: this.request, reason: "Transport", cause })))
    const { body } = this.options
    if (body instanceof Readable) {
      body.on("error", () => {}).destroy()
    }
    this.#wake()
  }

  onRequestUpgrade(controller: Controller, ...[, , socket]: [number, unknown, Readable]): void {
    socket.destroy()
    this.onResponseError(
      controller,
      new Undici.errors.NotSupportedError("upgrades to other protocols are not supported")
    )
  }

  get done(): boolean {
    return this.ended || this.fault !== undefined
  }

  abort(reason?: Error): void {
    if (!this.done) {
      this.#aborted = reason ?? new Undici.errors.RequestAbortedError()
      this.#controller?.abort(this.#aborted)
    }
  }

  timeIsOver(): void {
    const deadline = this.#timer?.deadline
    if (deadline !== undefined) {
      this.#answer?.(Effect.failSync(() => deadline.late()))
    }
    this.abort()
  }

  /** Ends the request, whose response is no longer needed. */
  giveUp(): void {
    this.#answer = undefined
    this.#alarm?.cancel()
    this.abort()
  }

  /** Waits until more of the body arrives, or it ends. */
  get next(): Effect.Effect<void> {
    return Effect.async((resume) => {
      this.#waiting.push(resume)
    })
  }

  #wake(): void {
    const waiting = this.#waiting
    if (waiting.length > 0) {
      this.#waiting = []
      waiting.forEach((resume) => this.runInAsyncScope(resume, undefined, Effect.void))
    }
  }

  /** Takes the chunks that have arrived, and lets more arrive. */
  take(): Chunk.Chunk<Buffer> {
    const chunks = this.#chunks
    this.#chunks = []
    this.#size = 0
    this.#given = true
    this.#controller?.resume()
    return Chunk.unsafeFromArray(chunks)
  }

  /** Whether chunks have arrived that were not taken. */
  get filled(): boolean {
    return this.#size > 0
  }

  /** The whole body. */
  get bytes(): Effect.Effect<Buffer, unknown> {
    return Effect.suspend(() => {
      if (this.#given) {
        return Effect.fail(gone())
      }
      this.kept = true
      this.#controller?.resume()
      return this.done
        ? this.#joined
        : Effect.onInterrupt(
          Effect.zipRight(this.next, Effect.suspend(() => this.#joined)),
          () => Effect.sync(() => this.abort())
        )
    })
  }

  get #joined(): Effect.Effect<Buffer, unknown> {
    if (this.fault !== undefined) {
      return Effect.fail(this.fault.cause)
    }
    const [first, second] = this.#chunks
    if (first !== undefined && second === undefined) {
      return Effect.succeed(first)
    }
    const joined = Buffer.concat(this.#chunks)
    this.#chunks = [joined]
    return Effect.succeed(joined)
  }
}
