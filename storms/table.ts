/** The table on 100 columns; in colour only on a terminal. */
import { Terminal } from "@effect/platform"
import { Console, Context, Duration, Effect, Layer } from "effect"
import type { Result } from "./storm.js"

const widths = [26, 18, 18, 16, 6, 6]
const gap = "  "
const indent = " ".repeat(3)
const total = widths.reduce((sum, width) => sum + width, gap.length * (widths.length - 1))

const codes = { bold: 1, dim: 2, green: 32, red: 31 }

export interface Service {
  readonly title: (text: string) => Effect.Effect<void>
  readonly text: (text: string) => Effect.Effect<void>
  readonly head: Effect.Effect<void>
  readonly row: (result: Result) => Effect.Effect<void>
  readonly verdict: (ok: boolean, text: string) => Effect.Effect<void>
}

export class Table extends Context.Tag("storms/Table")<Table, Service>() {}

/** Breaks a text between words. A word that is longer than a line gets one of its own, unbroken. */
const wrap = (text: string, width: number): ReadonlyArray<string> =>
  text.split(" ").reduce<ReadonlyArray<string>>((lines, word) => {
    const line = lines.at(-1)
    return line === undefined || line.length + 1 + word.length > width
      ? [...lines, word]
      : [...lines.slice(0, -1), `${line} ${word}`]
  }, [])

const layOut = (cells: ReadonlyArray<string>): ReadonlyArray<string> => {
  const wrapped = cells.map((cell, column) => wrap(cell, widths[column] ?? total))
  const height = Math.max(...wrapped.map((lines) => lines.length))
  return Array.from(
    { length: height },
    (_, line) => wrapped.map((lines, column) => (lines[line] ?? "").padEnd(widths[column] ?? 0)).join(gap).trimEnd()
  )
}

const seconds = (took: Duration.Duration) => `${Duration.toSeconds(took).toFixed(1)} s`

const make = Effect.gen(function*() {
  const colours = yield* Effect.flatMap(Terminal.Terminal, (terminal) => terminal.isTTY)
  const paint = (style: keyof typeof codes, text: string) => colours ? `\u001b[${codes[style]}m${text}\u001b[0m` : text
  const print = (lines: ReadonlyArray<string>) => Console.log(lines.join("\n"))

  const row = ({ goal, notes, ok, others, reached, storm, took }: Result) => {
    const lines = layOut([storm, reached, goal, others, seconds(took), ok ? "ok" : "MISSED"])
    const about = notes.flatMap((note) => wrap(note, total - indent.length))
    return print([
      ...(ok ? lines : lines.map((line) => paint("red", line))),
      ...about.map((line) => paint("dim", `${indent}${line}`))
    ])
  }

  const table: Service = {
    title: (text) => print([paint("bold", text)]),
    text: (text) => print(wrap(text, total)),
    head: print([
      "",
      ...layOut(["storm", "reached", "to reach", "best of others", "took", ""]).map((line) => paint("bold", line)),
      "-".repeat(total)
    ]),
    row,
    verdict: (ok, text) => print(["", paint(ok ? "green" : "red", text)])
  }
  return table
})

export const layer = Layer.effect(Table, make)
