/**
 * Log in with a user name and password to whatever version of Keystone is found at a URL (keystoneauth's `password`). Prefer `Password` where the
 * URL is known to be v3: it asks for no version document.
 *
 * v3 is looked for, at any path, deprecated or not. v2.0 is used where there is no v3, and only if nothing is said that it has no
 * words for: domains, the system.
 *
 * @since 0.1.0
 */
import type * as Config from "effect/Config"
import type * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type * as Layer from "effect/Layer"
import type * as ConfigError from "../base/configError.js"
import type * as Discovery from "../endpoint/Discovery.js"
import { InvalidOptions } from "../Errors.js"
import type * as AuthPlugin from "../identity/AuthPlugin.js"
import * as AuthType from "../login/AuthType.js"
import * as GenericKeystone from "../login/genericKeystone.js"
import * as Plugin from "../login/plugin.js"
import * as User from "../login/user.js"
import type * as Session from "../session/Session.js"
import * as Password from "./Password.js"
import * as V2Password from "./V2Password.js"

/**
 * As of `Password`; `authUrl` may be any address of Keystone, such as `https://cloud.example.com/identity`.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options extends Password.Options, GenericKeystone.DefaultDomain {}

/**
 * The plugin as a value. It sends nothing until it is used; what is wrong with the options is told then, as
 * `InvalidOptions`.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (
  options: Options
): Effect.Effect<AuthPlugin.Service, never, Session.Session | Discovery.Discovery> => {
  const { id, name } = GenericKeystone.domain(options.userDomainId, options.userDomainName, options)
  const full = { ...GenericKeystone.withProjectDomain(options), userDomainId: id, userDomainName: name }
  return GenericKeystone.make({
    module: "GenericPassword",
    name: "password",
    options: full,
    parts: { ...User.parts(full), password: options.password },
    check: User.isGiven(options.userId) || User.isGiven(options.username)
      ? Either.void
      : Either.left(
        new InvalidOptions({ module: "GenericPassword", option: "userId, username", reason: "one of them is needed" })
      ),
    v3: (authUrl) => Password.make({ ...full, authUrl }),
    v2: Either.flatMap(withoutDomain(options), () =>
      Either.map(
        GenericKeystone.v2Options(options, "GenericPassword"),
        (login) => (authUrl) =>
          V2Password.make({
            ...login,
            authUrl,
            userId: options.userId,
            username: options.username,
            password: options.password
          })
      ))
  })
}

const withoutDomain = ({ userDomainId, userDomainName }: Options): Either.Either<void, InvalidOptions> =>
  User.isGiven(userDomainId) || User.isGiven(userDomainName)
    ? Either.left(
      new InvalidOptions({
        module: "GenericPassword",
        option: "userDomainId, userDomainName",
        reason: "Keystone v2.0 knows no domains"
      })
    )
    : Either.void

/**
 * Requests below this layer are made as this user.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer: (
  options: Options
) => Layer.Layer<AuthPlugin.AuthPlugin, never, Session.Session | Discovery.Discovery> = Plugin.layer(make)

/**
 * The same with options from the configuration.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerConfig: (
  options: Config.Config.Wrap<Options>
) => Layer.Layer<AuthPlugin.AuthPlugin, ConfigError.ConfigError, Session.Session | Discovery.Discovery> = Plugin
  .layerConfig(make)

/**
 * `password`, for configuration files.
 *
 * @since 0.1.0
 * @category auth types
 */
export const authType: AuthType.AuthType = AuthType.make({
  name: "password",
  options: {
    ...GenericKeystone.options,
    ...AuthType.user,
    password: AuthType.requiredSecret("password", { help: "password of the user", prompt: "Password: " })
  },
  make
})
