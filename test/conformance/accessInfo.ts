/** Runs a case of the suite `access-info`, with keystoneauth's names. */
import { DateTime, Duration, Either, Option, Redacted } from "effect"
import { AccessInfo } from "effect-keystoneauth"
import { hasProperty, isRecord } from "effect/Predicate"
import type * as Vectors from "../vectors.js"

const noToken = Redacted.make("")

const at = (value: unknown, ...path: ReadonlyArray<string>): unknown =>
  path.reduce((inner, key) => hasProperty(inner, key) ? inner[key] : undefined, value)

/** The time with microseconds, which are only in the body: a `DateTime` has milliseconds. */
const shownTime = (time: DateTime.Utc | undefined, written: unknown): string | null => {
  const micros = /\.\d{3}(\d{1,3})/.exec(String(written))?.[1] ?? ""
  return time === undefined ? null : DateTime.formatIso(time).replace("Z", `${micros.padEnd(3, "0")}Z`)
}

const shownProviders = (access: AccessInfo.AccessInfo, ids: ReadonlyArray<unknown>) =>
  access.version === "v2" ? null : Object.fromEntries(
    ids.map(String).map((id) => [id, {
      auth_url: Option.getOrNull(AccessInfo.serviceProviderAuthUrl(access, id)),
      sp_url: Option.getOrNull(AccessInfo.serviceProviderUrl(access, id))
    }])
  )

const shown = (access: AccessInfo.AccessInfo, input: Vectors.Case["input"]): Readonly<Record<string, unknown>> => {
  const isV2 = access.version === "v2"
  const said = at(access.body, isV2 ? "access" : "token")
  const credential = access.applicationCredential
  return {
    version: isV2 ? "v2.0" : "v3",
    auth_token: access.token === noToken ? null : Redacted.value(access.token),
    expires: shownTime(access.expiresAt, isV2 ? at(said, "token", "expires") : at(said, "expires_at")),
    issued: shownTime(access.issuedAt, isV2 ? at(said, "token", "issued_at") : at(said, "issued_at")),
    username: access.userName ?? null,
    user_id: access.userId ?? null,
    user_domain_id: access.userDomainId ?? null,
    user_domain_name: access.userDomainName ?? null,
    role_ids: access.roleIds,
    role_names: access.roleNames,
    domain_name: access.domainName ?? null,
    domain_id: access.domainId ?? null,
    project_name: access.projectName ?? null,
    tenant_name: access.projectName ?? null,
    scoped: access.scoped,
    project_scoped: access.projectScoped,
    domain_scoped: access.domainScoped,
    system_scoped: access.systemScoped,
    trust_id: access.trustId ?? null,
    trust_scoped: access.trustScoped,
    trustee_user_id: access.trusteeUserId ?? null,
    trustor_user_id: access.trustorUserId ?? null,
    project_id: access.projectId ?? null,
    tenant_id: access.projectId ?? null,
    project_domain_id: access.projectDomainId ?? null,
    project_domain_name: access.projectDomainName ?? null,
    oauth_access_token_id: access.oauthAccessTokenId ?? null,
    oauth_consumer_id: access.oauthConsumerId ?? null,
    is_federated: access.isFederated,
    is_admin_project: access.isAdminProject,
    audit_id: access.auditId ?? null,
    audit_chain_id: access.auditChainId ?? null,
    initial_audit_id: access.initialAuditId ?? null,
    bind: access.bind ?? null,
    project_is_domain: access.projectIsDomain ?? null,
    has_service_catalog: access.catalog !== undefined,
    catalog: access.catalog === undefined ? null : at(said, isV2 ? "serviceCatalog" : "catalog"),
    service_providers: shownProviders(
      access,
      Array.isArray(input["service_provider_ids"]) ? input["service_provider_ids"] : []
    ),
    ...(isV2 ? {} : {
      system: access.system ?? null,
      application_credential: credential === undefined ? null : {
        id: credential.id,
        name: credential.name,
        restricted: credential.restricted,
        access_rules: credential.accessRules
      },
      application_credential_id: access.applicationCredentialId ?? null,
      application_credential_access_rules: credential?.accessRules ?? null,
      oauth2_credential: access.oauth2Credential ?? null,
      oauth2_credential_thumbprint: access.oauth2CredentialThumbprint ?? null
    })
  }
}

const isNothing = (u: unknown): boolean => u === null || u === false || (Array.isArray(u) && u.length === 0)

/** Whether keystoneauth raises, or returns the empty object that it read from. */
const isAccident = (u: unknown): boolean => isRecord(u) && ("$error" in u || Object.keys(u).length === 0)

/** Where keystoneauth fails by mistake, our field is undefined: only then the result is written as its own. */
const asKeystoneauth = (ours: unknown, theirs: unknown): unknown =>
  isAccident(theirs) && isNothing(ours)
    ? theirs
    : isRecord(ours) && isRecord(theirs)
    ? Object.fromEntries(Object.entries(ours).map(([key, value]) => [key, asKeystoneauth(value, theirs[key])]))
    : ours

const willExpireSoon = (access: AccessInfo.AccessInfo, input: Vectors.Case["input"]): boolean => {
  // a fraction of a millisecond is rounded up, so that no expired token counts as valid
  const now = DateTime.unsafeMake(String(input["now"]))
  const rest = /\.\d{3}(\d+)/.exec(String(input["now"]))?.[1]
  return AccessInfo.expiresWithin(
    access,
    Duration.seconds(typeof input["stale_duration"] === "number" ? input["stale_duration"] : 30),
    Number(rest ?? 0) > 0 ? DateTime.add(now, { millis: 1 }) : now
  )
}

/** A v3 token is in a header, a v2 token in the body. keystoneauth works without the header. */
const tokenOf = ({ auth_token: given, body }: Vectors.Case["input"]): Redacted.Redacted | undefined =>
  typeof given === "string" ? Redacted.make(given) : hasProperty(body, "token") ? noToken : undefined

/** A body from which keystoneauth can read no property: it fails for each one, we fail once. */
const isUnreadable = (expected: unknown): boolean =>
  isRecord(expected) &&
  Object.entries(expected).every(([name, value]) => name === "version" || name === "auth_token" || isAccident(value))

/** Our result, for `Vectors.check`. */
export const answer = (input: Vectors.Case["input"], one: Vectors.Case): Vectors.Outcome =>
  Either.match(AccessInfo.fromBody(input["body"], tokenOf(input)), {
    onLeft: (reason) => isUnreadable(one.expected) ? Either.right(one.expected) : Either.left(reason),
    onRight: (access) =>
      Either.right(
        input["fn"] === "will_expire_soon"
          ? willExpireSoon(access, input)
          : asKeystoneauth(shown(access, input), one.expected)
      )
  })
