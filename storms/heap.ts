/** How much is kept on the heap while something is done many times. */
import { Clock, Duration, Effect } from "effect"
import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"

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

export interface Sample {
  readonly count: number
  readonly bytes: number
}

/** Does something many times, and takes a sample after each batch. After the limit no further batch begins. */
export const sampled = <E, R>(
  batch: (index: number) => Effect.Effect<void, E, R>,
  batches: number,
  size: number,
  limit: Duration.DurationInput = Duration.infinity
): Effect.Effect<ReadonlyArray<Sample>, E, R> =>
  Effect.gen(function*() {
    const samples: Array<Sample> = []
    const end = (yield* Clock.currentTimeMillis) + Duration.toMillis(limit)
    while (samples.length < batches && (yield* Clock.currentTimeMillis) < end) {
      yield* batch(samples.length)
      samples.push({ bytes: yield* heap, count: (samples.length + 1) * size })
    }
    return samples
  })

/** In bytes, between two samples. */
export const growth = (samples: ReadonlyArray<Sample>, from: number, to: number): number => {
  const bytesAt = (count: number) => samples.find((sample) => sample.count === count)?.bytes ?? NaN
  return bytesAt(to) - bytesAt(from)
}
