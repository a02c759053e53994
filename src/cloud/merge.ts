/** Merges the layers of a cloud's settings into one, under the option names of its plugin. The strongest layer wins. */
import * as Either from "effect/Either"
import * as ConfigValue from "../base/configValue.js"
import type * as Errors from "../Errors.js"
import type * as AuthType from "../login/AuthType.js"
import * as Keys from "./keys.js"
import * as Problem from "./problem.js"
import * as Setting from "./Setting.js"

/** The settings of a cloud, each from the strongest layer that has it. */
export interface Merged {
  readonly authType: string
  /** The options of the plugin; empty if the plugin is unknown. */
  readonly options: ReadonlyArray<AuthType.Option<unknown>>
  readonly settings: Setting.Settings
  readonly warnings: ReadonlyArray<Errors.ConfigProblem>
  readonly problems: ReadonlyArray<Errors.ConfigProblem>
}

type Layer = ReadonlyArray<Setting.Setting>

/** Merges layers, of which the weakest comes first. */
export const merge = (layers: ReadonlyArray<Layer>, lookup: AuthType.Lookup): Merged => {
  const report: Report = { problems: [], warnings: [] }
  const current = layers.map((layer) =>
    rename(layer.filter(({ value }) => ConfigValue.isSet(value)), currentName, report)
  )
  const merged = mergeLayers(current)
  const named: Setting.Setting = merged.get("auth_type") ??
    { key: "auth_type", value: "password", source: { _tag: "Default" } }
  const authType = authTypeOf(named.value)
  const type = typeof named.value === "string" ? lookup(authType) : Either.left({
    reason: "expected one auth type, not a list; for several factors use v3multifactor with auth_methods"
  })
  if (Either.isLeft(type)) {
    report.problems.push(Problem.of(named, type.left.reason))
    return { authType, options: [], settings: merged, ...report }
  }
  const options = Either.getOrElse(
    type.right.optionsFor(authOf(merged), lookup),
    ({ option, reason }) => {
      const key = Keys.ofAuth(option)
      report.problems.push(Problem.of(merged.get(key) ?? { key, value: "", source: { _tag: "Default" } }, reason))
      return type.right.options
    }
  )
  const optionName = optionNames(options)
  const settings = mergeLayers(current.map((layer) => rename(layer, optionName, report)))
  return { authType, options, settings: withDefaultDomain(settings), ...report }
}

/** The plugin's settings, by option name. */
export const authOf = (settings: Setting.Settings): Readonly<Record<string, Setting.Value>> =>
  Object.fromEntries(
    [...settings.values()].flatMap(({ key, value }) => key.startsWith("auth.") ? [[key.slice(5), value]] : [])
  )

/** Older names of plugins, and Python's `None`. */
const authTypes: Readonly<Record<string, string>> = { None: "none", token_endpoint: "admin_token" }

const authTypeOf = (value: Setting.Value): string => {
  const name = String(value)
  return Object.hasOwn(authTypes, name) ? authTypes[name] ?? name : name
}

// -----------------------------------------------------------------------------
// names
// -----------------------------------------------------------------------------

interface Report {
  readonly problems: Array<Errors.ConfigProblem>
  readonly warnings: Array<Errors.ConfigProblem>
}

/** The current name of a key, and whether the key itself is deprecated. */
type NameOf = (key: string) => { readonly name: string; readonly deprecated: boolean }

/** Renames the settings of a layer. A setting that has the current name already wins over renamed ones. */
const rename = (layer: Layer, nameOf: NameOf, { problems, warnings }: Report): Layer => {
  const kept = new Map(
    layer.flatMap((setting) => nameOf(setting.key).name === setting.key ? [[setting.key, setting]] : [])
  )
  for (const setting of layer) {
    const { deprecated, name } = nameOf(setting.key)
    const other = kept.get(name)
    if (other === undefined) {
      kept.set(name, { ...setting, key: name })
      if (deprecated) {
        warnings.push(Problem.of(setting, `deprecated name of ${name}`))
      }
    } else if (
      other !== setting && setting.source._tag !== "Variable" && String(other.value) !== String(setting.value)
    ) {
      problems.push(
        Problem.of(setting, `differs from ${other.key} (${Setting.describeSource(other.source)}); keep one`)
      )
    }
  }
  return [...kept.values()]
}

