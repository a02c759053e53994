/** Logs in to Keystone v2.0, which OpenStack dropped in 2018 and old clouds still run. */
import type * as Headers from "@effect/platform/Headers"
import * as HttpBody from "@effect/platform/HttpBody"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Redacted from "effect/Redacted"
import { isSet } from "../base/configValue.js"
import { toEffect } from "../base/either.js"
import * as Time from "../base/time.js"
import * as KeystoneUrl from "../endpoint/keystoneUrl.js"
import type { InvalidOptions } from "../Errors.js"
import * as AuthPlugin from "../identity/AuthPlugin.js"
import * as AccessInfo from "../model/AccessInfo.js"
import * as AuthScope from "../model/AuthScope.js"
import * as Url from "../safety/url.js"
import type * as Session from "../session/Session.js"
import type * as Transport from "../wire/Transport.js"
import type * as AuthMethod from "./AuthMethod.js"
import * as Keystone from "./keystone.js"
import * as Plugin from "./plugin.js"
import * as TokenRequest from "./tokenRequest.js"

/** The scope of a v2.0 token: a tenant, as projects were called. The id wins. */
export interface Tenant {
  readonly tenantId?: string | undefined
  readonly tenantName?: string | undefined
  /** The trust to use. */
  readonly trustId?: string | undefined
}

/** Options of both v2.0 plugins. */
export interface LoginOptions extends Tenant, Pick<AuthMethod.KeystoneOptions, "reauthenticate"> {
  /** The URL of Keystone v2.0: `https://keystone.example.com/v2.0`. */
  readonly authUrl: string
}

/** What a v2.0 plugin is made from, besides its options. */
export interface PluginSpec {
  readonly module: string
  readonly name: string
  readonly description: string
  /** The credentials in `auth` of the login request. */
  readonly credentials: Either.Either<Readonly<Record<string, unknown>>, InvalidOptions>
  readonly headers: Headers.Headers
  readonly parts: AuthMethod.Parts
  readonly secrets: ReadonlyArray<Redacted.Redacted>
  readonly renewable: boolean
}

export const make = (
  options: LoginOptions,
  spec: PluginSpec
): Effect.Effect<AuthPlugin.Service, never, Session.Session> => Keystone.make(login(options, spec))

const login = (
  options: LoginOptions,
  spec: PluginSpec,
  check: Keystone.Login["check"] = Either.void
): Keystone.Login => {
  const { reauthenticate, tenantId, tenantName, trustId } = options
  const { credentials, description, module, name, parts, renewable } = spec
  const authUrl = KeystoneUrl.fromPerson(options.authUrl, module)
  const url = `${Url.withoutTrailingSlashes(Either.getOrElse(authUrl, () => options.authUrl))}/tokens`
  return {
    module,
    name,
    description,
    authUrl,
    url,
    parts: { kind: "v2", authUrl: url, scope: { tenantId, tenantName, trustId }, parts },
    momentary: {},
    check: Either.all([credentials, check]),
    send: (transport) => requestToken(transport, url, options, spec),
    exchange: (transport, token) => requestToken(transport, url, options, { ...spec, ...byToken(token) }),
    // v2.0 revokes by a URL that contains the token
    revoke: () => Effect.void,
    rescope: (scope) => {
      const tenant = toTenant(scope, module)
      return login(
        { authUrl: options.authUrl, reauthenticate, ...Either.getOrElse(tenant, () => ({})) },
        spec,
        tenant
      )
    },
    direct: reauthenticate !== false,
    renewable,
    once: reauthenticate === false
  }
}

/** Logs in with a token, which Keystone wants in the header as well. */
export const byToken = (token: Redacted.Redacted): Pick<PluginSpec, "credentials" | "headers" | "secrets"> => ({
  credentials: Either.right({ token: { id: Redacted.value(token) } }),
  headers: AuthPlugin.tokenHeaders(token),
  secrets: [token]
})

/** The tenant of a scope. Fails for domains and the system, which v2.0 does not have. */
export const toTenant = (scope: AuthScope.AuthScope, module: string): Either.Either<Tenant, InvalidOptions> => {
  const { projectId, projectName, trustId, unscoped, ...others } = AuthScope.pick(scope)
  const [unknown] = Object.keys(others)
  return unknown === undefined
    ? Either.right({ tenantId: projectId, tenantName: projectName, trustId })
    : Plugin.invalid(module, unknown, "Keystone v2.0 knows neither domains nor the system")
}

const toScope = ({ tenantId, tenantName, trustId }: Tenant): Readonly<Record<string, string>> => ({
  ...(isSet(tenantId) ? { tenantId } : isSet(tenantName) ? { tenantName } : {}),
  ...(isSet(trustId) ? { trust_id: trustId } : {})
})

const requestToken = (
  transport: Transport.Service,
  url: string,
  tenant: Tenant,
  { credentials, description, headers, renewable, secrets }: PluginSpec
): Effect.Effect<AccessInfo.AccessInfo, AuthPlugin.Error> =>
  Effect.flatMap(toEffect(credentials), (credentials) =>
    TokenRequest.send(
      transport,
      HttpClientRequest.post(url, {
        headers: { accept: "application/json" },
        body: HttpBody.unsafeJson({ auth: { ...credentials, ...toScope(tenant) } })
      }),
      {
        credentials: headers,
        secrets,
        field: "access.token.id",
        read: (body, response) => AccessInfo.fromV2(body, undefined, { answeredAt: Time.answeredAt(response.headers) }),
        refuse: TokenRequest.refusedByKeystone({
          description,
          renewable,
          scope: AuthScope.describe({
            projectId: tenant.tenantId,
            projectName: tenant.tenantName,
            trustId: tenant.trustId
          })
        })
      }
    ))
