/**
 * Everything that can go wrong, one class for each thing that a caller handles differently.
 *
 * No error holds a request, a response, a header or a secret: what is safe and useful was copied out of them
 * (method, URL, status, request id, the service's own words). They are `Schema.TaggedError`s, so they can be
 * matched with `Effect.catchTag`, encoded and sent elsewhere.
 *
 * @since 0.1.0
 */
import { hasProperty } from "effect/Predicate"
import * as Schema from "effect/Schema"
import * as StatusTitle from "./base/statusTitle.js"

/**
 * @since 0.1.0
 * @category type ids
 */
export const TypeId: unique symbol = Symbol.for("effect-keystoneauth/Errors")

/**
 * @since 0.1.0
 * @category type ids
 */
export type TypeId = typeof TypeId

/**
 * Is this one of the errors of this module?
 *
 * @since 0.1.0
 * @category guards
 */
export const isKeystoneAuthError = (u: unknown): u is KeystoneAuthError => hasProperty(u, TypeId)

/** What all of them share. */
const tagged =
  <Self>() => <const Tag extends string, Fields extends Schema.Struct.Fields>(tag: Tag, fields: Fields) => {
    const made = Schema.TaggedError<Self>(`effect-keystoneauth/Errors/${tag}`)(tag, fields)
    // the type counts with a class that names itself wrongly
    if (typeof made !== "string") {
      Object.defineProperty(made.prototype, TypeId, { value: TypeId })
    }
    return made
  }

const optionalString = Schema.optional(Schema.String)
const optionalNumber = Schema.optional(Schema.Number)

/** The URL that was asked for, where a redirect led from it to another origin: no credentials were sent there. */
const redirectedFrom = optionalString

const afterRedirect = (from: string | undefined): string | undefined =>
  from === undefined
    ? undefined
    : `(redirected from ${from} to another origin, where no token is sent: put the address that it leads to into the ` +
      "catalog, or give it as endpointOverride)"

/** How often it was sent, where a `RetryPolicy` had it sent again. */
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
 * A version, microversion or version range that does not exist or contradicts itself. Nothing was sent.
 *
 * @since 0.1.0
 * @category errors
 */
