/**
 * Limits what a failing token store costs: one warning when it starts to fail, one message when it works again, and one
 * attempt in a while.
 *
 * Reads and writes are tracked separately: a full disk can still be read. A store that cannot be reached at all is
 * neither read nor written.
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Time from "../base/time.js"

export interface Failure {
  /** Shown in the log. */
  readonly reason: string
  /** The store cannot be reached at all, for reading or writing. */
  readonly unreachable: boolean
}

export type Kind = "read" | "write"

export interface Policy {
  /** The store's name in the log. */
  readonly label: string
  /** How long an operation may take. */
  readonly timeout: Duration.Duration
  /** How long the store is not used after a failure. */
  readonly rest: Duration.Duration
}

export interface Availability {
  /** Runs the operation. Gives `otherwise` if it fails, takes too long, or is not tried. */
  readonly attempt: <A>(kind: Kind, operation: Effect.Effect<A, Failure>, otherwise: A) => Effect.Effect<A>
}

export const make = ({ label, rest, timeout }: Policy): Availability => {
  const failing = new Map<Kind, { until: Time.Instant; readonly unreachable: boolean }>()
  const millis = Duration.toMillis(rest)
  let failures = 0

  /** Whether to try. After the rest, the first caller tries for all. */
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

  /** An operation that began before the last failure does not prove that the store works again. */
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
          // in its own fiber, so that the timeout works in an uninterruptible caller, and an interrupted caller leaves
          // nothing half done
          Effect.interruptible,
          Effect.forkDaemon,
          Effect.flatMap(Fiber.join)
        )
      })
  }
}

const verb = { read: "read", write: "written" } as const
