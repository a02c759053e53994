/** The suites about service types, catalogs and version documents. */
import { Array as Arr, Either, Option } from "effect"
import { ApiVersion, type EndpointFilter, ServiceCatalog, ServiceType, VersionDocument } from "effect-keystoneauth"
import type { Case, Outcome } from "../vectors.js"
import { parts, versionArgument } from "./versions.js"

type Input = Case["input"]

export type Json = Record<string, unknown>

export const serviceTypes = (input: Input): Outcome => {
  const type = String(input.service_type)
  switch (input.fn) {
    case "is_known":
      return Either.right(ServiceType.isKnown(type))
    case "is_official":
      return Either.right(ServiceType.isOfficial(type))
    case "is_alias":
      return Either.right(ServiceType.isAlias(type))
    case "get_service_type":
      return Either.right(Option.getOrNull(ServiceType.official(type)))
    case "get_all_types":
      // Python says None for no type
      return Either.right(ServiceType.all(type).map((name) => name === "" ? null : name))
    case "get_aliases":
      return Either.right(ServiceType.aliases(type))
    default:
      return Either.right(ServiceType.matches(String(input.requested), String(input.found)))
  }
}

// -----------------------------------------------------------------------------
// catalogs
// -----------------------------------------------------------------------------

const catalogOf = (token: Json): ServiceCatalog.ServiceCatalog => {
  const v3 = token["token"] as Json | undefined
  const v2 = token["access"] as Json | undefined
  const listed = v3 === undefined ? v2?.["serviceCatalog"] : v3["catalog"]
  return listed === undefined
    ? ServiceCatalog.empty
    : v3 === undefined
    ? ServiceCatalog.fromV2(listed)
    : ServiceCatalog.fromV3(listed)
}

/** Converts a filter. `null` is any interface; a missing one is `public`, except for methods that list endpoints. */
const catalogFilter = (filter: Json, method: string): EndpointFilter.CatalogFilter => {
  const text = (name: string) => (filter[name] ?? undefined) as string | undefined
  const given = filter["interface"] as string | ReadonlyArray<string> | null | undefined
  const lists = method === "get_endpoints" || method === "get_endpoints_data"
  return {
    serviceType: text("service_type"),
    serviceName: text("service_name"),
    serviceId: text("service_id"),
    endpointId: text("endpoint_id"),
    regionName: text("region_name"),
    interface: given === undefined ? (lists ? undefined : "public") : given ?? undefined
  }
}

const endpoint = (endpoint: ServiceCatalog.ServiceEndpoint): Json => ({
  url: endpoint.url,
  service_type: endpoint.serviceType,
  service_name: endpoint.serviceName ?? null,
  service_id: endpoint.serviceId ?? null,
  interface: endpoint.interface ?? null,
  region_name: endpoint.regionName ?? null,
  endpoint_id: endpoint.endpointId ?? null,
  api_version: parts(Option.getOrUndefined(ApiVersion.fromUrl(endpoint.url)))
})

export const catalogSelect = (input: Input): Outcome => {
  const catalog = catalogOf(input.token as Json)
  const method = String(input.method)
  const filter = catalogFilter(input.filter as Json, method)
  const found = Either.fromOption(ServiceCatalog.find(catalog, filter), () => ServiceCatalog.notFound(catalog, filter))
  switch (method) {
    case "endpoint_data_for":
      return Either.map(found, endpoint)
    case "url_for":
      return Either.map(found, ({ url }) => url)
    case "get_urls":
      return Either.right(ServiceCatalog.endpoints(catalog, filter).map(({ url }) => url))
    case "get_endpoints_data":
      return Either.right(
        ServiceCatalog.select(catalog, filter).map((
          { endpoints, serviceType }
        ) => [serviceType, endpoints.map(endpoint)])
      )
    default:
      return Either.right(
        ServiceCatalog.select(catalog, filter).map(({ endpoints, serviceType }) => [
          serviceType,
          Arr.dedupe(endpoints.map(({ raw }) => raw))
        ])
      )
  }
}

// -----------------------------------------------------------------------------
// version documents
// -----------------------------------------------------------------------------

/** The document in an answer. An error has none. */
const documentOf = (input: Input): Either.Either<VersionDocument.VersionDocument, string> => {
  const response = input.response as Json
  if (Number(response["status"]) >= 400) {
    return Either.left("a refusal")
  }
  const { json, text } = response
  return Either.try({
    try: (): unknown => typeof text === "string" ? JSON.parse(text) : json,
    catch: () => "not JSON"
  }).pipe(
    Either.flatMap((body) =>
      VersionDocument.fromBody(String(input.url), body, (response["headers"] ?? {}) as Record<string, string>)
    )
  )
}

export const allow = (allow: unknown): EndpointFilter.Allow => {
  const { allow_deprecated, allow_experimental, allow_unknown } = (allow ?? {}) as Record<string, boolean | undefined>
  return { deprecated: allow_deprecated, experimental: allow_experimental, unknown: allow_unknown }
}

export const versionData = (data: VersionDocument.VersionData): Json => ({
  version: parts(data.version),
  url: data.url,
  collection: data.collection ?? null,
  max_microversion: parts(data.maxMicroversion),
  min_microversion: parts(data.minMicroversion),
  next_min_version: parts(data.nextMinVersion),
  not_before: data.notBefore ?? null,
  status: data.status,
  raw_status: data.rawStatus ?? null
})

/** Sorts oldest first. Equal versions stay in the document's order. */
export const ascending = (
  versions: ReadonlyArray<VersionDocument.VersionData>
): ReadonlyArray<VersionDocument.VersionData> => Arr.sortWith(versions, (data) => data.version, ApiVersion.Order)

export const discoveryParse = (input: Input): Outcome =>
  Either.map(documentOf(input), (document) => {
    const versions = VersionDocument.allowed(document, allow(input.allow))
    return (input.reverse === true ? versions : ascending(versions)).map(versionData)
  })

export const discoverySelect = (input: Input): Outcome => {
  const args = input.args as Json
  const method = String(input.method)
  return Either.gen(function*() {
    const document = yield* documentOf(input)
    const allowed = allow(args["allow"])
    const found = method.startsWith("versioned")
      ? VersionDocument.select(document, {
        range: yield* ApiVersion.range({
          minVersion: versionArgument(args["min_version"] ?? null),
          maxVersion: versionArgument(args["max_version"] ?? null)
        }),
        allow: allowed,
        url: args["url"] as string | undefined
      })
      : VersionDocument.newest(document, yield* ApiVersion.fromUnknown(args["version"]), allowed)
    return Option.match(found, {
      onNone: () => null,
      onSome: (data) => method.endsWith("url_for") ? data.url : versionData(data)
    })
  })
}
