/**
 * Headers of every request: user agent, accepted encodings, `Forwarded`, and those that a Session or an Adapter adds.
 */
import * as Headers from "@effect/platform/Headers"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import { isSet } from "../base/configValue.js"
import * as Errors from "../Errors.js"
import * as ContentCoding from "./contentCoding.js"
import * as CopyRequest from "./copyRequest.js"
import * as Page from "./page.js"
import { version } from "./version.js"

/** Headers of all requests of a Session, logins and version documents included. */
export interface SessionHeaders {
  /** Name of the program, first in the user agent: `inventory/1.2.0 effect-keystoneauth/0.1.0`. Default: none. */
  readonly appName?: string | undefined
  /** Version of the program in the user agent. Default: none. */
  readonly appVersion?: string | undefined
  /** Name and version of other libraries in the user agent. Default: none. */
  readonly additionalUserAgent?: ReadonlyArray<readonly [name: string, version: string]> | undefined
  /**
   * Replaces program, client and libraries in the user agent: `mine effect-keystoneauth/0.1.0`. Default: not replaced.
   */
  readonly userAgent?: string | undefined
  /** Headers of requests that do not set them themselves. Default: none. */
  readonly additionalHeaders?: Headers.Input | undefined
  /** IP address of the client that the program acts for, sent as `Forwarded`. Default: no such header. */
  readonly originalIp?: string | undefined
}

/** Headers of one request. */
export interface RequestHeaders {
  /** The whole user agent; it replaces a `user-agent` header of the request. Default: the Session's. */
  readonly userAgent?: string | undefined
  /** Name of the client library that makes the request, after the program in the user agent. Default: none. */
  readonly clientName?: string | undefined
  /** Version of the client library in the user agent. Default: none. */
  readonly clientVersion?: string | undefined
  /** Headers that are set if the request does not set them itself. They win over the Session's. Default: none. */
  readonly additionalHeaders?: Headers.Input | undefined
  /**
   * Sent as `X-OpenStack-Request-ID` (`req-` and a UUID), by which the logs of all services that take part can be
   * searched. Default: no such header.
   */
  readonly globalRequestId?: string | undefined
  /** IP address of the client that the request is made for, sent as `Forwarded`. Default: the Session's. */
  readonly originalIp?: string | undefined
}

/** `name/version`, or only the name. */
const product = (name: string | undefined, version: string | undefined): ReadonlyArray<string> =>
  isSet(name) ? [isSet(version) ? `${name}/${version}` : name] : []

/** The runtime by its `navigator`: Node 21 and newer, Deno, Bun, Workers. Browsers send a user agent of their own. */
const runtime = (): ReadonlyArray<string> =>
  typeof navigator !== "undefined" && /^(Node\.js|Deno|Bun|Cloudflare-Workers)\b\S*$/.test(navigator.userAgent)
    ? [navigator.userAgent]
    : []

/** Name and version of this library and of the runtime, the end of each user agent. */
export const ownUserAgent = (): string => [`effect-keystoneauth/${version}`, ...runtime()].join(" ")

const userAgent = (options: SessionHeaders, request: RequestHeaders): string =>
  [
    ...(isSet(options.userAgent)
      ? [options.userAgent]
      : [
        ...product(options.appName, options.appVersion),
        ...product(request.clientName, request.clientVersion),
        ...(options.additionalUserAgent ?? []).flatMap(([name, version]) => product(name, version))
      ]),
    ownUserAgent()
  ].join(" ")

/** An IP address as RFC 7239 writes it: version 6 in brackets and quotes. */
const forwardedFor = (address: string): string =>
  address.includes(":") ? `"[${address.replace(/^\[|\]$/g, "")}]"` : address

/** Whether no header option is set. */
export const isCommon = (request: RequestHeaders): boolean =>
  request.userAgent === undefined && request.clientName === undefined && request.additionalHeaders === undefined &&
  request.globalRequestId === undefined && request.originalIp === undefined

/** Matches a character that is not allowed in the value of a header: allowed are tab, space and printable Latin-1. */
const impossible = /[^\t\x20-\x7e\x80-\xff]/

