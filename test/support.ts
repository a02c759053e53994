/** Helpers for several tests. */
import { FetchHttpClient, type HttpClientResponse } from "@effect/platform"
import { NodeHttpClient } from "@effect/platform-node"
import { assert } from "@effect/vitest"
import { type Duration, Effect, type Exit, Fiber, type Layer, Option, TestClock } from "effect"
import { Adapter, ApplicationCredential, AuthPlugin, Password, type Session } from "effect-keystoneauth"
import * as TestCloud from "effect-keystoneauth/TestCloud"

/** The transports of tests with real sockets. */
export const platforms = { undici: NodeHttpClient.layerUndici, fetch: FetchHttpClient.layer }

export type Platform = keyof typeof platforms

export class Compute extends Adapter.Tag<Compute>()("test/Compute", {
  serviceType: "compute",
  minVersion: "2.1",
  maxVersion: "2.latest",
  defaultMicroversion: "2.79"
}) {}

/** The number of logins at the cloud. */
export const logins = Effect.flatMap(
  TestCloud.TestCloud,
  (cloud) =>
    Effect.map(
      cloud.journal,
      (journal) => journal.filter((entry) => entry.method === "POST" && entry.path.endsWith("/auth/tokens")).length
    )
)

/** The methods of each login in order: `password+totp`, `token`. */
export const shownInLogins = Effect.flatMap(
  TestCloud.TestCloud,
  (cloud) =>
    Effect.map(
      cloud.journal,
      (journal) => journal.flatMap(({ methods }) => methods === undefined ? [] : [methods.join("+")])
    )
)

/** The requests to services other than Keystone, without those for version documents. */
export const serviceRequests = Effect.flatMap(
  TestCloud.TestCloud,
  (cloud) =>
    Effect.map(
      cloud.journal,
      (journal) => journal.filter((entry) => entry.service !== "identity" && entry.token !== undefined)
    )
)

export const tenantB = Effect.map(TestCloud.TestCloud, (cloud) =>
  ApplicationCredential.layer({
    authUrl: cloud.authUrl,
    id: cloud.applicationCredential.id,
    secret: cloud.applicationCredential.secret
  }))

export const demo = Effect.map(
  TestCloud.TestCloud,
  (cloud) => Password.layer({ authUrl: cloud.authUrl, ...cloud.accounts.demo })
)

/** The project that the servers in an answer belong to. */
export const projectOf = (response: HttpClientResponse.HttpClientResponse) =>
  Effect.map(
    response.json,
    (body) => [
      ...new Set((body as { servers: ReadonlyArray<{ tenant_id: string }> }).servers.map((server) => server.tenant_id))
    ]
  )

/** The token that the current plugin would send. */
export const currentToken = Effect.flatMap(
  AuthPlugin.AuthPlugin,
  (plugin) => Effect.map(plugin.headers, (headers) => headers["x-auth-token"])
)

export const servers = Effect.flatMap(Compute, (compute) => compute.get("/servers/detail"))

/** Runs with the plugin of the layer, or with the current one. */
export const as = <A, E, R>(
  layer: Layer.Layer<AuthPlugin.AuthPlugin, never, Session.Session> | undefined,
  effect: Effect.Effect<A, E, R>
): Effect.Effect<A, E, R | Session.Session> => layer === undefined ? effect : Effect.provide(effect, layer)

export const assertTag: <E extends { readonly _tag: string }, const Tag extends E["_tag"]>(
  error: E,
  tag: Tag
) => asserts error is Extract<E, { readonly _tag: Tag }> = (error, tag) => assert.strictEqual(error._tag, tag)

/**
 * What a fiber comes to, while time passes for it step by step. In between it may wait for what is not the clock's,
 * such as cryptography: one big step could come before it sleeps.
 */
export const whileTimePasses = <A, E>(
  fiber: Fiber.RuntimeFiber<A, E>,
  step: Duration.DurationInput
): Effect.Effect<Exit.Exit<A, E>> =>
  Effect.repeat(TestClock.adjust(step), {
    until: () => Option.isSome(Option.fromNullable(fiber.unsafePoll())),
    times: 500
  })
    .pipe(Effect.zipRight(Fiber.await(fiber)))
