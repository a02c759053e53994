/** Reads configuration values with a prefix: a section of a file, or environment variables with a common beginning. */
import * as Config from "effect/Config"
import * as Option from "effect/Option"

/** The name of a value. With an upper-case prefix it is a variable: with `OS`, `auth_url` is `OS_AUTH_URL`. */
const nameIn = (prefix: string | undefined, name: string): string =>
  prefix !== undefined && prefix === prefix.toUpperCase() ? name.toUpperCase() : name

const at = <A>(prefix: string | undefined, name: string, of: (name: string) => Config.Config<A>): Config.Config<A> => {
  const config = of(nameIn(prefix, name))
  return prefix === undefined ? config : Config.nested(config, prefix)
}

/** The full name of a value, for messages: `glance.region_name` or `OS_REGION_NAME`. */
export const describe = (prefix: string | undefined, name: string): string =>
  prefix === undefined ? name : `${prefix}${prefix === prefix.toUpperCase() ? "_" : "."}${nameIn(prefix, name)}`

/** A value, or `undefined` if it is not set. */
export const optional = <A>(
  prefix: string | undefined,
  name: string,
  of: (name: string) => Config.Config<A>
): Config.Config<A | undefined> => Config.map(Config.option(at(prefix, name, of)), Option.getOrUndefined)

/** A text, or `undefined` if it is empty or not set. */
export const text = (prefix: string | undefined, name: string): Config.Config<string | undefined> =>
  Config.map(optional(prefix, name, Config.string), (text) => text === "" ? undefined : text)

/** A list, or a text with commas; `undefined` if it is empty or not set. */
export const list = (prefix: string | undefined, name: string): Config.Config<ReadonlyArray<string> | undefined> =>
  Config.map(optional(prefix, name, (name) => Config.array(Config.string(), name)), (texts = []) => {
    // an empty list in a file is read as "<nil>"
    const given = texts.filter((text) => text !== "" && text !== "<nil>")
    return given.length === 0 ? undefined : given
  })
