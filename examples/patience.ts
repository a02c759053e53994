/** Retries for a busy service, and limits on the requests to it. */
import { NodeRuntime } from "@effect/platform-node"
import { Console, Effect, Layer } from "effect"
import { Adapter, type Session } from "effect-keystoneauth"
import * as TestCloud from "effect-keystoneauth/TestCloud"

class Compute extends Adapter.Tag<Compute>()("app/Compute", {
  serviceType: "compute",
  retries: { connect: 3, status: 3 }, // up to three times each after a lost connection, and after 429 or 503
  limits: { concurrency: 10, requestsPerSecond: 50 }
}) {}

/** A POST is retried only if it cannot have arrived, or with this option. */
const start = (compute: Compute["Type"], id: string) =>
  compute.post(`/servers/${id}/action`).pipe(
    Adapter.withOptions({ retries: { anyMethod: true, statusDelay: "100 millis" }, deadline: "30 seconds" })
  )

const gaveUp = (error: Session.Error) =>
  error._tag === "ServiceUnavailable" || error._tag === "TransportError"
    ? Console.log(`gave up after ${error.attempts ?? 1} attempts: ${error._tag}`)
    : Effect.fail(error)

const main = Effect.gen(function*() {
  const cloud = yield* TestCloud.TestCloud
  const compute = yield* Compute

  yield* cloud.misbehave({ path: "/servers", kind: { status: 503, headers: { "retry-after": "1" } }, times: 1 })
  yield* cloud.clearJournal
  yield* compute.get("/servers")
  const answers = (yield* cloud.journal).filter(({ path }) => path.endsWith("/servers")).map(({ status }) => status)
  yield* Console.log(`answers: ${answers.join(", ")}`)

  yield* cloud.misbehave({ path: "/action", kind: { status: 503 } })
  yield* Effect.catchAll(start(compute, "1"), gaveUp)
})

main.pipe(Effect.provide(Layer.provideMerge(Compute.layer, TestCloud.layer())), NodeRuntime.runMain)
