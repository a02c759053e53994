/**
 * Log in to Keystone v3 with an application credential (keystoneauth's `v3applicationcredential`).
 *
 * @since 0.1.0
 */
import type * as Config from "effect/Config"
import type * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import type * as ConfigError from "../base/configError.js"
import * as Errors from "../Errors.js"
import type * as AuthPlugin from "../identity/AuthPlugin.js"
import * as AuthMethod from "../login/AuthMethod.js"
import * as AuthType from "../login/AuthType.js"
import * as KeystoneV3 from "../login/keystoneV3.js"
import * as Plugin from "../login/plugin.js"
import * as User from "../login/user.js"
import * as AuthScope from "../model/AuthScope.js"
import type * as Session from "../session/Session.js"

/**
 * A credential by id, or by name and the user it belongs to, and its secret.
 *
 * @since 0.1.0
 * @category models
 */
export interface Credentials extends AuthMethod.User {
  readonly id?: string | undefined
  /** Needs the user that the credential belongs to. */
  readonly name?: string | undefined
  readonly secret: Redacted.Redacted
}

/**
 * The credential. It is for one project already, and may be limited to some requests by access rules, so there is nothing to
 * say about scope.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options
  extends Credentials, Pick<AuthMethod.LoginOptions, "authUrl" | "includeCatalog" | "reauthenticate">
{}

/**
 * The credential alone, for `MultiFactor`.
 *
 * @since 0.1.0
 * @category methods
 */
export const method = (credentials: Credentials): AuthMethod.AuthMethod => {
  const { id, name, secret } = credentials
  const entry = toBody(credentials)
  return AuthMethod.make({
    name: "application_credential",
    check: entry,
    prove: () =>
      Either.map(entry, (entry) => ({ entry: { ...entry, secret: Redacted.value(secret) }, secrets: [secret] })),
    parts: { ...User.parts(credentials), id, name, secret },
    description: `application credential ${User.isGiven(id) ? id : `"${name ?? ""}" of ${User.describe(credentials)}`}`
  })
}

const toBody = (
  credentials: Credentials
): Either.Either<Readonly<Record<string, unknown>>, Errors.InvalidOptions> => {
  if (User.isGiven(credentials.id)) {
    return Either.right({ id: credentials.id })
  }
  return User.isGiven(credentials.name)
    ? Either.map(User.toBody(credentials, "ApplicationCredential"), (user) => ({ name: credentials.name, user }))
    : Either.left(
      new Errors.InvalidOptions({
        module: "ApplicationCredential",
        option: "id, name",
        reason: "one of them is needed"
      })
    )
}

/**
 * The plugin as a value. It sends nothing until it is used; what is wrong with the options is told then, as
 * `InvalidOptions`.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (
  { authUrl, includeCatalog, reauthenticate, ...credentials }: Options
): Effect.Effect<AuthPlugin.Service, never, Session.Session> =>
  KeystoneV3.make({ authUrl, includeCatalog, reauthenticate }, {
    module: "ApplicationCredential",
    name: "v3applicationcredential",
    methods: [method(credentials)],
    bound: "an application credential is for one project, and Keystone takes its tokens for no other"
  })

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

const options = {
  ...AuthType.login,
  ...AuthType.user,
  secret: AuthType.requiredSecret("application_credential_secret", { help: "secret of the application credential" }),
  id: AuthType.text("application_credential_id", { help: "id of the application credential" }),
  name: AuthType.text("application_credential_name", { help: "name of the application credential" })
}

/**
 * `v3applicationcredential`, for configuration files. A scope that is configured beside it is left out with a warning, since
 * Keystone refuses it.
 *
 * @since 0.1.0
 * @category auth types
 */
export const authType: AuthType.AuthType = AuthType.make({
  name: "v3applicationcredential",
  options,
  check: (values) => AuthScope.toBody(values, "ApplicationCredential"),
  make: Plugin.ownScope("an application credential", make),
  method
})
