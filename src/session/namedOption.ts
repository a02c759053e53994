/**
 * The options that configuration gives by name: one table for `Adapter.config`, `clouds.yaml`, the `OS_*` variables and
 * the command line.
 *
 * A new option is a new entry here.
 */
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as ConfigValue from "../base/configValue.js"
import * as ApiVersion from "../model/ApiVersion.js"
import type * as EndpointFilter from "../model/EndpointFilter.js"
import * as Microversion from "../model/Microversion.js"
import * as ServiceType from "../model/ServiceType.js"
import * as Material from "../safety/material.js"
import type * as Limiter from "../wire/Limiter.js"
import type * as RetryPolicy from "../wire/RetryPolicy.js"
import type * as TransportFactory from "../wire/TransportFactory.js"
import type * as Session from "./Session.js"

/** An option with a name in the configuration. */
export interface NamedOption<out Options> {
  /** As in files: `region_name`. The variable is `OS_REGION_NAME`. */
  readonly name: string
  /** How a `ConfigProvider` and the command line take it. Default: as text. */
  readonly kind?: "list" | "flag"
  readonly commandLine?: { readonly name: string; readonly help: string }
  /** Reads a value, for the given service if it is for one: the options that it sets, or the reason it is invalid. */
  readonly read: (value: ConfigValue.Value, serviceType?: string) => Either.Either<Partial<Options>, string>
}

const option = <A, Options>(
  name: string,
  read: ConfigValue.Read<A>,
  set: (value: A) => Partial<Options>,
  more: Pick<NamedOption<Options>, "kind" | "commandLine"> = {}
): NamedOption<Options> => ({ name, ...more, read: (value) => Either.map(read(value), set) })

const commandLine = (name: string, help: string): Pick<NamedOption<object>, "commandLine"> => ({
  commandLine: { name, help }
})

/** The options that several values of one table set; later values win. */
export const merge = <Options extends object>(values: ReadonlyArray<Partial<Options>>): Partial<Options> =>
  values.reduce<Partial<Options>>((all, value) => ({ ...all, ...value }), {})

// -----------------------------------------------------------------------------
// endpoint and version
// -----------------------------------------------------------------------------

/** The options of an adapter that choose endpoint and version. */
export interface Endpoint extends EndpointFilter.EndpointFilter, Pick<Session.EndpointOptions, "endpointOverride"> {
  readonly defaultMicroversion?: Microversion.Input | undefined
}

type EndpointOption = NamedOption<Endpoint>

const oneRegion: ConfigValue.Read<string> = (value) =>
  Either.filterOrLeft(
    ConfigValue.text(value),
    (text) => !text.includes(","),
    () => "expected one region; clouds.yaml lists several under \"regions\""
  )

const officialInterfaces: ConfigValue.Read<ReadonlyArray<string>> = (value) =>
  Either.flatMap(ConfigValue.list(value), (list) => {
    const wrong = list.find((name) => !["public", "internal", "admin"].includes(name))
    return wrong === undefined
      ? Either.right(list)
      : Either.left(`${JSON.stringify(wrong)} is not one of public, internal, admin`)
  })

const version: ConfigValue.Read<ApiVersion.ApiVersion> = (value) =>
  Either.flatMap(
    ConfigValue.text(value),
    (text) =>
      Either.mapLeft(ApiVersion.fromUnknown(text), () => `${JSON.stringify(text)} is not a version, such as 2 or 2.79`)
  )

const microversion: ConfigValue.Read<Microversion.Microversion> = (value) =>
  Either.flatMap(ConfigValue.text(value), (text) =>
    Either.mapLeft(
      Microversion.fromUnknown(text),
      () => `${JSON.stringify(text)} is not a microversion, such as 2.79 or latest`
    ))

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

const apiVersion: EndpointOption["read"] = (value, serviceType = "") =>
  Either.flatMap(version(value), (version): Either.Either<Partial<Endpoint>, string> => {
    const official = Option.getOrElse(ServiceType.official(serviceType), () => serviceType)
    const { major, minor } = version
    return microversioned.has(official) && minor !== 0 && Number.isFinite(minor) && Number.isFinite(major)
      ? Either.map(microversion(value), (defaultMicroversion) => ({ version: major, defaultMicroversion }))
      : Either.right({ version })
  })

const serviceType: EndpointOption = option(
  "service_type",
  ConfigValue.text,
  (serviceType) => ({ serviceType }),
  commandLine("os-service-type", "type of the service")
)

const serviceName: EndpointOption = option(
  "service_name",
  ConfigValue.text,
  (serviceName) => ({ serviceName }),
  commandLine("os-service-name", "name of the service in the catalog")
)

