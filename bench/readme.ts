/** The figures of the README: written by the benchmark, and compared with `results.json` by a test. */
import * as Judged from "./judged.js"
import type { Contender, Results } from "./results.js"
import * as Section from "./section.js"

const begin = "<!-- written by `npm run bench` -->"
const end = "<!-- end of what `npm run bench` has written -->"

/** Of one request in sequence, in times of raw undici. */
const toUndici = (results: Results, like: Partial<Contender>): string | undefined =>
  results.warm
    ?.find(({ contender: { client, transport } }) => client === like.client && transport === like.transport)
    ?.flights.find(({ inFlight }) => inFlight === 1)?.toUndici.toFixed(1)

const python = (results: Results): string => {
  const ratio = toUndici(results, { client: "keystoneauth1" })
  return ratio === undefined ? "" : `; keystoneauth1, in Python, takes ${ratio} times`
}

export const block = (results: Results): string => {
  const { date, machine } = results
  return [
    begin,
    "",
    "![CPU of one request](bench/chart.svg)",
    "",
    `Measured on ${date}: ${machine.cpu}, ${machine.cores} cores, ${machine.system}, Node ${machine.node}, ${machine.server}.`,
    `In sequence a request through an Adapter takes ${
      toUndici(results, { client: "effect-keystoneauth", transport: "NodeTransport" })
    } times the CPU of raw undici over \`NodeTransport\`, and`,
    `${toUndici(results, { client: "effect-keystoneauth", transport: "layerUndici" })} times over \`layerUndici\`${
      python(results)
    }.`,
    "",
    Section.toMarkdown(Judged.section(Judged.lines(results))),
    "",
    end
  ].join("\n")
}

/** The README with these figures in place of those that it had. */
export const replace = (readme: string, results: Results): string => {
  const [before, rest] = readme.split(begin)
  const after = rest?.split(end)[1]
  if (before === undefined || after === undefined) {
    throw new Error(`README.md has no place for figures between ${begin} and ${end}`)
  }
  return before + block(results) + after
}
