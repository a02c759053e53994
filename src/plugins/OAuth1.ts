/**
 * Logs in to Keystone v3 with an access token of OAuth 1.0a, by which a user lets a consumer act for them
 * (keystoneauth's `v3oauth1`). Install `oauth-1.0a` and `@noble/hashes` to use it: they do not come with this package.
 *
 * @since 0.1.0
 */
import * as Headers from "@effect/platform/Headers"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import type * as Redacted from "effect/Redacted"
import * as Time from "../base/time.js"
import type * as AuthPlugin from "../identity/AuthPlugin.js"
import * as AuthMethod from "../login/AuthMethod.js"
import * as AuthType from "../login/AuthType.js"
import * as KeystoneV3 from "../login/keystoneV3.js"
import * as Signature from "../login/oauth1.js"
import * as Plugin from "../login/plugin.js"
import type * as Session from "../session/Session.js"

/**
 * The keys and secrets of the consumer and of the access token.
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
 * The keys and secrets. There are no scope options: the access token is for one user, one project and some roles.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options extends Credentials, AuthMethod.KeystoneOptions {}

/**
 * The access token as a method for `MultiFactor`. It signs the URL that the login is sent to, with `/v3` and without
 * `?nocatalog`, as Keystone verifies it. (keystoneauth signs the auth URL as it is given, which Keystone refuses if it
 * does not end with `/v3`.)
 *
 * @since 0.1.0
 * @category methods
 */
export const method = (credentials: Credentials): AuthMethod.AuthMethod => {
  const { accessKey, accessSecret, consumerKey, consumerSecret } = credentials
  return AuthMethod.make({
    name: "oauth1",
    check: Plugin.required("OAuth1", { accessKey, consumerKey }),
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

/** Hexadecimal digits: Keystone refuses other letters. */
const nonce = Effect.map(
  Effect.replicateEffect(Random.nextIntBetween(0, 16), 32),
  (digits) => digits.map((digit) => digit.toString(16)).join("")
)

const moment = Effect.zipWith(
  nonce,
  Time.wallClockTime,
  (nonce, now): Signature.Moment => ({ nonce, timestamp: Math.floor(now / 1000) })
)

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
    module: "OAuth1",
    name: "v3oauth1",
    methods: [method(credentials)],
    bound: "an access token is for one project"
  })

/**
 * Authenticates requests as this consumer, which acts for the user. The Session keeps the token: providing the layer
 * again, even around each request, logs in once.
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
export const layer = Plugin.layer(make)

/**
 * Same as `layer`, with options from the configuration.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerConfig = Plugin.layerConfig(make)

/**
 * The auth type `v3oauth1` for configuration files. It needs other packages, so it is not in `AuthTypes.core`: add it.
 *
 * @example
 * ```ts
 * import { AuthTypes } from "effect-keystoneauth"
 * import * as OAuth1 from "effect-keystoneauth/OAuth1"
 *
 * const AuthTypesLive = AuthTypes.add([OAuth1.authType])
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
