/** What commands print: tables for people, tabs for pipes, JSON for programs. */
import * as Terminal from "@effect/platform/Terminal"
import Table from "cli-table3"
import * as Config from "effect/Config"
import * as Console from "effect/Console"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"

/** How it is printed. */
export interface Style {
  readonly json: boolean
  /** For a person at a terminal. */
  readonly terminal: boolean
  /** Not if `NO_COLOR` says so. */
  readonly colours: boolean
  /** Something that turns while one waits. */
  readonly spinner: boolean
  readonly columns: number
}

export class Output extends Context.Tag("ksa/Output")<Output, Style>() {}

/** By what was asked for, and by where it goes. */
export const style = (
  { debug, json }: { readonly json: boolean; readonly debug: boolean }
): Effect.Effect<Style, never, Terminal.Terminal> =>
  Effect.gen(function*() {
    const { columns, isTTY } = yield* Terminal.Terminal
    const terminal = yield* isTTY
    const noColour = yield* Effect.orElseSucceed(Config.withDefault(Config.string("NO_COLOR"), ""), () => "")
    return {
      json,
      terminal,
      colours: terminal && noColour === "",
      spinner: terminal && !json && !debug,
      columns: Math.max(40, (yield* columns) || 80)
    }
  })

type Cell = string | number | boolean | undefined
type Row = ReadonlyArray<Cell>

/**
 * Things that have the same fields. At a terminal, those that agree in the first `groupBy` of them stand under one heading, so that
 * there is room for the others.
 */
export const list = (
  head: ReadonlyArray<string>,
  rows: ReadonlyArray<Row>,
  { groupBy = 0 }: { readonly groupBy?: number } = {}
): Effect.Effect<void, never, Output> =>
  Effect.flatMap(Output, (style) =>
    style.json
      ? printJson(rows.map((row) => Object.fromEntries(head.map((name, i) => [keyOf(name), row[i] ?? null]))))
      : rows.length === 0
      ? Effect.void
      : Console.log(style.terminal ? table(style, head, rows, groupBy) : plain(rows)))

/** One thing with several fields; at a terminal and in pipes without those that it does not have. */
export const fields = (
  entries: ReadonlyArray<readonly [name: string, value: Cell]>
): Effect.Effect<void, never, Output> =>
  Effect.flatMap(Output, (style) => {
    const said = entries.filter(([, value]) => value !== undefined)
    return style.json
      ? printJson(Object.fromEntries(entries.map(([name, value]) => [keyOf(name), value ?? null])))
      : Console.log(style.terminal ? table(style, ["Field", "Value"], said, 0) : plain(said))
  })

/** Something that is text already, and is left out of JSON if nothing stands for it there. */
export const text = (value: string, json?: unknown): Effect.Effect<void, never, Output> =>
  Effect.flatMap(
    Output,
    (style) => !style.json ? Console.log(value) : json === undefined ? Effect.void : printJson(json)
  )

const printJson = (value: unknown): Effect.Effect<void> => Console.log(JSON.stringify(value, null, 2))

const keyOf = (name: string): string => name.toLowerCase().replaceAll(" ", "_")

const show = (cell: Cell): string => cell === undefined ? "" : String(cell)

const plain = (rows: ReadonlyArray<Row>): string => rows.map((row) => row.map(show).join("\t")).join("\n")

// -----------------------------------------------------------------------------
// tables
// -----------------------------------------------------------------------------

/** Between columns. */
const gap = 2

