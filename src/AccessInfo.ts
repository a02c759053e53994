/**
 * A decoded token: who it is, for what, until when, and which services it sees.
 *
 * @since 0.1.0
 */
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Either from "effect/Either"
import * as Inspectable from "effect/Inspectable"
import * as Option from "effect/Option"
import * as ParseResult from "effect/ParseResult"
import { hasProperty } from "effect/Predicate"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as ServiceCatalog from "./ServiceCatalog.js"

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

const optional = <A, I, R>(schema: Schema.Schema<A, I, R>) => Schema.optional(Schema.NullishOr(schema))

const Named = Schema.Struct({ id: optional(Schema.String), name: optional(Schema.String) })

const NamedInDomain = Schema.Struct({ ...Named.fields, domain: optional(Named) })

/** The parts of a v3 token that are used here; the catalog stays as it is until someone asks for it. */
const TokenV3 = Schema.Struct({
  methods: optional(Schema.Array(Schema.String)),
  user: optional(Schema.Struct({ ...NamedInDomain.fields, password_expires_at: optional(Schema.String) })),
  project: optional(NamedInDomain),
  domain: optional(Named),
  system: optional(Schema.Struct({ all: optional(Schema.Boolean) })),
  roles: optional(Schema.Array(Named)),
  issued_at: optional(Schema.String),
  expires_at: optional(Schema.String),
  audit_ids: optional(Schema.Array(Schema.String)),
  "OS-TRUST:trust": optional(Schema.Struct({ id: optional(Schema.String) })),
  application_credential: optional(Schema.Struct({ ...Named.fields, restricted: optional(Schema.Boolean) })),
  catalog: Schema.optional(Schema.Unknown)
})

type TokenV3 = typeof TokenV3.Type

const TokenV3Body = Schema.Struct({ token: TokenV3 })

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
 * A decoded token. What the token does not say is `undefined`. Printing one shows neither the token nor the catalog.
 *
 * @since 0.1.0
 * @category models
 */
export interface AccessInfo extends Inspectable.Inspectable {
  readonly [TypeId]: TypeId
  /** The token itself. */
  readonly token: Redacted.Redacted
  /** How it was obtained, for example `["password"]`. */
  readonly methods: ReadonlyArray<string>
  readonly userId: string | undefined
  readonly userName: string | undefined
  readonly userDomainId: string | undefined
  readonly userDomainName: string | undefined
  readonly passwordExpiresAt: DateTime.Utc | undefined
  readonly projectId: string | undefined
  readonly projectName: string | undefined
  readonly projectDomainId: string | undefined
  readonly projectDomainName: string | undefined
  /** The domain that the token is scoped to. */
  readonly domainId: string | undefined
  readonly domainName: string | undefined
  readonly systemScoped: boolean
  readonly trustId: string | undefined
  readonly applicationCredentialId: string | undefined
  readonly roles: ReadonlyArray<Role>
  readonly issuedAt: DateTime.Utc | undefined
  /** `undefined`: the token does not end by itself. */
  readonly expiresAt: DateTime.Utc | undefined
  readonly auditId: string | undefined
  /** The catalog of the token; `undefined` if it came without one (unscoped, `nocatalog`). */
  readonly catalog: ServiceCatalog.ServiceCatalog | undefined
  /** The body as Keystone sent it, decoded from JSON. */
  readonly body: unknown
}

const time = (text: string | null | undefined): DateTime.Utc | undefined =>
  text === null || text === undefined ? undefined : Option.getOrUndefined(DateTime.make(text))

class AccessInfoV3 extends Inspectable.Class implements AccessInfo {
  readonly [TypeId]: TypeId = TypeId
  readonly issuedAt: DateTime.Utc | undefined
  readonly expiresAt: DateTime.Utc | undefined
  readonly #data: TokenV3
  #catalog: ServiceCatalog.ServiceCatalog | undefined

  constructor(data: TokenV3, readonly token: Redacted.Redacted, readonly body: unknown) {
    super()
    this.#data = data
    this.issuedAt = time(data.issued_at)
    this.expiresAt = time(data.expires_at)
  }

