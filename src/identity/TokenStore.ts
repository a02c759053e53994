/**
 * The place where tokens outlive a process and are shared by a fleet. Without one, tokens end with their Session.
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
 * What is stored of a login.
 *
 * @since 0.1.0
 * @category models
 */
export interface StoredToken {
  readonly access: AccessInfo.AccessInfo
  /** In milliseconds since 1970, by the clock of who stored it. `undefined`: it does not end. */
  readonly endsAt: number | undefined
  /** When who stored it got it, by the same clock. `undefined`: that is not known. */
  readonly arrivedAt?: number | undefined
}

/**
 * Nothing here ever fails: a store that does not work is as one that is empty, and says so in the log.
 *
 * @since 0.1.0
 * @category models
 */
export interface Service {
  /**
   * The name under which an identity is kept, from a text of everything that decides its token: a keyed hash, from which
   * nothing can be read back. The same in every process that has the store's key.
   */
  readonly identify: (text: string) => Effect.Effect<string>
  /** What is kept under the name, unless it has ended. */
  readonly get: (name: string) => Effect.Effect<Option.Option<StoredToken>>
  readonly set: (name: string, token: StoredToken) => Effect.Effect<void>
  /** Compare and remove: only if it is this token that is kept. */
  readonly remove: (name: string, token: Redacted.Redacted) => Effect.Effect<void>
  /**
   * The right to log in, which one at most has over all processes that share the store. `None`: somebody else has it.
   * `Some`: it is ours until the scope closes, or until this time is over, so that who dies with it blocks nobody for
   * longer, whatever its clock said. A store that does not work gives it to everyone.
   */
  readonly lease: (
    name: string,
    timeToLive: Duration.DurationInput
  ) => Effect.Effect<Option.Option<void>, never, Scope.Scope>
}

/**
 * Read by a Session when it is made. Nothing outlives the Session unless a layer says so.
 *
 * @since 0.1.0
 * @category tags
 */
export class TokenStore extends Context.Reference<TokenStore>()("effect-keystoneauth/TokenStore", {
  defaultValue: (): Service => none
}) {}

/**
 * Why an operation of a `Backend` did not work.
 *
 * @since 0.1.0
 * @category models
 */
export interface BackendFailure {
  /** Shown in the log: nothing secret. */
  readonly reason: string
  /** It cannot be reached at all, and is best left alone for a while. */
  readonly unreachable: boolean
}

/**
 * Where entries are kept: all that a new kind of store has to bring. It sees names and entries, which are text, and no
 * tokens: `make` encrypts, keeps time and bears with failures.
 *
 * @since 0.1.0
 * @category models
 */
export interface Backend {
  readonly get: (name: string) => Effect.Effect<Option.Option<string>, BackendFailure>
  /** The entry may be forgotten when it ends (in milliseconds since 1970). `undefined`: it does not end. */
  readonly set: (name: string, entry: string, endsAt: number | undefined) => Effect.Effect<void, BackendFailure>
  /** Only if exactly this entry is kept, and without losing another one that is written meanwhile. */
  readonly remove: (name: string, entry: string) => Effect.Effect<void, BackendFailure>
  /** For this owner, if it is free. It becomes free by itself after this time. */
  readonly lock: (
    name: string,
    owner: string,
    timeToLive: Duration.Duration
  ) => Effect.Effect<boolean, BackendFailure>
  /** Only if this owner has it. */
  readonly unlock: (name: string, owner: string) => Effect.Effect<void, BackendFailure>
}

/**
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /**
   * What entries are encrypted with and names are made with: 16 bytes or more, made by chance, as
   * `openssl rand -base64 32` gives them. Stores with the same key read each other's entries.
   */
  readonly key: Redacted.Redacted
}

/**
 * @since 0.1.0
 * @category models
 */
export interface MakeOptions extends Options {
  /** Whose options these are, for `InvalidOptions`. Default: `TokenStore`. */
  readonly module?: string | undefined
  /** As it is called in the log. Default: "the token store". */
  readonly label?: string | undefined
  /** How long an operation may take. Default: 5 seconds. */
  readonly timeout?: Duration.DurationInput | undefined
  /** How long a store that fails is left alone. Default: 5 seconds. */
  readonly rest?: Duration.DurationInput | undefined
}

// -----------------------------------------------------------------------------
// constructors
// -----------------------------------------------------------------------------

/**
 * A store over a backend of one's own.
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

    /** An entry and what is in it. What cannot be read counts as absent, and is told once. */
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
            Effect.logWarning(`${label} holds an entry that is damaged or was written with another key: passed over`),
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

/** Backends write down when a lease ends, which needs a number. */
const longestLease = /*#__PURE__*/ Duration.days(1)

const hasEnded = ({ endsAt }: StoredToken, now: number): boolean => endsAt !== undefined && endsAt <= now

const isSame = ({ access }: StoredToken, token: Redacted.Redacted): boolean =>
  Redacted.value(access.token) === Redacted.value(token)

/** Kept as Keystone sent it, and read again by who gets it. */
const toContent = ({ access, arrivedAt, endsAt }: StoredToken): Cipher.Content => ({
  token: access.token,
  body: access.body,
  arrivedAt,
  endsAt
})

const toStored = ({ arrivedAt, body, endsAt, token }: Cipher.Content): Option.Option<StoredToken> =>
  Option.map(Either.getRight(AccessInfo.fromBody(body, token)), (access) => ({ access, arrivedAt, endsAt }))

/**
 * No store: nothing outlives the Session, and everyone may log in. Names are made with a key that this process makes and
 * that cannot leave it.
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
 * In the memory of this process, for as many identities as `capacity` says (default: 10,000).
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
          // what was set last is at the end, and what is at the front leaves
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
 * In the memory of this process: for several Sessions that are to share their tokens, and for tests. It is one store for
 * all that get this very layer.
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

  /** A `KeyValueStore` cannot compare: in this process, at least, nothing comes between reading and writing. */
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
        // of two processes that come at once, the one that wrote first mostly sees it here
        return (yield* readLease(name))?.owner === owner
      })),
    unlock: (name, owner) =>
      inTurn(name)(
        Effect.flatMap(readLease(name), (held) => held?.owner === owner ? remove(leaseOf(name)) : Effect.void)
      )
  }
}

/**
 * In any `KeyValueStore` of @effect/platform: entries under their names, and beside them `<name>.lease` while somebody
 * logs in.
 *
 * A `KeyValueStore` can neither compare nor let an entry end. Within one process leases and removals are exact; of
 * several processes that come in the same moment, more than one may log in. For a fleet there is `RedisTokenStore`, and
 * for processes on one machine `DirectoryTokenStore`.
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
