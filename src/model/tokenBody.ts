/** Decodes the bodies of v3 and v2 tokens. A v2 token is converted to a v3 one. */
import * as DateTime from "effect/DateTime"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import { isBoolean, isRecord, isString } from "effect/Predicate"
import * as Redacted from "effect/Redacted"

/**
 * Reads an object of which any key may be missing or null, as servers send it. A value of another type is noted in
 * `misfits` by its place.
 *
 * Written by hand: building the same Schema and using it for the first time is noticeable in a program that logs in
 * once and ends.
 */
class Fields {
  constructor(
    readonly raw: Readonly<Record<string, unknown>>,
    readonly place: string,
    readonly misfits: Array<string>
  ) {}

  text(key: string): string | undefined {
    return this.#given(key, isString)
  }

  flag(key: string): boolean | undefined {
    return this.#given(key, isBoolean)
  }

  /** Any value, checked where it is used: a wrong one does not make the whole token unusable. */
  unread(key: string): unknown {
    return this.raw[key]
  }

  record(key: string): Readonly<Record<string, unknown>> | undefined {
    return this.#given(key, isRecord)
  }

  struct<A>(key: string, read: (fields: Fields) => A): A | undefined {
    const raw = this.record(key)
    return raw === undefined ? undefined : read(this.#inner(raw, key))
  }

  texts(key: string): ReadonlyArray<string> | undefined {
    return this.#items(key, (list, index) => list.#fitting(index, isString))
  }

  structs<A>(key: string, read: (fields: Fields) => A): ReadonlyArray<A> | undefined {
    return this.#items(key, (list, index) => {
      const raw = list.#fitting(index, isRecord)
      return raw === undefined ? undefined : read(list.#inner(raw, index))
    })
  }

  #items<A>(key: string, item: (list: Fields, index: string) => A | undefined): ReadonlyArray<A> | undefined {
    const raw = this.#given<ReadonlyArray<unknown>>(key, Array.isArray)
    const list = this.#inner({ ...raw }, key)
    return raw?.map((_, index) => item(list, String(index))).filter((item) => item !== undefined)
  }

  #inner(raw: Readonly<Record<string, unknown>>, key: string): Fields {
    return new Fields(raw, `${this.place}.${key}`, this.misfits)
  }

  #given<A>(key: string, fits: (u: unknown) => u is A): A | undefined {
    const u = this.raw[key]
    return u === undefined || u === null ? undefined : this.#fitting(key, fits)
  }

  #fitting<A>(key: string, fits: (u: unknown) => u is A): A | undefined {
    const u = this.raw[key]
    if (fits(u)) {
      return u
    }
    this.misfits.push(`${this.place}.${key}`)
    return undefined
  }
}

const identified = (of: Fields) => ({ id: of.text("id") })
const named = (of: Fields) => ({ id: of.text("id"), name: of.text("name") })
const namedInDomain = (of: Fields) => ({ ...named(of), domain: of.struct("domain", named) })

const user = (of: Fields) => ({
  ...namedInDomain(of),
  password_expires_at: of.unread("password_expires_at"),
  "OS-FEDERATION": of.struct("OS-FEDERATION", (of) => ({
    identity_provider: of.struct("identity_provider", identified),
    protocol: of.struct("protocol", identified),
    groups: of.structs("groups", identified)
  }))
})

const trust = (of: Fields) => ({
  id: of.text("id"),
  trustee_user: of.struct("trustee_user", identified),
  trustor_user: of.struct("trustor_user", identified)
})

const applicationCredential = (of: Fields) => ({
  ...named(of),
  restricted: of.flag("restricted"),
  access_rules: of.structs("access_rules", (of) => ({
    id: of.text("id"),
    service: of.text("service"),
    method: of.text("method"),
    path: of.text("path")
  }))
})

/** The catalog is not decoded here: it is most of a token, and often not needed. */
const tokenV3 = (of: Fields) => ({
  methods: of.texts("methods"),
  user: of.struct("user", user),
  project: of.struct("project", namedInDomain),
  is_domain: of.flag("is_domain"),
  domain: of.struct("domain", named),
  system: of.record("system"),
  roles: of.structs("roles", named),
  is_admin_project: of.unread("is_admin_project"),
  issued_at: of.unread("issued_at"),
  expires_at: of.unread("expires_at"),
  audit_ids: of.texts("audit_ids"),
  bind: of.record("bind"),
  "OS-TRUST:trust": of.struct("OS-TRUST:trust", trust),
  "OS-OAUTH1": of.struct("OS-OAUTH1", (of) => ({
    access_token_id: of.text("access_token_id"),
    consumer_id: of.text("consumer_id")
  })),
  application_credential: of.struct("application_credential", applicationCredential),
  oauth2_credential: of.record("oauth2_credential"),
  service_providers: of.structs("service_providers", (of) => ({
    id: of.text("id"),
    auth_url: of.text("auth_url"),
    sp_url: of.text("sp_url")
  })),
  catalog: of.unread("catalog")
})

/** The decoded body of a v3 token. */
export type TokenV3 = Partial<ReturnType<typeof tokenV3>>

