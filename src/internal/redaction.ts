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
  "x-account-meta-temp-url-key",
  "x-account-meta-temp-url-key-2",
  "x-auth-token",
  "x-container-meta-temp-url-key",
  "x-container-meta-temp-url-key-2",
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

/** User name and password before a host. */
const userInfo = /([a-z][a-z0-9+.-]*:\/\/)[^/?#\s"'<>]*@/gi

/** Parameters of URLs that open what they lead to: signatures of Swift and S3, tokens of consoles, codes of logins. */
const secretParameter = /([?&#;](?:[\w.-]*(?:passw|secret|token|signature|_sig)[\w.-]*|sig|code)=)[^&#\s"'<>\\]+/gi

/** A URL as it may be shown: without user name and password, and without parameters that are as good as these. */
export const safeUrl = (url: string): string => {
  const shown = url.includes("@") ? url.replace(userInfo, "$1") : url
  return shown.includes("=") ? shown.replace(secretParameter, `$1${hidden}`) : shown
}

/** In place of a secret. */
export const hidden = "<redacted>"

/** What looks like a token of Keystone, whoever's it is: Fernet or JWS. */
const tokenLike = /\b(gAAAAA[\w-]{40,}={0,2}|eyJ[\w-]+\.[\w-]+\.[\w-]+)/g

/** Some services quote what they were sent, or where they could not connect to: no text is shown with a credential in it. */
export const scrub = (text: string, secrets: ReadonlyArray<string | Redacted.Redacted>): string => {
  let shown = safeUrl(text).replace(tokenLike, hidden)
  for (const secret of secrets) {
    const value = Redacted.isRedacted(secret) ? Redacted.value(secret) : secret
    if (typeof value === "string" && value.length >= 4) {
      shown = shown.replaceAll(value, hidden)
    }
  }
  return shown
}
