/** URLs: read, shown and joined here, and nowhere else. */
import * as Redaction from "./redaction.js"

/** The URL that a text is, if it is one. */
export const parse = (text: string, base?: string | URL): URL | undefined =>
  URL.canParse(text, base) ? new URL(text, base) : undefined

/** A URL as it may be shown: without user name, password, secret parameters and fragment. */
export const shown = (url: string | URL): string => Redaction.safeUrl(typeof url === "string" ? url : url.href)

/** Can this be a URL with a password before its host? What comes with one has a colon, and an @ behind it. */
export const mayHoldPassword = (text: string): boolean => {
  const colon = text.indexOf(":")
  return colon !== -1 && text.includes("@", colon)
}

/** The text without the slashes at its end, in time that grows with their number: `/\/+$/` may take its square. */
export const withoutTrailingSlashes = (text: string): string => {
  let end = text.length
  while (end > 0 && text[end - 1] === "/") {
    end--
  }
  return text.slice(0, end)
}
