/**
 * HTTP basic authentication (keystoneauth's `http_basic`): for services that run without Keystone, such as a standalone
 * Ironic.
 *
 * @since 0.1.0
 */
import * as Headers from "@effect/platform/Headers"
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Encoding from "effect/Encoding"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import type * as ConfigError from "../base/configError.js"
import * as AuthPlugin from "../identity/AuthPlugin.js"
import * as IdentityKey from "../identity/identityKey.js"
import * as AuthType from "../login/AuthType.js"

/**
 * @since 0.1.0
 * @category models
 */
export interface Options {
  readonly username: string
  readonly password: Redacted.Redacted
  /** Where every service is. Without it, requests need absolute URLs or an `endpointOverride`. */
  readonly endpoint?: string | undefined
}

/**
 * The plugin as a value.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (options: Options): AuthPlugin.Service =>
  AuthPlugin.make({
    name: "http_basic",
    headers: Effect.map(
      IdentityKey.check({ username: options.username, password: options.password }, "HttpBasic", "username"),
      () => {
        const pair = Encoding.encodeBase64(`${options.username}:${Redacted.value(options.password)}`)
        return Headers.unsafeFromRecord({ authorization: `Basic ${pair}` })
      }
    ),
    endpoint: () => Option.fromNullable(options.endpoint)
  })

/**
 * Requests below this layer go to this endpoint as this user.
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
 * `http_basic`, for configuration files.
 *
 * @since 0.1.0
 * @category auth types
 */
export const authType: AuthType.AuthType = AuthType.make({
  name: "http_basic",
  options: {
    username: AuthType.requiredText("username", { help: "name of the user", deprecated: ["user-name"] }),
    password: AuthType.requiredSecret("password", { help: "password of the user", prompt: "Password: " }),
    endpoint: AuthType.text("endpoint", { help: "where every service is" })
  },
  make: (values) => Effect.succeed(make(values))
})
