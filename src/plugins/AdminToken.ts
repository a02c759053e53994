/**
 * Sends a given token to a given endpoint (keystoneauth's `admin_token`): for bootstrapping, or without Keystone.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import { flow } from "effect/Function"
import type * as Redacted from "effect/Redacted"
import * as AuthPlugin from "../identity/AuthPlugin.js"
import * as AuthType from "../login/AuthType.js"
import * as Plugin from "../login/plugin.js"

/**
 * The token, and where to send it.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** The URL of all services. Without it, requests need absolute URLs or an `endpointOverride`. */
  readonly endpoint?: string | undefined
  readonly token: Redacted.Redacted
}

/**
 * Makes the plugin as a value. It has no other token: a 401 is `Unauthorized` with the reason `"TokenNotRenewable"`.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (options: Options): AuthPlugin.Service =>
  Plugin.withoutLogin("admin_token", Either.right(AuthPlugin.tokenHeaders(options.token)), options.endpoint)

const load = flow(make, Effect.succeed)

/**
 * Authenticates requests with this token, and sends them to this endpoint.
 *
 * @example
 * ```ts
 * import { Redacted } from "effect"
 * import { AdminToken } from "effect-keystoneauth"
 *
 * const admin = AdminToken.layer({ endpoint: "http://127.0.0.1:35357/v3", token: Redacted.make("ADMIN") })
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
 * The auth type `admin_token` for configuration files.
 *
 * @since 0.1.0
 * @category auth types
 */
export const authType: AuthType.AuthType = AuthType.make({
  name: "admin_token",
  options: {
    endpoint: { ...AuthType.endpoint, deprecated: ["url"] },
    token: { ...AuthType.token, help: "token for all requests" }
  },
  make: load
})
