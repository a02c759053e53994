/** From settings to what the library takes: a plugin's options, those of Session and transport, and defaults for each service. */
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import type * as Adapter from "../../Adapter.js"
import * as ApiVersion from "../../ApiVersion.js"
import type * as AuthType from "../../AuthType.js"
import type * as Errors from "../../Errors.js"
import * as Microversion from "../../Microversion.js"
import * as ServiceType from "../../ServiceType.js"
import type * as Session from "../../Session.js"
import * as Setting from "../../Setting.js"
import * as Keys from "./keys.js"
import * as Suggestion from "./suggestion.js"
import * as Values from "./values.js"

/** How connections are made: what a transport is told. Files are named by path. */
export interface Tls {
  readonly insecure: boolean
  readonly caCert: string | undefined
  readonly clientCert: string | undefined
  readonly clientKey: string | undefined
}

export interface Decoded {
  readonly authType: string
  readonly auth: AuthType.Given
  readonly session: Session.Options
  readonly tls: Tls
  readonly service: (serviceType: ServiceType.ServiceType) => Adapter.Options
  readonly warnings: ReadonlyArray<Errors.ConfigProblem>
  readonly problems: ReadonlyArray<Errors.ConfigProblem>
}

/** Reads values and remembers what is wrong with them. */
interface Reader {
  readonly problems: Array<Errors.ConfigProblem>
  readonly warnings: Array<Errors.ConfigProblem>
  readonly get: <A>(
    key: string,
    decode: (value: Setting.Value) => Either.Either<A, string>
  ) => A | undefined
}

export const problem = (setting: Setting.Setting, reason: string): Errors.ConfigProblem => ({
  key: setting.key,
  where: Setting.describeSource(setting.source),
  reason
})

const reader = (settings: Setting.Settings): Reader => {
  const problems: Array<Errors.ConfigProblem> = []
  return {
    problems,
    warnings: [],
    get: (key, decode) => {
      const setting = settings.get(key)
      if (setting === undefined) {
        return undefined
      }
      const value = decode(setting.value)
      if (Either.isLeft(value)) {
        problems.push(problem(setting, value.left))
        return undefined
      }
      return value.right
    }
  }
}

export const decode = (settings: Setting.Settings, lookup: AuthType.Lookup): Decoded => {
  const read = reader(settings)
  checkKeys(settings, read)
  const authType = authTypeOf(read)
  const auth = readAuth(settings, authType, lookup, read)
  const session = readSession(read)
  const tls = readTls(settings, read)
  const service = readServices(settings, read)
  return { authType, auth, session, tls, service, warnings: read.warnings, problems: read.problems }
}

// -----------------------------------------------------------------------------
// keys
// -----------------------------------------------------------------------------

const checkKeys = (settings: Setting.Settings, read: Reader): void => {
  for (const setting of settings.values()) {
    if (setting.key.startsWith("auth.") || isAuthOutside(setting.key)) {
      continue
    }
    if (Keys.kindOf(setting.key) === undefined) {
      const known = Suggestion.closest(setting.key, Keys.names)
      read.warnings.push(
        problem(setting, `nobody knows this key${known === undefined ? "" : `; is ${known} meant?`}`)
      )
    }
  }
}

// -----------------------------------------------------------------------------
// who logs in
// -----------------------------------------------------------------------------

/** Names that plugins had before, and "none" in Python's words. */
const authTypes: Readonly<Record<string, string>> = { None: "none", token_endpoint: "admin_token" }

const authTypeOf = (read: Reader): string => {
  const given = read.get("auth_type", Values.text)
  return given === undefined ? "password" : authTypes[given] ?? given
}

const authOutside =
  /^(auth_url|username|user_id|password|passcode|token|auth_token|trust_id|system_scope|auth_methods|(project|tenant|domain|user_domain|project_domain|default_domain)_(id|name)|application_credential_(id|name|secret))$/

/** Some write them beside `auth`, where openstacksdk takes them too. */
const isAuthOutside = (key: string): boolean => authOutside.test(key)

