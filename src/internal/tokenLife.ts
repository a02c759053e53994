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

export const policy = (
  options: { readonly backoff: Backoff; readonly capacity: number }
): SharedFetch.Policy<AccessInfo.AccessInfo, Errors.AuthenticationError> => ({
  keep: life,
  rest: (error, failures, chance) =>
    Math.max(
      retryAfter(error),
      Math.min(
        Duration.toMillis(options.backoff.max),
        Duration.toMillis(options.backoff.initial) * 2 ** (failures - 1)
      ) * (0.5 + chance / 2)
    ),
  resting: withRetryAfter,
  capacity: options.capacity
})

/**
 * A token is renewed in the last fifth of its life, but not earlier than two minutes before its end; where exactly is
 * left to chance, so that many programs do not come at once.
 */
const life = (access: AccessInfo.AccessInfo, now: number, chance: number): SharedFetch.Life => {
  const endsAfter = lifeLeft(access, now)
  return { endsAfter, renewAfter: endsAfter - Math.min(120_000, endsAfter * 0.2) * (0.5 + chance / 2) }
}

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

const retryAfter = (error: Errors.AuthenticationError): number =>
  error._tag === "RateLimited" || error._tag === "ServiceUnavailable" ? error.retryAfterMillis ?? 0 : 0

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
