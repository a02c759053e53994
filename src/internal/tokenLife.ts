/** When a token is renewed, and how long a failing login rests. */
import * as Duration from "effect/Duration"
import * as Option from "effect/Option"
import * as AccessInfo from "../AccessInfo.js"
import * as Errors from "../Errors.js"
import type * as SharedFetch from "./sharedFetch.js"

/** How often a failing login is tried. */
export interface Backoff {
  /** The wait after the first failure; it doubles with each further one. */
  readonly initial: Duration.Duration
  readonly max: Duration.Duration
}

/** A token as it is held here: with its end by this machine's clock, in milliseconds since 1970. */
export interface Held {
  readonly access: AccessInfo.AccessInfo
  readonly endsAt: number
}

export const policy = (
  options: { readonly backoff: Backoff; readonly capacity: number }
): SharedFetch.Policy<Held, Errors.AuthenticationError> => ({
  span: "Tokens.fetch",
  keep: (held, now, chance) => {
    const endsAfter = Math.max(0, held.endsAt - now)
    return { endsAfter, renewAfter: Math.max(0, endsAfter - margin(held) * (0.5 + chance / 2)) }
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

/**
 * A token is renewed in the last fifth of its life, but not earlier than two minutes before its end; where exactly is
 * left to chance, so that many programs do not come at once.
 */
export const margin = ({ access }: Pick<Held, "access">): number =>
  Math.min(
    120_000,
    Option.match(AccessInfo.lifetime(access), { onNone: () => Infinity, onSome: Duration.toMillis }) * 0.2
  )

/** A token that has just arrived. */
export const arrived = (access: AccessInfo.AccessInfo, now: number): Held => ({
  access,
  endsAt: now + lifeLeft(access, now)
})

/**
 * Counted from its arrival and by the server's clock, which need not be this machine's. Where the server does not say
 * when the token began, a token that has ended before it came only tells that the clocks differ.
 */
const lifeLeft = (access: AccessInfo.AccessInfo, now: number): number => {
  const lifetime = AccessInfo.lifetime(access)
  if (Option.isSome(lifetime)) {
    return Duration.toMillis(lifetime.value)
  }
  const left = access.expiresAt === undefined ? Infinity : access.expiresAt.epochMillis - now
  return left > 0 ? left : Infinity
}

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
