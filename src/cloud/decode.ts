/** Decodes merged settings into the options of the plugin, of Session and transport, and of adapters. */
import * as Either from "effect/Either"
import * as Redacted from "effect/Redacted"
import type * as ConfigValue from "../base/configValue.js"
import * as Printed from "../base/printed.js"
import type * as Errors from "../Errors.js"
import type * as AuthType from "../login/AuthType.js"
import * as ServiceType from "../model/ServiceType.js"
import * as Url from "../safety/url.js"
import type * as Adapter from "../session/Adapter.js"
import * as NamedOption from "../session/namedOption.js"
import type * as Session from "../session/Session.js"
import type * as TransportFactory from "../wire/TransportFactory.js"
import * as Keys from "./keys.js"
import * as Merge from "./merge.js"
import * as Problem from "./problem.js"
import type * as Setting from "./Setting.js"
import * as Suggestion from "./suggestion.js"

export interface Decoded {
  readonly auth: AuthType.Given
  readonly session: Session.Options
  readonly tls: TransportFactory.Tls
  readonly service: (serviceType?: ServiceType.ServiceType) => Adapter.Options
  readonly warnings: ReadonlyArray<Errors.ConfigProblem>
  readonly problems: ReadonlyArray<Errors.ConfigProblem>
}

export const decode = (merged: Merge.Merged): Decoded => {
  const reader = makeReader(merged)
  warnOfKeys(reader)
  return {
    auth: readAuth(merged, reader),
    session: { ...reader.readAll(NamedOption.session), ...readSending(reader, (name) => name, (name) => name) },
    tls: readTls(reader),
    service: readServices(reader),
    warnings: reader.warnings,
    problems: reader.problems
  }
}

/** Reads values, and collects what is wrong with them. */
interface Reader {
  readonly settings: Setting.Settings
  readonly problems: Array<Errors.ConfigProblem>
  readonly warnings: Array<Errors.ConfigProblem>
  readonly read: <A>(key: string, read: ConfigValue.Read<A>) => A | undefined
  /** The options of a table that are set. */
  readonly readAll: <Options extends object>(
    table: ReadonlyArray<NamedOption.NamedOption<Options>>,
    keyOf?: (name: string) => string,
    serviceType?: string
  ) => Partial<Options>
}

const makeReader = (merged: Merge.Merged): Reader => {
  const { settings } = merged
  const problems = [...merged.problems]
  const read: Reader["read"] = (key, read) => {
    const setting = settings.get(key)
    return setting === undefined ? undefined : Either.getOrElse(read(setting.value), (reason) => {
      problems.push(Problem.of(setting, reason))
      return undefined
    })
  }
  return {
    settings,
    problems,
    warnings: [...merged.warnings],
    read,
    readAll: (table, keyOf = (name) => name, serviceType) =>
      NamedOption.merge(
        table.map((option) => read(keyOf(option.name), (value) => option.read(value, serviceType)) ?? {})
      )
  }
}

const warnOfKeys = ({ settings, warnings }: Reader): void => {
  const seen = new Set<string>()
  for (const setting of settings.values()) {
    const [key = ""] = setting.key.split(".")
    if (key !== "auth" && Keys.statusOf(setting.key) === "unknown" && !seen.has(key)) {
      seen.add(key)
      warnings.push(Problem.of({ ...setting, key }, `unknown key${Suggestion.didYouMean(key, Keys.names)}`))
    }
  }
  const status = settings.get("status")
  if (status?.value === "deprecated" || status?.value === "shutdown") {
    const message = settings.get("message")?.value
    warnings.push(
      Problem.of(status, `the cloud is marked ${status.value}${message === undefined ? "" : `: ${String(message)}`}`)
    )
  }
}

/** Fills in `{region_name}`, the one placeholder of openstacksdk. */
const withRegion = <A>({ settings }: Reader, value: A): A | string => {
  const region = settings.get("region_name")?.value
  return typeof value === "string" && typeof region === "string" ? value.replaceAll("{region_name}", region) : value
}

// -----------------------------------------------------------------------------
// login
// -----------------------------------------------------------------------------

