/**
 * Runs one program (list-servers.ts) against one cloud, step by step. With `OS_AUTH_URL`, it is the cloud of the OS_*
 * variables; without, TestCloud as an HTTP server.
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
