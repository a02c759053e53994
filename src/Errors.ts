/**
 * The errors of this library: one class for each failure that a caller handles differently.
 *
 * No error holds a request, a response, a header or a secret. Errors copy what is safe and useful: method, URL, status,
 * request id and the service's own message. They are `Schema.TaggedError`s, so they can be caught with
 * `Effect.catchTag`, encoded and sent elsewhere.
 *
 * @example
 * ```ts
 * import { Effect } from "effect"
 * import { Adapter } from "effect-keystoneauth"
 *
 * const exists = (compute: Adapter.Client, id: string) =>
 *   compute.get(Adapter.path`/servers/${id}`).pipe(
 *     Effect.as(true),
 *     Effect.catchTag("NotFound", () => Effect.succeed(false))
 *   )
 * ```
 *
 * @since 0.1.0
 */
import { hasProperty } from "effect/Predicate"
import * as Schema from "effect/Schema"
import * as StatusTitle from "./base/statusTitle.js"

/**
 * Unique symbol on every error of this module.
 *
 * @since 0.1.0
 * @category type ids
 */
export const TypeId: unique symbol = Symbol.for("effect-keystoneauth/Errors")

/**
 * Type of the symbol `TypeId`.
 *
 * @since 0.1.0
 * @category type ids
 */
export type TypeId = typeof TypeId

/**
 * Checks whether a value is an error of this module.
 *
 * @since 0.1.0
 * @category guards
 */
export const isKeystoneAuthError = (u: unknown): u is KeystoneAuthError => hasProperty(u, TypeId)

/** `Schema.TaggedError` with the `TypeId` of this module. */
const tagged =
  <Self>() => <const Tag extends string, Fields extends Schema.Struct.Fields>(tag: Tag, fields: Fields) => {
    const made = Schema.TaggedError<Self>(`effect-keystoneauth/Errors/${tag}`)(tag, fields)
    // Effect types a wrong class name as a string
    if (typeof made !== "string") {
      Object.defineProperty(made.prototype, TypeId, { value: TypeId })
    }
    return made
  }

const optionalString = Schema.optional(Schema.String)
const optionalNumber = Schema.optional(Schema.Number)

/** The URL of the request if a redirect led to another origin, where no credentials are sent. */
const redirectedFrom = optionalString

const afterRedirect = (from: string | undefined): string | undefined =>
  from === undefined
    ? undefined
    : `(redirected from ${from} to another origin, where no token is sent: put the new address into the catalog, or ` +
      "set it as endpointOverride)"

/** How often the request was sent, if a `RetryPolicy` retried it. */
const attempts = optionalNumber

const sentence = (...parts: ReadonlyArray<string | undefined>): string =>
  parts.filter((part) => part !== undefined && part !== "").join(" ")

const ofRequest = (id: string | undefined): string | undefined => id === undefined ? undefined : `(request ${id})`

const after = (what: string, millis: number | undefined): string | undefined =>
  millis === undefined ? undefined : `[${what} ${Math.ceil(millis / 1000)} s]`

const sentTimes = (attempts: number | undefined): string | undefined =>
  attempts === undefined ? undefined : `(sent ${attempts} times)`

// -----------------------------------------------------------------------------
// input
// -----------------------------------------------------------------------------

/**
 * A version, microversion or version range that is malformed or contradicts itself. Nothing was sent.
 *
 * @since 0.1.0
 * @category errors
 */
export class InvalidVersion extends tagged<InvalidVersion>()(
  "InvalidVersion",
  {
    /** The option: `version`, `minVersion`, `maxVersion`, `microversion`, ... */
    field: Schema.String,
    /** The invalid value as text. */
    value: Schema.String,
    /** What is wrong with the value, and what would be right. */
    reason: Schema.String
  }
) {
  /** @since 0.1.0 */
  declare readonly [TypeId]: TypeId
  /** @since 0.1.0 */
  override get message(): string {
    return `Invalid ${this.field} ${this.value}: ${this.reason}`
  }
}

/**
 * One invalid configuration value.
 *
 * @since 0.1.0
 * @category models
 */
export interface ConfigProblem {
  /** The key as it is written in files, for example `auth.username`, or the file itself. */
  readonly key: string
  /**
   * Where the value comes from: `clouds.yaml, line 12`, `variable OS_AUTH_URL`; `undefined` if the key is not set
   * anywhere.
   */
  readonly where: string | undefined
  /** What is wrong with the value, and what would be right. */
  readonly reason: string
}

