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
  /** It has just begun, so that another fetch would not give a longer life. Default: `false`. */
  readonly fresh?: boolean
}

export interface Policy<A, E> {
  /** What the span of a fetch is called. */
  readonly span: string
  /** `chance` is between 0 and 1: so that not everyone comes at once. */
  readonly keep: (value: A, now: Time.Instant, chance: number) => Life
  /** For how many milliseconds nobody tries again, after so many failures in a row. */
  readonly rest: (error: E, failures: number, chance: number) => number
  /** For how many milliseconds the other side wants to be left alone, whatever that means for us. */
  readonly demanded: (error: E) => number
  /** The failure as callers see it who come while nobody tries. */
  readonly resting: (error: E, millis: number) => E
  /** How many keys are remembered. The one that was not used for the longest time leaves. */
  readonly capacity: number
}

export interface GetOptions<E> {
  /** `false` if another fetch would not give a longer life. Default: `true`. */
  readonly renew?: boolean | undefined
  /** For how many milliseconds more the value must be good. Default: 0. */
  readonly atLeast?: number | undefined
  /** There is to be one value and no other: with this failure once it is gone. */
  readonly once?: E | undefined
  /** Told of each answer that needs no fetch: the value was there, or the failure still rests. For counting. */
  readonly onKnown?: ((known: "value" | "failure") => void) | undefined
}

export interface SharedFetch<A, E> {
  /** The value, if it is good at this time and nothing is to be done for it: the usual case, which costs nearly nothing. */
  readonly known: (key: string, now: Time.Instant, atLeast?: number) => A | undefined
  readonly get: (key: string, fetch: Effect.Effect<A, E>, options?: GetOptions<E>) => Effect.Effect<A, E>
  /** The value that is good now, if there is one. */
  readonly peek: (key: string) => Effect.Effect<Option.Option<A>>
  /** Puts a value there that came from elsewhere. */
  readonly put: (key: string, value: A) => Effect.Effect<void>
  /** Compare and clear. Answers whether it was there. */
  readonly dropWhen: (key: string, isStale: (value: A) => boolean) => Effect.Effect<boolean>
  /** The values that are good now. */
  readonly values: Effect.Effect<ReadonlyArray<A>>
}

interface Entry<A, E> {
  current: Current<A> | undefined
  pending: Pending<A, E> | undefined
  failure: Failure<E> | undefined
  usedAt: Time.Instant
  /** There was a value once. */
  served: boolean
}

interface Pending<A, E> {
  readonly deferred: Deferred.Deferred<A, E>
  /** Of the fetch. */
  span: Tracer.Span | undefined
}

interface Failure<E> {
  readonly error: E
  readonly count: number
  /** Until when nobody tries again. */
  readonly until: Time.Instant
  /** Until when the other side wants it so: no later than `until`. */
  readonly demandedUntil: Time.Instant
}

interface Current<A> {
  readonly value: A
  readonly since: Time.Instant
  readonly renewAt: Time.Instant
  readonly endsAt: Time.Instant
  /** Another fetch would give no longer life to who needs it for so many milliseconds. */
  readonly best: number
}

/**
 * Is it good for that long? One that has just come is as good as they get, however short its life, if it is fresh or was fetched to
 * be good for that long: asking for another would not help.
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

    /** Only to be called where nothing can come between the decision and this. */
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
          return Effect.map(Random.next, (chance) => hold(policy, entryOf(key, now), value, 0, now, chance))
        }),
      dropWhen: (key, isStale) =>
        Effect.sync(() => {
          const entry = entries.get(key)
          const stale = entry?.current !== undefined && isStale(entry.current.value)
          if (stale) {
            entry.current = undefined
            // what rested was its renewal: now that there is no value, somebody tries at once
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
 * The span of a fetch is a child of the one that started it and waits for it. A renewal in the background belongs to nobody,
 * and links to the one that found it due.
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
        // what the first caller happens to have around must not reach a fetch that others share
        (_: Context.Context<never>): Context.Context<never> => Context.make(Tracer.ParentSpan, span)
      )
    })
  })

/** Who has waited for the fetch of another links to it. */
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

/** `atLeast` is what it was fetched for. */
const hold = <A, E>(
  policy: Policy<A, E>,
  entry: Entry<A, E>,
  value: A,
  atLeast: number,
  now: Time.Instant,
  chance: number
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

/** Keeps what came of a fetch, and tells it to those who wait. */
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
        hold(policy, entry, exit.value, atLeast, now, chance)
        return exit
      }
      const failed = Cause.failureOption(exit.cause)
      if (Option.isNone(failed)) {
        return exit
      }
      const error = failed.value
      const count = (entry.failure?.count ?? 0) + 1
      // while a value is still good only its renewal rests: once it has ended, somebody tries at once
      const left = (entry.current?.endsAt ?? now) - now
      const patience = left > 0 ? left : Infinity
      const demanded = policy.demanded(error)
      const rest = Math.max(demanded, Math.min(patience, policy.rest(error, count, chance)))
      entry.failure = { error, count, until: Time.after(now, rest), demandedUntil: Time.after(now, demanded) }
      return Exit.fail(policy.resting(error, rest))
    })
  )

/**
 * Makes room for one more: first go those that hold nothing any more, then the one that was not used for the longest
 * time. An entry that is being fetched stays, whatever its age.
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
