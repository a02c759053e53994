/** The CPU of a request as bars. It brings its own background, so that it can be read on any. */
import type { Results, Warm } from "./results.js"
import { nameOf } from "./results.js"

const width = 860
const barHeight = 20
const rowHeight = 28
const labelWidth = 320
const barWidth = 400
const colours = {
  "undici": "#6e7781",
  "HttpClient": "#54aeff",
  "effect-keystoneauth": "#0969da",
  "keystoneauth1": "#bf8700"
}

const panels = [{ inFlight: 1, title: "in sequence" }, { inFlight: 64, title: "64 in flight" }]

const text = (x: number, y: number, content: string, more = "") =>
  `<text x="${x}" y="${y}"${more}>${content.replaceAll("&", "&amp;").replaceAll("<", "&lt;")}</text>`

const right = " text-anchor=\"end\""
const bold = " font-weight=\"600\""

/** One that is longer than what the others leave room for is cut, and shows it. */
const bar = ({ client }: Warm["contender"], y: number, length: number): ReadonlyArray<string> => {
  const drawn = Math.min(length, barWidth)
  const rect = `<rect x="${labelWidth}" y="${y}" width="${drawn.toFixed(1)}" height="${barHeight}" rx="2" fill="${
    colours[client]
  }"/>`
  const x = labelWidth + barWidth - 40
  const cut = `<path d="M${x} ${y + barHeight + 3} l6 -${barHeight + 6}" stroke="#ffffff" stroke-width="6"/>`
  return length > barWidth ? [rect, cut] : [rect]
}

const panel = (warm: ReadonlyArray<Warm>, { inFlight, title }: typeof panels[number], top: number) => {
  const rows = warm.flatMap(({ contender, flights }) =>
    flights.filter((flight) => flight.inFlight === inFlight).map((flight) => ({ contender, ...flight }))
  )
  const longest = Math.max(
    ...rows.filter(({ contender }) => contender.client !== "keystoneauth1").map(({ cpuMicros }) => cpuMicros)
  )
  const lines = rows.flatMap(({ contender, cpuMicros, toUndici }, i) => {
    const y = top + 16 + i * rowHeight
    const length = cpuMicros / longest * barWidth * 0.9
    return [
      text(labelWidth - 10, y + 15, nameOf(contender), right),
      ...bar(contender, y, length),
      text(
        labelWidth + Math.min(length, barWidth) + 8,
        y + 15,
        `${cpuMicros.toFixed(0)} µs (${toUndici.toFixed(1)} x)`
      )
    ]
  })
  return { lines: [text(20, top, title, bold), ...lines], bottom: top + 16 + rows.length * rowHeight }
}

export const svg = ({ date, machine, warm = [] }: Results): string => {
  const [sequence, crowd] = panels.reduce<ReadonlyArray<ReturnType<typeof panel>>>(
    (done, each) => [...done, panel(warm, each, (done.at(-1)?.bottom ?? 40) + 28)],
    []
  )
  const lines = [...sequence?.lines ?? [], ...crowd?.lines ?? []]
  const height = (crowd?.bottom ?? 0) + 36
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" ` +
    "font-family=\"system-ui, sans-serif\" font-size=\"13\" fill=\"#1f2328\">",
    `<rect width="${width}" height="${height}" rx="8" fill="#ffffff"/>`,
    text(20, 32, "CPU of one request, in microseconds (times raw undici)", `${bold} font-size="16"`),
    ...lines,
    text(20, height - 14, `${date}: ${machine.cpu}, Node ${machine.node}, ${machine.server}`, " fill=\"#59636e\""),
    "</svg>",
    ""
  ].join("\n")
}
