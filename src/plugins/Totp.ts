/**
 * Log in to Keystone v3 with a time-based one-time passcode (keystoneauth's `v3totp`). Where a password is needed as well, combine
 * the two by `MultiFactor`.
 *
 * @since 0.1.0
 */
import type * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import type * as ConfigError from "../base/configError.js"
import * as Memo from "../base/memo.js"
import type { AuthenticationError } from "../Errors.js"
import type * as AuthPlugin from "../identity/AuthPlugin.js"
import * as AuthMethod from "../login/AuthMethod.js"
import * as AuthType from "../login/AuthType.js"
import * as KeystoneV3 from "../login/keystoneV3.js"
import * as PluginLayers from "../login/pluginLayers.js"
import * as User from "../login/user.js"
import type * as Session from "../session/Session.js"

/**
 * A passcode, which works once; or where a new one comes from each time that it is needed: from a seed (`TotpSeed`), or by
 * asking a person.
 *
 * @since 0.1.0
 * @category models
 */
export type Passcode = Redacted.Redacted | Effect.Effect<Redacted.Redacted, AuthenticationError>

/**
 * A user by id, or by name and domain, and a passcode.
 *
 * @since 0.1.0
 * @category models
 */
export interface Credentials extends AuthMethod.User {
  /**
   * With a passcode of its own the plugin logs in once: its token is not renewed, and once it has ended, requests fail with
   * `Unauthorized` and the reason `"TokenNotRenewable"`. An Effect is run for each login. Tokens are shared by plugins that
   * have the same Effect, the very object: bind it to a const.
   */
  readonly passcode: Passcode
}

/**
 * The user, and what the token is for.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options extends AuthMethod.LoginOptions, Credentials {}

/**
 * The passcode alone, for `MultiFactor`.
 *
 * @since 0.1.0
 * @category methods
 */
export const method = (credentials: Credentials): AuthMethod.AuthMethod => {
  const { passcode } = credentials
  const user = User.toBody(credentials, "Totp")
  const fixed = Redacted.isRedacted(passcode)
  return AuthMethod.make({
    name: "totp",
    check: user,
    prove: () =>
      Effect.zipWith(user, fixed ? Effect.succeed(passcode) : passcode, (user, passcode) => ({
        entry: { user: { ...user, passcode: Redacted.value(passcode) } },
        secrets: [passcode]
      })),
    parts: User.parts(credentials),
    // who brings another passcode has to show that it works
    momentary: { passcode: fixed ? passcode : Memo.objectId(passcode) },
    once: fixed,
    description: User.describe(credentials)
  })
}

/**
 * The plugin as a value. It sends nothing until it is used; what is wrong with the options is told then, as
 * `InvalidOptions`.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (options: Options): Effect.Effect<AuthPlugin.Service, never, Session.Session> =>
  KeystoneV3.make(options, { module: "Totp", name: "v3totp", methods: [method(options)] })

/**
 * Requests below this layer are made as this user.
 *
 * @example
 * ```ts
 * import { Effect, Redacted } from "effect"
 * import { Totp } from "effect-keystoneauth"
 *
 * const demo = (askPasscode: Effect.Effect<string>) =>
 *   Totp.layer({
 *     authUrl: "https://keystone.example.com/v3",
 *     username: "demo",
 *     userDomainName: "Default",
 *     passcode: Effect.map(askPasscode, Redacted.make),
 *     projectId: "21dced0fd20347869b93710d2b98aae0"
 *   })
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layer: (options: Options) => Layer.Layer<AuthPlugin.AuthPlugin, never, Session.Session> = PluginLayers
  .layer(make)

/**
 * The same with options from the configuration.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerConfig: (
  options: Config.Config.Wrap<Options>
) => Layer.Layer<AuthPlugin.AuthPlugin, ConfigError.ConfigError, Session.Session> = PluginLayers.layerConfig(make)

/**
 * `v3totp`, for configuration files.
 *
 * @since 0.1.0
 * @category auth types
 */
export const authType: AuthType.AuthType = AuthType.make({
  name: "v3totp",
  options: {
    ...AuthType.login,
    ...AuthType.user,
    passcode: AuthType.requiredSecret("passcode", { help: "passcode that is valid now", prompt: "TOTP passcode: " })
  },
  make,
  method
})
