/** When a token is renewed, and how long to wait after a failed login. */
import type * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import type * as SharedFetch from "../base/sharedFetch.js"
import * as Time from "../base/time.js"
import * as Errors from "../Errors.js"
import type * as AccessInfo from "../model/AccessInfo.js"
import type { StoredToken } from "./TokenStore.js"

/** How long to wait after failed logins. */
export interface Backoff {
  /** The wait after the first failure. It doubles with each further one. */
  readonly initial: Duration.Duration
  readonly max: Duration.Duration
}

/** A token in the cache. */
export interface Held {
  readonly access: AccessInfo.AccessInfo
  readonly endsAt: Time.Instant
  /** How long before its end the token is renewed at the earliest, in milliseconds. */
  readonly margin: number
  /** The token is new: another login would not give one that lives longer. */
  readonly fresh: boolean
}

/** How the shared fetch of `Tokens` treats tokens and failed logins. */
export const policy = (
  options: { readonly backoff: Backoff; readonly capacity: number }
): SharedFetch.Policy<Held, Errors.AuthenticationError> => ({
  span: "Tokens.fetch",
  keep: (held, now, chance) => {
    const endsAfter = Math.max(0, held.endsAt - now)
    return {
      endsAfter,
      renewAfter: Math.max(0, endsAfter - held.margin * (0.5 + chance / 2)),
      fresh: held.fresh
    }
  },
  rest: (_, failures, chance) =>
    Math.min(
      Duration.toMillis(options.backoff.max),
      Duration.toMillis(options.backoff.initial) * 2 ** (failures - 1)
    ) * (0.5 + chance / 2),
  demanded: retryAfter,
  resting: withRetryAfter,
  capacity: options.capacity
})

/** How long a token is used if nothing tells how long it lives: one login a minute at most. */
const unknownLife = 60_000

/**
 * How far clocks may differ before a stamp counts as wrong: servers give whole seconds, and proxies have own clocks.
 */
const slack = 60_000

/** The longest plausible life of a token. Longer ones have wrong stamps. */
const longestLife = Duration.toMillis("365 days")

/** The time from `issued_at` to `expires_at`, if it is plausible. */
const wholeLife = ({ expiresAt, issuedAt }: AccessInfo.AccessInfo): number | undefined => {
  const whole = expiresAt === undefined || issuedAt === undefined ? 0 : expiresAt.epochMillis - issuedAt.epochMillis
  return whole > 0 && whole <= longestLife ? whole : undefined
}

/** The token's remaining life at this time, if the time lies between its stamps. Otherwise the clocks differ. */
const leftAt = (
  { expiresAt, issuedAt }: AccessInfo.AccessInfo,
  time: number | undefined
): number | undefined => {
  const begin = issuedAt?.epochMillis ?? -Infinity
  const end = expiresAt?.epochMillis ?? Infinity
  return time !== undefined && begin < end && begin - slack <= time && time < end
    ? Math.min(end - begin, end - time)
    : undefined
}

/** The remaining life by the `Date` of the login's answer. `Date` has whole seconds, so up to one second is added. */
const leftByServer = (access: AccessInfo.AccessInfo): number | undefined => {
  const { answeredAt, issuedAt } = access
  return answeredAt === undefined
    ? undefined
    : leftAt(
      access,
      answeredAt.epochMillis + ((issuedAt?.epochMillis ?? -Infinity) >= answeredAt.epochMillis ? 0 : 999)
    )
}

/**
 * A token from a login. It may be old: a vault or a cache may return an earlier token. Its remaining life is measured
 * by the server's clock if the answer has a `Date`, else by ours. If neither time lies between the stamps, the clocks
 * differ, and the token counts as new. Stamps that contradict each other are ignored.
 */
export const arrived = (access: AccessInfo.AccessInfo, clock: Clock.Clock): Held => {
  const left = access.expiresAt === undefined
    ? Infinity
    : leftByServer(access) ?? leftAt(access, Time.wallClock(clock)) ?? wholeLife(access) ?? unknownLife
  return hold(access, left, left, clock)
}

/**
 * A token from a store. The clock of the process that stored it may be wrong, so the shortest remaining life counts.
 */
export const stored = ({ access, arrivedAt, endsAt = Infinity }: StoredToken, clock: Clock.Clock): Held => {
  const ourTime = Time.wallClock(clock)
  const leftAtArrival = Math.min(wholeLife(access) ?? Infinity, endsAt - (arrivedAt ?? -Infinity))
  const left = Math.min(endsAt - ourTime, leftAtArrival, leftAt(access, ourTime) ?? Infinity)
  return hold(access, left, Number.isFinite(leftAtArrival) ? leftAtArrival : left, clock)
}

/** A token of which only its own `expires_at` is known. */
export const restored = (access: AccessInfo.AccessInfo, clock: Clock.Clock): Held =>
  stored({ access, endsAt: access.expiresAt?.epochMillis }, clock)

const hold = (access: AccessInfo.AccessInfo, left: number, leftAtArrival: number, clock: Clock.Clock): Held => ({
  access,
  endsAt: Time.after(Time.now(clock), Math.max(0, left)),
  margin: marginOf(leftAtArrival),
  fresh: left >= 0.9 * (wholeLife(access) ?? Infinity)
})

/**
 * A token is renewed in the last fifth of the life that it had on arrival, and at most two minutes before its end. The
 * exact moment is random, so that many programs do not renew at once.
 */
const marginOf = (leftAtArrival: number): number => Math.min(120_000, leftAtArrival * 0.2)

/** How long a token must still live to be exchanged for another one, which does not live longer. */
export const worthwhile = (access: AccessInfo.AccessInfo): number =>
  marginOf(leftByServer(access) ?? wholeLife(access) ?? unknownLife)

/** The longest `Retry-After` that is obeyed: one wrong header must not lock everyone out. */
const longestRest = Duration.toMillis("1 hour")

const retryAfter = (error: Errors.AuthenticationError): number =>
  error._tag === "RateLimited" || error._tag === "ServiceUnavailable"
    ? Math.min(error.retryAfterMillis ?? 0, longestRest)
    : 0

/** The error with the time until the next attempt. */
const withRetryAfter = (error: Errors.AuthenticationError, wait: number): Errors.AuthenticationError => {
  const retryAfterMillis = Math.ceil(wait)
  switch (error._tag) {
    case "Unauthorized":
      return new Errors.Unauthorized({ ...error, retryAfterMillis })
    case "RateLimited":
      return new Errors.RateLimited({ ...error, retryAfterMillis })
    case "ServiceUnavailable":
      return new Errors.ServiceUnavailable({ ...error, retryAfterMillis })
    default:
      return error
  }
}
