/** The public types of TestCloud, in a module that its private modules can import. */
import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import type * as Redacted from "effect/Redacted"

/**
 * The credentials of a user of the cloud, and its project.
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
 * An application credential of a user for a project. A login needs `id` and `secret`, or `name`, user and `secret`.
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
 * A request that reached the cloud. It contains no secrets: tokens appear as labels such as `token-3`, tokens that the
 * cloud did not issue as `unknown`, and there are no bodies.
 *
 * @since 0.1.0
 * @category models
 */
export interface JournalEntry {
  /** The time of arrival, in milliseconds of Effect's Clock. */
  readonly at: number
  readonly method: string
  readonly url: string
  readonly path: string
  /** The service type; `identity` for Keystone, `unknown` for a path without a service. */
  readonly service: string
  readonly headers: Readonly<Record<string, string>>
  /** The label of the token in `X-Auth-Token`. */
  readonly token: string | undefined
  /** The name of the user of the token, even if the token is no longer valid. */
  readonly user: string | undefined
  /** The name of the project of the token. */
  readonly project: string | undefined
  /** The requested microversion, as written: `2.79`, `latest`. */
  readonly microversion: string | undefined
  /** The methods of a login: `["password"]`, `["token"]`. Missing for other requests. */
  readonly methods?: ReadonlyArray<string> | undefined
  /** The status of the answer; 0 while there is none, after a connection fault, or if the client gave up. */
  readonly status: number
}

/**
 * The kind of a fault: a status from 200 to 599 (without `body`, with the service's own error body), a delay before the
 * answer, a 200 with a malformed body, a failed connection, or a redirect.
 *
 * A server has already accepted the connection: there, both kinds of `connection` close it without an answer. If the
 * platform does not allow that, the answer is 502.
 *
 * @since 0.1.0
 * @category models
 */
export type FaultKind =
  | {
    readonly status: number
    readonly headers?: Readonly<Record<string, string>> | undefined
    /** Text is sent as it is, any other value as JSON. */
    readonly body?: unknown
    readonly redirect?: undefined
  }
  | { readonly delay: Duration.DurationInput }
  | { readonly malformed: "json" | "html" | "empty" | "truncated" }
  | { readonly connection: "refused" | "reset" }
  | { readonly redirect: string; readonly status?: number | undefined }

/**
 * A fault, and the requests that it applies to. Of several faults for a request, the oldest one applies; delays add up,
 * and the next fault after them applies too.
 *
 * @since 0.1.0
 * @category models
 */
export interface Fault {
  /** The service type; `identity` for Keystone. Default: all services. */
  readonly service?: string | undefined
  readonly method?: string | undefined
  /** A part of the path, or a pattern for it: `/servers`, `/\/v3\/auth\/tokens$/`. Default: all paths. */
  readonly path?: string | RegExp | undefined
  /** The number of requests that the fault applies to. Default: all, until `behave`. */
  readonly times?: number | undefined
  readonly kind: FaultKind
}

/**
 * The owner of a request's token.
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
 * A request to a service, after its token was checked and its microversion negotiated.
 *
 * @since 0.1.0
 * @category models
 */
export interface ServiceRequest {
  readonly method: string
  /** The path below the version root, without a project id in front: `/servers/detail`. */
  readonly path: string
  readonly version: string
  readonly url: URL
  /** The URL of the version root as the client wrote it, without a slash at the end; for links. */
  readonly versionUrl: string
  readonly headers: Readonly<Record<string, string>>
  /** The parsed JSON; text for another content type; `undefined` if empty. */
  readonly body: unknown
  /** The negotiated microversion, never `latest`; `undefined` if the version has no microversions. */
  readonly microversion: string | undefined
  readonly caller: Caller
  /** Makes an error answer in the service's dialect. */
  readonly refuse: (status: number, message?: string) => Answer
}

/**
 * The answer of a service, with a body of JSON or text. The default status is 200.
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
 * The service whose format of version documents, microversion headers and errors is used.
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
  /** The first microversion. Default: the version has no microversions. */
  readonly minVersion?: string | undefined
  /** The last microversion. */
  readonly maxVersion?: string | undefined
  /** The path below the service's path. Default: the id, `/v2.1`. */
  readonly path?: string | undefined
  /** Default: the responder of the service. */
  readonly respond?: Responder | undefined
}

/**
 * A service without its responder.
 *
 * @since 0.1.0
 * @category models
 */
export interface ServiceTraits {
  readonly serviceType: string
  readonly name: string
  /** The path below the cloud's address. Default: the service type. */
  readonly path?: string | undefined
  readonly versions: ReadonlyArray<VersionDefinition>
  /**
   * The path in the catalog, below the service's path: `() => ""` for an unversioned endpoint, `(id) => "/v3/" + id`
   * for one with the project id. Default: the path of the first CURRENT version.
   */
  readonly catalogPath?: ((projectId: string) => string) | undefined
  /** Default: `nova`. */
  readonly dialect?: Dialect | undefined
  /** The name of the service in `OpenStack-API-Version`: `volume` for Cinder. Default: the service type. */
  readonly microversionName?: string | undefined
  /** An older microversion header, such as `X-OpenStack-Nova-API-Version`. */
  readonly microversionHeader?: string | undefined
}

