/** What Keystone's token bodies look like, v3 and v2, and how a v2 token is read as a v3 one. */
import * as DateTime from "effect/DateTime"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"

/** Servers leave out, or send null for, anything that they have not got. */
const optional = <A, I, R>(schema: Schema.Schema<A, I, R>) => Schema.optionalWith(schema, { nullable: true })

const text = optional(Schema.String)
const list = <A, I, R>(item: Schema.Schema<A, I, R>) => optional(Schema.Array(item))
/** Read where it is used: one odd value in it must not cost the login. */
const unread = Schema.optional(Schema.Unknown)

const Identified = Schema.Struct({ id: text })
const Named = Schema.Struct({ id: text, name: text })
const NamedInDomain = Schema.Struct({ ...Named.fields, domain: optional(Named) })
const AnyRecord = Schema.Record({ key: Schema.String, value: Schema.Unknown })

const User = Schema.Struct({
  ...NamedInDomain.fields,
  password_expires_at: unread,
  "OS-FEDERATION": optional(Schema.Struct({
    identity_provider: optional(Identified),
    protocol: optional(Identified),
    groups: list(Identified)
  }))
})

const Trust = Schema.Struct({ id: text, trustee_user: optional(Identified), trustor_user: optional(Identified) })

const ApplicationCredential = Schema.Struct({
  ...Named.fields,
  restricted: optional(Schema.Boolean),
  access_rules: list(Schema.Struct({ id: text, service: text, method: text, path: text }))
})

/** The catalog stays as it is until someone asks for it: it is nearly all of a token. */
const TokenV3 = Schema.Struct({
  methods: list(Schema.String),
  user: optional(User),
  project: optional(NamedInDomain),
  is_domain: optional(Schema.Boolean),
  domain: optional(Named),
  system: optional(AnyRecord),
  roles: list(Named),
  is_admin_project: unread,
  issued_at: unread,
  expires_at: unread,
  audit_ids: list(Schema.String),
  bind: optional(AnyRecord),
  "OS-TRUST:trust": optional(Trust),
  "OS-OAUTH1": optional(Schema.Struct({ access_token_id: text, consumer_id: text })),
  application_credential: optional(ApplicationCredential),
  oauth2_credential: optional(AnyRecord),
  service_providers: list(Schema.Struct({ id: text, auth_url: text, sp_url: text })),
  catalog: unread
})

/** What a v3 token says. */
export type TokenV3 = typeof TokenV3.Type

const AccessV2 = Schema.Struct({
  token: optional(Schema.Struct({
    id: text,
    expires: unread,
    issued_at: unread,
    tenant: optional(Named),
    tenantId: text,
    audit_ids: list(Schema.String),
    bind: optional(AnyRecord)
  })),
  user: optional(Schema.Struct({
    ...Named.fields,
    username: text,
    tenantId: text,
    tenantName: text,
    roles: list(Named)
  })),
  metadata: optional(Schema.Struct({ roles: list(Schema.String) })),
  trust: optional(Schema.Struct({ id: text, trustee_user_id: text })),
  serviceCatalog: unread
})

/** What a v2 token says. */
export type AccessV2 = typeof AccessV2.Type

/** The message of an issue quotes the value, which may be anything, and nested without end: only its place is told. */
const decode = <A, I>(what: string, schema: Schema.Schema<A, I>): (body: unknown) => Either.Either<A, string> => {
  const decodeBody = Schema.decodeUnknownEither(schema)
  return (body) =>
    Either.mapLeft(decodeBody(body), ({ issue }) => {
      const place = placeOf(issue)
      return `it is not a ${what} token: ${place.length === 0 ? "body" : place.join(".")} does not fit`
    })
}

const placeOf = (issue: ParseResult.ParseIssue): ReadonlyArray<string> => {
  switch (issue._tag) {
    case "Pointer":
      return [...[issue.path].flat().map(String), ...placeOf(issue.issue)]
    case "Composite": {
      const [first] = [issue.issues].flat()
      return first === undefined ? [] : placeOf(first)
    }
    case "Refinement":
    case "Transformation":
      return placeOf(issue.issue)
    default:
      return []
  }
}

export const decodeV3 = decode("v3", Schema.Struct({ token: TokenV3 }))

export const decodeV2 = decode("v2", Schema.Struct({ access: AccessV2 }))

/** The v3 token that says the same. A v2 token names only the trustee of a trust. */
export const asV3 = ({ serviceCatalog, token, trust, user }: AccessV2): TokenV3 => ({
  // some servers send an empty name beside the user name
  user: { id: user?.id, name: user?.name || user?.username },
  // the user's tenant is from before Grizzly, a bare id from before Diablo
  project: token?.tenant ?? { id: user?.tenantId ?? token?.tenantId, name: user?.tenantName ?? token?.tenantId },
  is_domain: false,
  roles: user?.roles,
  issued_at: token?.issued_at,
  expires_at: token?.expires,
  audit_ids: token?.audit_ids,
  bind: token?.bind,
  "OS-TRUST:trust": trust === undefined
    ? undefined
    : { id: trust.id, trustee_user: { id: trust.trustee_user_id } },
  catalog: serviceCatalog
})

const iso8601 =
  /^(\d{4})-?(\d\d)-?(\d\d)(?:[T ](\d\d):?(\d\d)(?::?(\d\d)(?:[.,](\d+))?)?)?(?:Z|([+-])(\d\d):?(\d\d)?)?$/

/**
 * A time as OpenStack services write it: ISO 8601, where no zone means UTC. Engines differ in what else they take for a
 * date, and take the 30th of February for the 2nd of March: so it is read here.
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
