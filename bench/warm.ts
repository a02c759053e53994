/** Warm requests: each contender in a process of its own, one at a time, in rounds. */
import { Array as Arr, Effect, Option, Schema } from "effect"
import * as Process from "./process.js"
import * as Python from "./python.js"
import type { Flight, Warm } from "./results.js"
import { Contender, nameOf } from "./results.js"
import { Sample, Slice } from "./sample.js"
import type { Server } from "./server.js"
import { median, medianRatio } from "./statistics.js"

/** Short slices in turn, so that what slows the machine down slows all contenders down. */
const flights = [
  { inFlight: 1, millis: 200, rounds: 17 },
  { inFlight: 64, millis: 200, rounds: 17 },
  { inFlight: 1000, millis: 400, rounds: 5 }
]

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

export const measure = (server: Server, wanted: RegExp) =>
  Effect.gen(function*() {
    const workers = (yield* Effect.forEach(chosen(wanted), (contender) => start(contender, server))).flat()
    const measured = workers.map(({ contender }): Warm & { readonly flights: Array<Flight> } => ({
      contender,
      flights: []
    }))
    // until what runs often is compiled
    yield* Effect.forEach(workers, ({ take }) => take({ inFlight: 64, millis: 3000 }))
    for (const { inFlight, millis, rounds } of flights) {
      const running = workers.filter(({ contender }) => inFlight <= most[contender.client])
      const samples = new Map(running.map(({ contender }): [Contender, Array<Sample>] => [contender, []]))
      for (let round = 0; round < rounds; round++) {
        yield* Effect.forEach(Arr.rotate(running, round), ({ contender, take }) =>
          Effect.map(take({ inFlight, millis }), (sample) =>
            samples.get(contender)?.push(sample)))
      }
      const cpuOf = (contender: Contender | undefined) =>
        (contender === undefined ? [] : samples.get(contender) ?? []).map(({ cpuMicros }) =>
          cpuMicros
        )
      for (const { contender, flights } of measured.filter(({ contender }) => samples.has(contender))) {
        const bare = contenders.find(({ client, transport }) =>
          client === "HttpClient" && transport === contender.transport && contender.client === "effect-keystoneauth"
        )
        const medianOf = (f: (sample: Sample) => number) => median((samples.get(contender) ?? []).map(f))
        flights.push({
          inFlight,
          requestsPerSecond: medianOf(({ requests, seconds }) => requests / seconds),
          cpuMicros: medianOf(({ cpuMicros }) => cpuMicros),
          p50Millis: medianOf(({ p50Millis }) => p50Millis),
          p99Millis: medianOf(({ p99Millis }) => p99Millis),
          toUndici: medianRatio(cpuOf(contender), cpuOf(undici)),
          ...(bare === undefined ? {} : { toBare: medianRatio(cpuOf(contender), cpuOf(bare)) })
        })
      }
    }
    return measured
  }).pipe(Effect.scoped)
