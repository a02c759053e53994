/**
 * What a store that does not work costs: one warning when it begins, one line when it is over, and nobody waits for it
 * more than once in a while.
 *
 * Reading and writing are held apart: a disk that is full can still be read. Where the store cannot be reached at all,
 * both rest.
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Time from "../base/time.js"

export interface Failure {
  /** Shown in the log. */
  readonly reason: string
  /** It cannot be reached at all: neither for reading nor for writing. */
  readonly unreachable: boolean
}

export type Kind = "read" | "write"

export interface Policy {
  /** As it is called in the log. */
  readonly label: string
  /** How long an operation may take. */
  readonly timeout: Duration.Duration
  /** How long after a failure the store is not asked again. */
  readonly rest: Duration.Duration
}

export interface Availability {
  /** The operation, or where it fails, takes too long or is not even tried, what is to be used instead. */
  readonly attempt: <A>(kind: Kind, operation: Effect.Effect<A, Failure>, otherwise: A) => Effect.Effect<A>
}

export const make = ({ label, rest, timeout }: Policy): Availability => {
  const failing = new Map<Kind, { until: Time.Instant; readonly unreachable: boolean }>()
  const millis = Duration.toMillis(rest)
  let failures = 0

  /** Is it to be tried? One of those who come when the rest is over finds out for all. */
  const admit = (kind: Kind, now: Time.Instant): boolean => {
    const failure = failing.get(kind)
    if (failure === undefined) {
      return true
    }
    if (now < failure.until) {
      return false
    }
    for (const each of failure.unreachable ? failing.values() : [failure]) {
      each.until = Time.after(now, millis + Duration.toMillis(timeout))
    }
    return true
  }

  const failed = (kind: Kind, { reason, unreachable }: Failure, now: Time.Instant): Effect.Effect<void> => {
    failures++
    const known = failing.size > 0
    const kinds: ReadonlyArray<Kind> = unreachable ? ["read", "write"] : [kind]
    for (const each of kinds) {
      failing.set(each, { until: Time.after(now, millis), unreachable })
    }
    return known
      ? Effect.void
      : Effect.logWarning(`${label} cannot be ${unreachable ? "reached" : verb[kind]} (${reason}): going on without it`)
  }

  /** What began before the last failure says nothing about now. */
  const worked = (kind: Kind, failuresBefore: number): Effect.Effect<void> => {
    if (failing.size === 0 || failuresBefore !== failures) {
      return Effect.void
    }
    failing.delete(kind)
    for (const [other, { unreachable }] of failing) {
      if (unreachable) {
        failing.delete(other)
      }
    }
    return failing.size === 0 ? Effect.logInfo(`${label} works again`) : Effect.void
  }

  return {
    attempt: (kind, operation, otherwise) =>
      Effect.clockWith((clock) => {
        if (!admit(kind, Time.now(clock))) {
          return Effect.succeed(otherwise)
        }
        const failuresBefore = failures
        return operation.pipe(
          Effect.timeoutFail({
            duration: timeout,
            onTimeout: (): Failure => ({ reason: `no answer within ${Duration.format(timeout)}`, unreachable: true })
          }),
          Effect.catchAllDefect(() => Effect.fail<Failure>({ reason: "unexpected failure", unreachable: false })),
          Effect.matchEffect({
            onSuccess: (value) => Effect.as(worked(kind, failuresBefore), value),
            onFailure: (failure) => Effect.as(failed(kind, failure, Time.now(clock)), otherwise)
          }),
          // a fiber of its own: the timeout holds even where the caller cannot be interrupted, and a caller that is
          // interrupted leaves nothing half done
          Effect.interruptible,
          Effect.forkDaemon,
          Effect.flatMap(Fiber.join)
        )
      })
  }
}

const verb = { read: "read", write: "written" } as const
