/**
 * The plugins that can be chosen by name, as configuration files do. All that need nothing but this package are there;
 * others are added, your own among them.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as ConfigError from "../base/configError.js"
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
 * The plugins of this package's core. `OAuth1.authType` is not among them, since it needs other packages: add it with `layerWith`.
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
 * The plugins that can be chosen by name here. Default: `core`.
 *
 * @since 0.1.0
 * @category tags
 */
export class AuthTypes extends Context.Reference<AuthTypes>()("effect-keystoneauth/AuthTypes", {
  defaultValue: () => core
}) {}

/**
 * Adds plugins to those that can be chosen by name. One that has the name of another takes its place.
 *
 * @example
 * ```ts
 * import { AuthType, AuthTypes, Password } from "effect-keystoneauth"
 *
 * // a site's own name for what everybody there uses
 * const corporate = AuthType.make({
 *   name: "corporate",
 *   options: {
 *     username: AuthType.requiredText("username", { help: "name in the directory" }),
 *     password: AuthType.requiredSecret("password", { help: "password in the directory", prompt: "Password: " })
 *   },
 *   make: (values) =>
 *     Password.make({ ...values, authUrl: "https://keystone.example.com/v3", userDomainName: "corporate" })
 * })
 *
 * const AuthTypesLive = AuthTypes.layerWith([corporate])
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layerWith = (types: ReadonlyArray<AuthType.AuthType>): Layer.Layer<never> =>
  Layer.effect(
    AuthTypes,
    Effect.map(AuthTypes, (known) => {
      const names = new Set(types.map(({ name }) => name))
      return [...known.filter(({ name }) => !names.has(name)), ...types]
    })
  )

/**
 * Looks types up by name in a list of them.
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
 * A plugin's type by name. Fails with `InvalidOptions` if there is none.
 *
 * @since 0.1.0
 * @category accessors
 */
export const get = (name: string): Effect.Effect<AuthType.AuthType, InvalidOptions> =>
  Effect.flatMap(AuthTypes, (types) => lookupIn(types)(name))

/**
 * A plugin by name, from options by name. Nothing is sent. Fails with `InvalidOptions` if there is no such plugin, for an option that
 * it does not have, for one that is missing or of the wrong kind, and for options that contradict each other.
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
  Effect.gen(function*() {
    const lookup = lookupIn(yield* AuthTypes)
    const type = yield* lookup(name)
    return yield* yield* type.load(given, lookup)
  })

/**
 * Requests below this layer are made by the plugin of this name.
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
 * @since 0.1.0
 * @category models
 */
export interface ConfigOptions {
  /** The plugin where the configuration names none. Default: it must name one. */
  readonly defaultType?: string | undefined
  /**
   * Names that a program had for options before it had this one: `{ username: ["admin_user"] }`. They are looked at after the
   * option's own names.
   */
  readonly oldNames?: Readonly<Record<string, ReadonlyArray<string>>> | undefined
}

/**
 * The plugin that the configuration names with `auth_type`, and its options beside it: as services have them in a section of their
 * files, and in variables. Any `ConfigProvider` serves.
 *
 * - `prefix` is the section. One in capitals means variables: under `OS` they are `OS_AUTH_TYPE`, `OS_AUTH_URL`, ...
 * - `auth_section` names another section, which is read in its place.
 * - Names that an option had are looked at after its own, and warned of.
 * - Only what the plugin can be told is read. What is empty is as if it were not there.
 *
 * Fails with `ConfigError` if no plugin is named, and with `InvalidOptions` as `load` does.
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
    const type = yield* lookup(yield* typeName(section, options.defaultType))
    const first = yield* readOptions(section, type.options, options)
    const all = yield* type.optionsFor(first.given, lookup)
    const { given, outdated } = yield* readOptions(section, all, options)
    yield* Effect.forEach(outdated, (message) => Effect.logWarning(message), { discard: true })
    return yield* yield* type.load(given, lookup)
  })

/**
 * The same as a layer.
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

/** `auth_plugin` is looked at only where there is no `auth_type` at all, not even an empty one: as in keystoneauth. */
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
        ConfigError.MissingData([key], `${key} is needed: it names the plugin, for example "v3password"`)
      ))
  })

/** What is given for options, and in which words what was found under a name of old is told. */
const readOptions = (
  section: string | undefined,
  options: ReadonlyArray<AuthType.Option<unknown>>,
  { oldNames = {} }: ConfigOptions
): Effect.Effect<
  { readonly given: AuthType.Given; readonly outdated: ReadonlyArray<string> },
  ConfigError.ConfigError
> =>
  Effect.gen(function*() {
    const given: Record<string, unknown> = {}
    const outdated: Array<string> = []
    for (const option of options) {
      const [name = "", ...before] = [option.name, ...option.deprecated].map((name) => name.replaceAll("-", "_"))
      for (const candidate of [name, ...before, ...oldNames[name] ?? []]) {
        const value = yield* option.kind === "list"
          ? ConfigSection.list(section, candidate)
          : ConfigSection.text(section, candidate)
        if (value !== undefined) {
          given[name] = option.kind === "secret" ? Redacted.make(value) : value
          if (candidate !== name) {
            outdated.push(
              `${ConfigSection.fullName(section, candidate)} is called ${ConfigSection.fullName(section, name)} now`
            )
          }
          break
        }
      }
    }
    return { given, outdated }
  })
