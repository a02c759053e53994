/** The suites about requests: made one after the other on one session, in a mocked world and on a frozen clock. */
import {
  Headers,
  HttpBody,
  HttpClient,
  type HttpClientError,
  HttpClientRequest,
  type HttpClientResponse
} from "@effect/platform"
import type { HttpMethod } from "@effect/platform/HttpMethod"
import { Duration, Effect, Either, Fiber, Layer, Option, TestClock, TestContext } from "effect"
import {
  Adapter,
  AuthPlugin,
  type Discovery,
  type Microversion,
  type RetryPolicy,
  ServiceToken,
  Session
} from "effect-keystoneauth"
import { isRecord } from "effect/Predicate"
import { ownUserAgent } from "../../src/wire/commonHeaders.js"
import type { Case, Outcome } from "../vectors.js"
import type { Json } from "./catalogs.js"
import { filterOf } from "./endpoints.js"
import { make as makePlugin, nobody, text } from "./plugins.js"
import { versionArgument } from "./versions.js"
import * as World from "./world.js"

// -----------------------------------------------------------------------------
// options
// -----------------------------------------------------------------------------

/** Only the given options: an absent one keeps its other value. */
const given = (options: Json): Json => Object.fromEntries(Object.entries(options).filter(([, u]) => u !== undefined))

const seconds = (u: unknown) => typeof u === "number" ? u * 1000 : undefined

const number = (u: unknown) => typeof u === "number" ? u : undefined

/** `true` is without a limit, `false` is never. */
const redirects = (u: unknown) => u === true ? Infinity : u === false ? 0 : number(u)

/** keystoneauth retries any method (Q29). */
const retries = (args: Json): RetryPolicy.RetryPolicy =>
  given({
    connect: number(args.connect_retries),
    status: number(args.status_code_retries),
    statuses: Array.isArray(args.retriable_status_codes) ? args.retriable_status_codes : undefined,
    connectDelay: seconds(args.connect_retry_delay),
    statusDelay: seconds(args.status_code_retry_delay)
  })

const microversionArgument = (u: unknown) => versionArgument(u || null) as Microversion.Input | undefined

/** An empty text is no microversion there; `null` takes the adapter's away. */
const microversion = (name: string, args: Json) =>
  name in args ? { microversion: microversionArgument(args[name]) } : {}

/** The options that an adapter and a call share. */
const common = (args: Json): Adapter.CallOptions => ({
  ...given({
    endpointOverride: text(args, "endpoint_override"),
    authenticated: args.authenticated ?? undefined,
    allowReauth: args.allow_reauth,
    raiseForStatus: args.raise_exc,
    redirects: redirects(args.redirect),
    timeout: seconds(args.timeout),
    userAgent: text(args, "user_agent"),
    clientName: text(args, "client_name"),
    clientVersion: text(args, "client_version"),
    additionalHeaders: args.additional_headers,
    globalRequestId: args.global_request_id,
    originalIp: args.original_ip,
    microversionServiceType: text(args, "microversion_service_type"),
    retries: retries(args)
  }),
  ...microversion("microversion", args)
})

const call = (args: Json): Adapter.CallOptions => ({
  ...common(args),
  ...(isRecord(args.endpoint_filter) ? { endpointFilter: given({ ...filterOf(args.endpoint_filter) }) } : {})
})

/** Adapters in adapters: the outer one wins, and headers of both are sent. */
const adapter = (nested: ReadonlyArray<Json>): Adapter.Options => {
  const flat = nested.reduce<Json>((inner, outer) => ({
    ...inner,
    ...outer,
    additional_headers: { ...inner.additional_headers as object, ...outer.additional_headers as object }
  }), {})
  return {
    ...given({ ...filterOf(flat) }),
    ...common(flat),
    defaultMicroversion: microversionArgument(flat.default_microversion)
  }
}

const pairs = (u: unknown) => Array.isArray(u) ? u as ReadonlyArray<[string, string]> : undefined

/**
 * keystoneauth has one timeout, and none for the whole. Its list of statuses lacked 429 until 5.17 (Q30), its waits
 * have no jitter (Q31), and it retries POST like GET (Q29): a program that wants the same says so.
 */
const session = (options: Json): Session.Options => {
  const timeout = seconds(typeof options.timeout === "string" ? Number(options.timeout) : options.timeout)
  return {
    appName: text(options, "app_name"),
    appVersion: text(options, "app_version"),
    userAgent: text(options, "user_agent"),
    additionalUserAgent: pairs(options.additional_user_agent),
    additionalHeaders: options.additional_headers as Headers.Input | undefined,
    originalIp: text(options, "original_ip"),
    redirects: redirects(options.redirect),
    timeout,
    loginTimeout: timeout,
    discoveryTimeout: timeout,
    deadline: Duration.infinity,
    retries: { statuses: [503], jitter: 0, anyMethod: true, ...retries(options) },
    catalog: { refreshInterval: "never" }
  }
}

