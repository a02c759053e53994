/**
 * An OpenStack in memory, for tests and for trying things out: a Keystone with three users, and by default a Nova, a
 * Glance and a Placement, which answer as the real ones do. It comes as a transport without sockets, whose time is
 * Effect's Clock and so obeys TestClock, or as a real HTTP server. Its state lasts as long as the layer that built it.
 *
 * @since 0.1.0
 */
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpServer from "@effect/platform/HttpServer"
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Catalog from "../endpoint/Catalog.js"
import type * as Discovery from "../endpoint/Discovery.js"
import type * as AuthPlugin from "../identity/AuthPlugin.js"
import * as Password from "../plugins/Password.js"
import * as V2Password from "../plugins/V2Password.js"
import * as Session from "../session/Session.js"
import * as cloud from "./cloud.js"
import * as cors from "./cors.js"
import * as glance from "./glance.js"
import * as http from "./http.js"
import * as identity from "./identity.js"
import type {
  Account,
  ApplicationCredential,
  Fault,
  JournalEntry,
  Options,
  Project,
  Responder,
  ServerSeed,
  ServiceDefinition,
  ServiceTraits
} from "./model.js"
import * as nova from "./nova.js"
import * as placementService from "./placement.js"

/**
 * @since 0.1.0
 */
export type * from "./model.js"

/**
 * What a test can know of the cloud, and do to it.
 *
 * @since 0.1.0
 * @category models
 */
export interface Service {
  readonly baseUrl: string
  /** Keystone's address as a user would be given it: `${baseUrl}/identity/v3`, or `/v2.0` where there is no v3. */
  readonly authUrl: string
  /** `demo` and `tenantB` are members of their projects; `admin` is admin of its own, of the domain and of the system. */
  readonly accounts: { readonly demo: Account; readonly tenantB: Account; readonly admin: Account }
  /** Of tenantB's user, on tenantB's project. */
  readonly applicationCredential: ApplicationCredential
  /** The projects that there are: those of the users, and those of `IdentityOptions.projects`. */
  readonly projects: ReadonlyArray<Project>
  /** Every password, credential secret, token and receipt issued so far: what must not be found in anything that is shown. */
  readonly secrets: Effect.Effect<ReadonlyArray<string>>
  /** What the cloud was asked, in order of arrival. */
  readonly journal: Effect.Effect<ReadonlyArray<JournalEntry>>
  readonly clearJournal: Effect.Effect<void>
  /** Orders a fault; see `Fault`. */
  readonly misbehave: (fault: Fault) => Effect.Effect<void>
  /** Drops all faults. */
  readonly behave: Effect.Effect<void>
  /** Rejects all tokens issued so far, or those of one user (by name or id), from now on; answers how many those are. */
  readonly revokeTokens: (options?: { readonly user?: string | undefined }) => Effect.Effect<number>
  /** Changes how long tokens live that are issued from now on. */
  readonly setTokenLifetime: (life: Duration.DurationInput | "forever") => Effect.Effect<void>
}

/**
 * The cloud that a test talks to.
 *
 * @example
 * ```ts
 * import { HttpClient } from "@effect/platform"
 * import { Effect } from "effect"
 * import * as TestCloud from "effect-keystoneauth/TestCloud"
 *
 * const program = Effect.gen(function*() {
 *   const cloud = yield* TestCloud.TestCloud
 *   yield* cloud.misbehave({ service: "identity", times: 1, kind: { status: 503 } })
 *   const response = yield* HttpClient.get(cloud.authUrl)
 *   return response.status
 * }).pipe(Effect.provide(TestCloud.layerHttpClient()))
 * ```
 *
 * @since 0.1.0
 * @category tags
 */
export class TestCloud extends Context.Tag("effect-keystoneauth/TestCloud")<TestCloud, Service>() {}

/**
 * Answers one request: what both transports have behind them. It fails where a connection would.
 *
 * @since 0.1.0
 * @category models
 */
export type Handler = http.Handler

/**
 * A service of your own. `respond` gets only requests with a good token and an acceptable microversion; the version
 * documents, the catalog entry and the errors are made for it.
 *
 * @example
 * ```ts
 * import { Effect } from "effect"
 * import * as TestCloud from "effect-keystoneauth/TestCloud"
 *
 * const volumes = TestCloud.service({
 *   serviceType: "block-storage",
 *   name: "cinder",
 *   path: "volume",
 *   microversionName: "volume",
 *   versions: [{ id: "v3", status: "CURRENT", minVersion: "3.0", maxVersion: "3.70" }],
 *   catalogPath: (projectId) => `/v3/${projectId}`,
 *   respond: (request) => Effect.succeed(request.path === "/volumes" ? { json: { volumes: [] } } : request.refuse(404))
 * })
 * ```
 *
 * @since 0.1.0
 * @category services
 */
