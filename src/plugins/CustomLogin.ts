/**
 * Logs in by a function of your own: with a browser, a vault, a ticket. You get the token; this plugin shares it,
 * renews it, drops it when it is rejected, and exchanges it for one with the wanted scope. All federated plugins of
 * keystoneauth have this shape.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type * as Redacted from "effect/Redacted"
import { toEffect } from "../base/either.js"
import { InvalidOptions } from "../Errors.js"
import type * as AuthPlugin from "../identity/AuthPlugin.js"
import type * as AuthMethod from "../login/AuthMethod.js"
import * as Keystone from "../login/keystone.js"
import * as KeystoneV3 from "../login/keystoneV3.js"
import * as Plugin from "../login/plugin.js"
import * as TokenRequest from "../login/tokenRequest.js"
import type * as AccessInfo from "../model/AccessInfo.js"
import * as AuthScope from "../model/AuthScope.js"
import * as Session from "../session/Session.js"

/**
 * How to get a token, and its scope.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options extends AuthMethod.LoginOptions {
  /** The name of the plugin in traces, metrics and errors. */
  readonly name: string
  /** Who logs in, for errors: `user "demo" of the browser`. */
  readonly description: string
  /**
   * Everything that decides the token besides `name`, `authUrl` and the scope. Plugins with the same parts share a
   * token. Secrets are `Redacted`.
   */
  readonly parts: AuthMethod.Parts
  /**
   * Gets a token. Runs once for any number of callers: in the background to renew a token, and after a failure only
   * when the backoff has passed. Requests carry this token, or one exchanged for it if the options have a scope.
   */
  readonly login: Effect.Effect<AccessInfo.AccessInfo, AuthPlugin.Error, Session.Session>
}

/**
 * Makes the plugin as a value. Nothing is sent until it is used; invalid options fail with `InvalidOptions` then.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (options: Options): Effect.Effect<AuthPlugin.Service, never, Session.Session> =>
  Effect.flatMap(Session.Session, (session) => {
    const own = login(options, session, {})
    const scope = AuthScope.pick(options)
    return Object.keys(scope).length === 0 ? Keystone.make(own) : Keystone.makeScoped(own, scope)
  })

const login = (options: Options, session: Session.Service, scope: AuthScope.AuthScope): Keystone.Login => {
  const { authUrl, description, includeCatalog, name, parts, reauthenticate } = options
  const exchanged = KeystoneV3.login({ authUrl, includeCatalog, reauthenticate, ...scope }, {
    module: name,
    name,
    methods: []
  })
  return {
    ...exchanged,
    parts: { ...exchanged.parts, kind: "custom", name, parts },
    check: AuthScope.toBody(scope, name),
    send: () =>
      Effect.flatMap(
        Effect.provideService(options.login, Session.Session, session),
        (access) =>
          toEffect(Either.mapLeft(
            TokenRequest.usable(access, "token"),
            (reason) => new InvalidOptions({ module: name, option: "login", reason })
          ))
      ),
    rescope: (scope) => login(options, session, scope),
    direct: false,
    renewable: true,
    description
  }
}

/**
 * Authenticates requests with the token of this login.
 *
 * @example
 * ```ts
 * import type { Effect } from "effect"
 * import { type AccessInfo, type AuthPlugin, CustomLogin } from "effect-keystoneauth"
 *
 * const browser = (login: Effect.Effect<AccessInfo.AccessInfo, AuthPlugin.Error>) =>
 *   CustomLogin.layer({
 *     authUrl: "https://keystone.example.com/v3",
 *     name: "browser",
 *     description: "the user of the browser",
 *     parts: { identityProvider: "corporate" },
 *     login,
 *     projectId: "21dced0fd20347869b93710d2b98aae0"
 *   })
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = Plugin.layer(make)

/**
 * Asks Keystone v3 for everything about a token (`GET /v3/auth/tokens`): for logins that return only its text.
 *
 * Fails with `Unauthorized` if Keystone rejects the token, with `InvalidOptions` if the URL or the token is not valid,
 * or with an error of the transport.
 *
 * @since 0.1.0
 * @category accessors
 */
export const lookUp: (
  authUrl: string,
  token: Redacted.Redacted
) => Effect.Effect<AccessInfo.AccessInfo, AuthPlugin.Error, Session.Session> = KeystoneV3.lookUp
