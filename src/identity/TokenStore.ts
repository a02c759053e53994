/**
 * Where tokens are kept beyond one Session: across restarts, processes and machines. Without a store, tokens are lost
 * with their Session.
 *
 * @since 0.1.0
 */
import * as KeyValueStore from "@effect/platform/KeyValueStore"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import type * as PlatformError from "../base/platformError.js"
import * as Time from "../base/time.js"
import type { InvalidOptions } from "../Errors.js"
import * as AccessInfo from "../model/AccessInfo.js"
import * as Availability from "./availability.js"
import * as Cipher from "./cipher.js"
import * as Lease from "./lease.js"

// -----------------------------------------------------------------------------
// models
// -----------------------------------------------------------------------------

/**
 * A token in a store.
 *
 * @since 0.1.0
 * @category models
 */
export interface StoredToken {
  readonly access: AccessInfo.AccessInfo
  /** When it ends, in milliseconds since 1970 by the clock of the process that stored it. `undefined` if never. */
  readonly endsAt: number | undefined
  /** When that process received it, by the same clock. `undefined` if not known. */
  readonly arrivedAt?: number | undefined
}

/**
 * A token store. Its operations never fail: a store that does not work behaves like an empty one, and logs a warning.
 *
 * @since 0.1.0
 * @category models
 */
export interface Service {
  /**
   * The name under which an identity's token is stored: a keyed hash of everything that decides the token. Processes
   * with the same store key get the same name.
   */
  readonly identify: (text: string) => Effect.Effect<string>
  /** The stored token, unless it has expired. */
  readonly get: (name: string) => Effect.Effect<Option.Option<StoredToken>>
  /** Stores the token under its name, replacing an older one. */
  readonly set: (name: string, token: StoredToken) => Effect.Effect<void>
  /** Removes the stored token if it is this one. */
  readonly remove: (name: string, token: Redacted.Redacted) => Effect.Effect<void>
  /**
   * Takes the lease for a login. Of all processes that share the store, one holds it at a time. `Some` if it was
   * taken: it ends with the scope, and at the latest after `timeToLive`, so that a process that dies does not block
   * others. `None` if another process holds it. A store that does not work gives a lease to everyone.
   */
  readonly lease: (
    name: string,
    timeToLive: Duration.DurationInput
  ) => Effect.Effect<Option.Option<void>, never, Scope.Scope>
}

/**
 * Reference for the token store. A Session reads it when it is made. Default: no store.
 *
 * @since 0.1.0
 * @category tags
 */
export class TokenStore extends Context.Reference<TokenStore>()("effect-keystoneauth/TokenStore", {
  defaultValue: (): Service => none
}) {}

/**
 * Why an operation of a `Backend` failed.
 *
 * @since 0.1.0
 * @category models
 */
export interface BackendFailure {
  /** Shown in the log, so nothing secret. */
  readonly reason: string
  /** The store cannot be reached at all. */
  readonly unreachable: boolean
}

/**
 * Stores text under names. Implement it for a new kind of store. It sees no tokens: `make` adds encryption, timeouts
 * and the handling of failures.
 *
 * @since 0.1.0
 * @category models
 */
export interface Backend {
  readonly get: (name: string) => Effect.Effect<Option.Option<string>, BackendFailure>
  /** The entry may be deleted at `endsAt`, in milliseconds since 1970. `undefined` if it does not end. */
  readonly set: (name: string, entry: string, endsAt: number | undefined) => Effect.Effect<void, BackendFailure>
  /** Removes the entry if it is exactly this one. An entry written meanwhile must not be lost. */
  readonly remove: (name: string, entry: string) => Effect.Effect<void, BackendFailure>
  /** Takes the lease for this owner. `false` if another owner holds it. It ends by itself after `timeToLive`. */
  readonly lock: (
    name: string,
    owner: string,
    timeToLive: Duration.Duration
  ) => Effect.Effect<boolean, BackendFailure>
  /** Ends the lease, if this owner holds it. */
  readonly unlock: (name: string, owner: string) => Effect.Effect<void, BackendFailure>
}

