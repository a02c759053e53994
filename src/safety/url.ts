/** URLs: read, shown and joined here, and nowhere else. */
import * as Either from "effect/Either"
import * as Redacted from "effect/Redacted"
import { InvalidOptions } from "../Errors.js"
import * as Redaction from "./redaction.js"

/** The URL that a text is, if it is one. */
export const parse = (text: string, base?: string | URL): URL | undefined =>
  URL.canParse(text, base) ? new URL(text, base) : undefined

/** In place of what cannot be shown, since a password may be anywhere in it. */
const unreadable = "<an address that is no URL>"

const withoutFragment = (text: string): string => text.split("#", 1)[0] ?? ""

/**
 * A URL as it may be shown: without user name and password, secret parameters and fragment. What holds an `@` and cannot be read
 * as a URL is described, for any part of it may be a password.
 */
export const shown = (url: string | URL): string => {
  const text = typeof url === "string" ? url.trim() : url.href
  if (!text.includes("@")) {
    return Redaction.hideForms(withoutFragment(text))
  }
  // a path of its own has no user name
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
 * `http://me:12/34@keystone/` and `http://me:1@2/3@keystone/` do not mean the hosts `me` and `2`: there is a slash in the password. What comes
 * after a version is the name of something, such as an object: `http://controller:8080/v1/AUTH_p/photos/me@home.jpg`.
 */
const isCutShort = ({ hash, hostname, password, pathname, port, search, username }: URL): boolean =>
  `${pathname}${search}${hash}`.includes("@") && !/^(\/[a-z-]{1,40})?\/v\d[\d.]{0,8}\/[^?#]/i.test(pathname) &&
  (username !== "" || password !== "" || (port !== "" && !hostname.includes(".")))

/** A text that may be a URL, hidden if there can be a password in it: that comes after a colon, and before an @. */
export const visible = (text: string): string | Redacted.Redacted => {
  const colon = text.indexOf(":")
  return colon !== -1 && text.includes("@", colon) ? Redacted.make(text) : text
}

/** The text without the slashes at its end, in time that grows with their number: `/\/+$/` may take its square. */
export const withoutTrailingSlashes = (text: string): string => {
  let end = text.length
  while (end > 0 && text[end - 1] === "/") {
    end--
  }
  return text.slice(0, end)
}

/** The text with one slash at its end. */
export const withTrailingSlash = (text: string): string => `${withoutTrailingSlashes(text)}/`

/** The same URL, but for slashes at its end. */
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
// what requests name
// -----------------------------------------------------------------------------

/** It names a host, so no endpoint is looked for; without a scheme it cannot be sent. */
export const namesHost = (url: string): boolean => /^([a-z][a-z0-9+.-]*:)?\/\//i.test(url)

/** An endpoint and a path below it, with one slash between them. */
export const join = (endpoint: string, path: string): string =>
  `${withoutTrailingSlashes(endpoint)}/${withoutLeadingSlashes(path)}`

/** What is asked for is the endpoint itself. */
export const readsRoot = (method: string, path: string): boolean =>
  (method === "GET" || method === "HEAD") && /^\/?([?#]|$)/.test(path)

/** What `segment` writes for a value that cannot be one. It is refused wherever it occurs. */
const notASegment = "\0"

/** A value as one segment of a path. What is neither a text nor a number, such as an id that was not found, is none. */
export const segment = (value: string | number): string => {
  const text = Number.isFinite(value) ? String(value) : value
  return typeof text !== "string" || text === "" || text === "." || text === ".." || isIllFormed(text)
    ? notASegment
    : encodeURIComponent(text)
}

/** Has it half of a surrogate pair? */
const isIllFormed = (text: string): boolean => /\p{Surrogate}/u.test(text)

/**
 * Why a request must not be sent to what it names, `undefined` if it may: a path must not leave its endpoint, and `URL` takes control
 * characters out of what it reads.
 */
export const flaw = (url: string, absolute: boolean): string | undefined =>
  isPlain(url) ? undefined : characterFlaw(url) ?? (absolute ? undefined : pathFlaw(url))

/** Nothing in it needs a closer look. That is nearly every URL, so it is one pass without an allocation. */
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
    return `it holds U+0000. Adapter.path writes it for a value that cannot be a segment of a path: an empty one, ".", "..", ` +
      "one that is not well-formed Unicode, or what is neither a text nor a finite number"
  }
  const control = /[\x01-\x1f\x7f]/.exec(url)?.[0].charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")
  if (control !== undefined) {
    return `it holds the control character U+00${control}, which is written %${control}; Adapter.path encodes the values in a path`
  }
  return isIllFormed(url) ? "it holds half of a surrogate pair, which is no character" : undefined
}

/** `URL` and servers read `%2e` as a dot, `\` as a slash, and some servers `%2f` and `%5c` as well. */
const pathFlaw = (url: string): string | undefined => {
  const path = withoutQuery(url)
  const segments = path.replace(/%2e/gi, ".").replace(/%(2f|5c)/gi, "/").split(/[/\\]/)
  // blanks at the end of a URL are taken off
  const wrong = segments.map((segment) => segment.trim()).find((segment) => segment === "." || segment === "..")
  return wrong === undefined
    ? undefined
    : `the path ${JSON.stringify(path)} has the segment "${wrong}", which leads to another path, encoded or not; ` +
      "leave it out. Adapter.path puts values into a path so that they stay one segment"
}

// -----------------------------------------------------------------------------
// where services are
// -----------------------------------------------------------------------------

/**
 * What nearly all endpoints look like: they need not be parsed. A host with `xn--` or a part that begins with `0x` (a number) may be none,
 * and there is no port 0.
 */
const usual = /^https?:\/\/(?![^/]*(?:xn--|\.0x))[a-z][\w.-]*[a-z](:[1-9]\d{0,3})?(\/[\w/.$()-]*)?$/i

/** White space, control characters, characters that are not seen, and what stands for lost text. */
const unusual = /[\s\p{C}\\\ufffd]/u

const codePoint = (character: string): string =>
  (character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")

/** Why this is no address of a service, `undefined` if it is. What is wrong is described and not quoted: there may be a password in it. */
const addressFlaw = (text: string): string | undefined => {
  const [, scheme, rest = ""] = /^([a-z][a-z0-9+.-]*):\/\/(.*)$/is.exec(text) ?? []
  if (scheme === undefined) {
    return "it has no scheme; it begins with https:// or http://"
  }
  if (!/^https?$/i.test(scheme)) {
    return `its scheme is ${scheme}; it begins with https:// or http://`
  }
  const odd = unusual.exec(rest)?.[0]
  if (odd !== undefined) {
    return `it has a character that no URL has (U+${codePoint(odd)})`
  }
  const [authority = ""] = rest.split(/[/?#]/, 1)
  const hostAndPort = authority.slice(authority.lastIndexOf("@") + 1)
  if (hostAndPort === "" || hostAndPort.startsWith(":")) {
    return `it has no host; that comes after ${scheme}://`
  }
  const end = /[?#]/.exec(rest)?.[0]
  if (end !== undefined) {
    return `it has a ${end === "?" ? "query" : "fragment"}; it ends with its path`
  }
  const url = parse(text)
  return url === undefined || url.port === "0" ? "its host or its port cannot be one" : undefined
}

/** The same for what catalogs and overrides say, of which nearly all is as usual. */
export const endpointFlaw = (url: string): string | undefined => usual.test(url) ? undefined : addressFlaw(url)

/** Whose option a URL is, and what it looks like when it is right. */
interface About {
  readonly module: string
  readonly option: string
  readonly example: string
}

/** No path of a service has these, percent-encoded: blanks, backslashes and control characters. */
const unusualEncoded = /%(?:[01][0-9a-f]|20|5c|7f)/i

/**
 * An http or https URL as a person wrote it, without the white space around it. It must say what it means: `URL` repairs
 * `http:/host` and `http:///host`, and leaves out newlines. Fails with `InvalidOptions`, which shows neither user name nor
 * password, and nothing of a text that is no URL.
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
    ? "it has an @ behind its host; in a user name or password, / is written as %2F, ? as %3F, # as %23, @ as %40"
    : undefined
}
