/**
 * Log in to Keystone v2.0 with a user name and password (keystoneauth's `v2password`). OpenStack dropped v2.0 in 2018; this is for
 * clouds that are older.
 *
 * @since 0.1.0
 */
import * as Headers from "@effect/platform/Headers"
import type * as Config from "effect/Config"
import type * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import type * as ConfigError from "../base/configError.js"
import { InvalidOptions } from "../Errors.js"
import type * as AuthPlugin from "../identity/AuthPlugin.js"
import * as AuthType from "../login/AuthType.js"
import * as KeystoneV2 from "../login/keystoneV2.js"
import * as Plugin from "../login/plugin.js"
import * as User from "../login/user.js"
import type * as Session from "../session/Session.js"

/**
 * A user, and the tenant that the token is for.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options extends KeystoneV2.LoginOptions {
  /** Wins over the id, as it does with keystoneauth. */
  readonly username?: string | undefined
  readonly userId?: string | undefined
  readonly password: Redacted.Redacted
}

/**
 * The plugin as a value. It sends nothing until it is used; what is wrong with the options is told then, as
 * `InvalidOptions`.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (options: Options): Effect.Effect<AuthPlugin.Service, never, Session.Session> => {
  const { password, userId, username } = options
  return KeystoneV2.make(options, {
    module: "V2Password",
    name: "v2password",
    description: User.describe({ userId, username }),
    credentials: Either.map(toBody(options), (user) => ({
      passwordCredentials: { ...user, password: Redacted.value(password) }
    })),
    headers: Headers.empty,
    parts: { userId, username, password },
    secrets: [password],
    renewable: true
  })
}

const toBody = ({ userId, username }: Options): Either.Either<Readonly<Record<string, string>>, InvalidOptions> =>
  User.isGiven(username)
    ? Either.right({ username })
    : User.isGiven(userId)
    ? Either.right({ userId })
    : Either.left(
      new InvalidOptions({ module: "V2Password", option: "userId, username", reason: "one of them is needed" })
    )

/**
 * Requests below this layer are made as this user.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer: (options: Options) => Layer.Layer<AuthPlugin.AuthPlugin, never, Session.Session> = Plugin
  .layer(
    make
  )

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
 * `v2password`, for configuration files.
 *
 * @since 0.1.0
 * @category auth types
 */
export const authType: AuthType.AuthType = AuthType.make({
  name: "v2password",
  options: {
    ...AuthType.v2Login,
    username: AuthType.text("username", { help: "name of the user", deprecated: ["user-name"] }),
    userId: AuthType.text("user-id", { help: "id of the user" }),
    password: AuthType.requiredSecret("password", { help: "password of the user", prompt: "Password: " })
  },
  make
})
