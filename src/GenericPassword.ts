/**
 * Log in with a user name and password to whatever version of Keystone is found at a URL (keystoneauth's `password`). Prefer `Password` where the
 * URL is known to be v3: it asks for no version document.
 *
 * v3 is looked for, at any path, deprecated or not. A Keystone that offers v2.0 only is told as `DiscoveryFailed`.
 *
 * @since 0.1.0
 */
import * as Config from "effect/Config"
import type * as ConfigError from "effect/ConfigError"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as AuthPlugin from "./AuthPlugin.js"
import type * as Discovery from "./Discovery.js"
import * as GenericKeystone from "./internal/genericKeystone.js"
import * as Password from "./Password.js"
import type * as Session from "./Session.js"

/**
 * As of `Password`; `authUrl` may be any address of Keystone, such as `https://cloud.example.com/identity`.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options extends Password.Options {}

/**
 * The plugin as a value. It sends nothing until it is used.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (
  options: Options
): Effect.Effect<AuthPlugin.Service, never, Session.Session | Discovery.Discovery> =>
  GenericKeystone.make(
    { name: "password", authUrl: options.authUrl },
    (authUrl) => Password.make({ ...options, authUrl })
  )

/**
 * Requests below this layer are made as this user.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (
  options: Options
): Layer.Layer<AuthPlugin.AuthPlugin, never, Session.Session | Discovery.Discovery> =>
  Layer.effect(AuthPlugin.AuthPlugin, make(options))

/**
 * The same with options from the configuration.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerConfig = (
  options: Config.Config.Wrap<Options>
): Layer.Layer<AuthPlugin.AuthPlugin, ConfigError.ConfigError, Session.Session | Discovery.Discovery> =>
  Layer.effect(AuthPlugin.AuthPlugin, Effect.flatMap(Config.unwrap(options), make))
