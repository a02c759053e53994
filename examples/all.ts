/** Runs all examples, one after another. Fails if one of them fails or prints nothing. */
import { Command, FileSystem, Path } from "@effect/platform"
import { NodeContext, NodeRuntime } from "@effect/platform-node"
import { Console, Data, Duration, Effect, Stream } from "effect"

class ExamplesFailed extends Data.TaggedError("ExamplesFailed")<{ readonly message: string }> {}

const text = Stream.decodeText()

/** Runs an example as this file is run, and always against TestCloud. */
const run = (file: string) =>
  Effect.gen(function*() {
    const command = Command.make(process.execPath, ...process.execArgv, file).pipe(Command.env({ OS_AUTH_URL: "" }))
    const example = yield* Command.start(command)
    const [stdout, stderr] = yield* Effect.all([
      Stream.mkString(text(example.stdout)),
      Stream.mkString(text(example.stderr))
    ], { concurrency: 2 })
    return { stdout, stderr, exitCode: yield* example.exitCode }
  }).pipe(Effect.scoped)

const main = Effect.gen(function*() {
  const fileSystem = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const folder = yield* Effect.map(path.fromFileUrl(new URL(import.meta.url)), path.dirname)
  // list-servers.ts is run by the demo
  const names = (yield* fileSystem.readDirectory(folder)).filter((name) =>
    name.endsWith(".ts") && name !== "all.ts" && name !== "list-servers.ts"
  ).sort()

  const outcomes = yield* Effect.forEach(names, (name) =>
    Effect.gen(function*() {
      const [duration, { exitCode, stderr, stdout }] = yield* Effect.timed(run(path.join(folder, name)))
      const good = exitCode === 0 && stdout !== ""
      yield* Console.log(
        good
          ? `ok      ${name} (${Math.round(Duration.toMillis(duration))} ms)`
          : `FAILED  ${name} (exit code ${exitCode})\n${stdout}${stderr}`
      )
      return { name, good }
    }))

  const failed = outcomes.flatMap(({ good, name }) => good ? [] : [name])
  if (failed.length > 0) {
    return yield* new ExamplesFailed({ message: `${failed.length} of ${names.length} failed: ${failed.join(", ")}` })
  }
  yield* Console.log(`All ${names.length} examples ran.`)
})

main.pipe(Effect.provide(NodeContext.layer), NodeRuntime.runMain)