/**
 * Options of every store that keeps tokens outside of the process.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /**
   * The key for encrypting entries and hashing names: at least 16 random bytes in base64, as from
   * `openssl rand -base64 32`. Stores with the same key can read each other's entries.
   */
  readonly key: Redacted.Redacted
}

/**
 * Options of `make`.
 *
 * @since 0.1.0
 * @category models
 */
export interface MakeOptions extends Options {
  /** The module to name in `InvalidOptions`. Default: `TokenStore`. */
  readonly module?: string | undefined
  /** The store's name in the log. Default: "the token store". */
  readonly label?: string | undefined
  /** How long an operation may take. Default: 5 seconds. */
  readonly timeout?: Duration.DurationInput | undefined
  /** How long the store is not used after a failure. Default: 5 seconds. */
  readonly rest?: Duration.DurationInput | undefined
}

// -----------------------------------------------------------------------------
// constructors
// -----------------------------------------------------------------------------

/**
 * Makes a store from a backend. Entries are encrypted, operations are timed out, and failures are logged. Fails with
 * `InvalidOptions` for an unusable key.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (backend: Backend, options: MakeOptions): Effect.Effect<Service, InvalidOptions> =>
  Effect.map(Cipher.make(options.module ?? "TokenStore", options.key), (cipher) => {
    const label = options.label ?? "the token store"
    const { attempt } = Availability.make({
      label,
      timeout: Duration.decode(options.timeout ?? "5 seconds"),
      rest: Duration.decode(options.rest ?? "5 seconds")
    })
    let warned = false

    /** The entry and its token. An entry that cannot be read counts as absent, with one warning. */
    const read = (name: string) =>
      Effect.flatMap(attempt("read", backend.get(name), Option.none()), (found) => {
        if (Option.isNone(found)) {
          return Effect.succeedNone
        }
        return Effect.flatMap(cipher.open(name, found.value), (content) => {
          const stored = Option.flatMap(content, toStored)
          if (Option.isSome(stored)) {
            return Effect.succeedSome({ entry: found.value, stored: stored.value })
          }
          if (warned) {
            return Effect.succeedNone
          }
          warned = true
          return Effect.as(
            Effect.logWarning(`${label} holds an entry that is damaged or was written with another key: ignored`),
            Option.none()
          )
        })
      })

    return {
      identify: cipher.identify,
      get: (name) =>
        Effect.zipWith(read(name), Time.wallClockTime, (found, now) =>
          found.pipe(
            Option.map(({ stored }) => stored),
            Option.filter((stored) => !hasEnded(stored, now))
          )),
      set: (name, token) =>
        Effect.flatMap(Time.wallClockTime, (now) =>
          hasEnded(token, now)
            ? Effect.void
            : Effect.flatMap(cipher.seal(name, toContent(token)), (entry) =>
              Option.isNone(entry)
                ? Effect.logWarning(`${label} cannot keep a token whose body is not JSON`)
                : attempt("write", backend.set(name, entry.value, token.endsAt), undefined))),
      remove: (name, token) =>
        Effect.flatMap(read(name), (found) =>
          Option.isSome(found) && isSame(found.value.stored, token)
            ? attempt("write", backend.remove(name, found.value.entry), undefined)
            : Effect.void),
      lease: (name, timeToLive) =>
        Effect.flatMap(Cipher.randomId, (owner) =>
          Effect.acquireRelease(
            attempt("write", backend.lock(name, owner, Duration.min(timeToLive, longestLease)), true),
            (ours) => ours ? attempt("write", backend.unlock(name, owner), undefined) : Effect.void
          )).pipe(Effect.map((ours) => ours ? Option.some(undefined) : Option.none()))
    }
  })

