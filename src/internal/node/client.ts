/**
 * The platform's `HttpClient` on undici's own `dispatch`: what platform-node's client does, for a fraction of its work. It
 * makes no span that nobody sees, no Node stream for a body, and no `AbortController` for each request.
 */
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import * as NodeStream from "@effect/platform-node/NodeStream"
import * as Undici from "@effect/platform-node/Undici"
import * as Cookies from "@effect/platform/Cookies"
import * as Headers from "@effect/platform/Headers"
import type * as HttpBody from "@effect/platform/HttpBody"
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientError from "@effect/platform/HttpClientError"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as HttpIncomingMessage from "@effect/platform/HttpIncomingMessage"
import * as HttpTraceContext from "@effect/platform/HttpTraceContext"
import * as UrlParams from "@effect/platform/UrlParams"
import * as Chunk from "effect/Chunk"
import * as Context from "effect/Context"
import * as DefaultServices from "effect/DefaultServices"
import * as Effect from "effect/Effect"
import * as FiberRef from "effect/FiberRef"
import { globalValue } from "effect/GlobalValue"
import * as Inspectable from "effect/Inspectable"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import * as Tracer from "effect/Tracer"
import { AsyncResource } from "node:async_hooks"
import { Readable } from "node:stream"

type Controller = Undici.Dispatcher.DispatchController
type RawHeaders = Parameters<Exclude<Undici.Dispatcher.DispatchHandler["onResponseStart"], undefined>>[2]
type Answer = Effect.Effect<HttpClientResponse.HttpClientResponse, HttpClientError.RequestError>
type Read<A> = Effect.Effect<A, HttpClientError.ResponseError>

/** How much of a body comes in before anyone reads it: as much as undici's own streams keep. */
const highWaterMark = 64 * 1024

const gone = (): unknown => new TypeError("the body was read as a stream, and is not there any more")

/** One request with its answer. It knows no response, so that one that nobody reads can be collected. */
class Exchange extends AsyncResource implements Undici.Dispatcher.DispatchHandler {
  #controller: Controller | undefined
  #aborted: Error | undefined
  #answer: ((answer: Answer) => void) | undefined
  #waiting: Array<(now: Effect.Effect<void>) => void> = []
  #chunks: Array<Buffer> = []
  #size = 0
  #given = false
  /** All of the body stays here: it can be read again. */
  kept = false
  ended = false
  fault: { readonly cause: unknown } | undefined

  constructor(
    readonly request: HttpClientRequest.HttpClientRequest,
    readonly options: Undici.Dispatcher.RequestOptions
  ) {
    // whoever goes on does so with the `AsyncLocalStorage` of the request, and not of the connection
    super("HttpClient")
  }

  answer(dispatcher: Undici.Dispatcher): Answer {
    return Effect.async((resume) => {
      this.#answer = (answer) => this.runInAsyncScope(resume, undefined, answer)
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

  onResponseStart(_: Controller, statusCode: number, headers: RawHeaders): void {
    if (statusCode < 200) {
      this.options.onInfo?.({ statusCode, headers: headers as Record<string, string | Array<string>> })
      return
    }
    const response = new ClientResponse(this.request, statusCode, headers, this)
    this.#answer?.(Effect.sync(() => {
      // most bodies are here by now
      if (!this.done) {
        unread.register(response, this, response)
      }
      return response
    }))
    this.#answer = undefined
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
    this.#answer = undefined
    const { body } = this.options
    if (body instanceof Readable) {
      body.on("error", () => {}).destroy()
    }
    this.#wake()
  }

  onRequestUpgrade(controller: Controller, ...[, , socket]: [number, unknown, Readable]): void {
    socket.destroy()
    this.onResponseError(controller, new Undici.errors.NotSupportedError("no other protocol is spoken"))
  }

  get done(): boolean {
    return this.ended || this.fault !== undefined
  }

  abort(reason: Error = new Undici.errors.RequestAbortedError()): void {
    if (!this.done) {
      this.#aborted = reason
      this.#controller?.abort(reason)
    }
  }

  /** Waits until something happens. */
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

  /** What has come by now, and lets more come. */
  take(): Chunk.Chunk<Buffer> {
    const chunks = this.#chunks
    this.#chunks = []
    this.#size = 0
    this.#given = true
    this.#controller?.resume()
    return Chunk.unsafeFromArray(chunks)
  }

