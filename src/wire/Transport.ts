/**
 * The wire: the one place that every request goes through, logins and version documents too. It wraps the platform's
 * `HttpClient` with redirects that lose no credential, retries, finite timeouts, limits, a user agent, typed errors and
 * redaction.
 *
 * @since 0.1.0
 */
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import * as Headers from "@effect/platform/Headers"
import type * as HttpBody from "@effect/platform/HttpBody"
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import type * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as UrlParams from "@effect/platform/UrlParams"
import * as Cause from "effect/Cause"
import type * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import * as FiberRefs from "effect/FiberRefs"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import * as Watch from "../base/deadline.js"
import * as Memo from "../base/memo.js"
import * as Metrics from "../base/metrics.js"
import * as Time from "../base/time.js"
import * as Errors from "../Errors.js"
import * as Secrets from "../safety/secrets.js"
import * as Url from "../safety/url.js"
import * as Body from "./body.js"
import * as CommonHeaders from "./commonHeaders.js"
import * as Limiter from "./Limiter.js"
import * as Internal from "./operation.js"
import * as Patience from "./ownClient.js"
import * as Redirects from "./redirects.js"
import * as Response from "./response.js"
import * as Retries from "./retries.js"
import * as RetryPolicy from "./RetryPolicy.js"
import * as Telemetry from "./telemetry.js"
import * as TransportFault from "./transportFault.js"
import * as Upload from "./upload.js"

/**
 * @since 0.1.0
 * @category models
 */
export interface Options extends CommonHeaders.SessionHeaders {
  /**
   * How long the answer to one sending may take, up to its headers. While a body that is a stream is sent (over `NodeTransport` also
   * bytes of more than 1 MiB), it counts from the last piece that was taken. Default: 60 seconds.
   */
  readonly timeout?: Duration.DurationInput | undefined
  /** How long the answer to a login may take, and reading it. Default: 30 seconds. */
  readonly loginTimeout?: Duration.DurationInput | undefined
  /** The same for a version document. Default: 20 seconds. */
  readonly discoveryTimeout?: Duration.DurationInput | undefined
  /**
   * How long a request may take in all, up to the headers of its answer: logging in, finding the endpoint, turns of
   * limiters, redirects and retries. A body that flows moves it further, as it does `timeout`; a `deadline` that a call gives for
   * itself stays. Default: 5 minutes.
   */
  readonly deadline?: Duration.DurationInput | undefined
  /** How many redirects are followed before the redirect itself is the answer. Default: 30. */
  readonly redirects?: number | undefined
  /** What is sent again after a failure. Default: nothing, as in keystoneauth. */
  readonly retries?: RetryPolicy.RetryPolicy | undefined
  /** How much is sent at once and how fast, over all adapters, logins and version documents. Default: no limit. */
  readonly limits?: Limiter.Limits | undefined
}

/**
 * How one request is sent. What is not said is the Session's.
 *
 * @since 0.1.0
 * @category models
 */
export interface SendOptions extends CommonHeaders.RequestHeaders {
  /** How long the answer to one sending may take, up to its headers, counted from the last progress of an upload. */
  readonly timeout?: Duration.DurationInput | undefined
  /** How many redirects are followed before the redirect itself is the answer. */
  readonly redirects?: number | undefined
  /** What is sent again after a failure: what is said here wins over what the Session says. */
  readonly retries?: RetryPolicy.RetryPolicy | undefined
  /** Another limit that each sending keeps, besides the Session's. */
  readonly limiter?: Limiter.Limiter | undefined
}

/**
 * @since 0.1.0
 * @category models
 */
export interface ExecuteOptions extends SendOptions {
  /** What is waited for: chooses the timeout, and is told in `TimedOut`. A login may be sent again. Default: `"request"`. */
  readonly phase?: "request" | "login" | "discovery" | undefined
  /**
   * The headers that authenticate it, whatever they are called. They are sent in place of others of the same name, to this origin
   * only, and shown nowhere.
   */
  readonly credentials?: Headers.Headers | undefined
  /** What else in it must not be shown, where an answer or a failure quotes it. */
  readonly secrets?: ReadonlyArray<Redacted.Redacted> | undefined
  /** What this sending is a part of, as `operation` gives it. */
  readonly operation?: Operation | undefined
  /** What spans and metrics tell of it. Default: the host of its URL as the cloud, and identity as the service of a login. */
  readonly about?: About | undefined
}