export const service = (options: ServiceTraits & { readonly respond: Responder }): ServiceDefinition => {
  const { respond, ...traits } = options
  return { ...traits, start: Effect.succeed(respond) }
}

/**
 * A Nova: servers of each project, microversions 2.1 to 2.90, listed in the catalog at `/compute/v2.1`.
 *
 * @since 0.1.0
 * @category services
 */
export const compute = (
  options?: { readonly servers?: ReadonlyArray<ServerSeed> | undefined }
): ServiceDefinition => nova.compute(options?.servers)

/**
 * A Glance: public images to read, listed in the catalog without a version. Its errors are HTML unless JSON is asked for.
 *
 * @since 0.1.0
 * @category services
 */
export const image = (): ServiceDefinition => glance.service

/**
 * A Placement: resource providers to read, microversions 1.0 to 1.39, listed in the catalog without a version.
 *
 * @since 0.1.0
 * @category services
 */
export const placement = (): ServiceDefinition => placementService.service

/**
 * Builds a cloud, for those who bring their own transport.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (options: Options = {}): Effect.Effect<Service & { readonly handle: Handler }> =>
  Effect.gen(function*() {
    const baseUrl = new URL(options.baseUrl ?? "http://cloud.test").origin
    const services = options.services ?? [compute(), image(), placement()]
    const { handle, journal, misbehaviour, projects, tokens } = yield* cloud.make(baseUrl, services, options)
    return {
      baseUrl,
      authUrl: `${baseUrl}/identity/${hasV3(options) ? "v3" : "v2.0"}`,
      accounts: identity.accounts,
      applicationCredential: identity.applicationCredential,
      projects,
      secrets: tokens.secrets,
      journal: journal.entries,
      clearJournal: journal.clear,
      misbehave: misbehaviour.add,
      behave: misbehaviour.clear,
      revokeTokens: ({ user } = {}) =>
        tokens.revoke((token) => user === undefined || user === token.user.username || user === token.user.userId),
      setTokenLifetime: tokens.setLifetime,
      handle: options.cors === undefined ? handle : cors.allow(options.cors, handle)
    }
  })

const hasV3 = ({ identity }: Options): boolean => identity?.versions?.includes("v3") !== false

/**
 * The cloud and a transport that reaches it, without sockets. Other hosts do not exist for it, and other ports of the
 * cloud's host refuse. Time passes by Effect's Clock only.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerHttpClient = (options?: Options): Layer.Layer<TestCloud | HttpClient.HttpClient> =>
  Layer.effectContext(
    Effect.map(make(options), (cloud) =>
      Context.make(TestCloud, cloud).pipe(
        Context.add(HttpClient.HttpClient, http.client(cloud.baseUrl, cloud.handle))
      ))
  )

/**
 * Everything that a program needs to run against the cloud in a test, with nothing else to provide: a Session, and the
 * demo user of demo's project as `AuthPlugin` (provide another one inside for another tenant).
 *
 * @example
 * ```ts
 * import { Effect } from "effect"
 * import { Adapter } from "effect-keystoneauth"
 * import * as TestCloud from "effect-keystoneauth/TestCloud"
 *
 * class Compute extends Adapter.Tag<Compute>()("app/Compute", { serviceType: "compute" }) {}
 *
 * const test = Effect.gen(function*() {
 *   const compute = yield* Compute
 *   const response = yield* compute.get("/servers")
 *   return yield* response.json
 * }).pipe(
 *   Effect.provide(Compute.layer),
 *   Effect.provide(TestCloud.layer({ services: [TestCloud.compute({ servers: [{ name: "web-1", project: "demo" }] })] }))
 * )
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (
  options?: Options & { readonly session?: Session.Options | undefined }
): Layer.Layer<
  TestCloud | AuthPlugin.AuthPlugin | Session.Session | Catalog.Catalog | Discovery.Discovery | HttpClient.HttpClient
> =>
  Layer.unwrapEffect(
    Effect.map(TestCloud, ({ accounts: { demo }, authUrl }) =>
      hasV3(options ?? {})
        ? Password.layer({ authUrl, ...demo })
        : V2Password.layer({ authUrl, ...demo, tenantId: demo.projectId }))
  )
    .pipe(
      Layer.provideMerge(Session.layer(options?.session)),
      Layer.provideMerge(layerHttpClient(options))
    )

/**
 * The cloud as a real server, at the address of the `HttpServer` that it is given: of Node, Bun or any other platform.
 * With `cors`, pages of other origins can talk to it.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerServer = (options?: Options): Layer.Layer<TestCloud, never, HttpServer.HttpServer> =>
  Layer.scoped(
    TestCloud,
    Effect.gen(function*() {
      const server = yield* HttpServer.HttpServer
      const cloud = yield* make({ ...options, baseUrl: options?.baseUrl ?? http.originOf(server.address) })
      yield* server.serve(http.app(cloud.baseUrl, cloud.handle))
      return cloud
    })
  )
