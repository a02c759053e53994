/**
 * A decoded token: who it is, for what, until when, and which services it sees.
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
 * A role that the token carries.
 *
 * @since 0.1.0
 * @category models
 */
export interface Role {
  readonly id: string | undefined
  readonly name: string | undefined
}

/**
 * How a federated user came in.
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
  /** It may not manage application credentials and trusts. */
  readonly restricted: boolean | undefined
  /** All that it may be used for; `undefined`: no such limits. */
  readonly accessRules: ReadonlyArray<AccessRule> | undefined
}

/**
 * Another cloud that this one vouches for its users to (Keystone to Keystone).
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
 * A decoded token. What the token does not say is `undefined`. Printing one shows neither the token nor the catalog.
 *
 * @since 0.1.0
 * @category models
 */
export interface AccessInfo extends Inspectable.Inspectable {
  readonly [TypeId]: TypeId
  /** Of the Identity API that the token is from. A v2 token knows no domains, systems, federation or providers. */
  readonly version: "v2" | "v3"
  /** The token itself. */
  readonly token: Redacted.Redacted
  /** How it was obtained, for example `["password"]`. */
  readonly methods: ReadonlyArray<string>
  readonly userId: string | undefined
  readonly userName: string | undefined
  readonly userDomainId: string | undefined
  readonly userDomainName: string | undefined
  readonly passwordExpiresAt: DateTime.Utc | undefined
  readonly isFederated: boolean
  readonly federation: Federation | undefined
  /** Scoped to a project, a domain or the system. */
  readonly scoped: boolean
  readonly projectScoped: boolean
  readonly projectId: string | undefined
  readonly projectName: string | undefined
  readonly projectDomainId: string | undefined
  readonly projectDomainName: string | undefined
  /** The project acts as a domain. */
  readonly projectIsDomain: boolean | undefined
  /** Is it the project for administrators? So it is if the token does not say, as with most clouds. */
  readonly isAdminProject: boolean
  readonly domainScoped: boolean
  /** The domain that the token is scoped to. */
  readonly domainId: string | undefined
  readonly domainName: string | undefined
  readonly systemScoped: boolean
  /** What of the system the token is scoped to: `{ all: true }`. */
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
  /** Of the client certificate that the token is bound to (`x5t#S256`). */
  readonly oauth2CredentialThumbprint: string | undefined
  readonly roles: ReadonlyArray<Role>
  /** A v2 token may list them apart from `roles`, which then have none. */
  readonly roleIds: ReadonlyArray<string>
  readonly roleNames: ReadonlyArray<string>
  readonly issuedAt: DateTime.Utc | undefined
  /** `undefined`: the token does not end by itself. */
  readonly expiresAt: DateTime.Utc | undefined
  /**
   * What time it was for the server when it handed out the token: the `Date` of its answer. With it what is left of the token is known
   * whatever this machine's clock says.
   */
  readonly answeredAt?: DateTime.Utc | undefined
  readonly auditId: string | undefined
  /** The audit id of the token that a chain of tokens began with. */
  readonly auditChainId: string | undefined
  /** That of the chain, or else its own. */
  readonly initialAuditId: string | undefined
  /** What the token is bound to, by mechanism, such as `kerberos`. */
  readonly bind: Readonly<Record<string, unknown>> | undefined
  readonly serviceProviders: ReadonlyArray<ServiceProvider>
  /** The catalog of the token; `undefined` if it came without one (unscoped, `nocatalog`). */
  readonly catalog: ServiceCatalog.ServiceCatalog | undefined
  /** The body as Keystone sent it, decoded from JSON. That of a v2 token holds the token. */
  readonly body: unknown
}

/**
 * What is known of a token besides its body.
 *
 * @since 0.1.0
 * @category models
 */
export interface Circumstances {
  /** The `Date` of the answer that the token came in. */
  readonly answeredAt?: DateTime.Utc | undefined
}

/** What sets the versions apart, once a v2 token is read as a v3 one. */
interface Source extends Circumstances {
  readonly version: "v2" | "v3"
  readonly token: Redacted.Redacted
  readonly said: Internal.TokenV3
  readonly roleIds: ReadonlyArray<string | undefined>
  readonly readCatalog: (listed: unknown) => ServiceCatalog.ServiceCatalog
  readonly body: unknown
}

const isText = (u: unknown): u is string => typeof u === "string"

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
  let catalog: ServiceCatalog.ServiceCatalog | undefined
  return {
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
    ),
    get catalog() {
      if (said.catalog === undefined || said.catalog === null) {
        return undefined
      }
      // reading a catalog costs as much as parsing it: once per token, and only if someone asks
      return catalog ??= readCatalog(said.catalog)
    },
    body,
    // written out, since spreading Inspectable.BaseProto makes a big literal many times as dear
    toString() {
      return Inspectable.format(this.toJSON())
    },
    [Inspectable.NodeInspectSymbol]() {
      return this.toJSON()
    },
    toJSON(): unknown {
      return {
        _id: "effect-keystoneauth/AccessInfo",
        version,
        token: "<redacted>",
        methods: this.methods,
        user: { id: this.userId, name: this.userName, domain: this.userDomainName ?? this.userDomainId },
        project: {
          id: this.projectId,
          name: this.projectName,
          domain: this.projectDomainName ?? this.projectDomainId
        },
        domain: { id: this.domainId, name: this.domainName },
        systemScoped,
        trust: this.trustId,
        applicationCredential: this.applicationCredentialId,
        roles: this.roleNames,
        issuedAt: this.issuedAt?.toJSON(),
        expiresAt: this.expiresAt?.toJSON()
      }
    }
  }
}

/**
 * From the answer of `POST /v3/auth/tokens` (or `GET`): the body, decoded from JSON, and the token of the
 * `X-Subject-Token` header. Fails with the place of what does not fit.
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
 * From the answer of `POST /v2.0/tokens`, decoded from JSON. The token is in it (`access.token.id`), unless another is
 * given. Fails with the place of what does not fit.
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
 * From the answer of either API, by what the body has: `token` (v3) or `access` (v2). Only a v2 body holds its token; a
 * v3 one needs that of the `X-Subject-Token` header.
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
 * @since 0.1.0
 * @category guards
 */
export const isAccessInfo = (u: unknown): u is AccessInfo => hasProperty(u, TypeId)

/**
 * How long the token lives in all, from `issued_at` to `expires_at`: the same whatever this machine's clock says.
 * `None` if it does not end, or does not say.
 *
 * @since 0.1.0
 * @category accessors
 */
export const lifetime = (self: AccessInfo): Option.Option<Duration.Duration> =>
  self.issuedAt === undefined || self.expiresAt === undefined
    ? Option.none()
    : Option.some(Duration.millis(Math.max(0, DateTime.distance(self.issuedAt, self.expiresAt))))

/**
 * Will the token have ended when this much time has passed? Never, if it does not end.
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
 * Where a service provider takes SAML assertions. `None` if the token does not know it, or does not say.
 *
 * @since 0.1.0
 * @category accessors
 */
export const serviceProviderUrl = (self: AccessInfo, id: string): Option.Option<string> =>
  Option.flatMapNullable(serviceProvider(self, id), (provider) => provider.spUrl)

/**
 * Where a service provider gives tokens to federated users. `None` if the token does not know it, or does not say.
 *
 * @since 0.1.0
 * @category accessors
 */
export const serviceProviderAuthUrl = (self: AccessInfo, id: string): Option.Option<string> =>
  Option.flatMapNullable(serviceProvider(self, id), (provider) => provider.authUrl)
