/**
 * A cache of values that are fetched once for concurrent callers, kept for a time, and renewed before they expire.
 *
 * - The fetch runs in the scope of the cache, not in the caller that started it: interrupting a caller does not
 *   affect the others. All waiting callers get the fetch's success or failure.
 * - After a failure, callers get it at once until the rest is over. Then one of them tries again.
 * - Near its end a value is renewed in the background, while callers get the value that is still valid.
 *
 * Each decision is made in one synchronous block in an uninterruptible region, so that no yield or interruption can
 * come between finding no value and registering a fetch. The stress test shows what happens otherwise.
 */
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Random from "effect/Random"
import type * as Scope from "effect/Scope"
import * as Tracer from "effect/Tracer"
import * as Fiber from "./fiber.js"
import * as Time from "./time.js"

/** How long a value is kept, in milliseconds from now. */
export interface Life {
  readonly renewAfter: number
  readonly endsAfter: number
  /** The value is new, so that another fetch would not give a longer life. Default: `false`. */
  readonly fresh?: boolean
}

/** How values and failures are kept. `chance` is a random number from 0 to 1, so that processes do not act at once. */
export interface Policy<A, E> {
  /** The name of a fetch's span. */
  readonly span: string
  /** How long a value is kept. */
  readonly keep: (value: A, now: Time.Instant, chance: number) => Life
  /** How many milliseconds to wait after this many failures in a row. */
  readonly rest: (error: E, failures: number, chance: number) => number
  /** How many milliseconds the server demands to wait, as in `Retry-After`. */
  readonly demanded: (error: E) => number
  /** The failure as callers get it during the wait, which lasts `millis` more. */
  readonly resting: (error: E, millis: number) => E
  /** The number of keys. Beyond it, the least recently used one is dropped. */
  readonly capacity: number
}

export interface GetOptions<E> {
  /** `false` if another fetch would not give a longer life. Default: `true`. */
  readonly renew?: boolean | undefined
  /** How many milliseconds the value must still be valid. Default: 0. */
  readonly atLeast?: number | undefined
  /** Fetch one value and no other. Once it is gone, fail with this. */
  readonly once?: E | undefined
  /** Called for each answer without a fetch: with a cached value, or with a failure during its rest. For metrics. */
  readonly onKnown?: ((known: "value" | "failure") => void) | undefined
}

export interface SharedFetch<A, E> {
  /** The value, if it is valid at this time and not due for renewal. Synchronous, for the usual case. */
  readonly known: (key: string, now: Time.Instant, atLeast?: number) => A | undefined
  readonly get: (key: string, fetch: Effect.Effect<A, E>, options?: GetOptions<E>) => Effect.Effect<A, E>
  /** The valid value, if there is one. Never fetches. */
  readonly peek: (key: string) => Effect.Effect<Option.Option<A>>
  /** Puts a value into the cache. */
  readonly put: (key: string, value: A) => Effect.Effect<void>
  /** Drops the value if it is stale. Returns whether it was. */
  readonly dropWhen: (key: string, isStale: (value: A) => boolean) => Effect.Effect<boolean>
  /** All valid values. */
  readonly values: Effect.Effect<ReadonlyArray<A>>
}

interface Entry<A, E> {
  current: Current<A> | undefined
  pending: Pending<A, E> | undefined
  failure: Failure<E> | undefined
  usedAt: Time.Instant
  /** Whether there has been a value. */
  served: boolean
}

interface Pending<A, E> {
  readonly deferred: Deferred.Deferred<A, E>
  /** The span of the fetch. */
  span: Tracer.Span | undefined
}

interface Failure<E> {
  readonly error: E
  readonly count: number
  /** When the next attempt may start. */
  readonly until: Time.Instant
  /** When the server allows the next attempt. No later than `until`. */
  readonly demandedUntil: Time.Instant
}

interface Current<A> {
  readonly value: A
  readonly since: Time.Instant
  readonly renewAt: Time.Instant
  readonly endsAt: Time.Instant
  /** Another fetch would not give a longer life to callers that need at most this many milliseconds. */
  readonly best: number
}

/**
 * Whether a value is valid for `atLeast` more milliseconds. In the first part of its life, a value that
 * ends sooner is valid as well, if it is new or was fetched with as long an `atLeast`: another fetch would not live
 * longer.
 */
