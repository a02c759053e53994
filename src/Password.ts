/**
 * Log in to Keystone v3 with a user name and password (keystoneauth's `v3password`).
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
import type * as Errors from "./Errors.js"
import * as KeystoneV3 from "./internal/keystoneV3.js"
import * as User from "./internal/user.js"
import type * as Session from "./Session.js"

/**
 * A user by id, or by name and domain, the password, and what the token is for.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options extends AuthScope.AuthScope {
  /** Where Keystone is, with or without `/v3` at the end: `https://keystone.example.com/v3`. */
  readonly authUrl: string
  readonly userId?: string | undefined
  /** Needs the domain that the user is in. */
  readonly username?: string | undefined
  readonly userDomainId?: string | undefined
  readonly userDomainName?: string | undefined
  readonly password: Redacted.Redacted
  /** `false` asks for a token without the catalog. Default: `true`. */
  readonly includeCatalog?: boolean | undefined
  /**
   * `false`: log in once and never again. When the token ends or is rejected, requests fail with `Unauthorized` and the
   * reason `"TokenNotRenewable"`. Default: `true`.
   */
  readonly reauthenticate?: boolean | undefined
}

/**
 * The plugin as a value, so that several can live in one program. It sends nothing until it is used; what is wrong with the
 * options is told then, as `InvalidOptions`.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (options: Options): Effect.Effect<AuthPlugin.Service, never, Session.Session> =>
  KeystoneV3.make(options, {
    module: "Password",
    name: "v3password",
    identity: identity(options),
    secrets: { password: options.password },
    description: User.describe(options),
    renewable: true
  })

const identity = (
  options: Options
): Either.Either<Readonly<Record<string, unknown>>, Errors.InvalidOptions> =>
  Either.map(User.toBody(options, "Password"), (user) => ({
    password: { user: { ...user, password: Redacted.value(options.password) } }
  }))

/**
 * Requests below this layer are made as this user. The token is the Session's: providing the layer again, around each
 * request if need be, logs in once.
 *
 * @example
 * ```ts
 * import { Redacted } from "effect"
 * import { Password } from "effect-keystoneauth"
 *
 * const demo = Password.layer({
 *   authUrl: "https://keystone.example.com/v3",
 *   username: "demo",
 *   password: Redacted.make("secret"),
 *   userDomainName: "Default",
 *   projectName: "demo",
 *   projectDomainName: "Default"
 * })
 * ```
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
