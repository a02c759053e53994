/** Signed requests of OAuth 1.0a (RFC 5849, 3.4): whose they are, and whether the signature is right. */
import { createHmac } from "node:crypto"
import type * as Recorded from "./recorded.js"

export interface Secrets {
  readonly consumer: string
  readonly token: string
}

const escape = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`)

const fields = (authorization: string): ReadonlyArray<readonly [string, string]> =>
  Array.from(authorization.matchAll(/(\w+)="([^"]*)"/g), ([, name, value]) => [name!, decodeURIComponent(value!)])

const sign = (request: Recorded.Request, given: ReadonlyArray<readonly [string, string]>, secrets: Secrets): string => {
  const { origin, pathname, searchParams } = new URL(request.url)
  const signed = [...given.filter(([name]) => name !== "oauth_signature"), ...searchParams]
    .map(([name, value]) => `${escape(name)}=${escape(value)}`).sort().join("&")
  return createHmac("sha1", `${escape(secrets.consumer)}&${escape(secrets.token)}`)
    .update([request.method, `${origin}${pathname}`, signed].map(escape).join("&")).digest("base64")
}

/** Their time is as it was set, their nonce is a secret of chance, and so the signature is another one: is it right? */
export const checked = (request: Recorded.Request, secrets: Secrets): Recorded.Request => {
  const authorization = request.headers["authorization"] ?? ""
  if (!authorization.startsWith("OAuth ")) {
    return request
  }
  const given = fields(authorization)
  const told = given.filter(([name]) => name !== "oauth_nonce" && name !== "oauth_signature").sort(([a], [b]) =>
    a < b ? -1 : 1
  )
  const isRight = given.some(([name, value]) => name === "oauth_signature" && value === sign(request, given, secrets))
  return {
    ...request,
    headers: { ...request.headers, authorization: JSON.stringify({ told, isRight }) }
  }
}