// -----------------------------------------------------------------------------
// requests
// -----------------------------------------------------------------------------

const latin1 = ([user, password]: ReadonlyArray<unknown>) =>
  Buffer.from(`${user}:${password}`, "latin1").toString("base64")

const body = (args: Json): HttpBody.HttpBody => {
  const { data, json } = args
  if (json !== undefined && json !== null) {
    return HttpBody.unsafeJson(json)
  }
  return isRecord(data)
    ? HttpBody.urlParams(Object.entries(data).map(([name, value]) => [name, String(value)]))
    : typeof data === "string"
    ? HttpBody.raw(data)
    : HttpBody.empty
}

/** The request as a program would write it. A parameter without a value is none. */
const httpRequest = (method: string, url: string, args: Json): HttpClientRequest.HttpClientRequest => {
  const params = Object.entries(isRecord(args.params) ? args.params : {}).filter(([, value]) => value !== null)
  return HttpClientRequest.make(method.toUpperCase() as HttpMethod)(url).pipe(
    HttpClientRequest.setUrlParams(
      params.flatMap(([name, value]) =>
        (Array.isArray(value) ? value : [value]).map((one): [string, string] => [name, String(one)])
      )
    ),
    HttpClientRequest.setBody(body(args)),
    HttpClientRequest.setHeaders(isRecord(args.headers) ? args.headers as Record<string, string> : {}),
    Array.isArray(args.requests_auth)
      ? HttpClientRequest.setHeader("authorization", `Basic ${latin1(args.requests_auth)}`)
      : (request) => request
  )
}

type Failure = Session.Error | HttpClientError.ResponseError | string

/** keystoneauth's names for our errors, but for those of a status, which are compared by that. */
const kinds: Record<string, ReadonlyArray<string>> = {
  "TransportError Connect": ["ConnectFailure"],
  "TransportError Reset": ["ConnectFailure"],
  "TransportError Tls": ["SSLError"],
  "TransportError Request": ["UnknownConnectionError"],
  "TransportError Unknown": ["UnknownConnectionError"],
  ResponseError: ["UnknownConnectionError"],
  TimedOut: ["ConnectTimeout"],
  InvalidVersion: ["TypeError"],
  // without a plugin nothing compiles here: `nobody` stands in for it, who has no catalog and no project
  InvalidOptions: ["ValueError", "AttributeError", "AuthorizationFailure", "MissingAuthPlugin"],
  EndpointNotFound: ["EndpointNotFound", "EmptyCatalog", "MissingAuthPlugin"],
  // it does not tell a version that is not there from a service that is not there (Q4)
  DiscoveryFailed: ["EndpointNotFound", "DiscoveryFailure", "VersionNotAvailable"]
}

/** The expected error if it is the same, so that only what differs is seen. */
const judgeError = (failure: Failure, expected: Json): unknown => {
  if (typeof failure === "string") {
    return expected.kind === failure ? expected : { missing: failure }
  }
  const status = failure._tag === "Unauthorized" ? 401 : "status" in failure ? failure.status : undefined
  const tag = failure._tag === "TransportError" ? `${failure._tag} ${failure.reason}` : failure._tag
  const same = expected.http_status === undefined
    ? kinds[tag]?.includes(String(expected.kind)) === true
    : expected.http_status === status
  return same ? expected : { failure: failure._tag, message: failure.message }
}

interface Answer {
  readonly status: number
  readonly url: string
  readonly text: string
}

const read = (
  response: HttpClientResponse.HttpClientResponse
): Effect.Effect<Answer, HttpClientError.ResponseError> =>
  Effect.map(response.text, (text) => ({ status: response.status, url: response.request.url, text }))

/** Without the fragment; a stray `%` stays what it is, where Python quotes it. */
const plain = (url: string): string => {
  const { hash, href } = new URL(url)
  return href.slice(0, href.length - hash.length).replace(/%25(?![0-9a-f]{2})/gi, "%")
}

const redirectStatuses = [301, 302, 303, 305, 307, 308]

/** The redirects that led to the last answer, since a token was renewed. */
const history = (sent: ReadonlyArray<World.Sent>): ReadonlyArray<number | undefined> => {
  const before = sent.slice(0, -1)
  const renewed = before.findLastIndex(({ status, url }) => status === 401 || url.endsWith("/auth/tokens"))
  return before.slice(renewed + 1).map(({ status }) => status).filter((status) =>
    redirectStatuses.includes(status ?? 0)
  )
}

// -----------------------------------------------------------------------------
// what was sent
// -----------------------------------------------------------------------------

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

const lowerCase = (headers: Json): Json =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]))