/** What the plugin is told, from `auth` and from what stands beside it. */
const readAuth = (
  settings: Setting.Settings,
  authType: string,
  lookup: AuthType.Lookup,
  read: Reader
): AuthType.Given => {
  const type = lookup(authType)
  if (Either.isLeft(type)) {
    const setting = settings.get("auth_type") ?? { key: "auth_type", value: authType, source: { _tag: "Default" } }
    read.problems.push(problem(setting, type.left.reason))
    return {}
  }
  const found = withDefaultDomain(authSettings(settings, read))
  const given = Object.fromEntries([...found].map(([name, { value }]) => [name, value]))
  const options = Either.getOrElse(type.right.optionsFor(given, lookup), () => type.right.options)
  const known = new Map(
    options.flatMap((option) => [option.name, ...option.deprecated].map((name) => [underscored(name), option]))
  )
  const auth: Record<string, unknown> = {}
  for (const [name, setting] of found) {
    const option = known.get(name)
    if (option === undefined) {
      read.warnings.push(unknownOption(setting, authType, [...known.keys()]))
    } else {
      auth[name] = option.kind === "secret" && typeof setting.value === "string"
        ? Redacted.make(setting.value)
        : name === "auth_url"
        ? withRegion(setting, settings)
        : setting.value
    }
  }
  for (const option of options) {
    if (option.required && ![option.name, ...option.deprecated].some((name) => underscored(name) in auth)) {
      read.problems.push({
        key: `auth.${underscored(option.name)}`,
        where: "nowhere",
        reason: `${authType} needs it: ${option.help}`
      })
    }
  }
  return auth
}

const underscored = (name: string): string => name.replaceAll("-", "_")

/** The one text that openstacksdk takes for a template. */
const withRegion = ({ value }: Setting.Setting, settings: Setting.Settings): Setting.Value => {
  const region = settings.get("region_name")?.value
  return typeof value === "string" && typeof region === "string" ? value.replaceAll("{region_name}", region) : value
}

const unknownOption = (
  setting: Setting.Setting,
  authType: string,
  known: ReadonlyArray<string>
): Errors.ConfigProblem => {
  const meant = Suggestion.closest(setting.key.replace(/^auth\./, ""), known)
  return problem(
    setting,
    `${authType} has no such option and does without it${meant === undefined ? "" : `; is ${meant} meant?`}`
  )
}

/** By name, without the `auth.`. Two different values for one option are one too many. */
const authSettings = (settings: Setting.Settings, read: Reader): Map<string, Setting.Setting> => {
  const found = new Map<string, Setting.Setting>()
  for (const setting of settings.values()) {
    const outside = isAuthOutside(setting.key)
    if (!outside && !setting.key.startsWith("auth.")) {
      continue
    }
    const name = setting.key.replace(/^auth\./, "").replace(/^auth_token$/, "token")
    const other = found.get(name)
    if (other !== undefined && String(other.value) !== String(setting.value)) {
      read.problems.push(
        problem(setting, `it is given otherwise as ${other.key} (${Setting.describeSource(other.source)}); keep one`)
      )
    }
    found.set(name, setting)
  }
  return found
}

/** With a project, `domain_id` and `domain_name` mean the domain of the user and of the project. */
const withDefaultDomain = (found: ReadonlyMap<string, Setting.Setting>): ReadonlyMap<string, Setting.Setting> => {
  const scoped = ["project_id", "project_name", "tenant_id", "tenant_name"].some((name) => found.has(name))
  if (!scoped) {
    return found
  }
  const all = new Map(found)
  for (const part of ["id", "name"]) {
    const domain = all.get(`domain_${part}`)
    if (domain !== undefined) {
      all.delete(`domain_${part}`)
      for (const whose of ["user_domain", "project_domain"]) {
        if (!all.has(`${whose}_id`) && !all.has(`${whose}_name`)) {
          all.set(`${whose}_${part}`, domain)
        }
      }
    }
  }
  return all
}

// -----------------------------------------------------------------------------
// the wire
// -----------------------------------------------------------------------------

const readSession = (read: Reader): Session.Options => ({
  timeout: seconds(read.get("api_timeout", Values.number) ?? read.get("timeout", Values.number)),
  retries: readRetries(read, ""),
  limits: {
    requestsPerSecond: read.get("rate_limit", Values.number),
    concurrency: read.get("concurrency", Values.number)
  }
})

const seconds = (given: number | undefined): number | undefined => given === undefined ? undefined : given * 1000

const readRetries = (read: Reader, prefix: string): Adapter.Options["retries"] => ({
  connect: read.get(`${prefix}connect_retries`, Values.number),
  connectDelay: seconds(read.get(`${prefix}connect_retry_delay`, Values.number)),
  status: read.get(`${prefix}status_code_retries`, Values.number),
  statusDelay: seconds(read.get(`${prefix}status_code_retry_delay`, Values.number)),
  statuses: read.get(`${prefix}retriable_status_codes`, Values.numbers)
})

