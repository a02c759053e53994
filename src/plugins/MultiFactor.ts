/**
 * Logs in to Keystone v3 with several methods (keystoneauth's `v3multifactor`): in one request, or one after the other
 * with the receipt that Keystone gives for those it has accepted.
 *
 * @since 0.1.0
 */
import type * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type * as Redacted from "effect/Redacted"
import type { AuthenticationError, InvalidOptions, MissingAuthMethods } from "../Errors.js"
import type * as AuthPlugin from "../identity/AuthPlugin.js"
import type * as AuthMethod from "../login/AuthMethod.js"
import * as AuthType from "../login/AuthType.js"
import * as KeystoneV3 from "../login/keystoneV3.js"
import * as Plugin from "../login/plugin.js"
import type * as Session from "../session/Session.js"

/**
 * The methods, in the order in which they are sent, and the scope of the token.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options extends AuthMethod.LoginOptions {
  /** For example `[Password.method({ ... }), Totp.method({ ... })]`. Each method once: Keystone takes one of each. */
  readonly methods: ReadonlyArray<AuthMethod.AuthMethod>
  /**
   * Gets further methods when Keystone accepts these and wants more; may ask a person. Without it such a login fails
   * with `MissingAuthMethods`. Plugins share a token only if they have the same function object: bind it to a const.
   */
  readonly onMissing?:
    | ((missing: MissingAuthMethods) => Effect.Effect<ReadonlyArray<AuthMethod.AuthMethod>, AuthenticationError>)
    | undefined
}

/**
 * The methods that Keystone has accepted before, as a method: the receipt of a `MissingAuthMethods`.
 *
 * @since 0.1.0
 * @category methods
 */
export const receipt = (receipt: Redacted.Redacted): AuthMethod.AuthMethod => KeystoneV3.receiptMethod(receipt)

/**
 * Makes the plugin as a value. Nothing is sent until it is used; invalid options fail with `InvalidOptions` then.
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
 * Authenticates requests with all these methods.
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
export const layer = Plugin.layer(make)

/**
 * Same as `layer`, with options from the configuration.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerConfig = Plugin.layerConfig(make)

/**
 * Continues a login that failed with `MissingAuthMethods`: takes the same options with the missing methods. It logs in
 * once, since a receipt does not last.
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
export const continueWith = (missing: MissingAuthMethods, options: Options) =>
  layer({ ...options, methods: [receipt(missing.receipt), ...options.methods] })

const options = {
  ...AuthType.login,
  authMethods: AuthType.requiredList("auth_methods", { help: "names of the methods, such as v3password, v3totp" })
}

const name = "v3multifactor"

/** The auth types that `auth_methods` names. */
const typesOf = (
  given: AuthType.Given,
  lookup: AuthType.Lookup
): Either.Either<ReadonlyArray<AuthType.AuthType>, InvalidOptions> =>
  Either.flatMap(
    AuthType.decodeKnown(name, { authMethods: options.authMethods }, given),
    ({ authMethods }) =>
      Either.all(authMethods.map((method, index) =>
        authMethods.indexOf(method) < index
          ? invalid(`${method} is there more than once`)
          : lookup(method).pipe(
            Either.orElse(({ reason }) => invalid(reason)),
            Either.flatMap((type) =>
              type.method === undefined ? invalid(`${type.name} cannot be combined with others`) : Either.right(type)
            )
          )
      ))
  )

const invalid = (reason: string): Either.Either<never, InvalidOptions> => Plugin.invalid(name, "auth_methods", reason)

/** The options of the plugin and those of the methods. */
const optionsFor = (given: AuthType.Given, lookup: AuthType.Lookup) =>
  Either.map(typesOf(given, lookup), (types) => {
    const byName = new Map(
      [...Object.values(options), ...types.flatMap((type) => type.options)].map((option) => [option.name, option])
    )
    return Array.from(byName.values())
  })

/**
 * The auth type `v3multifactor` for configuration files. `auth_methods` names the methods, and each adds its options.
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
