/**
 * Log in to Keystone v3 with a user name and password (keystoneauth's `v3password`).
 *
 * @since 0.1.0
 */
import type * as Config from "effect/Config"
import type * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import type * as ConfigError from "../base/configError.js"
import type * as AuthPlugin from "../identity/AuthPlugin.js"
import * as AuthMethod from "../login/AuthMethod.js"
import * as AuthType from "../login/AuthType.js"
import * as KeystoneV3 from "../login/keystoneV3.js"
import * as Plugin from "../login/plugin.js"
import * as User from "../login/user.js"
import type * as Session from "../session/Session.js"

/**
 * A user by id, or by name and domain, and the password.
 *
 * @since 0.1.0
 * @category models
 */
export interface Credentials extends AuthMethod.User {
  readonly password: Redacted.Redacted
}

/**
 * The user, and what the token is for.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options extends AuthMethod.LoginOptions, Credentials {}

/**
 * The password alone, for `MultiFactor`.
 *
 * @since 0.1.0
 * @category methods
 */
export const method = (credentials: Credentials): AuthMethod.AuthMethod => {
  const { password } = credentials
  const user = User.toBody(credentials, "Password")
  return AuthMethod.make({
    name: "password",
    check: user,
    prove: () =>
      Either.map(user, (user) => ({
        entry: { user: { ...user, password: Redacted.value(password) } },
        secrets: [password]
      })),
    parts: { ...User.parts(credentials), password },
    description: User.describe(credentials)
  })
}

/**
 * The plugin as a value, so that several can live in one program. It sends nothing until it is used; what is wrong with the
 * options is told then, as `InvalidOptions`.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (options: Options): Effect.Effect<AuthPlugin.Service, never, Session.Session> =>
  KeystoneV3.make(options, { module: "Password", name: "v3password", methods: [method(options)] })

/**
 * Requests below this layer are made as this user. The token is the Session's: providing the layer again, around each
 * request if need be, logs in once.
 *
 * @example
 * ```ts
 * import { Redacted } from "effect"
 * import { Password } from "effect-keystoneauth"
 *
 * const demo = Password.layer({
 *   authUrl: "https://keystone.example.com/v3",
 *   username: "demo",
 *   password: Redacted.make("secret"),
 *   userDomainName: "Default",
 *   projectName: "demo",
 *   projectDomainName: "Default"
 * })
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layer: (options: Options) => Layer.Layer<AuthPlugin.AuthPlugin, never, Session.Session> = Plugin
  .layer(make)

/**
 * The same with options from the configuration.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerConfig: (
  options: Config.Config.Wrap<Options>
) => Layer.Layer<AuthPlugin.AuthPlugin, ConfigError.ConfigError, Session.Session> = Plugin.layerConfig(make)

/**
 * `v3password`, for configuration files.
 *
 * @since 0.1.0
 * @category auth types
 */
export const authType: AuthType.AuthType = AuthType.make({
  name: "v3password",
  options: {
    ...AuthType.login,
    ...AuthType.user,
    password: AuthType.requiredSecret("password", { help: "password of the user", prompt: "Password: " })
  },
  make,
  method
})
