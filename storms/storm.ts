/** What a storm is: something that a cloud is made to suffer, and the figures that must come of it. */
import { Cause, Duration, Effect, Exit, Option } from "effect"

/** One row of issue 4's table. */
export interface Row {
  readonly storm: string
  /** The figure to reach. */
  readonly goal: string
  readonly others: string
}

export interface Outcome {
  readonly reached: string
  readonly ok: boolean
  /** What shows that the storm was one, and what went wrong in it if something did. */
  readonly notes: ReadonlyArray<string>
}

export interface Result extends Row, Outcome {
  readonly took: Duration.Duration
}

export interface Storm extends Row {
  readonly run: Effect.Effect<Outcome>
}

const missed = (reached: string, notes: ReadonlyArray<string> = []): Outcome => ({ reached, ok: false, notes })

const firstLine = (text: string) => text.split("\n")[0] ?? text

/** A storm that fails, dies or never ends is a row that is missed. */
export const make = <E>(row: Row, limit: Duration.DurationInput, run: Effect.Effect<Outcome, E>): Storm => ({
  ...row,
  run: run.pipe(
    Effect.timeoutTo({
      duration: limit,
      onSuccess: (outcome) => outcome,
      onTimeout: () => missed(`no end within ${Duration.format(Duration.decode(limit))}`)
    }),
    Effect.catchAllCause((cause) =>
      Effect.succeed(missed("it broke", Cause.prettyErrors(cause).map(({ message }) => firstLine(message))))
    )
  )
})

export const perform = ({ goal, others, run, storm }: Storm): Effect.Effect<Result> =>
  Effect.map(Effect.timed(run), ([took, outcome]) => ({ storm, goal, others, took, ...outcome }))

// -----------------------------------------------------------------------------
// what became of many calls
// -----------------------------------------------------------------------------

export interface Tally {
  readonly succeeded: number
  readonly failed: number
  /** Each kind of failure, and how often it came. */
  readonly failures: ReadonlyMap<string, number>
}

interface Failure {
  readonly _tag: string
  readonly message: string
  readonly reason?: string | undefined
}

const kindOf = ({ _tag, reason }: Failure) => reason === undefined ? _tag : `${_tag} ${reason}`

const describe = (cause: Cause.Cause<Failure>): string =>
  Option.match(Cause.failureOption(cause), {
    onNone: () => Cause.isInterrupted(cause) ? "interrupted" : `defect: ${firstLine(Cause.pretty(cause))}`,
    onSome: kindOf
  })

export const tally = <A>(exits: ReadonlyArray<Exit.Exit<A, Failure>>): Tally => {
  const failures = new Map<string, number>()
  for (const exit of exits) {
    if (Exit.isFailure(exit)) {
      const kind = describe(exit.cause)
      failures.set(kind, (failures.get(kind) ?? 0) + 1)
    }
  }
  const failed = exits.filter(Exit.isFailure).length
  return { succeeded: exits.length - failed, failed, failures }
}

/** One line for each kind of failure. */
export const listFailures = ({ failures }: Tally): ReadonlyArray<string> =>
  [...failures].map(([kind, count]) => `failures: ${figure(count)} x ${kind}`)

// -----------------------------------------------------------------------------
// words
// -----------------------------------------------------------------------------

export const figure = (count: number): string => count.toLocaleString("en-US")

export const plural = (count: number, noun: string): string => `${figure(count)} ${noun}${count === 1 ? "" : "s"}`
