/** URLs: read, shown and joined here, and nowhere else. */
import * as Redacted from "effect/Redacted"
import * as Redaction from "./redaction.js"

/** The URL that a text is, if it is one. */
export const parse = (text: string, base?: string | URL): URL | undefined =>
  URL.canParse(text, base) ? new URL(text, base) : undefined

/** A URL as it may be shown: without user name, password, secret parameters and fragment. */
export const shown = (url: string | URL): string => Redaction.safeUrl(typeof url === "string" ? url : url.href)

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
