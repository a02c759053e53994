/**
 * Service for sending requests, through which all requests go, including logins and version documents. It adds
 * redirects, retries, timeouts, limits, a user agent, typed errors and redaction to an `HttpClient`.
 *
 * @since 0.1.0
 */
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import * as Headers from "@effect/platform/Headers"
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import type * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as UrlParams from "@effect/platform/UrlParams"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import { andThen } from "../base/continuation.js"
import * as Deadline from "../base/deadline.js"
import * as Fiber from "../base/fiber.js"
import * as Memo from "../base/memo.js"
import * as Metrics from "../base/metrics.js"
import * as Time from "../base/time.js"
import * as Errors from "../Errors.js"
import * as Secrets from "../safety/secrets.js"
import * as Url from "../safety/url.js"
import * as Attempt from "./attempt.js"
import * as Body from "./body.js"
import * as CommonHeaders from "./commonHeaders.js"
import * as Limiter from "./Limiter.js"
import * as Operation_ from "./operation.js"
import * as OwnClient from "./ownClient.js"
import * as Redirects from "./redirects.js"
import * as Response from "./response.js"
import * as Retries from "./retries.js"
import * as RetryPolicy from "./RetryPolicy.js"
import * as Telemetry from "./telemetry.js"
import * as TransportFault from "./transportFault.js"

/**
 * Options for all requests of a Session.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options extends CommonHeaders.SessionHeaders {
  /**
   * Timeout of each attempt, up to the headers of the response. During an upload of a stream (over `NodeTransport` also
   * of more than 1 MiB of bytes) it counts from the last progress. Default: 60 seconds.
   */
  readonly timeout?: Duration.DurationInput | undefined
  /** Timeout of a login, and of reading its answer. Default: 30 seconds. */
  readonly loginTimeout?: Duration.DurationInput | undefined
  /** Timeout of a version document, and of reading it. Default: 20 seconds. */
  readonly discoveryTimeout?: Duration.DurationInput | undefined
  /**
   * Timeout of everything that is done for a request, up to the headers of its response: login, discovery, waiting for
   * limiters, redirects and retries. It restarts with each progress of an upload, unless the call has a `deadline` of
   * its own. Default: 5 minutes.
   */
  readonly deadline?: Duration.DurationInput | undefined
  /** How many redirects are followed. The next one is returned as the answer. Default: 30. */
  readonly redirects?: number | undefined
  /** When to retry a request that failed or was refused temporarily. Default: never, as in keystoneauth. */
  readonly retries?: RetryPolicy.RetryPolicy | undefined
  /** Concurrency and rate of all requests, logins and version documents included. Default: no limit. */
  readonly limits?: Limiter.Limits | undefined
}

/**
 * Options for one request. Options that are not set are the Session's.
 *
 * @since 0.1.0
 * @category models
 */
export interface SendOptions extends CommonHeaders.RequestHeaders {
  /** Timeout of each attempt, up to the headers of the response, counted from the last progress of an upload. */
  readonly timeout?: Duration.DurationInput | undefined
  /** How many redirects are followed. The next one is returned as the response. */
  readonly redirects?: number | undefined
  /** When to retry. Each field that is set overrides the Session's. */
  readonly retries?: RetryPolicy.RetryPolicy | undefined
  /** A limiter for each attempt, in addition to the Session's. */
  readonly limiter?: Limiter.Limiter | undefined
}

/**
 * Options for one request to an absolute URL.
 *
 * @since 0.1.0
 * @category models
 */
export interface ExecuteOptions extends SendOptions {
  /**
   * The kind of request, which selects the timeout and appears in `TimedOut`. A login may be retried, although it is a
   * POST. Default: `"request"`.
   */
  readonly phase?: "request" | "login" | "discovery" | undefined
  /**
   * Headers that authenticate the request, whatever their names. They replace others of the same name, are sent only to
   * this origin, and are never shown.
   */
  readonly credentials?: Headers.Headers | undefined
  /** Other secrets in the request, which are hidden where a response or an error quotes them. */
  readonly secrets?: ReadonlyArray<Redacted.Redacted> | undefined
  /** The operation that the request is a part of; see `Service.operation`. */
  readonly operation?: Operation | undefined
  /**
   * Labels for spans and metrics. Default: the host of the URL as the cloud, and `identity` as the service of a login.
   */
  readonly about?: About | undefined
}

