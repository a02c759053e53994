/**
 * Exchanges a token for one with another scope at Keystone v3 (keystoneauth's `v3token`). The new token ends when the
 * given one does, so it cannot be renewed.
 *
 * @since 0.1.0
 */
import type * as Effect from "effect/Effect"
import type * as Redacted from "effect/Redacted"
import type * as AuthPlugin from "../identity/AuthPlugin.js"
import type * as AuthMethod from "../login/AuthMethod.js"
import * as AuthType from "../login/AuthType.js"
import * as KeystoneV3 from "../login/keystoneV3.js"
import * as Plugin from "../login/plugin.js"
import type * as Session from "../session/Session.js"

/**
 * The token to exchange.
 *
 * @since 0.1.0
 * @category models
 */
export interface Credentials {
  readonly token: Redacted.Redacted
}

/**
 * The token to exchange, and the scope of the new one.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options extends AuthMethod.LoginOptions, Credentials {}

/**
 * The token as a method for `MultiFactor`.
 *
 * @since 0.1.0
 * @category methods
 */
export const method = ({ token }: Credentials): AuthMethod.AuthMethod => KeystoneV3.tokenMethod(token)

/**
 * Makes the plugin as a value. Nothing is sent until it is used; invalid options fail with `InvalidOptions` then.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (options: Options): Effect.Effect<AuthPlugin.Service, never, Session.Session> =>
  KeystoneV3.make(options, { module: "Token", name: "v3token", methods: [method(options)] })

/**
 * Authenticates requests with a token that is exchanged for this one.
 *
 * @example
 * ```ts
 * import { Redacted } from "effect"
 * import { Token } from "effect-keystoneauth"
 *
 * const demo = Token.layer({
 *   authUrl: "https://keystone.example.com/v3",
 *   token: Redacted.make("gAAAAABl..."),
 *   projectId: "21dced0fd20347869b93710d2b98aae0"
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
 * The auth type `v3token` for configuration files.
 *
 * @since 0.1.0
 * @category auth types
 */
export const authType: AuthType.AuthType = AuthType.make({
  name: "v3token",
  options: { ...AuthType.login, token: AuthType.token },
  make,
  method
})
