/** Helpers for the tests of token stores. */
import { Effect, Either, Exit, Fiber, Inspectable, List, Logger, Option, Redacted, Scope } from "effect"
import type { Duration } from "effect"
import { AccessInfo, type TokenStore } from "effect-keystoneauth"
import { type ChildProcess, spawn } from "node:child_process"
import { join } from "node:path"
import { fileURLToPath } from "node:url"

export const tokenOf = (found: Option.Option<TokenStore.StoredToken>): string | undefined =>
  Option.getOrUndefined(Option.map(found, ({ access }) => Redacted.value(access.token)))

/** A v3 token with additional fields in its body. */
export const storedToken = (
  token: string,
  said: Readonly<Record<string, unknown>> = {},
  endsAt?: number
): TokenStore.StoredToken => ({
  access: Either.getOrThrow(AccessInfo.fromV3({ token: said }, Redacted.make(token))),
  endsAt
})

/** The log messages, warnings and errors apart. */
export const recordLog = Effect.sync(() => {
  const lines: Array<{ readonly level: string; readonly text: string }> = []
  const layer = Logger.replace(
    Logger.defaultLogger,
    Logger.make(({ annotations, cause, logLevel, message, spans }) => {
      lines.push({
        level: logLevel.label,
        text: Inspectable.toStringUnknown([message, cause, [...annotations], List.toArray(spans)])
      })
    })
  )
  return { layer, lines, levels: () => lines.map(({ level }) => level) }
})

/** Tries to get a lease, and keeps it until told to release it. */
export const hold = (store: TokenStore.Service, name: string, timeToLive: Duration.DurationInput) =>
  Effect.gen(function*() {
    const scope = yield* Scope.make()
    const ours = yield* Scope.extend(store.lease(name, timeToLive), scope)
    return { ours: Option.isSome(ours), release: Scope.close(scope, Exit.void) }
  })

// -----------------------------------------------------------------------------
// processes
// -----------------------------------------------------------------------------

const root = fileURLToPath(new URL("../", import.meta.url))

/** A separate process that runs TypeScript. It is killed when the scope closes. */
export const startProcess = (...args: ReadonlyArray<string>) =>
  Effect.acquireRelease(
    Effect.sync(() =>
      spawn(process.execPath, ["--import", "tsx", ...args], {
        cwd: root,
        env: { ...process.env, TSX_TSCONFIG_PATH: join(root, "storms/tsconfig.json") },
        stdio: ["pipe", "pipe", "inherit"]
      })
    ),
    (child) => Effect.sync(() => child.kill("SIGKILL"))
  )

export const nextLine = (child: ChildProcess) =>
  Effect.async<string>((resume) => {
    child.stdout?.once("data", (data) => resume(Effect.succeed(String(data).trim())))
  })

const holder = (options: LeaseHolders) =>
  startProcess(
    "--input-type=module",
    "-e",
    `
    import * as NodeContext from "@effect/platform-node/NodeContext"
    import * as Effect from "effect/Effect"
    import * as Option from "effect/Option"
    import * as Redacted from "effect/Redacted"
    const { make } = await import(${JSON.stringify(join(root, `src/identity/${options.module}.ts`))})
    const program = Effect.gen(function*() {
      const store = yield* make(${options.options})
      console.log("ready")
      yield* Effect.async((resume) => process.stdin.once("data", () => resume(Effect.void)))
      console.log(Option.isSome(yield* store.lease("a", ${options.millis})) ? "mine" : "taken")
      yield* Effect.async(() => { setInterval(() => {}, 1000) })
    })
    await Effect.runPromise(Effect.scoped(Effect.provide(program, NodeContext.layer)))
    `
  )

export interface LeaseHolders {
  readonly module: "DirectoryTokenStore" | "RedisTokenStore"
  /** The store's options, as code. */
  readonly options: string
  readonly millis: number
  readonly processes: number
}

/** Starts processes that want the lease `a` at once and keep it until they are killed. Returns their output. */
export const raceForLease = (options: LeaseHolders) =>
  Effect.gen(function*() {
    const children = yield* Effect.replicateEffect(holder(options), options.processes)
    yield* Effect.forEach(children, nextLine, { concurrency: "unbounded" })
    const answering = yield* Effect.fork(Effect.forEach(children, nextLine, { concurrency: "unbounded" }))
    yield* Effect.yieldNow()
    for (const child of children) {
      child.stdin?.write("go\n")
    }
    const answers = yield* Fiber.join(answering)
    return { answers: [...answers].sort(), killWinner: () => children[answers.indexOf("mine")]?.kill("SIGKILL") }
  })
