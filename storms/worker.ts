/** One process of the fleet: makes its requests, all at once, and writes what became of them. */
import { FetchHttpClient, HttpClient } from "@effect/platform"
import { NodeRuntime } from "@effect/platform-node"
import { Console, Effect, Layer, Redacted, Schema } from "effect"
import { Adapter, Password, Session } from "effect-keystoneauth"
import * as RedisTokenStore from "effect-keystoneauth/RedisTokenStore"
import { Assignment, Report } from "./fleetShapes.js"
import { listFailures, tally } from "./storm.js"

const work = (count: number) =>
  Effect.gen(function*() {
    const compute = yield* Adapter.make({ serviceType: "compute" })
    const call = Effect.exit(Effect.flatMap(compute.get("/servers"), ({ text }) => text))
    const all = tally(yield* Effect.all(Array.from({ length: count }, () => call), { concurrency: "unbounded" }))
    return { succeeded: all.succeeded, failed: all.failed, failures: listFailures(all) }
  })

const environment = ({ password, redisUrl, storeKey, ...user }: Assignment) =>
  Password.layer({ ...user, password: Redacted.make(password) }).pipe(
    Layer.provideMerge(Session.layer({ appName: "storms-worker" })),
    Layer.provide(RedisTokenStore.layer({ url: redisUrl, key: Redacted.make(storeKey) }))
  )

const worker = Effect.gen(function*() {
  const assignment = yield* Schema.decodeUnknown(Schema.parseJson(Assignment))(process.argv.at(-1))
  // the starting line
  yield* Effect.flatMap(HttpClient.get(assignment.authUrl), ({ text }) => text)
  const report = yield* Effect.provide(work(assignment.requests), environment(assignment))
  yield* Effect.flatMap(Schema.encode(Schema.parseJson(Report))(report), Console.log)
})

worker.pipe(Effect.provide(FetchHttpClient.layer), NodeRuntime.runMain)