/**
 * Describes a problem in one line: `clouds.yaml, line 12: verify: expected true or false, got "maybe"`.
 *
 * @since 0.1.0
 * @category accessors
 */
export const describeProblem = ({ key, reason, where }: ConfigProblem): string =>
  where === undefined ? `${key} ${reason}` : `${where}: ${key}: ${reason}`

/**
 * An invalid configuration: every problem with its file and line, or its environment variable. Nothing was sent.
 *
 * @since 0.1.0
 * @category errors
 */
export class InvalidConfig extends /*#__PURE__*/ tagged<InvalidConfig>()(
  "InvalidConfig",
  {
    /** The name of the cloud, if the configuration is that of one cloud. */
    cloud: optionalString,
    problems: Schema.Array(
      Schema.Struct({ key: Schema.String, where: Schema.UndefinedOr(Schema.String), reason: Schema.String })
    )
  }
) {
  /** @since 0.1.0 */
  declare readonly [TypeId]: TypeId
  /** @since 0.1.0 */
  override get message(): string {
    const of = this.cloud === undefined ? "" : ` of cloud "${this.cloud}"`
    return `configuration${of}: ${this.problems.map(describeProblem).join("; ")}`
  }
}

/**
 * An option that is missing, contradicts another one, or cannot be used. Nothing was sent.
 *
 * @since 0.1.0
 * @category errors
 */
export class InvalidOptions extends tagged<InvalidOptions>()(
  "InvalidOptions",
  {
    /** The module that has the option, for example `Password`. */
    module: Schema.String,
    /** The option, or several options separated by commas. */
    option: Schema.String,
    /** What is wrong with the option, and what would be right. */
    reason: Schema.String
  }
) {
  /** @since 0.1.0 */
  declare readonly [TypeId]: TypeId
  /** @since 0.1.0 */
  override get message(): string {
    return `${this.module}: option ${this.option}: ${this.reason}`
  }
}

// -----------------------------------------------------------------------------
// the wire
// -----------------------------------------------------------------------------

/**
 * No usable HTTP response arrived. `reason` says what failed:
 *
 * - `"Connect"`: the connection. The request was certainly not executed.
 * - `"Tls"`: the TLS handshake. The server's certificate or the client certificate was rejected, for example.
 * - `"Reset"`: the connection broke after the request had begun
 * - `"Request"`: the request itself (an invalid URL or header, a body that cannot be encoded, a failed stream)
 * - `"Response"`: the response is not HTTP, cannot be decompressed, or is longer than the limit
 * - `"Unknown"`: the HTTP client gives no reason
 *
 * @since 0.1.0
 * @category errors
 */
export class TransportError extends tagged<TransportError>()(
  "TransportError",
  {
    reason: Schema.Literal("Connect", "Tls", "Reset", "Request", "Response", "Unknown"),
    method: Schema.String,
    url: Schema.String,
    /** The error code of the HTTP client, if it gives one: `ECONNREFUSED`, `CERT_HAS_EXPIRED`, ... */
    code: optionalString,
    description: Schema.String,
    attempts,
    /** The error of the stream of a failed upload. */
    cause: Schema.optional(Schema.Defect)
  }
) {
  /** @since 0.1.0 */
  declare readonly [TypeId]: TypeId
  /** @since 0.1.0 */
  override get message(): string {
    const what = {
      Connect: "could not connect",
      Tls: "TLS failed",
      Reset: "the connection broke",
      Request: "the request could not be sent",
      Response: "the answer cannot be read",
      Unknown: "the transport failed"
    }[this.reason]
    return sentence(
      `${this.method} ${this.url}: ${what}:`,
      this.description,
      hintOf(this.code),
      sentTimes(this.attempts)
    )
  }
}

