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
  /** The options that a value sets, or what is wrong with the value. `serviceType` is the service that it is for. */
  readonly read: (value: ConfigValue.Value, serviceType?: string) => Either.Either<Partial<Options>, string>
}

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

const serviceType: EndpointOption = {
  name: "service_type",
  commandLine: { name: "os-service-type", help: "type of the service" },
  read: (value) => Either.map(ConfigValue.text(value), (serviceType) => ({ serviceType }))
}

const serviceName: EndpointOption = {
  name: "service_name",
  commandLine: { name: "os-service-name", help: "name of the service in the catalog" },
  read: (value) => Either.map(ConfigValue.text(value), (serviceName) => ({ serviceName }))
}

const regionName: EndpointOption = {
  name: "region_name",
  commandLine: { name: "os-region-name", help: "name of the region" },
  read: (value) =>
    Either.filterOrLeft(
      ConfigValue.text(value),
      (text) => !text.includes(","),
      () => "expected one region; clouds.yaml lists several under \"regions\""
    ).pipe(Either.map((regionName) => ({ regionName })))
}

const endpointOverride: EndpointOption = {
  name: "endpoint_override",
  commandLine: { name: "os-endpoint-override", help: "URL to use instead of the one in the catalog" },
  read: (value) => Either.map(ConfigValue.text(value), (endpointOverride) => ({ endpointOverride }))
}

const version = (name: "version" | "minVersion" | "maxVersion"): EndpointOption["read"] => (value) =>
  Either.map(Either.flatMap(ConfigValue.text(value), readVersion), (version) => ({ [name]: version }))

const readVersion = (text: string): Either.Either<ApiVersion.ApiVersion, string> =>
  Either.mapLeft(
    ApiVersion.fromUnknown(text),
    () => `${JSON.stringify(text)} is not a version, such as 2 or 2.79`
  )

const readMicroversion = (text: string): Either.Either<Microversion.Microversion, string> =>
  Either.mapLeft(
    Microversion.fromUnknown(text),
    () => `${JSON.stringify(text)} is not a microversion, such as 2.79 or latest`
  )

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

const readApiVersion = (text: string, serviceType: string): Either.Either<Partial<Endpoint>, string> =>
  Either.flatMap(readVersion(text), (version): Either.Either<Partial<Endpoint>, string> => {
    const official = Option.getOrElse(ServiceType.official(serviceType), () => serviceType)
    const { major, minor } = version
    return microversioned.has(official) && minor !== 0 && Number.isFinite(minor) && Number.isFinite(major)
      ? Either.map(readMicroversion(text), (defaultMicroversion) => ({ version: major, defaultMicroversion }))
      : Either.right({ version })
  })

/** What a section of a service's configuration file has, under the names of keystoneauth's `adapter` options. */
export const section: ReadonlyArray<EndpointOption> = [
  serviceType,
  serviceName,
  {
    name: "valid_interfaces",
    kind: "list",
    read: (value) =>
      Either.flatMap(ConfigValue.list(value), (list) => {
        const wrong = list.find((name) => !["public", "internal", "admin"].includes(name))
        return wrong === undefined
          ? Either.right({ interface: list })
          : Either.left(`${JSON.stringify(wrong)} is not one of public, internal, admin`)
      })
  },
  regionName,
  endpointOverride,
  { name: "version", read: version("version") },
  { name: "min_version", read: version("minVersion") },
  { name: "max_version", read: version("maxVersion") }
]

/** What a cloud has for all services; also for one, with the service type in front: `compute_api_version`. */
export const endpoint: ReadonlyArray<EndpointOption> = [
  regionName,
  {
    name: "interface",
    commandLine: { name: "os-interface", help: "public, internal or admin; several in order of preference" },
    read: (value) => Either.map(ConfigValue.list(value), (list) => ({ interface: list }))
  },
  serviceType,
  serviceName,
  endpointOverride,
  {
    name: "api_version",
    commandLine: { name: "os-api-version", help: "version of the service" },
    read: (value, serviceType = "") =>
      Either.flatMap(ConfigValue.text(value), (text) => readApiVersion(text, serviceType))
  }
]

