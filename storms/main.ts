/** Issue 4, "How it will be judged": `npm run storms` prints its table, `npm run storms -- --memory` what is kept. */
import { NodeRuntime, NodeTerminal } from "@effect/platform-node"
import { Data, Duration, Effect, Layer } from "effect"
import * as Memory from "./memory.js"
import { groups } from "./rows.js"
import type { Storm } from "./storm.js"
import { perform, plural } from "./storm.js"
import * as Table from "./table.js"

class Missed extends Data.TaggedError("Missed")<{ readonly rows: number }> {}

/** Storms of one group blow at the same time. */
const judge = (title: string, groups: ReadonlyArray<ReadonlyArray<Storm>>) =>
  Effect.gen(function*() {
    const table = yield* Table.Table
    yield* table.title(title)
    yield* table.head
    const performed = Effect.forEach(groups, (group) =>
      Effect.all(group.map(perform), { concurrency: "unbounded" }).pipe(Effect.tap(Effect.forEach(table.row))))
    const [took, results] = yield* Effect.timed(performed)
    const rows = results.flat()
    const missed = rows.filter(({ ok }) =>
      !ok
    ).length
    const all = `${plural(rows.length, "row")} in ${Duration.toSeconds(took).toFixed(0)} s`
    yield* table.verdict(missed === 0, missed === 0 ? `${all}: each is ok` : `${all}: ${missed} missed`)
    if (missed > 0) {
      return yield* new Missed({ rows: missed })
    }
  })

const storms = judge("Tokens that nobody has to think about: storms on TestCloud's HTTP server", groups)

const memory = judge("What a Session keeps in memory", Memory.rows.map((row) => [row]))

const program = process.argv.includes("--memory") ? memory : storms

program.pipe(
  Effect.provide(Layer.provide(Table.layer, NodeTerminal.layer)),
  NodeRuntime.runMain({ disableErrorReporting: true })
)
