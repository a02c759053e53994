/** Which URLs to ask for version documents, and what the catalog's URL shows by itself. */
import * as Arr from "effect/Array"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as ApiVersion from "../model/ApiVersion.js"
import * as Url from "../safety/url.js"

export interface Plan {
  readonly urls: ReadonlyArray<string>
  /** The version that the catalog's URL shows, and the URL up to it. */
  readonly urlVersion: ApiVersion.ApiVersion | undefined
  readonly versioned: string | undefined
  /** It is in the range. */
  readonly matches: boolean
  /** And it is of the newest major version asked for, so no document would change the choice. */
  readonly matchesExactly: boolean
  /** Requests of this range go to the catalog's URL, whatever the documents say. */
  readonly takesUrl: boolean
  /** Taken off the end of the URL, to be put back. */
  readonly projectId: string | undefined
}

/** No version is asked for. */
export const isOpen = (range: ApiVersion.Range): boolean => range.min === undefined && range.max === undefined

const segmentVersion = (segment: string | undefined): ApiVersion.ApiVersion | undefined =>
  segment !== undefined && /^v\d/.test(segment)
    ? Option.getOrUndefined(Either.getRight(ApiVersion.fromUnknown(segment)))
    : undefined

/** ALG-2 of the reference: from the most promising document to the catalog's own URL. */
export const make = (
  catalogUrl: string,
  range: ApiVersion.Range,
  projectId: string | undefined,
  options: {
    readonly rootFirst: boolean
    /** Swift's accounts are named after projects (`AUTH_...`): do they count as such? Where a version is chosen they do not. */
    readonly accounts?: boolean
  }
): Plan => {
  const [, origin = "", path = ""] = /^([a-z][a-z0-9+.-]*:\/\/[^/?#]*)([^?#]*)/i.exec(catalogUrl) ?? []
  const segments = Url.withoutTrailingSlashes(path).split("/")
  const join = () => origin + segments.join("/")

  let removed: string | undefined
  const last = segments.at(-1)
  const isProject = options.accounts === true ? last?.endsWith(projectId ?? "") : last === projectId
  if (projectId !== undefined ? isProject : segmentVersion(segments.at(-2)) !== undefined) {
    removed = segments.pop()
  }

  const urlVersion = segmentVersion(segments.at(-1))
  // whether the URL's version is the latest of all, only a document can tell
  const newest = range.min === undefined && range.max !== undefined && ApiVersion.isLatest(range.max)
  const matches = urlVersion !== undefined && !isOpen(range) && !newest && ApiVersion.isInRange(urlVersion, range)
  const matchesExactly = matches && range.max !== undefined && range.max.major === urlVersion.major
  const reachesMaximum = matches && range.max !== undefined && range.max.minor !== Infinity &&
    ApiVersion.satisfies(urlVersion, range.max)

  const versioned = urlVersion === undefined ? undefined : join()
  if (urlVersion !== undefined) {
    segments.pop()
  }
  const root = join() === catalogUrl ? catalogUrl : Url.withTrailingSlash(join())
  const urls: Array<string> = []
  if (matchesExactly || reachesMaximum) {
    urls.push(`${versioned}/`)
  }
  if (options.rootFirst) {
    urls.push(root)
    if (matches) {
      urls.push(`${versioned}/`)
    }
  } else if (versioned !== undefined && removed !== undefined) {
    urls.push(versioned)
  }
  urls.push(catalogUrl)
  const takesUrl = isOpen(range) || matchesExactly
  return { urls: Arr.dedupe(urls), urlVersion, versioned, matches, matchesExactly, takesUrl, projectId: removed }
}