/** What a cloud has for one service only; `endpoint` is an older name of `endpoint_override`, which wins. */
export const service: ReadonlyArray<EndpointOption> = [
  { name: "endpoint", read: endpointOverride.read },
  ...endpoint,
  {
    name: "default_microversion",
    read: (value) =>
      Either.map(
        Either.flatMap(ConfigValue.text(value), readMicroversion),
        (defaultMicroversion) => ({ defaultMicroversion })
      )
  }
]

// -----------------------------------------------------------------------------
// sending
// -----------------------------------------------------------------------------

/** When requests are retried: in sections, and in a cloud for all services or for one. */
export const retries: ReadonlyArray<NamedOption<RetryPolicy.RetryPolicy>> = [
  {
    name: "connect_retries",
    read: (value) => Either.map(ConfigValue.count(value), (connect) => ({ connect }))
  },
  {
    name: "connect_retry_delay",
    read: (value) => Either.map(ConfigValue.seconds(value), (connectDelay) => ({ connectDelay }))
  },
  {
    name: "status_code_retries",
    read: (value) => Either.map(ConfigValue.count(value), (status) => ({ status }))
  },
  {
    name: "status_code_retry_delay",
    read: (value) => Either.map(ConfigValue.seconds(value), (statusDelay) => ({ statusDelay }))
  },
  {
    name: "retriable_status_codes",
    kind: "list",
    read: (value) => Either.map(ConfigValue.numbers(value), (statuses) => ({ statuses }))
  }
]

/** Limits of a cloud; those of one service are in a mapping: `rate_limit: { compute: 5 }`. */
export const limits: ReadonlyArray<NamedOption<Limiter.Limits>> = [
  {
    name: "rate_limit",
    read: (value) => Either.map(ConfigValue.positive(value), (requestsPerSecond) => ({ requestsPerSecond }))
  },
  {
    name: "concurrency",
    read: (value) => Either.map(ConfigValue.positiveCount(value), (concurrency) => ({ concurrency }))
  }
]

/** Options of a cloud's Session. `timeout` is an older name of `api_timeout`, which wins. */
export const session: ReadonlyArray<NamedOption<Session.Options>> = [
  { name: "app_name", read: (value) => Either.map(ConfigValue.text(value), (appName) => ({ appName })) },
  { name: "app_version", read: (value) => Either.map(ConfigValue.text(value), (appVersion) => ({ appVersion })) },
  { name: "timeout", read: (value) => Either.map(ConfigValue.positiveSeconds(value), (timeout) => ({ timeout })) },
  {
    name: "api_timeout",
    commandLine: { name: "timeout", help: "how long to wait for an answer, in seconds" },
    read: (value) => Either.map(ConfigValue.positiveSeconds(value), (timeout) => ({ timeout }))
  }
]

/** TLS of a cloud. `insecure` wins over `verify`, which means the opposite. */
export const tls: ReadonlyArray<NamedOption<TransportFactory.Tls>> = [
  {
    name: "verify",
    kind: "flag",
    read: (value) =>
      Either.mapBoth(ConfigValue.flag(value), {
        onLeft: (reason) => `${reason}; set cacert to a file of CA certificates`,
        onRight: (verify) => ({ insecure: !verify })
      })
  },
  {
    name: "insecure",
    kind: "flag",
    commandLine: { name: "insecure", help: "do not verify certificates: only for tests" },
    read: (value) => Either.map(ConfigValue.flag(value), (insecure) => ({ insecure }))
  },
  {
    name: "cacert",
    commandLine: { name: "os-cacert", help: "file of the CA certificates to trust" },
    read: (value) => Either.map(readMaterial(value), (caCert) => ({ caCert }))
  },
  {
    name: "cert",
    commandLine: { name: "os-cert", help: "file of the client certificate" },
    read: (value) => Either.map(readMaterial(value), (clientCert) => ({ clientCert }))
  },
  {
    name: "key",
    commandLine: { name: "os-key", help: "file of the client certificate's key" },
    read: (value) => Either.map(readMaterial(value), (clientKey) => ({ clientKey }))
  }
]

const readMaterial = (value: ConfigValue.Value): Either.Either<Material.Material, string> =>
  Either.map(ConfigValue.text(value), Material.hide)
