/**
 * When to retry a request that failed or was refused temporarily.
 *
 * @since 0.1.0
 */
import type * as Duration from "effect/Duration"

/**
 * When and how often to retry a request. By default nothing is retried, as in keystoneauth: set `connect` or `status`.
 *
 * - A request is always retried if no connection was made, since it cannot have arrived. If it may have arrived (the
 *   connection broke, the response timed out or has one of `statuses`), it is retried only if it can be repeated: GET,
 *   HEAD, PUT, DELETE, OPTIONS and TRACE, a login, or any method with `anyMethod`. A body that is a stream is never
 *   sent twice.
 * - TLS failures are not retried.
 * - The delay is half a second and doubles up to a minute, or it is `connectDelay` or `statusDelay`. `Retry-After` of
 *   the response (seconds or a date) replaces it. `jitter` makes it longer, never shorter.
 * - A delay that would exceed the `deadline` is not begun: the last failure is the result, with the number of
 *   `attempts`.
 * - `connect` and `status` count for a request with all its redirects. After a 401 and a new token they count anew.
 *
 * @example
 * ```ts
 * import { Adapter } from "effect-keystoneauth"
 *
 * class Compute extends Adapter.Tag<Compute>()("app/Compute", {
 *   serviceType: "compute",
 *   retries: { connect: 3, status: 2, statusDelay: "1 second" }
 * }) {}
 * ```
 *
 * @since 0.1.0
 * @category models
 */
export interface RetryPolicy {
  /** How often a request without a response is retried. Default: 0. */
  readonly connect?: number | undefined
  /** How often a response with one of `statuses` is retried. Default: 0. */
  readonly status?: number | undefined
  /** The statuses to retry. Default: 429, 503, and 413 with a `Retry-After` (Nova and Cinder: "over limit"). */
  readonly statuses?: ReadonlyArray<number> | undefined
  /** Fixed delay before each of the `connect` retries. Default: half a second, doubled up to a minute. */
  readonly connectDelay?: Duration.DurationInput | undefined
  /** Fixed delay before each of the `status` retries. Default: half a second, doubled up to a minute. */
  readonly statusDelay?: Duration.DurationInput | undefined
  /** The largest random fraction by which a delay is longer, so that clients do not retry at once. Default: 0.2. */
  readonly jitter?: number | undefined
  /** Whether to retry POST and PATCH too, which may then be executed twice. Default: `false`. */
  readonly anyMethod?: boolean | undefined
}

/**
 * Merges two policies. Fields that are set in the second one win.
 *
 * @since 0.1.0
 * @category combinators
 */
export const merge = (self: RetryPolicy | undefined, that: RetryPolicy | undefined): RetryPolicy | undefined =>
  self === undefined || that === undefined ? self ?? that : { ...self, ...that }
