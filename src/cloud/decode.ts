/** From settings to what the library takes: a plugin's options, those of Session and transport, and defaults for each service. */
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Printed from "../base/printed.js"
import type * as Errors from "../Errors.js"
import type * as AuthType from "../login/AuthType.js"
import * as ApiVersion from "../model/ApiVersion.js"
import * as Microversion from "../model/Microversion.js"
import * as ServiceType from "../model/ServiceType.js"
import * as Url from "../safety/url.js"
import type * as Adapter from "../session/Adapter.js"
import type * as Session from "../session/Session.js"
import type * as TransportFactory from "../wire/TransportFactory.js"
import * as Keys from "./keys.js"
import * as Resolve from "./resolve.js"
import type * as Setting from "./Setting.js"
import * as Suggestion from "./suggestion.js"
import * as Values from "./values.js"

export interface Decoded {
  readonly auth: AuthType.Given
  readonly session: Session.Options
  readonly tls: TransportFactory.Tls
  readonly service: (serviceType?: ServiceType.ServiceType) => Adapter.Options
  readonly warnings: ReadonlyArray<Errors.ConfigProblem>
  readonly problems: ReadonlyArray<Errors.ConfigProblem>
}

/** Reads values and remembers what is wrong with them. */
interface Reader {
  readonly settings: Setting.Settings
  readonly problems: Array<Errors.ConfigProblem>
  readonly warnings: Array<Errors.ConfigProblem>
  readonly get: <A>(
    key: string,
    decode: (value: Setting.Value) => Either.Either<A, string>
  ) => A | undefined
}

const reader = (resolved: Resolve.Resolved): Reader => {
  const problems = [...resolved.problems]
  return {
    settings: resolved.settings,
    problems,
    warnings: [...resolved.warnings],
    get: (key, decode) => {
      const setting = resolved.settings.get(key)
      if (setting === undefined) {
        return undefined
      }
      const value = decode(setting.value)
      if (Either.isLeft(value)) {
        problems.push(Resolve.problem(setting, value.left))
        return undefined
      }
      return value.right
    }
  }
}

export const decode = (resolved: Resolve.Resolved): Decoded => {
  const read = reader(resolved)
  checkKeys(read)
  return {
    auth: readAuth(resolved, read),
    session: readSession(read),
    tls: readTls(read),
    service: readServices(read),
    warnings: read.warnings,
    problems: read.problems
  }
}

const checkKeys = ({ settings, warnings }: Reader): void => {
  const told = new Set<string>()
  for (const setting of settings.values()) {
    const [key = ""] = setting.key.split(".")
    if (key !== "auth" && Keys.kindOf(setting.key) === undefined && !told.has(key)) {
      told.add(key)
      const known = Suggestion.closest(key, Keys.names)
      warnings.push(
        Resolve.problem(
          { ...setting, key },
          `nobody knows this key${known === undefined ? "" : `; is ${known} meant?`}`
        )
      )
    }
  }
  const status = settings.get("status")
  if (status?.value === "deprecated" || status?.value === "shutdown") {
    const message = settings.get("message")?.value
    warnings.push(
      Resolve.problem(
        status,
        `the cloud is marked ${status.value}${message === undefined ? "" : `: ${String(message)}`}`
      )
    )
  }
}

// -----------------------------------------------------------------------------
// who logs in
// -----------------------------------------------------------------------------

/** What the plugin is told. */
const readAuth = ({ authType, options }: Resolve.Resolved, read: Reader): AuthType.Given => {
  const known = new Map(options.map((option) => [Keys.underscored(option.name), option]))
  const auth: Record<string, unknown> = {}
  for (const [name] of Object.entries(Resolve.authOf(read.settings))) {
    const key = `auth.${name}`
    const setting = read.settings.get(key)
    const option = known.get(name)
    if (option !== undefined) {
      const value = read.get(key, (value) => Either.map(option.decode(value), () => value))
      const filled = name === "auth_url" ? withRegion(read, value) : value
      auth[name] = typeof filled !== "string"
        ? filled
        : option.kind === "secret"
        ? Redacted.make(filled)
        : Url.visible(filled)
    } else if (setting !== undefined && options.length > 0 && setting.source._tag !== "Variable") {
      // the environment may hold what is for others
      const meant = Suggestion.closest(name, [...known.keys()])
      read.warnings.push(
        Resolve.problem(
          setting,
          `${authType} has no such option and does without it${meant === undefined ? "" : `; is ${meant} meant?`}`
        )
      )
    }
  }
  for (const [name, { help, required }] of known) {
    if (required && !(name in auth)) {
      read.problems.push({ key: `auth.${name}`, where: "nowhere", reason: `${authType} needs it: ${help}` })
    }
  }
  return auth
}

/** The one text that openstacksdk takes for a template. */
const withRegion = <A extends Setting.Value | undefined>({ settings }: Reader, value: A): A | string => {
  const region = settings.get("region_name")?.value
  return typeof value === "string" && typeof region === "string" ? value.replaceAll("{region_name}", region) : value
}

// -----------------------------------------------------------------------------
// the wire
// -----------------------------------------------------------------------------

