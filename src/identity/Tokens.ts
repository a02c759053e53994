/**
 * The tokens of a Session: one login for any number of callers, and for all processes that share a `TokenStore`.
 *
 * @since 0.1.0
 */
import type * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Random from "effect/Random"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import * as Fiber from "../base/fiber.js"
import * as Metrics from "../base/metrics.js"
import * as SharedFetch from "../base/sharedFetch.js"
import * as Time from "../base/time.js"
import * as Errors from "../Errors.js"
import type * as AccessInfo from "../model/AccessInfo.js"
import type * as AuthPlugin from "./AuthPlugin.js"
import * as IdentityKey from "./identityKey.js"
import * as TokenLife from "./tokenLife.js"
import * as TokenStore from "./TokenStore.js"

/**
 * Options for how tokens are fetched and kept.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /**
   * How long to wait after a failed login before the next attempt: `initial` after the first failure (default: 1
   * second), doubled after each further one up to `max` (default: 1 minute), and shortened at random by up to half. A
   * `Retry-After` from Keystone prolongs it.
   */
  readonly loginBackoff?: {
    readonly initial?: Duration.DurationInput | undefined
    readonly max?: Duration.DurationInput | undefined
  } | undefined
  /**
   * How long to wait for another process that shares the `TokenStore` and is logging in, before logging in here. A
   * login must end within this time: other processes take over 10 seconds later. `Session.layer` passes its own
   * `loginTimeout`. Default: 30 seconds.
   */
  readonly loginTimeout?: Duration.DurationInput | undefined
  /** The number of identities whose tokens are kept. Default: 10,000. */
  readonly capacity?: number | undefined
  /**
   * Revoke the tokens when the Session ends. Not to be used with a `TokenStore`, where other processes use them too.
   * Default: `false`.
   */
  readonly revokeOnClose?: boolean | undefined
}

/**
 * A moment of Effect's monotonic clock, in milliseconds. Only the difference between two of them has a meaning.
 *
 * @since 0.1.0
 * @category models
 */
export type Instant = Time.Instant

/**
 * Everything that decides a token, as nested values. `Redacted` values count by their content.
 *
 * @since 0.1.0
 * @category models
 */
export type KeyParts = IdentityKey.Structure

/**
 * One login whose token is cached: its key, the effect that logs in, and texts for errors and metrics.
 *
 * @since 0.1.0
 * @category models
 */
export interface Identity {
  /** Made by `Tokens.key`. Identities with the same key share a token. */
  readonly key: string
  readonly login: Effect.Effect<AccessInfo.AccessInfo, AuthPlugin.Error>
  /** Whether another login gives a token that lives longer. */
  readonly renewable: boolean
  /** Log in once and never again: for passcodes that work once, or if the caller asks for it. */
  readonly once: boolean
  /** Revokes a token. Errors are ignored. */
  readonly revoke: (access: AccessInfo.AccessInfo) => Effect.Effect<void>
  /** Describes the user in errors. */
  readonly description: string
  /** The URL of the login, for errors. */
  readonly url: string
  /** The labels of its metrics. */
  readonly labels: { readonly plugin: string; readonly cloud: string }
}

/**
 * The tokens of a Session and its `TokenStore`. A token is fetched once for any number of callers, renewed in the
 * background before it expires, and dropped when a service rejects it. After a failed login, callers get its error at
 * once until the next attempt is due.
 *
 * @since 0.1.0
 * @category models
 */
export interface Service {
  /** A key made of everything that decides the token, secrets included. Nothing can be read back from it. */
  readonly key: (parts: KeyParts) => Effect.Effect<string>
  /** The token. Logs in if there is none that is still valid. */
  readonly get: (identity: Identity) => Effect.Effect<AccessInfo.AccessInfo, AuthPlugin.Error>
  /** The token, if it is in the cache and not yet due for renewal. Counted as a cache hit in the metrics. */
  readonly known: (identity: Identity, now: Instant) => AccessInfo.AccessInfo | undefined
  /** Drops the token that was rejected, here and in the `TokenStore`. A newer token stays. */
  readonly invalidate: (identity: Identity, rejected: Redacted.Redacted) => Effect.Effect<void>
  /** The token in the cache. Never logs in. */
  readonly peek: (identity: Identity) => Effect.Effect<Option.Option<AccessInfo.AccessInfo>>
  /** Puts a token into the cache that was obtained elsewhere. */
  readonly put: (identity: Identity, access: AccessInfo.AccessInfo) => Effect.Effect<void>
}

