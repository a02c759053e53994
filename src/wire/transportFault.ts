/** From the platform's errors, which hold the request with its token, to ours, which do not. */
import type * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as Cause from "effect/Cause"
import { isRecord } from "effect/Predicate"
import type * as HttpClientError from "../base/httpClientError.js"
import * as Errors from "../Errors.js"
import type * as Secrets from "../safety/secrets.js"
import * as Url from "../safety/url.js"
import * as Page from "./page.js"
import * as Upload from "./upload.js"

const connectCodes = new Set([
  "EAI_AGAIN",
  "ECONNREFUSED",
  "EHOSTDOWN",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "ENOENT",
  "ENOTFOUND",
  "ERR_PROXY_REFUSED"
])

const resetCodes = new Set(["ECONNABORTED", "ECONNRESET", "EPIPE", "ETIMEDOUT", "UND_ERR_SOCKET"])

const tlsCode = /CERT|^ERR_(TLS|SSL)|^EPROTO$|^UNABLE_TO_|^HOSTNAME_MISMATCH$|^CRL_/

/** The platform's own limits: on connecting, on the headers of an answer, and between parts of its body. */
const timeoutCodes = new Set(["UND_ERR_CONNECT_TIMEOUT", "UND_ERR_HEADERS_TIMEOUT", "UND_ERR_BODY_TIMEOUT"])

/** Of the parser of HTTP, its limits, and what uncompresses. */
const answerCode =
  /^HTTPParserError$|^HPE_|^UND_ERR_(HEADERS_OVERFLOW|RES|INVALID)|^Z_|^ERR_(BROTLI|ZSTD|_ERROR_FORMAT|PADDING|CONTENT_ENCODING)/

const classify = ({ code, syscall }: Inner): Errors.TransportError["reason"] => {
  if (code === undefined) {
    return "Unknown"
  }
  // the same code is for a connection that was there and went silent
  return connectCodes.has(code) || (code === "ETIMEDOUT" && syscall === "connect")
    ? "Connect"
    : resetCodes.has(code)
    ? "Reset"
    : tlsCode.test(code)
    ? "Tls"
    : answerCode.test(code)
    ? "Response"
    : "Unknown"
}

const parserFault = "HTTPParserError"

interface Inner {
  readonly code: string | undefined
  readonly message: string | undefined
  readonly syscall: unknown
}

/** The innermost cause that has a code: `fetch` and dual-stack connects wrap it, each in its own way. */
const innermost = (cause: unknown, depth = 0): Inner => {
  if (!isRecord(cause) || depth > 5) {
    return { code: undefined, message: typeof cause === "string" ? cause : undefined, syscall: undefined }
  }
  const nested = cause["cause"] ?? (Array.isArray(cause["errors"]) ? cause["errors"][0] : undefined)
  const inner = nested === undefined ? undefined : innermost(nested, depth + 1)
  if (inner?.code !== undefined) {
    return inner
  }
  // undici's parser has a name only
  const code = cause["code"] ?? (cause["name"] === parserFault ? parserFault : undefined)
  const message = cause["message"]
  return {
    code: typeof code === "string" ? code : undefined,
    // the outer one says "fetch failed" and no more
    message: inner?.message ??
      (typeof message === "string" && message !== "" ? message : undefined),
    syscall: cause["syscall"]
  }
}

/** Of OpenSSL's words those that mean something: `808CEB:error:0A000410:SSL routines:ssl3_read_bytes:<these>:file.c:1601:...`. */
const plain = (message: string): string => /:SSL routines:[^:]*:([^:]+):/.exec(message)?.[1] ?? message

const tidy = (text: string): string => text.replace(/\s+/g, " ").trim()

/** Why a body broke off, if it was not for what is in it. */
export const broken = (cause: unknown): { readonly code: string; readonly message: string } | undefined => {
  const { code, message = "no reason is given" } = innermost(cause)
  return code === undefined ? undefined : { code, message: tidy(message) }
}

/** Is it for what is in it that a body could not be read? */
export const isUnreadable = (cause: unknown): boolean => classify(innermost(cause)) === "Response"

/** What the platform's error says, without the request that it holds. */
export const fromPlatform = (
  error: HttpClientError.HttpClientError,
  method: string,
  url: string,
  phase: Errors.TimedOut["phase"],
  secrets: Secrets.Secrets
): Errors.TransportError | Errors.TimedOut => {
  const inner = innermost(error.cause)
  const { code, message } = inner
  // hidden before it is tidied: what quotes a secret quotes it as it is
  const said = tidy(secrets.hide(plain(message ?? error.description ?? error.reason)))
  if (code !== undefined && timeoutCodes.has(code)) {
    const millis = /(?:timeout:|within) (\d+)\s*ms/.exec(message ?? "")?.[1]
    return new Errors.TimedOut({
      phase: code === "UND_ERR_CONNECT_TIMEOUT" ? "connect" : phase,
      method,
      url: secrets.hide(Url.shown(url)),
      millis: millis === undefined ? undefined : Number(millis),
      description: said
    })
  }
  const reason = error._tag === "RequestError" && error.reason !== "Transport" ? "Request" : classify(inner)
  const meant = error._tag === "RequestError" && reason === "Unknown"
    ? Page.explainFailure(url, error.request.body._tag === "Stream")
    : undefined
  return new Errors.TransportError({
    reason,
    method,
    url: secrets.hide(Url.shown(url)),
    code,
    description: meant === undefined ? said : `${said}: ${meant}`
  })
}

/** Of a request whose body is a stream that has failed. */
export const ofUpload = (
  failure: Cause.Cause<unknown>,
  { method }: HttpClientRequest.HttpClientRequest,
  url: string,
  secrets: Secrets.Secrets
): Errors.TransportError => {
  const cause = Cause.squash(failure)
  return new Errors.TransportError({
    reason: "Request",
    method,
    url: secrets.hide(Url.shown(url)),
    description: secrets.hide(`the upload's stream failed: ${Upload.describe(cause)}`),
    cause
  })
}
