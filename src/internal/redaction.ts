/** What must never be shown, and how it is hidden. */
import * as Headers from "@effect/platform/Headers"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"

/** Headers that carry a credential, in requests and in answers. */
export const secretHeaders: ReadonlyArray<string> = [
  "authorization",
  "cookie",
  "openstack-auth-receipt",
  "proxy-authorization",
  "set-cookie",
  "x-auth-token",
  "x-service-token",
  "x-storage-token",
  "x-subject-token"
]

/** The headers without any credential: for another origin. */
export const withoutSecrets = (headers: Headers.Headers): Headers.Headers => Headers.remove(headers, [...secretHeaders])

/** The values of the credentials that a request carries. */
export const secretsOf = (headers: Headers.Headers): ReadonlyArray<string> =>
  secretHeaders.flatMap((name) => Option.toArray(Headers.get(headers, name)))

/** The headers as they may be shown. */
export const safeHeaders = (headers: Headers.Headers): Record<string, string | Redacted.Redacted> => {
  const { location, ...shown } = Headers.redact(headers, [...secretHeaders])
  return typeof location === "string" ? { ...shown, location: safeUrl(location) } : shown
}

/** A URL as it may be shown: without user name and password. */
export const safeUrl = (url: string): string => url.replace(/^([a-z][a-z0-9+.-]*:\/\/)[^/?#]*@/i, "$1")

/** What looks like a token of Keystone, whoever's it is: Fernet or JWS. */
const tokenLike = /\b(gAAAAA[\w-]{40,}={0,2}|eyJ[\w-]+\.[\w-]+\.[\w-]+)/g

/** Of the URLs in a text, what `safeUrl` hides. */
const userInfo = /\b([a-z][a-z0-9+.-]*:\/\/)[^/?#\s]*@/gi

/** Some services, and `fetch`, quote what they were given: no text of theirs is shown with a credential in it. */
export const scrub = (text: string, secrets: ReadonlyArray<string | Redacted.Redacted>): string => {
  let shown = text.replace(userInfo, "$1").replace(tokenLike, "<redacted>")
  for (const secret of secrets) {
    const value = Redacted.isRedacted(secret) ? Redacted.value(secret) : secret
    if (typeof value === "string" && value.length >= 4) {
      shown = shown.replaceAll(value, "<redacted>")
    }
  }
  return shown
}
