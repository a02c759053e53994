/**
 * Version documents: the versions that a service offers, in all formats that OpenStack services use, and how one is
 * chosen.
 *
 * @since 0.1.0
 */
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as order from "effect/Order"
import { isRecord } from "effect/Predicate"
import * as Url from "../safety/url.js"
import * as ApiVersion from "./ApiVersion.js"
import * as EndpointFilter from "./EndpointFilter.js"
import * as Microversion from "./Microversion.js"

/**
 * The status of a version, as the API-SIG defines it. `STABLE` is read as `CURRENT`, and any other text as `UNKNOWN`.
 *
 * @since 0.1.0
 * @category models
 */
export type Status = "CURRENT" | "SUPPORTED" | "DEPRECATED" | "EXPERIMENTAL" | "UNKNOWN"

/**
 * One version of a service.
 *
 * @since 0.1.0
 * @category models
 */
export interface VersionData {
  readonly version: ApiVersion.ApiVersion
  /** The URL of the version: the document's `self` link, on the host of the document. */
  readonly url: string
  /** The `self` link as in the document, without user name and password. `undefined` if there is no document. */
  readonly link: string | undefined
  readonly collection: string | undefined
  readonly minMicroversion: Microversion.Microversion | undefined
  readonly maxMicroversion: Microversion.Microversion | undefined
  readonly nextMinVersion: Microversion.Microversion | undefined
  readonly notBefore: string | undefined
  readonly status: Status
  /** The status as in the document. `undefined` if there is no document. */
  readonly rawStatus: string | undefined
}

/**
 * A version document.
 *
 * @since 0.1.0
 * @category models
 */
export interface VersionDocument {
  /** The requested URL. */
  readonly url: string
  /** The URL that redirects led to, without user name, password and secret parameters. */
  readonly redirectedTo?: string | undefined
  /** Newest first. */
  readonly versions: ReadonlyArray<VersionData>
  /** A description of each broken entry. */
  readonly problems: ReadonlyArray<string>
}

/**
 * Reads a status as documents write it (keystoneauth's `Status.normalize`).
 *
 * @since 0.1.0
 * @category constructors
 */
export const statusFromText = (text: string): Status => {
  const status = text.toUpperCase()
  switch (status) {
    case "CURRENT":
    case "SUPPORTED":
    case "DEPRECATED":
    case "EXPERIMENTAL":
      return status
    case "STABLE":
      return "CURRENT"
    default:
      return "UNKNOWN"
  }
}

// -----------------------------------------------------------------------------
// reading
// -----------------------------------------------------------------------------

/**
 * Reads the body of a document, parsed from JSON. The formats, in this order: `versions.values` (Keystone), `versions`
 * (most services), `version` (a single one), and an object with an `id` (Ironic), whose microversions may be only in
 * the headers. Links are resolved on the host of the document, since many services behind a proxy do not know their
 * own address.
 *
 * Fails with a description of the body if it is not a version document. A broken entry is left out.
 *
 * @example
 * ```ts
 * import { VersionDocument } from "effect-keystoneauth"
 *
 * const document = VersionDocument.fromBody("http://controller:8774/", {
 *   versions: [{ id: "v2.1", status: "CURRENT", version: "2.96", min_version: "2.1", links: [{ rel: "self", href:
 * "/v2.1/" }] }] })
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const fromBody = (
  url: string,
  body: unknown,
  headers: Readonly<Record<string, string>> = {}
): Either.Either<VersionDocument, string> =>
  Either.map(entriesOf(body, headers), (entries) => {
    const versions: Array<VersionData> = []
    const problems: Array<string> = []
    for (const entry of entries) {
      const read = readEntry(url, entry)
      if (typeof read === "string") {
        problems.push(read)
      } else {
        versions.push(read)
      }
    }
    versions.sort(newestFirst)
    return { url, versions, problems }
  })

const newestFirst = order.reverse(order.mapInput(ApiVersion.Order, (data: VersionData) => data.version))

const entriesOf = (
  body: unknown,
  headers: Readonly<Record<string, string>>
): Either.Either<ReadonlyArray<unknown>, string> => {
  if (Array.isArray(body)) {
    return Either.left("a list, not a version document")
  }
  if (!isRecord(body)) {
    return Either.left("not a version document")
  }
  const { version, versions } = body
  const listed = isRecord(versions) ? versions["values"] : versions
  if (Array.isArray(listed)) {
    return Either.right(listed)
  }
  if (isRecord(version)) {
    return Either.right([version])
  }
  if ("id" in body && listed === undefined) {
    return Either.right([{ ...fromHeaders(headers), ...body, status: "CURRENT" }])
  }
  return Either.left("JSON, but not a version document")
}

/** Old Ironic has its microversions in `X-OpenStack-Ironic-API-Minimum-Version` and `-Maximum-Version`. */
const fromHeaders = (headers: Readonly<Record<string, string>>): Record<string, string> => {
  const found: Record<string, string> = {}
  for (const name of Object.keys(headers)) {
    const key = name.toLowerCase()
    const value = headers[name]
    if (value !== undefined && key.startsWith("x-openstack")) {
      if (key.endsWith("api-minimum-version")) {
        found["min_version"] = value
      } else if (key.endsWith("api-maximum-version")) {
        found["max_version"] = value
      }
    }
  }
  return found
}