  /** Has something come that nobody took? */
  get filled(): boolean {
    return this.#size > 0
  }

  /** All of it. */
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

/** Answers that are thrown away without being read let go of their connections. */
const unread = new FinalizationRegistry((exchange: Exchange) => exchange.abort())

class ClientResponse extends Inspectable.Class implements HttpClientResponse.HttpClientResponse {
  readonly [HttpIncomingMessage.TypeId]: typeof HttpIncomingMessage.TypeId = HttpIncomingMessage.TypeId
  readonly [HttpClientResponse.TypeId]: HttpClientResponse.TypeId = HttpClientResponse.TypeId
  readonly #source: RawHeaders
  readonly #exchange: Exchange
  #headers: Headers.Headers | undefined
  #cookies: Cookies.Cookies | undefined
  #text: string | undefined

  constructor(
    readonly request: HttpClientRequest.HttpClientRequest,
    readonly status: number,
    source: RawHeaders,
    exchange: Exchange
  ) {
    super()
    this.#source = source
    this.#exchange = exchange
  }

  get headers(): Headers.Headers {
    return this.#headers ??= Headers.fromInput(this.#source)
  }
  get cookies(): Cookies.Cookies {
    return this.#cookies ??= Cookies.fromSetCookie(this.#source["set-cookie"] ?? [])
  }
  get remoteAddress(): Option.Option<string> {
    return Option.none()
  }
  get text(): Read<string> {
    return Effect.map(this.#bytes, (bytes) => this.#text ??= decode(bytes))
  }
  get json(): Read<unknown> {
    return this.#parsed((text): unknown => text === "" ? null : JSON.parse(text))
  }
  get urlParamsBody(): Read<UrlParams.UrlParams> {
    return this.#parsed((text) => UrlParams.fromInput(new URLSearchParams(text)))
  }
  get arrayBuffer(): Read<ArrayBuffer> {
    return Effect.map(this.#bytes, (bytes) => new Uint8Array(bytes).buffer)
  }
  get formData(): Read<FormData> {
    return Effect.flatMap(this.#bytes, (bytes) =>
      Effect.tryPromise({
        try: () => new Response(new Uint8Array(bytes), { headers: this.headers }).formData(),
        catch: failureOf(this)
      }))
  }
  get stream(): Stream.Stream<Uint8Array, HttpClientError.ResponseError> {
    const exchange = this.#exchange
    const pull: Effect.Effect<Chunk.Chunk<Uint8Array>, Option.Option<HttpClientError.ResponseError>> = Effect.suspend(
      () => {
        if (exchange.filled) {
          return Effect.succeed(exchange.take())
        }
        return exchange.fault !== undefined
          ? Effect.fail(Option.some(failureOf(this)(exchange.fault.cause)))
          : exchange.ended
          ? Effect.fail(Option.none())
          : Effect.zipRight(exchange.next, pull)
      }
    )
    return Stream.suspend(() => {
      if (exchange.kept) {
        return Stream.fromEffect(this.#bytes)
      }
      unread.unregister(this)
      return Stream.ensuring(Stream.repeatEffectChunkOption(pull), Effect.sync(() => exchange.abort()))
    })
  }

  get #bytes(): Read<Buffer> {
    return Effect.suspend(() => {
      if (!this.#exchange.done) {
        unread.unregister(this)
      }
      return Effect.mapError(this.#exchange.bytes, failureOf(this))
    })
  }

  #parsed<A>(parse: (text: string) => A): Read<A> {
    return Effect.tryMap(this.text, { try: parse, catch: failureOf(this) })
  }

  toJSON(): unknown {
    return HttpIncomingMessage.inspect(this, {
      _id: "@effect/platform/HttpClientResponse",
      request: this.request.toJSON(),
      status: this.status
    })
  }
}

const failureOf = (response: ClientResponse) => (cause: unknown): HttpClientError.ResponseError =>
  new HttpClientError.ResponseError({ request: response.request, response, reason: "Decode", cause })

/** UTF-8, without its mark. */
const decode = (bytes: Buffer): string =>
  bytes.toString("utf8", bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0)

/** What `HttpClient.withScope` aborts: the platform keeps it under this name. */
const scoped = globalValue(
  "@effect/platform/HttpClient/scopedRequests",
  () => new WeakMap<HttpClientRequest.HttpClientRequest, AbortController>()
)

type Upload = Exclude<Undici.Dispatcher.DispatchOptions["body"], undefined>

/** undici sends no form but its own, and Node's is that of the undici in Node. */
const formOf = (formData: FormData): Undici.FormData => {
  const form = new Undici.FormData()
  formData.forEach((value, name) => form.append(name, value))
  return form
}

const uploadOf = (body: Exclude<HttpBody.HttpBody, HttpBody.Stream>): Upload => {
  switch (body._tag) {
    case "Empty":
      return null
    case "FormData":
      return formOf(body.formData)
    default:
      // undici tells who gives it anything else
      return body.body as Upload
  }
}

/** The tracer that keeps what it is told to itself. */
const native = Context.get(DefaultServices.liveServices, Tracer.Tracer)

/** Its own context is around that of each request, as with the platform's layers. */
export const make = (dispatcher: Undici.Dispatcher, around: Context.Context<never>): HttpClient.HttpClient => {
  const dispatch = (
    request: HttpClientRequest.HttpClientRequest,
    url: URL,
    upload: Upload,
    options: Undici.Dispatcher.RequestOptions | undefined,
    signal: AbortSignal | undefined
  ): Answer =>
    Effect.suspend(() => {
      const exchange = new Exchange(request, {
        ...options,
        method: request.method,
        headers: request.headers,
        origin: url.origin,
        path: url.pathname + url.search + url.hash,
        body: upload,
        // Effect's timeouts are enough
        headersTimeout: 60 * 60 * 1000,
        bodyTimeout: 0
      })
      signal?.addEventListener("abort", () => exchange.abort(signal.reason), { once: true })
      // `onInterrupt` would do the same, and keep the garbage collector busy for as long as all the rest takes
      return Effect.uninterruptibleMask((restore) =>
        Effect.catchAllCause(restore(exchange.answer(dispatcher)), (cause) => {
          exchange.abort()
          return Effect.failCause(cause)
        })
      )
    })

  const send = (
    request: HttpClientRequest.HttpClientRequest,
    url: URL,
    context: Context.Context<never>,
    signal: AbortSignal | undefined
  ): Answer => {
    const { body } = request
    const options = service(context, NodeHttpClient.UndiciRequestOptions)
    return body._tag === "Stream"
      ? Effect.flatMap(NodeStream.toReadable(body.stream), (upload) => dispatch(request, url, upload, options, signal))
      : dispatch(request, url, uploadOf(body), options, signal)
  }

  const service = <I, S>(context: Context.Context<never>, tag: Context.Tag<I, S>): S | undefined =>
    Option.getOrUndefined(Option.orElse(Context.getOption(context, tag), () => Context.getOption(around, tag)))

  const traced = HttpClient.transformResponse(
    HttpClient.make((request, url, signal, fiber) => send(request, url, fiber.currentContext, signal)),
    Effect.mapInputContext((context: Context.Context<never>) => Context.merge(around, context))
  )

  return HttpClient.makeWith<never, never, HttpClientError.HttpClientError, never>(
    Effect.flatMap((request) =>
      Effect.withFiberRuntime<HttpClientResponse.HttpClientResponse, HttpClientError.HttpClientError>((fiber) => {
        const untraced = !fiber.getFiberRef(FiberRef.currentTracerEnabled) ||
          fiber.getFiberRef(HttpClient.currentTracerDisabledWhen)(request)
        const parent = untraced ? undefined : service(fiber.currentContext, Tracer.ParentSpan)
        if (!untraced && (fiber.currentTracer !== native || parent?._tag === "ExternalSpan")) {
          return traced.execute(request)
        }
        const url = UrlParams.makeUrl(request.url, request.urlParams, request.hash)
        if (url._tag === "Left") {
          return Effect.fail(new HttpClientError.RequestError({ request, reason: "InvalidUrl", cause: url.left }))
        }
        const told = parent?._tag === "Span" && fiber.getFiberRef(HttpClient.currentTracerPropagation)
          ? HttpClientRequest.setHeaders(request, HttpTraceContext.toHeaders(parent))
          : request
        return send(told, url.right, fiber.currentContext, scoped.get(request)?.signal)
      })
    ),
    Effect.succeed
  )
}
