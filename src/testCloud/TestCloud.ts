/**
 * An OpenStack in memory, for tests and trials: a Keystone with three users, and by default a Nova, a Glance and a
 * Placement, which answer like the real ones. Programs reach it by an `HttpClient` without sockets, whose time is
 * Effect's Clock (or TestClock), or as an HTTP server. Its state lives as long as its layer.
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
import * as accounts from "./accounts.js"
import * as cloud from "./cloud.js"
import * as cors from "./cors.js"
import * as glance from "./glance.js"
import * as http from "./http.js"
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
 * The types of requests, answers, services and options.
 *
 * @since 0.1.0
 * @category models
 */
export type * from "./model.js"

/**
 * The cloud, as tests inspect and control it.
 *
 * @since 0.1.0
 * @category models
 */
export interface Service {
  readonly baseUrl: string
  /** The URL of Keystone: `${baseUrl}/identity/v3`, or `/v2.0` if there is no v3. */
  readonly authUrl: string
  /**
   * `demo` and `tenantB` are members of their projects; `admin` is admin of its project, of the domain and of the
   * system.
   */
  readonly accounts: { readonly demo: Account; readonly tenantB: Account; readonly admin: Account }
  /** An application credential of tenantB's user, for tenantB's project. */
  readonly applicationCredential: ApplicationCredential
  /** The projects of the users, and those of `IdentityOptions.projects`. */
  readonly projects: ReadonlyArray<Project>
  /** All passwords, credential secrets, tokens and receipts so far: nothing that is shown may contain them. */
  readonly secrets: Effect.Effect<ReadonlyArray<string>>
  /** The requests so far, in order of arrival. */
  readonly journal: Effect.Effect<ReadonlyArray<JournalEntry>>
  readonly clearJournal: Effect.Effect<void>
  /** Injects a fault; see `Fault`. */
  readonly misbehave: (fault: Fault) => Effect.Effect<void>
  /** Removes all faults. */
  readonly behave: Effect.Effect<void>
  /** Revokes all tokens, or those of one user (by name or id). Returns how many. */
  readonly revokeTokens: (options?: { readonly user?: string | undefined }) => Effect.Effect<number>
  /** Sets the lifetime of tokens that are issued later. */
  readonly setTokenLifetime: (life: Duration.DurationInput | "forever") => Effect.Effect<void>
}

/**
 * Service tag for the cloud of a test.
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
 * Answers a request. Fails where a connection would fail.
 *
 * @since 0.1.0
 * @category models
 */
export type Handler = http.Handler

/**
 * Defines another service. Version documents, catalog entry and errors are provided; `respond` answers the requests
 * that have a valid token and a supported microversion.
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
 * A Nova with servers of each project and microversions 2.1 to 2.90. The catalog lists it at `/compute/v2.1`.
 *
 * @since 0.1.0
 * @category services
 */
export const compute = (
  options?: { readonly servers?: ReadonlyArray<ServerSeed> | undefined }
): ServiceDefinition => nova.compute(options?.servers)

/**
 * A Glance with public images to read. The catalog lists it without a version. Its errors are HTML unless the client
 * accepts JSON.
 *
 * @since 0.1.0
 * @category services
 */
export const image = (): ServiceDefinition => glance.service

/**
 * A Placement with resource providers to read and microversions 1.0 to 1.39. The catalog lists it without a version.
 *
 * @since 0.1.0
 * @category services
 */
export const placement = (): ServiceDefinition => placementService.service

/**
 * Makes a cloud without a transport.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (options: Options = {}): Effect.Effect<Service & { readonly handle: Handler }> =>
  Effect.gen(function*() {
    const baseUrl = new URL(options.baseUrl ?? "http://cloud.test").origin
    const services = options.services ?? [compute(), image(), placement()]
    const { faults, handle, journal, projects, tokens } = yield* cloud.make(baseUrl, services, options)
    return {
      baseUrl,
      authUrl: `${baseUrl}/identity/${hasV3(options) ? "v3" : "v2.0"}`,
      accounts: accounts.accounts,
      applicationCredential: accounts.applicationCredential,
      projects,
      secrets: tokens.secrets,
      journal: journal.entries,
      clearJournal: journal.clear,
      misbehave: faults.add,
      behave: faults.clear,
      revokeTokens: ({ user } = {}) =>
        tokens.revoke((token) => user === undefined || user === token.user.username || user === token.user.userId),
      setTokenLifetime: tokens.setLifetime,
      handle: options.cors === undefined ? handle : cors.allow(options.cors, handle)
    }
  })

const hasV3 = ({ identity }: Options): boolean => identity?.versions?.includes("v3") !== false

/**
 * Provides the cloud and an `HttpClient` that reaches it without sockets. Other hosts are not found, and other ports of
 * the cloud's host refuse connections. Time is Effect's Clock.
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
 * Provides all that a program needs to run against the cloud: a Session, and the demo user on its project as
 * `AuthPlugin`. For another tenant, provide another `AuthPlugin` inside.
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
 *   Effect.provide(TestCloud.layer({
 *     services: [TestCloud.compute({ servers: [{ name: "web-1", project: "demo" }] })]
 *   }))
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
 * Serves the cloud on an `HttpServer` of Node, Bun or any other platform. With `cors`, pages of other origins can use
 * it.
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
