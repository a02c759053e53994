/** URLs: read, shown and joined here, and nowhere else. */
import * as Redacted from "effect/Redacted"
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

/** `http://me:12/34@keystone/` and `http://me:1@2/3@keystone/` do not mean the hosts `me` and `2`: there is a slash in the password. */
const isCutShort = ({ hash, hostname, password, pathname, port, search, username }: URL): boolean =>
  `${pathname}${search}${hash}`.includes("@") &&
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
