/**
 * Stores tokens in a directory: they survive a restart, and the processes of one machine share them.
 *
 * @since 0.1.0
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import type * as PlatformError from "../base/platformError.js"
import * as Time from "../base/time.js"
import { InvalidOptions } from "../Errors.js"
import * as Cipher from "./cipher.js"
import * as Lease from "./lease.js"
import * as TokenStore from "./TokenStore.js"

/**
 * Options for a store in a directory.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options extends TokenStore.Options {
  /**
   * The path of the directory. If it does not exist, it is created with mode 0700 when the first token is stored. The
   * mode of an existing one is not changed.
   */
  readonly directory: string
}

/** How long a process may hold a lease's guard: longer than an operation can take. */
const guardMillis = 10_000

/** How often the directory is cleaned up, and how old the leftovers of a dead process must be. */
const hourMillis = 3_600_000

/** The longest lease. One that ends later was written by a wrong clock. */
const dayMillis = 24 * hourMillis

type Files<A> = Effect.Effect<A, PlatformError.PlatformError>

const isNotFound = (error: PlatformError.PlatformError): boolean =>
  error._tag === "SystemError" && error.reason === "NotFound"

const isAlreadyThere = (error: PlatformError.PlatformError): boolean =>
  error._tag === "SystemError" && error.reason === "AlreadyExists"

/** The kind of failure. The platform has no name for some, such as ENOSPC: they are read from the description. */
const whyOf = (error: PlatformError.PlatformError): TokenStore.BackendFailure => {
  const reason = error._tag === "SystemError" ? error.reason : error._tag
  return {
    reason: reason === "Unknown" ? /^E[A-Z]+\b/.exec(error.description ?? "")?.[0] ?? reason : reason,
    unreachable: false
  }
}

interface Entry {
  readonly entry: string
  readonly endsAt: number | undefined
}

/** The expiry is on the first line, so that expired entries can be found without the key. */
const formatEntry = ({ endsAt, entry }: Entry): string => `${endsAt === undefined ? "" : Math.ceil(endsAt)}\n${entry}`

const parseEntry = (text: string): Entry => {
  const [, endsAt, entry] = /^(\d*)\n([^]*)$/.exec(text) ?? [undefined, "", text]
  return { entry: entry ?? "", endsAt: endsAt === undefined || endsAt === "" ? undefined : Number(endsAt) }
}

/** A lease that cannot be read counts as ended. */
const parseLease = (text: string): Lease.Lease => Lease.parse(text) ?? { owner: "unreadable", until: 0 }

