/** `Session.endpointData` on a warm Session, one after the other in one fiber, with catalogs of several sizes. */
import { HttpClient, HttpClientResponse } from "@effect/platform"
import { Effect, Layer, ManagedRuntime } from "effect"
import * as Session from "effect-keystoneauth/Session"
import * as Cloud from "../cloud.js"
import { demo, filter } from "../compute.js"
import { median } from "../statistics.js"

const rounds = 21
const sliceMillis = 50

const origin = "http://cloud.test"

const inMemory = (services: number) =>
  Layer.succeed(
    HttpClient.HttpClient,
    HttpClient.make((request) =>
      Effect.sync(() =>
        HttpClientResponse.fromWeb(
          request,
          request.method === "POST"
            ? Response.json(Cloud.login(origin, services, Date.now()), {
              status: 201,
              headers: { "x-subject-token": Cloud.token }
            })
            : Response.json(Cloud.version(origin))
        )
      )
    )
  )

/** In nanoseconds, of one slice. */
const time = Effect.flatMap(Session.Session, (session) =>
  Effect.suspend(() => {
    const since = performance.now()
    let times = 0
    return Effect.whileLoop({
      while: () => times % 100 !== 0 || performance.now() - since < sliceMillis,
      body: () => session.endpointData(filter),
      step: () => {
        times += 1
      }
    }).pipe(Effect.map(() => (performance.now() - since) * 1e6 / times))
  }))

const catalogs = [20, 200, 2000]
const runtimes = catalogs.map((services) => ManagedRuntime.make(demo(`${origin}/v3`, inMemory(services))))
const samples = catalogs.map((): Array<number> => [])
for (let round = 0; round < rounds; round++) {
  for (const [i, runtime] of runtimes.entries()) {
    samples[i]?.push(await runtime.runPromise(time))
  }
}
console.log(JSON.stringify(catalogs.map((services, i) => ({ services, nanos: median(samples[i]?.slice(3) ?? []) }))))
process.exit()
