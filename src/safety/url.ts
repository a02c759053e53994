/** Parses, validates, joins and shows URLs. All of that happens here. */
import * as Either from "effect/Either"
import * as Redacted from "effect/Redacted"
import { InvalidOptions } from "../Errors.js"
import * as Redaction from "./redaction.js"

/** Parses a URL. `undefined` if the text is not one. */
export const parse = (text: string, base?: string | URL): URL | undefined =>
  URL.canParse(text, base) ? new URL(text, base) : undefined

/** Shown for text that is not a URL, which may have a password anywhere. */
const unreadable = "<not a URL>"

const withoutFragment = (text: string): string => text.split("#", 1)[0] ?? ""

/**
 * A URL for display: without user name, password, secret parameters and fragment. Text with an `@` that is not a URL
 * is not shown at all, since any part of it may be a password.
 */
export const shown = (url: string | URL): string => {
  const text = typeof url === "string" ? url.trim() : url.href
  if (!text.includes("@")) {
    return Redaction.hideForms(withoutFragment(text))
  }
  // a path has no user name
  const read = typeof url !== "string" ? url : /^\/(?!\/)/.test(text) ? parse(text, "http://host") : parse(text)
  if (read === undefined || read.host === "") {
    return unreadable
  }
  if (read.username === "" && read.password === "" && !isCutShort(read)) {
    return Redaction.hideForms(withoutFragment(text))
  }
  const { host, pathname, protocol, search } = read
  return isCutShort(read)
    ? `${protocol}//${Redaction.hidden}`
    : Redaction.hideForms(`${protocol}//${host}${pathname}${search}`)
}

/**
 * Whether a slash in the password has cut it short: in `http://me:12/34@keystone/` and `http://me:1@2/3@keystone/`,
 * `me` and `2` are not the hosts. An `@` after a version is part of a name:
 * `http://controller:8080/v1/AUTH_p/photos/me@home.jpg`.
 */
