/**
 * A plugin by name, as configuration files choose it (`auth_type: v3password`): its options as data, and how it is made from
 * them. `AuthTypes` knows them all. The options are those of keystoneauth's loaders, and those that only its constructors take.
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
 * What kind of value an option takes:
 *
 * - `"text"`
 * - `"secret"`: a text that is never shown, or a `Redacted` one
 * - `"list"`: texts, or one with commas between them
 * - `"flag"`: true or false, also as text
 *
 * @since 0.1.0
 * @category models
 */
export type Kind = "text" | "secret" | "list" | "flag"

/**
 * One option of a plugin. `A` is what the plugin gets.
 *
 * @since 0.1.0
 * @category models
 */
export interface Option<out A> {
  /** As on a command line, after `--os-`: `auth-url`. In the environment it is `OS_AUTH_URL`, in a file `auth_url`. */
  readonly name: string
  readonly kind: Kind
  readonly required: boolean
  /** What to ask a person for it. */
  readonly prompt: string | undefined
  /** Names that it had, which are looked at after its own. */
  readonly deprecated: ReadonlyArray<string>
  readonly help: string
  /** From what is configured. `undefined` if it is not given. */
  readonly decode: (given: unknown) => Either.Either<A, string>
}

/**
 * Options by the names that the plugin's module has for them.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  readonly [name: string]: Option<unknown>
}

/**
 * What a plugin gets for its options.
 *
 * @since 0.1.0
 * @category models
 */
export type Values<O extends Options> = { readonly [K in keyof O]: O[K] extends Option<infer A> ? A : never }

/**
 * What is configured, by name: `{ auth_url: "...", username: "demo" }`. `-` and `_` are the same in names. Empty texts and `null`
 * are as if they were not there.
 *
 * @since 0.1.0
 * @category models
 */
export type Given = Readonly<Record<string, unknown>>

/**
 * The other plugins that can be named, for plugins that are made of others.
 *
 * @since 0.1.0
 * @category models
 */
export type Lookup = (name: string) => Either.Either<AuthType, InvalidOptions>

/**
 * A plugin by name.
 *
 * @since 0.1.0
 * @category models
 */
export interface AuthType {
  /** As keystoneauth calls it: `"v3password"`. */
  readonly name: string
  readonly options: ReadonlyArray<Option<unknown>>
  /** All options that apply, where some depend on the values of others. */
  readonly optionsFor: (given: Given, lookup: Lookup) => Either.Either<ReadonlyArray<Option<unknown>>, InvalidOptions>
  /** Checks what is given, and makes the plugin. Nothing is sent. */
  readonly load: (
    given: Given,
    lookup: Lookup
  ) => Either.Either<
    Effect.Effect<AuthPlugin.Service, never, Session.Session | Discovery.Discovery>,
    InvalidOptions
  >
  /** For `MultiFactor`, if this is one of Keystone v3's methods: other options than its own are not looked at. */
  readonly method: ((given: Given) => Either.Either<AuthMethod.AuthMethod, InvalidOptions>) | undefined
}

/**
 * @since 0.1.0
 * @category constructors
 */
export const make = <const O extends Options>(type: {
  readonly name: string
  readonly options: O
  /** What can be wrong with them besides. Default: nothing that `make` would not tell. */
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

/** What is there under an option's name, or else under one of those that it had. */
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
 * The values of options, from what is given. Fails with `InvalidOptions` for a name that is none of them, for what is missing (all of
 * it), and for a value of the wrong kind.
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
 * The same for some of the options: others may be there.
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
        reason: `needed, and not given: ${missing.map(({ help }) => help).join("; ")}`
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
 * Fails with `InvalidOptions` for a name that none of the options has or had.
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
        reason: `there is no such option; there are ${options.map(({ name }) => sameName(name)).join(", ")}`
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

/** The value is not told where it may be secret. */
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

/** A URL with a password in it may come as `Redacted`. */
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
 * @since 0.1.0
 * @category options
 */
export const text = (name: string, about: About): Option<string | undefined> =>
  option(name, "text", false, about, optional(decodeText))

/**
 * @since 0.1.0
 * @category options
 */
export const requiredText = (name: string, about: About): Option<string> =>
  option(name, "text", true, about, decodeText)

/**
 * @since 0.1.0
 * @category options
 */
export const requiredSecret = (name: string, about: About): Option<Redacted.Redacted> =>
  option(name, "secret", true, about, decodeSecret)

/**
 * @since 0.1.0
 * @category options
 */
export const requiredList = (name: string, about: About): Option<ReadonlyArray<string>> =>
  option(name, "list", true, about, decodeList)

/**
 * @since 0.1.0
 * @category options
 */
export const flag = (name: string, about: About): Option<boolean | undefined> =>
  option(name, "flag", false, about, optional(decodeFlag))

/**
 * @since 0.1.0
 * @category options
 */
export const authUrl = requiredText("auth-url", { help: "where Keystone is" })

/**
 * The scope of a token: one of project, domain, system, trust and unscoped.
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
  trustId: text("trust-id", { help: "id of the trust that is used" }),
  unscoped: flag("unscoped", { help: "a token for nothing yet, even if the user has a default project" })
}

/**
 * What every plugin that logs in to Keystone v3 can be told.
 *
 * @since 0.1.0
 * @category options
 */
export const login = {
  authUrl,
  ...scope,
  includeCatalog: flag("include-catalog", { help: "whether the token comes with the catalog (true)" }),
  reauthenticate: flag("reauthenticate", { help: "whether to log in again when the token ends (true)" })
}

/**
 * What plugins that log in to Keystone v2.0 can be told.
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
 * A user by id or by name.
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