/**
 * What a request is about: the cloud (host and port of its Keystone), service, region and microversion, and how often it was
 * `sent` so far, which the wire counts: begin with 0.
 *
 * @since 0.1.0
 * @category models
 */
export interface About extends Telemetry.About {}

/**
 * What belongs to one request of a caller: its deadline, and what was tried so far.
 *
 * @since 0.1.0
 * @category models
 */
export interface Operation extends Internal.Operation {}

/**
 * @since 0.1.0
 * @category models
 */
export interface Service {
  /**
   * Sends a request to an absolute URL as it is, without authentication, and answers with whatever status came.
   *
   * - 301, 302, 303, 305, 307 and 308 are followed with method and body kept, as keystoneauth does; at the limit the
   *   redirect itself is the answer. 300 is an answer.
   * - To another origin go only headers that are known to be harmless (`accept`, `content-type`, `user-agent`, microversions and
   *   the like), and no body of a login or of a request that holds a secret. https never becomes http.
   * - In a browser no redirect is followed: it hides the target, or else takes the token along to any origin.
   * - Compressed answers (gzip, deflate) are asked for and decoded, but in a page or over `fetch`, where the platform does it. What
   *   was decoded has neither `content-encoding` nor `content-length`. Read as a whole it may be 128 MiB long; a stream has no
   *   limit. A coding that is not understood is a `ResponseError` that names it; if the request has an `accept-encoding` of its
   *   own, its stream gives such bytes as they come.
   * - Neither the response nor any error shows the request's headers or body.
   */
  readonly execute: (
    request: HttpClientRequest.HttpClientRequest,
    options?: ExecuteOptions
  ) => Effect.Effect<HttpClientResponse.HttpClientResponse, Errors.WireError>
  /**
   * The same with the body read as text, for which there is as much time again. It is at most `limit` bytes long (default:
   * 16 MiB), or else a `TransportError`; of a refusal the beginning is read.
   */
  readonly text: (
    request: HttpClientRequest.HttpClientRequest,
    options?: ExecuteOptions & { readonly limit?: number | undefined }
  ) => Effect.Effect<TextResponse, Errors.WireError>
  /** Gives all that is done for a request one deadline: what is sent in it keeps it, and what else may wait can. */
  readonly operation: <A, E, R>(
    request: HttpClientRequest.HttpClientRequest,
    options: SendOptions & { readonly deadline?: Duration.DurationInput | undefined },
    use: (operation: Operation) => Effect.Effect<A, E, R>
  ) => Effect.Effect<A, E | Errors.TimedOut | Errors.InvalidOptions, R>
}

/**
 * @since 0.1.0
 * @category models
 */
export interface TextResponse {
  readonly status: number
  readonly headers: Headers.Headers
  readonly text: string
  /** A text about the answer as it may be shown: without what was secret in the request. */
  readonly hide: (text: string) => string
  /** The URL that answered, after redirects, as it may be shown: without user name, password and secret parameters. */
  readonly url: string
}

/**
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

/** In milliseconds, if it can be waited for. */
const positive = (
  option: keyof typeof defaults,
  duration: Duration.DurationInput
): Either.Either<number, Errors.InvalidOptions> => {
  const millis = Duration.toMillis(duration)
  return millis > 0 ? Either.right(millis) : Either.left(
    new Errors.InvalidOptions({
      module: "Transport",
      option,
      reason: `nothing can be answered within ${millis} ms: leave it out for ${
        defaults[option]
      }, or give Duration.infinity`
    })
  )
}

/**
 * @since 0.1.0
 * @category constructors
 */
