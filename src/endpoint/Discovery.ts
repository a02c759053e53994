/**
 * The version documents of services, fetched and cached.
 *
 * @since 0.1.0
 */
import * as Headers from "@effect/platform/Headers"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Fiber from "../base/fiber.js"
import * as Json from "../base/json.js"
import * as Memo from "../base/memo.js"
import * as SharedFetch from "../base/sharedFetch.js"
import * as Time from "../base/time.js"
import * as Errors from "../Errors.js"
import * as AuthPlugin from "../identity/AuthPlugin.js"
import * as IdentityKey from "../identity/identityKey.js"
import * as Known from "../identity/known.js"
import * as VersionDocument from "../model/VersionDocument.js"
import * as Url from "../safety/url.js"
import * as CloudName from "../wire/cloudName.js"
import * as Transport from "../wire/Transport.js"

/**
 * Options for caching version documents.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** How long a document is cached. It is renewed in the background before that. Default: 1 hour. */
  readonly timeToLive?: Duration.DurationInput | undefined
  /** How long to wait before a URL without a document is asked again. Default: 30 seconds. */
  readonly failureTimeToLive?: Duration.DurationInput | undefined
  /** How long to wait before a service that did not answer is asked again. Default: 1 second. */
  readonly outageTimeToLive?: Duration.DurationInput | undefined
}

/**
 * Gives version documents by URL.
 *
 * @since 0.1.0
 * @category models
 */
export interface Service {
  /**
   * The version document at exactly this URL. The request is authenticated with the current `AuthPlugin` only if the
   * service answers 401 without.
   *
   * Fails with a `DiscoveryFailed` of one attempt, or with the errors of logging in.
   */
  readonly document: (
    url: string
  ) => Effect.Effect<
    VersionDocument.VersionDocument,
    Errors.DiscoveryFailed | AuthPlugin.Error,
    AuthPlugin.AuthPlugin
  >
}

/**
 * Service tag for version discovery.
 *
 * @since 0.1.0
 * @category tags
 */
export class Discovery extends Context.Tag("effect-keystoneauth/Discovery")<Discovery, Service>() {}

const failed = (attempt: Errors.DiscoveryAttempt): Errors.DiscoveryFailed =>
  new Errors.DiscoveryFailed({ reason: attempt.outcome, url: attempt.url, requested: "any", attempts: [attempt] })

/** The service answered 401: it wants an authenticated request. */
class AuthRequired {
  constructor(readonly answeredBy: string) {}
}

/** The number of documents in the cache. */
const capacity = 10_000

type Answer = VersionDocument.VersionDocument | AuthRequired

/** The requested URL, and the URL that redirects led to, if any. */
const urlsOf = (
  url: string,
  answeredBy: string | undefined
): Pick<Errors.DiscoveryAttempt, "url" | "redirectedTo"> => {
  const asked = Url.parse(url)
  return asked === undefined || answeredBy === undefined || Url.shown(asked) === answeredBy
    ? { url: Url.shown(url) }
    : { url: Url.shown(url), redirectedTo: answeredBy }
}

/** The largest document that is read, in bytes. */
const documentLimit = 1024 * 1024

const read = (url: string, response: Transport.TextResponse): Either.Either<Answer, Errors.DiscoveryAttempt> => {
  const { headers, hide, status, text } = response
  const where = urlsOf(url, response.url)
  if (status === 401) {
    return Either.right(new AuthRequired(response.url))
  }
  if (status >= 500 || status === 408 || status === 429) {
    return Either.left({ ...where, outcome: "Unreachable", status, detail: `answered ${status}` })
  }
  const attempt = (detail: string): Errors.DiscoveryAttempt => ({ ...where, outcome: "NotADocument", status, detail })
  // several services answer 300 at their root, with the list of their versions
  if (status >= 400 || (status > 300 && status < 400)) {
    return Either.left(attempt(`answered ${status}`))
  }
  const contentType = () =>
    Option.match(Headers.get(headers, "content-type"), { onNone: () => "something", onSome: hide })
  return Either.fromOption(
    Json.parse(text),
    () => attempt(`answered ${status} with ${contentType()}, which is not JSON`)
  ).pipe(
    Either.flatMap((body) =>
      Either.mapBoth(VersionDocument.fromBody(url, body, headers), {
        onLeft: (what) => attempt(`answered ${status} with ${hide(what)}`),
        onRight: (document) => "redirectedTo" in where ? { ...document, redirectedTo: where.redirectedTo } : document
      })
    )
  )
}

