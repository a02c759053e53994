/**
 * What passes between our own transport and the wire above it: an `HttpClient` that keeps a deadline by itself needs no fiber
 * that could be interrupted, and an answer whose body is here needs no timer. Others, which are everyone's, know nothing of it.
 */
import type * as HttpClient from "@effect/platform/HttpClient"
import type * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import type * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import type * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import type * as Watch from "../base/deadline.js"
import type * as HttpClientError from "../base/httpClientError.js"
import type { Restore } from "../base/settled.js"

/** How a sending has ended. */
export type Ending<E> = Exit.Exit<HttpClientResponse.HttpClientResponse, HttpClientError.HttpClientError | E>

/**
 * Sends without a span, and without following redirects. `settle` is told how it has ended, interrupted or not: see `settled`, which says
 * where this may be called.
 */
export type SendWithin = <E, A, E2>(
  restore: Restore,
  fiber: Fiber.RuntimeFiber<unknown, unknown>,
  request: HttpClientRequest.HttpClientRequest,
  url: URL,
  watch: Watch.Watch,
  deadline: Watch.Deadline<E>,
  settle: (ending: Ending<E>) => Effect.Effect<A, E2>
) => Effect.Effect<A, E2>

const clients = new WeakMap<HttpClient.HttpClient, SendWithin>()

export const register = (client: HttpClient.HttpClient, send: SendWithin): HttpClient.HttpClient => {
  clients.set(client, send)
  return client
}

export const sendWithin = (client: HttpClient.HttpClient): SendWithin | undefined => clients.get(client)

/** On an answer: is all of its body here? */
export const complete: unique symbol = Symbol.for("effect-keystoneauth/complete")

export const isComplete = (response: HttpClientResponse.HttpClientResponse): boolean =>
  complete in response && response[complete] === true

/** On an answer: its `content-encoding`, where that is known without making headers of all that came. */
export const coding: unique symbol = Symbol.for("effect-keystoneauth/coding")