const makeBackend = (
  fileSystem: FileSystem.FileSystem,
  path: Path.Path,
  directory: string
): Effect.Effect<TokenStore.Backend, never, Scope.Scope> =>
  Effect.map(Effect.scope, (scope) => {
    const fileOf = (name: string, kind: "token" | "lease") =>
      path.join(directory, `${encodeURIComponent(name)}.${kind}`)

    const read = (file: string): Files<string | undefined> =>
      Effect.catchIf(fileSystem.readFileString(file), isNotFound, () => Effect.succeed(undefined))

    const remove = (file: string): Files<void> => Effect.catchIf(fileSystem.remove(file), isNotFound, () => Effect.void)

    const newName = Effect.map(Cipher.randomId, (id) => path.join(directory, `${id}.tmp`))

    /** Runs `use` with a temporary file of this content. */
    const withFile = <A>(text: string, use: (file: string) => Files<A>): Files<A> =>
      Effect.flatMap(newName, (file) => {
        const write = fileSystem.writeFileString(file, text, { flag: "wx", mode: 0o600 })
        return write.pipe(
          Effect.catchIf(
            isNotFound,
            () => Effect.zipRight(fileSystem.makeDirectory(directory, { recursive: true, mode: 0o700 }), write)
          ),
          Effect.zipRight(use(file)),
          Effect.ensuring(Effect.ignore(remove(file)))
        )
      })

    /** Replaces a file atomically. */
    const replace = (file: string, text: string): Files<void> =>
      withFile(text, (written) => fileSystem.rename(written, file))

    /**
     * Creates a file atomically, with its content. `false` if it exists: of several processes that try, one succeeds.
     */
    const claim = (file: string, text: string): Files<boolean> =>
      withFile(text, (written) =>
        fileSystem.link(written, file).pipe(
          Effect.as(true),
          Effect.catchIf(isAlreadyThere, () => Effect.succeed(false))
        ))

    /**
     * Removes an entry, unless another one has replaced it. The file is renamed first, so that no other process can
     * change it, and then compared again. A newer entry is put back, unless there is one newer still.
     */
    const removeEntry = (file: string, entry: string): Files<void> =>
      Effect.flatMap(read(file), (text) => {
        if (text === undefined || parseEntry(text).entry !== entry) {
          return Effect.void
        }
        return Effect.flatMap(newName, (taken) =>
          Effect.gen(function*() {
            yield* fileSystem.rename(file, taken)
            const text = yield* read(taken)
            if (text !== undefined && parseEntry(text).entry !== entry) {
              yield* Effect.catchIf(fileSystem.link(taken, file), isAlreadyThere, () => Effect.void)
            }
            yield* remove(taken)
          }).pipe(
            Effect.uninterruptible,
            Effect.catchIf(isNotFound, () => Effect.void)
          ))
      })

    const readLease = (file: string): Files<Lease.Lease | undefined> =>
      Effect.map(read(file), (text) => text === undefined ? undefined : parseLease(text))

    /**
     * Changes or removes an existing lease, unless another process is doing so. The process first creates a guard file
     * named after the lease's owner, and then checks that the lease is still the same. Otherwise, of two processes that
     * find an ended lease, the slower one would take it away from the faster one.
     *
     * The guard of a dead process is skipped by trying the next number.
     */
    const guarded = (
      file: string,
      lease: Lease.Lease,
      change: Files<void>,
      number = 0
    ): Files<boolean> =>
      Effect.gen(function*() {
        const guard = `${file}.${lease.owner}.${number}`
        const now = yield* Time.wallClockTime
        const mine = yield* Cipher.randomId
        if (!(yield* claim(guard, Lease.format({ owner: mine, until: now + guardMillis })))) {
          const other = yield* readLease(guard)
          return other !== undefined && !Lease.isHeld(other, now, guardMillis) &&
            (yield* guarded(file, lease, change, number + 1))
        }
        return yield* Effect.gen(function*() {
          const current = yield* readLease(file)
          if (current?.owner !== lease.owner) {
            return false
          }
          yield* change
          return true
        }).pipe(
          Effect.ensuring(Effect.forEach(
            Array.from({ length: number + 1 }, (_, i) => `${file}.${lease.owner}.${i}`),
            (each) => Effect.ignore(remove(each)),
            { discard: true }
          ))
        )
      })

    const lock = (file: string, owner: string, timeToLive: Duration.Duration): Files<boolean> =>
      Effect.gen(function*() {
        const now = yield* Time.wallClockTime
        const held = yield* readLease(file)
        const millis = Duration.toMillis(timeToLive)
        const text = Lease.format({ owner, until: Math.ceil(now + millis) })
        if (held === undefined) {
          return yield* claim(file, text)
        }
        return !Lease.isHeld(held, now, millis) && (yield* guarded(file, held, replace(file, text)))
      })

    /** An ended lease is left to the process that takes it over. */
    const unlock = (file: string, owner: string): Files<void> =>
      Effect.zipWith(readLease(file), Time.wallClockTime, (held, now) =>
        held?.owner === owner && now < held.until
          ? Effect.asVoid(guarded(file, held, remove(file)))
          : Effect.void).pipe(Effect.flatten)

    let sweepAgainAt = Time.longAgo

    /** Removes expired entries and the leftovers of dead processes. */
    const sweep = (now: number): Files<void> =>
      Effect.flatMap(fileSystem.readDirectory(directory), (files) =>
        Effect.forEach(files, (name) => {
          const file = path.join(directory, name)
          const isLongOver = (time: number) => time <= now - hourMillis || time > now + dayMillis
          const longAgo = (lease: Lease.Lease | undefined) => lease !== undefined && isLongOver(lease.until)
          if (name.endsWith(".token")) {
            return Effect.flatMap(read(file), (text) => {
              const { endsAt, entry } = parseEntry(text ?? "")
              return endsAt !== undefined && endsAt <= now ? removeEntry(file, entry) : Effect.void
            })
          }
          if (name.endsWith(".lease")) {
            return Effect.flatMap(
              readLease(file),
              (lease) => lease !== undefined && longAgo(lease) ? guarded(file, lease, remove(file)) : Effect.void
            )
          }
          if (/\.lease\.\w+\.\d+$/.test(name)) {
            return Effect.flatMap(readLease(file), (guard) => longAgo(guard) ? remove(file) : Effect.void)
          }
          if (/^[0-9a-f]{32}\.tmp$/.test(name)) {
            return Effect.flatMap(
              fileSystem.stat(file),
              ({ mtime }) => Option.exists(mtime, (time) => isLongOver(time.getTime())) ? remove(file) : Effect.void
            )
          }
          return Effect.void
        }, { discard: true }))

    const sweepNowAndThen = Effect.clockWith((clock) => {
      const now = Time.now(clock)
      if (now < sweepAgainAt) {
        return Effect.void
      }
      sweepAgainAt = Time.after(now, hourMillis)
      return Effect.forkIn(Effect.ignore(sweep(Time.wallClock(clock))), scope)
    })

    return {
      get: (name) =>
        Effect.mapBoth(read(fileOf(name, "token")), {
          onFailure: whyOf,
          onSuccess: (text) => Option.map(Option.fromNullable(text), (text) => parseEntry(text).entry)
        }),
      set: (name, entry, endsAt) =>
        replace(fileOf(name, "token"), formatEntry({ entry, endsAt })).pipe(
          Effect.tap(() => sweepNowAndThen),
          Effect.mapError(whyOf)
        ),
      remove: (name, entry) => Effect.mapError(removeEntry(fileOf(name, "token"), entry), whyOf),
      lock: (name, owner, timeToLive) => Effect.mapError(lock(fileOf(name, "lease"), owner, timeToLive), whyOf),
      unlock: (name, owner) => Effect.mapError(unlock(fileOf(name, "lease"), owner), whyOf)
    }
  })

