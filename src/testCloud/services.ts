/** Serves a service: version documents, token, microversion; the rest goes to its responder. */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as dialects from "./dialects.js"
import { type Incoming, readBody } from "./http.js"
import * as microversions from "./microversions.js"
import type { Answer, Responder, ServiceDefinition, ServiceTraits, VersionDefinition } from "./model.js"
import { callerOf, type Token, type Tokens } from "./tokens.js"

/** A request with the service that it is for. */
export interface RoutedRequest extends Incoming {
  /** The URL of the service's root as the client wrote it, for links. */
  readonly root: string
  /** The path below the root: empty, or with a slash in front. */
  readonly path: string
  readonly requestId: string
}

/** A service as the cloud calls it. */
export interface Route {
  readonly serviceType: string
  readonly path: string
  readonly microversion: (headers: Incoming["headers"]) => string | undefined
  readonly answer: (request: RoutedRequest) => Effect.Effect<Answer>
  /** The methods of a login; `undefined` for other requests. */
  readonly loginMethods: (request: RoutedRequest) => ReadonlyArray<string> | undefined
  /** The service's own error for a status. */
  readonly refuse: (request: RoutedRequest, status: number, message?: string) => Answer
}

export const pathOf = (service: ServiceTraits): string => service.path ?? service.serviceType

const versionPath = (version: VersionDefinition): string => version.path ?? `/${version.id}`

const current = (service: ServiceTraits) =>
  service.versions.find((version) => version.status === "CURRENT") ?? service.versions[0]

/** The path in the catalog, below the service's path. */
export const catalogPath = (service: ServiceTraits, projectId: string): string => {
  if (service.catalogPath !== undefined) return service.catalogPath(projectId)
  const version = current(service)
  return version === undefined ? "" : versionPath(version)
}

const isBelow = (path: string, root: string) => path === root || path.startsWith(`${root}/`)

const isRoot = (path: string) => path === "" || path === "/"

const href = (request: RoutedRequest, version: VersionDefinition) =>
  versionPath(version) === "" ? "" : `${request.root}${versionPath(version)}/`

/** Paths are served with and without the project id. */
const withoutProject = (path: string, token: Token) => {
  const project = token.scope._tag === "Project" ? `/${token.scope.id}` : undefined
  return project !== undefined && isBelow(path, project) ? path.slice(project.length) : path
}

const versionList = (service: ServiceTraits, format: dialects.Format, request: RoutedRequest): Answer => ({
  status: format.rootStatus,
  headers: microversions.headersFor(service, service.versions.find((v) => versionPath(v) === "")?.minVersion),
  json: { versions: service.versions.map((version) => format.listed(version, href(request, version))) }
})

export const route = (service: ServiceDefinition, tokens: Tokens, keystoneUrl: string): Effect.Effect<Route> =>
  Effect.map(service.start, (respond) => serve(service, respond, tokens, keystoneUrl))

const serve = (service: ServiceDefinition, respond: Responder, tokens: Tokens, keystoneUrl: string): Route => {
  const dialect = service.dialect ?? "nova"
  const format = dialects.formats[dialect]

  const refuse = (
    request: RoutedRequest,
    status: number,
    message?: string,
    version?: VersionDefinition,
    microversion?: string
  ): Answer => {
    const { requestId, headers: { accept } } = request
    const answer = format.refuse({ status, message, requestId, accept, version, microversion })
    return status === 401
      ? { ...answer, headers: { ...answer.headers, "WWW-Authenticate": `Keystone uri="${keystoneUrl}"` } }
      : answer
  }

  const serveVersion = (request: RoutedRequest, version: VersionDefinition): Effect.Effect<Answer> =>
    Effect.gen(function*() {
      const token = yield* tokens.valid(request.headers["x-auth-token"])
      if (token === undefined) return refuse(request, 401)
      const requested = microversions.requested(service, request.headers)
      const negotiated = microversions.negotiate(version, requested)
      if (Either.isLeft(negotiated)) {
        const [status, message] = negotiated.left
        const answer = refuse(request, status, message, version)
        // Nova repeats a microversion that it does not have
        const repeated = dialect === "nova" && status === 406 ? microversions.headersFor(service, requested) : {}
        return { ...answer, headers: { ...answer.headers, ...repeated } }
      }
      const microversion = negotiated.right
      const refuseHere = (status: number, message?: string) => refuse(request, status, message, version, microversion)
      const body = readBody(request)
      if (Option.isNone(body)) return refuseHere(400, "Malformed request body")
      const answer = yield* (version.respond ?? respond)({
        method: request.method,
        path: withoutProject(request.path.slice(versionPath(version).length), token),
        version: version.id,
        url: request.url,
        versionUrl: `${request.root}${versionPath(version)}`,
        headers: request.headers,
        body: body.value,
        microversion,
        caller: callerOf(token),
        refuse: refuseHere
      })
      return { ...answer, headers: { ...microversions.headersFor(service, microversion), ...answer.headers } }
    })

  const answer = (request: RoutedRequest): Effect.Effect<Answer> => {
    if (isRoot(request.path)) return Effect.succeed(versionList(service, format, request))
    const version = service.versions.find((version) => isBelow(request.path, versionPath(version)))
    if (version === undefined) {
      // Glance answers any path without a version with the list of versions
      const choices = format.rootStatus === 300 && !/^\/v\d/.test(request.path)
      return Effect.succeed(choices ? versionList(service, format, request) : refuse(request, 404))
    }
    return format.document !== undefined && isRoot(request.path.slice(versionPath(version).length))
      ? Effect.succeed({
        headers: microversions.headersFor(service, version.minVersion),
        json: format.document(version, href(request, version))
      })
      : serveVersion(request, version)
  }

  return {
    serviceType: service.serviceType,
    path: pathOf(service),
    microversion: (headers) => microversions.requested(service, headers),
    loginMethods: () => undefined,
    answer,
    refuse
  }
}
