/** The types that TestCloud shows to its users; here, so that no internal module depends on the public one. */
import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import type * as Redacted from "effect/Redacted"

/**
 * What it takes to log in as one of the cloud's users on its project.
 *
 * @since 0.1.0
 * @category models
 */
export interface Account {
  readonly userId: string
  readonly username: string
  readonly password: Redacted.Redacted
  readonly userDomainId: string
  readonly userDomainName: string
  readonly projectId: string
  readonly projectName: string
  readonly projectDomainId: string
  readonly projectDomainName: string
}

/**
 * An application credential of one user on one project: log in by `id` and `secret`, or by `name`, user and `secret`.
 *
 * @since 0.1.0
 * @category models
 */
export interface ApplicationCredential {
  readonly id: string
  readonly name: string
  readonly secret: Redacted.Redacted
  readonly userId: string
  readonly username: string
  readonly userDomainId: string
  readonly userDomainName: string
  readonly projectId: string
  readonly projectName: string
}

/**
 * One request that the cloud was asked. It holds no secret: tokens appear as labels such as `token-3`, a token that the
 * cloud never issued as `unknown`, and bodies not at all.
 *
 * @since 0.1.0
 * @category models
 */
export interface JournalEntry {
  /** When it arrived, in milliseconds by Effect's Clock. */
  readonly at: number
  readonly method: string
  readonly url: string
  readonly path: string
  /** The service type, `identity`, or `unknown` for a path where nothing lives. */
  readonly service: string
  readonly headers: Readonly<Record<string, string>>
  /** The label of the token in `X-Auth-Token`. */
  readonly token: string | undefined
  /** The name of the user that the presented token was issued to, even if it is no longer good. */
  readonly user: string | undefined
  /** The name of the project that the presented token is scoped to. */
  readonly project: string | undefined
  /** The microversion asked for, as it was asked: `2.79`, `latest`. */
  readonly microversion: string | undefined
  /** The methods of a login, as they were shown: `["password"]`, `["token"]`. Absent if it is none. */
  readonly methods?: ReadonlyArray<string> | undefined
  /** The status answered; 0 if there was no answer (yet): a connection fault, or the client gave up. */
  readonly status: number
}

/**
 * What goes wrong: an answer of any status from 200 to 599 (without a `body`: the service's own error for it), a delay
 * before the proper answer, a 200 with an unusable body, a broken connection, or a redirect.
 *
 * A server cannot refuse a connection that it has already accepted: served, both kinds of `connection` fault close the
 * connection without an answer; and where the platform does not let a handler do that, they answer 502.
 *
 * @since 0.1.0
 * @category models
 */
export type FaultKind =
  | {
    readonly status: number
    readonly headers?: Readonly<Record<string, string>> | undefined
    /** A string is sent as it is, anything else as JSON. */
    readonly body?: unknown
    readonly redirect?: undefined
  }
  | { readonly delay: Duration.DurationInput }
  | { readonly malformed: "json" | "html" | "empty" | "truncated" }
  | { readonly connection: "refused" | "reset" }
  | { readonly redirect: string; readonly status?: number | undefined }

/**
 * Which requests go wrong, how, and how often. Of several faults that fit a request the oldest applies; delays add up and
 * leave the rest to the next fault that fits.
 *
 * @since 0.1.0
 * @category models
 */
export interface Fault {
  /** Only this service: a service type, or `identity`. */
  readonly service?: string | undefined
  readonly method?: string | undefined
  /** Only paths that contain this, or match it: `/servers`, `/\/v3\/auth\/tokens$/`. */
  readonly path?: string | RegExp | undefined
  /** How many requests it hits; default: all, until `behave`. */
  readonly times?: number | undefined
  readonly kind: FaultKind
}

/**
 * Whom the token of a request belongs to.
 *
 * @since 0.1.0
 * @category models
 */
