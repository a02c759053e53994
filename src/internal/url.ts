/** URLs: read, shown and joined here, and nowhere else. */
import * as Either from "effect/Either"
import { InvalidOptions } from "../Errors.js"
import * as Redaction from "./redaction.js"

/** The URL that a text is, if it is one. */
export const parse = (text: string, base?: string | URL): URL | undefined =>
  URL.canParse(text, base) ? new URL(text, base) : undefined

/** A URL as it may be shown: without user name, password, secret parameters and fragment. */
export const shown = (url: string | URL): string => Redaction.safeUrl(typeof url === "string" ? url : url.href)

/** The text without the slashes at its end, in time that grows with their number: `/\/+$/` may take its square. */
export const withoutTrailingSlashes = (text: string): string => {
  let end = text.length
  while (end > 0 && text[end - 1] === "/") {
    end--
  }
  return text.slice(0, end)
}

/** Whose option a URL is, and what it looks like when it is right. */
interface About {
  readonly module: string
  readonly option: string
  readonly example: string
}

/** White space, control characters, characters that are not seen, and what stands for lost text. */
const unusual = /[\s\p{C}\\\ufffd]/u

/** The same, percent-encoded: no path of a service has these. */
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

const whyNot = (text: string): string | undefined => {
  const rest = /^https?:\/\/(.*)$/is.exec(text)?.[1]
  if (rest === undefined) {
    return text === "" ? "it is empty" : "it does not begin with http:// or https://"
  }
  const odd = unusual.exec(rest)?.[0]
  if (odd !== undefined) {
    return `it has a character that no URL has (U+${codePoint(odd)})`
  }
  const [authority = ""] = rest.split(/[/?#]/, 1)
  if (rest.includes("@", authority.length)) {
    return "it has an @ behind its host; in a user name or password, / is written as %2F, ? as %3F, # as %23, @ as %40"
  }
  const hostAndPort = authority.slice(authority.lastIndexOf("@") + 1)
  if (hostAndPort === "" || hostAndPort.startsWith(":")) {
    return "it has no host"
  }
  const url = parse(text)
  if (url === undefined || url.port === "0") {
    return "its host or its port cannot be one"
  }
  return rest.includes("?")
    ? `${shown(url)} has a query`
    : rest.includes("#")
    ? `${shown(url)} has a fragment`
    : unusualEncoded.test(url.pathname)
    ? `${shown(url)} has an encoded blank, backslash or control character in its path`
    : undefined
}

const codePoint = (character: string): string =>
  (character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")
