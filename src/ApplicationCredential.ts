/**
 * Log in to Keystone v3 with an application credential (keystoneauth's `v3applicationcredential`).
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
import * as Errors from "./Errors.js"
import * as KeystoneV3 from "./internal/keystoneV3.js"
import * as User from "./internal/user.js"
import type * as Session from "./Session.js"

/**
 * A credential by id, or by name and the user it belongs to, and its secret. It is for one project already, so there is
 * nothing to say about scope.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** Where Keystone is, with or without `/v3` at the end: `https://keystone.example.com/v3`. */
  readonly authUrl: string
  readonly id?: string | undefined
  /** Needs the user that the credential belongs to. */
  readonly name?: string | undefined
  readonly secret: Redacted.Redacted
  readonly userId?: string | undefined
  /** Needs the domain that the user is in. */
  readonly username?: string | undefined
  readonly userDomainId?: string | undefined
  readonly userDomainName?: string | undefined
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
  KeystoneV3.make(known(options), {
    module: "ApplicationCredential",
    name: "v3applicationcredential",
    identity: identity(options),
    secrets: { secret: options.secret },
    description: `application credential ${options.id ?? `"${options.name ?? ""}" of ${User.describe(options)}`}`,
    renewable: true
  })

/** Options that came from elsewhere may hold a scope, which Keystone refuses: only what is known is handed on. */
const known = ({ authUrl, includeCatalog, reauthenticate }: Options): KeystoneV3.CommonOptions => ({
  authUrl,
  includeCatalog,
  reauthenticate
})

const identity = (
  options: Options
): Either.Either<Readonly<Record<string, unknown>>, Errors.InvalidOptions> => {
  const secret = Redacted.value(options.secret)
  if (options.id !== undefined) {
    return Either.right({ application_credential: { id: options.id, secret } })
  }
  return options.name === undefined
    ? Either.left(
      new Errors.InvalidOptions({
        module: "ApplicationCredential",
        option: "id, name",
        reason: "one of them is needed"
      })
    )
    : Either.map(User.toBody(options, "ApplicationCredential"), (user) => ({
      application_credential: { name: options.name, user, secret }
    }))
}

/**
 * Requests below this layer are made with this credential. The token is the Session's: providing the layer again, around
 * each request if need be, logs in once.
 *
 * @example
 * ```ts
 * import { Redacted } from "effect"
 * import { ApplicationCredential } from "effect-keystoneauth"
 *
 * const robot = ApplicationCredential.layer({
 *   authUrl: "https://keystone.example.com/v3",
 *   id: "21dced0fd20347869b93710d2b98aae0",
 *   secret: Redacted.make("secret")
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