export class InvalidVersion extends tagged<InvalidVersion>()(
  "InvalidVersion",
  {
    /** Where it was given: `version`, `minVersion`, `maxVersion`, `microversion`, ... */
    field: Schema.String,
    /** The value as it was given, as text. */
    value: Schema.String,
    /** What is wrong with it, and what would be right. */
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
 * What is wrong with one configured value.
 *
 * @since 0.1.0
 * @category models
 */
export interface ConfigProblem {
  /** The key, as it is written in files: `auth.username`; or the file itself. */
  readonly key: string
  /** Where it is: `clouds.yaml, line 12`, `variable OS_AUTH_URL`; `undefined` if the key is not set anywhere. */
  readonly where: string | undefined
  /** What is wrong with it, and what would be right. */
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
 * A configuration that cannot be right: all that is wrong with it, each with file and line, or variable. Nothing was sent.
 *
 * @since 0.1.0
 * @category errors
 */
export class InvalidConfig extends /*#__PURE__*/ tagged<InvalidConfig>()(
  "InvalidConfig",
  {
    /** Of the cloud, if it is about one. */
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
    /** Whose option it is: the module's name, for example `Password`. */
    module: Schema.String,
    /** The option (or the options, joined by commas). */
    option: Schema.String,
    /** What is wrong with it, and what would be right. */
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
 * No usable HTTP answer arrived. `reason` tells how far it came:
 *
 * - `"Connect"`: no connection was made, so the request was certainly not executed
 * - `"Tls"`: the peer's certificate, or ours, was not accepted
 * - `"Reset"`: the connection broke while the request was on its way
 * - `"Request"`: the request itself could not be built (bad URL or header, body that cannot be encoded, a stream that failed)
 * - `"Response"`: what came back is not HTTP, cannot be uncompressed, or is longer than is read
 * - `"Unknown"`: the platform did not say
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
    /** The platform's error code where it gives one, such as `ECONNREFUSED` or `CERT_HAS_EXPIRED`. */
    code: optionalString,
    description: Schema.String,
    attempts,
    /** What the stream of an upload failed with. */
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

/** What to do about a fault of TLS, or of headers. The codes of alerts begin in several ways, one for each version of OpenSSL. */
const hints: ReadonlyArray<readonly [code: RegExp, hint: string]> = [
  [
    /SELF_SIGNED|^UNABLE_TO_(GET_ISSUER|VERIFY)|^CERT_(UNTRUSTED|SIGNATURE_FAILURE)$/,
    "the server's certificate is not signed by a known authority; give its CA, for example NodeTransport's caCert"
  ],
  [
    /^(ERR_TLS_CERT_ALTNAME_INVALID|HOSTNAME_MISMATCH)$/,
    "the server's certificate is for another host name; use that one, or give it as NodeTransport's serverName"
  ],
  [
    /^CERT_HAS_EXPIRED$/,
    "the server's certificate has expired; it must be renewed there, if this machine's clock is right"
  ],
  [/^CERT_NOT_YET_VALID$/, "the server's certificate is not valid yet, if this machine's clock is right"],
  [/ALERT_CERTIFICATE_REQUIRED$/, "the server demands a client certificate: NodeTransport's clientCert"],
  [
    /ALERT_(((BAD|UNSUPPORTED)_CERTIFICATE)|(CERTIFICATE_(EXPIRED|REVOKED|UNKNOWN))|UNKNOWN_CA|ACCESS_DENIED)$/,
    "the server does not accept our certificate: NodeTransport's clientCert"
  ],
  [
    /ALERT_HANDSHAKE_FAILURE$/,
    "the server demands a client certificate (NodeTransport's clientCert), or speaks no cipher that we speak (tlsCiphers)"
  ],
  [
    /ALERT_PROTOCOL_VERSION$|UNSUPPORTED_PROTOCOL$/,
    "the server speaks no TLS version that we speak; the lowest is NodeTransport's tlsMinVersion"
  ],
  [
    /HEADERS?_OVERFLOW$/,
    "the answer's headers are longer than is read, as with PKI tokens: 16 kB, if not NodeTransport's maxHeaderSize, or " +
    "node --max-http-header-size, says more"
  ],
  [/WRONG_VERSION_NUMBER$/, "what answers there does not speak TLS; is its URL http?"]
]

const hintOf = (code: string | undefined): string | undefined => {
  const found = code === undefined ? undefined : hints.find(([pattern]) => pattern.test(code))
  return found === undefined ? undefined : `(${found[1]})`
}

/**
 * An answer did not arrive in time. `phase` tells what was waited for:
 *
 * - `"connect"`: the connection (a limit of the platform, such as `connectTimeout` of `NodeTransport`); nothing was sent
 * - `"request"`: the headers of the answer to one sending (`timeout`)
 * - `"login"`, `"discovery"`: the answer to a login, or a version document (`loginTimeout`, `discoveryTimeout`)
 * - `"operation"`: all that belongs to a request: logging in, discovery, turns of a limiter, redirects and retries
 *   (`deadline`)
 *
 * @since 0.1.0
 * @category errors
 */
export class TimedOut extends tagged<TimedOut>()("TimedOut", {
  phase: Schema.Literal("connect", "request", "discovery", "login", "operation"),
  method: Schema.String,
  url: Schema.String,
  /** How long was waited, in milliseconds. Unknown where the platform gave up and does not say. */
  millis: optionalNumber,
  /** What the platform said, if it was the one that gave up. */
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
 * A server redirected to where this request must not go: to another origin with a login or with the body of an
 * authenticated request, or from https to http. In a
 * browser no redirect can be followed: it hides the target, and by itself would take the token along to any origin.
 *
 * @since 0.1.0
 * @category errors
 */
export class RedirectRefused extends tagged<RedirectRefused>()(
  "RedirectRefused",
  {
    method: Schema.String,
    url: Schema.String,
    /** Undefined if the browser hides it. */
    location: optionalString,
    reason: Schema.Literal("Downgrade", "CrossOriginBody", "UnrepeatableBody", "InvalidLocation", "Hidden")
  }
) {
  /** @since 0.1.0 */
  declare readonly [TypeId]: TypeId
  /** @since 0.1.0 */
  override get message(): string {
    const why = {
      Downgrade: "https is never left for http",
      CrossOriginBody: "the body of a login or of an authenticated request is not sent to another origin",
      UnrepeatableBody: "the body is a stream, which cannot be sent a second time",
      InvalidLocation: "that is not a URL",
      Hidden: "the browser does not show where to. Use the address that it leads to"
    }[this.reason]
    const target = this.location === undefined ? "" : ` to ${this.location}`
    return `${this.method} ${this.url} redirects${target}, which is not followed: ${why}`
  }
}

// -----------------------------------------------------------------------------
// identity
// -----------------------------------------------------------------------------

/**
 * Not authenticated. `reason` tells what was rejected:
 *
 * - `"LoginRejected"`: Keystone refused the login (wrong password, disabled user, no role on the project, ...)
 * - `"TokenRejected"`: a service refused a token that Keystone had just issued
 * - `"NotRetried"`: a service refused the token, and the request was not to be sent again (`allowReauth: false`), or could
 *   not be (its body is a stream)
 * - `"TokenNotRenewable"`: the token has ended or was rejected, and this identity cannot get another one by itself
 * - `"NoToken"`: a request that was sent without authentication needs it
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
    /** Who tried, for example `user "demo" of domain "Default"`. */
    identity: optionalString,
    /** For what, for example `project "demo" of domain "Default"`. */
    scope: optionalString,
    /** 401; 404 where Keystone does not know a token any more. `undefined` if nobody was asked. */
    status: optionalNumber,
    requestId: optionalString,
    /** What the service said. */
    serviceMessage: optionalString,
    /** What more it said. */
    details: optionalString,
    /**
     * After a rejected login, milliseconds until the next one is tried: callers before that get this same error at once.
     * Otherwise the service's `Retry-After`.
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
      NotRetried: "the service rejects the token, and the request was not sent again with another one",
      TokenNotRenewable: sentence("the token is no longer valid and cannot be renewed", who === "" ? "" : `(${who})`),
      NoToken: "the request was sent without authentication, and the service demands it",
      TokenNotSent: "the service demands authentication"
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
 * Keystone accepts what it was shown, and wants more before it gives a token (multi-factor authentication). With the receipt
 * the login is continued by what is missing: see `MultiFactor.continueWith`.
 *
 * @since 0.1.0
 * @category errors
 */
export class MissingAuthMethods extends tagged<MissingAuthMethods>()(
  "MissingAuthMethods",
  {
    method: Schema.String,
    url: Schema.String,
    /** Proves what was accepted. It ends, and works only where it was issued. */
    receipt: Schema.RedactedFromSelf(Schema.String),
    /** What was accepted, for example `["password"]`. */
    methods: Schema.Array(Schema.String),
    /** The sets of methods of which one is enough, for example `[["password", "totp"]]`. */
    requiredAuthMethods: Schema.Array(Schema.Array(Schema.String)),
    /** When the receipt ends; `undefined` if Keystone does not say. */
    expiresAt: Schema.optional(Schema.DateTimeUtcFromSelf),
    /** Who tried, for example `user "demo" of domain "Default"`. */
    identity: optionalString,
    requestId: optionalString
  }
) {
  /** @since 0.1.0 */
  declare readonly [TypeId]: TypeId
  /** What Keystone answered. */
  readonly status = 401
  /** The sets of methods of which one is still to be shown. */
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
 * A server answered with success, but not with what the protocol says: for example a token without `X-Subject-Token`,
 * or an HTML page where a token should be.
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
 * One endpoint that the catalog has, as `EndpointNotFound` lists it.
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
  /** Why it is not what was asked for: `its region is "RegionOne"`. */
  excludedBy: optionalString
})

/**
 * @since 0.1.0
 * @category models
 */
export type CatalogOffer = typeof CatalogOffer.Type

/**
 * The catalog has no endpoint for what was asked. It lists what there is for that service, or, where there is nothing
 * at all, which services there are.
 *
 * @since 0.1.0
 * @category errors
 */
export class EndpointNotFound extends tagged<EndpointNotFound>()(
  "EndpointNotFound",
  {
    serviceType: optionalString,
    /** The interfaces asked for, in order of preference. */
    interfaces: Schema.Array(Schema.String),
    regionName: optionalString,
    serviceName: optionalString,
    /** Why there is none, when it is not for the catalog: no service type was given, for example. */
    reason: optionalString,
    /** The endpoints that the catalog has for this service. */
    available: Schema.Array(CatalogOffer),
    /** The service types that the catalog has. Empty when the token came without a catalog. */
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
 * What happened at one URL that was asked for its versions.
 *
 * - `"Unreachable"`: no answer, or an answer that says "not now" (5xx, 429)
 * - `"NotADocument"`: an answer that is not a version document (404, HTML, a Swift listing, ...)
 * - `"NoMatchingVersion"`: a version document without the version that is wanted
 *
 * @since 0.1.0
 * @category models
 */
export const DiscoveryAttempt = Schema.Struct({
  url: Schema.String,
  outcome: Schema.Literal("Unreachable", "NotADocument", "NoMatchingVersion"),
  /** What was answered, in words. */
  detail: Schema.String,
  status: optionalNumber,
  /** Where redirects led to, if there were some. */
  redirectedTo: optionalString,
  /** The versions that the document has, newest first. */
  versions: Schema.optional(Schema.Array(Schema.String))
})

/**
 * @since 0.1.0
 * @category models
 */
export type DiscoveryAttempt = typeof DiscoveryAttempt.Type

/**
 * The catalog has the service, but no version of it could be chosen. `reason` is that of the attempt that came
 * furthest: a document that lacks the version, else a service that did not answer, else no document at all.
 *
 * @since 0.1.0
 * @category errors
 */
export class DiscoveryFailed extends tagged<DiscoveryFailed>()(
  "DiscoveryFailed",
  {
    reason: Schema.Literal("NoMatchingVersion", "Unreachable", "NotADocument"),
    serviceType: optionalString,
    /** The URL that the catalog gives. */
    url: Schema.String,
    /** The versions asked for, for example `2.1 to 2.latest`. */
    requested: Schema.String,
    /** Each URL that was tried, and what it answered. */
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
 * The endpoint does not support the microversion that was asked for. Nothing was sent.
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
  /** `X-OpenStack-Request-Id` of the answer, or what the service has in its place. */
  requestId: optionalString,
  /** What the service said, read from its own way of writing faults; at most 2000 characters, and no secret of ours. */
  serviceMessage: optionalString,
  /** What more it said: for Nova and Cinder the name of the fault, for example `itemNotFound`. */
  details: optionalString,
  /** The service's `Retry-After` (seconds or date), in milliseconds from when the answer arrived. */
  retryAfterMillis: optionalNumber,
  serviceType: optionalString,
  regionName: optionalString,
  redirectedFrom,
  attempts
}

/**
 * What every error for an HTTP status carries.
 *
 * @since 0.1.0
 * @category models
 */
export interface HttpFailure extends Schema.Struct.Type<typeof httpFields> {}

const httpMessage = (
  { attempts, method, redirectedFrom, requestId, retryAfterMillis, serviceMessage, status, url }: HttpFailure
): string => {
  const title = StatusTitle.of(status)
  // many services say no more than the name of the status
  const saysMore = serviceMessage !== undefined && serviceMessage !== title && serviceMessage !== `${status} ${title}`
  return sentence(
    `${method} ${url} answered ${status} ${title}${saysMore ? `: ${serviceMessage}` : ""}`,
    afterRedirect(redirectedFrom),
    ofRequest(requestId),
    after("again in", retryAfterMillis),
    sentTimes(attempts)
  )
}

/** The class of a status: they differ in their names. */
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
 * 300: nothing was done, since the endpoint is a list of versions, of which the request names none. Only who reads that list
 * (`GET` or `HEAD` of the endpoint itself) has it as an answer.
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
    /** The versions that the service offers and their states, newest first, 30 at most: `2.16 (CURRENT)`. */
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
      this.versions.length === 0 ? "a version must be chosen." : `there are the versions ${this.versions.join(", ")}.`,
      `Give the Adapter, or the endpointFilter, a version, such as minVersion: ${Number.parseInt(usual)}`,
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
 * 403: authenticated, but not allowed to.
 *
 * @since 0.1.0
 * @category HTTP errors
 */
export class Forbidden extends refused<Forbidden>()("Forbidden") {
  /** @since 0.1.0 */
  declare readonly [TypeId]: TypeId
}

/**
 * 404: there is no such thing, or no such URL.
 *
 * @since 0.1.0
 * @category HTTP errors
 */
export class NotFound extends refused<NotFound>()("NotFound") {
  /** @since 0.1.0 */
  declare readonly [TypeId]: TypeId
}

/**
 * 405: this URL does not know this method.
 *
 * @since 0.1.0
 * @category HTTP errors
 */
export class MethodNotAllowed extends refused<MethodNotAllowed>()("MethodNotAllowed") {
  /** @since 0.1.0 */
  declare readonly [TypeId]: TypeId
}

/**
 * 406: the service cannot answer in that form. Nova, Cinder and others say this of a microversion that they lack.
 *
 * @since 0.1.0
 * @category HTTP errors
 */
export class NotAcceptable extends refused<NotAcceptable>()("NotAcceptable") {
  /** @since 0.1.0 */
  declare readonly [TypeId]: TypeId
}

/**
 * 408: the service waited too long for the request.
 *
 * @since 0.1.0
 * @category HTTP errors
 */
export class RequestTimeout extends refused<RequestTimeout>()("RequestTimeout") {
  /** @since 0.1.0 */
  declare readonly [TypeId]: TypeId
}

/**
 * 409: it contradicts the state of the thing.
 *
 * @since 0.1.0
 * @category HTTP errors
 */
export class Conflict extends refused<Conflict>()("Conflict") {
  /** @since 0.1.0 */
  declare readonly [TypeId]: TypeId
}

/**
 * 410: the thing was there, and is gone.
 *
 * @since 0.1.0
 * @category HTTP errors
 */
export class Gone extends refused<Gone>()("Gone") {
  /** @since 0.1.0 */
  declare readonly [TypeId]: TypeId
}

/**
 * 429, or 413 of a service that means "over limit" by it: too many requests.
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
 * 501: the service does not do that.
 *
 * @since 0.1.0
 * @category HTTP errors
 */
export class NotImplemented extends refused<NotImplemented>()("NotImplemented") {
  /** @since 0.1.0 */
  declare readonly [TypeId]: TypeId
}

/**
 * 503: the service cannot do it now.
 *
 * @since 0.1.0
 * @category HTTP errors
 */
export class ServiceUnavailable extends refused<ServiceUnavailable>()("ServiceUnavailable") {
  /** @since 0.1.0 */
  declare readonly [TypeId]: TypeId
}

/**
 * Any other 5xx (502 and 504 of a proxy among them); see `status`.
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
 * A service answered with a status of 400 or more (401 is `Unauthorized`).
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
 * No usable HTTP answer: what the wire alone can fail with. `InvalidOptions` tells of limits and timeouts that cannot be.
 *
 * @since 0.1.0
 * @category unions
 */
export type WireError = TransportError | TimedOut | RedirectRefused | InvalidOptions

/**
 * What getting a token can fail with.
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
 * What finding out where a request goes can fail with.
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
