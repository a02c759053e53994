/** `npm run bench`: what a request costs. */
import { Command, Options } from "@effect/cli"
import { FileSystem } from "@effect/platform"
import { NodeContext, NodeRuntime } from "@effect/platform-node"
import { Console, Data, DateTime, Duration, Effect, Option, Schema } from "effect"
import { cpus, release, type } from "node:os"
import * as Chart from "./chart.js"
import * as Cold from "./cold.js"
import * as Core from "./core.js"
import * as Judged from "./judged.js"
import * as Process from "./process.js"
import * as Readme from "./readme.js"
import type { Parts, Results } from "./results.js"
import { Endpoint, Json, Memory } from "./results.js"
import * as Section from "./section.js"
import * as Sections from "./sections.js"
import * as Server from "./server.js"
import * as Warm from "./warm.js"

class Missed extends Data.TaggedError("Missed")<{ readonly message: string }> {}

const names = ["warm", "cold", "imports", "tokens", "endpoints", "memory", "bundles"] as const

/** One after the other, each with the machine to itself. */
const measure = (server: Server.Server, wanted: RegExp) => ({
  warm: Effect.map(Warm.measure(server, wanted), (warm): Parts => ({ warm })),
  cold: Effect.map(Cold.measure(server), (cold): Parts => ({ cold })),
  imports: Effect.map(Core.imports, (imports): Parts => ({ imports })),
  tokens: Effect.map(
    Effect.forEach([20, 200, 2000], (services) => {
      const micros = (what: "parse" | "read") =>
        Process.report(Process.program("tokens", what, `${services}`), Schema.Number)
      return Effect.map(
        Effect.all({ parseMicros: micros("parse"), readMicros: micros("read") }),
        (measured) => ({ services, ...measured })
      )
    }),
    (tokens): Parts => ({ tokens })
  ),
  endpoints: Effect.map(
    Process.report(Process.program("endpoints"), Schema.Array(Endpoint)),
    (endpoints): Parts => ({ endpoints })
  ),
  memory: Effect.map(Process.report(Process.program("memory"), Memory), (memory): Parts => ({ memory })),
  bundles: Effect.map(Core.bundles, (bundles): Parts => ({ bundles }))
})

/** To so many digits as mean something: the tables, the file and the README have the same figures. */
const rounded = (results: Results) =>
  Schema.decode(Json)(
    JSON.stringify(results, (_, value) => typeof value === "number" ? Number(value.toPrecision(5)) : value)
  )

const machine = (server: Server.Server): Results["machine"] => ({
  cpu: cpus()[0]?.model ?? "unknown CPU",
  cores: cpus().length,
  system: `${type()} ${release().split("-")[0]}`,
  node: process.versions.node,
  server: server.name
})

/** The file, the chart and the README say the same, or a test fails. */
const write = (results: Results) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const readme = Process.path("../../README.md")
    const written = Readme.replace(yield* fs.readFileString(readme), results)
    yield* fs.writeFileString(Process.path("../results.json"), `${JSON.stringify(results, undefined, 2)}\n`)
    yield* fs.writeFileString(Process.path("../chart.svg"), Chart.svg(results))
    yield* fs.writeFileString(readme, written)
    yield* Console.log("Written: bench/results.json, bench/chart.svg and the figures of README.md")
  })

const options = {
  only: Options.choice("only", names).pipe(
    Options.repeated,
    Options.withDescription("measure this part alone, and write no files")
  ),
  contender: Options.text("contender").pipe(
    Options.optional,
    Options.withDescription("of warm requests measure those whose name matches, and write no files")
  ),
  judge: Options.boolean("judge").pipe(Options.withDescription("fail if a limit is missed"))
}

const bench = Command.make("bench", options, ({ contender, judge, only }) =>
  Effect.gen(function*() {
    const since = yield* DateTime.now
    const server = yield* Server.start([20, 2000])
    yield* Console.log(Object.values(machine(server)).join(", "))
    const measures = measure(server, new RegExp(Option.getOrElse(contender, () => "")))
    let parts: Parts = {}
    for (const name of only.length === 0 ? names : only) {
      const [took, measured] = yield* Effect.timed(measures[name])
      yield* Effect.forEach(Sections.all(measured), (section) => Console.log(Section.toText(section)))
      yield* Console.log(`   took ${Duration.toSeconds(took).toFixed(0)} s`)
      parts = { ...parts, ...measured }
    }
    const results = yield* rounded({
      date: DateTime.formatIsoDateUtc(since),
      machine: machine(server),
      seconds: Math.round(Duration.toSeconds(DateTime.distanceDuration(since, yield* DateTime.now))),
      ...parts
    })
    const lines = Judged.lines(results)
    yield* Console.log(`${Section.toText(Judged.section(lines))}\n`)
    if (only.length === 0 && Option.isNone(contender)) {
      yield* write(results)
    }
    const missed = lines.filter((line) => !Judged.isOk(line)).length
    if (judge && missed > 0) {
      return yield* new Missed({ message: `${missed} of ${lines.length} limits are missed` })
    }
  }).pipe(Effect.scoped))

const run = Command.run(bench, { name: "bench", version: "of this repository" })

run(process.argv).pipe(Effect.provide(NodeContext.layer), NodeRuntime.runMain)
