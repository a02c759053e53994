/**
 * Sends requests without authentication (keystoneauth's `none`): for services that run without Keystone. Unlike
 * keystoneauth, it sends no token header.
 *
 * @since 0.1.0
 */
import * as Headers from "@effect/platform/Headers"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import { flow } from "effect/Function"
import type * as AuthPlugin from "../identity/AuthPlugin.js"
import * as AuthType from "../login/AuthType.js"
import * as Plugin from "../login/plugin.js"

/**
 * Where to send requests.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** The URL of all services. Without it, requests need absolute URLs or an `endpointOverride`. */
  readonly endpoint?: string | undefined
}

/**
 * Makes the plugin as a value.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (options: Options = {}): AuthPlugin.Service =>
  Plugin.withoutLogin("none", Either.right(Headers.empty), options.endpoint)

const load = flow(make, Effect.succeed)

/**
 * Sends requests to this endpoint as they are.
 *
 * @example
 * ```ts
 * import { NoAuth } from "effect-keystoneauth"
 *
 * const ironic = NoAuth.layer({ endpoint: "http://ironic.example.com:6385" })
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
export const layerConfig = Plugin.layerConfig<Options, never>(load)

/**
 * The auth type `none` for configuration files.
 *
 * @since 0.1.0
 * @category auth types
 */
export const authType: AuthType.AuthType = AuthType.make({
  name: "none",
  options: { endpoint: AuthType.endpoint },
  make: load
})
