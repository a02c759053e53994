/**
 * Logs in to Keystone v3 with an application credential (keystoneauth's `v3applicationcredential`).
 *
 * @since 0.1.0
 */
import type * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Redacted from "effect/Redacted"
import { isSet } from "../base/configValue.js"
import { toEffect } from "../base/either.js"
import type { InvalidOptions } from "../Errors.js"
import type * as AuthPlugin from "../identity/AuthPlugin.js"
import * as AuthMethod from "../login/AuthMethod.js"
import * as AuthType from "../login/AuthType.js"
import * as KeystoneV3 from "../login/keystoneV3.js"
import * as Plugin from "../login/plugin.js"
import * as User from "../login/user.js"
import type * as Session from "../session/Session.js"

/**
 * An application credential, by id, or by name and user, and its secret.
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
 * The credential. There are no scope options: it belongs to one project, and may be limited by access rules.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options extends Credentials, AuthMethod.KeystoneOptions {}

/**
 * The credential as a method for `MultiFactor`.
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
      toEffect(Either.map(entry, (entry) => ({
        entry: { ...entry, secret: Redacted.value(secret) },
        secrets: [secret]
      }))),
    parts: { ...User.parts(credentials), id, name, secret },
    description: `application credential ${isSet(id) ? id : `"${name ?? ""}" of ${User.describe(credentials)}`}`
  })
}

const toBody = (
  credentials: Credentials
): Either.Either<Readonly<Record<string, unknown>>, InvalidOptions> => {
  const { id, name } = credentials
  return isSet(id)
    ? Either.right({ id })
    : Either.flatMap(
      Plugin.requiredOneOf("ApplicationCredential", { id, name }),
      () => Either.map(User.toBody(credentials, "ApplicationCredential"), (user) => ({ name, user }))
    )
}

/**
 * Makes the plugin as a value. Nothing is sent until it is used; invalid options fail with `InvalidOptions` then.
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
    bound: "an application credential is for one project, and Keystone does not exchange its tokens"
  })

/**
 * Authenticates requests with this credential. The Session keeps the token: providing the layer again, even around each
 * request, logs in once.
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
export const layer = Plugin.layer(make)

/**
 * Same as `layer`, with options from the configuration.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerConfig = Plugin.layerConfig(make)

/**
 * The auth type `v3applicationcredential` for configuration files. A scope that is configured as well, which Keystone
 * would refuse, is left out with a warning.
 *
 * @since 0.1.0
 * @category auth types
 */
export const authType: AuthType.AuthType = AuthType.make({
  name: "v3applicationcredential",
  options: {
    ...AuthType.login,
    ...AuthType.user,
    secret: AuthType.requiredSecret("application_credential_secret", { help: "secret of the application credential" }),
    id: AuthType.text("application_credential_id", { help: "id of the application credential" }),
    name: AuthType.text("application_credential_name", { help: "name of the application credential" })
  },
  ...Plugin.ownScope("ApplicationCredential", "an application credential", make),
  method
})
