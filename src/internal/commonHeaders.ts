/** The headers that every request gets: who sends it, for whom, and what the Session or an Adapter adds. */
import * as Headers from "@effect/platform/Headers"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import type * as Transport from "../Transport.js"
import { version } from "./version.js"

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

const userAgent = (options: Transport.Options, request: Transport.SendOptions): string =>
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

const isCommon = (request: Transport.SendOptions): boolean =>
  request.userAgent === undefined && request.clientName === undefined && request.additionalHeaders === undefined &&
  request.globalRequestId === undefined && request.originalIp === undefined

/** Puts them on. What the caller has set stays, but for `userAgent` and `globalRequestId`, which say so themselves. */
export const make = (options: Transport.Options) => {
  const agent = userAgent(options, {})
  const simple = options.additionalHeaders === undefined && options.originalIp === undefined
  const additional = Headers.fromInput(options.additionalHeaders)

  return (
    request: HttpClientRequest.HttpClientRequest,
    own: Transport.SendOptions | undefined
  ): HttpClientRequest.HttpClientRequest => {
    if (simple && (own === undefined || isCommon(own))) {
      return Headers.has(request.headers, "user-agent")
        ? request
        : HttpClientRequest.setHeader(request, "user-agent", agent)
    }
    const { clientName, globalRequestId, originalIp = options.originalIp } = own ?? {}
    const set: Record<string, string> = {
      ...additional,
      ...Headers.fromInput(own?.additionalHeaders),
      ...request.headers
    }
    set["user-agent"] = own?.userAgent ?? request.headers["user-agent"] ??
      (own === undefined || clientName === undefined ? agent : userAgent(options, own))
    if (globalRequestId !== undefined) {
      set["x-openstack-request-id"] = globalRequestId
    }
    if (originalIp !== undefined && originalIp !== "") {
      set["forwarded"] ??= `for=${forwardedFor(originalIp)};by=${set["user-agent"]}`
    }
    return HttpClientRequest.setHeaders(request, set)
  }
}