const regionName: EndpointOption = option(
  "region_name",
  oneRegion,
  (regionName) => ({ regionName }),
  commandLine("os-region-name", "name of the region")
)

const endpointOverride: EndpointOption = option(
  "endpoint_override",
  ConfigValue.text,
  (endpointOverride) => ({ endpointOverride }),
  commandLine("os-endpoint-override", "URL to use instead of the one in the catalog")
)

/** The options in a section of a service's configuration file. */
export const section: ReadonlyArray<EndpointOption> = [
  serviceType,
  serviceName,
  option("valid_interfaces", officialInterfaces, (list) => ({ interface: list }), { kind: "list" }),
  regionName,
  endpointOverride,
  option("version", version, (version) => ({ version })),
  option("min_version", version, (minVersion) => ({ minVersion })),
  option("max_version", version, (maxVersion) => ({ maxVersion }))
]

/** The options of a cloud for all services; also for one, with the service type in front: `compute_api_version`. */
export const endpoint: ReadonlyArray<EndpointOption> = [
  regionName,
  option(
    "interface",
    ConfigValue.list,
    (list) => ({ interface: list }),
    commandLine("os-interface", "public, internal or admin; several in order of preference")
  ),
  serviceType,
  serviceName,
  endpointOverride,
  { name: "api_version", ...commandLine("os-api-version", "version of the service"), read: apiVersion }
]

/** The options of a cloud for one service. `endpoint` is an older name of `endpoint_override`, which wins. */
export const service: ReadonlyArray<EndpointOption> = [
  { name: "endpoint", read: endpointOverride.read },
  ...endpoint,
  option("default_microversion", microversion, (defaultMicroversion) => ({ defaultMicroversion }))
]

// -----------------------------------------------------------------------------
// sending
// -----------------------------------------------------------------------------

/** Retries, in a section, and in a cloud for all services or for one. */
export const retries: ReadonlyArray<NamedOption<RetryPolicy.RetryPolicy>> = [
  option("connect_retries", ConfigValue.count, (connect) => ({ connect })),
  option("connect_retry_delay", ConfigValue.seconds, (connectDelay) => ({ connectDelay })),
  option("status_code_retries", ConfigValue.count, (status) => ({ status })),
  option("status_code_retry_delay", ConfigValue.seconds, (statusDelay) => ({ statusDelay })),
  option("retriable_status_codes", ConfigValue.numbers, (statuses) => ({ statuses }), { kind: "list" })
]

/** Limits of a cloud. Those of one service are in a mapping: `rate_limit: { compute: 5 }`. */
export const limits: ReadonlyArray<NamedOption<Limiter.Limits>> = [
  option("rate_limit", ConfigValue.positive, (requestsPerSecond) => ({ requestsPerSecond })),
  option("concurrency", ConfigValue.positiveCount, (concurrency) => ({ concurrency }))
]

/** Options of a cloud's Session. `timeout` is an older name of `api_timeout`, which wins. */
export const session: ReadonlyArray<NamedOption<Session.Options>> = [
  option("app_name", ConfigValue.text, (appName) => ({ appName })),
  option("app_version", ConfigValue.text, (appVersion) => ({ appVersion })),
  option("timeout", ConfigValue.positiveSeconds, (timeout) => ({ timeout })),
  option(
    "api_timeout",
    ConfigValue.positiveSeconds,
    (timeout) => ({ timeout }),
    commandLine("timeout", "how long to wait for an answer, in seconds")
  )
]

const verify: ConfigValue.Read<boolean> = (value) =>
  Either.mapLeft(ConfigValue.flag(value), (reason) => `${reason}; set cacert to a file of CA certificates`)

const material: ConfigValue.Read<Material.Material> = (value) => Either.map(ConfigValue.text(value), Material.hide)

/** TLS of a cloud. `insecure` wins over `verify`, which means the opposite. */
export const tls: ReadonlyArray<NamedOption<Partial<TransportFactory.Tls>>> = [
  option("verify", verify, (verify) => ({ insecure: !verify }), { kind: "flag" }),
  option("insecure", ConfigValue.flag, (insecure) => ({ insecure }), {
    kind: "flag",
    ...commandLine("insecure", "do not verify certificates: only for tests")
  }),
  option(
    "cacert",
    material,
    (caCert) => ({ caCert }),
    commandLine("os-cacert", "file of the CA certificates to trust")
  ),
  option("cert", material, (clientCert) => ({ clientCert }), commandLine("os-cert", "file of the client certificate")),
  option("key", material, (clientKey) => ({ clientKey }), commandLine("os-key", "file of the client certificate's key"))
]
