/**
 * One attempt to send a request: the request, its URL, its deadline, and what all attempts of one request have in
 * common.
 */
import type * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { Restore } from "../base/continuation.js"
import type * as Deadline from "../base/deadline.js"
import * as Fiber from "../base/fiber.js"
import * as Time from "../base/time.js"
import * as Errors from "../Errors.js"
import type * as Secrets from "../safety/secrets.js"
import * as Url from "../safety/url.js"
import type * as Limiter from "./Limiter.js"
import type * as Operation from "./operation.js"
import type * as Retries from "./retries.js"
import type * as Transport from "./Transport.js"
import * as TransportFault from "./transportFault.js"
import * as Upload from "./upload.js"

export type Phase = "request" | "login" | "discovery"

/** How a request is sent, with all its redirects and retries. */
export interface Plan {
  readonly phase: Phase
  /** Timeout for the headers of the response, and for each part of its body, in milliseconds. */
  readonly timeout: number
  readonly operation: Operation.Operation | undefined
  /** The operation, or the counts of this request if it belongs to none. */
  readonly tries: Operation.Tries
  readonly about: Transport.About
  readonly retries: Retries.Retries | undefined
  /** The outermost limiter is the last. */
  readonly limits: ReadonlyArray<Limiter.Limiter>
  readonly secrets: Secrets.Secrets
}

/** The error of a response that did not arrive in time. */
const timedOut = ({ phase, secrets, timeout }: Plan, method: string, url: URL): Errors.TimedOut =>
  new Errors.TimedOut({ phase, method, url: secrets.hide(Url.shown(url.href)), millis: timeout })

/** The deadline for reading a whole response. */
export const deadlineOf = (
  plan: Plan,
  method: string,
  url: URL,
  now: Time.Instant
): Deadline.Deadline<Errors.TimedOut> => {
  const endsAt = Time.after(now, plan.timeout)
  return plan.operation !== undefined && plan.operation.endsAt < endsAt
    ? plan.operation
    : { endsAt, late: () => timedOut(plan, method, url) }
}

export class Attempt implements Deadline.Deadline<Errors.TimedOut>, Upload.Listener {
  /** How many attempts there were before. */
  readonly resends: number
  #request: HttpClientRequest.HttpClientRequest
  #beganAt = Time.longAgo
  #ownEnd = Time.never
  #uploadFailure: Cause.Cause<unknown> | undefined
  #isOver = false

  constructor(
    readonly plan: Plan,
    request: HttpClientRequest.HttpClientRequest,
    /** With the query and hash of the request. */
    readonly url: URL,
    readonly fiber: Fiber.Fiber,
    readonly restore: Restore
  ) {
    this.#request = request
    this.resends = plan.tries.nextAttempt()
  }

  /** The request as it is sent. */
  get request(): HttpClientRequest.HttpClientRequest {
    return this.#request
  }

  get method(): string {
    return this.#request.method
  }

  get phase(): Phase {
    return this.plan.phase
  }

  get secrets(): Secrets.Secrets {
    return this.plan.secrets
  }

  get beganAt(): Time.Instant {
    return this.#beganAt
  }

  /**
   * Starts the time of the attempt. A body that is a stream, or a large one where the client sends it `inPieces`,
   * reports its progress to the deadline.
   */
  begin(request: HttpClientRequest.HttpClientRequest, inPieces: boolean): void {
    this.#beganAt = Time.ofFiber(this.fiber)
    this.#ownEnd = Time.after(this.#beganAt, this.plan.timeout)
    this.#request = Upload.isFlowing(request.body, inPieces) ? Upload.make(request, request.body, this) : request
  }

  get endsAt(): Time.Instant {
    const { operation } = this.plan
    return operation !== undefined && operation.endsAt < this.#ownEnd ? operation.endsAt : this.#ownEnd
  }

  late(): Errors.TimedOut {
    const { operation } = this.plan
    return operation !== undefined && operation.endsAt < this.#ownEnd
      ? operation.late()
      : timedOut(this.plan, this.method, this.url)
  }

  progressed(): Effect.Effect<void> {
    if (this.#isOver) {
      return Effect.interrupt
    }
    const now = Time.ofFiber(this.fiber)
    this.#ownEnd = Time.after(now, this.plan.timeout)
    this.plan.operation?.progressed(now)
    return Effect.void
  }

  failed(cause: Cause.Cause<unknown>): void {
    this.#uploadFailure = cause
  }

  /**
   * The error of a failed attempt. If the stream of an upload has failed it is that failure, whatever the client
   * reports.
   */
  failure(cause: Cause.Cause<TransportFault.Failure>): Cause.Cause<Errors.TransportError | Errors.TimedOut> {
    this.#isOver = true
    return this.#uploadFailure === undefined || Cause.isInterruptedOnly(this.#uploadFailure) ||
        Cause.isInterruptedOnly(cause) ||
        Option.exists(Cause.failureOption(cause), ({ _tag }) => _tag === "TimedOut")
      ? Cause.map(cause, (error) => TransportFault.fromClient(error, this))
      : Cause.fail(TransportFault.ofUpload(this.#uploadFailure, this))
  }
}