const readEntry = (documentUrl: string, entry: unknown): VersionData | string => {
  if (!isRecord(entry) || entry["id"] === undefined) {
    return "an entry has no id"
  }
  const id = entry["id"]
  const version = ApiVersion.fromUnknown(typeof id === "string" ? id.replace(/^v+/, "") : id, "id")
  if (Either.isLeft(version)) {
    return version.left.message
  }
  const name = ApiVersion.format(version.right)
  const rawStatus = entry["status"]
  if (typeof rawStatus !== "string") {
    return `version ${name} has no status`
  }
  const links = Array.isArray(entry["links"]) ? entry["links"].filter(isRecord) : []
  const href = (rel: string) => {
    const link = links.findLast((link) => typeof link["rel"] === "string" && link["rel"].toLowerCase() === rel)
    const given = link?.["href"]
    return given === null ? "" : typeof given === "string" ? given : undefined
  }
  const link = href("self")
  const self = link === undefined ? undefined : tidy(link)
  if (self === undefined) {
    return `version ${name} has no self link`
  }
  // a link that is only the address of another host does not tell the path on this host
  const url = repairLink(
    documentUrl,
    /^([a-z]+:)?\/\/[^/?#]*\/?$/i.test(self) && !sameHost(documentUrl, self) ? "" : self
  )
  if (url === undefined) {
    return `version ${name} has a self link that is neither a URL nor a path`
  }
  const collection = href("collection")
  return Either.getOrElse(
    Either.all({
      minMicroversion: microversion(entry["min_version"], "min_version"),
      maxMicroversion: microversion(entry["max_version"] || entry["version"], "max_version"),
      nextMinVersion: microversion(entry["next_min_version"], "next_min_version")
    }).pipe(Either.map((microversions): VersionData => ({
      version: version.right,
      url,
      link: link?.includes("@") === true ? Url.shown(link) : link,
      collection: collection === undefined ? undefined : repairLink(documentUrl, tidy(collection)),
      ...microversions,
      notBefore: typeof entry["not_before"] === "string" && entry["not_before"] !== ""
        ? entry["not_before"]
        : undefined,
      status: statusFromText(rawStatus),
      rawStatus
    }))),
    (error) => `version ${name}: ${error.message}`
  )
}

/** The link as `URL` would read it. */
const tidy = (link: string): string => link.trim().replaceAll("\\", "/").replace(/[\t\n\r]/g, "")

/** Services without microversions leave the field out, or write `null`, `""` or `0`. */
const microversion = (value: unknown, field: string) =>
  value ? Microversion.fromUnknown(value, field) : Either.right(undefined)

/**
 * Resolves a link on the scheme and host of its document. If the link has another host (or http behind https, without
 * the document's path), its path is wrong too: only its last segment is used, appended to the document's path unless
 * that already ends with it. A link that is not a URL, such as one with two ports, is treated the same.
 */
const repairLink = (documentUrl: string, link: string): string | undefined => {
  const document = Url.withoutQuery(documentUrl)
  const here = Url.parse(Url.withTrailingSlash(document))
  if (here === undefined) {
    return undefined
  }
  const there = Url.parse(link, here)
  const origin = `${here.protocol}//${here.host}`
  const rest = there === undefined ? "" : there.search + there.hash
  // a service that does not know about the TLS in front of it does not know about a path prefix either
  const knowsItself = there?.protocol === here.protocol || there?.pathname.startsWith(here.pathname) === true
  if (there?.host === here.host && knowsItself) {
    // URL adds the root path to a bare address; the link has none
    return origin + (/^([a-z]+:)?\/\/[^/?#]*$/i.test(link) ? "" : there.pathname) + rest
  }
  // such as mailto:, which has neither host nor path
  if (there?.host === "" && !there.pathname.includes("/")) {
    return undefined
  }
  const path = withoutUser(link, there)
  const base = Url.withoutTrailingSlashes(here.pathname)
  const last = Url.withoutTrailingSlashes(path).split("/").pop() ?? ""
  if (Url.flaw(last, false) !== undefined) {
    return undefined
  }
  const slash = path.endsWith("/") ? "/" : ""
  return base.endsWith(last) ? document + rest : `${origin}${base}/${last}${slash}${rest}`
}

/** The link without scheme, user name, password and host, up to the query. */
const withoutUser = (link: string, url: URL | undefined): string =>
  url === undefined
    ? Url.withoutQuery(link.slice(link.lastIndexOf("@") + 1))
    : Url.withoutQuery(link).replace(/^[^/]*\/\/(?:[^/]*@)?/, "")

const sameHost = (a: string, b: string): boolean => URL.canParse(b, a) && new URL(b, a).host === new URL(a).host

// -----------------------------------------------------------------------------
// selection
// -----------------------------------------------------------------------------

/**
 * The versions that `allow` permits, newest first.
 *
 * @since 0.1.0
 * @category selection
 */
export const allowed = (
  self: VersionDocument,
  allow?: EndpointFilter.Allow
): ReadonlyArray<VersionData> => self.versions.filter((data) => EndpointFilter.allows(allow, data.status))

/**
 * Chooses a version as keystoneauth's `versioned_data_for` does: of the allowed versions, newest first, the first
 * whose URL is `url` or that is in the range. Without a range, the newest. The minimums `latest` and `2.latest`
 * choose the newest match.
 *
 * @since 0.1.0
 * @category selection
 */
export const select = (
  self: VersionDocument,
  options: {
    readonly range: ApiVersion.Range
    readonly url?: string | undefined
    readonly allow?: EndpointFilter.Allow | undefined
  }
): Option.Option<VersionData> => {
  const { allow, range, url } = options
  const candidates = allowed(self, allow)
  const open = range.min === undefined && range.max === undefined
  const found = candidates.find((data) =>
    (url !== undefined && Url.isSame(data.url, url)) ||
    (!open && (ApiVersion.softMatches(data.version, range.min) || ApiVersion.isInRange(data.version, range)))
  )
  return Option.fromNullable(found ?? (open ? candidates[0] : undefined))
}

/**
 * The newest allowed version that satisfies `required` (keystoneauth's `data_for`): the same major version, and not
 * older.
 *
 * @since 0.1.0
 * @category selection
 */
export const newest = (
  self: VersionDocument,
  required: ApiVersion.ApiVersion,
  allow?: EndpointFilter.Allow
): Option.Option<VersionData> =>
  Option.fromNullable(
    allowed(self, allow).find((data) =>
      ApiVersion.softMatches(data.version, required) || ApiVersion.satisfies(data.version, required)
    )
  )
