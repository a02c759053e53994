/**
 * Exchanges a token at the version of Keystone that discovery finds at a URL (keystoneauth's `token`). Prefer `Token`
 * if the URL is known to be v3: it fetches no version document.
 *
 * v3 is used if the document lists it, at any path, deprecated or not; otherwise v2.0, unless there are options that
 * v2.0 does not have: domains, the system.
 *
 * @since 0.1.0
 */
import type * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type * as Discovery from "../endpoint/Discovery.js"
import type * as AuthPlugin from "../identity/AuthPlugin.js"
import * as AuthType from "../login/AuthType.js"
import * as GenericKeystone from "../login/genericKeystone.js"
import * as Plugin from "../login/plugin.js"
import type * as Session from "../session/Session.js"
import * as Token from "./Token.js"
import * as V2Token from "./V2Token.js"

/**
 * The options of `Token`, and default domains. `authUrl` may be any URL of Keystone:
 * `https://cloud.example.com/identity`.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options extends Token.Options, GenericKeystone.DefaultDomain {}

/**
 * Makes the plugin as a value. Nothing is sent until it is used; invalid options fail with `InvalidOptions` then.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (
  options: Options
): Effect.Effect<AuthPlugin.Service, never, Session.Session | Discovery.Discovery> => {
  const full = GenericKeystone.withProjectDomain(options)
  const { token } = options
  return GenericKeystone.make({
    module: "GenericToken",
    name: "token",
    options: full,
    parts: { token },
    check: Either.void,
    v3: (authUrl) => Token.make({ ...full, authUrl }),
    v2: Either.map(
      GenericKeystone.v2Options(options, "GenericToken"),
      (login) => (authUrl) => V2Token.make({ ...login, authUrl, token })
    )
  })
}

/**
 * Authenticates requests with a token that is exchanged for this one.
 *
 * @example
 * ```ts
 * import { Redacted } from "effect"
 * import { GenericToken } from "effect-keystoneauth"
 *
 * const demo = GenericToken.layer({
 *   authUrl: "https://cloud.example.com/identity",
 *   token: Redacted.make("gAAAAABl..."),
 *   projectName: "demo",
 *   defaultDomainId: "default"
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
 * The auth type `token` for configuration files.
 *
 * @since 0.1.0
 * @category auth types
 */
export const authType: AuthType.AuthType = AuthType.make({
  name: "token",
  options: { ...GenericKeystone.options, token: AuthType.token },
  make
})
