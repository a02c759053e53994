/**
 * Turns the errors of HTTP clients, which hold the request with its token, into errors of this library, which do not.
 */
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

/** Timeouts of undici: for the connection, the headers of the response, and parts of its body. */
const timeoutCodes = new Set(["UND_ERR_CONNECT_TIMEOUT", "UND_ERR_HEADERS_TIMEOUT", "UND_ERR_BODY_TIMEOUT"])

/** Codes of the HTTP parser and its limits, and of decompression. */
const responseCodes = [
  /^HTTPParserError$|^HPE_|^UND_ERR_(HEADERS_OVERFLOW|RES|INVALID)/,
  /^Z_|^ERR_(BROTLI|ZSTD|_ERROR_FORMAT|PADDING|CONTENT_ENCODING)/
]

const classify = ({ code, syscall }: Inner): Errors.TransportError["reason"] => {
  if (code === undefined) {
    return "Unknown"
  }
  // an established connection that went silent has the same code
  return connectCodes.has(code) || (code === "ETIMEDOUT" && syscall === "connect")
    ? "Connect"
    : resetCodes.has(code)
    ? "Reset"
    : tlsCode.test(code)
    ? "Tls"
    : responseCodes.some((pattern) => pattern.test(code))
    ? "Response"
    : "Unknown"
}

const parserFault = "HTTPParserError"

interface Inner {
  readonly code: string | undefined
  readonly message: string | undefined
  readonly syscall: unknown
}

/** The innermost cause with a code: `fetch` and dual-stack connects wrap it, each in its own way. */
const innermost = (cause: unknown, depth = 0): Inner => {
  if (!isRecord(cause) || depth > 5) {
    return { code: undefined, message: typeof cause === "string" ? cause : undefined, syscall: undefined }
  }
  const nested = cause["cause"] ?? (Array.isArray(cause["errors"]) ? cause["errors"][0] : undefined)
  const inner = nested === undefined ? undefined : innermost(nested, depth + 1)
  if (inner?.code !== undefined) {
    return inner
  }
  // errors of undici's parser have a name and no code
  const code = cause["code"] ?? (cause["name"] === parserFault ? parserFault : undefined)
  const message = cause["message"]
  return {
    code: typeof code === "string" ? code : undefined,
    // the outer message is only "fetch failed"
    message: inner?.message ??
      (typeof message === "string" && message !== "" ? message : undefined),
    syscall: cause["syscall"]
  }
}

/**
 * The reason within an OpenSSL error: `808CEB:error:0A000410:SSL routines:ssl3_read_bytes:<reason>:file.c:1601:...`.
 */
const plain = (message: string): string => /:SSL routines:[^:]*:([^:]+):/.exec(message)?.[1] ?? message

const tidy = (text: string): string => text.replace(/\s+/g, " ").trim()

/** Why a body broke off; undefined if its content is the reason. */
export const broken = (cause: unknown): { readonly code: string; readonly message: string } | undefined => {
  const { code, message = "no reason is given" } = innermost(cause)
  return code === undefined ? undefined : { code, message: tidy(message) }
}

/** Whether a body could not be read because of its content. */
export const isUnreadable = (cause: unknown): boolean => classify(innermost(cause)) === "Response"

/** The request that failed, for the message. */
export interface Asked {
  readonly method: string
  readonly url: string | URL
  readonly phase: Errors.TimedOut["phase"]
  readonly secrets: Secrets.Secrets
}

/** The error of an attempt at an HTTP client: the client's own, or that of the deadline. */
export type Failure = HttpClientError.HttpClientError | Errors.TimedOut

/** The error of an HTTP client without the request. */
export const fromClient = (error: Failure, asked: Asked): Errors.TransportError | Errors.TimedOut => {
  if (error._tag === "TimedOut") {
    return error
  }
  const { method, phase, secrets } = asked
  const url = String(asked.url)
  const inner = innermost(error.cause)
  const { code, message } = inner
  // secrets are hidden before the text is tidied: it quotes them as they are
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
  const hint = error._tag === "RequestError" && reason === "Unknown"
    ? Page.explainFailure(url, error.request.body._tag === "Stream")
    : undefined
  return new Errors.TransportError({
    reason,
    method,
    url: secrets.hide(Url.shown(url)),
    code,
    description: hint === undefined ? said : `${said}: ${hint}`
  })
}

/** The error of an upload whose stream has failed. */
export const ofUpload = (failure: Cause.Cause<unknown>, { method, secrets, url }: Asked): Errors.TransportError => {
  const cause = Cause.squash(failure)
  return new Errors.TransportError({
    reason: "Request",
    method,
    url: secrets.hide(Url.shown(url)),
    description: secrets.hide(`the upload's stream failed: ${Upload.describe(cause)}`),
    cause
  })
}

/** How an attempt ended that has no error. */
export const withoutError = (cause: Cause.Cause<unknown>): "Interrupted" | "Defect" =>
  Cause.isInterrupted(cause) ? "Interrupted" : "Defect"