/**
 * Labels of a request for spans and metrics.
 *
 * @since 0.1.0
 * @category models
 */
export interface About {
  /** Host and port of the cloud's Keystone. Default: those of the request. */
  readonly cloud?: string | undefined
  readonly serviceType?: string | undefined
  readonly regionName?: string | undefined
  readonly microversion?: string | undefined
}

/**
 * Everything that is done for one request of a caller, with one deadline: `inTime` runs an effect with it, and
 * `retries` is the number of retries. Made by `Service.operation`.
 *
 * @since 0.1.0
 * @category models
 */
export interface Operation {
  /** When it began, by the monotonic clock, in milliseconds. */
  readonly beganAt: Time.Instant
  /** How often something was sent again because it failed. */
  readonly retries: number
  /** Runs an effect with the deadline of the operation. */
  readonly inTime: <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E | Errors.TimedOut, R>
}

/**
 * Service for sending requests.
 *
 * @since 0.1.0
 * @category models
 */
export interface Service {
  /**
   * Sends a request to an absolute URL, without authentication of its own. Succeeds with the response, whatever its
   * status.
   *
   * - 301, 302, 303, 305, 307 and 308 are followed with the same method and body, as keystoneauth does. At the limit
   *   the redirect itself is the response. 300 is not followed.
   * - Another origin gets only headers that are known to be harmless (`accept`, `content-type`, `user-agent`,
   *   microversions and the like), and no body of a login or of a request with a secret. https is never redirected to
   *   http.
   * - In a browser no redirect is followed: the browser hides the target, or else sends the token to any origin.
   * - Compressed responses (gzip, deflate) are requested and decoded, except in a page or over `fetch`, where the
   *   platform does it. A decoded response has neither `content-encoding` nor `content-length`. It can be read as a
   *   whole up to 128 MiB, and as a stream without limit. An unknown coding is a `ResponseError` that names it; if the
   *   request has an `accept-encoding` of its own, the stream has the encoded bytes.
   * - Neither the response nor any error shows headers or body of the request.
   */
  readonly execute: (
    request: HttpClientRequest.HttpClientRequest,
    options?: ExecuteOptions
  ) => Effect.Effect<HttpClientResponse.HttpClientResponse, Errors.WireError>
  /**
   * As `execute`, and reads the body as text with the same timeout again. A body of more than `limit` bytes (default:
   * 16 MiB) is a `TransportError`. From a status of 400 on only the beginning is read.
   */
  readonly text: (
    request: HttpClientRequest.HttpClientRequest,
    options?: ExecuteOptions & { readonly limit?: number | undefined }
  ) => Effect.Effect<TextResponse, Errors.WireError>
  /** Runs everything for one request under one deadline. */
  readonly operation: <A, E, R>(
    request: HttpClientRequest.HttpClientRequest,
    options: SendOptions & { readonly deadline?: Duration.DurationInput | undefined },
    use: (operation: Operation) => Effect.Effect<A, E, R>
  ) => Effect.Effect<A, E | Errors.TimedOut | Errors.InvalidOptions, R>
}

/**
 * A response with its body.
 *
 * @since 0.1.0
 * @category models
 */
export interface TextResponse {
  readonly status: number
  readonly headers: Headers.Headers
  /** The body. From a status of 400 on it may be only the beginning. */
  readonly text: string
  /** Hides the secrets of request and response in a text. */
  readonly hide: (text: string) => string
  /** The URL that answered, after redirects, without user name, password and secret parameters. */
  readonly url: string
}

/**
 * Service tag for sending requests.
 *
 * @since 0.1.0
 * @category tags
 */
export class Transport extends Context.Tag("effect-keystoneauth/Transport")<Transport, Service>() {}

