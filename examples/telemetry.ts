/** Sends traces, metrics and logs of a program to an OpenTelemetry collector. */
import * as Otlp from "@effect/opentelemetry/Otlp"
import { NodeHttpClient, NodeRuntime } from "@effect/platform-node"
import { Console, Effect, Layer, Logger, LogLevel } from "effect"
import { Adapter } from "effect-keystoneauth"
import * as TestCloud from "effect-keystoneauth/TestCloud"
import * as Collector from "./telemetry/collector.js"

class Image extends Adapter.Tag<Image>()("app/Image", { serviceType: "image", minVersion: 2 }) {}

/** Exports the spans and metrics, which the library always records. */
const observability = (baseUrl: string) =>
  Otlp.layerJson({ baseUrl, resource: { serviceName: "inventory" } }).pipe(
    Layer.provide(NodeHttpClient.layerUndici)
  )

const program = Effect.gen(function*() {
  const image = yield* Image
  // also logs in and reads the version document
  yield* image.get("/images").pipe(Effect.withSpan("first"))
  // logs this request as a curl command
  yield* image.get("/images").pipe(Effect.withSpan("second"), Logger.withMinimumLogLevel(LogLevel.Debug))
}).pipe(Effect.provide(Layer.provideMerge(Image.layer, TestCloud.layer())))

const main = Effect.gen(function*() {
  const collector = yield* Collector.Collector
  // the rest is sent when the layer is closed
  yield* Effect.provide(program, observability(collector.url))
  yield* Console.log(`\nspans:\n${yield* collector.tree}`)
  yield* Console.log(`timings:\n${yield* collector.timings}`)
})

main.pipe(Effect.provide(Collector.layer), NodeRuntime.runMain)
