/** Cross-origin requests, answered as oslo.middleware's CORS filter does. */
import * as Headers from "@effect/platform/Headers"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as ConfigValue from "../base/configValue.js"
import type { Handler, Incoming } from "./http.js"
import type { Cors } from "./model.js"

/** The headers that Keystone and Nova allow and expose by default, without those that no client uses. */
const defaultHeaders = [
  "X-Auth-Token",
  "X-OpenStack-Request-ID",
  "X-Subject-Token",
  "OpenStack-Auth-Receipt",
  "OpenStack-API-Version",
  "X-OpenStack-Nova-API-Version"
]

const defaultMethods = ["GET", "PUT", "POST", "DELETE", "PATCH"]

/** Headers that are always allowed. */
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

/** The headers that allow an origin to read the answer; `undefined` if it may not. */
const allowOrigin = (cors: Cors, { headers }: Incoming): Readonly<Record<string, string>> | undefined => {
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

/** The headers of the answer to a preflight; none if one of its headers or its method is not allowed. */
const preflight = (cors: Cors, incoming: Incoming): Readonly<Record<string, string>> => {
  const method = incoming.headers["access-control-request-method"] ?? ""
  const wanted = ConfigValue.split(incoming.headers["access-control-request-headers"] ?? "")
  const known = [...cors.allowedHeaders ?? defaultHeaders, ...simpleHeaders].map((name) => name.toLowerCase())
  const permitted = allowOrigin(cors, incoming)
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

/** The headers of an answer, which allow the page to read it unless the answer has such headers already. */
const exposed = (cors: Cors, incoming: Incoming, headers: Headers.Headers): Headers.Headers => {
  const permitted = allowOrigin(cors, incoming)
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

/** Adds CORS to a handler. Preflights are answered here, and reach neither the journal nor the faults. */
export const allow = (cors: Cors, handle: Handler): Handler => (incoming) =>
  isPreflight(incoming)
    ? Effect.succeed({ status: 200, headers: Headers.fromInput(preflight(cors, incoming)), body: "" })
    : Effect.map(handle(incoming), (outgoing) => ({
      ...outgoing,
      headers: exposed(cors, incoming, outgoing.headers)
    }))