const defaultLimit = 16 * 1024 * 1024

const defaults = {
  timeout: "60 seconds",
  loginTimeout: "30 seconds",
  discoveryTimeout: "20 seconds",
  deadline: "5 minutes"
} as const

/** A timeout in milliseconds. */
const positive = (
  option: keyof typeof defaults,
  duration: Duration.DurationInput
): Either.Either<number, Errors.InvalidOptions> => {
  const millis = Duration.toMillis(duration)
  return millis > 0 ? Either.right(millis) : Either.left(
    new Errors.InvalidOptions({
      module: "Transport",
      option,
      reason: `${millis} ms is not a positive duration; omit it for ${defaults[option]}, or set Duration.infinity`
    })
  )
}

/**
 * Makes a `Transport` over an `HttpClient`.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (options: Options = {}): Effect.Effect<Service, never, HttpClient.HttpClient | Scope.Scope> =>
  Effect.gen(function*() {
    const client = yield* HttpClient.HttpClient
    const deadlines = yield* Deadline.make
    const meters = Metrics.makeRequests()
    const ownSend = OwnClient.sendOf(client)
    const send: OwnClient.Send = ownSend ??
      ((attempt, deadlines, next) =>
        deadlines.exitWithin(attempt.restore, attempt, client.execute(attempt.request), next, withoutPlatformHabits))
    const withCommonHeaders = CommonHeaders.make(options)
    const badHeaders = CommonHeaders.problem(options)
    /** The credentials that were checked last: most requests have the same. */
    let sendable: Headers.Headers | undefined
    const timeoutOf = (option: keyof typeof defaults) => positive(option, options[option] ?? defaults[option])
    const timeouts = {
      request: timeoutOf("timeout"),
      login: timeoutOf("loginTimeout"),
      discovery: timeoutOf("discoveryTimeout")
    }
    const deadline = timeoutOf("deadline")
    const limiter = options.limits === undefined ? undefined : yield* Effect.either(Limiter.make(options.limits))

    /**
     * Sends one attempt. It is interruptible only while it waits, so that each attempt that is counted is also ended.
     */
    const attempt = (plan: Attempt.Plan, request: HttpClientRequest.HttpClientRequest, url: URL): Telemetry.Answer =>
      Effect.uninterruptibleMask((restore) =>
        Fiber.withFiber((fiber) => {
          const attempt = new Attempt.Attempt(plan, request, url, fiber, restore)
          return andThen(Telemetry.observe(attempt), (observer) => {
            const sent = (): Telemetry.Answer => {
              // only our own client keeps the length of a body that is sent in pieces: fetch does not
              attempt.begin(Telemetry.propagate(attempt, observer), ownSend !== undefined)
              const meter = Telemetry.begin(attempt, meters)
              return send(attempt, deadlines, (ending) =>
                Telemetry.end(
                  attempt,
                  meter,
                  observer,
                  Exit.isFailure(ending)
                    ? Exit.failCause(attempt.failure(ending.cause))
                    : Exit.succeed(Response.make(ending.value, url, plan, deadlines))
                ))
            }
            return observer === undefined ? sent() : Telemetry.within(attempt, observer, Effect.suspend(sent))
          })
        })
      )

    /** Sends to one URL: attempts within the limits, and retries. */
    const hop = (plan: Attempt.Plan, request: HttpClientRequest.HttpClientRequest, url: URL): Telemetry.Answer => {
      const { limits, operation, retries } = plan
      const limited = limits.reduce((limited, { withPermit }) => withPermit(limited), attempt(plan, request, url))
      const inTurn = limits.length === 0 || operation === undefined ? limited : operation.inTime(limited)
      return retries === undefined ? inTurn : Retries.run(retries, request, inTurn)
    }

    /** Sends, and follows redirects. */
    const follow = (
      plan: Attempt.Plan,
      request: HttpClientRequest.HttpClientRequest,
      url: URL,
      redirects: number
    ): Telemetry.Answer =>
      Effect.flatMap(hop(plan, request, url), (response) => {
        const { phase, secrets, tries } = plan
        // what a browser returns for a redirect: a response without status and headers
        if (response.status === 0) {
          return Redirects.refuse({ request, url, phase, secrets }, undefined, "Hidden")
        }
        const location = Redirects.isRedirect(response) ? Headers.get(response.headers, "location") : Option.none()
        if (Option.isNone(location) || redirects <= 0) {
          return Effect.succeed(response)
        }
        tries.redirected()
        return Body.discard(response).pipe(
          Effect.zipRight(Redirects.next({ request, url, phase, secrets }, response, location.value)),
          Effect.flatMap((next) => follow(plan, next, new URL(next.url), redirects - 1))
        )
      })

    const invalidRequest = ({ method, url }: HttpClientRequest.HttpClientRequest, description: string) =>
      new Errors.TransportError({ reason: "Request", method, url: Url.shown(url), description })

    /** Checks a request and its options, and decides how it is sent. */
    const prepare = (
      request: HttpClientRequest.HttpClientRequest,
      execute: ExecuteOptions = {}
    ): Either.Either<Prepared, Errors.WireError> => {
      const url = UrlParams.makeUrl(request.url, request.urlParams, request.hash)
      if (Either.isLeft(url)) {
        return Either.left(invalidRequest(
          request,
          URL.canParse(request.url)
            ? "the platform cannot make URLs in a page or worker that was loaded from a blob: or data: URL"
            : "the URL is not absolute"
        ))
      }
      const { about, credentials, phase = "request" } = execute
      const operation = execute.operation instanceof Operation_.Operation ? execute.operation : undefined
      const timeout = execute.timeout === undefined ? timeouts[phase] : positive("timeout", execute.timeout)
      if (Either.isLeft(timeout)) {
        return Either.left(timeout.left)
      }
      if (limiter !== undefined && Either.isLeft(limiter)) {
        return Either.left(limiter.left)
      }
      const badHeader = badHeaders ?? (CommonHeaders.isCommon(execute) ? undefined : CommonHeaders.problem(execute))
      if (badHeader !== undefined) {
        return Either.left(badHeader)
      }
      const unsendable = CommonHeaders.unsendable(request.headers) ??
        (credentials === undefined || credentials === sendable ? undefined : CommonHeaders.unsendable(credentials))
      if (unsendable !== undefined) {
        return Either.left(invalidRequest(request, unsendable))
      }
      sendable = credentials
      const whole = withCommonHeaders(withoutFragment(request, url.right), execute, credentials)
      const tries = operation ?? new Operation_.Tries()
      const plan: Attempt.Plan = {
        phase,
        timeout: timeout.right,
        operation,
        tries,
        about: about ?? (phase === "login" ? aboutLogin : aboutNothing),
        retries: Retries.make(
          RetryPolicy.merge(options.retries, execute.retries),
          tries,
          request,
          phase === "login"
        ),
        limits: limiter === undefined && execute.limiter === undefined
          ? noLimits
          : [limiter?.right, execute.limiter].filter((limiter) => limiter !== undefined),
        secrets: new Secrets.Secrets({ request: whole, url: url.right, credentials, secrets: execute.secrets })
      }
      const redirects = execute.redirects ?? options.redirects ?? 30
      return Either.right({ plan, request: whole, url: url.right, answer: follow(plan, whole, url.right, redirects) })
    }

    return {
      execute: (request, execute) =>
        Either.match(prepare(request, execute), { onLeft: Effect.fail, onRight: ({ answer }) => answer }),
      text: (request, execute) =>
        Either.match(prepare(request, execute), {
          onLeft: Effect.fail,
          onRight: ({ answer, plan, request, url }) =>
            Effect.flatMap(answer, (response) =>
              Effect.clockWith((clock) =>
                deadlines.within(
                  Attempt.deadlineOf(plan, request.method, Response.url(response) ?? url, Time.now(clock)),
                  readText(plan, request, response, execute?.limit ?? defaultLimit)
                )
              ))
        }),
      operation: <A, E, R>(
        request: HttpClientRequest.HttpClientRequest,
        own: Parameters<Service["operation"]>[1],
        use: (operation: Operation) => Effect.Effect<A, E, R>
      ) => {
        const whole = own.deadline === undefined ? deadline : positive("deadline", own.deadline)
        if (Either.isLeft(whole)) {
          return Effect.fail(whole.left)
        }
        // an invalid timeout fails before anything is sent
        const each = own.timeout === undefined ? timeouts.request : positive("timeout", own.timeout)
        if (Either.isLeft(each)) {
          return Effect.fail(each.left)
        }
        const time = { millis: whole.right, isFixed: own.deadline !== undefined }
        return Fiber.withFiber<A, E, R>((fiber) =>
          use(
            new Operation_.Operation(deadlines, Time.ofFiber(fiber), time, () =>
              new Errors.TimedOut({
                phase: "operation",
                method: request.method,
                url: Url.shown(request.url),
                millis: whole.right
              }))
          )
        )
      }
    }
  })