const readAuth = ({ authType, options }: Merge.Merged, reader: Reader): AuthType.Given => {
  const known = new Map(options.map((option) => [Keys.underscored(option.name), option]))
  const auth: Record<string, unknown> = {}
  for (const name of Object.keys(Merge.authOf(reader.settings))) {
    const key = Keys.ofAuth(name)
    const setting = reader.settings.get(key)
    const option = known.get(name)
    if (option !== undefined) {
      const value = reader.read(key, (value) => Either.map(option.decode(value), () => value))
      const filled = name === "auth_url" ? withRegion(reader, value) : value
      auth[name] = typeof filled !== "string"
        ? filled
        : option.kind === "secret"
        ? Redacted.make(filled)
        : Url.visible(filled)
    } else if (setting !== undefined && options.length > 0 && setting.source._tag !== "Variable") {
      // a variable may be meant for other programs
      reader.warnings.push(Problem.of(
        setting,
        `ignored, since auth type "${authType}" has no such option${Suggestion.didYouMean(name, [...known.keys()])}`
      ))
    }
  }
  for (const [name, { help, required }] of known) {
    if (required && !(name in auth)) {
      reader.problems.push({
        key: Keys.ofAuth(name),
        where: undefined,
        reason: `is required by auth type "${authType}" and is not set (${help})`
      })
    }
  }
  return auth
}

// -----------------------------------------------------------------------------
// sending
// -----------------------------------------------------------------------------

/** Retries and limits, as far as they are set. */
const readSending = (
  reader: Reader,
  retryKey: (name: string) => string,
  limitKey: (name: string) => string
): Pick<Adapter.Options, "retries" | "limits"> => {
  const retries = reader.readAll(NamedOption.retries, retryKey)
  const limits = reader.readAll(NamedOption.limits, limitKey)
  return {
    ...(Object.keys(retries).length === 0 ? {} : { retries }),
    ...(Object.keys(limits).length === 0 ? {} : { limits })
  }
}

const readTls = (reader: Reader): TransportFactory.Tls => {
  const { caCert, clientCert, clientKey, insecure = false } = reader.readAll(NamedOption.tls)
  const warn = (key: string, reason: string) => {
    const setting = reader.settings.get(key)
    if (setting !== undefined) {
      reader.warnings.push(Problem.of(setting, reason))
    }
  }
  if (insecure) {
    warn("cacert", "ignored, since certificates are not verified (verify, insecure)")
  }
  if (!reader.settings.has("cert")) {
    warn("key", "ignored, since cert is not set")
  }
  return {
    insecure,
    caCert: insecure ? undefined : caCert,
    clientCert,
    clientKey: reader.settings.has("cert") ? clientKey : undefined
  }
}

// -----------------------------------------------------------------------------
// services
// -----------------------------------------------------------------------------

/** Reads all services at once, so that all problems are reported together. */
const readServices = (reader: Reader): Decoded["service"] => {
  const whole = readEndpoint(reader, NamedOption.endpoint)
  const { interface: interfaces, regionName } = whole
  const common = {
    ...(interfaces === undefined ? {} : { interface: interfaces }),
    ...(regionName === undefined ? {} : { regionName })
  }
  const services = new Set([...reader.settings.keys()].flatMap((key) => Keys.serviceOf(key) ?? []))
  const configured = new Map([...services].map((service) => [service, readService(service, reader)]))
  return (serviceType) => {
    if (serviceType === undefined) {
      return printable(whole)
    }
    // options under the name that was asked for win over those under other names of the service
    const names = [serviceType.replaceAll("_", "-"), ...ServiceType.all(serviceType)].reverse()
    return printable({
      serviceType,
      ...common,
      ...NamedOption.merge(names.flatMap((name) => configured.get(name) ?? []))
    })
  }
}

const readService = (service: string, reader: Reader): Adapter.Options => {
  const name = Keys.underscored(service)
  const keyOf = (option: string) => `${name}_${option}`
  return {
    ...readEndpoint(reader, NamedOption.service, keyOf, service),
    ...readSending(reader, keyOf, (option) => `${option}.${name}`)
  }
}

const readEndpoint = (
  reader: Reader,
  table: ReadonlyArray<NamedOption.NamedOption<NamedOption.Endpoint>>,
  keyOf?: (name: string) => string,
  serviceType?: string
): Adapter.Options => {
  const options = reader.readAll(table, keyOf, serviceType)
  return options.endpointOverride === undefined
    ? options
    : { ...options, endpointOverride: withRegion(reader, options.endpointOverride) }
}

/** The options, which hide a URL with a password in it when they are printed. */
const printable = (options: Adapter.Options): Adapter.Options => {
  Object.setPrototypeOf(options, prototype)
  return options
}

const prototype = Printed.prototype<Adapter.Options>(
  ({ endpointOverride, ...options }) =>
    endpointOverride === undefined ? options : { ...options, endpointOverride: Url.visible(endpointOverride) },
  Object.prototype
)
