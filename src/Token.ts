/**
 * Exchange a token that you have for one of another scope, at Keystone v3 (keystoneauth's `v3token`).
 *
 * The new token ends when the old one does, so it is not renewed: when it has ended, requests fail with `Unauthorized` and
 * the reason `"TokenNotRenewable"`.
 *
 * @since 0.1.0
 */
import * as Config from "effect/Config"
import type * as ConfigError from "effect/ConfigError"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as AuthPlugin from "./AuthPlugin.js"
import type * as AuthScope from "./AuthScope.js"
import * as KeystoneV3 from "./internal/keystoneV3.js"
import type * as Session from "./Session.js"

/**
 * The token that is there, and what the new one is for.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options extends AuthScope.AuthScope {
  /** Where Keystone is, with or without `/v3` at the end: `https://keystone.example.com/v3`. */
  readonly authUrl: string
  readonly token: Redacted.Redacted
  /** `false` asks for a token without the catalog. Default: `true`. */
  readonly includeCatalog?: boolean | undefined
  /**
   * `false`: log in once and never again. When the token ends or is rejected, requests fail with `Unauthorized` and the
   * reason `"TokenNotRenewable"`. Default: `true`.
   */
  readonly reauthenticate?: boolean | undefined
}

/**
 * The plugin as a value. It sends nothing until it is used; what is wrong with the options is told then, as
 * `InvalidOptions`.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (options: Options): Effect.Effect<AuthPlugin.Service, never, Session.Session> =>
  KeystoneV3.make(options, {
    module: "Token",
    name: "v3token",
    identity: Either.right({ token: { id: Redacted.value(options.token) } }),
    secrets: { token: options.token },
    description: "a token",
    renewable: false
  })

/**
 * Requests below this layer are made with a token that was exchanged for this one.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (options: Options): Layer.Layer<AuthPlugin.AuthPlugin, never, Session.Session> =>
  Layer.effect(AuthPlugin.AuthPlugin, make(options))

/**
 * The same with options from the configuration.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerConfig = (
  options: Config.Config.Wrap<Options>
): Layer.Layer<AuthPlugin.AuthPlugin, ConfigError.ConfigError, Session.Session> =>
  Layer.effect(AuthPlugin.AuthPlugin, Effect.flatMap(Config.unwrap(options), make))
