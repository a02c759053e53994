/**
 * Logs in to Keystone v2.0 with a user name and password (keystoneauth's `v2password`). OpenStack dropped v2.0 in 2018;
 * this is for older clouds.
 *
 * @since 0.1.0
 */
import * as Headers from "@effect/platform/Headers"
import type * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Redacted from "effect/Redacted"
import { isSet } from "../base/configValue.js"
import type * as AuthPlugin from "../identity/AuthPlugin.js"
import * as AuthType from "../login/AuthType.js"
import * as KeystoneV2 from "../login/keystoneV2.js"
import * as Plugin from "../login/plugin.js"
import * as User from "../login/user.js"
import type * as Session from "../session/Session.js"

/**
 * A user, and the tenant of the token.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options extends KeystoneV2.LoginOptions {
  /** Wins over the id, as in keystoneauth. */
  readonly username?: string | undefined
  readonly userId?: string | undefined
  readonly password: Redacted.Redacted
}

/**
 * Makes the plugin as a value. Nothing is sent until it is used; invalid options fail with `InvalidOptions` then.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (options: Options): Effect.Effect<AuthPlugin.Service, never, Session.Session> => {
  const { password, userId, username } = options
  return KeystoneV2.make(options, {
    module: "V2Password",
    name: "v2password",
    description: User.describe({ userId, username }),
    credentials: Either.map(Plugin.requiredOneOf("V2Password", { userId, username }), () => ({
      passwordCredentials: {
        ...(isSet(username) ? { username } : { userId }),
        password: Redacted.value(password)
      }
    })),
    headers: Headers.empty,
    parts: { userId, username, password },
    secrets: [password],
    renewable: true
  })
}

/**
 * Authenticates requests as this user.
 *
 * @example
 * ```ts
 * import { Redacted } from "effect"
 * import { V2Password } from "effect-keystoneauth"
 *
 * const demo = V2Password.layer({
 *   authUrl: "https://keystone.example.com/v2.0",
 *   username: "demo",
 *   password: Redacted.make("secret"),
 *   tenantName: "demo"
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
 * @since 0.1.0
 * @category layers
 */
export const layerConfig = Plugin.layerConfig(make)

/**
 * The auth type `v2password` for configuration files.
 *
 * @since 0.1.0
 * @category auth types
 */
export const authType: AuthType.AuthType = AuthType.make({
  name: "v2password",
  options: {
    ...AuthType.v2Login,
    username: AuthType.user.username,
    userId: AuthType.user.userId,
    password: AuthType.password
  },
  make
})