  get methods() {
    return this.#data.methods ?? []
  }
  get userId() {
    return this.#data.user?.id ?? undefined
  }
  get userName() {
    return this.#data.user?.name ?? undefined
  }
  get userDomainId() {
    return this.#data.user?.domain?.id ?? undefined
  }
  get userDomainName() {
    return this.#data.user?.domain?.name ?? undefined
  }
  get passwordExpiresAt() {
    return time(this.#data.user?.password_expires_at)
  }
  get projectId() {
    return this.#data.project?.id ?? undefined
  }
  get projectName() {
    return this.#data.project?.name ?? undefined
  }
  get projectDomainId() {
    return this.#data.project?.domain?.id ?? undefined
  }
  get projectDomainName() {
    return this.#data.project?.domain?.name ?? undefined
  }
  get domainId() {
    return this.#data.domain?.id ?? undefined
  }
  get domainName() {
    return this.#data.domain?.name ?? undefined
  }
  get systemScoped() {
    return this.#data.system?.all === true
  }
  get trustId() {
    return this.#data["OS-TRUST:trust"]?.id ?? undefined
  }
  get applicationCredentialId() {
    return this.#data.application_credential?.id ?? undefined
  }
  get roles() {
    return (this.#data.roles ?? []).map((role) => ({ id: role.id ?? undefined, name: role.name ?? undefined }))
  }
  get auditId() {
    return this.#data.audit_ids?.[0]
  }
  get catalog() {
    const listed = this.#data.catalog
    if (listed === undefined || listed === null) {
      return undefined
    }
    // reading a catalog costs as much as parsing it: once per token, and only if someone asks
    return this.#catalog ??= ServiceCatalog.fromV3(listed)
  }

  toJSON(): unknown {
    return {
      _id: "effect-keystoneauth/AccessInfo",
      token: "<redacted>",
      methods: this.methods,
      user: { id: this.userId, name: this.userName, domain: this.userDomainName ?? this.userDomainId },
      project: { id: this.projectId, name: this.projectName, domain: this.projectDomainName ?? this.projectDomainId },
      domain: { id: this.domainId, name: this.domainName },
      systemScoped: this.systemScoped,
      roles: this.roles.map((role) => role.name),
      issuedAt: this.issuedAt?.toJSON(),
      expiresAt: this.expiresAt?.toJSON()
    }
  }
}

const decodeV3 = Schema.decodeUnknownEither(TokenV3Body)

/**
 * From the answer of `POST /v3/auth/tokens` (or `GET`): the body, decoded from JSON, and the token of the
 * `X-Subject-Token` header. Fails with a description of what does not fit.
 *
 * @since 0.1.0
 * @category constructors
 */
export const fromV3 = (body: unknown, token: Redacted.Redacted): Either.Either<AccessInfo, string> =>
  Either.mapBoth(decodeV3(body), {
    onLeft: (error) => {
      const issue = ParseResult.ArrayFormatter.formatErrorSync(error)[0]
      // the message of an issue quotes the value, which may be anything: name the place only
      return `it is not a v3 token: ${issue === undefined ? "body" : (issue.path.join(".") || "body")} does not fit`
    },
    onRight: (decoded) => new AccessInfoV3(decoded.token, token, body)
  })

/**
 * @since 0.1.0
 * @category guards
 */
export const isAccessInfo = (u: unknown): u is AccessInfo => hasProperty(u, TypeId)

/**
 * How long the token lives in all, from `issued_at` to `expires_at`: the same whatever this machine's clock says. `None`
 * if it does not end, or does not say.
 *
 * @since 0.1.0
 * @category accessors
 */
export const lifetime = (self: AccessInfo): Option.Option<Duration.Duration> =>
  self.issuedAt === undefined || self.expiresAt === undefined
    ? Option.none()
    : Option.some(Duration.millis(Math.max(0, DateTime.distance(self.issuedAt, self.expiresAt))))
