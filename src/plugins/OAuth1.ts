/**
 * Log in to Keystone v3 with an access token of OAuth 1.0a, which a user has given to a consumer (keystoneauth's `v3oauth1`).
 * It needs `oauth-1.0a` and `@noble/hashes`, which are not installed with this package.
 *
 * @since 0.1.0
 */
import * as Headers from "@effect/platform/Headers"
import type * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type * as Layer from "effect/Layer"
import * as Random from "effect/Random"
import type * as Redacted from "effect/Redacted"
import type * as ConfigError from "../base/configError.js"
import * as Time from "../base/time.js"
import { InvalidOptions } from "../Errors.js"
import type * as AuthPlugin from "../identity/AuthPlugin.js"
import * as AuthMethod from "../login/AuthMethod.js"
import * as AuthType from "../login/AuthType.js"
import * as KeystoneV3 from "../login/keystoneV3.js"
import * as Signature from "../login/oauth1.js"
import * as Plugin from "../login/plugin.js"
import * as User from "../login/user.js"
import type * as Session from "../session/Session.js"

/**
 * The consumer, and the access token that it has got.
 *
 * @since 0.1.0
 * @category models
 */
export interface Credentials {
  readonly consumerKey: string
  readonly consumerSecret: Redacted.Redacted
  readonly accessKey: string
  readonly accessSecret: Redacted.Redacted
}

/**
 * The access token is for one user, one project and some roles already, so there is nothing to say about scope.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options
  extends Credentials, Pick<AuthMethod.LoginOptions, "authUrl" | "includeCatalog" | "reauthenticate">
{}

/**
 * The access token alone, for `MultiFactor`. What is signed is the URL that is really asked, with `/v3` (keystoneauth signs
 * the auth URL as it is given, which Keystone refuses if it ends otherwise), but for `?nocatalog`, which Keystone leaves out when it
 * verifies.
 *
 * @since 0.1.0
 * @category methods
 */
export const method = (credentials: Credentials): AuthMethod.AuthMethod => {
  const { accessKey, accessSecret, consumerKey, consumerSecret } = credentials
  return AuthMethod.make({
    name: "oauth1",
    check: check(credentials),
    prove: (url) =>
      Effect.map(moment, (moment) => ({
        entry: {},
        headers: Headers.unsafeFromRecord({
          authorization: Signature.authorization(credentials, { method: "POST", url }, moment)
        }),
        secrets: [consumerSecret, accessSecret]
      })),
    parts: { consumerKey, consumerSecret, accessKey, accessSecret },
    description: `access token ${accessKey} of consumer ${consumerKey}`
  })
}

const check = ({ accessKey, consumerKey }: Credentials): Either.Either<unknown, InvalidOptions> =>
  Either.all(
    Object.entries({ accessKey, consumerKey }).map(([option, key]) =>
      User.isGiven(key)
        ? Either.void
        : Either.left(new InvalidOptions({ module: "OAuth1", option, reason: "it is needed" }))
    )
  )

/** In hexadecimal digits: Keystone refuses other letters. */
const nonce = Effect.map(
  Effect.replicateEffect(Random.nextIntBetween(0, 16), 32),
  (digits) => digits.map((digit) => digit.toString(16)).join("")
)

const moment: Effect.Effect<Signature.Moment> = Effect.zipWith(
  nonce,
  Time.wallClockTime,
  (nonce, now) => ({ nonce, timestamp: Math.floor(now / 1000) })
)

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
    module: "OAuth1",
    name: "v3oauth1",
    methods: [method(credentials)],
    bound: "an access token is for one project"
  })

/**
 * Requests below this layer are made by this consumer for the user. The token is the Session's: providing the layer again,
 * around each request if need be, logs in once.
 *
 * @example
 * ```ts
 * import { Redacted } from "effect"
 * import * as OAuth1 from "effect-keystoneauth/OAuth1"
 *
 * const consumer = OAuth1.layer({
 *   authUrl: "https://keystone.example.com/v3",
 *   consumerKey: "eb27c5b30f4e4da59db582cad0d5c483",
 *   consumerSecret: Redacted.make("secret"),
 *   accessKey: "5b31c28bc1624e43b970ed10c3102d6c",
 *   accessSecret: Redacted.make("secret")
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

/**
 * `v3oauth1`, for configuration files. It is not among `AuthTypes.core`, because of what it needs to be installed: add it.
 *
 * @example
 * ```ts
 * import { AuthTypes } from "effect-keystoneauth"
 * import * as OAuth1 from "effect-keystoneauth/OAuth1"
 *
 * const AuthTypesLive = AuthTypes.layerWith([OAuth1.authType])
 * ```
 *
 * @since 0.1.0
 * @category auth types
 */
export const authType: AuthType.AuthType = AuthType.make({
  name: "v3oauth1",
  options: {
    authUrl: AuthType.authUrl,
    consumerKey: AuthType.requiredText("consumer-key", { help: "key of the consumer" }),
    consumerSecret: AuthType.requiredSecret("consumer-secret", { help: "secret of the consumer" }),
    accessKey: AuthType.requiredText("access-key", { help: "key of the access token" }),
    accessSecret: AuthType.requiredSecret("access-secret", { help: "secret of the access token" }),
    includeCatalog: AuthType.login.includeCatalog,
    reauthenticate: AuthType.login.reauthenticate
  },
  make,
  method
})
