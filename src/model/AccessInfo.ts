/**
 * Decoded tokens: user, scope, roles, expiry and catalog.
 *
 * @since 0.1.0
 */
import * as Arr from "effect/Array"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Either from "effect/Either"
import * as Inspectable from "effect/Inspectable"
import * as Option from "effect/Option"
import { hasProperty } from "effect/Predicate"
import * as Redacted from "effect/Redacted"
import * as ServiceCatalog from "./ServiceCatalog.js"
import * as Internal from "./tokenBody.js"

/**
 * Identifies `AccessInfo` values.
 *
 * @since 0.1.0
 * @category type ids
 */
export const TypeId: unique symbol = Symbol.for("effect-keystoneauth/AccessInfo")

/**
 * @since 0.1.0
 * @category type ids
 */
export type TypeId = typeof TypeId

/**
 * A role that the token has.
 *
 * @since 0.1.0
 * @category models
 */
export interface Role {
  readonly id: string | undefined
  readonly name: string | undefined
}

/**
 * How a federated user logged in.
 *
 * @since 0.1.0
 * @category models
 */
export interface Federation {
  readonly identityProviderId: string | undefined
  readonly protocolId: string | undefined
  readonly groupIds: ReadonlyArray<string>
}

/**
 * A request that an application credential may be used for.
 *
 * @since 0.1.0
 * @category models
 */
export interface AccessRule {
  readonly id: string | undefined
  readonly service: string | undefined
  readonly method: string | undefined
  readonly path: string | undefined
}

/**
 * The application credential that the token was obtained with.
 *
 * @since 0.1.0
 * @category models
 */
export interface ApplicationCredential {
  readonly id: string | undefined
  readonly name: string | undefined
  /** `true` if it cannot manage application credentials and trusts. */
  readonly restricted: boolean | undefined
  /** The requests that it may be used for. `undefined` if it may be used for all. */
  readonly accessRules: ReadonlyArray<AccessRule> | undefined
}

/**
 * Another cloud that accepts the users of this one (Keystone to Keystone federation).
 *
 * @since 0.1.0
 * @category models
 */
export interface ServiceProvider {
  readonly id: string
  readonly authUrl: string | undefined
  readonly spUrl: string | undefined
}

/**
 * A decoded token. Fields that the token does not have are `undefined`. When printed, it shows neither token nor
 * catalog.
 *
 * @since 0.1.0
 * @category models
 */
