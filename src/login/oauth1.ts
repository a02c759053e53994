/** Signs requests by OAuth 1.0a (RFC 5849) with HMAC-SHA1, the only method that Keystone supports. */
import { hmac } from "@noble/hashes/hmac.js"
import { sha1 } from "@noble/hashes/legacy.js"
import * as Encoding from "effect/Encoding"
import * as Redacted from "effect/Redacted"
import OAuth from "oauth-1.0a"

export interface Keys {
  readonly consumerKey: string
  readonly consumerSecret: Redacted.Redacted
  readonly accessKey: string
  readonly accessSecret: Redacted.Redacted
}

export interface Moment {
  /** A text that no other request of this second has. */
  readonly nonce: string
  /** Seconds since 1970. */
  readonly timestamp: number
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

/** The `Authorization` header of a request without form parameters. */
export const authorization = (
  { accessKey, accessSecret, consumerKey, consumerSecret }: Keys,
  request: { readonly method: string; readonly url: string },
  { nonce, timestamp }: Moment
): string => {
  const oauth = new OAuth({
    consumer: { key: consumerKey, secret: Redacted.value(consumerSecret) },
    signature_method: "HMAC-SHA1",
    hash_function: (text, key) => Encoding.encodeBase64(hmac(sha1, bytes(key), bytes(text)))
  })
  oauth.getNonce = () => nonce
  oauth.getTimeStamp = () => timestamp
  // Keystone verifies a lowercase host, no default port, and no query, though the RFC signs the query
  const { host, pathname, protocol } = new URL(request.url)
  const url = `${protocol}//${host}${pathname}`
  const signed = oauth.authorize({ method: request.method, url }, {
    key: accessKey,
    secret: Redacted.value(accessSecret)
  })
  return oauth.toHeader(signed).Authorization
}
