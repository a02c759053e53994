/** All layers as one: under the names that the plugin's options have, each value from the strongest layer that has it. */
import * as Either from "effect/Either"
import type * as Errors from "../Errors.js"
import type * as AuthType from "../login/AuthType.js"
import * as Keys from "./keys.js"
import * as Setting from "./Setting.js"

export interface Resolved {
  readonly authType: string
  /** Of the plugin; none if there is no such plugin. */
  readonly options: ReadonlyArray<AuthType.Option<unknown>>
  readonly settings: Setting.Settings
  readonly warnings: ReadonlyArray<Errors.ConfigProblem>
  readonly problems: ReadonlyArray<Errors.ConfigProblem>
}

type Settings = ReadonlyArray<Setting.Setting>

export const problem = (setting: Setting.Setting, reason: string): Errors.ConfigProblem => ({
  key: setting.key,
  where: Setting.describeSource(setting.source),
  reason
})

export const resolve = (layers: ReadonlyArray<Settings>, lookup: AuthType.Lookup): Resolved => {
  const problems: Array<Errors.ConfigProblem> = []
  const warnings: Array<Errors.ConfigProblem> = []
  // what is empty says nothing
  const said = layers.map((settings) => settings.filter(({ value }) => value !== ""))
  const plain = said.map((settings) => renamed(settings, plainName, { problems, warnings }))
  const merged = merge(plain)
  const named = merged.get("auth_type")
  const authType = authTypeOf(named?.value)
  const type = typeof named?.value === "object"
    ? Either.left({
      reason: "one plugin is wanted here, not a list; several factors are the auth_methods of v3multifactor"
    })
    : lookup(authType)
  if (Either.isLeft(type)) {
    problems.push(
      problem(named ?? { key: "auth_type", value: authType, source: { _tag: "Default" } }, type.left.reason)
    )
    return { authType, options: [], settings: merged, warnings, problems }
  }
  const options = Either.match(type.right.optionsFor(authOf(merged), lookup), {
    onLeft: ({ option, reason }) => {
      const key = `auth.${option}`
      const setting = merged.get(key) ?? { key, value: "", source: { _tag: "Default" } }
      problems.push(problem(setting, reason))
      return type.right.options
    },
    onRight: (options) => options
  })
  const optionName = optionNames(options)
  const all = merge(plain.map((settings) => renamed(settings, optionName, { problems, warnings })))
  return { authType, options, settings: withDefaultDomain(all), warnings, problems }
}

/** What is given to the plugin, by name. */
export const authOf = (settings: Setting.Settings): Readonly<Record<string, Setting.Value>> =>
  Object.fromEntries(
    [...settings.values()].flatMap(({ key, value }) => key.startsWith("auth.") ? [[key.slice(5), value]] : [])
  )

/** Names that plugins had before, and "none" in Python's words. */
const authTypes: Readonly<Record<string, string>> = { None: "none", token_endpoint: "admin_token" }

const authTypeOf = (given: Setting.Value | undefined): string => {
  const name = String(given ?? "password")
  return Object.hasOwn(authTypes, name) ? authTypes[name] ?? name : name
}

// -----------------------------------------------------------------------------
// names
// -----------------------------------------------------------------------------

interface Report {
  readonly problems: Array<Errors.ConfigProblem>
  readonly warnings: Array<Errors.ConfigProblem>
}

/** The name that a key has now, and whether the other one is to be given up. */
type NameOf = (key: string) => { readonly name: string; readonly deprecated: boolean }

/** One layer under new names: within it, what has the new name already wins. */
const renamed = (settings: Settings, nameOf: NameOf, { problems, warnings }: Report): Settings => {
  const kept = new Map(
    settings.flatMap((setting) => nameOf(setting.key).name === setting.key ? [[setting.key, setting]] : [])
  )
  for (const setting of settings) {
    const { deprecated, name } = nameOf(setting.key)
    const other = kept.get(name)
    if (other === undefined) {
      kept.set(name, { ...setting, key: name })
      if (deprecated) {
        warnings.push(problem(setting, `it is called ${name} now`))
      }
    } else if (
      other !== setting && setting.source._tag !== "Variable" && String(other.value) !== String(setting.value)
    ) {
      problems.push(
        problem(setting, `it is given otherwise as ${other.key} (${Setting.describeSource(other.source)}); keep one`)
      )
    }
  }
  return [...kept.values()]
}

const authOutside =
  /^(auth_url|username|user_id|password|passcode|token|auth_token|trust_id|system_scope|auth_methods|(project|tenant|domain|user_domain|project_domain|default_domain)_(id|name)|application_credential_(id|name|secret))$/

/** Some write what belongs to `auth` beside it, where openstacksdk takes it, too. */
const plainName: NameOf = (key) => {
  const name = Keys.newName(key)
  return name !== key
    ? { name, deprecated: true }
    : {
      name: (authOutside.test(key) ? `auth.${key}` : key).replace(/^auth\.auth_token$/, "auth.token"),
      deprecated: false
    }
}

/** The names of a plugin's options. Who writes "tenant" means the project, wherever that word is the plugin's. */
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

/** One thing, said by id or by name. */
const oneThing =
  /^auth\.(user|username|project|tenant|domain|user_domain|project_domain|default_domain|application_credential)(?:_(?:id|name))?$/

const thingOf = (key: string): string | undefined => oneThing.exec(key)?.[1]?.replace("username", "user")

/** Later layers win. Who says a name there does not mean the id that stands in an earlier one. */
const merge = (layers: ReadonlyArray<Settings>): Setting.Settings => {
  const all = new Map<string, Setting.Setting>()
  for (const settings of layers) {
    const things = new Set(settings.flatMap(({ key }) => thingOf(key) ?? []))
    for (const key of [...all.keys()]) {
      const thing = thingOf(key)
      if (thing !== undefined && things.has(thing)) {
        all.delete(key)
      }
    }
    for (const setting of settings) {
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
      for (const whose of ["user_domain", "project_domain"]) {
        if (!all.has(`auth.${whose}_id`) && !all.has(`auth.${whose}_name`)) {
          all.set(`auth.${whose}_${part}`, { ...domain, key: `auth.${whose}_${part}` })
        }
      }
    }
  }
  return all
}
