/** What a Session keeps: the heap after ever more requests, and after ever more identities. In memory, without sockets. */
import { HttpClient, HttpClientRequest, HttpClientResponse } from "@effect/platform"
import type { Duration } from "effect"
import { Context, Effect, Layer, Ref } from "effect"
import * as Adapter from "effect-keystoneauth/Adapter"
import * as Password from "effect-keystoneauth/Password"
import * as Session from "effect-keystoneauth/Session"
import * as TestCloud from "effect-keystoneauth/TestCloud"
import { sampled } from "./heap.js"
import { demoUser } from "./world.js"

const account = Effect.map(TestCloud.make(), demoUser)

// -----------------------------------------------------------------------------
// warm requests
// -----------------------------------------------------------------------------

/** The cloud answers the login, and each other request is answered on the spot, without a body: it takes the least time. */
const shortcut = Layer.map(TestCloud.layerHttpClient(), (context) => {
  const cloud = Context.get(context, HttpClient.HttpClient)
  const quick = HttpClient.make((request) =>
    request.method === "POST"
      ? cloud.execute(request)
      : Effect.sync(() => HttpClientResponse.fromWeb(request, new Response()))
  )
  return Context.add(context, HttpClient.HttpClient, quick)
})

const demoLayer = Layer.unwrapEffect(Effect.map(account, Password.layer))

/** The heap after each batch of so many warm requests. */
export const afterRequests = (batches: number, size: number, limit?: Duration.DurationInput) =>
  Effect.gen(function*() {
    const compute = yield* Adapter.make({ serviceType: "compute" })
    // the answer has no body to be read
    const call = compute.get("/servers")
    return yield* sampled(() => Effect.repeatN(call, size - 1), batches, size, limit)
  }).pipe(Effect.provide(demoLayer.pipe(Layer.provideMerge(Session.layer()), Layer.provide(shortcut))))

// -----------------------------------------------------------------------------
// identities
// -----------------------------------------------------------------------------

/** An address of Keystone makes an identity, and all of these are the cloud's. */
const authUrlOf = (index: number) => `http://keystone-${index}.test/identity/v3`

const toCloud = HttpClient.mapRequest((request) =>
  HttpClientRequest.setUrl(request, request.url.replace(/^http:\/\/keystone-\d+\.test/, "http://cloud.test"))
)

/** A cloud that is replaced by a new one now and then: what it remembers is not what is measured. */
const makeClouds = Effect.gen(function*() {
  const build = Effect.provide(HttpClient.HttpClient, TestCloud.layerHttpClient())
  const current = yield* Effect.flatMap(build, Ref.make)
  const client = HttpClient.make((request) => Effect.flatMap(Ref.get(current), (client) => client.execute(request)))
  return { client: toCloud(client), replace: Effect.flatMap(build, (next) => Ref.set(current, next)) }
})

/** The heap after each batch of so many identities, with one request as each of them. */
export const afterIdentities = (batches: number, size: number) =>
  Effect.gen(function*() {
    const clouds = yield* makeClouds
    const demo = yield* account
    const call = (index: number) =>
      Effect.flatMap(
        Adapter.make({ serviceType: "compute" }),
        (compute) => Effect.flatMap(compute.get("/servers"), ({ text }) => text)
      ).pipe(
        Effect.provide(Password.layer({ ...demo, authUrl: authUrlOf(index) }))
      )
    const batch = (index: number) =>
      Effect.forEach(
        Array.from({ length: size }, (_, i) => index * size + i),
        call,
        { concurrency: 10, discard: true }
      ).pipe(Effect.zipRight(clouds.replace))
    const session = Session.layer().pipe(Layer.provide(Layer.succeed(HttpClient.HttpClient, clouds.client)))
    return yield* Effect.provide(sampled(batch, batches, size), session)
  })
