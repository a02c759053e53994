/** One contender, which sends requests when it is told to, and ends with its input. */
import { Schema } from "effect"
import { createInterface } from "node:readline"
import * as Contenders from "../contenders.js"
import { Contender } from "../results.js"
import type { Sample } from "../sample.js"
import { Slice } from "../sample.js"

const [contender = "", origin = ""] = process.argv.slice(2)
const run = Contenders.make(Schema.decodeSync(Schema.parseJson(Contender))(contender), origin)

const take = async ({ inFlight, millis }: Slice): Promise<Sample> => {
  // it has waited for its turn: sockets may have been closed, and what it works with is out of the processor's caches
  await run(inFlight, performance.now() + 100)
  const cpu = process.cpuUsage()
  const since = performance.now()
  const times = [...await run(inFlight, since + millis)].sort((a, b) => a - b)
  const { system, user } = process.cpuUsage(cpu)
  return {
    requests: times.length,
    seconds: (performance.now() - since) / 1000,
    cpuMicros: (system + user) / times.length,
    p50Millis: times[Math.floor(times.length / 2)] ?? NaN,
    p99Millis: times[Math.floor(times.length * 0.99)] ?? NaN
  }
}

for await (const line of createInterface(process.stdin)) {
  console.log(JSON.stringify(await take(Schema.decodeSync(Schema.parseJson(Slice))(line))))
}
process.exit()
