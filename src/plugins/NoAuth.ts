/**
 * No authentication at all (keystoneauth's `none`): for services that run without Keystone. Unlike there, no token header is
 * sent.
 *
 * @since 0.1.0
 */
import * as Headers from "@effect/platform/Headers"
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
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
}

/**
 * The plugin as a value.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (options: Options = {}): AuthPlugin.Service =>
  AuthPlugin.make({
    name: "none",
    headers: Effect.succeed(Headers.empty),
    endpoint: () => Option.fromNullable(options.endpoint)
  })

/**
 * Requests below this layer go to this endpoint as they are.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (options: Options = {}): Layer.Layer<AuthPlugin.AuthPlugin> =>
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
 * `none`, for configuration files.
 *
 * @since 0.1.0
 * @category auth types
 */
export const authType: AuthType.AuthType = AuthType.make({
  name: "none",
  options: {
    endpoint: AuthType.text("endpoint", { help: "where every service is" })
  },
  make: (values) => Effect.succeed(make(values))
})