export interface Caller {
  readonly userId: string
  readonly userName: string
  readonly projectId: string | undefined
  readonly projectName: string | undefined
  readonly roles: ReadonlyArray<string>
}

/**
 * What a service is asked, once the cloud has checked the token and negotiated the microversion.
 *
 * @since 0.1.0
 * @category models
 */
export interface ServiceRequest {
  readonly method: string
  /** Below the version root, and below the project id where the URL has it: `/servers/detail`. */
  readonly path: string
  readonly version: string
  readonly url: URL
  /** The address of the version root as it was asked, without a slash at its end; for links. */
  readonly versionUrl: string
  readonly headers: Readonly<Record<string, string>>
  /** Decoded JSON; the text if the content type is something else; undefined if there is none. */
  readonly body: unknown
  /** As negotiated, `latest` resolved; undefined where the version has no microversions. */
  readonly microversion: string | undefined
  readonly caller: Caller
  /** An error in the service's dialect, as an answer. */
  readonly refuse: (status: number, message?: string) => Answer
}

/**
 * What a service answers: status 200 unless it says otherwise, with a body of JSON or of text.
 *
 * @since 0.1.0
 * @category models
 */
export interface Answer {
  readonly status?: number | undefined
  readonly headers?: Readonly<Record<string, string>> | undefined
  readonly json?: unknown
  readonly text?: string | undefined
}

/**
 * Answers the requests of a service.
 *
 * @since 0.1.0
 * @category models
 */
export type Responder = (request: ServiceRequest) => Effect.Effect<Answer>

/**
 * Whose manner a service has in its version documents, microversion headers and errors.
 *
 * @since 0.1.0
 * @category models
 */
export type Dialect = "nova" | "glance" | "placement"

/**
 * One version of a service.
 *
 * @since 0.1.0
 * @category models
 */
export interface VersionDefinition {
  readonly id: string
  readonly status: string
  /** Its first and last microversion; absent: no microversions. */
  readonly minVersion?: string | undefined
  readonly maxVersion?: string | undefined
  /** Where it lives below the service; default: its id, `/v2.1`. */
  readonly path?: string | undefined
  /** Default: the service's. */
  readonly respond?: Responder | undefined
}

/**
 * What a service is, but for how it answers.
 *
 * @since 0.1.0
 * @category models
 */
export interface ServiceTraits {
  readonly serviceType: string
  readonly name: string
  /** Where it lives below the cloud's address; default: its service type. */
  readonly path?: string | undefined
  readonly versions: ReadonlyArray<VersionDefinition>
  /**
   * What the catalog lists, below the service's path: `() => ""` for an unversioned endpoint, `(id) => "/v3/" + id` for one
   * with the project in it. Default: the path of the first version that is CURRENT.
   */
  readonly catalogPath?: ((projectId: string) => string) | undefined
  /** Default: `nova`. */
  readonly dialect?: Dialect | undefined
  /** What it is called in `OpenStack-API-Version`, where that is not its service type: Cinder's is `volume`. */
  readonly microversionName?: string | undefined
  /** Its older microversion header, such as `X-OpenStack-Nova-API-Version`. */
  readonly microversionHeader?: string | undefined
}

/**
 * A service that a cloud can be built with. `start` runs once for each cloud, so that what a service remembers belongs to
 * one cloud.
 *
 * @since 0.1.0
 * @category models
 */
export interface ServiceDefinition extends ServiceTraits {
  readonly start: Effect.Effect<Responder>
}

/**
 * A server that exists when the cloud starts.
 *
 * @since 0.1.0
 * @category models
 */
export interface ServerSeed {
  readonly name: string
  /** The name of the project that it belongs to: `demo`, `tenant-b`, `admin`, or one of `IdentityOptions.projects`. */
  readonly project: string
  /** Default: made from project and name. */
  readonly id?: string | undefined
  /** Default: `ACTIVE`. */
  readonly status?: string | undefined
  readonly tags?: ReadonlyArray<string> | undefined
}

