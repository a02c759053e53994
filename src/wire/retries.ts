/** Retries of failed attempts, as a `RetryPolicy` says. */
import type * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import type * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import * as Time from "../base/time.js"
import * as Errors from "../Errors.js"
import * as Url from "../safety/url.js"
import * as Body from "./body.js"
import * as Faults from "./faults.js"
import type * as Operation from "./operation.js"
import * as Redirects from "./redirects.js"
import type * as RetryPolicy from "./RetryPolicy.js"

/** The retries that are left for one request and its redirects. */
interface Budget {
  connect: number
  status: number
}

export interface Retries {
  readonly policy: RetryPolicy.RetryPolicy
  readonly tries: Operation.Tries
  readonly budget: Budget
  /** Whether the request may be executed twice. */
  readonly repeatable: boolean
}

const repeatableMethods = new Set(["GET", "HEAD", "PUT", "DELETE", "OPTIONS", "TRACE"])

/** The retries of a request. `undefined` if it is never retried: this is the usual case, and costs nothing. */
export const make = (
  policy: RetryPolicy.RetryPolicy | undefined,
  tries: Operation.Tries,
  request: HttpClientRequest.HttpClientRequest,
  isLogin: boolean
): Retries | undefined => {
  const { anyMethod, connect = 0, status = 0 } = policy ?? {}
  return policy === undefined || (connect <= 0 && status <= 0) || !Body.isReplayable(request.body)
    ? undefined
    : {
      policy,
      tries,
      budget: { connect, status },
      repeatable: anyMethod === true || isLogin || repeatableMethods.has(request.method)
    }
}

const isRetriable = (
  { repeatable }: Retries,
  error: Errors.WireError
): error is Errors.TransportError | Errors.TimedOut =>
  error._tag === "TransportError"
    ? error.reason === "Connect" || (error.reason === "Reset" && repeatable)
    : error._tag === "TimedOut" && (error.phase === "connect" || (error.phase !== "operation" && repeatable))

const isRetriableAnswer = ({ policy, repeatable }: Retries, response: HttpClientResponse.HttpClientResponse): boolean =>
  repeatable && !Redirects.isRedirect(response) && (policy.statuses === undefined
    ? response.status === 429 || response.status === 503 ||
      (response.status === 413 && "retry-after" in response.headers)
    : policy.statuses.includes(response.status))

/** Waits before a retry. Succeeds with `false` at once if the delay would end after the deadline. */
const pause = (
  { policy, tries }: Retries,
  request: HttpClientRequest.HttpClientRequest,
  why: string,
  delay: number
): Effect.Effect<boolean> =>
  Effect.clockWith((clock) =>
    Effect.flatMap(Random.next, (chance) => {
      const wait = Math.round(delay * (1 + (policy.jitter ?? 0.2) * chance))
      if (Time.after(Time.now(clock), wait) >= tries.endsAt) {
        return Effect.succeed(false)
      }
      return Effect.logDebug(
        `${request.method} ${Url.shown(request.url)}: ${why}; try ${tries.nextRetry() + 1} in ${wait} ms`
      ).pipe(Effect.zipRight(clock.sleep(Duration.millis(wait))), Effect.as(true))
    })
  )

const doubled = (n: number): number => Math.min(500 * 2 ** n, 60_000)

const delayOf = (fixed: Duration.DurationInput | undefined, n: number): number =>
  fixed === undefined ? doubled(n) : Duration.toMillis(fixed)

const withAttempts = (error: Errors.TransportError | Errors.TimedOut, attempts: number): Errors.WireError => {
  const { method, url } = error
  return error._tag === "TransportError"
    ? new Errors.TransportError({
      method,
      url,
      reason: error.reason,
      code: error.code,
      description: error.description,
      attempts
    })
    : new Errors.TimedOut({
      method,
      url,
      phase: error.phase,
      millis: error.millis,
      description: error.description,
      attempts
    })
}

/** Sends one hop until it succeeds or the budget is spent. A redirect resets the delays, but not the budget. */
export const run = (
  retries: Retries,
  request: HttpClientRequest.HttpClientRequest,
  send: Effect.Effect<HttpClientResponse.HttpClientResponse, Errors.WireError>
): Effect.Effect<HttpClientResponse.HttpClientResponse, Errors.WireError> => {
  const { budget, policy, tries } = retries
  const loop: Effect.Effect<HttpClientResponse.HttpClientResponse, Errors.WireError> = Effect.matchEffect(send, {
    onFailure: (error) => {
      if (!isRetriable(retries, error)) {
        return Effect.fail(error)
      }
      const fail = Effect.suspend(() =>
        Effect.fail(tries.retries === 0 ? error : withAttempts(error, tries.retries + 1))
      )
      if (budget.connect <= 0) {
        return fail
      }
      budget.connect--
      const delay = delayOf(policy.connectDelay, tries.nextConnectDelay())
      const why = error._tag === "TimedOut" ? "no answer in time" : error.description
      return Effect.flatMap(pause(retries, request, why, delay), (again) => again ? loop : fail)
    },
    onSuccess: (response) => {
      if (!isRetriableAnswer(retries, response) || budget.status <= 0) {
        return Effect.succeed(response)
      }
      budget.status--
      tries.connected()
      const computed = delayOf(policy.statusDelay, tries.nextStatusDelay())
      return Effect.flatMap(Faults.retryAfterMillis(response.headers), (demanded) =>
        Effect.flatMap(
          pause(retries, request, `answered ${response.status}`, demanded ?? computed),
          (again) => again ? Effect.zipRight(Body.discard(response), loop) : Effect.succeed(response)
        ))
    }
  })
  return loop
}