const accessV2 = (of: Fields) => ({
  token: of.struct("token", (of) => ({
    id: of.text("id"),
    expires: of.unread("expires"),
    issued_at: of.unread("issued_at"),
    tenant: of.struct("tenant", named),
    tenantId: of.text("tenantId"),
    audit_ids: of.texts("audit_ids"),
    bind: of.record("bind")
  })),
  user: of.struct("user", (of) => ({
    ...named(of),
    username: of.text("username"),
    tenantId: of.text("tenantId"),
    tenantName: of.text("tenantName"),
    roles: of.structs("roles", named)
  })),
  metadata: of.struct("metadata", (of) => ({ roles: of.texts("roles") })),
  trust: of.struct("trust", (of) => ({ id: of.text("id"), trustee_user_id: of.text("trustee_user_id") })),
  serviceCatalog: of.unread("serviceCatalog")
})

/** The decoded body of a v2 token. */
export type AccessV2 = ReturnType<typeof accessV2>

/** Fails with the place of a wrong value, and not the value: it may be secret. */
const decode =
  <A>(version: string, key: string, read: (of: Fields) => A) => (body: unknown): Either.Either<A, string> => {
    const misfit = (place: string) => Either.left(`it is not a ${version} token: ${place} has the wrong type`)
    if (!isRecord(body)) {
      return misfit("body")
    }
    const raw = body[key]
    if (!isRecord(raw)) {
      return misfit(key)
    }
    const of = new Fields(raw, key, [])
    const said = read(of)
    const [first] = of.misfits
    return first === undefined ? Either.right(said) : misfit(first)
  }

export const decodeV3 = decode("v3", "token", tokenV3)

export const decodeV2 = decode("v2", "access", accessV2)

/** A v2 token as a v3 token. Of a trust, a v2 token has only the trustee. */
export const asV3 = ({ serviceCatalog, token, trust, user }: AccessV2): TokenV3 => ({
  // some servers send an empty name beside the user name
  user: {
    id: user?.id,
    name: user?.name || user?.username,
    domain: undefined,
    password_expires_at: undefined,
    "OS-FEDERATION": undefined
  },
  // the tenant of the user is from before Grizzly, and a plain tenant id from before Diablo
  project: {
    ...(token?.tenant ?? { id: user?.tenantId ?? token?.tenantId, name: user?.tenantName ?? token?.tenantId }),
    domain: undefined
  },
  is_domain: false,
  roles: user?.roles,
  issued_at: token?.issued_at,
  expires_at: token?.expires,
  audit_ids: token?.audit_ids,
  bind: token?.bind,
  "OS-TRUST:trust": trust === undefined
    ? undefined
    : { id: trust.id, trustee_user: { id: trust.trustee_user_id }, trustor_user: undefined },
  catalog: serviceCatalog
})

/**
 * Why this text cannot be a token, `undefined` if it can. Several `X-Subject-Token` headers arrive joined by commas.
 * The text is not quoted, since it may be secret.
 */
export const whyNoToken = (text: string): string | undefined =>
  text === ""
    ? "is empty"
    : text.includes(",")
    ? "has a comma, or is more than one token"
    : /[^!-~]/.test(text)
    ? "has a character that tokens cannot have"
    : undefined

interface Login {
  readonly version: "v2" | "v3"
  readonly token: Redacted.Redacted
  readonly expiresAt: DateTime.Utc | undefined
  readonly body: unknown
}

/**
 * Why this login must not be used, `undefined` if it may: its token cannot be sent, or its expiry cannot be read, so
 * that it would be used forever. `name` is the header or field of the token.
 */
export const whyNoLogin = ({ body, expiresAt, token, version }: Login, name: string): string | undefined => {
  const why = whyNoToken(Redacted.value(token))
  if (why !== undefined) {
    return `its ${name} ${why}`
  }
  const place = version === "v3" ? ["token", "expires_at"] : ["access", "token", "expires"]
  const end = place.reduce((raw: unknown, key) => isRecord(raw) ? raw[key] : undefined, body)
  return expiresAt === undefined && end !== undefined && end !== null
    ? `its ${place.join(".")} is not a time`
    : undefined
}

const iso8601 =
  /^(\d{4})-?(\d\d)-?(\d\d)(?:[T ](\d\d):?(\d\d)(?::?(\d\d)(?:[.,](\d+))?)?)?(?:Z|([+-])(\d\d):?(\d\d)?)?$/

/**
 * Reads a time as OpenStack services write it: ISO 8601, in UTC if it has no zone. `Date.parse` differs between
 * engines, and reads the 30th of February as the 2nd of March.
 */
export const time = (u: unknown): DateTime.Utc | undefined => {
  const match = typeof u === "string" ? iso8601.exec(u) : null
  if (match === null) {
    return undefined
  }
  const [, year, month, day, hours = "00", minutes = "00", seconds = "00", fraction = "", sign, ...offset] = match
  const date = `${year}-${month}-${day}`
  const offsetMinutes = Number(`${sign ?? ""}1`) * (Number(offset[0] ?? 0) * 60 + Number(offset[1] ?? 0))
  return DateTime.make(`${date}T${hours}:${minutes}:${seconds}.${fraction.slice(0, 3).padEnd(3, "0")}Z`).pipe(
    Option.filter((time) => DateTime.formatIsoDateUtc(time) === date),
    Option.map((time) => DateTime.toUtc(DateTime.subtract(time, { minutes: offsetMinutes }))),
    Option.getOrUndefined
  )
}
