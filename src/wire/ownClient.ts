/**
 * Shortcuts between `Transport` and the client of `NodeTransport`, which other HTTP clients do not have: the client
 * observes the deadline of an attempt, which saves a fiber, and its response says whether the body has arrived, which
 * saves a timer.
 */
import type * as HttpClient from "@effect/platform/HttpClient"
import type * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import type * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import type * as Deadline from "../base/deadline.js"
import type * as Attempt from "./attempt.js"
import type * as TransportFault from "./transportFault.js"

/** The exit of an attempt at the HTTP client. */
export type Ending = Exit.Exit<HttpClientResponse.HttpClientResponse, TransportFault.Failure>

/**
 * Sends an attempt until its deadline, without a span and without following redirects. Continues with its exit, even if
 * it is interrupted: see `onExit` for where this may be called.
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

/** The function that sends attempts with a client of `NodeTransport`; undefined for other clients. */
export const sendOf = (client: HttpClient.HttpClient): Send | undefined => clients.get(client)

/** Property of a response: whether its body has arrived. */
export const complete: unique symbol = Symbol.for("effect-keystoneauth/complete")

export const isComplete = (response: HttpClientResponse.HttpClientResponse): boolean =>
  complete in response && response[complete] === true

/** Property of a response: its `content-encoding`, without making `Headers` of all its headers. */
export const coding: unique symbol = Symbol.for("effect-keystoneauth/coding")