/** Backends store the end of a lease as a number, which must be finite. */
const longestLease = /*#__PURE__*/ Duration.days(1)

const hasEnded = ({ endsAt }: StoredToken, now: number): boolean => endsAt !== undefined && endsAt <= now

const isSame = ({ access }: StoredToken, token: Redacted.Redacted): boolean =>
  Redacted.value(access.token) === Redacted.value(token)

/** Stores the body as Keystone sent it. It is decoded again when it is read. */
const toContent = ({ access, arrivedAt, endsAt }: StoredToken): Cipher.Content => ({
  token: access.token,
  body: access.body,
  arrivedAt,
  endsAt
})

const toStored = ({ arrivedAt, body, endsAt, token }: Cipher.Content): Option.Option<StoredToken> =>
  Option.map(Either.getRight(AccessInfo.fromBody(body, token)), (access) => ({ access, arrivedAt, endsAt }))

/**
 * No store: tokens are lost with the Session, and every process may log in. Names are hashed with a key that the
 * process generates and cannot export.
 *
 * @since 0.1.0
 * @category constructors
 */
export const none: Service = {
  identify: Cipher.identifyHere,
  get: () => Effect.succeedNone,
  set: () => Effect.void,
  remove: () => Effect.void,
  lease: () => Effect.succeedSome(undefined)
}

/**
 * Makes a store in memory. `capacity` is the number of identities (default: 10,000); beyond it, the token stored
 * first is dropped.
 *
 * @since 0.1.0
 * @category constructors
 */
export const makeMemory = (options: { readonly capacity?: number | undefined } = {}): Effect.Effect<Service> =>
  Effect.sync(() => {
    const capacity = options.capacity ?? 10_000
    const tokens = new Map<string, StoredToken>()
    const leases = new Map<string, { readonly until: Time.Instant }>()
    return {
      identify: Cipher.identifyHere,
      get: (name) =>
        Effect.map(
          Time.wallClockTime,
          (now) => Option.filter(Option.fromNullable(tokens.get(name)), (stored) => !hasEnded(stored, now))
        ),
      set: (name, token) =>
        Effect.sync(() => {
          // a Map keeps the order of insertion, so the first key is the oldest
          tokens.delete(name)
          tokens.set(name, token)
          for (const oldest of tokens.size > capacity ? tokens.keys() : []) {
            tokens.delete(oldest)
            break
          }
        }),
      remove: (name, token) =>
        Effect.sync(() => {
          const stored = tokens.get(name)
          if (stored !== undefined && isSame(stored, token)) {
            tokens.delete(name)
          }
        }),
      lease: (name, timeToLive) =>
        Effect.acquireRelease(
          Effect.clockWith((clock) =>
            Effect.sync(() => {
              const now = Time.now(clock)
              const held = leases.get(name)
              if (held !== undefined && now < held.until) {
                return Option.none()
              }
              const lease = { until: Time.after(now, Duration.toMillis(timeToLive)) }
              leases.set(name, lease)
              return Option.some(lease)
            })
          ),
          (lease) =>
            Effect.sync(() => {
              if (Option.isSome(lease) && leases.get(name) === lease.value) {
                leases.delete(name)
              }
            })
        ).pipe(Effect.map(Option.asVoid))
    }
  })

// -----------------------------------------------------------------------------
// layers
// -----------------------------------------------------------------------------

/**
 * Stores tokens in memory: for several Sessions that share their tokens, and for tests. Everything that is built with
 * this layer in one memo map shares one store.
 *
 * @example
 * ```ts
 * import { Layer } from "effect"
 * import { Session, TokenStore } from "effect-keystoneauth"
 *
 * const SessionLive = Session.layer().pipe(Layer.provide(TokenStore.layerMemory))
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layerMemory: Layer.Layer<TokenStore> = /*#__PURE__*/ Layer.effect(
  TokenStore,
  /*#__PURE__*/ makeMemory()
)