const isGood = <A>({ best, endsAt, since }: Current<A>, now: Time.Instant, atLeast: number): boolean =>
  now + atLeast < endsAt || (now < endsAt && atLeast <= best && now - since < (endsAt - since) / 10)

export const make = <A, E>(policy: Policy<A, E>): Effect.Effect<SharedFetch<A, E>, never, Scope.Scope> =>
  Effect.map(Effect.scope, (scope) => {
    const entries = new Map<string, Entry<A, E>>()

    const entryOf = (key: string, now: Time.Instant): Entry<A, E> => {
      const known = entries.get(key)
      if (known !== undefined) {
        known.usedAt = now
        return known
      }
      makeRoom(entries, policy.capacity, now)
      const entry: Entry<A, E> = {
        current: undefined,
        pending: undefined,
        failure: undefined,
        usedAt: now,
        served: false
      }
      entries.set(key, entry)
      return entry
    }

    /** Starts a fetch. Must run in the same synchronous block as the decision to fetch. */
    const start = (
      entry: Entry<A, E>,
      fetch: Effect.Effect<A, E>,
      waits: boolean,
      atLeast: number
    ): Effect.Effect<Pending<A, E>> => {
      const pending: Pending<A, E> = { deferred: Fiber.deferred(), span: undefined }
      entry.pending = pending
      return traced(policy.span, pending, fetch, waits).pipe(
        Effect.interruptible,
        Effect.exit,
        Effect.flatMap((exit) => settle(policy, entry, exit, atLeast)),
        Effect.flatMap((exit) => {
          entry.pending = undefined
          return Deferred.done(pending.deferred, exit)
        }),
        Effect.uninterruptible,
        Effect.forkIn(scope),
        Effect.as(pending)
      )
    }

    return {
      known: (key, now, atLeast = 0) => {
        const entry = entries.get(key)
        if (entry?.current === undefined || now >= entry.current.renewAt || !isGood(entry.current, now, atLeast)) {
          return undefined
        }
        entry.usedAt = now
        return entry.current.value
      },
      get: (key, fetch, options) =>
        Effect.uninterruptibleMask((restore) =>
          Effect.clockWith((clock) => {
            const now = Time.now(clock)
            const entry = entryOf(key, now)
            const { current, failure, pending } = entry
            const atLeast = options?.atLeast ?? 0
            const resting = failure !== undefined && now < failure.until
            if (current !== undefined && isGood(current, now, atLeast)) {
              options?.onKnown?.("value")
              return now < current.renewAt || pending !== undefined || resting || options?.renew === false
                ? Effect.succeed(current.value)
                : Effect.as(start(entry, fetch, false, atLeast), current.value)
            }
            if (pending !== undefined) {
              return Effect.ensuring(restore(Deferred.await(pending.deferred)), Effect.suspend(() => link(pending)))
            }
            if (resting) {
              options?.onKnown?.("failure")
              return Effect.fail(policy.resting(failure.error, failure.until - now))
            }
            if (options?.once !== undefined && entry.served) {
              return Effect.fail(options.once)
            }
            return Effect.flatMap(
              start(entry, fetch, true, atLeast),
              ({ deferred }) => restore(Deferred.await(deferred))
            )
          })
        ),
      peek: (key) =>
        Effect.clockWith((clock) => {
          const current = entries.get(key)?.current
          return Effect.succeed(
            current !== undefined && Time.now(clock) < current.endsAt
              ? Option.some(current.value)
              : Option.none()
          )
        }),
      put: (key, value) =>
        Effect.clockWith((clock) => {
          const now = Time.now(clock)
          return Effect.map(
            Random.next,
            (chance) => hold(policy, entryOf(key, now), { value, atLeast: 0, now, chance })
          )
        }),
      dropWhen: (key, isStale) =>
        Effect.sync(() => {
          const entry = entries.get(key)
          const stale = entry?.current !== undefined && isStale(entry.current.value)
          if (stale) {
            entry.current = undefined
            // only the renewal was waiting: without a value, the next caller tries at once
            if (entry.failure !== undefined) {
              entry.failure = { ...entry.failure, until: entry.failure.demandedUntil }
            }
          }
          return stale
        }),
      values: Effect.clockWith((clock) =>
        Effect.sync(() => {
          const now = Time.now(clock)
          return Array.from(entries.values()).flatMap(({ current }) =>
            current !== undefined && now < current.endsAt ? [current.value] : []
          )
        })
      )
    }
  })

