/** One contender in a process of its own, which runs when it is told to. */
import { contenders } from "./contenders.js"

export interface Command {
  readonly inFlight: number
  readonly millis: number
}

export interface Sample {
  readonly requests: number
  readonly seconds: number
  /** Of this process, in microseconds for each request. */
  readonly cpu: number
  readonly p50: number
  readonly p99: number
}

const [name = "", origin = ""] = process.argv.slice(2)
const run = contenders[name]?.(origin)

process.on("message", async ({ inFlight, millis }: Command) => {
  const cpu = process.cpuUsage()
  const since = performance.now()
  const times = [...(await run?.(inFlight, since + millis) ?? [])].sort((a, b) => a - b)
  const { system, user } = process.cpuUsage(cpu)
  const sample: Sample = {
    requests: times.length,
    seconds: (performance.now() - since) / 1000,
    cpu: (system + user) / times.length,
    p50: times[Math.floor(times.length / 2)] ?? NaN,
    p99: times[Math.floor(times.length * 0.99)] ?? NaN
  }
  process.send?.(sample)
})