const readTls = (settings: Setting.Settings, read: Reader): Tls => {
  const insecure = read.get("insecure", Values.flag) ?? !(read.get("verify", verify) ?? true)
  const caCert = settings.get("cacert")
  if (insecure && caCert !== undefined) {
    read.warnings.push(problem(caCert, "it is not looked at, since nothing is checked (verify, insecure)"))
  }
  return {
    insecure,
    caCert: read.get("cacert", Values.text),
    clientCert: read.get("cert", Values.text),
    clientKey: read.get("key", Values.text)
  }
}

const verify = (value: Setting.Value): Either.Either<boolean, string> =>
  Either.mapLeft(Values.flag(value), (reason) => `${reason}; a file of authorities is given as cacert`)

// -----------------------------------------------------------------------------
// services
// -----------------------------------------------------------------------------

interface ServiceSettings {
  readonly options: Adapter.Options
}

/** All services that something is said about, read at once, so that what is wrong with one is told at once. */
const readServices = (
  settings: Setting.Settings,
  read: Reader
): (serviceType: ServiceType.ServiceType) => Adapter.Options => {
  const common = readCommon(read)
  const said = new Map<string, ServiceSettings>()
  const services = new Set(
    [...settings.keys()].flatMap((key) => {
      const service = Keys.serviceKey(key)?.service ?? /^(?:rate_limit|concurrency)\.(.+)$/.exec(key)?.[1]
      return service === undefined ? [] : [service.replaceAll("_", "-")]
    })
  )
  for (const service of services) {
    said.set(service, { options: readService(service, read) })
  }
  return (serviceType) => {
    const names = [serviceType.replaceAll("_", "-"), ...ServiceType.all(serviceType)]
    const own = names.map((name) => said.get(name)).find((found) => found !== undefined)
    return { serviceType, ...common, ...own?.options }
  }
}

const readCommon = (read: Reader): Adapter.Options =>
  defined({
    interface: read.get("interface", Values.texts),
    regionName: read.get("region_name", Values.text)
  })

const readService = (service: string, read: Reader): Adapter.Options => {
  const prefix = `${service.replaceAll("-", "_")}_`
  const versions = read.get(`${prefix}api_version`, (value) => Either.flatMap(Values.text(value), readVersion(service)))
  return defined({
    ...versions,
    serviceType: read.get(`${prefix}service_type`, Values.text),
    serviceName: read.get(`${prefix}service_name`, Values.text),
    interface: read.get(`${prefix}interface`, Values.texts),
    regionName: read.get(`${prefix}region_name`, Values.text),
    endpointOverride: read.get(`${prefix}endpoint_override`, Values.text) ?? read.get(`${prefix}endpoint`, Values.text),
    defaultMicroversion: read.get(`${prefix}default_microversion`, readMicroversion) ?? versions?.defaultMicroversion,
    retries: defined(readRetries(read, prefix) ?? {}),
    limits: defined({
      requestsPerSecond: read.get(`rate_limit.${service.replaceAll("-", "_")}`, Values.number),
      concurrency: read.get(`concurrency.${service.replaceAll("-", "_")}`, Values.number)
    })
  })
}

/** Without what nobody said, so that it does not hide what others say. */
const defined = <A extends object>(options: A): A =>
  Object.fromEntries(
    Object.entries(options).filter(([, value]) =>
      value !== undefined && !(typeof value === "object" && value !== null && Object.keys(value).length === 0)
    )
  ) as A

/** Services for which `compute_api_version: 2.79` means a microversion of 2. */
const microversioned = new Set([
  "accelerator",
  "baremetal",
  "baremetal-introspection",
  "block-storage",
  "compute",
  "container-infrastructure-management",
  "key-manager",
  "placement",
  "shared-file-system"
])

const readVersion =
  (service: string) =>
  (text: string): Either.Either<Pick<Adapter.Options, "version" | "defaultMicroversion">, string> => {
    const version = ApiVersion.fromUnknown(text, "api_version")
    if (Either.isLeft(version)) {
      return Either.left(`${JSON.stringify(text)} is no version, such as 2 or 2.79`)
    }
    const official = Option.getOrElse(ServiceType.official(service), () => service)
    const { major, minor } = version.right
    return microversioned.has(official) && minor !== 0 && Number.isFinite(minor) && Number.isFinite(major)
      ? Either.map(readMicroversion(text), (defaultMicroversion) => ({ version: major, defaultMicroversion }))
      : Either.right({ version: version.right })
  }

const readMicroversion = (value: Setting.Value): Either.Either<Microversion.Microversion, string> =>
  Either.flatMap(Values.text(value), (text) =>
    Either.mapLeft(
      Microversion.fromUnknown(text),
      () => `${JSON.stringify(text)} is no microversion, such as 2.79 or latest`
    ))
