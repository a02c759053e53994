/** From the platform's errors, which hold the request with its token, to ours, which do not. */
import type * as HttpClientError from "@effect/platform/HttpClientError"
import { isRecord } from "effect/Predicate"
import * as Errors from "../Errors.js"
import * as Page from "./page.js"
import * as Redaction from "./redaction.js"

const connectCodes = new Set([
  "EAI_AGAIN",
  "ECONNREFUSED",
  "EHOSTDOWN",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "ENOENT",
  "ENOTFOUND",
  "ERR_PROXY_REFUSED",
  "ETIMEDOUT",
  "UND_ERR_CONNECT_TIMEOUT"
])

const resetCodes = new Set(["ECONNABORTED", "ECONNRESET", "EPIPE", "UND_ERR_SOCKET"])

const tlsCode = /CERT|^ERR_(TLS|SSL)|^EPROTO$|^UNABLE_TO_|^HOSTNAME_MISMATCH$|^CRL_/

const classify = (code: string | undefined): Errors.TransportError["reason"] => {
  if (code === undefined) {
    return "Unknown"
  }
  return connectCodes.has(code) ? "Connect" : resetCodes.has(code) ? "Reset" : tlsCode.test(code) ? "Tls" : "Unknown"
}

interface Inner {
  readonly code: string | undefined
  readonly message: string | undefined
}

/** The innermost cause that has a code: `fetch` and dual-stack connects wrap it, each in its own way. */
const innermost = (cause: unknown, depth = 0): Inner => {
  if (!isRecord(cause) || depth > 5) {
    return { code: undefined, message: typeof cause === "string" ? cause : undefined }
  }
  const nested = cause["cause"] ?? (Array.isArray(cause["errors"]) ? cause["errors"][0] : undefined)
  const inner = nested === undefined ? undefined : innermost(nested, depth + 1)
  if (inner?.code !== undefined) {
    return inner
  }
  const code = cause["code"]
  const message = cause["message"]
  return {
    code: typeof code === "string" ? code : undefined,
    // the outer one says "fetch failed" and no more
    message: inner?.message ?? (typeof message === "string" && message !== "" ? message : undefined)
  }
}

/** Of OpenSSL's words those that mean something: `808CEB:error:0A000410:SSL routines:ssl3_read_bytes:<these>:file.c:1601:...`. */
const plain = (message: string): string => /:SSL routines:[^:]*:([^:]+):/.exec(message)?.[1] ?? message

/** What the platform's error says, without the request that it holds. */
export const fromPlatform = (
  error: HttpClientError.HttpClientError,
  method: string,
  url: string
): Errors.TransportError => {
  const { code, message } = innermost(error.cause)
  const reason = error._tag === "RequestError" && error.reason !== "Transport" ? "Request" : classify(code)
  const said = plain(message ?? error.description ?? error.reason)
  const meant = error._tag === "RequestError" && reason === "Unknown"
    ? Page.explainFailure(url, error.request.body._tag === "Stream")
    : undefined
  return new Errors.TransportError({
    reason,
    method,
    url: Redaction.safeUrl(url),
    code,
    description: Redaction.scrub(
      meant === undefined ? said : `${said}: ${meant}`,
      Redaction.secretsOf(error.request.headers)
    )
  })
}