/**
 * Makes a `Discovery` that fetches documents when they are needed, once for concurrent callers, and caches them.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (options: Options = {}) =>
  Effect.gen(function*() {
    const transport = yield* Transport.Transport
    const timeToLive = Duration.toMillis(options.timeToLive ?? "1 hour")
    const failureTimeToLive = Duration.toMillis(options.failureTimeToLive ?? "30 seconds")
    const outageTimeToLive = Duration.toMillis(options.outageTimeToLive ?? "1 second")

    const documents = yield* SharedFetch.make<Answer, Errors.DiscoveryFailed>({
      span: "Discovery.fetch",
      keep: (_, __, chance) => ({ endsAfter: timeToLive, renewAfter: timeToLive * (0.8 + chance / 10) }),
      rest: (error) => error.reason === "Unreachable" ? outageTimeToLive : failureTimeToLive,
      demanded: () => 0,
      resting: (error) => error,
      capacity
    })
    const places = Memo.byText<string>(capacity)
    /**
     * The cache key of a URL: `http://host` and `http://host/` are the same. Memoized, since parsing is slower than
     * the cache.
     */
    const placeOf = (url: string) => places(url, () => URL.canParse(url) ? new URL(url).href : url)

    const fetch = Effect.fnUntraced(function*(
      url: string,
      credentials: Headers.Headers | undefined,
      cloud: string | undefined
    ) {
      yield* Effect.annotateCurrentSpan("url.full", Url.shown(url))
      const request = HttpClientRequest.get(url, { headers: { accept: "application/json" } })
      const about: Transport.About = { cloud }
      const response = yield* transport.text(request, {
        phase: "discovery",
        limit: documentLimit,
        about,
        credentials
      }).pipe(
        Effect.mapError((error) =>
          failed({
            ...urlsOf(url, answeredBy(error)),
            outcome: "Unreachable",
            detail: reachability(error)
          })
        )
      )
      const answer = read(url, response)
      return Either.isRight(answer) ? answer.right : yield* failed(answer.left)
    })

    const document: Service["document"] = (url) =>
      Fiber.withFiber((fiber) => {
        const place = placeOf(url)
        const known = documents.known(place, Time.ofFiber(fiber))
        return known === undefined || known instanceof AuthRequired ? find(url, place) : Effect.succeed(known)
      })

    const find = Effect.fnUntraced(function*(url: string, place: string) {
      const plugin = yield* AuthPlugin.AuthPlugin
      const cloud = CloudName.ofPlugin(plugin)
      const answer = yield* documents.get(place, fetch(url, undefined, cloud))
      if (!(answer instanceof AuthRequired)) {
        return answer
      }
      const headers = yield* plugin.headers
      // an authenticated document may differ between users, so each user has an own cache entry
      const own = yield* documents.get(IdentityKey.ofDocument(place, headers), fetch(url, headers, cloud))
      return own instanceof AuthRequired
        ? yield* failed({
          ...urlsOf(url, own.answeredBy),
          outcome: "NotADocument",
          status: 401,
          detail: Url.parse(own.answeredBy)?.origin === Url.parse(url)?.origin
            ? "answered 401, also with credentials"
            : "answered 401 after a redirect to another origin, where no credentials are sent"
        })
        : own
    })

    return Known.document.by({ document }, (url, now) => {
      const known = documents.known(placeOf(url), now)
      return known instanceof AuthRequired ? undefined : known
    })
  })

/** The URL of the last request, after redirects. */
const answeredBy = (error: Errors.WireError): string | undefined =>
  error._tag === "InvalidOptions" ? undefined : error.url

const reachability = (error: Errors.WireError): string => {
  switch (error._tag) {
    case "TransportError":
      return error.code === undefined ? error.description : `${error.reason} error ${error.code}`
    case "TimedOut":
      return error.millis === undefined ? "no answer in time" : `no answer within ${error.millis} ms`
    case "RedirectRefused":
      return `redirects to ${error.location ?? "an address that the browser hides"}, which is not followed`
    case "InvalidOptions":
      return error.message
  }
}

/**
 * Fetches documents when they are needed, once for concurrent callers, and caches them.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerWith = (options: Options): Layer.Layer<Discovery, never, Transport.Transport> =>
  Layer.scoped(Discovery, make(options))

/**
 * `layerWith` with the default options.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer: Layer.Layer<Discovery, never, Transport.Transport> = /*#__PURE__*/ layerWith({})

/**
 * Fixed version documents by URL: for clouds with wrong documents, and for tests.
 *
 * @example
 * ```ts
 * import { Discovery } from "effect-keystoneauth"
 *
 * const discovery = Discovery.layerStatic({
 *   "http://controller:8774/": {
 *     versions: [{ id: "v2.1", status: "CURRENT", links: [{ rel: "self", href: "http://controller:8774/v2.1/" }] }]
 *   }
 * })
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layerStatic = (documents: Readonly<Record<string, unknown>>): Layer.Layer<Discovery> =>
  Layer.succeed(Discovery, {
    document: (url) =>
      Either.match(
        url in documents ? VersionDocument.fromBody(url, documents[url]) : Either.left("no document is given for it"),
        {
          onLeft: (detail) => Effect.fail(failed({ url, outcome: "NotADocument", detail })),
          onRight: Effect.succeed
        }
      )
  })

/**
 * No version documents: versions come only from the URLs in the catalog.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerNone: Layer.Layer<Discovery> = /*#__PURE__*/ layerStatic({})
