/** How much is kept on the heap while something is done many times. */
import { Effect } from "effect"
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

/** Does something many times, and takes a sample after each batch. */
export const sampled = <E, R>(
  batch: (index: number) => Effect.Effect<void, E, R>,
  batches: number,
  size: number
): Effect.Effect<ReadonlyArray<Sample>, E, R> =>
  Effect.forEach(
    Array.from({ length: batches }),
    (_, index) => Effect.map(Effect.zipRight(batch(index), heap), (bytes) => ({ count: (index + 1) * size, bytes }))
  )

/** In bytes, between two samples. */
export const growth = (samples: ReadonlyArray<Sample>, from: number, to: number): number => {
  const bytesAt = (count: number) => samples.find((sample) => sample.count === count)?.bytes ?? NaN
  return bytesAt(to) - bytesAt(from)
}