/** What to do about an error code. The codes of TLS alerts have different prefixes in different versions of OpenSSL. */
const hints: ReadonlyArray<readonly [code: RegExp, hint: string]> = [
  [
    /SELF_SIGNED|^UNABLE_TO_(GET_ISSUER|VERIFY)|^CERT_(UNTRUSTED|SIGNATURE_FAILURE)$/,
    "the server's certificate is not signed by a known authority; trust its CA, for example with NodeTransport's caCert"
  ],
  [
    /^(ERR_TLS_CERT_ALTNAME_INVALID|HOSTNAME_MISMATCH)$/,
    "the server's certificate is for another host name; use that name in the URL, or as NodeTransport's serverName"
  ],
  [
    /^CERT_HAS_EXPIRED$/,
    "the server's certificate has expired and must be renewed, unless this machine's clock is wrong"
  ],
  [/^CERT_NOT_YET_VALID$/, "the server's certificate is not valid yet, unless this machine's clock is wrong"],
  [/ALERT_CERTIFICATE_REQUIRED$/, "the server requires a client certificate: set NodeTransport's clientCert"],
  [
    /ALERT_(((BAD|UNSUPPORTED)_CERTIFICATE)|(CERTIFICATE_(EXPIRED|REVOKED|UNKNOWN))|UNKNOWN_CA|ACCESS_DENIED)$/,
    "the server rejects the client certificate: check NodeTransport's clientCert"
  ],
  [
    /ALERT_HANDSHAKE_FAILURE$/,
    "the server requires a client certificate (set NodeTransport's clientCert), or supports none of the tlsCiphers"
  ],
  [
    /ALERT_PROTOCOL_VERSION$|UNSUPPORTED_PROTOCOL$/,
    "the server supports no TLS version from NodeTransport's tlsMinVersion on"
  ],
  [
    /HEADERS?_OVERFLOW$/,
    "the response headers are too long, for example because of a PKI token: raise NodeTransport's maxHeaderSize or " +
    "node --max-http-header-size (default: 16 kB)"
  ],
  [/WRONG_VERSION_NUMBER$/, "the server does not speak TLS; should the URL begin with http?"]
]

const hintOf = (code: string | undefined): string | undefined => {
  const found = code === undefined ? undefined : hints.find(([pattern]) => pattern.test(code))
  return found === undefined ? undefined : `(${found[1]})`
}

/**
 * A response did not arrive in time. `phase` says which timeout was exceeded:
 *
 * - `"connect"`: that of the connection, which is an option of the HTTP client, such as `connectTimeout` of
 *   `NodeTransport`. Nothing was sent.
 * - `"request"`: `timeout`, for the headers of the response to one attempt
 * - `"login"`: `loginTimeout`, for the response to a login
 * - `"discovery"`: `discoveryTimeout`, for a version document
 * - `"operation"`: `deadline`, for everything that is done for a request: login, discovery, waiting for limiters,
 *   redirects and retries
 *
 * @since 0.1.0
 * @category errors
 */
export class TimedOut extends tagged<TimedOut>()("TimedOut", {
  phase: Schema.Literal("connect", "request", "discovery", "login", "operation"),
  method: Schema.String,
  url: Schema.String,
  /** The timeout in milliseconds, if it is known: an HTTP client may not report its own. */
  millis: optionalNumber,
  /** The message of the HTTP client, if the timeout is its own. */
  description: optionalString,
  attempts
}) {
  /** @since 0.1.0 */
  declare readonly [TypeId]: TypeId
  /** @since 0.1.0 */
  override get message(): string {
    const what = this.phase === "connect" ? "no connection" : "no answer"
    const when = this.millis === undefined ? "in time" : `within ${this.millis} ms`
    const why = this.description === undefined ? "" : `: ${this.description}`
    return sentence(
      `${this.method} ${this.url}: ${what} ${when} (${this.phase} timeout)${why}`,
      sentTimes(this.attempts)
    )
  }
}

/**
 * A redirect that is not followed: to another origin with the body of a login or of an authenticated request, from
 * https to http, or to an invalid URL. In a browser no redirect is followed: the browser hides the target, or else
 * sends the token to any origin.
 *
 * @since 0.1.0
 * @category errors
 */
export class RedirectRefused extends tagged<RedirectRefused>()(
  "RedirectRefused",
  {
    method: Schema.String,
    url: Schema.String,
    /** The target; undefined if the browser hides it. */
    location: optionalString,
    reason: Schema.Literal("Downgrade", "CrossOriginBody", "UnrepeatableBody", "InvalidLocation", "Hidden")
  }
) {
  /** @since 0.1.0 */
  declare readonly [TypeId]: TypeId
  /** @since 0.1.0 */
  override get message(): string {
    const why = {
      Downgrade: "https is never downgraded to http",
      CrossOriginBody: "the body of a login or of an authenticated request is not sent to another origin",
      UnrepeatableBody: "the body is a stream, which cannot be sent a second time",
      InvalidLocation: "the target is not an http or https URL",
      Hidden: "the browser hides the target; send the request to the target's URL"
    }[this.reason]
    const target = this.location === undefined ? "" : ` to ${this.location}`
    return `${this.method} ${this.url} redirects${target}, which is not followed: ${why}`
  }
}

