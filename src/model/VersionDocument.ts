/**
 * Version documents: what a service says about the versions it offers, in any of the shapes that OpenStack services have
 * used, and how one version is chosen from it.
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
 * How far a version is, in the words of the API-SIG. `STABLE` is read as `CURRENT`, what is not known as `UNKNOWN`.
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
  /** Where it lives: the document's `self` link on the host that was asked. */
  readonly url: string
  /** The `self` link as the document has it, without a user's name and password; `undefined` if no document says so. */
  readonly link: string | undefined
  readonly collection: string | undefined
  readonly minMicroversion: Microversion.Microversion | undefined
  readonly maxMicroversion: Microversion.Microversion | undefined
  readonly nextMinVersion: Microversion.Microversion | undefined
  readonly notBefore: string | undefined
  readonly status: Status
  /** As the document spells it; `undefined` if no document says so. */
  readonly rawStatus: string | undefined
}

/**
 * @since 0.1.0
 * @category models
 */
export interface VersionDocument {
  /** Where the document was asked for. */
  readonly url: string
  /** Where it was read, if redirects led there. As it may be shown: without user name, password and secret parameters. */
  readonly redirectedTo?: string | undefined
  /** Newest first. */
  readonly versions: ReadonlyArray<VersionData>
  /** What could not be used: a description of each broken entry. */
  readonly problems: ReadonlyArray<string>
}

/**
 * Reads a status as documents spell it (keystoneauth's `Status.normalize`).
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
 * Reads the body of a document, decoded from JSON. The shapes, in this order: `versions.values` (Keystone), `versions`
 * (most), `version` (one), and a bare object with an `id` (Ironic), whose microversions may be in the answer's headers
 * only. Links are taken on the host that was asked, since many services behind a proxy do not know their own address.
 *
 * Fails with a description of what it is instead. A broken entry makes that entry unusable, not the document.
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

/** Old Ironic says its microversions in `X-OpenStack-Ironic-API-Minimum-Version` and `-Maximum-Version`. */
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
  // the address of another host, without a path, says nothing about where this version is here
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

/** As `URL` reads it. */
const tidy = (link: string): string => link.trim().replaceAll("\\", "/").replace(/[\t\n\r]/g, "")

/** Services write "no microversions" as nothing, `null`, `""` or `0`. */
const microversion = (value: unknown, field: string) =>
  value ? Microversion.fromUnknown(value, field) : Either.right(undefined)

/**
 * Resolves a link of a document on the scheme and host that the document was read from. Where the link names another
 * host (or http behind https, without the document's path), its path is not ours: only its last segment is kept, below the
 * document's own path, unless that ends with it already. A link that is no URL, such as one with two ports, is treated alike.
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
  // a service that does not know of the TLS in front of it knows nothing of the path in front of it either
  const knowsItself = there?.protocol === here.protocol || there?.pathname.startsWith(here.pathname) === true
  if (there?.host === here.host && knowsItself) {
    // the platform writes the root path of a bare address; the link did not
    return origin + (/^([a-z]+:)?\/\/[^/?#]*$/i.test(link) ? "" : there.pathname) + rest
  }
  // neither host nor path, such as mailto:
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

/** What follows user name and password, up to the query. */
const withoutUser = (link: string, url: URL | undefined): string =>
  url === undefined
    ? Url.withoutQuery(link.slice(link.lastIndexOf("@") + 1))
    : Url.withoutQuery(link).replace(/^[^/]*\/\/(?:[^/]*@)?/, "")

const sameHost = (a: string, b: string): boolean => URL.canParse(b, a) && new URL(b, a).host === new URL(a).host

// -----------------------------------------------------------------------------
// selection
// -----------------------------------------------------------------------------

/**
 * The versions that may be chosen, newest first.
 *
 * @since 0.1.0
 * @category selection
 */
export const allowed = (
  self: VersionDocument,
  allow?: EndpointFilter.Allow
): ReadonlyArray<VersionData> => self.versions.filter((data) => EndpointFilter.allows(allow, data.status))

/**
 * Chooses a version as keystoneauth's `versioned_data_for` does. Of the allowed versions, newest first, the first one
 * whose link is `url`, or that lies in the range; without a range, the newest. `latest` and `2.latest` as minimum take the
 * newest there is.
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
 * The newest allowed version that does where `required` is asked for (keystoneauth's `data_for`): the same major version,
 * and not older.
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
