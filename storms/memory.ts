/** What a Session keeps: the heap after ever more requests, and after ever more identities. In memory, without sockets. */
import { HttpClient, HttpClientRequest, HttpClientResponse } from "@effect/platform"
import { Context, Effect, Layer, Ref } from "effect"
import { Adapter, Password, Session } from "effect-keystoneauth"
import * as TestCloud from "effect-keystoneauth/TestCloud"
import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"
import type { Outcome, Storm } from "./storm.js"
import { figure, make } from "./storm.js"
import { demoUser } from "./world.js"

// -----------------------------------------------------------------------------
// the heap
// -----------------------------------------------------------------------------

const collectGarbage = Effect.sync(() => {
  setFlagsFromString("--expose-gc")
  const gc: () => void = runInNewContext("gc")
  gc()
})

/** In bytes, of what is still reachable: finalizers run between the two collections. */
const heap = collectGarbage.pipe(
  Effect.zipRight(Effect.sleep("50 millis")),
  Effect.zipRight(collectGarbage),
  Effect.zipRight(Effect.sync(() => process.memoryUsage().heapUsed))
)

const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`

interface Sample {
  readonly count: number
  readonly bytes: number
}

/** Does something many times, and takes a sample after each batch. */
const sampled = <E, R>(
  batch: (index: number) => Effect.Effect<void, E, R>,
  batches: number,
  size: number
): Effect.Effect<ReadonlyArray<Sample>, E, R> =>
  Effect.forEach(
    Array.from({ length: batches }),
    (_, index) => Effect.map(Effect.zipRight(batch(index), heap), (bytes) => ({ count: (index + 1) * size, bytes }))
  )

const list = (samples: ReadonlyArray<Sample>) =>
  samples.map(({ bytes, count }) => `${figure(count)}: ${megabytes(bytes)}`).join("; ")

/** How much the heap has grown between two samples. */
const growth = (samples: ReadonlyArray<Sample>, from: number, to: number) => {
  const bytesAt = (count: number) => samples.find((sample) => sample.count === count)?.bytes ?? NaN
  return bytesAt(to) - bytesAt(from)
}

const verdict = (
  grown: number,
  from: number,
  to: number,
  allowed: number,
  samples: ReadonlyArray<Sample>
): Outcome => ({
  reached: `${grown < 0 ? "" : "+"}${megabytes(grown)} from ${figure(from)} to ${figure(to)}`,
  ok: grown < allowed,
  notes: [`heap after ${list(samples)}`]
})

// -----------------------------------------------------------------------------
// warm requests
// -----------------------------------------------------------------------------

const requests = 1_000_000
const requestBatch = requests / 10

/** The cloud answers the login, and each other request is answered on the spot: it is what takes the least time. */
const shortcut = Layer.map(TestCloud.layerHttpClient(), (context) => {
  const cloud = Context.get(context, HttpClient.HttpClient)
  const quick = HttpClient.make((request) =>
    request.method === "POST"
      ? cloud.execute(request)
      : Effect.sync(() => HttpClientResponse.fromWeb(request, new Response("{}")))
  )
  return Context.add(context, HttpClient.HttpClient, quick)
})

const account = Effect.map(TestCloud.make(), demoUser)

const demoLayer = Layer.unwrapEffect(Effect.map(account, Password.layer))

const warm = make(
  { storm: `${figure(requests)} warm requests`, goal: "bounded: < 1 MB in the last half", others: "-" },
  "20 minutes",
  Effect.gen(function*() {
    const compute = yield* Adapter.make({ serviceType: "compute" })
    const call = Effect.flatMap(compute.get("/servers"), ({ text }) => text)
    const samples = yield* sampled(() => Effect.repeatN(call, requestBatch - 1), 10, requestBatch)
    return verdict(growth(samples, requests / 2, requests), requests / 2, requests, 1e6, samples)
  }).pipe(Effect.provide(demoLayer.pipe(Layer.provideMerge(Session.layer()), Layer.provide(shortcut))))
)

// -----------------------------------------------------------------------------
// identities
// -----------------------------------------------------------------------------

const identities = 10_000
const identityBatch = identities / 5

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

const many = make(
  {
    storm: `${figure(identities)} distinct identities, and as many again`,
    goal: "bounded: < 5 MB once full",
    others: "-"
  },
  "20 minutes",
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
        Array.from({ length: identityBatch }, (_, i) => index * identityBatch + i),
        call,
        { concurrency: 10, discard: true }
      ).pipe(Effect.zipRight(clouds.replace))
    const session = Session.layer().pipe(Layer.provide(Layer.succeed(HttpClient.HttpClient, clouds.client)))
    const samples = yield* Effect.provide(sampled(batch, 10, identityBatch), session)
    return verdict(growth(samples, identities, identities * 2), identities, identities * 2, 5e6, samples)
  })
)

export const rows: ReadonlyArray<Storm> = [warm, many]
