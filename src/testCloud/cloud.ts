/** The whole cloud: from a request to its service, and back with what every answer carries. */
import * as Effect from "effect/Effect"
import { htmlPage } from "./dialects.js"
import type { Handler, Incoming } from "./http.js"
import { toOutgoing } from "./http.js"
import * as identity from "./identity.js"
import type { Tokens } from "./identity.js"
import { requestId } from "./ids.js"
import * as journal from "./journal.js"
import type { Journal } from "./journal.js"
import * as keystone from "./keystone.js"
import * as misbehaviour from "./misbehaviour.js"
import type { Misbehaviour } from "./misbehaviour.js"
import type { Options, Project, ServiceDefinition } from "./model.js"
import * as services from "./services.js"
import type { Asked, Route } from "./services.js"

export interface Cloud {
  readonly handle: Handler
  readonly projects: ReadonlyArray<Project>
  readonly tokens: Tokens
  readonly journal: Journal
  readonly misbehaviour: Misbehaviour
}

const nowhere: Route = {
  serviceType: "unknown",
  path: "",
  microversion: () => undefined,
  loginMethods: () => undefined,
  answer: () => Effect.succeed(htmlPage(404)),
  refuse: (_, status) => htmlPage(status)
}

// the same service answers below /internal and /admin, so that the endpoints of the catalog tell themselves apart
const locate = (routes: ReadonlyMap<string, Route>, incoming: Incoming, requestId: string) => {
  const [, prefix = "", path = "", below = ""] = /^(\/internal|\/admin)?\/([^/]*)(.*)$/s.exec(incoming.url.pathname) ??
    []
  const asked: Asked = { ...incoming, root: `${incoming.url.origin}${prefix}/${path}`, below, requestId }
  return { asked, route: routes.get(path) ?? nowhere }
}

export const make = (
  baseUrl: string,
  definitions: ReadonlyArray<ServiceDefinition>,
  options: Options
): Effect.Effect<Cloud> =>
  Effect.gen(function*() {
    const tokens = yield* identity.makeTokens(options.tokenLifetime ?? "1 hour")
    const notes = yield* journal.make(tokens)
    const faults = yield* misbehaviour.make
    const identityOptions = options.identity ?? {}
    const projects = identity.projectsWith(identityOptions.projects ?? [])
    const place = {
      baseUrl,
      region: options.region ?? "RegionOne",
      services: [keystone.traits(identityOptions), ...definitions]
    }
    const routes = [
      yield* keystone.route(tokens, place, projects, identityOptions),
      ...(yield* Effect.forEach(definitions, (service) => services.route(service, tokens, `${baseUrl}/identity`)))
    ]
    const byPath = new Map(routes.map((route) => [route.path, route]))

    const handle: Handler = (incoming) =>
      Effect.gen(function*() {
        const id = yield* requestId
        const { asked, route } = locate(byPath, incoming, id)
        const { serviceType } = route
        const microversion = route.microversion(incoming.headers)
        const answered = yield* notes.arrive(incoming, serviceType, microversion, route.loginMethods(asked))
        const hits = yield* faults.take(asked, serviceType)
        const answer = yield* misbehaviour.answer(hits, asked, route)
        const ids = serviceType === "compute" ? { "x-compute-request-id": id } : {}
        const outgoing = toOutgoing(answer, { "x-openstack-request-id": id, ...ids })
        yield* answered(outgoing.status)
        return outgoing
      })

    return { handle, projects, tokens, journal: notes, misbehaviour: faults }
  })
