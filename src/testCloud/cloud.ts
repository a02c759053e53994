/** Routes requests to services, applies faults, keeps the journal, and adds request ids to the answers. */
import * as Effect from "effect/Effect"
import { projectsWith } from "./accounts.js"
import { htmlPage } from "./dialects.js"
import * as faults from "./faults.js"
import { type Handler, type Incoming, toOutgoing } from "./http.js"
import { requestId } from "./ids.js"
import * as journal from "./journal.js"
import * as keystone from "./keystone.js"
import type { Options, Project, ServiceDefinition } from "./model.js"
import * as services from "./services.js"
import * as tokens from "./tokens.js"

export interface Cloud {
  readonly handle: Handler
  readonly projects: ReadonlyArray<Project>
  readonly tokens: tokens.Tokens
  readonly journal: journal.Journal
  readonly faults: faults.Faults
}

const unknown: services.Route = {
  serviceType: "unknown",
  path: "",
  microversion: () => undefined,
  loginMethods: () => undefined,
  answer: () => Effect.succeed(htmlPage(404)),
  refuse: (_, status) => htmlPage(status)
}

/**
 * Finds the service of a request. It also answers below /internal and /admin, so that catalog endpoints differ by
 * interface.
 */
const locate = (routes: ReadonlyMap<string, services.Route>, incoming: Incoming, requestId: string) => {
  const [, prefix = "", service = "", path = ""] =
    /^(\/internal|\/admin)?\/([^/]*)(.*)$/s.exec(incoming.url.pathname) ?? []
  const request: services.RoutedRequest = {
    ...incoming,
    root: `${incoming.url.origin}${prefix}/${service}`,
    path,
    requestId
  }
  return { request, route: routes.get(service) ?? unknown }
}

export const make = (
  baseUrl: string,
  definitions: ReadonlyArray<ServiceDefinition>,
  options: Options
): Effect.Effect<Cloud> =>
  Effect.gen(function*() {
    const issued = yield* tokens.make(options.tokenLifetime ?? "1 hour")
    const entries = yield* journal.make(issued)
    const active = yield* faults.make
    const identityOptions = options.identity ?? {}
    const projects = projectsWith(identityOptions.projects ?? [])
    const region = {
      baseUrl,
      name: options.region ?? "RegionOne",
      services: [keystone.traits(identityOptions), ...definitions]
    }
    const routes = [
      yield* keystone.route(issued, region, projects, identityOptions),
      ...(yield* Effect.forEach(definitions, (service) => services.route(service, issued, `${baseUrl}/identity`)))
    ]
    const byPath = new Map(routes.map((route) => [route.path, route]))

    const handle: Handler = (incoming) =>
      Effect.gen(function*() {
        const id = yield* requestId
        const { request, route } = locate(byPath, incoming, id)
        const { serviceType } = route
        const setStatus = yield* entries.add(
          incoming,
          serviceType,
          route.microversion(incoming.headers),
          route.loginMethods(request)
        )
        const kinds = yield* active.take(request, serviceType)
        const answer = yield* faults.answer(kinds, request, route)
        const ids = serviceType === "compute" ? { "x-compute-request-id": id } : {}
        const outgoing = toOutgoing(answer, { "x-openstack-request-id": id, ...ids })
        yield* setStatus(outgoing.status)
        return outgoing
      })

    return { handle, projects, tokens: issued, journal: entries, faults: active }
  })