export interface AccessInfo extends Inspectable.Inspectable {
  readonly [TypeId]: TypeId
  /** The version of the Identity API. A v2 token has no domains, system scope, federation or service providers. */
  readonly version: "v2" | "v3"
  /** The token itself. */
  readonly token: Redacted.Redacted
  /** The authentication methods, such as `["password"]`. */
  readonly methods: ReadonlyArray<string>
  readonly userId: string | undefined
  readonly userName: string | undefined
  readonly userDomainId: string | undefined
  readonly userDomainName: string | undefined
  readonly passwordExpiresAt: DateTime.Utc | undefined
  readonly isFederated: boolean
  readonly federation: Federation | undefined
  /** `true` if the token is scoped to a project, a domain or the system. */
  readonly scoped: boolean
  readonly projectScoped: boolean
  readonly projectId: string | undefined
  readonly projectName: string | undefined
  readonly projectDomainId: string | undefined
  readonly projectDomainName: string | undefined
  /** `true` if the project acts as a domain. */
  readonly projectIsDomain: boolean | undefined
  /** `true` if the project is the admin project. Most clouds do not define one: then `true` for every project. */
  readonly isAdminProject: boolean
  readonly domainScoped: boolean
  /** The domain that the token is scoped to. */
  readonly domainId: string | undefined
  readonly domainName: string | undefined
  readonly systemScoped: boolean
  /** The system scope: `{ all: true }`. */
  readonly system: Readonly<Record<string, unknown>> | undefined
  readonly trustScoped: boolean
  readonly trustId: string | undefined
  readonly trusteeUserId: string | undefined
  readonly trustorUserId: string | undefined
  readonly oauthAccessTokenId: string | undefined
  readonly oauthConsumerId: string | undefined
  readonly applicationCredential: ApplicationCredential | undefined
  readonly applicationCredentialId: string | undefined
  readonly oauth2Credential: Readonly<Record<string, unknown>> | undefined
  /** The thumbprint of the client certificate that the token is bound to (`x5t#S256`). */
  readonly oauth2CredentialThumbprint: string | undefined
  readonly roles: ReadonlyArray<Role>
  /** The ids of the roles. A v2 token lists them in its metadata, and its `roles` have only names. */
  readonly roleIds: ReadonlyArray<string>
  readonly roleNames: ReadonlyArray<string>
  readonly issuedAt: DateTime.Utc | undefined
  /** `undefined` if the token does not expire. */
  readonly expiresAt: DateTime.Utc | undefined
  /**
   * The server's time when it issued the token, from the `Date` header. With it the remaining life of the token is
   * known even if this machine's clock is wrong.
   */
  readonly answeredAt?: DateTime.Utc | undefined
  readonly auditId: string | undefined
  /** The audit id of the first token in a chain of exchanged tokens. */
  readonly auditChainId: string | undefined
  /** `auditChainId`, or else `auditId`. */
  readonly initialAuditId: string | undefined
  /** The principals that the token is bound to, by mechanism, such as `kerberos`. */
  readonly bind: Readonly<Record<string, unknown>> | undefined
  readonly serviceProviders: ReadonlyArray<ServiceProvider>
  /** The catalog in the token. `undefined` if it has none (unscoped, or `nocatalog`). */
  readonly catalog: ServiceCatalog.ServiceCatalog | undefined
  /** The body as Keystone sent it, parsed from JSON. The body of a v2 token contains the token. */
  readonly body: unknown
}

/**
 * What the answer to a login tells besides its body.
 *
 * @since 0.1.0
 * @category models
 */
export interface Circumstances {
  /** The `Date` header of the answer. */
  readonly answeredAt?: DateTime.Utc | undefined
}

/** The body as v3, and what differs between v2 and v3. */
interface Source extends Circumstances {
  readonly version: "v2" | "v3"
  readonly token: Redacted.Redacted
  readonly said: Internal.TokenV3
  readonly roleIds: ReadonlyArray<string | undefined>
  readonly readCatalog: (listed: unknown) => ServiceCatalog.ServiceCatalog
  readonly body: unknown
}

const isText = (u: unknown): u is string => typeof u === "string"

/** The fields of a token that are values. */
type Values = Omit<AccessInfo, "catalog" | "body" | "toString" | "toJSON" | typeof Inspectable.NodeInspectSymbol>

interface Decoded extends Values {}

/**
 * A class with a getter, and no literal: V8 keeps what a literal of this size, or an own accessor, refers to until its
 * next full collection. With the body of each token kept that long, reading one took four times as long.
 */
class Decoded implements AccessInfo {
  readonly #listed: unknown
  readonly #readCatalog: Source["readCatalog"]
  #catalog: ServiceCatalog.ServiceCatalog | undefined

  constructor(values: Values, readonly body: unknown, listed: unknown, readCatalog: Source["readCatalog"]) {
    Object.assign(this, values)
    this.#listed = listed ?? undefined
    this.#readCatalog = readCatalog
  }

  /** Indexing a catalog costs as much as parsing its JSON: it is done once, and only if needed. */
  get catalog(): ServiceCatalog.ServiceCatalog | undefined {
    return this.#catalog ??= this.#listed === undefined ? undefined : this.#readCatalog(this.#listed)
  }

  toString(): string {
    return Inspectable.format(this.toJSON())
  }

  [Inspectable.NodeInspectSymbol](): unknown {
    return this.toJSON()
  }

