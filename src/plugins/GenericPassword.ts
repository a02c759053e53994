/**
 * Logs in with a user name and password to the version of Keystone that discovery finds at a URL (keystoneauth's
 * `password`). Prefer `Password` if the URL is known to be v3: it fetches no version document.
 *
 * v3 is used if the document lists it, at any path, deprecated or not; otherwise v2.0, unless there are options that
 * v2.0 does not have: domains, the system.
 *
 * @since 0.1.0
 */
import type * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import { isSet } from "../base/configValue.js"
import type * as Discovery from "../endpoint/Discovery.js"
import type { InvalidOptions } from "../Errors.js"
import type * as AuthPlugin from "../identity/AuthPlugin.js"
import * as AuthType from "../login/AuthType.js"
import * as GenericKeystone from "../login/genericKeystone.js"
import * as Plugin from "../login/plugin.js"
import * as User from "../login/user.js"
import type * as Session from "../session/Session.js"
import * as Password from "./Password.js"
import * as V2Password from "./V2Password.js"

/**
 * The options of `Password`, and default domains. `authUrl` may be any URL of Keystone:
 * `https://cloud.example.com/identity`.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options extends Password.Options, GenericKeystone.DefaultDomain {}

/**
 * Makes the plugin as a value. Nothing is sent until it is used; invalid options fail with `InvalidOptions` then.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (
  options: Options
): Effect.Effect<AuthPlugin.Service, never, Session.Session | Discovery.Discovery> => {
  const { password, userId, username } = options
  const { id, name } = GenericKeystone.domain(options.userDomainId, options.userDomainName, options)
  const full = { ...GenericKeystone.withProjectDomain(options), userDomainId: id, userDomainName: name }
  return GenericKeystone.make({
    module: "GenericPassword",
    name: "password",
    options: full,
    parts: { ...User.parts(full), password },
    check: Plugin.requiredOneOf("GenericPassword", { userId, username }),
    v3: (authUrl) => Password.make({ ...full, authUrl }),
    v2: Either.flatMap(withoutDomain(options), () =>
      Either.map(
        GenericKeystone.v2Options(options, "GenericPassword"),
        (login) => (authUrl) => V2Password.make({ ...login, authUrl, userId, username, password })
      ))
  })
}

const withoutDomain = ({ userDomainId, userDomainName }: Options): Either.Either<void, InvalidOptions> =>
  isSet(userDomainId) || isSet(userDomainName)
    ? Plugin.invalid("GenericPassword", "userDomainId, userDomainName", "Keystone v2.0 knows no domains")
    : Either.void

/**
 * Authenticates requests as this user.
 *
 * @example
 * ```ts
 * import { Redacted } from "effect"
 * import { GenericPassword } from "effect-keystoneauth"
 *
 * const demo = GenericPassword.layer({
 *   authUrl: "https://cloud.example.com/identity",
 *   username: "demo",
 *   password: Redacted.make("secret"),
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
 * The auth type `password` for configuration files.
 *
 * @since 0.1.0
 * @category auth types
 */
export const authType: AuthType.AuthType = AuthType.make({
  name: "password",
  options: { ...GenericKeystone.options, ...AuthType.user, password: AuthType.password },
  make
})
