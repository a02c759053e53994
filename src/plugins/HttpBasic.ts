/**
 * HTTP Basic authentication (keystoneauth's `http_basic`): for services without Keystone, such as standalone Ironic.
 *
 * @since 0.1.0
 */
import * as Headers from "@effect/platform/Headers"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Encoding from "effect/Encoding"
import { flow } from "effect/Function"
import * as Redacted from "effect/Redacted"
import type * as AuthPlugin from "../identity/AuthPlugin.js"
import * as IdentityKey from "../identity/identityKey.js"
import * as AuthType from "../login/AuthType.js"
import * as Plugin from "../login/plugin.js"

/**
 * The user, and where to send requests.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  readonly username: string
  readonly password: Redacted.Redacted
  /** The URL of all services. Without it, requests need absolute URLs or an `endpointOverride`. */
  readonly endpoint?: string | undefined
}

/**
 * Makes the plugin as a value. Invalid options fail with `InvalidOptions` when it is used.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = ({ endpoint, password, username }: Options): AuthPlugin.Service =>
  Plugin.withoutLogin(
    "http_basic",
    Either.map(IdentityKey.check({ username, password }, "HttpBasic", "username"), () => {
      const pair = Encoding.encodeBase64(`${username}:${Redacted.value(password)}`)
      return Headers.unsafeFromRecord({ authorization: `Basic ${pair}` })
    }),
    endpoint
  )

const load = flow(make, Effect.succeed)

/**
 * Authenticates requests as this user, and sends them to this endpoint.
 *
 * @example
 * ```ts
 * import { Redacted } from "effect"
 * import { HttpBasic } from "effect-keystoneauth"
 *
 * const ironic = HttpBasic.layer({
 *   endpoint: "http://ironic.example.com:6385",
 *   username: "admin",
 *   password: Redacted.make("secret")
 * })
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = Plugin.layer(load)

/**
 * Same as `layer`, with options from the configuration.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerConfig = Plugin.layerConfig(load)

/**
 * The auth type `http_basic` for configuration files.
 *
 * @since 0.1.0
 * @category auth types
 */
export const authType: AuthType.AuthType = AuthType.make({
  name: "http_basic",
  options: {
    username: AuthType.requiredText("username", { help: "name of the user", deprecated: ["user-name"] }),
    password: AuthType.password,
    endpoint: AuthType.endpoint
  },
  make: load
})
