/** What a cloud can be told beside its `auth`: the keys of openstacksdk, and what kind of value each has. */
import * as ServiceType from "../model/ServiceType.js"

export type Kind = "text" | "flag" | "number" | "seconds" | "texts" | "numbers"

export const underscored = (key: string): string => key.replaceAll("-", "_")

const plain: Readonly<Record<string, Kind>> = {
  auth_type: "text",
  region_name: "text",
  interface: "texts",
  profile: "text",
  verify: "flag",
  insecure: "flag",
  cacert: "text",
  cert: "text",
  key: "text",
  app_name: "text",
  app_version: "text",
  api_timeout: "seconds",
  timeout: "seconds",
  connect_retries: "number",
  connect_retry_delay: "seconds",
  status_code_retries: "number",
  status_code_retry_delay: "seconds",
  retriable_status_codes: "numbers",
  service_type: "text",
  service_name: "text",
  endpoint_override: "text",
  api_version: "text",
  rate_limit: "number",
  concurrency: "number"
}

/** Keys that had other names. */
const renamed: ReadonlyMap<string, string> = new Map([
  ["auth_plugin", "auth_type"],
  ["cloud", "profile"],
  ["endpoint_type", "interface"]
])

/** What openstacksdk knows and this library has no use for. */
const others = new Set([
  "additional_user_agent",
  "cache",
  "client",
  "collect_timing",
  "database_backend",
  "disable_vendor_agent",
  "external_network",
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
  "vendor_hook",
  "verbose_level",
  "volume_api_version",
  "volume_service_type",
  "floating_ip_pools",
  "use_direct_get"
])

const perService: Readonly<Record<string, Kind>> = {
  api_version: "text",
  default_microversion: "text",
  endpoint_override: "text",
  endpoint: "text",
  service_type: "text",
  service_name: "text",
  interface: "texts",
  region_name: "text",
  connect_retries: "number",
  connect_retry_delay: "seconds",
  status_code_retries: "number",
  status_code_retry_delay: "seconds",
  retriable_status_codes: "numbers"
}

/** Of `compute_api_version`: whose it is, and what. */
export interface ServiceKey {
  /** With `-`, as in catalogs: `block-storage`. */
  readonly service: string
  readonly name: string
  readonly kind: Kind
}

export const serviceKey = (key: string): ServiceKey | undefined => {
  const suffix = Object.keys(perService)
    .filter((name) => key.endsWith(`_${name}`))
    .sort((a, b) => b.length - a.length)
    .find((name) => ServiceType.isKnown(key.slice(0, -name.length - 1)))
  return suffix === undefined
    ? undefined
    : {
      service: key.slice(0, -suffix.length - 1).replaceAll("_", "-"),
      name: suffix,
      kind: perService[suffix] ?? "text"
    }
}

/** The kind of a key's value; `"other"` if nobody here asks for it; `undefined` if nobody knows it. */
export const kindOf = (key: string): Kind | "other" | undefined => {
  if (Object.hasOwn(plain, key)) {
    return plain[key]
  }
  if (key.startsWith("rate_limit.") || key.startsWith("concurrency.")) {
    return "number"
  }
  const [first = ""] = key.split(".")
  return serviceKey(key)?.kind ??
    (others.has(first) || /^has_./.test(key) || /_disabled_reason$/.test(key) ? "other" : undefined)
}

/** What is a mapping by itself. */
const mappings = new Set(["auth", "rate_limit", "concurrency"])

/** May a mapping stand under this key? What nobody here asks for, or knows, is not looked at closely. */
export const isMapping = (key: string): boolean => {
  const kind = kindOf(key)
  return mappings.has(key) || kind === "other" || (kind === undefined && !key.startsWith("auth."))
}

/** All that are asked for by name. */
export const names: ReadonlyArray<string> = ["auth", "regions", ...Object.keys(plain)]

/** What can follow a service's name. */
export const serviceNames: ReadonlyArray<string> = Object.keys(perService)

/** The name that a key has now. */
export const newName = (key: string): string =>
  renamed.get(key) ?? (key.endsWith("_endpoint_type") ? key.replace(/endpoint_type$/, "interface") : key)
