/** Tests of a program: TestCloud's layer replaces the real one. */
import { NodeRuntime } from "@effect/platform-node"
import { Console, Effect, Either, Layer } from "effect"
import type { AuthPlugin } from "effect-keystoneauth"
import * as TestCloud from "effect-keystoneauth/TestCloud"
import { Compute, listServers } from "./list-servers.js"

const cloud = TestCloud.layer({
  services: [
    TestCloud.compute({ servers: [{ name: "web-1", project: "demo" }, { name: "db-1", project: "tenant-b" }] })
  ]
})

/** Each test has its own cloud. */
const test = <E>(name: string, body: Effect.Effect<string, E, Compute | AuthPlugin.AuthPlugin | TestCloud.TestCloud>) =>
  body.pipe(
    Effect.flatMap((found) => Console.log(`${name}: ${found}`)),
    Effect.provide(Layer.provideMerge(Compute.layer, cloud))
  )

const main = Effect.all([
  test(
    "lists our servers",
    Effect.map(listServers, ({ servers }) => servers.map(({ name }) => name).join(", "))
  ),
  test(
    "survives a revoked token",
    Effect.gen(function*() {
      const cloud = yield* TestCloud.TestCloud
      yield* listServers
      yield* cloud.revokeTokens()
      yield* cloud.clearJournal
      yield* listServers
      return (yield* cloud.journal).map(({ method, status }) => `${method} ${status}`).join(", ")
    })
  ),
  test(
    "reports an outage",
    Effect.gen(function*() {
      const cloud = yield* TestCloud.TestCloud
      yield* cloud.misbehave({ service: "compute", path: "/servers", times: 1, kind: { status: 503 } })
      const result = yield* Effect.either(listServers)
      return Either.isLeft(result) ? result.left._tag : "nothing"
    })
  )
])

NodeRuntime.runMain(main)
