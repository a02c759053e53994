/** Faults that a test orders: which requests they hit, and what they do to the proper answer. */
import * as Effect from "effect/Effect"
import { ConnectionError } from "./http.js"
import type { Answer, Fault, FaultKind } from "./model.js"
import type { Asked, Route } from "./services.js"

export interface Misbehaviour {
  readonly add: (fault: Fault) => Effect.Effect<void>
  readonly clear: Effect.Effect<void>
  /** The faults that hit this request, each counted once more: any delays, and what comes after them. */
  readonly take: (asked: Asked, service: string) => Effect.Effect<ReadonlyArray<FaultKind>>
}

const fits = (fault: Fault, { method, url }: Asked, service: string): boolean =>
  (fault.service === undefined || fault.service === service) &&
  (fault.method === undefined || fault.method.toUpperCase() === method) &&
  (fault.path === undefined ||
    // search, unlike test, keeps no position in the expression between two requests
    (typeof fault.path === "string" ? url.pathname.includes(fault.path) : url.pathname.search(fault.path) >= 0))

export const make: Effect.Effect<Misbehaviour> = Effect.sync(() => {
  let active: Array<{ readonly fault: Fault; left: number }> = []
  return {
    add: (fault) =>
      Effect.sync(() => {
        active.push({ fault, left: fault.times ?? Infinity })
      }),
    clear: Effect.sync(() => {
      active = []
    }),
    take: (asked, service) =>
      Effect.sync(() => {
        const taken: Array<FaultKind> = []
        for (const entry of active) {
          if (entry.left <= 0 || !fits(entry.fault, asked, service)) continue
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

const truncate = ({ headers, json, text }: Answer): Answer => {
  const whole = json === undefined ? text ?? "" : JSON.stringify(json)
  return {
    status: 200,
    headers: { "content-type": "application/json", ...headers },
    text: whole.slice(0, Math.floor(whole.length / 2))
  }
}

const withStatus = (
  { body, headers, status }: Extract<FaultKind, { readonly status: number; readonly redirect?: undefined }>,
  asked: Asked,
  route: Route
): Answer => {
  const answer: Answer = body === undefined
    ? status < 400 ? { status } : route.refuse(asked, status)
    : typeof body === "string"
    ? { status, text: body }
    : { status, json: body }
  return { ...answer, headers: { ...answer.headers, ...headers } }
}

/** The answer of a route, spoilt by these faults. */
export const answer = (
  [kind, ...rest]: ReadonlyArray<FaultKind>,
  asked: Asked,
  route: Route
): Effect.Effect<Answer, ConnectionError> => {
  if (kind === undefined) return route.answer(asked)
  if ("delay" in kind) return Effect.delay(answer(rest, asked, route), kind.delay)
  if ("connection" in kind) return connectionErrors[kind.connection](asked.url.host)
  if ("malformed" in kind) {
    return kind.malformed === "truncated"
      ? Effect.map(route.answer(asked), truncate)
      : Effect.succeed(malformed[kind.malformed])
  }
  return kind.redirect === undefined
    ? Effect.succeed(withStatus(kind, asked, route))
    : Effect.succeed({ status: kind.status ?? 302, headers: { Location: kind.redirect } })
}
