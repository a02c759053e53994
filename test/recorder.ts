/** A tracer and a logger that record spans and log messages. */
import { Array as Arr, Effect, type Exit, Layer, Logger, Option, Tracer } from "effect"

export interface Recorded extends Tracer.Span {
  readonly attributes: Map<string, unknown>
  readonly links: Array<Tracer.SpanLink>
  exit: Exit.Exit<unknown, unknown> | undefined
}

/** The recorded spans and log messages. */
export const recorder = Effect.sync(() => {
  const spans: Array<Recorded> = []
  const lines: Array<string> = []
  const tracer = Tracer.make({
    span: (name, parent, context, links, startTime, kind) => {
      const span: Recorded = {
        _tag: "Span",
        name,
        spanId: String(spans.length + 1),
        traceId: Option.match(parent, { onNone: () => `trace-${spans.length}`, onSome: ({ traceId }) => traceId }),
        parent,
        context,
        status: { _tag: "Started", startTime },
        attributes: new Map(),
        links: [...links],
        sampled: true,
        kind,
        exit: undefined,
        attribute: (key, value) => span.attributes.set(key, value),
        event: () => {},
        addLinks: (added) => span.links.push(...added),
        end: (_, exit) => {
          span.exit = exit
        }
      }
      spans.push(span)
      return span
    },
    context: (f) => f()
  })
  const logger = Logger.make<unknown, void>(({ message }) => {
    lines.push(...Arr.ensure(message).map(String))
  })
  return { spans, lines, layer: Layer.merge(Layer.setTracer(tracer), Logger.replace(Logger.defaultLogger, logger)) }
})

export type Recorder = Effect.Effect.Success<typeof recorder>