/** A checked request, and the effect that sends it. */
interface Prepared {
  readonly plan: Attempt.Plan
  /** With all its headers. */
  readonly request: HttpClientRequest.HttpClientRequest
  readonly url: URL
  readonly answer: Telemetry.Answer
}

const noLimits: ReadonlyArray<Limiter.Limiter> = []
const aboutLogin: About = { serviceType: "identity" }
const aboutNothing: About = {}

/** The request without a fragment, which is never sent. */
const withoutFragment = (
  request: HttpClientRequest.HttpClientRequest,
  url: URL
): HttpClientRequest.HttpClientRequest => {
  if (url.hash === "" && Option.isNone(request.hash) && !request.url.includes("#")) {
    return request
  }
  url.hash = ""
  return HttpClientRequest.make(request.method)(url, { headers: request.headers, body: request.body })
}

/** Reads the body of a response. From a status of 400 on only its beginning is read, and need not be readable. */
const readText = (
  { phase, secrets }: Attempt.Plan,
  { method }: HttpClientRequest.HttpClientRequest,
  response: HttpClientResponse.HttpClientResponse,
  limit: number
): Effect.Effect<TextResponse, Errors.WireError> => {
  const { headers, status } = response
  const { url } = response.request
  const answered = secrets.with(headers)
  const hide = (text: string) => answered.hide(text)
  return status >= 400
    ? Effect.map(Body.faultText(response), (text) => ({ status, headers, text, hide, url }))
    : Body.text(response, limit).pipe(
      Effect.mapError((error) => TransportFault.fromClient(error, { method, url, phase, secrets })),
      Effect.filterOrFail(
        ({ truncated }) => !truncated,
        () =>
          new Errors.TransportError({
            reason: "Response",
            method,
            url,
            description: `the body is longer than ${limit} bytes`
          })
      ),
      Effect.map(({ text }) => ({ status, headers, text, hide, url }))
    )
}

/**
 * Turns off the client spans of the platform, which record headers and user info of URLs in clear and pass the request
 * to the tracer, and the redirects of `fetch`, which would be sent every header.
 */
const withoutPlatformHabits: Fiber.Surroundings = {
  context: Memo.byObject((outer) =>
    Context.add(outer, FetchHttpClient.RequestInit, {
      ...Option.getOrUndefined(Context.getOption(outer, FetchHttpClient.RequestInit)),
      redirect: "manual"
    })
  ),
  untraced: true
}

/**
 * A `Transport` over the `HttpClient` of the environment.
 *
 * @example
 * ```ts
 * import { FetchHttpClient } from "@effect/platform"
 * import { Layer } from "effect"
 * import * as Transport from "effect-keystoneauth/Transport"
 *
 * const TransportLive = Transport.layer({ timeout: "10 seconds", retries: { connect: 3 } }).pipe(
 *   Layer.provide(FetchHttpClient.layer)
 * )
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (options: Options = {}): Layer.Layer<Transport, never, HttpClient.HttpClient> =>
  Layer.scoped(Transport, make(options))