// -----------------------------------------------------------------------------
// identity
// -----------------------------------------------------------------------------

/**
 * A login or a token was rejected, or a token was needed and not sent. `reason` says which:
 *
 * - `"LoginRejected"`: Keystone rejected the login (wrong password, disabled user, no role on the project, ...)
 * - `"TokenRejected"`: a service rejected a token that Keystone had just issued
 * - `"NotRetried"`: a service rejected the token, and the request was not sent again because of `allowReauth: false`,
 *   or because its body is a stream
 * - `"TokenNotRenewable"`: the token has expired or was rejected, and the `AuthPlugin` cannot get another one
 * - `"NoToken"`: the request was sent without authentication, and the service requires it
 * - `"TokenNotSent"`: a redirect led to another origin, where no token is sent (see `redirectedFrom`)
 *
 * @since 0.1.0
 * @category errors
 */
export class Unauthorized extends tagged<Unauthorized>()(
  "Unauthorized",
  {
    reason: Schema.Literal(
      "LoginRejected",
      "TokenRejected",
      "NotRetried",
      "TokenNotRenewable",
      "NoToken",
      "TokenNotSent"
    ),
    redirectedFrom,
    method: Schema.String,
    url: Schema.String,
    /** The identity of the login, for example `user "demo" of domain "Default"`. */
    identity: optionalString,
    /** The scope of the login, for example `project "demo" of domain "Default"`. */
    scope: optionalString,
    /** 401, or 404 if Keystone no longer knows a token; `undefined` if no request was sent. */
    status: optionalNumber,
    requestId: optionalString,
    /** The message of the service. */
    serviceMessage: optionalString,
    /** Further details of the service. */
    details: optionalString,
    /**
     * After a rejected login, milliseconds until the next one is tried: callers before that get this same error at
     * once. Otherwise the service's `Retry-After` in milliseconds.
     */
    retryAfterMillis: optionalNumber
  }
) {
  /** @since 0.1.0 */
  declare readonly [TypeId]: TypeId
  /** @since 0.1.0 */
  override get message(): string {
    const who = sentence(this.identity, this.scope === undefined ? undefined : `for ${this.scope}`)
    const ofLogin = this.reason === "LoginRejected" || this.reason === "TokenNotRenewable"
    const what = {
      LoginRejected: sentence("Keystone rejected the login", who === "" ? undefined : `of ${who}`),
      TokenRejected: "the service rejects a token that Keystone has just issued",
      NotRetried: "the service rejects the token, and the request was not sent again with a new one",
      TokenNotRenewable: sentence("the token is no longer valid and cannot be renewed", who === "" ? "" : `(${who})`),
      NoToken: "the request was sent without authentication, and the service requires it",
      TokenNotSent: "the service requires authentication"
    }[this.reason]
    return sentence(
      `${this.method} ${this.url}: ${what}` + (this.serviceMessage === undefined ? "" : `: ${this.serviceMessage}`),
      afterRedirect(this.redirectedFrom),
      ofRequest(this.requestId),
      after(ofLogin ? "not tried again for" : "again in", this.retryAfterMillis)
    )
  }
}

/**
 * Keystone accepted a login and requires more methods before it issues a token (multi-factor authentication). The
 * receipt lets another login continue with the missing methods: see `MultiFactor.continueWith`.
 *
 * @since 0.1.0
 * @category errors
 */
