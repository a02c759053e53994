/**
 * Exchange a token at whatever version of Keystone is found at a URL (keystoneauth's `token`). Prefer `Token` where the URL is known to
 * be v3: it asks for no version document.
 *
 * v3 is looked for, at any path, deprecated or not. v2.0 is used where there is no v3, and only if nothing is said that it has no
 * words for: domains, the system.
 *
 * @since 0.1.0
 */
import type * as Config from "effect/Config"
import type * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type * as Layer from "effect/Layer"
import type * as ConfigError from "../base/configError.js"
import type * as Discovery from "../endpoint/Discovery.js"
import type * as AuthPlugin from "../identity/AuthPlugin.js"
import * as AuthType from "../login/AuthType.js"
import * as GenericKeystone from "../login/genericKeystone.js"
import * as Plugin from "../login/plugin.js"
import type * as Session from "../session/Session.js"
import * as Token from "./Token.js"
import * as V2Token from "./V2Token.js"

/**
 * As of `Token`; `authUrl` may be any address of Keystone, such as `https://cloud.example.com/identity`.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options extends Token.Options, GenericKeystone.DefaultDomain {}

/**
 * The plugin as a value. It sends nothing until it is used; what is wrong with the options is told then, as
 * `InvalidOptions`.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (
  options: Options
): Effect.Effect<AuthPlugin.Service, never, Session.Session | Discovery.Discovery> => {
  const full = GenericKeystone.withProjectDomain(options)
  const { token } = options
  return GenericKeystone.make({
    module: "GenericToken",
    name: "token",
    options: full,
    parts: { token },
    check: Either.void,
    v3: (authUrl) => Token.make({ ...full, authUrl }),
    v2: Either.map(
      GenericKeystone.v2Options(options, "GenericToken"),
      (login) => (authUrl) => V2Token.make({ ...login, authUrl, token })
    )
  })
}

/**
 * Requests below this layer are made with a token that was exchanged for this one.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer: (
  options: Options
) => Layer.Layer<AuthPlugin.AuthPlugin, never, Session.Session | Discovery.Discovery> = Plugin.layer(make)

/**
 * The same with options from the configuration.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerConfig: (
  options: Config.Config.Wrap<Options>
) => Layer.Layer<AuthPlugin.AuthPlugin, ConfigError.ConfigError, Session.Session | Discovery.Discovery> = Plugin
  .layerConfig(make)

/**
 * `token`, for configuration files.
 *
 * @since 0.1.0
 * @category auth types
 */
export const authType: AuthType.AuthType = AuthType.make({
  name: "token",
  options: { ...GenericKeystone.options, token: AuthType.requiredSecret("token", { help: "the token to exchange" }) },
  make
})
