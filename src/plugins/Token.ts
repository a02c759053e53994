/**
 * Exchange a token that is there for one of another scope (keystoneauth's `v3token`). It ends when the first one does, so that it
 * cannot be renewed.
 *
 * @since 0.1.0
 */
import type * as Config from "effect/Config"
import type * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import type * as Redacted from "effect/Redacted"
import type * as ConfigError from "../base/configError.js"
import type * as AuthPlugin from "../identity/AuthPlugin.js"
import type * as AuthMethod from "../login/AuthMethod.js"
import * as AuthType from "../login/AuthType.js"
import * as KeystoneV3 from "../login/keystoneV3.js"
import * as Plugin from "../login/plugin.js"
import type * as Session from "../session/Session.js"

/**
 * @since 0.1.0
 * @category models
 */
export interface Credentials {
  readonly token: Redacted.Redacted
}

/**
 * The token that is there, and what the new one is for.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options extends AuthMethod.LoginOptions, Credentials {}

/**
 * The token alone, for `MultiFactor`.
 *
 * @since 0.1.0
 * @category methods
 */
export const method = ({ token }: Credentials): AuthMethod.AuthMethod => KeystoneV3.tokenMethod(token)

/**
 * The plugin as a value. It sends nothing until it is used; what is wrong with the options is told then, as
 * `InvalidOptions`.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (options: Options): Effect.Effect<AuthPlugin.Service, never, Session.Session> =>
  KeystoneV3.make(options, { module: "Token", name: "v3token", methods: [method(options)] })

/**
 * Requests below this layer are made with a token that was exchanged for this one.
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
 * `v3token`, for configuration files.
 *
 * @since 0.1.0
 * @category auth types
 */
export const authType: AuthType.AuthType = AuthType.make({
  name: "v3token",
  options: { ...AuthType.login, token: AuthType.requiredSecret("token", { help: "the token to exchange" }) },
  make,
  method
})