export const make = (options: Options = {}): Effect.Effect<Service, never, HttpClient.HttpClient | Scope.Scope> =>
  Effect.gen(function*() {
    const client = yield* HttpClient.HttpClient
    const own = Patience.sendWithin(client)
    const sendWithin: Patience.SendWithin = own ??
      ((restore, _, request, __, watch, deadline, settle) =>
        watch.settled(restore, deadline, client.execute(request), settle, withoutPlatformHabits))
    const watch = yield* Watch.make
    const withCommonHeaders = CommonHeaders.make(options)
    const badHeaders = CommonHeaders.problem(options)
    /** Credentials that were checked last: most requests have the same. */
    let sendable: Headers.Headers | undefined
    const meters = Metrics.makeRequests()
    const timeoutOf = (option: keyof typeof defaults) => positive(option, options[option] ?? defaults[option])
    const timeouts = {
      request: timeoutOf("timeout"),
      login: timeoutOf("loginTimeout"),
      discovery: timeoutOf("discoveryTimeout")
    }
    const deadline = timeoutOf("deadline")
    const limiter = options.limits === undefined ? undefined : yield* Effect.either(Limiter.make(options.limits))

    /** When it is too late for an answer to what is sent now. */
    const deadlineOf = (
      sending: Sending,
      request: HttpClientRequest.HttpClientRequest,
      url: URL,
      now: Time.Instant
    ): Watch.Deadline<Errors.TimedOut> => {
      const endsAt = Time.after(now, sending.timeout)
      return sending.operation !== undefined && sending.operation.endsAt < endsAt
        ? sending.operation
        : new SendingDeadline(endsAt, sending, request, url)
    }

    /** One hop in the time that it has. The URL is built before, so that query and hash of the request are in it for good. */
    const send = (sending: Sending, request: HttpClientRequest.HttpClientRequest, url: URL) =>
      Telemetry.traced(
        sending,
        request,
        url,
        meters,
        (restore, fiber, request, now, tell) => {
          // only our own client is known to keep the length of what it sends in pieces: fetch does not
          const upload = Upload.isFlowing(request.body, own !== undefined)
            ? new UploadDeadline(now, sending, request, request.body, url, Time.clockOf(fiber))
            : undefined
          return sendWithin(
            restore,
            fiber,
            upload === undefined ? request : upload.request,
            url,
            watch,
            upload ?? deadlineOf(sending, request, url, now),
            (ending) =>
              tell(Exit.mapBoth(upload === undefined ? ending : upload.ended(ending), {
                onFailure: (error) =>
                  error._tag === "TimedOut" || error._tag === "TransportError"
                    ? error
                    : TransportFault.fromPlatform(error, request.method, url.href, sending.phase, sending.secrets),
                onSuccess: (response) => Response.make(response, url, sending, watch)
              }))
          )
        }
      )

    /** One hop with the retries that are left, when it is its turn. */
    const hop = (
      sending: Sending,
      request: HttpClientRequest.HttpClientRequest,
      url: URL
    ): Effect.Effect<HttpClientResponse.HttpClientResponse, Errors.WireError> => {
      const { limits, operation, retries } = sending
      const sent = send(sending, request, url)
      const limited = limits.reduce((limited, { withPermit }) => withPermit(limited), sent)
      const inTurn = limits.length === 0 || operation === undefined ? limited : operation.inTime(limited)
      return retries === undefined ? inTurn : Retries.run(retries, request, inTurn)
    }

    const follow = <A>(
      sending: Sending,
      request: HttpClientRequest.HttpClientRequest,
      url: URL,
      left: number,
      use: Use<A>
    ): Effect.Effect<A, Errors.WireError> =>
      Effect.flatMap(hop(sending, request, url), (response): Effect.Effect<A, Errors.WireError> => {
        // what a browser makes of a redirect: an answer without status and headers
        if (response.status === 0) {
          return Redirects.refuse(request, url.href, undefined, "Hidden", sending.secrets)
        }
        const location = Redirects.isRedirect(response) ? Headers.get(response.headers, "location") : Option.none()
        if (Option.isNone(location) || left <= 0) {
          return use(response, sending)
        }
        if (sending.retries !== undefined) {
          Retries.restart(sending.retries)
        }
        return Effect.flatMap(
          Effect.zipRight(
            Body.discard(response),
            Redirects.next(request, url.href, response, location.value, sending)
          ),
          (next) => follow(sending, next, new URL(next.url), left - 1, use)
        )
      })

    const exchange = <A>(
      request: HttpClientRequest.HttpClientRequest,
      execute: ExecuteOptions | undefined,
      use: Use<A>
    ): Effect.Effect<A, Errors.WireError> => {
      const url = UrlParams.makeUrl(request.url, request.urlParams, request.hash)
      if (Either.isLeft(url)) {
        return Effect.fail(
          new Errors.TransportError({
            reason: "Request",
            method: request.method,
            url: Url.shown(request.url),
            description: URL.canParse(request.url)
              ? "the platform makes no URLs in a page or worker that came from a blob: or data: URL"
              : "that is not an absolute URL"
          })
        )
      }
      const phase = execute?.phase ?? "request"
      const timeout = execute?.timeout === undefined ? timeouts[phase] : positive("timeout", execute.timeout)
      if (Either.isLeft(timeout)) {
        return Effect.fail(timeout.left)
      }
      if (limiter !== undefined && Either.isLeft(limiter)) {
        return Effect.fail(limiter.left)
      }
      const badHeader = badHeaders ??
        (execute === undefined || CommonHeaders.isCommon(execute) ? undefined : CommonHeaders.problem(execute))
      if (badHeader !== undefined) {
        return Effect.fail(badHeader)
      }
      const whole = withCommonHeaders(withoutFragment(request, url.right), execute, execute?.credentials)
      // the options that become headers were checked
      const credentials = execute?.credentials
      const unsendable = CommonHeaders.unsendable(request.headers) ??
        (credentials === undefined || credentials === sendable ? undefined : CommonHeaders.unsendable(credentials))
      if (unsendable !== undefined) {
        return Effect.fail(
          new Errors.TransportError({
            reason: "Request",
            method: request.method,
            url: Url.shown(request.url),
            description: unsendable
          })
        )
      }
      sendable = credentials
      const sending = new Sending(
        { request: whole, url: url.right, credentials: execute?.credentials, secrets: execute?.secrets },
        phase,
        timeout.right,
        execute?.operation,
        execute?.about ?? { sent: 0, serviceType: phase === "login" ? "identity" : undefined },
        Retries.make(
          RetryPolicy.merge(options.retries, execute?.retries),
          execute?.operation,
          request,
          phase === "login"
        ),
        // the one that is wrapped around all others is passed first
        limiter === undefined && execute?.limiter === undefined
          ? noLimits
          : [limiter?.right, execute?.limiter].filter((limiter) => limiter !== undefined)
      )
      return follow(
        sending,
        whole,
        url.right,
        execute?.redirects ?? options.redirects ?? 30,
        use
      )
    }

    return {
      execute: (request, execute) => exchange(request, execute, Effect.succeed),
      text: (request, execute) =>
        exchange(request, execute, (response, sending) =>
          Effect.clockWith((clock) =>
            watch.within(
              deadlineOf(sending, request, Response.url(response) ?? sending.url, Time.now(clock)),
              readText(sending, request, response, execute?.limit ?? defaultLimit)
            )
          )),
      operation: <A, E, R>(
        request: HttpClientRequest.HttpClientRequest,
        own: Parameters<Service["operation"]>[1],
        use: (operation: Operation) => Effect.Effect<A, E, R>
      ) => {
        const whole = own.deadline === undefined ? deadline : positive("deadline", own.deadline)
        if (Either.isLeft(whole)) {
          return Effect.fail(whole.left)
        }
        // said before anything is done
        const sending = own.timeout === undefined ? timeouts.request : positive("timeout", own.timeout)
        if (Either.isLeft(sending)) {
          return Effect.fail(sending.left)
        }
        return Effect.withFiberRuntime<A, E, R>((fiber) =>
          use(
            Internal.make(watch, Time.ofFiber(fiber), whole.right, own.deadline !== undefined, () =>
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

/** Fragments are for whoever reads the answer: none goes on the wire. */
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

/** A refusal is one whatever becomes of its body; anything else is of use only as a whole. */
const readText = (
  { phase, secrets }: Sending,
  request: HttpClientRequest.HttpClientRequest,
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
      Effect.mapError((error) => TransportFault.fromPlatform(error, request.method, url, phase, secrets)),
      Effect.filterOrFail(
        ({ truncated }) => !truncated,
        () =>
          new Errors.TransportError({
            reason: "Response",
            method: request.method,
            url,
            description: `its body is longer than ${limit} bytes`
          })
      ),
      Effect.map(({ text }) => ({ status, headers, text, hide, url }))
    )
}

/** What is decided for all hops of one request. */
class Sending {
  readonly #source: Secrets.Source
  #secrets: Secrets.Secrets | undefined

  constructor(
    source: Secrets.Source,
    readonly phase: "request" | "login" | "discovery",
    /** In milliseconds. */
    readonly timeout: number,
    readonly operation: Operation | undefined,
    readonly about: About,
    readonly retries: Retries.Retries | undefined,
    readonly limits: ReadonlyArray<Limiter.Limiter>
  ) {
    this.#source = source
  }

  get url(): URL {
    return this.#source.url
  }

  get isLogin(): boolean {
    return this.phase === "login"
  }

  /** Made where something is shown: a request that goes well needs none. */
  get secrets(): Secrets.Secrets {
    return this.#secrets ??= new Secrets.Secrets(this.#source)
  }
}

type Use<A> = (
  response: HttpClientResponse.HttpClientResponse,
  sending: Sending
) => Effect.Effect<A, Errors.WireError>

class SendingDeadline implements Watch.Deadline<Errors.TimedOut> {
  constructor(
    readonly endsAt: Time.Instant,
    readonly sending: Sending,
    readonly request: HttpClientRequest.HttpClientRequest,
    readonly url: URL
  ) {}

  late(): Errors.TimedOut {
    return timedOut(this.sending, this.request, this.url)
  }
}

/** Of a body that flows: each piece of it moves the end further. */
class UploadDeadline implements Watch.Deadline<Errors.TimedOut>, Upload.Listener {
  readonly request: HttpClientRequest.HttpClientRequest
  #failure: Cause.Cause<unknown> | undefined
  /** Its sending has failed. */
  #over = false
  #own: Time.Instant

  constructor(
    now: Time.Instant,
    readonly sending: Sending,
    readonly original: HttpClientRequest.HttpClientRequest,
    body: HttpBody.Stream | HttpBody.Uint8Array,
    readonly url: URL,
    readonly clock: Clock.Clock
  ) {
    this.#own = Time.after(now, sending.timeout)
    this.request = Upload.make(original, body, this)
  }

  get endsAt(): Time.Instant {
    const { operation } = this.sending
    return operation !== undefined && operation.endsAt < this.#own ? operation.endsAt : this.#own
  }

  late(): Errors.TimedOut {
    const { operation } = this.sending
    return operation !== undefined && operation.endsAt < this.#own
      ? operation.late()
      : timedOut(this.sending, this.original, this.url)
  }

  flows(): Effect.Effect<void> {
    if (this.#over) {
      return Effect.interrupt
    }
    const now = Time.now(this.clock)
    this.#own = Time.after(now, this.sending.timeout)
    this.sending.operation?.flows(now)
    return Effect.void
  }

  fails(cause: Cause.Cause<unknown>): void {
    this.#failure = cause
  }

  /** How its sending has ended. Where the stream has failed, that is why, whatever the platform makes of it. */
  ended<A, E extends { readonly _tag: string }>(ending: Exit.Exit<A, E>): Exit.Exit<A, E | Errors.TransportError> {
    if (Exit.isSuccess(ending)) {
      return ending
    }
    this.#over = true
    return this.#failure === undefined || Cause.isInterruptedOnly(this.#failure) ||
        Cause.isInterruptedOnly(ending.cause) ||
        Option.exists(Cause.failureOption(ending.cause), ({ _tag }) => _tag === "TimedOut")
      ? ending
      : Exit.fail(TransportFault.ofUpload(this.#failure, this.original, this.url.href, this.sending.secrets))
  }
}

const noLimits: ReadonlyArray<Limiter.Limiter> = []

const timedOut = (
  { phase, secrets, timeout }: Sending,
  { method }: HttpClientRequest.HttpClientRequest,
  url: URL
): Errors.TimedOut => new Errors.TimedOut({ phase, method, url: secrets.hide(Url.shown(url.href)), millis: timeout })

/**
 * The platform's own client spans record headers and user info of URLs in clear, and hand the request to the tracer:
 * `Telemetry.traced` takes their place. `fetch` follows redirects by itself, with every header, unless it is told not to.
 */
const withoutPlatformHabits: Watch.Surroundings = {
  context: Memo.byObject((outer) =>
    Context.add(outer, FetchHttpClient.RequestInit, {
      ...Option.getOrUndefined(Context.getOption(outer, FetchHttpClient.RequestInit)),
      redirect: "manual"
    })
  ),
  fiberRefs: (outer, fiberId) =>
    FiberRefs.updateAs(outer, { fiberId, fiberRef: HttpClient.currentTracerDisabledWhen, value: () => true })
}

/**
 * @since 0.1.0
 * @category layers
 */
export const layer = (options: Options = {}): Layer.Layer<Transport, never, HttpClient.HttpClient> =>
  Layer.scoped(Transport, make(options))
