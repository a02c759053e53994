/**
 * The auth types: the plugins that configuration can choose by name.
 *
 * To add a plugin to this package, write a module beside this one with `make`, `layer`, `layerConfig` and `authType`
 * (`Password` is an example), list its `authType` in `core` and the module in `index.ts`, and run `npm run exports`.
 * The tests in `test/everyPlugin.ts` then cover it. To add one in your own program, provide `AuthTypes.add`.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as ConfigError from "../base/configError.js"
import { toEffect } from "../base/either.js"
import type * as Discovery from "../endpoint/Discovery.js"
import { InvalidOptions } from "../Errors.js"
import * as AuthPlugin from "../identity/AuthPlugin.js"
import type * as AuthType from "../login/AuthType.js"
import * as ConfigSection from "../session/configSection.js"
import type * as Session from "../session/Session.js"
import * as AdminToken from "./AdminToken.js"
import * as ApplicationCredential from "./ApplicationCredential.js"
import * as GenericPassword from "./GenericPassword.js"
import * as GenericToken from "./GenericToken.js"
import * as HttpBasic from "./HttpBasic.js"
import * as MultiFactor from "./MultiFactor.js"
import * as NoAuth from "./NoAuth.js"
import * as OAuth2ClientCredential from "./OAuth2ClientCredential.js"
import * as OAuth2MtlsClientCredential from "./OAuth2MtlsClientCredential.js"
import * as Password from "./Password.js"
import * as Token from "./Token.js"
import * as Tokenless from "./Tokenless.js"
import * as Totp from "./Totp.js"
import * as V2Password from "./V2Password.js"
import * as V2Token from "./V2Token.js"

/**
 * The auth types that need no other packages. `OAuth1.authType` does: provide it with `add`.
 *
 * @since 0.1.0
 * @category models
 */
export const core: ReadonlyArray<AuthType.AuthType> = [
  AdminToken.authType,
  ApplicationCredential.authType,
  GenericPassword.authType,
  GenericToken.authType,
  HttpBasic.authType,
  MultiFactor.authType,
  NoAuth.authType,
  OAuth2ClientCredential.authType,
  OAuth2MtlsClientCredential.authType,
  Password.authType,
  Token.authType,
  Tokenless.authType,
  Totp.authType,
  V2Password.authType,
  V2Token.authType
]

/**
 * The auth types that can be chosen. Default: `core`.
 *
 * @since 0.1.0
 * @category tags
 */
export class AuthTypes extends Context.Reference<AuthTypes>()("effect-keystoneauth/AuthTypes", {
  defaultValue: () => core
}) {}

/**
 * Adds auth types to those that can be chosen. It replaces one of the same name.
 *
 * @example
 * ```ts
 * import { AuthType, AuthTypes, Password } from "effect-keystoneauth"
 *
 * // a site's own name for the plugin that everybody there uses
 * const corporate = AuthType.make({
 *   name: "corporate",
 *   options: {
 *     username: AuthType.requiredText("username", { help: "name in the directory" }),
 *     password: AuthType.password
 *   },
 *   make: (values) =>
 *     Password.make({ ...values, authUrl: "https://keystone.example.com/v3", userDomainName: "corporate" })
 * })
 *
 * const AuthTypesLive = AuthTypes.add([corporate])
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const add = (types: ReadonlyArray<AuthType.AuthType>): Layer.Layer<never> =>
  Layer.effect(
    AuthTypes,
    Effect.map(AuthTypes, (known) => {
      const names = new Set(types.map(({ name }) => name))
      return [...known.filter(({ name }) => !names.has(name)), ...types]
    })
  )

/**
 * The former name of `add`.
 *
 * @deprecated use `add`
 * @since 0.1.0
 * @category layers
 */
export const layerWith = (types: ReadonlyArray<AuthType.AuthType>): Layer.Layer<never> => add(types)

/**
 * Finds an auth type in a list by name. Fails with `InvalidOptions` if there is none.
 *
 * @since 0.1.0
 * @category accessors
 */
export const lookupIn = (types: ReadonlyArray<AuthType.AuthType>): AuthType.Lookup => (name) =>
  Either.fromNullable(types.find((type) => type.name === name), () =>
    new InvalidOptions({
      module: "AuthTypes",
      option: "auth_type",
      reason: `there is no ${JSON.stringify(name)}; there are ${types.map(({ name }) => name).sort().join(", ")}`
    }))

/**
 * Gets an auth type by name. Fails with `InvalidOptions` if there is none.
 *
 * @since 0.1.0
 * @category accessors
 */
export const get = (name: string): Effect.Effect<AuthType.AuthType, InvalidOptions> =>
  Effect.flatMap(AuthTypes, (types) => toEffect(lookupIn(types)(name)))

/**
 * Makes a plugin by the name of its auth type, from options by name. Nothing is sent. Fails with `InvalidOptions` for
 * an unknown auth type, for an option that is unknown, missing or of the wrong kind, and for options that contradict
 * each other.
 *
 * @example
 * ```ts
 * import { AuthTypes } from "effect-keystoneauth"
 *
 * const plugin = AuthTypes.load("v3password", {
 *   auth_url: "https://keystone.example.com/v3",
 *   username: "demo",
 *   password: "secret",
 *   user_domain_name: "Default"
 * })
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const load = (
  name: string,
  given: AuthType.Given
): Effect.Effect<AuthPlugin.Service, InvalidOptions, Session.Session | Discovery.Discovery> =>
  Effect.flatMap(AuthTypes, (types) => {
    const lookup = lookupIn(types)
    return Effect.flatten(toEffect(Either.flatMap(lookup(name), (type) => type.load(given, lookup))))
  })

/**
 * Authenticates requests with the plugin of this auth type: `load` as a layer.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerPlugin = (
  name: string,
  given: AuthType.Given
): Layer.Layer<AuthPlugin.AuthPlugin, InvalidOptions, Session.Session | Discovery.Discovery> =>
  Layer.effect(AuthPlugin.AuthPlugin, load(name, given))

// -----------------------------------------------------------------------------
// from the configuration
// -----------------------------------------------------------------------------

/**
 * How to read a plugin from the configuration.
 *
 * @since 0.1.0
 * @category models
 */
