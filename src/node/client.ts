/**
 * An `HttpClient` on undici's `dispatch`. It behaves as the client of platform-node with 25 operations per request
 * instead of 161: it makes no span that is not recorded, no Node stream per body, and no `AbortController` per request.
 */
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import * as NodeStream from "@effect/platform-node/NodeStream"
import * as Undici from "@effect/platform-node/Undici"
import type * as HttpBody from "@effect/platform/HttpBody"
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import type * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as HttpTraceContext from "@effect/platform/HttpTraceContext"
import * as UrlParams from "@effect/platform/UrlParams"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import { onExit, type Restore } from "../base/continuation.js"
import * as Fiber from "../base/fiber.js"
import * as HttpClientError from "../base/httpClientError.js"
import * as Spans from "../base/spans.js"
import * as OwnClient from "../wire/ownClient.js"
import { type Answer, type Ended, Exchange, type Timer } from "./exchange.js"
import * as ScopedRequests from "./scopedRequests.js"

type Upload = Exclude<Undici.Dispatcher.DispatchOptions["body"], undefined>

/**
 * Copies a form into undici's own class, the only one that it sends: the global class is that of Node's bundled undici.
 */
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
      // undici rejects other values with an error that names them
      return body.body as Upload
  }
}

/** A request with everything that is needed to send it. */
interface Sending<E> {
  readonly restore: Restore
  readonly request: HttpClientRequest.HttpClientRequest
  readonly url: URL
  readonly context: Context.Context<never>
  readonly signal: AbortSignal | undefined
  readonly timer: Timer<E> | undefined
}

type Next<E, A, E2> = (exit: Ended<E>) => Effect.Effect<A, E2>

/** `around` is the context of the layer. Services in the context of a request win, as in the platform. */
export const make = (dispatcher: Undici.Dispatcher, around: Context.Context<never>): HttpClient.HttpClient => {
  const dispatch = <E, A, E2>(
    { context, request, restore, signal, timer, url }: Sending<E>,
    upload: Upload,
    next: Next<E, A, E2>
  ): Effect.Effect<A, E2> => {
    const exchange = new Exchange<E>(request, {
      ...service(context, NodeHttpClient.UndiciRequestOptions),
      method: request.method,
      headers: request.headers,
      origin: url.origin,
      path: url.pathname + url.search,
      body: upload,
      // Effect's timeouts replace these
      headersTimeout: 60 * 60 * 1000,
      bodyTimeout: 0
    })
    signal?.addEventListener("abort", () => exchange.abort(signal.reason), { once: true })
    return onExit(restore, exchange.answer(dispatcher, timer), (exit) => {
      if (Exit.isFailure(exit)) {
        exchange.giveUp()
      }
      return next(exit)
    })
  }

  const send = <E, A, E2>(sending: Sending<E>, next: Next<E, A, E2>): Effect.Effect<A, E2> => {
    const { request: { body }, restore } = sending
    return body._tag === "Stream"
      // the stream runs in the fiber that makes it readable, which must be interruptible
      ? onExit(
        restore,
        NodeStream.toReadable(body.stream),
        (upload) => Exit.isFailure(upload) ? next(Exit.failCause(upload.cause)) : dispatch(sending, upload.value, next)
      )
      : dispatch(sending, uploadOf(body), next)
  }

  const service = <I, S>(context: Context.Context<never>, tag: Context.Tag<I, S>): S | undefined =>
    Option.getOrUndefined(Option.orElse(Context.getOption(context, tag), () => Context.getOption(around, tag)))

  const execute = (
    fiber: Fiber.Fiber,
    request: HttpClientRequest.HttpClientRequest,
    url: URL,
    signal: AbortSignal | undefined
  ): Answer<never> =>
    Effect.uninterruptibleMask((restore) =>
      send<never, HttpClientResponse.HttpClientResponse, HttpClientError.RequestError>(
        { restore, request, url, context: Fiber.context(fiber), signal, timer: undefined },
        (exit) => exit
      )
    )

  /** The client with the platform's client span. */
  const traced = HttpClient.transformResponse(
    HttpClient.make((request, url, signal, fiber) => execute(fiber, request, url, signal)),
    Effect.mapInputContext((context: Context.Context<never>) => Context.merge(around, context))
  )

  const client = HttpClient.makeWith<never, never, HttpClientError.HttpClientError, never>(
    Effect.flatMap((request) =>
      Fiber.withFiber<HttpClientResponse.HttpClientResponse, HttpClientError.HttpClientError, never>((fiber) => {
        const isUntraced = Fiber.isUntraced(fiber, request)
        if (!isUntraced && Spans.areRecorded(fiber)) {
          return traced.execute(request)
        }
        const url = UrlParams.makeUrl(request.url, request.urlParams, request.hash)
        if (url._tag === "Left") {
          return Effect.fail(new HttpClientError.RequestError({ request, reason: "InvalidUrl", cause: url.left }))
        }
        const span = isUntraced || !Fiber.isTracerEnabled(fiber) ? undefined : Fiber.span(fiber)
        const propagating = span?._tag === "Span" && Fiber.propagatesTrace(fiber)
          ? HttpClientRequest.setHeaders(request, HttpTraceContext.toHeaders(span))
          : request
        return execute(fiber, propagating, url.right, ScopedRequests.signalOf(request))
      })
    ),
    Effect.succeed
  )

  return OwnClient.register(client, (attempt, deadlines, next) => {
    const { fiber, request, restore, url } = attempt
    const signal = ScopedRequests.signalOf(request)
    const timer = { deadlines, clock: Fiber.clock(fiber), deadline: attempt }
    return send({ restore, request, url, context: Fiber.context(fiber), signal, timer }, next)
  })
}
