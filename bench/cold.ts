/** From the start of a process to its first answer. */
import { Array as Arr, Clock, Effect, Option, Schema } from "effect"
import * as Process from "./process.js"
import * as Python from "./python.js"
import type { Contender } from "./results.js"
import type { Server } from "./server.js"
import { median } from "./statistics.js"

const rounds = 7

const Answered = Schema.Struct({ answeredAt: Schema.Number, cpuMillis: Schema.Number })

export const measure = (server: Server) =>
  Effect.gen(function*() {
    const { origin, take } = server.counted
    // a catalog whose URL shows no version, so that there is a document to ask for
    const authUrl = `${origin}/unversioned/v3`
    const node = (["layerUndici", "NodeTransport"] as const).map((transport) => ({
      contender: { client: "effect-keystoneauth", transport } as const,
      command: Process.program("cold", transport, authUrl)
    }))
    const python = Option.map(yield* Python.interpreter, (python) => ({
      contender: { client: "keystoneauth1" } as const,
      command: Python.program(python, "cold", authUrl)
    }))
    const runs: Array<{
      readonly contender: Contender
      readonly wallMillis: number
      readonly cpuMillis: number
      readonly requests: ReadonlyArray<string>
    }> = []
    const programs = [...node, ...Option.toArray(python)]
    // the first round brings files into memory
    for (let round = 0; round <= rounds; round++) {
      for (const { command, contender } of Arr.rotate(programs, round)) {
        yield* take
        const since = yield* Clock.currentTimeMillis
        const { answeredAt, cpuMillis } = yield* Process.report(command, Answered)
        const run = { contender, wallMillis: answeredAt - since, cpuMillis, requests: yield* take }
        if (round > 0) {
          runs.push(run)
        }
      }
    }
    return programs.map(({ contender }) => {
      const own = runs.filter((run) => run.contender === contender)
      return {
        contender,
        wallMillis: median(own.map(({ wallMillis }) => wallMillis)),
        cpuMillis: median(own.map(({ cpuMillis }) => cpuMillis)),
        // of all runs the one with the most
        requests: own.map(({ requests }) => requests).reduce((most, each) => each.length > most.length ? each : most)
      }
    })
  })