export interface ConfigOptions {
  /** The auth type if the configuration has no `auth_type`. Default: none, and `auth_type` is required. */
  readonly defaultType?: string | undefined
  /**
   * Former names of options in this program's configuration: `{ username: ["admin_user"] }`. They are read after the
   * names of the option itself.
   */
  readonly oldNames?: Readonly<Record<string, ReadonlyArray<string>>> | undefined
}

/**
 * Makes the plugin that the configuration chooses with `auth_type`, from the options beside it: in a section of a
 * service's configuration file, or in environment variables. Works with any `ConfigProvider`.
 *
 * - `prefix` is the section. A prefix in capitals means variables: under `OS` they are `OS_AUTH_TYPE`, `OS_AUTH_URL`,
 *   ...
 * - `auth_section` names another section, which is read instead.
 * - Former names of an option are read after its name, and logged as a warning.
 * - Only the options of the plugin are read. Empty values count as not given.
 *
 * Fails with `ConfigError` if there is no `auth_type`, and with `InvalidOptions` as `load` does.
 *
 * @since 0.1.0
 * @category constructors
 */
export const loadConfig = (
  prefix?: string,
  options: ConfigOptions = {}
): Effect.Effect<
  AuthPlugin.Service,
  ConfigError.ConfigError | InvalidOptions,
  Session.Session | Discovery.Discovery
> =>
  Effect.gen(function*() {
    const lookup = lookupIn(yield* AuthTypes)
    const section = (yield* ConfigSection.text(prefix, "auth_section")) ?? prefix
    const type = yield* toEffect(lookup(yield* typeName(section, options.defaultType)))
    const first = yield* readOptions(section, type.options, options)
    const all = yield* toEffect(type.optionsFor(first.given, lookup))
    const { given, warnings } = yield* readOptions(section, all, options)
    yield* Effect.forEach(warnings, (message) => Effect.logWarning(message), { discard: true })
    return yield* Effect.flatten(toEffect(type.load(given, lookup)))
  })

/**
 * Authenticates requests with the plugin that the configuration chooses: `loadConfig` as a layer.
 *
 * @example
 * ```ts
 * import { FetchHttpClient } from "@effect/platform"
 * import { Layer } from "effect"
 * import { AuthTypes, Session } from "effect-keystoneauth"
 *
 * // OS_AUTH_TYPE, OS_AUTH_URL, OS_USERNAME, ... from the environment
 * const Main = AuthTypes.layerConfig("OS", { defaultType: "password" }).pipe(
 *   Layer.provideMerge(Session.layer()),
 *   Layer.provide(FetchHttpClient.layer)
 * )
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layerConfig = (
  prefix?: string,
  options?: ConfigOptions
): Layer.Layer<
  AuthPlugin.AuthPlugin,
  ConfigError.ConfigError | InvalidOptions,
  Session.Session | Discovery.Discovery
> => Layer.effect(AuthPlugin.AuthPlugin, loadConfig(prefix, options))

/** Reads `auth_plugin` only if there is no `auth_type`, not even an empty one, as keystoneauth does. */
const typeName = (
  section: string | undefined,
  defaultType: string | undefined
): Effect.Effect<string, ConfigError.ConfigError> =>
  Effect.gen(function*() {
    const name = (yield* ConfigSection.rawText(section, "auth_type")) ??
      (yield* ConfigSection.rawText(section, "auth_plugin"))
    const key = ConfigSection.fullName(section, "auth_type")
    return name || defaultType ||
      (yield* Effect.fail(
        ConfigError.MissingData([key], `${key} is required, for example "v3password"`)
      ))
  })

/** The configured values of options, and warnings about former names. */
const readOptions = (
  section: string | undefined,
  options: ReadonlyArray<AuthType.Option<unknown>>,
  { oldNames = {} }: ConfigOptions
): Effect.Effect<
  { readonly given: AuthType.Given; readonly warnings: ReadonlyArray<string> },
  ConfigError.ConfigError
> =>
  Effect.gen(function*() {
    const given: Record<string, unknown> = {}
    const warnings: Array<string> = []
    for (const option of options) {
      const [name = "", ...before] = [option.name, ...option.deprecated].map((name) => name.replaceAll("-", "_"))
      for (const candidate of [name, ...before, ...oldNames[name] ?? []]) {
        const value = yield* option.kind === "list"
          ? ConfigSection.list(section, candidate)
          : ConfigSection.text(section, candidate)
        if (value !== undefined) {
          given[name] = option.kind === "secret" ? Redacted.make(value) : value
          if (candidate !== name) {
            warnings.push(
              `${ConfigSection.fullName(section, candidate)} is called ${ConfigSection.fullName(section, name)} now`
            )
          }
          break
        }
      }
    }
    return { given, warnings }
  })