/**
 * Makes a store in a directory. Fails with `InvalidOptions` for an empty path or an unusable key.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (
  options: Options
): Effect.Effect<TokenStore.Service, InvalidOptions, FileSystem.FileSystem | Path.Path | Scope.Scope> =>
  Effect.gen(function*() {
    if (options.directory === "") {
      return yield* new InvalidOptions({
        module: "DirectoryTokenStore",
        option: "directory",
        reason: "it is empty; give the path of a directory that holds nothing but tokens"
      })
    }
    const backend = yield* makeBackend(yield* FileSystem.FileSystem, yield* Path.Path, options.directory)
    return yield* TokenStore.make(backend, {
      key: options.key,
      module: "DirectoryTokenStore",
      label: `the token store in ${options.directory}`
    })
  })

/**
 * Stores one encrypted file per identity, which only its owner can read. The directory must be on a file system with
 * hard links. Of all processes that use the directory, one logs in at a time.
 *
 * @example
 * ```ts
 * import { NodeContext } from "@effect/platform-node"
 * import { Layer, Redacted } from "effect"
 * import { DirectoryTokenStore, Session } from "effect-keystoneauth"
 *
 * const key = Redacted.make("Zm9yIHRoZSBleGFtcGxlIG9ubHkhISE=")
 *
 * const SessionLive = Session.layer().pipe(
 *   Layer.provide(DirectoryTokenStore.layer({ directory: "/var/lib/inventory/tokens", key })),
 *   Layer.provide(NodeContext.layer)
 * )
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (
  options: Options
): Layer.Layer<TokenStore.TokenStore, InvalidOptions, FileSystem.FileSystem | Path.Path> =>
  Layer.scoped(TokenStore.TokenStore, make(options))
