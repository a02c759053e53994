/** Warm requests: each contender in a process of its own, one at a time, in rounds. */
import { Array as Arr, Effect, Option, Order, Random, Schema } from "effect"
import * as Process from "./process.js"
import * as Python from "./python.js"
import type { Flight, Warm } from "./results.js"
import { Contender, nameOf } from "./results.js"
import { Sample, Slice } from "./sample.js"
import type { Server } from "./server.js"
import { median } from "./statistics.js"

/**
 * A process stays as V8 happened to compile it: of the same contender one takes up to a third more than another. So all is
 * measured anew in so many processes of each, and the median counts.
 */
const passes = 5

/**
 * Slices in turn, so that what slows the machine down slows all contenders down; long enough to be warm for most of the time: in the
 * first tenth of a second after its turn has come, a process that does more takes more than its share.
 */
const flights = [
  { inFlight: 1, millis: 250, slices: 3, passes },
  { inFlight: 64, millis: 250, slices: 3, passes },
  { inFlight: 1000, millis: 400, slices: 2, passes: 2 }
]

/** Until what runs often is compiled. From the first request on 64 at once, V8 would take what lives as long as a request for long-lived. */
const warmUp = [{ inFlight: 1, millis: 500 }, { inFlight: 64, millis: 1500 }]

/** Threads in Python: a thousand of them measure nothing but themselves. */
const most = { "undici": Infinity, "HttpClient": Infinity, "effect-keystoneauth": Infinity, "keystoneauth1": 64 }

const transports = ["layerUndici", "NodeTransport"] as const

const undici: Contender = { client: "undici" }

const contenders: ReadonlyArray<Contender> = [
  undici,
  ...transports.flatMap((transport): ReadonlyArray<Contender> => [
    { client: "HttpClient", transport },
    { client: "effect-keystoneauth", transport, services: 20 },
    { client: "effect-keystoneauth", transport, services: 2000 }
  ]),
  { client: "keystoneauth1", services: 20 }
]

/** Those that are asked for, and those that they are held against. */
const chosen = (wanted: RegExp): ReadonlyArray<Contender> => {
  const named = contenders.filter((contender) => wanted.test(nameOf(contender)))
  return contenders.filter((contender) =>
    contender === undici || named.includes(contender) ||
    contender.client === "HttpClient" && named.some(({ transport }) => transport === contender.transport)
  )
}

const start = (contender: Contender, server: Server) =>
  Effect.gen(function*() {
    const command = contender.client === "keystoneauth1"
      ? Option.map(yield* Python.interpreter, (python) =>
        Python.program(python, "warm", `${server.origin}/${contender.services}/v3`))
      : Option.some(
        Process.program("warm", yield* Schema.encode(Schema.parseJson(Contender))(contender), server.origin)
      )
    return Option.isNone(command)
      ? []
      : [{ contender, take: yield* Process.interview(command.value, Slice, Sample) }]
  })

/** Neighbours of the machine add to the CPU of single slices, by as much again as a request takes, and never take away. */
const quietest = (samples: ReadonlyArray<Sample>): Sample | undefined =>
  Arr.sortWith(samples, ({ cpuMicros }) => cpuMicros, Order.number)[0]

/** One process of each contender, and the quietest of its slices with so many in flight. */
const pass = (server: Server, wanted: RegExp, index: number) =>
  Effect.gen(function*() {
    const workers = (yield* Effect.forEach(chosen(wanted), (contender) => start(contender, server))).flat()
    for (const slice of warmUp) {
      yield* Effect.forEach(workers, ({ take }) => take(slice), { concurrency: 2 })
    }
    return yield* Effect.forEach(
      flights.filter(({ passes }) => index < passes),
      ({ inFlight, millis, slices }) =>
        Effect.gen(function*() {
          const running = workers.filter(({ contender }) => inFlight <= most[contender.client])
          const samples = new Map(running.map(({ contender }): [Contender, Array<Sample>] => [contender, []]))
          for (let slice = 0; slice < slices; slice++) {
            // whoever comes before leaves traces, so it is another one each time
            for (const { contender, take } of yield* Random.shuffle(running)) {
              samples.get(contender)?.push(yield* take({ inFlight, millis }))
            }
          }
          return { inFlight, of: (contender: Contender) => quietest(samples.get(contender) ?? []) }
        })
    )
  }).pipe(Effect.scoped)

type Round = Effect.Effect.Success<ReturnType<typeof pass>>[number]

/** The bare `HttpClient` that it is held against. */
const bareOf = ({ client, transport }: Contender): Contender | undefined =>
  client === "effect-keystoneauth"
    ? contenders.find((other) => other.client === "HttpClient" && other.transport === transport)
    : undefined

/** Medians of all passes; the ratios are those of each pass, whose processes have run side by side. */
const together = (contender: Contender, rounds: ReadonlyArray<Round>): ReadonlyArray<Flight> =>
  flights.flatMap(({ inFlight }) => {
    const samples = rounds.filter((round) => round.inFlight === inFlight).flatMap(({ of }) => {
      const sample = of(contender)
      const times = (other: Contender) => (sample?.cpuMicros ?? NaN) / (of(other)?.cpuMicros ?? NaN)
      return sample === undefined ? [] : [{ ...sample, times }]
    })
    const medianOf = (f: (sample: typeof samples[number]) => number) => median(samples.map(f))
    const bare = bareOf(contender)
    return samples.length === 0 ? [] : [{
      inFlight,
      requestsPerSecond: medianOf(({ requests, seconds }) => requests / seconds),
      cpuMicros: medianOf(({ cpuMicros }) => cpuMicros),
      p50Millis: medianOf(({ p50Millis }) => p50Millis),
      p99Millis: medianOf(({ p99Millis }) => p99Millis),
      toUndici: medianOf(({ times }) => times(undici)),
      ...(bare === undefined ? {} : { toBare: medianOf(({ times }) => times(bare)) })
    }]
  })

export const measure = (server: Server, wanted: RegExp) =>
  Effect.map(
    Effect.forEach(Arr.range(0, passes - 1), (index) => pass(server, wanted, index)),
    (all) =>
      chosen(wanted).flatMap((contender): ReadonlyArray<Warm> => {
        const flights = together(contender, all.flat())
        return flights.length === 0 ? [] : [{ contender, flights }]
      })
  )
