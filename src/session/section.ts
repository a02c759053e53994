/** Values of a configuration under a prefix: a section of a file, or variables that begin with it. */
import * as Config from "effect/Config"
import * as Option from "effect/Option"

/** A prefix in capitals means variables: under `OS`, `auth_url` is `OS_AUTH_URL`. */
const nameIn = (prefix: string | undefined, name: string): string =>
  prefix !== undefined && prefix === prefix.toUpperCase() ? name.toUpperCase() : name

const at = <A>(prefix: string | undefined, name: string, of: (name: string) => Config.Config<A>): Config.Config<A> => {
  const config = of(nameIn(prefix, name))
  return prefix === undefined ? config : Config.nested(config, prefix)
}

/** As people call it, in messages. */
export const describe = (prefix: string | undefined, name: string): string =>
  prefix === undefined ? name : `${prefix}${prefix === prefix.toUpperCase() ? "_" : "."}${nameIn(prefix, name)}`

/** `undefined` where it is not there. */
export const optional = <A>(
  prefix: string | undefined,
  name: string,
  of: (name: string) => Config.Config<A>
): Config.Config<A | undefined> => Config.map(Config.option(at(prefix, name, of)), Option.getOrUndefined)

/** `undefined` where it is not there, or empty. */
export const text = (prefix: string | undefined, name: string): Config.Config<string | undefined> =>
  Config.map(optional(prefix, name, Config.string), (text) => text === "" ? undefined : text)

/** A list, or a text with commas. `undefined` where it is not there, or empty. */
export const list = (prefix: string | undefined, name: string): Config.Config<ReadonlyArray<string> | undefined> =>
  Config.map(optional(prefix, name, (name) => Config.array(Config.string(), name)), (texts = []) => {
    // "<nil>" is what an empty list of a file is read as
    const given = texts.filter((text) => text !== "" && text !== "<nil>")
    return given.length === 0 ? undefined : given
  })