  toJSON(): unknown {
    return {
      _id: "effect-keystoneauth/AccessInfo",
      version: this.version,
      token: "<redacted>",
      methods: this.methods,
      user: { id: this.userId, name: this.userName, domain: this.userDomainName ?? this.userDomainId },
      project: { id: this.projectId, name: this.projectName, domain: this.projectDomainName ?? this.projectDomainId },
      domain: { id: this.domainId, name: this.domainName },
      systemScoped: this.systemScoped,
      trust: this.trustId,
      applicationCredential: this.applicationCredentialId,
      roles: this.roleNames,
      issuedAt: this.issuedAt?.toJSON(),
      expiresAt: this.expiresAt?.toJSON()
    }
  }
}

const make = ({ answeredAt, body, readCatalog, roleIds, said, token, version }: Source): AccessInfo => {
  const { application_credential: credential, domain, project, user } = said
  const federation = user?.["OS-FEDERATION"]
  const oauth1 = said["OS-OAUTH1"]
  const trust = said["OS-TRUST:trust"]
  const thumbprint = said.oauth2_credential?.["x5t#S256"]
  const roles = (said.roles ?? []).map(({ id, name }) => ({ id, name }))
  const [auditId, auditChainId] = said.audit_ids ?? []
  const projectScoped = Boolean(project?.id)
  const domainScoped = Boolean(domain?.id)
  const systemScoped = said.system?.["all"] === true
  return new Decoded(
    {
      [TypeId]: TypeId,
      version,
      token,
      methods: said.methods ?? [],
      userId: user?.id,
      userName: user?.name,
      userDomainId: user?.domain?.id,
      userDomainName: user?.domain?.name,
      passwordExpiresAt: Internal.time(user?.password_expires_at),
      isFederated: federation !== undefined,
      federation: federation === undefined ? undefined : {
        identityProviderId: federation.identity_provider?.id,
        protocolId: federation.protocol?.id,
        groupIds: (federation.groups ?? []).map((group) => group.id).filter(isText)
      },
      scoped: projectScoped || domainScoped || systemScoped,
      projectScoped,
      projectId: project?.id,
      projectName: project?.name,
      projectDomainId: project?.domain?.id,
      projectDomainName: project?.domain?.name,
      projectIsDomain: said.is_domain,
      isAdminProject: said.is_admin_project === undefined || Boolean(said.is_admin_project),
      domainScoped,
      domainId: domain?.id,
      domainName: domain?.name,
      systemScoped,
      system: said.system,
      trustScoped: Boolean(trust?.id),
      trustId: trust?.id,
      trusteeUserId: trust?.trustee_user?.id,
      trustorUserId: trust?.trustor_user?.id,
      oauthAccessTokenId: oauth1?.access_token_id,
      oauthConsumerId: oauth1?.consumer_id,
      applicationCredential: credential === undefined ? undefined : {
        id: credential.id,
        name: credential.name,
        restricted: credential.restricted,
        accessRules: credential.access_rules?.map(({ id, method, path, service }) => ({ id, service, method, path }))
      },
      applicationCredentialId: credential?.id,
      oauth2Credential: said.oauth2_credential,
      oauth2CredentialThumbprint: isText(thumbprint) ? thumbprint : undefined,
      roles,
      roleIds: roleIds.filter(isText),
      roleNames: roles.map((role) => role.name).filter(isText),
      issuedAt: Internal.time(said.issued_at),
      expiresAt: Internal.time(said.expires_at),
      answeredAt,
      auditId,
      auditChainId,
      initialAuditId: auditChainId ?? auditId,
      bind: said.bind,
      serviceProviders: (said.service_providers ?? []).flatMap(({ auth_url: authUrl, id, sp_url: spUrl }) =>
        id === undefined ? [] : [{ id, authUrl, spUrl }]
      )
    },
    body,
    said.catalog,
    readCatalog
  )
}

