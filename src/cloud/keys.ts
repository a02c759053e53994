/** The keys of a cloud in `clouds.yaml`, under openstacksdk's names. */
import * as ServiceType from "../model/ServiceType.js"
import * as NamedOption from "../session/namedOption.js"

/** A key, as settings have it: with `_` for `-`. */
export const underscored = (key: string): string => key.replaceAll("-", "_")

/** The key of a plugin's option. */
export const ofAuth = (option: string): string => `auth.${underscored(option)}`

/** The keys that can follow the type of a service: `compute_api_version`. */
export const ofService: ReadonlyArray<string> = [...NamedOption.service, ...NamedOption.retries].map(({ name }) => name)

/** The keys of a whole cloud that have one value. */
const ofCloud: ReadonlyArray<string> = [
  "auth_type",
  "profile",
  ...[
    ...NamedOption.endpoint,
    ...NamedOption.retries,
    ...NamedOption.limits,
    ...NamedOption.session,
    ...NamedOption.tls
  ].map(({ name }) => name)
]

/** All keys of a whole cloud. */
export const names: ReadonlyArray<string> = ["auth", "regions", ...ofCloud]

/** Keys that have new names. */
const renamed: ReadonlyMap<string, string> = new Map([
  ["auth_plugin", "auth_type"],
  ["cloud", "profile"],
  ["endpoint_type", "interface"]
])

/** The current name of a key. */
export const currentName = (key: string): string =>
  renamed.get(key) ?? (key.endsWith("_endpoint_type") ? key.replace(/endpoint_type$/, "interface") : key)

/** Keys of openstacksdk that this library has no use for. */
const ignored = new Set([
  "additional_user_agent",
  "cache",
  "client",
  "collect_timing",
  "database_backend",
  "disable_vendor_agent",
  "external_network",
  "floating_ip_pools",
  "floating_ip_source",
  "force_ipv4",
  "image_api_use_tasks",
  "image_format",
  "image_status_code_retries",
  "internal_network",
  "log_file",
  "log_level",
  "message",
  "metrics",
  "nat_destination",
  "nat_source",
  "networks",
  "prefer_ipv6",
  "requires_floating_ip",
  "secgroup_source",
  "status",
  "strict_proxies",
  "timing",
  "use_direct_get",
  "vendor_hook",
  "verbose_level",
  "volume_api_version",
  "volume_service_type"
])

/** The service type of a key such as `compute_api_version` or `rate_limit.compute`, with `-` as in catalogs. */
export const serviceOf = (key: string): string | undefined => {
  const limited = /^(?:rate_limit|concurrency)\.(.+)$/.exec(key)?.[1]
  const types = ofService
    .filter((name) => key.endsWith(`_${name}`))
    .sort((a, b) => b.length - a.length)
    .map((name) => key.slice(0, -name.length - 1))
  return (limited ?? types.find(ServiceType.isKnown))?.replaceAll("_", "-")
}

/** Whether a key is known here, known to openstacksdk only, or unknown. */
export const statusOf = (key: string): "known" | "ignored" | "unknown" => {
  const [first = ""] = key.split(".")
  return ofCloud.includes(key) || serviceOf(key) !== undefined
    ? "known"
    : ignored.has(first) || /^has_./.test(key) || /_disabled_reason$/.test(key)
    ? "ignored"
    : "unknown"
}

const mappings = new Set(["auth", "rate_limit", "concurrency"])

/** Whether a mapping is allowed under a key: also under ignored and unknown keys, since nothing reads them. */
export const mayBeMapping = (key: string): boolean =>
  mappings.has(key) || (statusOf(key) !== "known" && !key.startsWith("auth."))
