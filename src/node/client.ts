/**
 * The platform's `HttpClient` on undici's own `dispatch`: what platform-node's client does, for a fraction of its work. It
 * makes no span that nobody sees, no Node stream for a body, and no `AbortController` for each request.
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
import * as FiberRef from "effect/FiberRef"
import { globalValue } from "effect/GlobalValue"
import * as Option from "effect/Option"
import * as HttpClientError from "../base/httpClientError.js"
import { type Restore, settled } from "../base/settled.js"
import * as Spans from "../base/spans.js"
import * as Time from "../base/time.js"
import * as Patience from "../wire/ownClient.js"
import { type Answer, type Ended, Exchange, Timer } from "./exchange.js"

/** What `HttpClient.withScope` aborts: the platform keeps it under this name. */
const scoped = globalValue(
  "@effect/platform/HttpClient/scopedRequests",
  () => new WeakMap<HttpClientRequest.HttpClientRequest, AbortController>()
)

/** What becomes of an answer, or of a failure. */
type Settle<E, A, E2> = (exit: Ended<E>) => Effect.Effect<A, E2>

const asItIs = <E>(exit: Ended<E>): Answer<E> => exit

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

/** Its own context is around that of each request, as with the platform's layers. */
export const make = (dispatcher: Undici.Dispatcher, around: Context.Context<never>): HttpClient.HttpClient => {
  const dispatch = <E, A, E2>(
    restore: Restore,
    request: HttpClientRequest.HttpClientRequest,
    url: URL,
    upload: Upload,
    options: Undici.Dispatcher.RequestOptions | undefined,
    signal: AbortSignal | undefined,
    settle: Settle<E, A, E2>,
    timer?: Timer<E>
  ): Effect.Effect<A, E2> => {
    const exchange = new Exchange<E>(request, {
      ...options,
      method: request.method,
      headers: request.headers,
      origin: url.origin,
      path: url.pathname + url.search,
      body: upload,
      // Effect's timeouts are enough
      headersTimeout: 60 * 60 * 1000,
      bodyTimeout: 0
    })
    signal?.addEventListener("abort", () => exchange.abort(signal.reason), { once: true })
    return settled(restore, exchange.answer(dispatcher, timer), (exit) => {
      if (Exit.isFailure(exit)) {
        exchange.giveUp()
      }
      return settle(exit)
    })
  }

  const send = <E, A, E2>(
    restore: Restore,
    request: HttpClientRequest.HttpClientRequest,
    url: URL,
    context: Context.Context<never>,
    signal: AbortSignal | undefined,
    settle: Settle<E, A, E2>,
    timer?: Timer<E>
  ): Effect.Effect<A, E2> => {
    const { body } = request
    const options = service(context, NodeHttpClient.UndiciRequestOptions)
    return body._tag === "Stream"
      // the stream runs as what it was made in: it must be possible to interrupt that
      ? settled(restore, NodeStream.toReadable(body.stream), (upload) =>
        Exit.isFailure(upload)
          ? settle(Exit.failCause(upload.cause))
          : dispatch(restore, request, url, upload.value, options, signal, settle, timer))
      : dispatch(restore, request, url, uploadOf(body), options, signal, settle, timer)
  }

  const service = <I, S>(context: Context.Context<never>, tag: Context.Tag<I, S>): S | undefined =>
    Option.getOrUndefined(Option.orElse(Context.getOption(context, tag), () => Context.getOption(around, tag)))

  const execute = (
    request: HttpClientRequest.HttpClientRequest,
    url: URL,
    context: Context.Context<never>,
    signal: AbortSignal | undefined
  ): Answer<never> =>
    Effect.uninterruptibleMask((restore) => send(restore, request, url, context, signal, asItIs<never>))

  const traced = HttpClient.transformResponse(
    HttpClient.make((request, url, signal, fiber) => execute(request, url, fiber.currentContext, signal)),
    Effect.mapInputContext((context: Context.Context<never>) => Context.merge(around, context))
  )

  const client = HttpClient.makeWith<never, never, HttpClientError.HttpClientError, never>(
    Effect.flatMap((request) =>
      Effect.withFiberRuntime<HttpClientResponse.HttpClientResponse, HttpClientError.HttpClientError>((fiber) => {
        const untraced = fiber.getFiberRef(HttpClient.currentTracerDisabledWhen)(request)
        if (!untraced && Spans.listens(fiber)) {
          return traced.execute(request)
        }
        const url = UrlParams.makeUrl(request.url, request.urlParams, request.hash)
        if (url._tag === "Left") {
          return Effect.fail(new HttpClientError.RequestError({ request, reason: "InvalidUrl", cause: url.left }))
        }
        const span = untraced || !fiber.getFiberRef(FiberRef.currentTracerEnabled) ? undefined : fiber.currentSpan
        const told = span?._tag === "Span" && fiber.getFiberRef(HttpClient.currentTracerPropagation)
          ? HttpClientRequest.setHeaders(request, HttpTraceContext.toHeaders(span))
          : request
        return execute(told, url.right, fiber.currentContext, scoped.get(request)?.signal)
      })
    ),
    Effect.succeed
  )

  return Patience.register(
    client,
    (restore, fiber, request, url, watch, deadline, settle) =>
      send(
        restore,
        request,
        url,
        fiber.currentContext,
        scoped.get(request)?.signal,
        settle,
        new Timer(watch, Time.clockOf(fiber), deadline)
      )
  )
}
