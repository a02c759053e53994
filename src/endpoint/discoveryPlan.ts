/** Which URLs may have an endpoint's version documents, and which version its own URL shows. */
import * as Arr from "effect/Array"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as ApiVersion from "../model/ApiVersion.js"
import * as Url from "../safety/url.js"

export interface Options {
  /** The endpoint's URL, from the catalog or an override. */
  readonly url: string
  readonly range: ApiVersion.Range
  readonly projectId: string | undefined
  /** Ask at the root, above the URL's version, before the URL itself. */
  readonly rootFirst: boolean
  /** Count Swift's accounts (`AUTH_...`) as project ids. They do not count where a version is chosen. */
  readonly accounts?: boolean
}

export interface Plan {
  /** The URLs to ask, the most promising first. */
  readonly urls: ReadonlyArray<string>
  /** The version that the endpoint's URL shows. */
  readonly urlVersion: ApiVersion.ApiVersion | undefined
  /** The endpoint's URL up to its version. */
  readonly versioned: string | undefined
  /** The URL's version is in the range. */
  readonly matches: boolean
  /** The URL's version also has the newest major version of the range, so no document can change the choice. */
  readonly matchesExactly: boolean
  /** Requests go to the endpoint's URL, whatever the documents offer. */
  readonly takesUrl: boolean
  /** The project id at the end of the URL, to be appended to the version's URL. */
  readonly projectId: string | undefined
}

/** The range of a filter without a version. */
export const anyVersion: ApiVersion.Range = { min: undefined, max: undefined }

/** Does the filter ask for no version? */
export const isOpen = (range: ApiVersion.Range): boolean => range.min === undefined && range.max === undefined

const segmentVersion = (segment: string | undefined): ApiVersion.ApiVersion | undefined =>
  segment !== undefined && /^v\d/.test(segment)
    ? Option.getOrUndefined(Either.getRight(ApiVersion.fromUnknown(segment)))
    : undefined

/** Plans as keystoneauth1 does (`discover.py`): from the most promising URL to the endpoint's own. */
export const make = ({ accounts, projectId, range, rootFirst, url }: Options): Plan => {
  const [, origin = "", path = ""] = /^([a-z][a-z0-9+.-]*:\/\/[^/?#]*)([^?#]*)/i.exec(url) ?? []
  const segments = Url.withoutTrailingSlashes(path).split("/")
  const join = () => origin + segments.join("/")

  let removed: string | undefined
  const last = segments.at(-1)
  const isProject = accounts === true ? last?.endsWith(projectId ?? "") : last === projectId
  if (projectId !== undefined ? isProject : segmentVersion(segments.at(-2)) !== undefined) {
    removed = segments.pop()
  }

  const urlVersion = segmentVersion(segments.at(-1))
  // only a document can tell whether the URL's version is the latest
  const newest = range.min === undefined && range.max !== undefined && ApiVersion.isLatest(range.max)
  const matches = urlVersion !== undefined && !isOpen(range) && !newest && ApiVersion.isInRange(urlVersion, range)
  const matchesExactly = matches && range.max !== undefined && range.max.major === urlVersion.major
  const reachesMaximum = matches && range.max !== undefined && range.max.minor !== Infinity &&
    ApiVersion.satisfies(urlVersion, range.max)

  const versioned = urlVersion === undefined ? undefined : join()
  if (urlVersion !== undefined) {
    segments.pop()
  }
  const root = join() === url ? url : Url.withTrailingSlash(join())
  const urls: Array<string> = []
  if (matchesExactly || reachesMaximum) {
    urls.push(`${versioned}/`)
  }
  if (rootFirst) {
    urls.push(root)
    if (matches) {
      urls.push(`${versioned}/`)
    }
  } else if (versioned !== undefined && removed !== undefined) {
    urls.push(versioned)
  }
  urls.push(url)
  const takesUrl = isOpen(range) || matchesExactly
  return { urls: Arr.dedupe(urls), urlVersion, versioned, matches, matchesExactly, takesUrl, projectId: removed }
}