/**
 * Names of headers in lower case, a body parsed if it can be. What keystoneauth says of itself and of the program
 * becomes what we say (there is no program here, unless a Session is told its name), and an address of version 6 is
 * written as RFC 7239 has it (reference 1.17).
 */
const wanted = (request: Json): Json => {
  const headers = lowerCase(request.headers as Json)
  for (const name of ["user-agent", "forwarded"]) {
    if (typeof headers[name] === "string") {
      headers[name] = headers[name].replace("oracle-program ", "").replace("{DEFAULT_USER_AGENT}", ownUserAgent())
        .replace(/^for=([0-9a-f]*:[0-9a-f:]*);/, "for=\"[$1]\";")
    }
  }
  const { body, form, json, method, url } = request
  return {
    method,
    url: plain(String(url)),
    headers,
    body: form ?? json ?? (typeof body === "string" ? parsed(body) : null)
  }
}

const unseen = ["accept-encoding", "connection", "content-length"]

const made = (request: World.Sent, shows: Json): Json => {
  const { body, headers, method, url } = request
  const isForm = headers["content-type"] === "application/x-www-form-urlencoded"
  return {
    method,
    url,
    headers: Object.fromEntries(
      Object.entries(headers).filter(([name]) =>
        !unseen.includes(name) && (name !== "user-agent" || shows.show_user_agent === true)
      )
    ),
    body: body === undefined || body === ""
      ? null
      : isForm
      ? Object.fromEntries(new URLSearchParams(body))
      : parsed(body)
  }
}

const isLogin = ({ method, url }: World.Sent): boolean => method === "POST" && url.endsWith("/auth/tokens")

/** In seconds. */
const delays = (sent: ReadonlyArray<World.Sent>): ReadonlyArray<number> =>
  sent.flatMap(({ at }, i) => i > 0 && at > sent[i - 1]!.at ? [(at - sent[i - 1]!.at) / 1000] : [])

// -----------------------------------------------------------------------------
// the clock
// -----------------------------------------------------------------------------

const turn = Effect.promise(() => new Promise((resolve) => setImmediate(resolve)))

/** Waits for hashes in progress: they end in order. */
const hashed = Effect.promise(() => crypto.subtle.digest("SHA-256", new Uint8Array(1)))

/** Runs until nothing can continue without time passing. */
const settle = Effect.repeatN(Effect.zipRight(hashed, Effect.repeatN(turn, 2)), 5)

/** Advances the clock to each next wake-up, until the effect ends. */
const drive = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.gen(function*() {
    const fiber = yield* Effect.fork(effect)
    for (;;) {
      yield* settle
      const done = yield* Fiber.poll(fiber)
      if (Option.isSome(done)) {
        return yield* Fiber.join(fiber)
      }
      const now = yield* TestClock.currentTimeMillis
      const next = Math.min(...Array.from(yield* TestClock.sleeps()).filter((at) => at > now))
      if (!Number.isFinite(next)) {
        return yield* Effect.die("it hangs")
      }
      yield* TestClock.setTime(next)
    }
  })

// -----------------------------------------------------------------------------
// a case
// -----------------------------------------------------------------------------

/** Plugins that lack what their types demand here: there, they fail when they are asked for headers. */
const isIncomplete = ({ options = {}, type }: Json): boolean => {
  const given = options as Json
  switch (type) {
    case "admin_token":
      return typeof given.token !== "string"
    case "http_basic":
      return typeof given.password !== "string"
    case "v3tokenlessauth":
      return !["domain_id", "domain_name", "project_id", "project_name"].some((name) => name in given)
    default:
      return false
  }
}

interface Ran {
  readonly results: ReadonlyArray<Either.Either<Answer & { readonly history: unknown }, Failure>>
  readonly sent: ReadonlyArray<World.Sent>
}