export class MissingAuthMethods extends tagged<MissingAuthMethods>()(
  "MissingAuthMethods",
  {
    method: Schema.String,
    url: Schema.String,
    /** Proves to the Keystone that issued it which methods were accepted, until it expires. */
    receipt: Schema.RedactedFromSelf(Schema.String),
    /** The accepted methods, for example `["password"]`. */
    methods: Schema.Array(Schema.String),
    /** The sets of methods that Keystone accepts; one complete set is enough. For example `[["password", "totp"]]`. */
    requiredAuthMethods: Schema.Array(Schema.Array(Schema.String)),
    /** When the receipt expires; `undefined` if Keystone does not say. */
    expiresAt: Schema.optional(Schema.DateTimeUtcFromSelf),
    /** The identity of the login, for example `user "demo" of domain "Default"`. */
    identity: optionalString,
    requestId: optionalString
  }
) {
  /** @since 0.1.0 */
  declare readonly [TypeId]: TypeId
  /** The status of Keystone's response. */
  readonly status = 401
  /** The missing methods of each set in `requiredAuthMethods`. */
  get missing(): ReadonlyArray<ReadonlyArray<string>> {
    return this.requiredAuthMethods.map((set) => set.filter((name) => !this.methods.includes(name)))
  }
  /** @since 0.1.0 */
  override get message(): string {
    const missing = this.missing.map((set) => set.join(" and ")).join(", or ")
    return sentence(
      `${this.method} ${this.url}: Keystone accepts ${this.methods.join(" and ") || "nothing yet"}`,
      this.identity === undefined ? undefined : `of ${this.identity}`,
      `and needs ${missing || "more"} as well`,
      ofRequest(this.requestId)
    )
  }
}

/**
 * A successful response that does not follow the protocol: a token without `X-Subject-Token`, or an HTML page in place
 * of a token, for example.
 *
 * @since 0.1.0
 * @category errors
 */
export class InvalidResponse extends tagged<InvalidResponse>()(
  "InvalidResponse",
  {
    method: Schema.String,
    url: Schema.String,
    status: Schema.Number,
    requestId: optionalString,
    reason: Schema.String
  }
) {
  /** @since 0.1.0 */
  declare readonly [TypeId]: TypeId
  /** @since 0.1.0 */
  override get message(): string {
    return `${this.method} ${this.url} answered ${this.status}, but ${this.reason}`
  }
}

// -----------------------------------------------------------------------------
// endpoints
// -----------------------------------------------------------------------------

/**
 * An endpoint of the catalog, as `EndpointNotFound` lists it.
 *
 * @since 0.1.0
 * @category models
 */
export const CatalogOffer = Schema.Struct({
  serviceType: Schema.String,
  serviceName: optionalString,
  regionName: optionalString,
  interface: optionalString,
  url: Schema.String,
  /** Why the endpoint does not match the filter: `its region is "RegionOne"`. */
  excludedBy: optionalString
})

/**
 * An endpoint of the catalog, as `EndpointNotFound` lists it.
 *
 * @since 0.1.0
 * @category models
 */
export type CatalogOffer = typeof CatalogOffer.Type

/**
 * The catalog has no endpoint that matches the filter. The error lists the endpoints of that service, and the services
 * of the catalog.
 *
 * @since 0.1.0
 * @category errors
 */
export class EndpointNotFound extends tagged<EndpointNotFound>()(
  "EndpointNotFound",
  {
    serviceType: optionalString,
    /** The requested interfaces, in order of preference. */
    interfaces: Schema.Array(Schema.String),
    regionName: optionalString,
    serviceName: optionalString,
    /** Why there is no endpoint, if the reason is not in the catalog: the filter has no service type, for example. */
    reason: optionalString,
    /** The endpoints of this service in the catalog. */
    available: Schema.Array(CatalogOffer),
    /** The service types in the catalog. Empty if the token has no catalog. */
    serviceTypes: Schema.Array(Schema.String)
  }
) {
  /** @since 0.1.0 */
  declare readonly [TypeId]: TypeId
  /** @since 0.1.0 */
  override get message(): string {
    if (this.reason !== undefined) {
      return `No endpoint: ${this.reason}`
    }
    const wanted = sentence(
      "No",
      this.interfaces.length === 0 ? undefined : this.interfaces.join(" or "),
      "endpoint for service",
      `"${this.serviceType ?? "(any)"}"`,
      this.serviceName === undefined ? undefined : `named "${this.serviceName}"`,
      this.regionName === undefined ? undefined : `in region "${this.regionName}"`
    )
    return `${wanted}. ${this.offers}`
  }

  private get offers(): string {
    if (this.available.length > 0) {
      return `The catalog has: ${describeOffers(this.available)}`
    }
    return this.serviceTypes.length === 0
      ? "The catalog is empty: is the token scoped to a project?"
      : `The catalog has these services: ${this.serviceTypes.join(", ")}`
  }
}

