/** Reads options from one section of the configuration: of a file, or variables with a common prefix. */
import * as Config from "effect/Config"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as ConfigError from "../base/configError.js"
import * as ConfigValue from "../base/configValue.js"
import * as NamedOption from "./namedOption.js"

/** An upper-case prefix means variables: under `OS`, `auth_url` is `OS_AUTH_URL`. */
const isVariables = (prefix: string): boolean => prefix === prefix.toUpperCase()

const nameIn = (prefix: string | undefined, name: string): string =>
  prefix !== undefined && isVariables(prefix) ? name.toUpperCase() : name

/** The full name of an option, for messages: `OS_AUTH_URL`, `glance.auth_url`. */
export const fullName = (prefix: string | undefined, name: string): string =>
  prefix === undefined ? name : `${prefix}${isVariables(prefix) ? "_" : "."}${nameIn(prefix, name)}`

const read = <A>(
  prefix: string | undefined,
  name: string,
  make: (name: string) => Config.Config<A>
): Config.Config<A | undefined> => {
  const config = make(nameIn(prefix, name))
  return Config.map(
    Config.option(prefix === undefined ? config : Config.nested(config, prefix)),
    Option.getOrUndefined
  )
}

/** The text of an option, which may be empty; `undefined` if it is missing. */
export const rawText = (prefix: string | undefined, name: string): Config.Config<string | undefined> =>
  read(prefix, name, Config.string)

/** The text of an option; `undefined` if it is not set. */
export const text = (prefix: string | undefined, name: string): Config.Config<string | undefined> =>
  Config.map(rawText(prefix, name), (text) => ConfigValue.isSet(text) ? text : undefined)

/** The items of an option that is a list, or text with commas; `undefined` if it is not set. */
export const list = (prefix: string | undefined, name: string): Config.Config<ReadonlyArray<string> | undefined> =>
  Config.map(read(prefix, name, (name) => Config.array(Config.string(), name)), (texts = []) => {
    // a ConfigProvider reads an empty list of a file as "<nil>"
    const items = texts.filter((text) => ConfigValue.isSet(text) && text !== "<nil>")
    return items.length === 0 ? undefined : items
  })

/** The options of a table that are set in this section. */
export const options = <Options extends object>(
  prefix: string | undefined,
  table: ReadonlyArray<NamedOption.NamedOption<Options>>
): Config.Config<Partial<Options>> => {
  const readOption = ({ kind, name, read }: NamedOption.NamedOption<Options>): Config.Config<Partial<Options>> => {
    const get: (prefix: string | undefined, name: string) => Config.Config<ConfigValue.Value | undefined> =
      kind === "list" ? list : text
    return Config.mapOrFail(get(prefix, name), (value) =>
      value === undefined
        ? Either.right({})
        : Either.mapLeft(read(value), (reason) => invalid(prefix, name, reason)))
  }
  return Config.map(Config.all(table.map(readOption)), NamedOption.merge)
}

export const invalid = (prefix: string | undefined, name: string, reason: string): ConfigError.ConfigError =>
  ConfigError.InvalidData([fullName(prefix, name)], reason)