const scopes = ["project", "tenant", "domain", "user_domain", "project_domain", "default_domain"]

/** Plugin options that may also stand beside `auth`, as in openstacksdk. */
const besideAuth: ReadonlySet<string> = new Set([
  "auth_url",
  "username",
  "user_id",
  "password",
  "passcode",
  "token",
  "auth_token",
  "trust_id",
  "system_scope",
  "auth_methods",
  "application_credential_secret",
  ...[...scopes, "application_credential"].flatMap((name) => [`${name}_id`, `${name}_name`])
])

const currentName: NameOf = (key) => {
  const name = Keys.currentName(key)
  return name !== key
    ? { name, deprecated: true }
    : {
      name: (besideAuth.has(key) ? `auth.${key}` : key).replace(/^auth\.auth_token$/, "auth.token"),
      deprecated: false
    }
}

/** The names that a plugin has for its options. "tenant" and "project" mean the same. */
const optionNames = (options: ReadonlyArray<AuthType.Option<unknown>>): NameOf => {
  const current = new Set(options.map(({ name }) => Keys.underscored(name)))
  const old = new Map(
    options.flatMap(({ deprecated, name }) => deprecated.map((old) => [Keys.underscored(old), Keys.underscored(name)]))
  )
  return (key) => {
    const name = key.replace(/^auth\./, "")
    if (name === key || current.has(name)) {
      return { name: key, deprecated: false }
    }
    const other = name.startsWith("tenant_") ? name.replace("tenant", "project") : name.replace(/^project_/, "tenant_")
    const renamed = old.get(name) ?? (current.has(other) ? other : undefined)
    return { name: renamed === undefined ? key : `auth.${renamed}`, deprecated: old.has(name) }
  }
}

// -----------------------------------------------------------------------------
// layers
// -----------------------------------------------------------------------------

const things: ReadonlySet<string> = new Set(["user", "application_credential", ...scopes])

/** The thing that an option names, by id or by name: `project` for `auth.project_id`. */
const thingOf = (key: string): string | undefined => {
  const thing = key === "auth.username" ? "user" : /^auth\.(.+?)(?:_id|_name)?$/.exec(key)?.[1]
  return thing !== undefined && things.has(thing) ? thing : undefined
}

/** Later layers win. A name in a later layer also replaces the id of the same thing in an earlier one. */
const mergeLayers = (layers: ReadonlyArray<Layer>): Setting.Settings => {
  const all = new Map<string, Setting.Setting>()
  for (const layer of layers) {
    const named = new Set(layer.flatMap(({ key }) => thingOf(key) ?? []))
    for (const key of [...all.keys()]) {
      const thing = thingOf(key)
      if (thing !== undefined && named.has(thing)) {
        all.delete(key)
      }
    }
    for (const setting of layer) {
      all.set(setting.key, setting)
    }
  }
  return all
}

/** With a project, `domain_id` and `domain_name` mean the domain of the user and of the project. */
const withDefaultDomain = (settings: Setting.Settings): Setting.Settings => {
  const scoped = ["project_id", "project_name", "tenant_id", "tenant_name"].some((name) => settings.has(`auth.${name}`))
  if (!scoped) {
    return settings
  }
  const all = new Map(settings)
  for (const part of ["id", "name"]) {
    const domain = all.get(`auth.domain_${part}`)
    if (domain !== undefined) {
      all.delete(domain.key)
      for (const owner of ["user_domain", "project_domain"]) {
        if (!all.has(`auth.${owner}_id`) && !all.has(`auth.${owner}_name`)) {
          all.set(`auth.${owner}_${part}`, { ...domain, key: `auth.${owner}_${part}` })
        }
      }
    }
  }
  return all
}
