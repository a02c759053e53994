/**
 * Logs in to Keystone v3 with a user name and password (keystoneauth's `v3password`).
 *
 * @since 0.1.0
 */
import type * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Redacted from "effect/Redacted"
import { toEffect } from "../base/either.js"
import type * as AuthPlugin from "../identity/AuthPlugin.js"
import * as AuthMethod from "../login/AuthMethod.js"
import * as AuthType from "../login/AuthType.js"
import * as KeystoneV3 from "../login/keystoneV3.js"
import * as Plugin from "../login/plugin.js"
import * as User from "../login/user.js"
import type * as Session from "../session/Session.js"

/**
 * A user, by id or by name and domain, and the password.
 *
 * @since 0.1.0
 * @category models
 */
export interface Credentials extends AuthMethod.User {
  readonly password: Redacted.Redacted
}

/**
 * The user, and the scope of the token.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options extends AuthMethod.LoginOptions, Credentials {}

/**
 * The password as a method for `MultiFactor`.
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
      toEffect(Either.map(user, (user) => ({
        entry: { user: { ...user, password: Redacted.value(password) } },
        secrets: [password]
      }))),
    parts: { ...User.parts(credentials), password },
    description: User.describe(credentials)
  })
}

/**
 * Makes the plugin as a value, so that one program can have several. Nothing is sent before the first request; invalid
 * options fail with `InvalidOptions` then.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (options: Options): Effect.Effect<AuthPlugin.Service, never, Session.Session> =>
  KeystoneV3.make(options, { module: "Password", name: "v3password", methods: [method(options)] })

/**
 * Authenticates requests as this user. The Session keeps the token: providing the layer again, even around each
 * request, logs in once.
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
export const layer = Plugin.layer(make)

/**
 * Same as `layer`, with options from the configuration.
 *
 * @example
 * ```ts
 * import { Config } from "effect"
 * import { Password } from "effect-keystoneauth"
 *
 * const demo = Password.layerConfig({
 *   authUrl: Config.string("OS_AUTH_URL"),
 *   username: Config.string("OS_USERNAME"),
 *   password: Config.redacted("OS_PASSWORD"),
 *   userDomainName: Config.string("OS_USER_DOMAIN_NAME"),
 *   projectId: Config.string("OS_PROJECT_ID")
 * })
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layerConfig = Plugin.layerConfig(make)

/**
 * The auth type `v3password` for configuration files.
 *
 * @since 0.1.0
 * @category auth types
 */
export const authType: AuthType.AuthType = AuthType.make({
  name: "v3password",
  options: { ...AuthType.login, ...AuthType.user, password: AuthType.password },
  make,
  method
})
