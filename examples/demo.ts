/**
 * One program (list-servers.ts) against one cloud, step by step. Without `OS_AUTH_URL` the cloud is TestCloud, started
 * here as a real HTTP server; with it, the cloud that the OS_* variables name.
 */
import { NodeRuntime, NodeTerminal } from "@effect/platform-node"
import { Cause, Console, Effect, Layer } from "effect"
import * as Cloud from "./demo/cloud.js"
import * as Paper from "./demo/paper.js"
import * as Steps from "./demo/steps.js"

const demo = Effect.gen(function*() {
  const paper = yield* Paper.Paper
  const cloud = yield* Cloud.Cloud
  yield* paper.title("effect-keystoneauth: from a password to a decoded list of servers")
  yield* paper.text(cloud.description)
  yield* Steps.login
  yield* Steps.endpoint
  yield* Steps.discovery
  yield* Steps.request
  yield* Steps.otherTenant
  yield* Steps.revocation
  yield* Steps.failures
  yield* Steps.summary
})

demo.pipe(
  Effect.provide(Layer.merge(Cloud.layer, Layer.provide(Paper.layer, NodeTerminal.layer))),
  Effect.tapErrorCause((cause) =>
    Console.error(`\nThe demo stopped. ${Cause.prettyErrors(cause).map(({ message }) => message).join("\n")}`)
  ),
  NodeRuntime.runMain({ disableErrorReporting: true })
)