/**
 * How long a token must still live, in milliseconds. A request sets it with `tokenLife`.
 *
 * @since 0.1.0
 * @category tags
 */
export class LeastLife extends Context.Reference<LeastLife>()("effect-keystoneauth/Tokens/LeastLife", {
  defaultValue: () => 0
}) {}

/** How much longer than a login's timeout its lease lasts: enough to store the token. */
const leaseReserve = /*#__PURE__*/ Duration.seconds(10)

/** How often to look for a token while another process logs in. */
const pollMillis = 100

interface Held extends TokenLife.Held {
  readonly identity: Identity
}

/**
 * The tokens of one Session, with the `TokenStore` from the context. `Session.make` calls it.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (
  options: Options = {}
): Effect.Effect<Service, never, Scope.Scope> =>
  Effect.gen(function*() {
    const store = yield* TokenStore.TokenStore
    const counters = Metrics.makeFamily()
    const capacity = options.capacity ?? 10_000
    const loginTimeout = Duration.decode(options.loginTimeout ?? "30 seconds")
    const leaseTime = Duration.sum(loginTimeout, leaseReserve)
    const shared = yield* SharedFetch.make<Held, AuthPlugin.Error>(TokenLife.policy({
      backoff: {
        initial: Duration.decode(options.loginBackoff?.initial ?? "1 second"),
        max: Duration.decode(options.loginBackoff?.max ?? "1 minute")
      },
      capacity
    }))

    // a rejected token may still be in the store for a moment, and must not be taken from there again
    const rejections = new Map<string, Redacted.Redacted>()
    const remember = (key: string, rejected: Redacted.Redacted): void => {
      const [oldest] = rejections.keys()
      if (rejections.size >= capacity && oldest !== undefined) {
        rejections.delete(oldest)
      }
      rejections.set(key, rejected)
    }
    const isRejected = (key: string, token: Redacted.Redacted): boolean => {
      const rejected = rejections.get(key)
      return rejected !== undefined && isSame(rejected, token)
    }

    /**
     * The stored token, unless it was rejected here, is due for renewal, or lives shorter than `atLeast` and any new
     * one.
     */
    const fromStore = (identity: Identity, atLeast: number): Effect.Effect<Option.Option<Held>> =>
      Effect.flatMap(store.get(identity.key), (stored) =>
        Effect.clockWith((clock) =>
          Effect.succeed(Option.filter(
            Option.map(stored, (stored): Held => ({ identity, ...TokenLife.stored(stored, clock) })),
            ({ access, endsAt, fresh, margin }) => {
              const left = endsAt - Time.now(clock)
              return !isRejected(identity.key, access.token) && margin < left && (fresh || atLeast < left)
            }
          ))
        ))

    const login = (identity: Identity): Effect.Effect<Held, AuthPlugin.Error> =>
      identity.login.pipe(
        Effect.tapError((error) => Effect.sync(() => counters(identity.labels).login(error._tag))),
        Effect.tap(() => Effect.sync(() => counters(identity.labels).login("ok"))),
        Effect.flatMap((access) =>
          Effect.clockWith((clock) => Effect.succeed({ identity, ...TokenLife.arrived(access, clock) }))
        ),
        Effect.tap(() => Effect.sync(() => rejections.delete(identity.key))),
        Effect.tap(({ access, endsAt }) =>
          Effect.clockWith((clock) => {
            const arrivedAt = Time.wallClock(clock)
            const left = endsAt - Time.now(clock)
            return store.set(identity.key, {
              access,
              arrivedAt,
              endsAt: Number.isFinite(left) ? arrivedAt + left : undefined
            })
          })
        )
      )

    /** The token from the store, from a login here, or from a login of another process. */
    const fetch = (identity: Identity, atLeast: number): Effect.Effect<Held, AuthPlugin.Error> =>
      Effect.annotateCurrentSpan({
        "openstack.auth.plugin": identity.labels.plugin,
        "openstack.cloud": identity.labels.cloud
      }).pipe(
        Effect.zipRight(countRenewal(identity)),
        Effect.zipRight(getOrLogin(identity, atLeast))
      )

    const countRenewal = (identity: Identity): Effect.Effect<void> =>
      Effect.map(
        shared.peek(identity.key),
        Option.match({
          onNone: () => {},
          onSome: () => counters(identity.labels).renewal()
        })
      )

    const getOrLogin = (identity: Identity, atLeast: number): Effect.Effect<Held, AuthPlugin.Error> =>
      Effect.flatMap(
        fromStore(identity, atLeast),
        Option.match({
          onSome: (held) => Effect.as(Effect.sync(counters(identity.labels).storeHit), held),
          onNone: () =>
            Effect.clockWith((clock) => {
              const patientUntil = Time.after(Time.now(clock), Duration.toMillis(loginTimeout))
              return Effect.scoped(loginForAll(identity, atLeast, clock, patientUntil))
            })
        })
      )

    const loginForAll = (
      identity: Identity,
      atLeast: number,
      clock: Clock.Clock,
      patientUntil: Time.Instant
    ): Effect.Effect<Held, AuthPlugin.Error, Scope.Scope> =>
      Effect.gen(function*() {
        const mine = yield* store.lease(identity.key, leaseTime)
        // the process that had the lease before may have stored a token
        const found = yield* fromStore(identity, atLeast)
        if (Option.isSome(found)) {
          yield* Effect.sync(counters(identity.labels).storeHit)
          return found.value
        }
        if (Option.isSome(mine) || Time.now(clock) >= patientUntil) {
          return yield* login(identity)
        }
        const chance = yield* Random.next
        yield* Effect.sleep(pollMillis * (0.5 + chance))
        return yield* loginForAll(identity, atLeast, clock, patientUntil)
      })

    if (options.revokeOnClose === true) {
      // a finalizer is uninterruptible, so a timeout inside it has no effect without this
      yield* Effect.addFinalizer(() =>
        Effect.flatMap(
          shared.values,
          Effect.forEach(({ access, identity }) => Effect.interruptible(identity.revoke(access)), {
            concurrency: 8,
            discard: true
          })
        )
      )
    }

    const get: Service["get"] = (identity) =>
      Fiber.withFiber((fiber) => {
        const atLeast = Fiber.service(fiber, LeastLife)
        const held = shared.known(identity.key, Time.ofFiber(fiber), atLeast)
        if (held === undefined) {
          return getOrFetch(identity, atLeast)
        }
        counters(identity.labels).cacheHit()
        return Effect.succeed(held.access)
      })

    const getOrFetch = (identity: Identity, atLeast: number) =>
      Effect.map(
        shared.get(identity.key, fetch(identity, atLeast), {
          renew: identity.renewable,
          atLeast,
          once: identity.once ? exhausted(identity) : undefined,
          onKnown: (known) =>
            known === "value"
              ? counters(identity.labels).cacheHit()
              : counters(identity.labels).backoff()
        }),
        ({ access }) => access
      )

    return {
      key: (parts) => store.identify(IdentityKey.write(parts)),
      get,
      known: (identity, now) => {
        const held = shared.known(identity.key, now)
        if (held !== undefined) {
          counters(identity.labels).cacheHit()
        }
        return held?.access
      },
      invalidate: (identity, rejected) =>
        Effect.gen(function*() {
          const dropped = yield* shared.dropWhen(identity.key, ({ access }) => isSame(access.token, rejected))
          if (dropped) {
            remember(identity.key, rejected)
            counters(identity.labels).rejection()
            yield* store.remove(identity.key, rejected)
          }
        }),
      peek: (identity) => Effect.map(shared.peek(identity.key), Option.map(({ access }) => access)),
      put: (identity, access) =>
        Effect.clockWith((clock) => shared.put(identity.key, { identity, ...TokenLife.restored(access, clock) }))
    }
  })

const isSame = (a: Redacted.Redacted, b: Redacted.Redacted): boolean => Redacted.value(a) === Redacted.value(b)

const exhausted = (identity: Identity): Errors.Unauthorized =>
  new Errors.Unauthorized({
    reason: "TokenNotRenewable",
    method: "POST",
    url: identity.url,
    identity: identity.description
  })
