/**
 * The tokens of a Session: one login for any number of callers, and for all processes that share its `TokenStore`.
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
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /**
   * How long a failed login is not tried again: `initial` after the first failure (default: 1 second), doubling up to
   * `max` (default: 1 minute), each up to half shorter by chance. A `Retry-After` of Keystone makes it longer.
   */
  readonly loginBackoff?: {
    readonly initial?: Duration.DurationInput | undefined
    readonly max?: Duration.DurationInput | undefined
  } | undefined
  /**
   * How long a process waits for another one that shares its `TokenStore` and is logging in; after that it logs in itself. A login of
   * its own must be done in that time: the others wait 10 seconds longer at most before one of them takes over. `Session.layer`
   * gives its own `loginTimeout`. Default: 30 seconds.
   */
  readonly loginTimeout?: Duration.DurationInput | undefined
  /** For how many identities tokens are kept. Default: 10,000. */
  readonly capacity?: number | undefined
  /** Give the tokens back to Keystone when the Session ends. Not with a `TokenStore`: others use them. Default: `false`. */
  readonly revokeOnClose?: boolean | undefined
}

/**
 * Who logs in, and how: what a plugin hands to `Tokens`.
 *
 * @since 0.1.0
 * @category models
 */
export interface Identity {
  /** Made by `Tokens.key`. Identities with the same key share a token. */
  readonly key: string
  readonly login: Effect.Effect<AccessInfo.AccessInfo, AuthPlugin.Error>
  /** Does another login give a token that lives longer? */
  readonly renewable: boolean
  /** One login, and none after it: for passcodes that work once, and if the caller wants it so. */
  readonly once: boolean
  /** Gives a token back. Never fails: this is good manners, and no more. */
  readonly revoke: (access: AccessInfo.AccessInfo) => Effect.Effect<void>
  /** Who it is, in words, for errors. */
  readonly description: string
  /** Where the login goes. */
  readonly url: string
  /** What metrics are told apart by. */
  readonly labels: { readonly plugin: string; readonly cloud: string }
}

/**
 * The tokens of a Session (and of its `TokenStore`). A token is fetched once for any number of callers, renewed in the background before it ends,
 * and dropped when it was rejected. After a failed login callers get its error at once until the next attempt is due.
 *
 * @since 0.1.0
 * @category models
 */
export interface Service {
  /** A key from everything that decides the token, secrets included; nothing can be read back from it. */
  readonly key: (parts: IdentityKey.Structure) => Effect.Effect<string>
  readonly get: (identity: Identity) => Effect.Effect<AccessInfo.AccessInfo, AuthPlugin.Error>
  /** The token, if it is there now (by Effect's monotonic clock) and need not be renewed yet: that counts as a request for it. */
  readonly known: (identity: Identity, now: Time.Instant) => AccessInfo.AccessInfo | undefined
  /** Drops the token if it is the one that was rejected, and nothing newer; from the `TokenStore` too. */
  readonly invalidate: (identity: Identity, rejected: Redacted.Redacted) => Effect.Effect<void>
  /** The token that is there, if there is one: never logs in. */
  readonly peek: (identity: Identity) => Effect.Effect<Option.Option<AccessInfo.AccessInfo>>
  /** Takes a token that came from elsewhere as the identity's own. */
  readonly put: (identity: Identity, access: AccessInfo.AccessInfo) => Effect.Effect<void>
}

/**
 * How long a token must live at least, in milliseconds: what a request says with `tokenLife`, for whoever gets its token.
 *
 * @since 0.1.0
 * @category tags
 */
export class LeastLife extends Context.Reference<LeastLife>()("effect-keystoneauth/Tokens/LeastLife", {
  defaultValue: () => 0
}) {}

/** How much longer than a login's timeout somebody has the right to log in for all: enough to store the token. */
const leaseReserve = /*#__PURE__*/ Duration.seconds(10)

/** How often those who wait for another process look whether it has logged in. */
const pollMillis = 100

interface Held extends TokenLife.Held {
  readonly identity: Identity
}

/**
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

    // a token that was rejected may still be in the store for a moment: whoever comes then must not get it again
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

    /** From the store, if it was not rejected here, need not be renewed yet, and lives that long or as long as any. */
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
        Effect.tapBoth({
          onFailure: (error) => Effect.sync(() => counters(identity.labels).login(error._tag)),
          onSuccess: () => Effect.sync(() => counters(identity.labels).login("ok"))
        }),
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

    /** The store's token, or a login of our own, or of another process that is at it. */
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
        // whoever had it before may just have logged in
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
      // a finalizer cannot be interrupted, not even by a timeout of its own, unless it is told that it may
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
      Effect.withFiberRuntime((fiber) => {
        const atLeast = Context.get(fiber.currentContext, LeastLife)
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