const isCutShort = ({ hash, hostname, password, pathname, port, search, username }: URL): boolean =>
  `${pathname}${search}${hash}`.includes("@") && !/^(\/[a-z-]{1,40})?\/v\d[\d.]{0,8}\/[^?#]/i.test(pathname) &&
  (username !== "" || password !== "" || (port !== "" && !hostname.includes(".")))

/** Redacts text that may be a URL with a password: one with a colon and a later `@`. */
export const visible = (text: string): string | Redacted.Redacted => {
  const colon = text.indexOf(":")
  return colon !== -1 && text.includes("@", colon) ? Redacted.make(text) : text
}

/** Removes slashes at the end, in linear time. `/\/+$/` may take quadratic time. */
export const withoutTrailingSlashes = (text: string): string => {
  let end = text.length
  while (end > 0 && text[end - 1] === "/") {
    end--
  }
  return text.slice(0, end)
}

/** Ends the text with exactly one slash. */
export const withTrailingSlash = (text: string): string => `${withoutTrailingSlashes(text)}/`

/** Whether two URLs are equal except for slashes at the end. */
export const isSame = (a: string, b: string): boolean => withoutTrailingSlashes(a) === withoutTrailingSlashes(b)

const withoutLeadingSlashes = (text: string): string => {
  let start = 0
  while (text[start] === "/") {
    start++
  }
  return text.slice(start)
}

/** The text up to its query and fragment. */
export const withoutQuery = (text: string): string => {
  const end = text.search(/[?#]/)
  return end < 0 ? text : text.slice(0, end)
}

// -----------------------------------------------------------------------------
// URLs and paths of requests
// -----------------------------------------------------------------------------

/** Whether a URL has a host, so that no endpoint is needed. */
export const namesHost = (url: string): boolean => /^([a-z][a-z0-9+.-]*:)?\/\//i.test(url)

/** Joins an endpoint and a path with one slash. */
export const join = (endpoint: string, path: string): string =>
  `${withoutTrailingSlashes(endpoint)}/${withoutLeadingSlashes(path)}`

/** Whether a request reads the endpoint itself, and no path below it. */
export const readsRoot = (method: string, path: string): boolean =>
  (method === "GET" || method === "HEAD") && /^\/?([?#]|$)/.test(path)

/** Stands for a value that cannot be a path segment. `flaw` refuses every URL that has it. */
const notASegment = "\0"

/** Encodes a value as one path segment. `undefined`, such as a missing id, cannot be one. */
export const segment = (value: string | number): string => {
  const text = Number.isFinite(value) ? String(value) : value
  return typeof text !== "string" || text === "" || text === "." || text === ".." || isIllFormed(text)
    ? notASegment
    : encodeURIComponent(text)
}

/** Whether the text has half of a surrogate pair. */
const isIllFormed = (text: string): boolean => /\p{Surrogate}/u.test(text)

/**
 * Why a request to this URL is refused, `undefined` if it is fine. A path must not leave its endpoint, and control
 * characters are refused since `URL` silently removes them.
 */
export const flaw = (url: string, absolute: boolean): string | undefined =>
  isPlain(url) ? undefined : characterFlaw(url) ?? (absolute ? undefined : pathFlaw(url))

/** Whether no character needs a check. That holds for most URLs, so it is one pass without allocations. */
const isPlain = (url: string): boolean => {
  let before = Slash
  for (let i = 0; i < url.length; i++) {
    const code = url.charCodeAt(i)
    if (
      isControl(code) || code === Percent || code === Backslash || (code === Dot && before === Slash) ||
      (code >= 0xd800 && code <= 0xdfff)
    ) {
      return false
    }
    before = code
  }
  return true
}

const Percent = 0x25
const Dot = 0x2e
const Slash = 0x2f
const Backslash = 0x5c

const isControl = (code: number): boolean => code < 0x20 || code === 0x7f

const characterFlaw = (url: string): string | undefined => {
  if (url.includes(notASegment)) {
    return "it has U+0000, which Adapter.path writes for a value that cannot be a path segment: " +
      "empty text, a dot or two, half of a surrogate pair, or a value that is neither text nor a finite number"
  }
  const control = /[\x01-\x1f\x7f]/.exec(url)?.[0].charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")
  if (control !== undefined) {
    return `it has the control character U+00${control}; write it as %${control}, or use Adapter.path, which encodes it`
  }
  return isIllFormed(url) ? "it has half of a surrogate pair, which is not a character" : undefined
}

/** `URL` and servers read `%2e` as a dot, `\` as a slash, and some servers `%2f` and `%5c` as well. */
const pathFlaw = (url: string): string | undefined => {
  const path = withoutQuery(url)
  const segments = path.replace(/%2e/gi, ".").replace(/%(2f|5c)/gi, "/").split(/[/\\]/)
  // URL removes blanks at the end
  const wrong = segments.map((segment) => segment.trim()).find((segment) => segment === "." || segment === "..")
  return wrong === undefined
    ? undefined
    : `the path ${JSON.stringify(path)} has the segment "${wrong}", which leads to another path, encoded or not. ` +
      "Remove it, or use Adapter.path, which refuses such values"
}

// -----------------------------------------------------------------------------
// URLs of endpoints
// -----------------------------------------------------------------------------

/** Matches endpoint URLs with names of hosts. */
const named = /^https?:\/\/[a-z][\w.-]*[a-z](:[1-9]\d{0,3})?(\/[\w/.$()-]*)?$/i

/** Hosts with `xn--`, or a part that begins with `0x`, may be invalid. */
const unusualName = /xn--|\.0x/i

/** Matches endpoint URLs with IPv4 addresses. Port 0 is invalid. */
const numbered =
  /^https?:\/\/((25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(25[0-5]|2[0-4]\d|1?\d?\d)(:[1-9]\d{0,3})?(\/[\w/.$()-]*)?$/i

/** Whether a URL is like most of the URLs in catalogs, which then need not be parsed. */
const isUsual = (url: string): boolean => (named.test(url) && !unusualName.test(url)) || numbered.test(url)

/** Whitespace, control and invisible characters, backslashes, and U+FFFD, which replaces lost text. */
const unusual = /[\s\p{C}\\\ufffd]/u

const codePoint = (character: string): string =>
  (character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")

/** Why text is not the URL of a service, `undefined` if it is. The text is not quoted: it may have a password. */
const addressFlaw = (text: string): string | undefined => {
  const [, scheme, rest = ""] = /^([a-z][a-z0-9+.-]*):\/\/(.*)$/is.exec(text) ?? []
  if (scheme === undefined) {
    return "it has no scheme; it must begin with https:// or http://"
  }
  if (!/^https?$/i.test(scheme)) {
    return `its scheme is ${scheme}; it must begin with https:// or http://`
  }
  const odd = unusual.exec(rest)?.[0]
  if (odd !== undefined) {
    return `it has a character that URLs cannot have (U+${codePoint(odd)})`
  }
  const [authority = ""] = rest.split(/[/?#]/, 1)
  const hostAndPort = authority.slice(authority.lastIndexOf("@") + 1)
  if (hostAndPort === "" || hostAndPort.startsWith(":")) {
    return `it has no host after ${scheme}://`
  }
  const end = /[?#]/.exec(rest)?.[0]
  if (end !== undefined) {
    return `it has a ${end === "?" ? "query" : "fragment"}; it must end with its path`
  }
  const url = parse(text)
  return url === undefined || url.port === "0" ? "its host or its port is invalid" : undefined
}

/** `addressFlaw` for URLs of catalogs and overrides, with a fast path for the usual ones. */
export const endpointFlaw = (url: string): string | undefined => isUsual(url) ? undefined : addressFlaw(url)

/** What the error about a URL names: the module and option, and an example. */
interface About {
  readonly module: string
  readonly option: string
  readonly example: string
}

/** Encoded blanks, backslashes and control characters, which no path of a service has. */
const unusualEncoded = /%(?:[01][0-9a-f]|20|5c|7f)/i

/**
 * Validates an http or https URL from an option, and trims it. `URL` alone would silently repair `http:/host` and
 * `http:///host`, and remove newlines. Fails with `InvalidOptions`, which does not quote the text.
 */
export const fromPerson = (given: string, about: About): Either.Either<string, InvalidOptions> => {
  const text = given.trim()
  const wrong = whyNot(text)
  return wrong === undefined ? Either.right(text) : Either.left(
    new InvalidOptions({
      module: about.module,
      option: about.option,
      reason: `${wrong}: it must be an absolute URL, such as ${about.example}`
    })
  )
}

const whyNot = (text: string): string | undefined =>
  text === ""
    ? "it is empty"
    : passwordFlaw(text) ?? addressFlaw(text) ??
      (unusualEncoded.test(text) ? "it has an encoded blank, backslash or control character in its path" : undefined)

const passwordFlaw = (text: string): string | undefined => {
  const [whole = "", authority = ""] = /^https?:\/\/([^/?#]*)/i.exec(text) ?? []
  return authority !== "" && text.includes("@", whole.length)
    ? "it has an @ after its host; in a user name or password, write / as %2F, ? as %3F, # as %23 and @ as %40"
    : undefined
}
