/** Prints tables at a terminal, text with tabs in pipes, or JSON. */
import * as Terminal from "@effect/platform/Terminal"
import Table from "cli-table3"
import * as Config from "effect/Config"
import * as Console from "effect/Console"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"

/** How commands print. */
export interface Style {
  readonly json: boolean
  /** Whether the output is a terminal. */
  readonly terminal: boolean
  /** `false` if `NO_COLOR` is set. */
  readonly colours: boolean
  /** Whether a spinner shows while a command waits. */
  readonly spinner: boolean
  readonly columns: number
}

/** Service tag for the style of a command's output. */
export class Output extends Context.Tag("ksa/Output")<Output, Style>() {}

/** The style for the options of a command and the terminal. */
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
 * Prints rows of the same columns. At a terminal, rows with the same first `groupBy` cells are printed under a heading
 * of these.
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

/** Prints the fields of one object. Only JSON has fields that are `undefined`, as `null`. */
export const fields = (
  entries: ReadonlyArray<readonly [name: string, value: Cell]>
): Effect.Effect<void, never, Output> =>
  Effect.flatMap(Output, (style) => {
    const present = entries.filter(([, value]) => value !== undefined)
    return style.json
      ? printJson(Object.fromEntries(entries.map(([name, value]) => [keyOf(name), value ?? null])))
      : Console.log(style.terminal ? table(style, ["Field", "Value"], present, 0) : plain(present))
  })

/** Prints text, or a value instead if the output is JSON. */
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

/** Spaces between columns. */
const gap = 2

/** A table that fits the terminal. Rows under a heading are indented. */
const table = (style: Style, head: ReadonlyArray<string>, rows: ReadonlyArray<Row>, groupBy: number): string => {
  const paint = painter(style)
  const cells = (row: Row) => groupBy === 0 ? row.map(show) : ["", ...row.slice(groupBy).map(show)]
  const names = cells(head)
  const texts = rows.map(cells)
  const natural = names.map((name, i) => Math.max(name.length, ...texts.map((row) => row[i]?.length ?? 0)))
  const widths = fit(natural, style.columns - gap * names.length)
  const cell = (i: number, text: string, colour = cellColours[text]) =>
    wrap(text, widths[i] ?? text.length).map((line) => paint(colour, line)).join("\n")
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

/** Wraps text at a width, between words if possible. */
const wrap = (text: string, width: number): ReadonlyArray<string> => {
  if (text.length <= width) {
    return [text]
  }
  const space = text.lastIndexOf(" ", width)
  return space > 0
    ? [text.slice(0, space), ...wrap(text.slice(space + 1), width)]
    : [text.slice(0, width), ...wrap(text.slice(width), width)]
}

const noBorders = Object.fromEntries(
  ["top", "bottom", "left", "mid", "right"].flatMap((side) =>
    [side, `${side}-mid`, `${side}-left`, `${side}-right`].map((part) => [part, ""])
  ).concat([["middle", ""]])
)

const codes = { bold: [1, 22], red: [31, 39], green: [32, 39], yellow: [33, 39], cyan: [36, 39] } as const

/** Colours of cells with these texts. */
const cellColours: Readonly<Record<string, keyof typeof codes>> = {
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

/** Shrinks the widest columns until all fit. */
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

/** Shows a spinner at a terminal while an effect runs for more than 200 ms. */
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