/** As wide as the terminal at most. What stands under a heading is indented. */
const table = (style: Style, head: ReadonlyArray<string>, rows: ReadonlyArray<Row>, groupBy: number): string => {
  const paint = painter(style)
  const cells = (row: Row) => groupBy === 0 ? row.map(show) : ["", ...row.slice(groupBy).map(show)]
  const names = cells(head)
  const texts = rows.map(cells)
  const natural = names.map((name, i) => Math.max(name.length, ...texts.map((row) => row[i]?.length ?? 0)))
  const widths = fit(natural, style.columns - gap * names.length)
  const cell = (i: number, text: string, colour = meanings[text]) =>
    broken(text, widths[i] ?? text.length).map((line) => paint(colour, line)).join("\n")
  const built = new Table({
    chars: noBorders,
    colWidths: widths.map((width) => width + gap),
    style: { head: [], border: [], "padding-left": 0, "padding-right": gap, compact: true }
  })
  built.push(names.map((name, i) => cell(i, name, "cyan")))
  let last: string | undefined
  for (const [i, row] of texts.entries()) {
    const heading = (rows[i] ?? []).slice(0, groupBy).map(show).filter((text) => text !== "").join(", ")
    if (groupBy > 0 && heading !== last) {
      built.push([{ content: paint("bold", heading), colSpan: names.length }])
    }
    last = heading
    built.push(row.map((text, i) => cell(i, text)))
  }
  return built.toString().split("\n").map((line) => line.trimEnd()).join("\n")
}

/** A text in lines of that width, broken between words where there are some. */
const broken = (text: string, width: number): ReadonlyArray<string> => {
  if (text.length <= width) {
    return [text]
  }
  const space = text.lastIndexOf(" ", width)
  return space > 0
    ? [text.slice(0, space), ...broken(text.slice(space + 1), width)]
    : [text.slice(0, width), ...broken(text.slice(width), width)]
}

const noBorders = Object.fromEntries(
  ["top", "bottom", "left", "mid", "right"].flatMap((side) =>
    [side, `${side}-mid`, `${side}-left`, `${side}-right`].map((part) => [part, ""])
  ).concat([["middle", ""]])
)

const codes = { bold: [1, 22], red: [31, 39], green: [32, 39], yellow: [33, 39], cyan: [36, 39] } as const

/** Words that say by themselves how well it is. */
const meanings: Readonly<Record<string, keyof typeof codes>> = {
  ok: "green",
  warning: "yellow",
  problem: "red",
  CURRENT: "green",
  DEPRECATED: "yellow"
}

const painter = ({ colours }: Style) => (colour: keyof typeof codes | undefined, text: string): string => {
  const [on, off] = colour === undefined ? [0, 0] : codes[colour]
  return colours && colour !== undefined && text !== "" ? `\u001b[${on}m${text}\u001b[${off}m` : text
}

/** The widest columns give way first. */
const fit = (widths: ReadonlyArray<number>, room: number): Array<number> => {
  const fitted = [...widths]
  while (fitted.reduce((sum, width) => sum + width, 0) > room && Math.max(...fitted) > 8) {
    fitted[fitted.indexOf(Math.max(...fitted))] = Math.max(...fitted) - 1
  }
  return fitted
}

// -----------------------------------------------------------------------------
// waiting
// -----------------------------------------------------------------------------

const frames = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"]

/** At a terminal, something turns while one waits longer than it takes to notice. */
export const waiting = (what: string) =>
<A, E, R>(
  effect: Effect.Effect<A, E, R>
): Effect.Effect<A, E, R | Output | Terminal.Terminal> =>
  Effect.gen(function*() {
    const { spinner } = yield* Output
    const { display } = yield* Terminal.Terminal
    if (!spinner) {
      return yield* effect
    }
    let turn = 0
    const show = Effect.suspend(() => display(`\r${frames[turn++ % frames.length]} ${what} `))
    const turning = show.pipe(Effect.repeat(Schedule.spaced("80 millis")), Effect.delay("200 millis"))
    const clear = Effect.suspend(() => turn === 0 ? Effect.void : display("\r\u001b[K"))
    return yield* Effect.scoped(
      Effect.zipRight(
        Effect.forkScoped(Effect.ignore(turning)),
        effect
      )
    ).pipe(Effect.ensuring(Effect.ignore(clear)))
  })
