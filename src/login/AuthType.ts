/**
 * An auth type: a plugin that configuration chooses by name (`auth_type: v3password`), with its options as data.
 *
 * To add a plugin to this package, write a module in `plugins/` with `make`, `layer`, `layerConfig` and `authType`, and
 * list its `authType` in `AuthTypes.core`. To add one in your own program, make an auth type with `make` and provide
 * `AuthTypes.add`.
 *
 * The options are those of keystoneauth's loaders, and those that only its constructors take.
 *
 * @since 0.1.0
 */
import type * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as ConfigValue from "../base/configValue.js"
import type * as Discovery from "../endpoint/Discovery.js"
import { InvalidOptions } from "../Errors.js"
import type * as AuthPlugin from "../identity/AuthPlugin.js"
import type * as Session from "../session/Session.js"
import type * as AuthMethod from "./AuthMethod.js"

/**
 * The kind of value that an option takes:
 *
 * - `"text"`
 * - `"secret"`: a text that is never shown, or a `Redacted` text
 * - `"list"`: a list of texts, or one text with commas between them
 * - `"flag"`: true or false, also as text
 *
 * @since 0.1.0
 * @category models
 */
export type Kind = "text" | "secret" | "list" | "flag"

/**
 * One option of a plugin. `A` is its value after decoding.
 *
 * @since 0.1.0
 * @category models
 */
export interface Option<out A> {
  /** The name after `--os-` on a command line: `auth-url`. In the environment: `OS_AUTH_URL`; in a file: `auth_url`. */
  readonly name: string
  readonly kind: Kind
  readonly required: boolean
  /** The text that asks a person for the value. */
  readonly prompt: string | undefined
  /** Former names, which are read after `name`. */
  readonly deprecated: ReadonlyArray<string>
  readonly help: string
  /** Decodes the configured value, `undefined` if there is none. Fails with what is wrong with it. */
  readonly decode: (given: unknown) => Either.Either<A, string>
}

/**
 * Options by their names in the plugin's module: `authUrl`.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  readonly [name: string]: Option<unknown>
}

/**
 * The decoded values of options.
 *
 * @since 0.1.0
 * @category models
 */
export type Values<O extends Options> = { readonly [K in keyof O]: O[K] extends Option<infer A> ? A : never }

/**
 * The configured values, by name: `{ auth_url: "...", username: "demo" }`. `-` and `_` in names are the same. An empty
 * text or `null` counts as not given.
 *
 * @since 0.1.0
 * @category models
 */
export type Given = Readonly<Record<string, unknown>>

/**
 * Finds another auth type by name: `MultiFactor` finds its methods with it.
 *
 * @since 0.1.0
 * @category models
 */
export type Lookup = (name: string) => Either.Either<AuthType, InvalidOptions>

/**
 * A plugin that can be chosen by name.
 *
 * @since 0.1.0
 * @category models
 */
export interface AuthType {
  /** What keystoneauth calls it: `"v3password"`. */
  readonly name: string
  readonly options: ReadonlyArray<Option<unknown>>
  /** All options, where some depend on the values of others: those of `v3multifactor` depend on `auth_methods`. */
  readonly optionsFor: (given: Given, lookup: Lookup) => Either.Either<ReadonlyArray<Option<unknown>>, InvalidOptions>
  /** Checks the values and makes the plugin. Nothing is sent. */
  readonly load: (
    given: Given,
    lookup: Lookup
  ) => Either.Either<
    Effect.Effect<AuthPlugin.Service, never, Session.Session | Discovery.Discovery>,
    InvalidOptions
  >
  /** The method for `MultiFactor`, if this is a method of Keystone v3. Ignores options other than its own. */
  readonly method: ((given: Given) => Either.Either<AuthMethod.AuthMethod, InvalidOptions>) | undefined
}

/**
 * Makes an auth type from its options and from a function that makes the plugin.
 *
 * @example
 * ```ts
 * import { AuthType, Password } from "effect-keystoneauth"
 *
 * const corporate = AuthType.make({
 *   name: "corporate",
 *   options: {
 *     username: AuthType.requiredText("username", { help: "name in the directory" }),
 *     password: AuthType.password
 *   },
 *   make: (values) =>
 *     Password.make({ ...values, authUrl: "https://keystone.example.com/v3", userDomainName: "corporate" })
 * })
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = <const O extends Options>(type: {
  readonly name: string
  readonly options: O
  /** Checks the values together. Default: no check. */
  readonly check?: ((values: Values<O>) => Either.Either<unknown, InvalidOptions>) | undefined
  readonly make: (
    values: Values<O>
  ) => Effect.Effect<AuthPlugin.Service, never, Session.Session | Discovery.Discovery>
  readonly method?: ((values: Values<O>) => AuthMethod.AuthMethod) | undefined
}): AuthType => {
  const options = Object.values(type.options)
  const { method, name } = type
  return {
    name,
    options,
    optionsFor: () => Either.right(options),
    load: (given) =>
      Either.flatMap(
        decode(name, type.options, given),
        (values) => Either.map(type.check?.(values) ?? Either.void, () => type.make(values))
      ),
    method: method === undefined ? undefined : (given) => Either.map(decodeKnown(name, type.options, given), method)
  }
}

