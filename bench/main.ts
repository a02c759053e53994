import { fork } from "node:child_process"
import { contenders } from "./contenders.js"
import * as Server from "./server.js"
import type { Command, Sample } from "./worker.js"

const server = await Server.start([20, 2000])
const names = Object.keys(contenders).filter((name) =>
  process.argv[2] === undefined || name === "undici" || new RegExp(process.argv[2]).test(name)
)
const workers = names.map((name) => fork(new URL("./worker.js", import.meta.url), [name, server.origin]))

const ask = (index: number, command: Command) =>
  new Promise<Sample>((resolve) => {
    workers[index]?.once("message", (sample) => resolve(sample as Sample))
    workers[index]?.send(command)
  })

const median = (values: ReadonlyArray<number>) =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN

const rounds = Number(process.env["ROUNDS"] ?? 5)
for (const inFlight of (process.env["FLIGHT"] ?? "1,64,1000").split(",").map(Number)) {
  const samples = names.map((): Array<Sample> => [])
  for (let i = 0; i < names.length; i++) await ask(i, { inFlight, millis: 1500 })
  for (let round = 0; round < rounds; round++) {
    for (let i = 0; i < names.length; i++) samples[i]?.push(await ask(i, { inFlight, millis: 700 }))
  }
  console.log(`in flight: ${inFlight}`)
  names.forEach((name, i) => {
    const own = samples[i] ?? []
    const ratio = median(own.map((sample, round) => sample.cpu / (samples[0]?.[round]?.cpu ?? NaN)))
    const m = (f: (s: Sample) => number) => median(own.map(f))
    console.log(
      name.padEnd(32),
      m((s) => s.cpu).toFixed(1).padStart(8),
      "µs CPU",
      (m((s) => s.requests / s.seconds)).toFixed(0).padStart(8),
      "req/s",
      m((s) => s.p50).toFixed(3),
      m((s) => s.p99).toFixed(3),
      ratio.toFixed(2)
    )
  })
}
workers.forEach((worker) => worker.kill())
server.stop()
