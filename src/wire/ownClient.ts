/**
 * What our own Node client and the wire above it know of each other, which other HTTP clients do not: the client keeps the
 * deadline of an attempt, which saves a fiber, and its response says whether the body has arrived, which saves a timer.
 */
import type * as HttpClient from "@effect/platform/HttpClient"
import type * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import type * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import type * as Deadline from "../base/deadline.js"
import type * as Attempt from "./attempt.js"
import type * as TransportFault from "./transportFault.js"

/** How an attempt has ended at the client. */
export type Ending = Exit.Exit<HttpClientResponse.HttpClientResponse, TransportFault.Failure>

/**
 * Sends an attempt until its deadline, without a span and without following redirects. Continues with its exit, interruption
 * included: see `onExit`, which says where this may be called.
 */
export type Send = <A, E>(
  attempt: Attempt.Attempt,
  deadlines: Deadline.Deadlines,
  next: (ending: Ending) => Effect.Effect<A, E>
) => Effect.Effect<A, E>

const clients = new WeakMap<HttpClient.HttpClient, Send>()

export const register = (client: HttpClient.HttpClient, send: Send): HttpClient.HttpClient => {
  clients.set(client, send)
  return client
}

/** How a client sends attempts; undefined for clients that are not ours. */
export const sendOf = (client: HttpClient.HttpClient): Send | undefined => clients.get(client)

/** On a response: whether its body has arrived. */
export const complete: unique symbol = Symbol.for("effect-keystoneauth/complete")

export const isComplete = (response: HttpClientResponse.HttpClientResponse): boolean =>
  complete in response && response[complete] === true

/** On a response: its `content-encoding`, without making `Headers` of all headers. */
export const coding: unique symbol = Symbol.for("effect-keystoneauth/coding")