const linkTo = (span: Tracer.AnySpan): Tracer.SpanLink => ({ _tag: "SpanLink", span, attributes: {} })

/**
 * Runs a fetch in a span: a child of the caller's span if the caller waits. A renewal in the background has a root
 * span that links to the caller's.
 */
const traced = <A, E>(
  name: string,
  pending: Pending<A, E>,
  fetch: Effect.Effect<A, E>,
  waits: boolean
): Effect.Effect<A, E> =>
  Effect.flatMap(Effect.serviceOption(Tracer.ParentSpan), (caller) => {
    const parent = Option.getOrUndefined(caller)
    const place = parent === undefined ? { root: true } : waits ? { parent } : { root: true, links: [linkTo(parent)] }
    return Effect.useSpan(name, { ...place, captureStackTrace: false }, (span) => {
      pending.span = span
      return Effect.mapInputContext(
        fetch,
        // the first caller's context must not reach a fetch that others share
        (_: Context.Context<never>): Context.Context<never> => Context.make(Tracer.ParentSpan, span)
      )
    })
  })

/** Links the span of a caller that waited to the span of the fetch. */
const link = <A, E>({ span }: Pending<A, E>): Effect.Effect<void> =>
  span === undefined || !span.sampled
    ? Effect.void
    : Effect.map(
      Effect.serviceOption(Tracer.ParentSpan),
      Option.match({
        onNone: () => {},
        onSome: (waiting) => waiting._tag === "Span" ? waiting.addLinks([linkTo(span)]) : undefined
      })
    )

/** A value that has arrived now. `atLeast` is the life that it was fetched for. */
interface Arrival<A> {
  readonly value: A
  readonly atLeast: number
  readonly now: Time.Instant
  readonly chance: number
}

const hold = <A, E>(
  policy: Policy<A, E>,
  entry: Entry<A, E>,
  { atLeast, chance, now, value }: Arrival<A>
): void => {
  const { endsAfter, fresh, renewAfter } = policy.keep(value, now, chance)
  entry.current = {
    value,
    since: now,
    renewAt: Time.after(now, renewAfter),
    endsAt: Time.after(now, endsAfter),
    best: fresh === true ? Infinity : atLeast
  }
  entry.failure = undefined
  entry.served = true
}

/** Stores the result of a fetch. */
const settle = <A, E>(
  policy: Policy<A, E>,
  entry: Entry<A, E>,
  exit: Exit.Exit<A, E>,
  atLeast: number
): Effect.Effect<Exit.Exit<A, E>> =>
  Effect.clockWith((clock) =>
    Effect.map(Random.next, (chance) => {
      const now = Time.now(clock)
      if (Exit.isSuccess(exit)) {
        hold(policy, entry, { value: exit.value, atLeast, now, chance })
        return exit
      }
      const failed = Cause.failureOption(exit.cause)
      if (Option.isNone(failed)) {
        return exit
      }
      const error = failed.value
      const count = (entry.failure?.count ?? 0) + 1
      // while there is a valid value only its renewal waits; once it has ended, the next caller tries at once
      const left = (entry.current?.endsAt ?? now) - now
      const patience = left > 0 ? left : Infinity
      const demanded = policy.demanded(error)
      const rest = Math.max(demanded, Math.min(patience, policy.rest(error, count, chance)))
      entry.failure = { error, count, until: Time.after(now, rest), demandedUntil: Time.after(now, demanded) }
      return Exit.fail(policy.resting(error, rest))
    })
  )

/**
 * Makes room for one more entry: drops the empty ones, and then the least recently used one if needed. Entries that are
 * being fetched stay.
 */
const makeRoom = <A, E>(entries: Map<string, Entry<A, E>>, capacity: number, now: Time.Instant): void => {
  if (entries.size < capacity && entries.size % 256 !== 255) {
    return
  }
  let oldest: string | undefined
  let usedAt = Time.never
  for (const [key, { current, failure, pending, usedAt: used }] of entries) {
    if (pending !== undefined) {
      continue
    }
    const holds = (current !== undefined && now < current.endsAt) || (failure !== undefined && now < failure.until)
    if (!holds) {
      entries.delete(key)
    } else if (used < usedAt) {
      oldest = key
      usedAt = used
    }
  }
  if (entries.size >= capacity && oldest !== undefined) {
    entries.delete(oldest)
  }
}