const whyOf = (error: PlatformError.PlatformError): BackendFailure => ({
  reason: error._tag === "SystemError" ? error.reason : error._tag,
  unreachable: false
})

const overKeyValueStore = (store: KeyValueStore.KeyValueStore): Backend => {
  const turns = new Map<string, { readonly semaphore: Effect.Semaphore; users: number }>()

  /** Serializes access to a name within this process. A `KeyValueStore` has no compare-and-set. */
  const inTurn = (name: string) => <A, E>(effect: Effect.Effect<A, E>): Effect.Effect<A, E> =>
    Effect.acquireUseRelease(
      Effect.sync(() => {
        const turn = turns.get(name) ?? { semaphore: Effect.unsafeMakeSemaphore(1), users: 0 }
        turn.users++
        turns.set(name, turn)
        return turn
      }),
      (turn) => turn.semaphore.withPermits(1)(effect),
      (turn) =>
        Effect.sync(() => {
          turn.users--
          if (turn.users === 0) {
            turns.delete(name)
          }
        })
    )

  const get = (name: string) => Effect.mapError(store.get(name), whyOf)
  const set = (name: string, text: string) => Effect.mapError(store.set(name, text), whyOf)
  const remove = (name: string) =>
    store.remove(name).pipe(
      Effect.catchIf((error) => error._tag === "SystemError" && error.reason === "NotFound", () => Effect.void),
      Effect.mapError(whyOf)
    )
  const leaseOf = (name: string) => `${name}.lease`
  const readLease = (name: string) =>
    Effect.map(get(leaseOf(name)), (text) => Option.getOrUndefined(Option.flatMapNullable(text, Lease.parse)))

  return {
    get,
    set: (name, entry) => inTurn(name)(set(name, entry)),
    remove: (name, entry) =>
      inTurn(name)(
        Effect.flatMap(get(name), (kept) => Option.contains(kept, entry) ? remove(name) : Effect.void)
      ),
    lock: (name, owner, timeToLive) =>
      inTurn(name)(Effect.gen(function*() {
        const now = yield* Time.wallClockTime
        const held = yield* readLease(name)
        const millis = Duration.toMillis(timeToLive)
        if (held !== undefined && Lease.isHeld(held, now, millis)) {
          return false
        }
        yield* set(leaseOf(name), Lease.format({ owner, until: Math.ceil(now + millis) }))
        // of two processes that write at once, the one that was overwritten usually sees it here
        return (yield* readLease(name))?.owner === owner
      })),
    unlock: (name, owner) =>
      inTurn(name)(
        Effect.flatMap(readLease(name), (held) => held?.owner === owner ? remove(leaseOf(name)) : Effect.void)
      )
  }
}

/**
 * Stores tokens in a `KeyValueStore` of @effect/platform: entries under their names, and `<name>.lease` during a login.
 *
 * A `KeyValueStore` has neither compare-and-set nor expiry. Leases and removals are exact within one process, but of
 * several processes that start at the same moment, more than one may log in. `RedisTokenStore` is exact across
 * machines, and `DirectoryTokenStore` across the processes of one machine.
 *
 * @example
 * ```ts
 * import { KeyValueStore } from "@effect/platform"
 * import { Layer, Redacted } from "effect"
 * import { Session, TokenStore } from "effect-keystoneauth"
 *
 * const key = Redacted.make("Zm9yIHRoZSBleGFtcGxlIG9ubHkhISE=")
 *
 * const SessionLive = Session.layer().pipe(
 *   Layer.provide(TokenStore.layerKeyValueStore({ key })),
 *   Layer.provide(KeyValueStore.layerMemory)
 * )
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layerKeyValueStore = (
  options: Options
): Layer.Layer<TokenStore, InvalidOptions, KeyValueStore.KeyValueStore> =>
  Layer.effect(
    TokenStore,
    Effect.flatMap(KeyValueStore.KeyValueStore, (store) => make(overKeyValueStore(store), options))
  )
