/** Programs in processes of their own, which tell what they have measured as lines of JSON. */
import { Command } from "@effect/platform"
import { Effect, Option, Queue, Schema, Stream } from "effect"
import { fileURLToPath } from "node:url"

/** A file beside the compiled benchmark. */
export const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url))

/** One of `programs`. */
export const program = (name: string, ...args: ReadonlyArray<string>): Command.Command =>
  Command.make(process.execPath, path(`./programs/${name}.js`), ...args).pipe(Command.stderr("inherit"))

/** What a stream says until it ends. */
export const text = <E>(stream: Stream.Stream<Uint8Array, E>): Effect.Effect<string, E> =>
  Stream.mkString(Stream.decodeText(stream))

/** What a program writes until it ends. */
export const report = <A, I>(command: Command.Command, schema: Schema.Schema<A, I>) =>
  Effect.flatMap(Command.string(command), Schema.decode(Schema.parseJson(schema))).pipe(Effect.timeout("4 minutes"))

/** Starts a program that answers each line with a line. It ends with the scope. */
export const interview = <Q, QI, A, I>(
  command: Command.Command,
  question: Schema.Schema<Q, QI>,
  answer: Schema.Schema<A, I>
) =>
  Effect.gen(function*() {
    const questions = yield* Queue.unbounded<string>()
    const stdin = Stream.encodeText(Stream.map(Stream.fromQueue(questions), (line) => `${line}\n`))
    const process = yield* Command.start(Command.stdin(command, stdin))
    const next = yield* process.stdout.pipe(Stream.decodeText(), Stream.splitLines, Stream.rechunk(1), Stream.toPull)
    const encode = Schema.encode(Schema.parseJson(question))
    const decode = Schema.decode(Schema.parseJson(answer))
    return (asked: Q) =>
      Effect.flatMap(encode(asked), (line) => Queue.offer(questions, line)).pipe(
        Effect.zipRight(Effect.mapError(next, Option.getOrElse(() => new Error("the process has ended")))),
        Effect.flatMap((lines) => decode([...lines].join(""))),
        Effect.timeout("30 seconds")
      )
  })
