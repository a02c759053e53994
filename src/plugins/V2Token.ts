/**
 * Exchange a token that is there for one of another tenant at Keystone v2.0 (keystoneauth's `v2token`). It ends when the first one
 * does, so that it cannot be renewed.
 *
 * @since 0.1.0
 */
import type * as Config from "effect/Config"
import type * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import type * as Redacted from "effect/Redacted"
import type * as ConfigError from "../base/configError.js"
import type * as AuthPlugin from "../identity/AuthPlugin.js"
import * as AuthType from "../login/AuthType.js"
import * as KeystoneV2 from "../login/keystoneV2.js"
import * as Plugin from "../login/plugin.js"
import type * as Session from "../session/Session.js"

/**
 * The token that is there, and the tenant that the new one is for.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options extends KeystoneV2.LoginOptions {
  readonly token: Redacted.Redacted
}

/**
 * The plugin as a value. It sends nothing until it is used.
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
 * Requests below this layer are made with a token that was exchanged for this one.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer: (options: Options) => Layer.Layer<AuthPlugin.AuthPlugin, never, Session.Session> = Plugin
  .layer(
    make
  )

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
 * `v2token`, for configuration files.
 *
 * @since 0.1.0
 * @category auth types
 */
export const authType: AuthType.AuthType = AuthType.make({
  name: "v2token",
  options: { ...AuthType.v2Login, token: AuthType.requiredSecret("token", { help: "the token to exchange" }) },
  make
})
