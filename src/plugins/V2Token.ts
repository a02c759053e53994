/**
 * Exchanges a token for one of another tenant at Keystone v2.0 (keystoneauth's `v2token`). The new token ends when the
 * given one does, so it cannot be renewed.
 *
 * @since 0.1.0
 */
import type * as Effect from "effect/Effect"
import type * as Redacted from "effect/Redacted"
import type * as AuthPlugin from "../identity/AuthPlugin.js"
import * as AuthType from "../login/AuthType.js"
import * as KeystoneV2 from "../login/keystoneV2.js"
import * as Plugin from "../login/plugin.js"
import type * as Session from "../session/Session.js"

/**
 * The token to exchange, and the tenant of the new one.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options extends KeystoneV2.LoginOptions {
  readonly token: Redacted.Redacted
}

/**
 * Makes the plugin as a value. Nothing is sent until it is used; invalid options fail with `InvalidOptions` then.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (options: Options): Effect.Effect<AuthPlugin.Service, never, Session.Session> =>
  KeystoneV2.make(options, {
    module: "V2Token",
    name: "v2token",
    description: "a token",
    ...KeystoneV2.byToken(options.token),
    parts: { token: options.token },
    renewable: false
  })

/**
 * Authenticates requests with a token that is exchanged for this one.
 *
 * @example
 * ```ts
 * import { Redacted } from "effect"
 * import { V2Token } from "effect-keystoneauth"
 *
 * const demo = V2Token.layer({
 *   authUrl: "https://keystone.example.com/v2.0",
 *   token: Redacted.make("aaaaa-bbbbb-ccccc-dddd"),
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
 * The auth type `v2token` for configuration files.
 *
 * @since 0.1.0
 * @category auth types
 */
export const authType: AuthType.AuthType = AuthType.make({
  name: "v2token",
  options: { ...AuthType.v2Login, token: AuthType.token },
  make
})
