/**
 * Log in to Keystone v3 with several methods (keystoneauth's `v3multifactor`): all in one request, or one after the other with the
 * receipt that Keystone gives for those it has accepted.
 *
 * @since 0.1.0
 */
import type * as Config from "effect/Config"
import type * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type * as Layer from "effect/Layer"
import type * as Redacted from "effect/Redacted"
import type * as ConfigError from "../base/configError.js"
import { type AuthenticationError, InvalidOptions, type MissingAuthMethods } from "../Errors.js"
import type * as AuthPlugin from "../identity/AuthPlugin.js"
import type * as AuthMethod from "../login/AuthMethod.js"
import * as AuthType from "../login/AuthType.js"
import * as KeystoneV3 from "../login/keystoneV3.js"
import * as Plugin from "../login/plugin.js"
import type * as Session from "../session/Session.js"

/**
 * The methods, in the order in which they are shown, and what the token is for.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options extends AuthMethod.LoginOptions {
  /** For example `[Password.method({ ... }), Totp.method({ ... })]`: no two of one name, since Keystone takes one of each. */
  readonly methods: ReadonlyArray<AuthMethod.AuthMethod>
  /**
   * Asked when Keystone accepts these methods and wants more: which ones to show as well. May ask a person. Without it such a login
   * fails with `MissingAuthMethods`. Tokens are shared by plugins that have the same function, the very object: bind it to a
   * const.
   */
  readonly onMissing?:
    | ((missing: MissingAuthMethods) => Effect.Effect<ReadonlyArray<AuthMethod.AuthMethod>, AuthenticationError>)
    | undefined
}

/**
 * What Keystone has accepted before, as a method: the receipt of a `MissingAuthMethods`.
 *
 * @since 0.1.0
 * @category methods
 */
export const receipt = (receipt: Redacted.Redacted): AuthMethod.AuthMethod => KeystoneV3.receiptMethod(receipt)

/**
 * The plugin as a value. It sends nothing until it is used; what is wrong with the options is told then, as
 * `InvalidOptions`.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (options: Options): Effect.Effect<AuthPlugin.Service, never, Session.Session> =>
  KeystoneV3.make(options, {
    module: "MultiFactor",
    name: "v3multifactor",
    methods: options.methods,
    onMissing: options.onMissing
  })

/**
 * Requests below this layer are made as who can show all of this.
 *
 * @example
 * ```ts
 * import { Effect, Redacted } from "effect"
 * import { MultiFactor, Password, Totp } from "effect-keystoneauth"
 *
 * const demo = (askPasscode: Effect.Effect<Redacted.Redacted>) => {
 *   const user = { username: "demo", userDomainName: "Default" }
 *   return MultiFactor.layer({
 *     authUrl: "https://keystone.example.com/v3",
 *     methods: [
 *       Password.method({ ...user, password: Redacted.make("secret") }),
 *       Totp.method({ ...user, passcode: askPasscode })
 *     ],
 *     projectId: "21dced0fd20347869b93710d2b98aae0"
 *   })
 * }
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
 * The plugin that goes on where a login ended with `MissingAuthMethods`: the same options, with the methods that were missing. It logs
 * in once, since a receipt does not last.
 *
 * @example
 * ```ts
 * import { Effect, Redacted } from "effect"
 * import { type Adapter, MultiFactor, Totp } from "effect-keystoneauth"
 *
 * const listServers = (compute: Adapter.Client, passcode: string) =>
 *   compute.get("/servers").pipe(
 *     Effect.catchTag("MissingAuthMethods", (missing) =>
 *       compute.get("/servers").pipe(
 *         Effect.provide(MultiFactor.continueWith(missing, {
 *           authUrl: "https://keystone.example.com/v3",
 *           methods: [Totp.method({ username: "demo", userDomainName: "Default", passcode: Redacted.make(passcode) })]
 *         }))
 *       ))
 *   )
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const continueWith = (
  missing: MissingAuthMethods,
  options: Options
): Layer.Layer<AuthPlugin.AuthPlugin, never, Session.Session> =>
  layer({ ...options, methods: [receipt(missing.receipt), ...options.methods] })

const options = {
  ...AuthType.login,
  authMethods: AuthType.requiredList("auth_methods", { help: "names of the methods, such as v3password, v3totp" })
}

const name = "v3multifactor"

/** The types that are named in `auth_methods`. */
const typesOf = (
  given: AuthType.Given,
  lookup: AuthType.Lookup
): Either.Either<ReadonlyArray<AuthType.AuthType>, InvalidOptions> =>
  Either.flatMap(
    AuthType.decodeKnown(name, { authMethods: options.authMethods }, given),
    ({ authMethods }) =>
      Either.all(authMethods.map((method, index) =>
        Either.filterOrLeft(
          authMethods.indexOf(method) < index
            ? Either.left(
              new InvalidOptions({ module: name, option: "auth_methods", reason: `${method} is there more than once` })
            )
            : Either.mapLeft(lookup(method), ({ reason }) =>
              new InvalidOptions({ module: name, option: "auth_methods", reason })),
          (type) =>
            type.method !== undefined,
          ({ name: wrong }) =>
            new InvalidOptions({
              module: name,
              option: "auth_methods",
              reason: `${wrong} cannot be combined with others`
            })
        )
      ))
  )

/** Its own options, and those of the methods. */
const optionsFor = (given: AuthType.Given, lookup: AuthType.Lookup) =>
  Either.map(typesOf(given, lookup), (types) => {
    const byName = new Map(
      [...Object.values(options), ...types.flatMap((type) => type.options)].map((option) => [option.name, option])
    )
    return Array.from(byName.values())
  })

/**
 * `v3multifactor`, for configuration files: `auth_methods` names the methods, each once, and their options are beside it.
 *
 * @since 0.1.0
 * @category auth types
 */
export const authType: AuthType.AuthType = {
  name,
  options: Object.values(options),
  optionsFor,
  load: (given, lookup) =>
    Either.gen(function*() {
      yield* AuthType.checkNames(name, yield* optionsFor(given, lookup), given)
      const values = yield* AuthType.decodeKnown(name, options, given)
      const types = yield* typesOf(given, lookup)
      const methods = yield* Either.all(
        types.flatMap(({ method }) => method === undefined ? [] : [method(given)])
      )
      return make({ ...values, methods })
    }),
  method: undefined
}
