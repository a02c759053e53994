/**
 * Values that are fetched once for any number of callers, kept for a time, and renewed before they end.
 *
 * - The fetch belongs to the scope, not to the caller that started it: a caller that is interrupted, or gives up, disturbs
 *   nobody. Success and failure go to all who wait.
 * - A failure is no value: after it, callers get it at once until the rest is over, and then one of them tries again.
 * - Near its end a value is renewed in the background while callers go on with the one that is still good.
 *
 * Each decision is made in one synchronous block inside an uninterruptible region, so that no yield and no interruption
 * can fall between "there is none" and "someone is getting one". The stress test shows what happens otherwise.
 */
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as FiberId from "effect/FiberId"
import * as Option from "effect/Option"
import * as Random from "effect/Random"
import type * as Scope from "effect/Scope"

/** How long a value is kept, in milliseconds from now. */
export interface Life {
  readonly renewAfter: number
  readonly endsAfter: number
}

export interface Policy<A, E> {
  /** `chance` is between 0 and 1: so that not everyone comes at once. */
  readonly keep: (value: A, now: number, chance: number) => Life
  /** For how many milliseconds nobody tries again, after so many failures in a row. */
  readonly rest: (error: E, failures: number, chance: number) => number
  /** The failure as callers see it who come while nobody tries. */
  readonly resting: (error: E, millis: number) => E
  /** How many keys are remembered. The one that was not used for the longest time leaves. */
  readonly capacity: number
}

export interface SharedFetch<A, E> {
  /** `renew: false` if another fetch would not give a longer life. */
  readonly get: (key: string, fetch: Effect.Effect<A, E>, options?: { readonly renew?: boolean }) => Effect.Effect<A, E>
  /** Compare and clear. */
  readonly dropWhen: (key: string, isStale: (value: A) => boolean) => Effect.Effect<void>
}

interface Entry<A, E> {
  current: { readonly value: A; readonly renewAt: number; readonly endsAt: number } | undefined
  pending: Deferred.Deferred<A, E> | undefined
  failure: { readonly error: E; readonly count: number; readonly until: number } | undefined
  usedAt: number
}

export const make = <A, E>(policy: Policy<A, E>): Effect.Effect<SharedFetch<A, E>, never, Scope.Scope> =>
  Effect.map(Effect.scope, (scope) => {
    const entries = new Map<string, Entry<A, E>>()

    const entryOf = (key: string, now: number): Entry<A, E> => {
      const known = entries.get(key)
      if (known !== undefined) {
        known.usedAt = now
        return known
      }
      makeRoom(entries, policy.capacity)
      const entry: Entry<A, E> = { current: undefined, pending: undefined, failure: undefined, usedAt: now }
      entries.set(key, entry)
      return entry
    }

    /** Only to be called where nothing can come between the decision and this. */
    const start = (entry: Entry<A, E>, fetch: Effect.Effect<A, E>): Effect.Effect<Deferred.Deferred<A, E>> => {
      const pending = Deferred.unsafeMake<A, E>(FiberId.none)
      entry.pending = pending
      return fetch.pipe(
        // what the first caller happens to have around must not reach a fetch that others share
        Effect.mapInputContext((_: Context.Context<never>) => Context.empty()),
        Effect.interruptible,
        Effect.exit,
        Effect.flatMap((exit) => settle(policy, entry, exit)),
        Effect.flatMap((exit) => {
          entry.pending = undefined
          return Deferred.done(pending, exit)
        }),
        Effect.uninterruptible,
        Effect.forkIn(scope),
        Effect.as(pending)
      )
    }

    return {
      get: (key, fetch, options) =>
        Effect.uninterruptibleMask((restore) =>
          Effect.clockWith((clock) => {
            const now = clock.unsafeCurrentTimeMillis()
            const entry = entryOf(key, now)
            const { current, failure, pending } = entry
            const resting = failure !== undefined && now < failure.until
            if (current !== undefined && now < current.endsAt) {
              return now < current.renewAt || pending !== undefined || resting || options?.renew === false
                ? Effect.succeed(current.value)
                : Effect.as(start(entry, fetch), current.value)
            }
            if (pending !== undefined) {
              return restore(Deferred.await(pending))
            }
            if (resting) {
              return Effect.fail(policy.resting(failure.error, failure.until - now))
            }
            return Effect.flatMap(start(entry, fetch), (started) => restore(Deferred.await(started)))
          })
        ),
      dropWhen: (key, isStale) =>
        Effect.sync(() => {
          const entry = entries.get(key)
          if (entry?.current !== undefined && isStale(entry.current.value)) {
            entry.current = undefined
          }
        })
    }
  })

/** Keeps what came of a fetch, and tells it to those who wait. */
const settle = <A, E>(
  policy: Policy<A, E>,
  entry: Entry<A, E>,
  exit: Exit.Exit<A, E>
): Effect.Effect<Exit.Exit<A, E>> =>
  Effect.clockWith((clock) =>
    Effect.map(Random.next, (chance) => {
      const now = clock.unsafeCurrentTimeMillis()
      if (Exit.isSuccess(exit)) {
        const { endsAfter, renewAfter } = policy.keep(exit.value, now, chance)
        entry.current = { value: exit.value, renewAt: now + renewAfter, endsAt: now + endsAfter }
        entry.failure = undefined
        return exit
      }
      const failed = Cause.failureOption(exit.cause)
      if (Option.isNone(failed)) {
        return exit
      }
      const error = failed.value
      const count = (entry.failure?.count ?? 0) + 1
      const rest = policy.rest(error, count, chance)
      entry.failure = { error, count, until: now + rest }
      return Exit.fail(policy.resting(error, rest))
    })
  )

/** Makes room for one more. An entry that is being fetched stays, whatever its age. */
const makeRoom = <A, E>(entries: Map<string, Entry<A, E>>, capacity: number): void => {
  if (entries.size < capacity) {
    return
  }
  let oldest: string | undefined
  let usedAt = Infinity
  for (const [key, entry] of entries) {
    if (entry.pending === undefined && entry.usedAt < usedAt) {
      oldest = key
      usedAt = entry.usedAt
    }
  }
  if (oldest !== undefined) {
    entries.delete(oldest)
  }
}
