/** A service: its version documents, who may speak to it and in which microversion, and whom it hands the rest to. */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as dialects from "./dialects.js"
import type { Incoming } from "./http.js"
import { callerOf } from "./identity.js"
import type { Token, Tokens } from "./identity.js"
import * as microversions from "./microversions.js"
import type { Answer, Responder, ServiceDefinition, ServiceTraits, VersionDefinition } from "./model.js"

/** A request that has found its service. */
export interface Asked extends Incoming {
  /** The address of the service's root as it was asked: links are built from it. */
  readonly root: string
  /** The path below that root: empty, or beginning with a slash. */
  readonly below: string
  readonly requestId: string
}

/** A service at its place in the cloud. */
export interface Route {
  readonly serviceType: string
  readonly path: string
  readonly microversion: (headers: Incoming["headers"]) => string | undefined
  readonly answer: (asked: Asked) => Effect.Effect<Answer>
  /** The methods of the login that this is, if it is one. */
  readonly loginMethods: (asked: Asked) => ReadonlyArray<string> | undefined
  /** The service's own error for a status. */
  readonly refuse: (asked: Asked, status: number, message?: string) => Answer
}

export const pathOf = (service: ServiceTraits): string => service.path ?? service.serviceType

const versionPath = (version: VersionDefinition): string => version.path ?? `/${version.id}`

const current = (service: ServiceTraits) =>
  service.versions.find((version) => version.status === "CURRENT") ?? service.versions[0]

/** What the catalog lists below the service's path. */
export const catalogPath = (service: ServiceTraits, projectId: string): string => {
  if (service.catalogPath !== undefined) return service.catalogPath(projectId)
  const version = current(service)
  return version === undefined ? "" : versionPath(version)
}

const isBelow = (path: string, root: string) => path === root || path.startsWith(`${root}/`)

const isRoot = (path: string) => path === "" || path === "/"

const href = (asked: Asked, version: VersionDefinition) =>
  versionPath(version) === "" ? "" : `${asked.root}${versionPath(version)}/`

const decodeJson = Schema.decodeUnknownOption(Schema.parseJson())

/** The body as JSON where it claims to be; none if it lies. */
export const decodeBody = ({ body, headers }: Incoming): Option.Option<unknown> => {
  if (body === "") return Option.some(undefined)
  return headers["content-type"]?.includes("json") === false ? Option.some(body) : decodeJson(body)
}

// a version with the project in its URLs serves them with and without it
const withoutProject = (path: string, token: Token) => {
  const project = token.scope._tag === "Project" ? `/${token.scope.id}` : undefined
  return project !== undefined && isBelow(path, project) ? path.slice(project.length) : path
}

const versionList = (service: ServiceTraits, manner: dialects.Manner, asked: Asked): Answer => ({
  status: manner.rootStatus,
  headers: microversions.headersFor(service, service.versions.find((v) => versionPath(v) === "")?.minVersion),
  json: { versions: service.versions.map((version) => manner.listed(version, href(asked, version))) }
})

export const route = (service: ServiceDefinition, tokens: Tokens, keystoneUrl: string): Effect.Effect<Route> =>
  Effect.map(service.start, (respond) => serve(service, respond, tokens, keystoneUrl))

const serve = (service: ServiceDefinition, respond: Responder, tokens: Tokens, keystoneUrl: string): Route => {
  const dialect = service.dialect ?? "nova"
  const manner = dialects.manners[dialect]

  const refuse = (
    asked: Asked,
    status: number,
    message?: string,
    version?: VersionDefinition,
    microversion?: string
  ): Answer => {
    const { requestId, headers: { accept } } = asked
    const answer = manner.refuse({ status, message, requestId, accept, version, microversion })
    return status === 401
      ? { ...answer, headers: { ...answer.headers, "WWW-Authenticate": `Keystone uri="${keystoneUrl}"` } }
      : answer
  }

  const serveVersion = (asked: Asked, version: VersionDefinition): Effect.Effect<Answer, Answer> =>
    Effect.gen(function*() {
      const token = yield* tokens.valid(asked.headers["x-auth-token"])
      if (token === undefined) return refuse(asked, 401)
      const wanted = microversions.asked(service, asked.headers)
      const microversion = yield* Either.mapLeft(
        microversions.negotiate(version, wanted),
        ([status, message]): Answer => {
          const refusal = refuse(asked, status, message, version)
          // Nova repeats even what it cannot serve
          const repeated = dialect === "nova" && status === 406 ? microversions.headersFor(service, wanted) : {}
          return { ...refusal, headers: { ...refusal.headers, ...repeated } }
        }
      )
      const refuseHere = (status: number, message?: string) => refuse(asked, status, message, version, microversion)
      const body = yield* Effect.mapError(decodeBody(asked), () => refuseHere(400, "Malformed request body"))
      const answer = yield* (version.respond ?? respond)({
        method: asked.method,
        path: withoutProject(asked.below.slice(versionPath(version).length), token),
        version: version.id,
        url: asked.url,
        versionUrl: `${asked.root}${versionPath(version)}`,
        headers: asked.headers,
        body,
        microversion,
        caller: callerOf(token),
        refuse: refuseHere
      })
      return { ...answer, headers: { ...microversions.headersFor(service, microversion), ...answer.headers } }
    })

  const answer = (asked: Asked): Effect.Effect<Answer> => {
    if (isRoot(asked.below)) return Effect.succeed(versionList(service, manner, asked))
    const version = service.versions.find((version) => isBelow(asked.below, versionPath(version)))
    if (version === undefined) {
      // Glance has its versions to choose from at every path that names none
      const choices = manner.rootStatus === 300 && !/^\/v\d/.test(asked.below)
      return Effect.succeed(choices ? versionList(service, manner, asked) : refuse(asked, 404))
    }
    return manner.document !== undefined && isRoot(asked.below.slice(versionPath(version).length))
      ? Effect.succeed({
        headers: microversions.headersFor(service, version.minVersion),
        json: manner.document(version, href(asked, version))
      })
      : Effect.merge(serveVersion(asked, version))
  }

  return {
    serviceType: service.serviceType,
    path: pathOf(service),
    microversion: (headers) => microversions.asked(service, headers),
    loginMethods: () => undefined,
    answer,
    refuse
  }
}