/**
 * Decodes the answer of `POST` or `GET /v3/auth/tokens`: the body, parsed from JSON, and the token in the
 * `X-Subject-Token` header. Fails with the place of a value of the wrong type.
 *
 * @example
 * ```ts
 * import { Redacted } from "effect"
 * import { AccessInfo } from "effect-keystoneauth"
 *
 * // Either<AccessInfo, string>
 * const token = AccessInfo.fromV3({ token: { methods: ["password"], user: { id: "4fd2" } } },
 * Redacted.make("gAAAAA..."))
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const fromV3 = (
  body: unknown,
  token: Redacted.Redacted,
  circumstances?: Circumstances
): Either.Either<AccessInfo, string> =>
  Either.map(Internal.decodeV3(body), (said) =>
    make({
      answeredAt: circumstances?.answeredAt,
      version: "v3",
      token,
      said,
      roleIds: (said.roles ?? []).map((role) => role.id),
      readCatalog: ServiceCatalog.fromV3,
      body
    }))

/**
 * Decodes the answer of `POST /v2.0/tokens`, parsed from JSON. The token is in it (`access.token.id`), unless another
 * one is given. Fails with the place of a value of the wrong type.
 *
 * @since 0.1.0
 * @category constructors
 */
export const fromV2 = (
  body: unknown,
  token?: Redacted.Redacted,
  circumstances?: Circumstances
): Either.Either<AccessInfo, string> =>
  Either.flatMap(Internal.decodeV2(body), (access) => {
    const id = access.token?.id
    const own = token ?? (id === undefined ? undefined : Redacted.make(id))
    return own === undefined
      ? Either.left("it is not a v2 token: access.token.id is missing")
      : Either.right(make({
        answeredAt: circumstances?.answeredAt,
        version: "v2",
        token: own,
        said: Internal.asV3(access),
        roleIds: access.metadata?.roles ?? [],
        readCatalog: ServiceCatalog.fromV2,
        body
      }))
  })

/**
 * Decodes the answer of either version: a body with `token` is v3, one with `access` is v2. A v3 body needs the token
 * from the `X-Subject-Token` header; a v2 body contains its token.
 *
 * @since 0.1.0
 * @category constructors
 */
export const fromBody = (
  body: unknown,
  token?: Redacted.Redacted,
  circumstances?: Circumstances
): Either.Either<AccessInfo, string> => {
  if (hasProperty(body, "token")) {
    return token === undefined
      ? Either.left("it is a v3 token without its X-Subject-Token header")
      : fromV3(body, token, circumstances)
  }
  return hasProperty(body, "access")
    ? fromV2(body, token, circumstances)
    : Either.left("it is not a token: body has neither token (v3) nor access (v2)")
}

/**
 * Whether a value is an `AccessInfo`.
 *
 * @since 0.1.0
 * @category guards
 */
export const isAccessInfo = (u: unknown): u is AccessInfo => hasProperty(u, TypeId)

/**
 * The time from `issued_at` to `expires_at`, which does not depend on this machine's clock. `None` if one is missing.
 *
 * @since 0.1.0
 * @category accessors
 */
export const lifetime = (self: AccessInfo): Option.Option<Duration.Duration> =>
  self.issuedAt === undefined || self.expiresAt === undefined
    ? Option.none()
    : Option.some(Duration.millis(Math.max(0, DateTime.distance(self.issuedAt, self.expiresAt))))

/**
 * Whether the token expires within a duration from `now`. `false` if it does not expire.
 *
 * @since 0.1.0
 * @category accessors
 */
export const expiresWithin = (
  self: AccessInfo,
  duration: Duration.DurationInput,
  now: DateTime.Utc
): boolean => self.expiresAt !== undefined && self.expiresAt.epochMillis < now.epochMillis + Duration.toMillis(duration)

const serviceProvider = (self: AccessInfo, id: string): Option.Option<ServiceProvider> =>
  Arr.findLast(self.serviceProviders, (provider) => provider.id === id)

/**
 * The URL at which a service provider accepts SAML assertions. `None` if the token does not have it.
 *
 * @since 0.1.0
 * @category accessors
 */
export const serviceProviderUrl = (self: AccessInfo, id: string): Option.Option<string> =>
  Option.flatMapNullable(serviceProvider(self, id), (provider) => provider.spUrl)

/**
 * The URL at which a service provider gives tokens to federated users. `None` if the token does not have it.
 *
 * @since 0.1.0
 * @category accessors
 */
export const serviceProviderAuthUrl = (self: AccessInfo, id: string): Option.Option<string> =>
  Option.flatMapNullable(serviceProvider(self, id), (provider) => provider.authUrl)
