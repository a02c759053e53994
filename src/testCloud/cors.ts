/** What lets pages of other origins talk to the cloud: the answers of oslo.middleware's CORS, which OpenStack has. */
import * as Headers from "@effect/platform/Headers"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { Handler, Incoming } from "./http.js"
import type { Cors } from "./model.js"

/** What Keystone and Nova allow and expose by default, of what clients send and read. */
const defaultHeaders = [
  "X-Auth-Token",
  "X-OpenStack-Request-ID",
  "X-Subject-Token",
  "OpenStack-Auth-Receipt",
  "OpenStack-API-Version",
  "X-OpenStack-Nova-API-Version"
]

const defaultMethods = ["GET", "PUT", "POST", "DELETE", "PATCH"]

/** Allowed whatever the configuration says. */
const simpleHeaders = [
  "Accept",
  "Accept-Language",
  "Content-Type",
  "Cache-Control",
  "Content-Language",
  "Expires",
  "Last-Modified",
  "Pragma"
]

const split = (list: string | undefined): ReadonlyArray<string> =>
  (list ?? "").split(",").map((name) => name.trim()).filter((name) => name !== "")

/** The permission for an origin: without these headers, a browser shows the page nothing of the answer. */
const permission = (cors: Cors, { headers }: Incoming): Readonly<Record<string, string>> | undefined => {
  const origin = headers["origin"]
  if (origin === undefined) {
    return undefined
  }
  const allowed = cors.allowedOrigins.includes(origin) ? origin : cors.allowedOrigins.includes("*") ? "*" : undefined
  return allowed === undefined ? undefined : {
    "access-control-allow-origin": allowed,
    ...(cors.allowCredentials === false ? {} : { "access-control-allow-credentials": "true" })
  }
}

const isPreflight = ({ headers, method }: Incoming): boolean =>
  method === "OPTIONS" && headers["origin"] !== undefined && headers["access-control-request-method"] !== undefined

/** One header or method too many, and nothing is allowed. */
const preflight = (cors: Cors, incoming: Incoming): Readonly<Record<string, string>> => {
  const method = incoming.headers["access-control-request-method"] ?? ""
  const wanted = split(incoming.headers["access-control-request-headers"])
  const known = [...cors.allowedHeaders ?? defaultHeaders, ...simpleHeaders].map((name) => name.toLowerCase())
  const permitted = permission(cors, incoming)
  if (
    permitted === undefined || !(cors.allowedMethods ?? defaultMethods).includes(method) ||
    !wanted.every((name) => known.includes(name.toLowerCase()))
  ) {
    return {}
  }
  const maxAge = Math.floor(Duration.toSeconds(cors.maxAge ?? "1 hour"))
  return {
    ...permitted,
    vary: "Origin",
    ...(maxAge === 0 ? {} : { "access-control-max-age": String(maxAge) }),
    "access-control-allow-methods": method,
    ...(wanted.length === 0 ? {} : { "access-control-allow-headers": wanted.join(",") })
  }
}

/** An answer that the page may see. One that brings its own permission knows better. */
const exposed = (cors: Cors, incoming: Incoming, headers: Headers.Headers): Headers.Headers => {
  const permitted = permission(cors, incoming)
  if (permitted === undefined || Headers.has(headers, "access-control-allow-origin")) {
    return headers
  }
  const names = cors.exposedHeaders ?? defaultHeaders
  return Headers.setAll(headers, {
    ...permitted,
    vary: [...Option.toArray(Headers.get(headers, "vary")), "Origin"].join(","),
    ...(names.length === 0 ? {} : { "access-control-expose-headers": names.join(",") })
  })
}

/** In front of the cloud: preflights are answered here, and reach neither its journal nor its faults. */
export const allow = (cors: Cors, handle: Handler): Handler => (incoming) =>
  isPreflight(incoming)
    ? Effect.succeed({ status: 200, headers: Headers.fromInput(preflight(cors, incoming)), body: "" })
    : Effect.map(handle(incoming), (outgoing) => ({
      ...outgoing,
      headers: exposed(cors, incoming, outgoing.headers)
    }))