/**
 * A project that users can have tokens for.
 *
 * @since 0.1.0
 * @category models
 */
export interface Project {
  readonly id: string
  readonly name: string
}

/**
 * How a user logs in, beside the password.
 *
 * @since 0.1.0
 * @category models
 */
export interface LoginRules {
  /**
   * What the method `totp` accepts: each of these passcodes once, or those that the function is for; it is called once
   * for each login. Default: none.
   */
  readonly passcodes?: ReadonlyArray<string> | ((passcode: string) => boolean) | undefined
  /**
   * Keystone's `multi_factor_auth_rules`: sets of methods of which one has to be shown whole, such as
   * `[["password", "totp"]]`. Who shows less gets a receipt, which is good for five minutes. Default: any method will do.
   */
  readonly multiFactorAuthRules?: ReadonlyArray<ReadonlyArray<string>> | undefined
}

/**
 * What the cloud's Keystone is like.
 *
 * @since 0.1.0
 * @category models
 */
export interface IdentityOptions {
  /** The API versions that it has. Default: `["v3"]`. */
  readonly versions?: ReadonlyArray<"v3" | "v2.0"> | undefined
  /** Names of projects beside those of the users, all of domain Default. Every user is a member of them. Default: none. */
  readonly projects?: ReadonlyArray<string> | undefined
  /** By the names that the users have in `accounts`. Default: a password is enough, and there are no passcodes. */
  readonly users?: {
    readonly demo?: LoginRules | undefined
    readonly tenantB?: LoginRules | undefined
    readonly admin?: LoginRules | undefined
  } | undefined
  /**
   * Keystone's `allow_rescope_scoped_token`: `false` refuses (403) to exchange tokens that are for a project or domain.
   * Default: `true`.
   */
  readonly allowRescopeScopedToken?: boolean | undefined
}

/**
 * Which pages of other origins a browser lets talk to the cloud, as the `[cors]` section of an OpenStack service says it.
 * Preflights are answered ahead of the cloud: faults do not hit them, and the journal does not have them. A fault whose
 * answer has an `Access-Control-Allow-Origin` of its own keeps that.
 *
 * @since 0.1.0
 * @category models
 */
export interface Cors {
  /** Such as `https://dashboard.example.com`, without a slash at the end; `*` is any. */
  readonly allowedOrigins: ReadonlyArray<string>
  /** Default: GET, PUT, POST, DELETE and PATCH. */
  readonly allowedMethods?: ReadonlyArray<string> | undefined
  /**
   * Which headers pages may send, beside those that any may. Default: X-Auth-Token, X-OpenStack-Request-ID,
   * X-Subject-Token, OpenStack-Auth-Receipt, OpenStack-API-Version and X-OpenStack-Nova-API-Version.
   */
  readonly allowedHeaders?: ReadonlyArray<string> | undefined
  /** Which headers of answers pages may read. Default: the same. */
  readonly exposedHeaders?: ReadonlyArray<string> | undefined
  /** May pages send cookies? Default: `true`. */
  readonly allowCredentials?: boolean | undefined
  /** How long browsers keep the answer to a preflight. Default: 1 hour. */
  readonly maxAge?: Duration.DurationInput | undefined
}

/**
 * Options of a cloud.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** Beside Keystone, which is always there. Default: compute, image and placement. */
  readonly services?: ReadonlyArray<ServiceDefinition> | undefined
  /** Default: a Keystone v3 that is content with a password. */
  readonly identity?: IdentityOptions | undefined
  /** Default: 1 hour. */
  readonly tokenLifetime?: Duration.DurationInput | "forever" | undefined
  /** Default: `RegionOne`. */
  readonly region?: string | undefined
  /** The cloud's origin. Default: `http://cloud.test` in memory, the server's address when served. */
  readonly baseUrl?: string | undefined
  /** Which pages of other origins may talk to it. Default: none. */
  readonly cors?: Cors | undefined
}