// -----------------------------------------------------------------------------
// decoding
// -----------------------------------------------------------------------------

const sameName = (name: string): string => name.toLowerCase().replaceAll("-", "_")

const isGiven = (value: unknown): boolean =>
  ConfigValue.isSet(Redacted.isRedacted(value) ? Redacted.value(value) : value)

/** The value under the option's name, or else under a former name. */
const find = (option: Option<unknown>, given: Given): unknown => {
  for (const name of [option.name, ...option.deprecated].map(sameName)) {
    const key = Object.keys(given).find((key) => sameName(key) === name && isGiven(given[key]))
    if (key !== undefined) {
      return given[key]
    }
  }
  return undefined
}

/**
 * Decodes the values of options. Fails with `InvalidOptions` for an unknown name, for missing options (all of them at
 * once), and for a value of the wrong kind.
 *
 * @since 0.1.0
 * @category decoding
 */
export const decode = <O extends Options>(
  type: string,
  options: O,
  given: Given
): Either.Either<Values<O>, InvalidOptions> =>
  Either.flatMap(checkNames(type, Object.values(options), given), () => decodeKnown(type, options, given))

/**
 * Decodes the values of some options, and ignores other names.
 *
 * @since 0.1.0
 * @category decoding
 */
export const decodeKnown = <O extends Options>(
  type: string,
  options: O,
  given: Given
): Either.Either<Values<O>, InvalidOptions> => {
  const missing = Object.values(options).filter((option) => option.required && !isGiven(find(option, given)))
  if (missing.length > 0) {
    return Either.left(
      new InvalidOptions({
        module: type,
        option: missing.map(({ name }) => sameName(name)).join(", "),
        reason: `required, and not set: ${missing.map(({ help }) => help).join("; ")}`
      })
    )
  }
  const values: Record<string, unknown> = {}
  for (const [name, option] of Object.entries(options)) {
    const value = option.decode(find(option, given))
    if (Either.isLeft(value)) {
      return Either.left(new InvalidOptions({ module: type, option: sameName(option.name), reason: value.left }))
    }
    values[name] = value.right
  }
  return Either.right(values as Values<O>)
}

/**
 * Fails with `InvalidOptions` for a name that no option has, neither now nor formerly.
 *
 * @since 0.1.0
 * @category decoding
 */
export const checkNames = (
  type: string,
  options: ReadonlyArray<Option<unknown>>,
  given: Given
): Either.Either<void, InvalidOptions> => {
  const known = new Set(options.flatMap(({ deprecated, name }) => [name, ...deprecated]).map(sameName))
  const unknown = Object.keys(given).filter((name) => !known.has(sameName(name)))
  return unknown.length === 0
    ? Either.void
    : Either.left(
      new InvalidOptions({
        module: type,
        option: unknown.join(", "),
        reason: `unknown option; the options are ${options.map(({ name }) => sameName(name)).join(", ")}`
      })
    )
}

// -----------------------------------------------------------------------------
// options
// -----------------------------------------------------------------------------

interface About {
  readonly help: string
  readonly prompt?: string | undefined
  readonly deprecated?: ReadonlyArray<string> | undefined
}

const kindOf = (value: unknown): string => value === null ? "null" : Array.isArray(value) ? "a list" : typeof value

/** Quotes the value unless it may be secret. */
const expected = (what: string, value: unknown, isSecret = false): string =>
  `it must be ${what}, not ${kindOf(value)}${
    isSecret || typeof value === "object" ? "" : ` (${JSON.stringify(value)}); in YAML, put it in quotes`
  }`

const option = <A>(
  name: string,
  kind: Kind,
  required: boolean,
  about: About,
  decode: Option<A>["decode"]
): Option<A> => ({
  name,
  kind,
  required,
  prompt: about.prompt,
  deprecated: about.deprecated ?? [],
  help: about.help,
  decode
})

/** A URL that contains a password may be `Redacted`. */
const decodeText = (given: unknown): Either.Either<string, string> => {
  const text = Redacted.isRedacted(given) ? Redacted.value(given) : given
  return Schema.is(Schema.String)(text) ? Either.right(text) : Either.left(expected("text", given, given !== text))
}

const decodeSecret = (given: unknown): Either.Either<Redacted.Redacted, string> =>
  Schema.is(Schema.RedactedFromSelf(Schema.String))(given)
    ? Either.right(given)
    : Schema.is(Schema.String)(given)
    ? Either.right(Redacted.make(given))
    : Either.left(expected("text", given, true))