/** `compute (nova) in RegionOne (public, internal), RegionTwo (public); ...` */
const describeOffers = (offers: ReadonlyArray<CatalogOffer>): string => {
  const services = new Map<string, Map<string, Array<string>>>()
  for (const { interface: name = "any", regionName = "no region", serviceName, serviceType } of offers) {
    const service = sentence(serviceType, serviceName === undefined ? undefined : `(${serviceName})`)
    const regions = services.get(service) ?? new Map<string, Array<string>>()
    services.set(service, regions.set(regionName, [...regions.get(regionName) ?? [], name]))
  }
  return Array.from(services, ([service, regions]) => {
    const places = Array.from(regions, ([region, interfaces]) => `${region} (${interfaces.join(", ")})`)
    return `${service} in ${places.join(", ")}`
  }).join("; ")
}

/**
 * The outcome of asking one URL for its version document.
 *
 * - `"Unreachable"`: no response, or a temporary failure (5xx, 429)
 * - `"NotADocument"`: a response that is not a version document (404, HTML, a Swift listing, ...)
 * - `"NoMatchingVersion"`: a version document without the requested version
 *
 * @since 0.1.0
 * @category models
 */
export const DiscoveryAttempt = Schema.Struct({
  url: Schema.String,
  outcome: Schema.Literal("Unreachable", "NotADocument", "NoMatchingVersion"),
  /** A description of the response. */
  detail: Schema.String,
  status: optionalNumber,
  /** The last URL, if the request was redirected. */
  redirectedTo: optionalString,
  /** The versions in the document, newest first. */
  versions: Schema.optional(Schema.Array(Schema.String))
})

/**
 * The outcome of asking one URL for its version document.
 *
 * @since 0.1.0
 * @category models
 */
export type DiscoveryAttempt = typeof DiscoveryAttempt.Type

/**
 * The catalog has the service, but none of its versions could be chosen. `reason` is the most informative outcome of
 * all attempts: a document without the version, else a service that did not respond, else no document at all.
 *
 * @since 0.1.0
 * @category errors
 */
export class DiscoveryFailed extends tagged<DiscoveryFailed>()(
  "DiscoveryFailed",
  {
    reason: Schema.Literal("NoMatchingVersion", "Unreachable", "NotADocument"),
    serviceType: optionalString,
    /** The URL in the catalog. */
    url: Schema.String,
    /** The requested versions, for example `2.1 to 2.latest`. */
    requested: Schema.String,
    /** Each URL that was tried, with its response. */
    attempts: Schema.Array(DiscoveryAttempt)
  }
) {
  /** @since 0.1.0 */
  declare readonly [TypeId]: TypeId
  /** @since 0.1.0 */
  override get message(): string {
    const what = {
      NoMatchingVersion: "does not offer that version",
      Unreachable: "could not be asked for its versions",
      NotADocument: "has no version document"
    }[this.reason]
    const tried = this.attempts.map((attempt) => `${attempt.url}: ${attempt.detail}`).join("; ")
    return sentence(
      `Version ${this.requested} of ${this.serviceType === undefined ? "the service" : `"${this.serviceType}"`}`,
      `at ${this.url}: it ${what}.`,
      tried === "" ? undefined : `Tried ${tried}`
    )
  }
}

/**
 * The endpoint does not support the requested microversion. Nothing was sent.
 *
 * @since 0.1.0
 * @category errors
 */
export class MicroversionNotSupported extends tagged<MicroversionNotSupported>()(
  "MicroversionNotSupported",
  {
    microversion: Schema.String,
    serviceType: optionalString,
    url: Schema.String,
    minMicroversion: optionalString,
    maxMicroversion: optionalString
  }
) {
  /** @since 0.1.0 */
  declare readonly [TypeId]: TypeId
  /** @since 0.1.0 */
  override get message(): string {
    return `Microversion ${this.microversion} of ${this.serviceType ?? "the service"} at ${this.url}: ` +
      (this.maxMicroversion === undefined
        ? "it has no microversions"
        : `it supports ${this.minMicroversion ?? "?"} to ${this.maxMicroversion}`)
  }
}

// -----------------------------------------------------------------------------
// HTTP statuses
// -----------------------------------------------------------------------------

