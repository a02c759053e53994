/**
 * Logs in to Keystone v3 with a time-based one-time passcode (keystoneauth's `v3totp`). To show a password as well,
 * combine both with `MultiFactor`.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { toEffect } from "../base/either.js"
import * as Memo from "../base/memo.js"
import type { AuthenticationError } from "../Errors.js"
import type * as AuthPlugin from "../identity/AuthPlugin.js"
import * as AuthMethod from "../login/AuthMethod.js"
import * as AuthType from "../login/AuthType.js"
import * as KeystoneV3 from "../login/keystoneV3.js"
import * as Plugin from "../login/plugin.js"
import * as User from "../login/user.js"
import type * as Session from "../session/Session.js"

/**
 * A passcode, which works once, or an Effect that gets a new passcode for each login: from a seed (`TotpSeed`), or by
 * asking a person.
 *
 * @since 0.1.0
 * @category models
 */
export type Passcode = Redacted.Redacted | Effect.Effect<Redacted.Redacted, AuthenticationError>

/**
 * A user, by id or by name and domain, and a passcode.
 *
 * @since 0.1.0
 * @category models
 */
export interface Credentials extends AuthMethod.User {
  /**
   * With a passcode, the plugin logs in once: its token is not renewed, and when it has ended, requests fail with
   * `Unauthorized` and the reason `"TokenNotRenewable"`. An Effect runs for each login. Plugins share a token only if
   * they have the same Effect object: bind it to a const.
   */
  readonly passcode: Passcode
}

/**
 * The user, and the scope of the token.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options extends AuthMethod.LoginOptions, Credentials {}

/**
 * The passcode as a method for `MultiFactor`.
 *
 * @since 0.1.0
 * @category methods
 */
export const method = (credentials: Credentials): AuthMethod.AuthMethod => {
  const { passcode } = credentials
  const user = User.toBody(credentials, "Totp")
  const fixed = Redacted.isRedacted(passcode)
  return AuthMethod.make({
    name: "totp",
    check: user,
    prove: () =>
      Effect.zipWith(toEffect(user), fixed ? Effect.succeed(passcode) : passcode, (user, passcode) => ({
        entry: { user: { ...user, passcode: Redacted.value(passcode) } },
        secrets: [passcode]
      })),
    parts: User.parts(credentials),
    // a plugin with another passcode has to log in by itself
    momentary: { passcode: fixed ? passcode : Memo.objectId(passcode) },
    once: fixed,
    description: User.describe(credentials)
  })
}

/**
 * Makes the plugin as a value. Nothing is sent until it is used; invalid options fail with `InvalidOptions` then.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (options: Options): Effect.Effect<AuthPlugin.Service, never, Session.Session> =>
  KeystoneV3.make(options, { module: "Totp", name: "v3totp", methods: [method(options)] })

/**
 * Authenticates requests as this user.
 *
 * @example
 * ```ts
 * import { Effect, Redacted } from "effect"
 * import { Totp } from "effect-keystoneauth"
 *
 * const demo = (askPasscode: Effect.Effect<string>) =>
 *   Totp.layer({
 *     authUrl: "https://keystone.example.com/v3",
 *     username: "demo",
 *     userDomainName: "Default",
 *     passcode: Effect.map(askPasscode, Redacted.make),
 *     projectId: "21dced0fd20347869b93710d2b98aae0"
 *   })
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
 * The auth type `v3totp` for configuration files.
 *
 * @since 0.1.0
 * @category auth types
 */
export const authType: AuthType.AuthType = AuthType.make({
  name: "v3totp",
  options: {
    ...AuthType.login,
    ...AuthType.user,
    passcode: AuthType.requiredSecret("passcode", { help: "current passcode", prompt: "TOTP passcode: " })
  },
  make,
  method
})
