/** What the environment says, variable by variable, as settings. */
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as ConfigError from "../base/configError.js"
import type * as AuthType from "../login/AuthType.js"
import * as ServiceType from "../model/ServiceType.js"
import * as Keys from "./keys.js"
import type * as Setting from "./Setting.js"

const variableOf = (name: string): string => `OS_${name.toUpperCase().replaceAll("-", "_")}`

/** Names that are said of the whole cloud. */
const common: ReadonlyArray<string> = [
  "region_name",
  "interface",
  "endpoint_type",
  "cacert",
  "cert",
  "key",
  "insecure",
  "verify",
  "api_timeout",
  "service_type",
  "service_name",
  "endpoint_override",
  "api_version"
]

const services: ReadonlyArray<string> = ServiceType.officials.flatMap((type) =>
  ServiceType.all(type).map(Keys.underscored)
)

interface Variable {
  readonly name: string
  readonly key: string
}

/** Every variable that means something, with the key that it is a value for. */
const variables = (types: ReadonlyArray<AuthType.AuthType>): ReadonlyArray<Variable> => {
  const options = new Set(
    types.flatMap((type) => type.options.flatMap(({ deprecated, name }) => [name, ...deprecated]))
  )
  return [
    ...[...options].map((name) => ({ name: variableOf(name), key: `auth.${Keys.underscored(name)}` })),
    ...common.map((key) => ({ name: variableOf(key), key })),
    ...services.flatMap((service) =>
      Keys.serviceNames.map((name) => ({ name: variableOf(`${service}_${name}`), key: `${service}_${name}` }))
    )
  ]
}

/** A variable's text. An empty one is not set, as in every shell script that unsets one so. */
export const variable = (name: string): Effect.Effect<Option.Option<string>, ConfigError.ConfigError> =>
  Effect.map(Config.option(Config.string(name)), Option.filter((text) => text !== ""))

const setting = (name: string, key: string): Effect.Effect<Option.Option<Setting.Setting>, ConfigError.ConfigError> =>
  Effect.map(variable(name), Option.map((value) => ({ key, value, source: { _tag: "Variable", name } })))

/** `OS_AUTH_TYPE`, and only where it is not there at all `OS_AUTH_PLUGIN`, as in keystoneauth. */
const authType: Effect.Effect<Option.Option<Setting.Setting>, ConfigError.ConfigError> = Effect.flatMap(
  Config.option(Config.string("OS_AUTH_TYPE")),
  Option.match({
    onNone: () => setting("OS_AUTH_PLUGIN", "auth_type"),
    onSome: () => setting("OS_AUTH_TYPE", "auth_type")
  })
)

export const settings = (
  types: ReadonlyArray<AuthType.AuthType>
): Effect.Effect<ReadonlyArray<Setting.Setting>, ConfigError.ConfigError> =>
  Effect.gen(function*() {
    const found = yield* Effect.forEach(variables(types), ({ key, name }) => setting(name, key))
    return [...found, yield* authType].flatMap(Option.toArray)
  })

/** `OS_REGION_NAME` alone. */
export const region: Effect.Effect<ReadonlyArray<Setting.Setting>, ConfigError.ConfigError> = Effect.map(
  setting("OS_REGION_NAME", "region_name"),
  Option.toArray
)

/** Do they say where to log in, or with what? A stray `OS_REGION_NAME` makes no cloud. */
export const isCloud = (settings: ReadonlyArray<Setting.Setting>): boolean =>
  settings.some(({ key }) => ["auth_type", "auth.auth_url", "auth.endpoint", "auth.url"].includes(key))