const httpFields = {
  method: Schema.String,
  url: Schema.String,
  status: Schema.Number,
  /** `X-OpenStack-Request-Id` of the response, or the service's own header for it. */
  requestId: optionalString,
  /** The message of the service, from any of OpenStack's error formats, without secrets. At most 2000 characters. */
  serviceMessage: optionalString,
  /** Further details: for Nova and Cinder the name of the fault, for example `itemNotFound`. */
  details: optionalString,
  /** `Retry-After` of the response (seconds or date), in milliseconds from its arrival. */
  retryAfterMillis: optionalNumber,
  serviceType: optionalString,
  regionName: optionalString,
  redirectedFrom,
  attempts
}

/**
 * The fields of every error for an HTTP status.
 *
 * @since 0.1.0
 * @category models
 */
export interface HttpFailure extends Schema.Struct.Type<typeof httpFields> {}

const httpMessage = (
  { attempts, method, redirectedFrom, requestId, retryAfterMillis, serviceMessage, status, url }: HttpFailure
): string => {
  const title = StatusTitle.of(status)
  // the message of many services is only the name of the status
  const saysMore = serviceMessage !== undefined && serviceMessage !== title && serviceMessage !== `${status} ${title}`
  return sentence(
    `${method} ${url} answered ${status} ${title}${saysMore ? `: ${serviceMessage}` : ""}`,
    afterRedirect(redirectedFrom),
    ofRequest(requestId),
    after("again in", retryAfterMillis),
    sentTimes(attempts)
  )
}

/** The class of the error for one status. */
const refused = <Self>() => <const Tag extends string>(tag: Tag) => {
  const made = tagged<Self>()(tag, httpFields)
  if (typeof made !== "string") {
    Object.defineProperty(made.prototype, "message", {
      get(this: HttpFailure) {
        return httpMessage(this)
      }
    })
  }
  return made
}

/**
 * 300: the endpoint lists versions, and the request names none of them, so nothing was done. `GET` and `HEAD` of the
 * endpoint itself read that list: they succeed with it.
 *
 * @since 0.1.0
 * @category HTTP errors
 */
export class MultipleChoices extends tagged<MultipleChoices>()(
  "MultipleChoices",
  {
    method: Schema.String,
    url: Schema.String,
    /** 300. */
    status: Schema.Number,
    requestId: optionalString,
    serviceType: optionalString,
    regionName: optionalString,
    /** The versions of the service with their status, newest first, at most 30: `2.16 (CURRENT)`. */
    versions: Schema.Array(Schema.String),
    redirectedFrom,
    attempts
  }
) {
  /** @since 0.1.0 */
  declare readonly [TypeId]: TypeId
  /** @since 0.1.0 */
  override get message(): string {
    const usual = this.versions.find((version) => version.endsWith("(CURRENT)")) ?? this.versions[0] ?? "2"
    return sentence(
      `${this.method} ${this.url} answered 300 Multiple Choices, so nothing was done:`,
      this.versions.length === 0
        ? "a version must be chosen."
        : `the service has the versions ${this.versions.join(", ")}.`,
      `Set a version for the Adapter or in the endpointFilter, for example minVersion: ${Number.parseInt(usual)}`,
      afterRedirect(this.redirectedFrom),
      ofRequest(this.requestId),
      sentTimes(this.attempts)
    )
  }
}

/**
 * 400: the service does not understand the request.
 *
 * @since 0.1.0
 * @category HTTP errors
 */
export class BadRequest extends refused<BadRequest>()("BadRequest") {
  /** @since 0.1.0 */
  declare readonly [TypeId]: TypeId
}

/**
 * 403: the token is valid, but does not permit the request.
 *
 * @since 0.1.0
 * @category HTTP errors
 */
export class Forbidden extends refused<Forbidden>()("Forbidden") {
  /** @since 0.1.0 */
  declare readonly [TypeId]: TypeId
}

/**
 * 404: the resource or the URL does not exist.
 *
 * @since 0.1.0
 * @category HTTP errors
 */
export class NotFound extends refused<NotFound>()("NotFound") {
  /** @since 0.1.0 */
  declare readonly [TypeId]: TypeId
}

/**
 * 405: the URL does not support the method.
 *
 * @since 0.1.0
 * @category HTTP errors
 */
export class MethodNotAllowed extends refused<MethodNotAllowed>()("MethodNotAllowed") {
  /** @since 0.1.0 */
  declare readonly [TypeId]: TypeId
}