/**
 * A service of a cloud. `start` runs once for each cloud, so that each cloud has its own state.
 *
 * @since 0.1.0
 * @category models
 */
export interface ServiceDefinition extends ServiceTraits {
  readonly start: Effect.Effect<Responder>
}

/**
 * A server that exists from the start.
 *
 * @since 0.1.0
 * @category models
 */
export interface ServerSeed {
  readonly name: string
  /** The name of its project: `demo`, `tenant-b`, `admin`, or one of `IdentityOptions.projects`. */
  readonly project: string
  /** Default: an id made from project and name. */
  readonly id?: string | undefined
  /** Default: `ACTIVE`. */
  readonly status?: string | undefined
  readonly tags?: ReadonlyArray<string> | undefined
}

/**
 * A project of the cloud.
 *
 * @since 0.1.0
 * @category models
 */
export interface Project {
  readonly id: string
  readonly name: string
}

/**
 * The rules for a user's logins, in addition to the password.
 *
 * @since 0.1.0
 * @category models
 */
export interface LoginRules {
  /**
   * The passcodes that `totp` accepts: each of the list once, or those for which the function returns `true`; it is
   * called once for each login. Default: none.
   */
  readonly passcodes?: ReadonlyArray<string> | ((passcode: string) => boolean) | undefined
  /**
   * Keystone's `multi_factor_auth_rules`: a login needs all methods of one of these sets, such as `[["password",
   * "totp"]]`. A login with fewer methods gets a receipt, which is valid for five minutes. Default: any method is
   * enough.
   */
  readonly multiFactorAuthRules?: ReadonlyArray<ReadonlyArray<string>> | undefined
}

/**
 * Options of the cloud's Keystone.
 *
 * @since 0.1.0
 * @category models
 */
export interface IdentityOptions {
  /** The API versions. Default: `["v3"]`. */
  readonly versions?: ReadonlyArray<"v3" | "v2.0"> | undefined
  /** Names of further projects in domain Default. All users are members of them. Default: none. */
  readonly projects?: ReadonlyArray<string> | undefined
  /** The login rules of each user. Default: a password is enough, and there are no passcodes. */
  readonly users?: {
    readonly demo?: LoginRules | undefined
    readonly tenantB?: LoginRules | undefined
    readonly admin?: LoginRules | undefined
  } | undefined
  /**
   * Keystone's `allow_rescope_scoped_token`: `false` forbids (403) exchanging tokens of a project or domain. Default:
   * `true`.
   */
  readonly allowRescopeScopedToken?: boolean | undefined
}

/**
 * The options of the `[cors]` section of an OpenStack service: which pages of other origins a browser allows to use the
 * cloud. Faults do not apply to preflights, and the journal does not contain them. A fault may set
 * `Access-Control-Allow-Origin` itself.
 *
 * @since 0.1.0
 * @category models
 */
export interface Cors {
  /** Origins such as `https://dashboard.example.com`, without a slash at the end; `*` is any origin. */
  readonly allowedOrigins: ReadonlyArray<string>
  /** Default: GET, PUT, POST, DELETE and PATCH. */
  readonly allowedMethods?: ReadonlyArray<string> | undefined
  /**
   * The headers that pages may send, besides those that are always allowed. Default: X-Auth-Token,
   * X-OpenStack-Request-ID, X-Subject-Token, OpenStack-Auth-Receipt, OpenStack-API-Version and
   * X-OpenStack-Nova-API-Version.
   */
  readonly allowedHeaders?: ReadonlyArray<string> | undefined
  /** The headers of answers that pages may read. Default: the same. */
  readonly exposedHeaders?: ReadonlyArray<string> | undefined
  /** Whether pages may send cookies. Default: `true`. */
  readonly allowCredentials?: boolean | undefined
  /** How long browsers cache the answer to a preflight. Default: 1 hour. */
  readonly maxAge?: Duration.DurationInput | undefined
}

/**
 * Options of a cloud.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** The services besides Keystone. Default: compute, image and placement. */
  readonly services?: ReadonlyArray<ServiceDefinition> | undefined
  /** Default: a Keystone v3 for which a password is enough. */
  readonly identity?: IdentityOptions | undefined
  /** Default: 1 hour. */
  readonly tokenLifetime?: Duration.DurationInput | "forever" | undefined
  /** Default: `RegionOne`. */
  readonly region?: string | undefined
  /** The origin of the cloud. Default: `http://cloud.test` in memory, the address of the server when served. */
  readonly baseUrl?: string | undefined
  /** Which pages of other origins may use the cloud. Default: none. */
  readonly cors?: Cors | undefined
}