const readSession = (read: Reader): Session.Options =>
  defined({
    appName: read.get("app_name", Values.text),
    appVersion: read.get("app_version", Values.text),
    timeout: seconds(read.get("api_timeout", Values.positive) ?? read.get("timeout", Values.positive)),
    retries: readRetries(read, ""),
    limits: defined({
      requestsPerSecond: read.get("rate_limit", Values.positive),
      concurrency: read.get("concurrency", Values.whole)
    })
  })

const seconds = (given: number | undefined): number | undefined => given === undefined ? undefined : given * 1000

const readRetries = (read: Reader, prefix: string): Adapter.Options["retries"] =>
  defined({
    connect: read.get(`${prefix}connect_retries`, Values.count),
    connectDelay: seconds(read.get(`${prefix}connect_retry_delay`, Values.number)),
    status: read.get(`${prefix}status_code_retries`, Values.count),
    statusDelay: seconds(read.get(`${prefix}status_code_retry_delay`, Values.number)),
    statuses: read.get(`${prefix}retriable_status_codes`, Values.numbers)
  })

const readTls = (read: Reader): TransportFactory.Tls => {
  const { settings, warnings } = read
  const insecure = read.get("insecure", Values.flag) ?? !(read.get("verify", verify) ?? true)
  const [caCert, clientCert, clientKey] = [settings.get("cacert"), settings.get("cert"), settings.get("key")]
  if (insecure && caCert !== undefined) {
    warnings.push(Resolve.problem(caCert, "it is not looked at, since nothing is checked (verify, insecure)"))
  }
  if (clientKey !== undefined && clientCert === undefined) {
    warnings.push(Resolve.problem(clientKey, "it is not looked at without cert, the certificate that it belongs to"))
  }
  return {
    insecure,
    caCert: insecure ? undefined : read.get("cacert", Values.material),
    clientCert: read.get("cert", Values.material),
    clientKey: clientCert === undefined ? undefined : read.get("key", Values.material)
  }
}

const verify = (value: Setting.Value): Either.Either<boolean, string> =>
  Either.mapLeft(Values.flag(value), (reason) => `${reason}; a file of authorities is given as cacert`)

// -----------------------------------------------------------------------------
// services
// -----------------------------------------------------------------------------

/** All services that something is said about, read at once, so that what is wrong with one is told at once. */
const readServices = (read: Reader): Decoded["service"] => {
  const common = readCommon(read)
  const alone = shown({ ...common, ...readNamed("", "", read) })
  const services = new Set(
    [...read.settings.keys()].flatMap((key) => {
      const service = Keys.serviceKey(key)?.service ?? /^(?:rate_limit|concurrency)\.(.+)$/.exec(key)?.[1]
      return service === undefined ? [] : [service.replaceAll("_", "-")]
    })
  )
  const said = new Map([...services].map((service) => [service, readService(service, read)]))
  return (serviceType) => {
    if (serviceType === undefined) {
      return alone
    }
    const names = [serviceType.replaceAll("_", "-"), ...ServiceType.all(serviceType)]
    // what is said under the name that was asked for wins over what is said under other names of the service
    const own = names.flatMap((name) => said.get(name) ?? []).reduceRight(
      (weaker, stronger) => ({ ...weaker, ...stronger }),
      {}
    )
    return shown({ serviceType, ...common, ...own })
  }
}

/** The options, which hide a URL with a password in it when they are printed. */
const shown = (options: Adapter.Options): Adapter.Options => {
  Object.setPrototypeOf(options, prototype)
  return options
}

const prototype = Printed.prototype<Adapter.Options>(
  ({ endpointOverride, ...options }) =>
    endpointOverride === undefined ? options : { ...options, endpointOverride: Url.visible(endpointOverride) },
  Object.prototype
)

const readCommon = (read: Reader): Adapter.Options =>
  defined({ interface: read.get("interface", Values.texts), regionName: read.get("region_name", region) })

const region = (value: Setting.Value): Either.Either<string, string> =>
  Either.filterOrLeft(
    Values.text(value),
    (text) => !text.includes(","),
    () => "one region is wanted here; several stand in a list, under regions"
  )

/** What can be said of one service, or of the only one. */
const readNamed = (service: string, prefix: string, read: Reader): Adapter.Options =>
  defined({
    ...read.get(`${prefix}api_version`, (value) => Either.flatMap(Values.text(value), readVersion(service))),
    serviceType: read.get(`${prefix}service_type`, Values.text),
    serviceName: read.get(`${prefix}service_name`, Values.text),
    endpointOverride: withRegion(read, read.get(`${prefix}endpoint_override`, Values.text))
  })

const readService = (service: string, read: Reader): Adapter.Options => {
  const name = Keys.underscored(service)
  return defined({
    endpointOverride: withRegion(read, read.get(`${name}_endpoint`, Values.text)),
    ...readNamed(service, `${name}_`, read),
    ...defined({
      interface: read.get(`${name}_interface`, Values.texts),
      regionName: read.get(`${name}_region_name`, region),
      defaultMicroversion: read.get(`${name}_default_microversion`, readMicroversion)
    }),
    retries: readRetries(read, `${name}_`),
    limits: defined({
      requestsPerSecond: read.get(`rate_limit.${name}`, Values.positive),
      concurrency: read.get(`concurrency.${name}`, Values.whole)
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
