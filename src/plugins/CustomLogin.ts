/**
 * A plugin from a login of your own: a browser, a vault, a ticket. You say how to get a token; keeping, sharing, renewing and dropping it
 * is done here, and so is exchanging it for one of the wanted scope. All of keystoneauth's federated plugins have this shape.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type * as Layer from "effect/Layer"
import type * as Redacted from "effect/Redacted"
import { InvalidOptions } from "../Errors.js"
import type * as AuthPlugin from "../identity/AuthPlugin.js"
import type * as AuthMethod from "../login/AuthMethod.js"
import * as Keystone from "../login/keystone.js"
import * as KeystoneV3 from "../login/keystoneV3.js"
import * as Plugin from "../login/plugin.js"
import type * as AccessInfo from "../model/AccessInfo.js"
import * as AuthScope from "../model/AuthScope.js"
import { whyNoLogin } from "../model/tokenBody.js"
import * as Session from "../session/Session.js"

/**
 * How a token is got, and what it is to be for.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options extends AuthMethod.LoginOptions {
  /** What the plugin is called, in traces, metrics and errors. */
  readonly name: string
  /** Who logs in, in words, for errors: `user "demo" of the browser`. */
  readonly description: string
  /**
   * Everything that decides the token besides `name`, `authUrl` and the scope: plugins with the same parts share it. Secrets are
   * `Redacted`.
   */
  readonly parts: AuthMethod.Parts
  /**
   * Gets a token. Run once for any number of callers, in the background where a token is renewed, and not again at once after
   * a failure. Without a scope in the options this is the token that requests carry; otherwise it is exchanged.
   */
  readonly login: Effect.Effect<AccessInfo.AccessInfo, AuthPlugin.Error, Session.Session>
}

/**
 * The plugin as a value. It sends nothing until it is used; what is wrong with the options is told then, as
 * `InvalidOptions`.
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
    send: () => Effect.flatMap(Effect.provideService(options.login, Session.Session, session), checkAccess(name)),
    rescope: (scope) => login(options, session, scope),
    direct: false,
    renewable: true,
    description
  }
}

/** The same that is checked in an answer of Keystone. */
const checkAccess =
  (name: string) => (access: AccessInfo.AccessInfo): Either.Either<AccessInfo.AccessInfo, InvalidOptions> => {
    const why = whyNoLogin(access, "token")
    return why === undefined ? Either.right(access) : Either.left(
      new InvalidOptions({ module: name, option: "login", reason: `what it gave is not a login: ${why}` })
    )
  }

/**
 * Requests below this layer are made by who logs in this way.
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
 *     description: "who logs in by the browser",
 *     parts: { identityProvider: "corporate" },
 *     login,
 *     projectId: "21dced0fd20347869b93710d2b98aae0"
 *   })
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layer: (options: Options) => Layer.Layer<AuthPlugin.AuthPlugin, never, Session.Session> = Plugin
  .layer(
    make
  )

/**
 * The token that Keystone v3 knows by this text, with all that is said in it (`GET /v3/auth/tokens`): for logins that end with no
 * more than the text.
 *
 * Fails with `Unauthorized` if Keystone does not take it, with `InvalidOptions` if the URL or the token cannot be one, or with the
 * error of the wire.
 *
 * @since 0.1.0
 * @category accessors
 */
export const lookUp: (
  authUrl: string,
  token: Redacted.Redacted
) => Effect.Effect<AccessInfo.AccessInfo, AuthPlugin.Error, Session.Session> = KeystoneV3.lookUp
