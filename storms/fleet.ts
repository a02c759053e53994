/** Several processes over one Redis: the storm that takes more than one process to make. */
import type { CommandExecutor } from "@effect/platform"
import { Command } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import type { Scope } from "effect"
import { Data, Duration, Effect, Random, Redacted, Schema, Stream } from "effect"
import { createServer } from "node:net"
import { fileURLToPath } from "node:url"
import type { Assignment } from "./fleetShapes.js"
import { Report } from "./fleetShapes.js"
import type { Outcome, Storm } from "./storm.js"
import { figure, make, plural } from "./storm.js"
import { inWorld } from "./world.js"

const processes = 3
const requests = 100

class NotRun extends Data.TaggedError("NotRun")<{ readonly why: string }> {}

const freePort = Effect.async<number>((resume) => {
  const server = createServer().listen(0, "127.0.0.1", () => {
    const address = server.address()
    const port = address === null || typeof address === "string" ? 0 : address.port
    server.close(() => resume(Effect.succeed(port)))
  })
})

/** A Redis of its own, which keeps nothing and ends with the scope. */
const startRedis: Effect.Effect<string, NotRun, CommandExecutor.CommandExecutor | Scope.Scope> = Effect.gen(
  function*() {
    const port = yield* freePort
    const options = ["--bind", "127.0.0.1", "--port", String(port), "--save", "", "--appendonly", "no"]
    const server = yield* Effect.mapError(
      Command.start(Command.make("redis-server", ...options)),
      () => new NotRun({ why: "there is no redis-server (Debian: apt-get install redis-server)" })
    )
    yield* server.stdout.pipe(
      Stream.decodeText(),
      Stream.splitLines,
      Stream.takeUntil((line) => line.includes("Ready to accept connections")),
      Stream.runDrain,
      Effect.timeout("5 seconds"),
      Effect.mapError(() => new NotRun({ why: "redis-server did not start" }))
    )
    return `redis://127.0.0.1:${port}`
  }
)

/** As this process was started, with another program. */
const spawn = (assignment: Assignment) =>
  Command.make(
    process.execPath,
    ...process.execArgv,
    fileURLToPath(new URL("./worker.ts", import.meta.url)),
    JSON.stringify(assignment)
  ).pipe(
    Command.stderr("inherit"),
    Command.string,
    Effect.flatMap(Schema.decode(Schema.parseJson(Report)))
  )

const storeKey = Effect.map(
  Effect.replicateEffect(Random.nextIntBetween(0, 16), 64),
  (digits) => digits.map((digit) => digit.toString(16)).join("")
)

const outcome = (logins: number, reports: ReadonlyArray<typeof Report.Type>): Outcome => {
  const failed = reports.reduce((sum, report) => sum + report.failed, 0)
  const answered = reports.reduce((sum, report) => sum + report.succeeded, 0)
  return {
    reached: `${plural(logins, "login")} in all, ${figure(failed)} failed`,
    ok: logins === 1 && failed === 0 && answered === processes * requests,
    notes: [
      `${processes} processes began at the same moment; ${plural(answered, "request")} answered`,
      ...new Set(reports.flatMap(({ failures }) => failures))
    ]
  }
}

const fleet = inWorld(({ cloud, gate, logins }) =>
  Effect.gen(function*() {
    const redisUrl = yield* startRedis
    const { demo } = cloud.accounts
    const assignment: Assignment = {
      authUrl: cloud.authUrl,
      username: demo.username,
      userDomainName: demo.userDomainName,
      password: Redacted.value(demo.password),
      projectName: demo.projectName,
      projectDomainName: demo.projectDomainName,
      redisUrl,
      storeKey: yield* storeKey,
      requests
    }
    // each worker asks for the version document when it is ready, and begins when it gets it
    yield* gate.close("/identity/v3", processes)
    yield* cloud.misbehave({ service: "identity", method: "POST", kind: { delay: Duration.millis(300) } })
    const workers = yield* Effect.fork(
      Effect.all(Array.from({ length: processes }, () => spawn(assignment)), { concurrency: "unbounded" })
    )
    yield* Effect.raceFirst(gate.held(processes), workers)
    yield* gate.open()
    const reports = yield* workers
    return outcome((yield* logins).attempts, reports)
  }).pipe(
    Effect.scoped,
    Effect.catchTag("NotRun", ({ why }) => Effect.succeed({ reached: `not run: ${why}`, ok: false, notes: [] })),
    Effect.provide(NodeContext.layer)
  )
)

export const storm: Storm = make(
  { storm: `${processes} processes x ${requests} requests over one Redis`, goal: "1 login in all", others: "3" },
  "30 seconds",
  fleet
)
