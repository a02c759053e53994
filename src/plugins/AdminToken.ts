/**
 * A token and an endpoint that you have already (keystoneauth's `admin_token`): for bootstrapping, and for clouds without
 * Keystone.
 *
 * @since 0.1.0
 */
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type * as Redacted from "effect/Redacted"
import type * as ConfigError from "../base/configError.js"
import * as AuthPlugin from "../identity/AuthPlugin.js"
import * as AuthType from "../login/AuthType.js"

/**
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** Where every service is. Without it, requests need absolute URLs or an `endpointOverride`. */
  readonly endpoint?: string | undefined
  readonly token: Redacted.Redacted
}

/**
 * The plugin as a value. It has no other token to offer: a 401 is `Unauthorized` with the reason `"TokenNotRenewable"`.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (options: Options): AuthPlugin.Service =>
  AuthPlugin.make({
    name: "admin_token",
    headers: Effect.succeed(AuthPlugin.tokenHeaders(options.token)),
    endpoint: () => Option.fromNullable(options.endpoint)
  })

/**
 * Requests below this layer go to this endpoint with this token.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (options: Options): Layer.Layer<AuthPlugin.AuthPlugin> =>
  Layer.succeed(AuthPlugin.AuthPlugin, make(options))

/**
 * The same with options from the configuration.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerConfig = (
  options: Config.Config.Wrap<Options>
): Layer.Layer<AuthPlugin.AuthPlugin, ConfigError.ConfigError> =>
  Layer.effect(AuthPlugin.AuthPlugin, Effect.map(Config.unwrap(options), make))

/**
 * `admin_token`, for configuration files.
 *
 * @since 0.1.0
 * @category auth types
 */
export const authType: AuthType.AuthType = AuthType.make({
  name: "admin_token",
  options: {
    endpoint: AuthType.text("endpoint", { help: "where every service is", deprecated: ["url"] }),
    token: AuthType.requiredSecret("token", { help: "the token that is always used" })
  },
  make: (values) => Effect.succeed(make(values))
})
