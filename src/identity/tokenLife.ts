/** When a token is renewed, and how long a failing login rests. */
import type * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import type * as SharedFetch from "../base/sharedFetch.js"
import * as Time from "../base/time.js"
import * as Errors from "../Errors.js"
import type * as AccessInfo from "../model/AccessInfo.js"
import type { StoredToken } from "./TokenStore.js"

/** How often a failing login is tried. */
export interface Backoff {
  /** The wait after the first failure; it doubles with each further one. */
  readonly initial: Duration.Duration
  readonly max: Duration.Duration
}

/** A token as it is held here. */
export interface Held {
  readonly access: AccessInfo.AccessInfo
  readonly endsAt: Time.Instant
  /** How long before its end it is renewed at the earliest, in milliseconds. */
  readonly margin: number
  /** Its life has just begun: another login would not give one that lives longer. */
  readonly fresh: boolean
}

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

/** What one login gives is used for so long where nothing tells how long it lives: one login a minute, and no more. */
const unknownLife = 60_000

/** A clock that is so little behind does not make a stamp wrong: servers tell whole seconds, and proxies have clocks of their own. */
const slack = 60_000

/** No token lives longer. One whose stamps say so was never issued at that time. */
const longestLife = Duration.toMillis("365 days")

/** How long the token lives in all, if its stamps can be believed. */
const wholeLife = ({ expiresAt, issuedAt }: AccessInfo.AccessInfo): number | undefined => {
  const whole = expiresAt === undefined || issuedAt === undefined ? 0 : expiresAt.epochMillis - issuedAt.epochMillis
  return whole > 0 && whole <= longestLife ? whole : undefined
}

/** What is left of the token at this time, if that lies between its stamps: otherwise the clock is not the one that wrote them. */
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

/** What is left of it by the `Date` of its answer, which has whole seconds: so it was up to a second later, if it was not just issued. */
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
 * A token that has just come may be old: a vault or a cache hands out what it has. What is left of it is told by the server's clock,
 * if the answer has a `Date`, or else by ours. Where neither lies between the stamps, the clocks differ, and the token is taken
 * for new. Stamps that contradict each other tell nothing.
 */
export const arrived = (access: AccessInfo.AccessInfo, clock: Clock.Clock): Held => {
  const left = access.expiresAt === undefined
    ? Infinity
    : leftByServer(access) ?? leftAt(access, Time.wallClock(clock)) ?? wholeLife(access) ?? unknownLife
  return hold(access, left, left, clock)
}

/** One that was stored, perhaps by somebody whose clock is wrong: the least that anything tells is what is left. */
export const stored = ({ access, arrivedAt, endsAt = Infinity }: StoredToken, clock: Clock.Clock): Held => {
  const ourTime = Time.wallClock(clock)
  const leftAtArrival = Math.min(wholeLife(access) ?? Infinity, endsAt - (arrivedAt ?? -Infinity))
  const left = Math.min(endsAt - ourTime, leftAtArrival, leftAt(access, ourTime) ?? Infinity)
  return hold(access, left, Number.isFinite(leftAtArrival) ? leftAtArrival : left, clock)
}

/** One of which only its own word tells when it ends. */
export const restored = (access: AccessInfo.AccessInfo, clock: Clock.Clock): Held =>
  stored({ access, endsAt: access.expiresAt?.epochMillis }, clock)

const hold = (access: AccessInfo.AccessInfo, left: number, leftAtArrival: number, clock: Clock.Clock): Held => ({
  access,
  endsAt: Time.after(Time.now(clock), Math.max(0, left)),
  margin: marginOf(leftAtArrival),
  fresh: left >= 0.9 * (wholeLife(access) ?? Infinity)
})

/**
 * A token is renewed in the last fifth of what was left of it when it came, but not earlier than two minutes before its end; where
 * exactly is left to chance, so that many programs do not come at once.
 */
const marginOf = (leftAtArrival: number): number => Math.min(120_000, leftAtArrival * 0.2)

/** For how long a token must still be good, so that what is got with it does not end at once. */
export const worthwhile = (access: AccessInfo.AccessInfo): number =>
  marginOf(leftByServer(access) ?? wholeLife(access) ?? unknownLife)

/** A Keystone that demands more is not believed: one wrong header would shut everyone out. */
const longestRest = Duration.toMillis("1 hour")

const retryAfter = (error: Errors.AuthenticationError): number =>
  error._tag === "RateLimited" || error._tag === "ServiceUnavailable"
    ? Math.min(error.retryAfterMillis ?? 0, longestRest)
    : 0

/** The same failure, telling how long it will stay so. */
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