const decodeList = (given: unknown): Either.Either<ReadonlyArray<string>, string> =>
  Schema.is(Schema.String)(given)
    ? Either.right(ConfigValue.split(given))
    : Schema.is(Schema.Array(Schema.String))(given)
    ? Either.right(given)
    : Either.left(expected("a list of texts", given))

const decodeFlag = (given: unknown): Either.Either<boolean, string> => {
  const flag = Schema.is(Schema.Boolean)(given) ? given : ConfigValue.parseFlag(String(given))
  return flag === undefined ? Either.left(expected("true or false", given)) : Either.right(flag)
}

const decodeSystem = (given: unknown): Either.Either<"all" | undefined, string> =>
  !isGiven(given)
    ? Either.right(undefined)
    : given === "all"
    ? Either.right("all")
    : Either.left("it can only be \"all\"")

const optional =
  <A>(decode: (given: unknown) => Either.Either<A, string>) => (given: unknown): Either.Either<A | undefined, string> =>
    isGiven(given) ? decode(given) : Either.right(undefined)

/**
 * An optional text.
 *
 * @since 0.1.0
 * @category options
 */
export const text = (name: string, about: About): Option<string | undefined> =>
  option(name, "text", false, about, optional(decodeText))

/**
 * A text that must be set.
 *
 * @since 0.1.0
 * @category options
 */
export const requiredText = (name: string, about: About): Option<string> =>
  option(name, "text", true, about, decodeText)

/**
 * A secret that must be set.
 *
 * @since 0.1.0
 * @category options
 */
export const requiredSecret = (name: string, about: About): Option<Redacted.Redacted> =>
  option(name, "secret", true, about, decodeSecret)

/**
 * A list of texts that must be set.
 *
 * @since 0.1.0
 * @category options
 */
export const requiredList = (name: string, about: About): Option<ReadonlyArray<string>> =>
  option(name, "list", true, about, decodeList)

/**
 * An optional flag.
 *
 * @since 0.1.0
 * @category options
 */
export const flag = (name: string, about: About): Option<boolean | undefined> =>
  option(name, "flag", false, about, optional(decodeFlag))

/**
 * The URL of Keystone.
 *
 * @since 0.1.0
 * @category options
 */
export const authUrl = requiredText("auth-url", { help: "URL of Keystone" })

/**
 * The URL of all services, for plugins without a catalog.
 *
 * @since 0.1.0
 * @category options
 */
export const endpoint = text("endpoint", { help: "URL of all services" })

/**
 * The password of a user.
 *
 * @since 0.1.0
 * @category options
 */
export const password = requiredSecret("password", { help: "password of the user", prompt: "Password: " })

/**
 * The token that a plugin exchanges for a new one.
 *
 * @since 0.1.0
 * @category options
 */
export const token = requiredSecret("token", { help: "token to exchange" })

/**
 * The scope of a token: a project, a domain, the system, a trust, or unscoped.
 *
 * @since 0.1.0
 * @category options
 */
export const scope = {
  systemScope: option(
    "system-scope",
    "text",
    false,
    { help: "\"all\", for a token for the whole system" },
    decodeSystem
  ),
  domainId: text("domain-id", { help: "id of the domain that the token is for" }),
  domainName: text("domain-name", { help: "name of the domain that the token is for" }),
  projectId: text("project-id", { help: "id of the project that the token is for" }),
  projectName: text("project-name", { help: "name of the project that the token is for" }),
  projectDomainId: text("project-domain-id", { help: "id of the domain that the project is in" }),
  projectDomainName: text("project-domain-name", { help: "name of the domain that the project is in" }),
  trustId: text("trust-id", { help: "id of the trust to use" }),
  unscoped: flag("unscoped", { help: "whether to get an unscoped token, even if the user has a default project" })
}

/**
 * The options of plugins that log in to Keystone v3.
 *
 * @since 0.1.0
 * @category options
 */
export const login = {
  authUrl,
  ...scope,
  includeCatalog: flag("include-catalog", { help: "whether the token comes with the catalog (default: true)" }),
  reauthenticate: flag("reauthenticate", { help: "whether to log in again when the token ends (default: true)" })
}

/**
 * The options of plugins that log in to Keystone v2.0.
 *
 * @since 0.1.0
 * @category options
 */
export const v2Login = {
  authUrl,
  tenantId: text("tenant-id", { help: "id of the project that the token is for" }),
  tenantName: text("tenant-name", { help: "name of the project that the token is for" }),
  trustId: scope.trustId,
  reauthenticate: login.reauthenticate
}

/**
 * A user, by id or by name and domain.
 *
 * @since 0.1.0
 * @category options
 */
export const user = {
  userId: text("user-id", { help: "id of the user" }),
  username: text("username", { help: "name of the user", deprecated: ["user-name"] }),
  userDomainId: text("user-domain-id", { help: "id of the domain that the user is in" }),
  userDomainName: text("user-domain-name", { help: "name of the domain that the user is in" })
}
