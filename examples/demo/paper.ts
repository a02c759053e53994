/** The output of the demo: numbered steps with facts, in 80 columns; with colours at a terminal. */
import { Terminal } from "@effect/platform"
import { Config, Console, Context, Effect, Layer, Option, Ref } from "effect"

const width = 80
const labelWidth = 13
const indent = " ".repeat(3)

type Style = "bold" | "dim" | "green" | "red"

const codes: Record<Style, number> = { bold: 1, dim: 2, green: 32, red: 31 }

/** Wraps text between words. A word that is too long gets its own line. */
const wrap = (text: string, width: number): ReadonlyArray<string> =>
  text.split(" ").reduce<ReadonlyArray<string>>((lines, word) => {
    const line = lines.at(-1)
    return line === undefined || line.length + 1 + word.length > width
      ? [...lines, word]
      : [...lines.slice(0, -1), `${line} ${word}`]
  }, [])

export interface Service {
  readonly title: (text: string) => Effect.Effect<void>
  readonly text: (text: string) => Effect.Effect<void>
  /** The headline of the next step. */
  readonly step: (headline: string) => Effect.Effect<void>
  /** A headline without a number. */
  readonly section: (headline: string) => Effect.Effect<void>
  readonly fact: (label: string, text: string) => Effect.Effect<void>
  /** A fact that is an error. */
  readonly failure: (label: string, error: { readonly _tag: string; readonly message: string }) => Effect.Effect<void>
  /** Formatted lines. */
  readonly table: (lines: ReadonlyArray<string>) => Effect.Effect<void>
  readonly success: (text: string) => Effect.Effect<void>
}

export class Paper extends Context.Tag("demo/Paper")<Paper, Service>() {}

const make = Effect.gen(function*() {
  const terminal = yield* Terminal.Terminal
  const noColor = yield* Config.option(Config.nonEmptyString("NO_COLOR"))
  const colours = Option.isNone(noColor) && (yield* terminal.isTTY)
  const steps = yield* Ref.make(0)

  const paint = (style: Style, text: string) => colours ? `\u001b[${codes[style]}m${text}\u001b[0m` : text
  const print = (lines: ReadonlyArray<string>) => Console.log(lines.join("\n"))
  const paragraph = (text: string, style?: Style) =>
    print(wrap(text, width).map((line) => style === undefined ? line : paint(style, line)))

  const fact = (label: string, text: string, style?: Style) =>
    print(
      text.split("\n").flatMap((line) => wrap(line, width - indent.length - labelWidth)).map((line, index) => {
        const left = (index === 0 ? label : "").padEnd(labelWidth)
        return `${indent}${paint("dim", left)}${style === undefined || index > 0 ? line : paint(style, line)}`
      })
    )

  const paper: Service = {
    title: (text) => paragraph(text, "bold"),
    text: paragraph,
    step: (headline) =>
      Effect.flatMap(
        Ref.updateAndGet(steps, (count) => count + 1),
        (number) => print(["", paint("bold", `${number}. ${headline}`)])
      ),
    section: (headline) => print(["", paint("bold", headline)]),
    fact,
    failure: (label, error) => fact(label, `${error._tag}\n${error.message}`, "red"),
    table: (lines) => print(lines.map((line) => `${indent}${line}`)),
    success: (text) => Effect.zipRight(print([""]), paragraph(text, "green"))
  }
  return paper
})

export const layer = Layer.effect(Paper, make)
