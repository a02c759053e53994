/** An OpenTelemetry collector (OTLP over HTTP, as JSON) that keeps all data for printing. */
import { HttpRouter, HttpServer, HttpServerRequest, HttpServerResponse } from "@effect/platform"
import { NodeHttpServer } from "@effect/platform-node"
import { Context, Effect, Layer, Schema } from "effect"
import { createServer } from "node:http"

const Attributes = Schema.Array(Schema.Struct({
  key: Schema.String,
  value: Schema.Struct({ stringValue: Schema.optional(Schema.String), intValue: Schema.optional(Schema.Number) })
}))

const Span = Schema.Struct({
  spanId: Schema.String,
  parentSpanId: Schema.optional(Schema.String),
  name: Schema.String,
  attributes: Attributes,
  startTimeUnixNano: Schema.BigInt
})

const Traces = Schema.Struct({
  resourceSpans: Schema.Array(Schema.Struct({
    scopeSpans: Schema.Array(Schema.Struct({ spans: Schema.Array(Span) }))
  }))
})

const Metric = Schema.Struct({
  name: Schema.String,
  histogram: Schema.optional(Schema.Struct({
    dataPoints: Schema.Array(Schema.Struct({ count: Schema.Number, sum: Schema.Number, attributes: Attributes }))
  }))
})

const Metrics = Schema.Struct({
  resourceMetrics: Schema.Array(Schema.Struct({
    scopeMetrics: Schema.Array(Schema.Struct({ metrics: Schema.Array(Metric) }))
  }))
})

export class Collector extends Context.Tag("example/Collector")<Collector, {
  readonly url: string
  /** The spans, as a tree. */
  readonly tree: Effect.Effect<string>
  /** The measured requests, by the labels of their histogram. */
  readonly timings: Effect.Effect<string>
}>() {}

const told = (attributes: typeof Attributes.Type, ...names: ReadonlyArray<string>): string =>
  names.flatMap((name) =>
    attributes.filter(({ key }) => key === name).map(({ value }) => value.stringValue ?? value.intValue)
  ).join(" ")

const asTree = (spans: ReadonlyArray<typeof Span.Type>, parent?: string, indent = ""): string =>
  spans.filter(({ parentSpanId }) => parentSpanId === parent)
    .sort((a, b) => Number(a.startTimeUnixNano - b.startTimeUnixNano))
    .map(({ attributes, name, spanId }) =>
      `${indent}${name} ${told(attributes, "openstack.service.type", "http.response.status_code")}`.trimEnd() +
      `\n${asTree(spans, spanId, `${indent}  `)}`
    ).join("")

export const layer = Layer.scoped(
  Collector,
  Effect.gen(function*() {
    const spans: Array<typeof Span.Type> = []
    const metrics = new Map<string, typeof Metric.Type>()

    const router = HttpRouter.empty.pipe(
      HttpRouter.post(
        "/v1/traces",
        Effect.map(HttpServerRequest.schemaBodyJson(Traces), ({ resourceSpans }) => {
          spans.push(...resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans)))
          return HttpServerResponse.empty()
        })
      ),
      HttpRouter.post(
        "/v1/metrics",
        Effect.map(HttpServerRequest.schemaBodyJson(Metrics), ({ resourceMetrics }) => {
          for (
            const metric of resourceMetrics.flatMap(({ scopeMetrics }) => scopeMetrics.flatMap((one) => one.metrics))
          ) {
            metrics.set(metric.name, metric)
          }
          return HttpServerResponse.empty()
        })
      ),
      HttpRouter.post("/v1/logs", HttpServerResponse.empty())
    )
    yield* HttpServer.serveEffect(router)

    return {
      url: yield* HttpServer.addressFormattedWith(Effect.succeed),
      tree: Effect.sync(() => asTree(spans)),
      timings: Effect.sync(() => {
        const { histogram } = metrics.get("effect_keystoneauth_http_request_duration_seconds") ?? {}
        return (histogram?.dataPoints ?? []).map(({ attributes, count }) =>
          `${count} x ${told(attributes, "method", "service", "phase", "outcome")}`
        ).join("\n")
      })
    }
  })
).pipe(Layer.provide(NodeHttpServer.layer(() => createServer(), { host: "127.0.0.1", port: 0 })))
