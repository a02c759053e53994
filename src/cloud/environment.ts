/** The settings that environment variables make. */
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as ConfigError from "../base/configError.js"
import * as ConfigValue from "../base/configValue.js"
import type * as AuthType from "../login/AuthType.js"
import * as ServiceType from "../model/ServiceType.js"
import * as NamedOption from "../session/namedOption.js"
import * as Keys from "./keys.js"
import type * as Setting from "./Setting.js"

const variableOf = (name: string): string => `OS_${Keys.underscored(name).toUpperCase()}`

/** Keys of the whole cloud that have a variable. */
const common: ReadonlyArray<string> = [
  ...[...NamedOption.endpoint, ...NamedOption.tls].map(({ name }) => name),
  "endpoint_type",
  "api_timeout"
]

const perService: ReadonlyArray<string> = ServiceType.officials
  .flatMap(ServiceType.all)
  .flatMap((type) => Keys.ofService.map((name) => `${Keys.underscored(type)}_${name}`))

/** Every variable that is read, with the key that it sets. */
const variables = (
  types: ReadonlyArray<AuthType.AuthType>
): ReadonlyArray<{ readonly name: string; readonly key: string }> => {
  const options = new Set(
    types.flatMap((type) => type.options.flatMap(({ deprecated, name }) => [name, ...deprecated]))
  )
  return [
    ...[...options].map((name) => ({ name: variableOf(name), key: Keys.ofAuth(name) })),
    ...[...common, ...perService].map((key) => ({ name: variableOf(key), key }))
  ]
}

/** The text of a variable that is set and not empty. */
export const variable = (name: string): Effect.Effect<Option.Option<string>, ConfigError.ConfigError> =>
  Effect.map(Config.option(Config.string(name)), Option.filter(ConfigValue.isSet))

const setting = (name: string, key: string): Effect.Effect<Option.Option<Setting.Setting>, ConfigError.ConfigError> =>
  Effect.map(variable(name), Option.map((value) => ({ key, value, source: { _tag: "Variable", name } })))

/** As in keystoneauth, `OS_AUTH_PLUGIN` counts only where `OS_AUTH_TYPE` is missing, not where it is empty. */
const authType: Effect.Effect<Option.Option<Setting.Setting>, ConfigError.ConfigError> = Effect.flatMap(
  Config.option(Config.string("OS_AUTH_TYPE")),
  Option.match({
    onNone: () => setting("OS_AUTH_PLUGIN", "auth_type"),
    onSome: () => setting("OS_AUTH_TYPE", "auth_type")
  })
)

/** All settings of the environment. */
export const settings = (
  types: ReadonlyArray<AuthType.AuthType>
): Effect.Effect<ReadonlyArray<Setting.Setting>, ConfigError.ConfigError> =>
  Effect.gen(function*() {
    const found = yield* Effect.forEach(variables(types), ({ key, name }) => setting(name, key))
    return [...found, yield* authType].flatMap(Option.toArray)
  })

/** The setting of `OS_REGION_NAME` alone. */
export const region: Effect.Effect<ReadonlyArray<Setting.Setting>, ConfigError.ConfigError> = Effect.map(
  setting("OS_REGION_NAME", "region_name"),
  Option.toArray
)

/** Whether the settings describe a cloud: they say where or how to log in. A stray `OS_REGION_NAME` does not. */
export const isCloud = (settings: ReadonlyArray<Setting.Setting>): boolean =>
  settings.some(({ key }) => ["auth_type", "auth.auth_url", "auth.endpoint", "auth.url"].includes(key))