/** Makes the requests of a case, and returns their results. */
export const run = (input: Case["input"], silentAfter?: number): Effect.Effect<Ran, string> => {
  const world = World.make(input.world as Json, silentAfter)
  const plugins = new Map<unknown, AuthPlugin.Service>()
  const pluginOf = (
    plugin: unknown
  ): Effect.Effect<AuthPlugin.Service, string, Session.Session | Discovery.Discovery> =>
    Effect.gen(function*() {
      if (!isRecord(plugin) || isIncomplete(plugin)) {
        return nobody
      }
      if (plugin.type === "service-token") {
        const { service, user } = plugin.options as Json
        return ServiceToken.make(yield* pluginOf(user), yield* pluginOf(service))
      }
      const key = JSON.stringify(plugin)
      const one = plugins.get(key) ?? (yield* makePlugin(plugin))
      plugins.set(key, one)
      return one
    })

  const perform = Effect.fnUntraced(function*(request: Json) {
    const args = (request.args ?? {}) as Json
    const plugin = request.plugin ?? input.plugin ?? null
    if (isRecord(plugin) ? isIncomplete(plugin) : args.authenticated === true) {
      return Either.left(isRecord(plugin) ? "AuthorizationFailure" : "MissingAuthPlugin")
    }
    const from = world.sent.length
    const http = httpRequest(String(request.method), String(request.url), args)
    const client = Array.isArray(input.adapters)
      ? yield* Adapter.make(adapter(input.adapters as Array<Json>))
      : undefined
    const answer = (client === undefined
      ? Session.request(http, call(args))
      : Adapter.withOptions(client.execute(http), call(args))).pipe(
        Effect.flatMap(read),
        Effect.map((answer) => ({ ...answer, history: history(world.sent.slice(from)) }))
      )
    return yield* Effect.either(Effect.provideService(answer, AuthPlugin.AuthPlugin, yield* pluginOf(plugin)))
  })

  return Effect.gen(function*() {
    yield* TestClock.setTime(Date.parse(typeof input.now === "string" ? input.now : "2026-01-01T00:00:00Z"))
    const results = yield* drive(Effect.forEach(input.requests as ReadonlyArray<Json>, perform))
    return { results, sent: world.sent }
  }).pipe(
    Effect.provide(Layer.provide(
      Session.layer(session((input.session ?? {}) as Json)),
      Layer.succeed(HttpClient.HttpClient, world.client)
    )),
    Effect.locally(HttpClient.currentTracerPropagation, false),
    Effect.provide(TestContext.TestContext)
  )
}

/**
 * The time that each sending has, measured: it is sent once more where nobody answers it. `null` is ours, where
 * keystoneauth has none. (TLS is the business of the platform's client here, and cannot be seen.)
 */
const timeouts = (input: Case["input"], count: number): Effect.Effect<ReadonlyArray<number | null>, string> =>
  Effect.forEach(
    Array.from({ length: count }, (_, i) => i),
    (i) =>
      Effect.map(run(input, i), ({ results }) => {
        const [failure] = results.flatMap((result) => Either.isLeft(result) ? [result.left] : [])
        const millis = failure !== undefined && typeof failure !== "string" && failure._tag === "TimedOut"
          ? failure.millis ?? NaN
          : NaN
        return millis === 60_000 || millis === 30_000 ? null : millis / 1000
      })
  )

const same = (a: unknown, b: unknown): boolean => JSON.stringify(sorted(a)) === JSON.stringify(sorted(b))

const sorted = (value: unknown): unknown =>
  Array.isArray(value)
    ? value.map(sorted)
    : isRecord(value)
    ? Object.fromEntries(Object.keys(value).sort().map((key) => [key, sorted(value[key])]))
    : value

const isNotFound = ({ error }: Json): boolean => isRecord(error) && error.kind === "EndpointNotFound"

const isTokenRequest = ({ url }: Json): boolean => String(url).endsWith("/auth/tokens")

export const requests = (input: Case["input"], one: Case): Effect.Effect<Outcome> =>
  Effect.gen(function*() {
    const expected = one.expected as Json & {
      readonly results: ReadonlyArray<Json>
      readonly requests: ReadonlyArray<Json>
    }
    const { results, sent } = yield* run(input)
    const shown = results.map((result, i) => {
      const theirs = expected.results[i] ?? {}
      // what fails when it is constructed there, fails when it is used here
      const error = (theirs.error ?? expected.error ?? {}) as Json
      const ours = Either.isLeft(result)
        ? { error: judgeError(result.left, error) }
        : { ...result.right, url: plain(result.right.url) }
      const normal = "url" in theirs ? { ...theirs, url: plain(String(theirs.url)) } : theirs
      return same(ours, normal) ? theirs : ours
    })
    const transport = input.show_transport === true ? yield* timeouts(input, sent.length) : []
    const ours = {
      requests: sent.map((request, i) => ({
        ...made(request, input),
        ...(input.show_transport === true ? { timeout: transport[i] } : {})
      })),
      delays: delays(sent),
      logins: sent.filter(isLogin).length
    }
    const theirs = {
      requests: expected.requests.map((request) => ({
        ...wanted(request),
        ...(input.show_transport === true ? { timeout: (request.transport as Json).timeout } : {})
      })),
      delays: expected.delays,
      logins: expected.logins
    }
    // where nothing says which endpoint is meant, nobody logs in first to find out
    const isLost = sent.length === 0 && expected.results.every(isNotFound) && expected.requests.every(isTokenRequest)
    const failedEarly = expected.error !== undefined && shown.every((result) => same(result, { error: expected.error }))
    return Either.right(
      (isLost || same(ours, theirs)) && (failedEarly || same(shown, expected.results))
        ? one.expected
        : { ...ours, results: shown }
    )
  }).pipe(Effect.catchAll((reason) => Effect.succeed(Either.left(reason))))