/**
 * 406: the service cannot respond in the requested form. Nova, Cinder and others use it for an unsupported
 * microversion.
 *
 * @since 0.1.0
 * @category HTTP errors
 */
export class NotAcceptable extends refused<NotAcceptable>()("NotAcceptable") {
  /** @since 0.1.0 */
  declare readonly [TypeId]: TypeId
}

/**
 * 408: the service did not receive the whole request in time.
 *
 * @since 0.1.0
 * @category HTTP errors
 */
export class RequestTimeout extends refused<RequestTimeout>()("RequestTimeout") {
  /** @since 0.1.0 */
  declare readonly [TypeId]: TypeId
}

/**
 * 409: the request conflicts with the state of the resource.
 *
 * @since 0.1.0
 * @category HTTP errors
 */
export class Conflict extends refused<Conflict>()("Conflict") {
  /** @since 0.1.0 */
  declare readonly [TypeId]: TypeId
}

/**
 * 410: the resource no longer exists.
 *
 * @since 0.1.0
 * @category HTTP errors
 */
export class Gone extends refused<Gone>()("Gone") {
  /** @since 0.1.0 */
  declare readonly [TypeId]: TypeId
}

/**
 * Too many requests: 429, or a 413 that means "over limit".
 *
 * @since 0.1.0
 * @category HTTP errors
 */
export class RateLimited extends refused<RateLimited>()("RateLimited") {
  /** @since 0.1.0 */
  declare readonly [TypeId]: TypeId
}

/**
 * Any other 4xx; see `status`.
 *
 * @since 0.1.0
 * @category HTTP errors
 */
export class ClientError extends refused<ClientError>()("ClientError") {
  /** @since 0.1.0 */
  declare readonly [TypeId]: TypeId
}

/**
 * 500: the service failed.
 *
 * @since 0.1.0
 * @category HTTP errors
 */
export class InternalServerError extends refused<InternalServerError>()("InternalServerError") {
  /** @since 0.1.0 */
  declare readonly [TypeId]: TypeId
}

/**
 * 501: the service does not support the request.
 *
 * @since 0.1.0
 * @category HTTP errors
 */
export class NotImplemented extends refused<NotImplemented>()("NotImplemented") {
  /** @since 0.1.0 */
  declare readonly [TypeId]: TypeId
}

/**
 * 503: the service is temporarily unavailable.
 *
 * @since 0.1.0
 * @category HTTP errors
 */
export class ServiceUnavailable extends refused<ServiceUnavailable>()("ServiceUnavailable") {
  /** @since 0.1.0 */
  declare readonly [TypeId]: TypeId
}

/**
 * Any other 5xx, such as 502 and 504 of a proxy; see `status`.
 *
 * @since 0.1.0
 * @category HTTP errors
 */
export class ServerError extends refused<ServerError>()("ServerError") {
  /** @since 0.1.0 */
  declare readonly [TypeId]: TypeId
}

// -----------------------------------------------------------------------------
// unions
// -----------------------------------------------------------------------------

/**
 * A response with a status of 400 or more, except 401, which is `Unauthorized`.
 *
 * @since 0.1.0
 * @category unions
 */
export type HttpStatusError =
  | BadRequest
  | Forbidden
  | NotFound
  | MethodNotAllowed
  | NotAcceptable
  | RequestTimeout
  | Conflict
  | Gone
  | RateLimited
  | ClientError
  | InternalServerError
  | NotImplemented
  | ServiceUnavailable
  | ServerError

/**
 * Errors of sending a request, whatever the status of the response. `InvalidOptions` reports invalid limits, timeouts
 * and headers.
 *
 * @since 0.1.0
 * @category unions
 */
export type WireError = TransportError | TimedOut | RedirectRefused | InvalidOptions

/**
 * Errors of getting a token.
 *
 * @since 0.1.0
 * @category unions
 */
export type AuthenticationError =
  | Unauthorized
  | MissingAuthMethods
  | HttpStatusError
  | WireError
  | InvalidResponse
  | InvalidOptions
  | DiscoveryFailed

/**
 * Errors of finding the URL of a request.
 *
 * @since 0.1.0
 * @category unions
 */
export type EndpointError =
  | AuthenticationError
  | EndpointNotFound
  | InvalidVersion

/**
 * Every error of this library.
 *
 * @since 0.1.0
 * @category unions
 */
export type KeystoneAuthError = EndpointError | MicroversionNotSupported | MultipleChoices
