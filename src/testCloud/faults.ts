/** Faults that a test injects: which requests they apply to, and how they change the answer. */
import * as Effect from "effect/Effect"
import { bodyText, ConnectionError } from "./http.js"
import type { Answer, Fault, FaultKind } from "./model.js"
import type { Route, RoutedRequest } from "./services.js"

export interface Faults {
  readonly add: (fault: Fault) => Effect.Effect<void>
  readonly clear: Effect.Effect<void>
  /** The faults for a request, which count as used: any delays, and the fault after them. */
  readonly take: (request: RoutedRequest, service: string) => Effect.Effect<ReadonlyArray<FaultKind>>
}

const applies = (fault: Fault, { method, url }: RoutedRequest, service: string): boolean =>
  (fault.service === undefined || fault.service === service) &&
  (fault.method === undefined || fault.method.toUpperCase() === method) &&
  (fault.path === undefined ||
    // search ignores lastIndex, which test would keep between two requests
    (typeof fault.path === "string" ? url.pathname.includes(fault.path) : url.pathname.search(fault.path) >= 0))

export const make: Effect.Effect<Faults> = Effect.sync(() => {
  let active: Array<{ readonly fault: Fault; left: number }> = []
  return {
    add: (fault) =>
      Effect.sync(() => {
        active.push({ fault, left: fault.times ?? Infinity })
      }),
    clear: Effect.sync(() => {
      active = []
    }),
    take: (request, service) =>
      Effect.sync(() => {
        const taken: Array<FaultKind> = []
        for (const entry of active) {
          if (entry.left <= 0 || !applies(entry.fault, request, service)) continue
          entry.left -= 1
          taken.push(entry.fault.kind)
          if (!("delay" in entry.fault.kind)) break
        }
        return taken
      })
  }
})

const connectionErrors = {
  refused: (host: string) => new ConnectionError({ code: "ECONNREFUSED", message: `connect ECONNREFUSED ${host}` }),
  reset: () => new ConnectionError({ code: "ECONNRESET", message: "read ECONNRESET" })
}

const loadBalancerPage = "<html><body><h1>Welcome to nginx!</h1></body></html>\n"

const malformed = {
  json: { headers: { "content-type": "application/json" }, text: "{\"versions\": [{]" },
  html: { headers: { "content-type": "text/html" }, text: loadBalancerPage },
  empty: { headers: { "content-type": "application/json" }, text: "" }
}

const truncate = (answer: Answer): Answer => {
  const text = bodyText(answer)
  return {
    status: 200,
    headers: { "content-type": "application/json", ...answer.headers },
    text: text.slice(0, Math.floor(text.length / 2))
  }
}

const withStatus = (
  { body, headers, status }: Extract<FaultKind, { readonly status: number; readonly redirect?: undefined }>,
  request: RoutedRequest,
  route: Route
): Answer => {
  const answer: Answer = body === undefined
    ? status < 400 ? { status } : route.refuse(request, status)
    : typeof body === "string"
    ? { status, text: body }
    : { status, json: body }
  return { ...answer, headers: { ...answer.headers, ...headers } }
}

/** The answer of a route with faults applied. */
export const answer = (
  [kind, ...rest]: ReadonlyArray<FaultKind>,
  request: RoutedRequest,
  route: Route
): Effect.Effect<Answer, ConnectionError> => {
  if (kind === undefined) return route.answer(request)
  if ("delay" in kind) return Effect.delay(answer(rest, request, route), kind.delay)
  if ("connection" in kind) return connectionErrors[kind.connection](request.url.host)
  if ("malformed" in kind) {
    return kind.malformed === "truncated"
      ? Effect.map(route.answer(request), truncate)
      : Effect.succeed(malformed[kind.malformed])
  }
  return kind.redirect === undefined
    ? Effect.succeed(withStatus(kind, request, route))
    : Effect.succeed({ status: kind.status ?? 302, headers: { Location: kind.redirect } })
}