/** Matches a character that is not allowed in the name of a header. */
const impossibleInName = /[^!#$%&'*+.^_`|~0-9a-z-]/i

/** Options whose text is sent unchanged. */
const texts = [
  "appName",
  "appVersion",
  "userAgent",
  "clientName",
  "clientVersion",
  "globalRequestId",
  "originalIp"
] as const

/** The reason why headers cannot be sent, if there is one. It quotes no value, unlike the errors of HTTP clients. */
export const unsendable = (headers: Readonly<Record<string, string | undefined>>): string | undefined => {
  for (const name in headers) {
    if (name === "" || impossibleInName.test(name)) {
      return `${JSON.stringify(name)} is not a valid header name`
    }
    const value = headers[name] ?? ""
    const at = value.search(impossible)
    if (at >= 0) {
      const code = value.charCodeAt(at)
      return `${name} has a character that is not allowed in a header (${
        code > 0xff ? "not Latin-1" : `U+${code.toString(16).toUpperCase().padStart(4, "0")}`
      })`
    }
  }
  return undefined
}

/** The error of the first invalid option, if there is one. */
export const problem = (options: SessionHeaders & RequestHeaders): Errors.InvalidOptions | undefined => {
  const checked = [
    ...texts.map((option) => [option, { [option]: options[option] }] as const),
    ["additionalUserAgent", { additionalUserAgent: options.additionalUserAgent?.flat().join("") }],
    ["additionalHeaders", Headers.fromInput(options.additionalHeaders)]
  ] as const
  for (const [option, headers] of checked) {
    const reason = unsendable(headers)
    if (reason !== undefined) {
      return new Errors.InvalidOptions({ module: "Transport", option, reason })
    }
  }
  return undefined
}

/** Adds the headers to a request. Headers of the request win, except over `userAgent` and `globalRequestId`. */
export const make = (options: SessionHeaders) => {
  const agent = userAgent(options, {})
  const simple = options.additionalHeaders === undefined && options.originalIp === undefined
  const additional = Headers.fromInput(options.additionalHeaders)
  // browsers send a user agent of their own, ask the server first about another one, and forbid `accept-encoding`
  const inPage = Page.origin() !== undefined

  const usual = Headers.unsafeFromRecord({
    "user-agent": agent,
    "accept-encoding": ContentCoding.accepted(Headers.empty)
  })
  /** The usual headers for a request that sets some of them itself, which win. */
  const named = (own: Headers.Headers): Headers.Headers =>
    Headers.unsafeFromRecord({ "user-agent": agent, "accept-encoding": ContentCoding.accepted(own), ...own })

  return (
    request: HttpClientRequest.HttpClientRequest,
    own: RequestHeaders | undefined,
    credentials: Headers.Headers = Headers.empty
  ): HttpClientRequest.HttpClientRequest => {
    if (simple && (own === undefined || isCommon(own))) {
      const { headers } = request
      const known = inPage
        ? headers
        : "user-agent" in headers || "accept-encoding" in headers || "range" in headers
        ? named(headers)
        : Headers.merge(usual, headers)
      return CopyRequest.make(request, request.url, Headers.merge(known, credentials))
    }
    const { clientName, globalRequestId, originalIp = options.originalIp } = own ?? {}
    const set: Record<string, string> = {
      ...additional,
      ...Headers.fromInput(own?.additionalHeaders),
      ...request.headers
    }
    const name = own?.userAgent ?? request.headers["user-agent"] ??
      (own === undefined || clientName === undefined ? agent : userAgent(options, own))
    if (!inPage) {
      set["user-agent"] = name
      set["accept-encoding"] ??= ContentCoding.accepted(request.headers)
    }
    if (globalRequestId !== undefined) {
      set["x-openstack-request-id"] = globalRequestId
    }
    if (isSet(originalIp)) {
      set["forwarded"] ??= `for=${forwardedFor(originalIp)};by=${name}`
    }
    return HttpClientRequest.setHeaders(HttpClientRequest.setHeaders(request, set), credentials)
  }
}
