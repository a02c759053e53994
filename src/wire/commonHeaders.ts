/** The headers that every request gets: who sends it, for whom, and what the Session or an Adapter adds. */
import * as Headers from "@effect/platform/Headers"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as Errors from "../Errors.js"
import * as ContentCoding from "./contentCoding.js"
import * as CopyRequest from "./copyRequest.js"
import * as Page from "./page.js"
import { version } from "./version.js"

export interface SessionHeaders {
  /** Name of the program, first in the user agent: `inventory/1.2.0 effect-keystoneauth/0.1.0`. */
  readonly appName?: string | undefined
  readonly appVersion?: string | undefined
  /** Libraries between the program and this one, as name and version, for the user agent. */
  readonly additionalUserAgent?: ReadonlyArray<readonly [name: string, version: string]> | undefined
  /** In place of program, client and libraries: `mine effect-keystoneauth/0.1.0`. */
  readonly userAgent?: string | undefined
  /** Headers of every request that does not have them itself, logins and version documents included. */
  readonly additionalHeaders?: Headers.Input | undefined
  /** The address of whoever the program works for, told in `Forwarded` headers. */
  readonly originalIp?: string | undefined
}

export interface RequestHeaders {
  /** The whole user agent, whatever the headers say. */
  readonly userAgent?: string | undefined
  /** Name of the client library that makes the request, after the program's in the user agent. */
  readonly clientName?: string | undefined
  readonly clientVersion?: string | undefined
  /** Headers for where the request has none of that name itself. They win over the Session's. */
  readonly additionalHeaders?: Headers.Input | undefined
  /** `X-OpenStack-Request-ID` (`req-` and a UUID), by which the logs of all services that take part can be searched. */
  readonly globalRequestId?: string | undefined
  /** The address of whoever the request is made for, told in its `Forwarded` header. */
  readonly originalIp?: string | undefined
}

/** `name/version`, or the name alone. */
const product = (name: string | undefined, version: string | undefined): ReadonlyArray<string> =>
  name === undefined || name === "" ? [] : [version === undefined || version === "" ? name : `${name}/${version}`]

/** The runtime, where it says so portably: Node 21 and newer, Deno, Bun, Workers. A browser names itself. */
const runtime = (): ReadonlyArray<string> =>
  typeof navigator !== "undefined" && /^(Node\.js|Deno|Bun|Cloudflare-Workers)\b\S*$/.test(navigator.userAgent)
    ? [navigator.userAgent]
    : []

/** What this library says of itself, last in each user agent. */
export const ownUserAgent = (): string => [`effect-keystoneauth/${version}`, ...runtime()].join(" ")

const userAgent = (options: SessionHeaders, request: RequestHeaders): string =>
  [
    ...(options.userAgent === undefined || options.userAgent === ""
      ? [
        ...product(options.appName, options.appVersion),
        ...product(request.clientName, request.clientVersion),
        ...(options.additionalUserAgent ?? []).flatMap(([name, version]) => product(name, version))
      ]
      : [options.userAgent]),
    ownUserAgent()
  ].join(" ")

/** An address as RFC 7239 writes it: of version 6 in brackets and quotes. */
const forwardedFor = (address: string): string =>
  address.includes(":") ? `"[${address.replace(/^\[|\]$/g, "")}]"` : address

/** Nothing is said. */
export const isCommon = (request: RequestHeaders): boolean =>
  request.userAgent === undefined && request.clientName === undefined && request.additionalHeaders === undefined &&
  request.globalRequestId === undefined && request.originalIp === undefined

/** What no value of a header can have: anything but tabs, blanks, and what is visible in Latin-1. */
const impossible = /[^\t\x20-\x7e\x80-\xff]/

/** What no name of a header can have. */
const impossibleInName = /[^!#$%&'*+.^_`|~0-9a-z-]/i

/** Texts that become headers as they are. */
const texts = [
  "appName",
  "appVersion",
  "userAgent",
  "clientName",
  "clientVersion",
  "globalRequestId",
  "originalIp"
] as const

/** Why these headers cannot be sent, if they cannot. It quotes no value, as the platforms would. */
export const unsendable = (headers: Readonly<Record<string, string | undefined>>): string | undefined => {
  for (const name in headers) {
    if (name === "" || impossibleInName.test(name)) {
      return `${JSON.stringify(name)} cannot be the name of a header`
    }
    const value = headers[name] ?? ""
    const at = value.search(impossible)
    if (at >= 0) {
      const code = value.charCodeAt(at)
      return `a character of ${name} cannot be in a header (${
        code > 0xff ? "none of Latin-1" : `U+${code.toString(16).toUpperCase().padStart(4, "0")}`
      })`
    }
  }
  return undefined
}

/** What is wrong with one of these options, if anything is. */
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

/** Puts them on. What the caller has set stays, but for `userAgent` and `globalRequestId`, which say so themselves. */
export const make = (options: SessionHeaders) => {
  const agent = userAgent(options, {})
  const simple = options.additionalHeaders === undefined && options.originalIp === undefined
  const additional = Headers.fromInput(options.additionalHeaders)
  // browsers send their own, and ask the server first whether ours may be sent; `accept-encoding` is theirs alone
  const inPage = Page.origin() !== undefined

  const usual = Headers.unsafeFromRecord({
    "user-agent": agent,
    "accept-encoding": ContentCoding.accepted(Headers.empty)
  })
  /** What the request has itself wins. */
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
    if (originalIp !== undefined && originalIp !== "") {
      set["forwarded"] ??= `for=${forwardedFor(originalIp)};by=${name}`
    }
    return HttpClientRequest.setHeaders(HttpClientRequest.setHeaders(request, set), credentials)
  }
}
