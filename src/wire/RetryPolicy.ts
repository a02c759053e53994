/**
 * When a request is sent again that found no answer, or one that says "not now".
 *
 * @since 0.1.0
 */
import type * as Duration from "effect/Duration"

/**
 * What is sent again, and how often. By default nothing is, as in keystoneauth: give `connect` or `status`.
 *
 * - A request that certainly did not arrive (no connection was made) is always sent again. One that may have arrived (the
 *   connection broke, no answer in time, or one of `statuses`) only if that does no harm: GET, HEAD, PUT, DELETE, OPTIONS
 *   and TRACE, a login, or any method with `anyMethod`. A body that is a stream is never sent again.
 * - What TLS did not accept is not tried again.
 * - The wait before is half a second, then doubled up to a minute, or as long as `connectDelay` and `statusDelay` say; a
 *   `Retry-After` of the answer (seconds or a date) takes its place. `jitter` makes it longer, never shorter.
 * - A wait that would pass the `deadline` is not begun. What failed last is the error, with the number of `attempts`.
 * - Redirects do not refill what is left of `connect` and `status`; a new token after a 401 does.
 *
 * @since 0.1.0
 * @category models
 */
export interface RetryPolicy {
  /** How often a request is sent again that got no answer. Default: 0. */
  readonly connect?: number | undefined
  /** How often a request is sent again that got one of `statuses`. Default: 0. */
  readonly status?: number | undefined
  /** Default: 429, 503, and 413 with a `Retry-After`, which is how Nova and Cinder say "over limit". */
  readonly statuses?: ReadonlyArray<number> | undefined
  /** The same wait before each of `connect`, in place of a doubling one. */
  readonly connectDelay?: Duration.DurationInput | undefined
  /** The same wait before each of `status`, in place of a doubling one. */
  readonly statusDelay?: Duration.DurationInput | undefined
  /** By which part a wait may be longer, at random, so that not everyone comes back at once. Default: 0.2. */
  readonly jitter?: number | undefined
  /** Send POST and PATCH again too, though the first one may have done its work. Default: `false`. */
  readonly anyMethod?: boolean | undefined
}

/**
 * Both, where the second says something it wins.
 *
 * @since 0.1.0
 * @category combinators
 */
export const merge = (self: RetryPolicy | undefined, that: RetryPolicy | undefined): RetryPolicy | undefined =>
  self === undefined || that === undefined ? self ?? that : { ...self, ...that }
