/**
 * Stores tokens in Redis, so that many machines share one login. Needs `@redis/client`, which is part of `redis`.
 *
 * @since 0.1.0
 */
import { createClient, ErrorReply } from "@redis/client"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import * as Time from "../base/time.js"
import { InvalidOptions } from "../Errors.js"
import * as TokenStore from "./TokenStore.js"

/**
 * Options for a store in Redis.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options extends TokenStore.Options {
  /** `redis://[[user]:password@]host[:port][/database]`, or `rediss://` for TLS. */
  readonly url: string | Redacted.Redacted
  /** The prefix of all keys in Redis. Default: `effect-keystoneauth:`. */
  readonly prefix?: string | undefined
  /** How long connecting and one operation may take together. No request waits longer. Default: 1 second. */
  readonly timeout?: Duration.DurationInput | undefined
  /** How long Redis is not used after a failure. Default: 5 seconds. */
  readonly rest?: Duration.DurationInput | undefined
}

const removeIfSame = "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0"

/** The error's code. Its message is not shown: it may quote the URL with its password. */
const reasonOf = (error: unknown): string => {
  if (error instanceof ErrorReply) {
    return /^[A-Z]+\b/.exec(error.message)?.[0] ?? "it answered with an error"
  }
  const code = error instanceof Error && "code" in error ? error.code : undefined
  return typeof code === "string" && /^[A-Z][A-Z_]+$/.test(code) ? code : "connection lost"
}

const makeBackend = (
  url: string,
  prefix: string,
  timeout: Duration.Duration
): Effect.Effect<TokenStore.Backend, InvalidOptions, Scope.Scope> =>
  Effect.gen(function*() {
    const newClient = () =>
      createClient({
        url,
        disableOfflineQueue: true,
        // after its rest, the store opens a new connection
        socket: { connectTimeout: Math.ceil(Duration.toMillis(timeout)), reconnectStrategy: false }
      })
    type Client = ReturnType<typeof newClient>
    interface Connection {
      readonly client: Client
      readonly opened: Promise<unknown>
      usable: boolean
    }
    let current: Connection | undefined

    const drop = (connection: Connection) => {
      connection.usable = false
      if (connection.client.isOpen) {
        connection.client.destroy()
      }
    }

    const connect = (): Connection => {
      if (current?.usable === true) {
        return current
      }
      const client = newClient()
      const lost = () => {
        connection.usable = false
      }
      // an "error" event without a listener would end the process; commands fail by themselves
      client.on("error", lost)
      client.on("end", lost)
      const connection: Connection = { client, opened: client.connect(), usable: true }
      current = connection
      return connection
    }

    // validates the URL now; the connection is opened at first use
    yield* Effect.try({
      try: newClient,
      catch: () =>
        new InvalidOptions({
          module: "RedisTokenStore",
          option: "url",
          reason: "it is not a Redis URL; write redis://[[user]:password@]host[:port][/database], or rediss:// for TLS"
        })
    })
    yield* Effect.addFinalizer(() =>
      Effect.sync(() => {
        if (current !== undefined) {
          drop(current)
        }
      })
    )

    const run = <A>(command: (client: Client) => Promise<A>): Effect.Effect<A, TokenStore.BackendFailure> =>
      Effect.suspend(() => {
        const connection = connect()
        return Effect.tryPromise({
          try: () => connection.opened,
          catch: (error): TokenStore.BackendFailure => ({ reason: reasonOf(error), unreachable: true })
        }).pipe(
          Effect.zipRight(Effect.tryPromise({
            try: () => command(connection.client),
            catch: (error): TokenStore.BackendFailure => ({
              reason: reasonOf(error),
              unreachable: !(error instanceof ErrorReply)
            })
          })),
          Effect.tapError((failure) => failure.unreachable ? Effect.sync(() => drop(connection)) : Effect.void),
          // interrupted by the timeout: this connection may never answer again
          Effect.onInterrupt(() => Effect.sync(() => drop(connection)))
        )
      })

    const keyOf = (name: string) => `${prefix}${name}`
    const leaseOf = (name: string) => `${prefix}${name}:lease`
    const millis = (duration: Duration.Duration) => Math.max(1, Math.ceil(Duration.toMillis(duration)))

    return {
      get: (name) => Effect.map(run((client) => client.get(keyOf(name))), Option.fromNullable),
      set: (name, entry, endsAt) =>
        Effect.flatMap(Time.wallClockTime, (now) =>
          run((client) =>
            endsAt === undefined
              ? client.set(keyOf(name), entry)
              : client.set(keyOf(name), entry, {
                expiration: { type: "PX", value: millis(Duration.millis(endsAt - now)) }
              })
          )),
      remove: (name, entry) => run((client) => client.eval(removeIfSame, { keys: [keyOf(name)], arguments: [entry] })),
      lock: (name, owner, timeToLive) =>
        Effect.map(
          run((client) =>
            client.set(leaseOf(name), owner, {
              condition: "NX",
              expiration: { type: "PX", value: millis(timeToLive) }
            })
          ),
          (answer) => answer !== null
        ),
      unlock: (name, owner) => run((client) => client.eval(removeIfSame, { keys: [leaseOf(name)], arguments: [owner] }))
    }
  })

/**
 * Makes a store in Redis. Fails with `InvalidOptions` for a wrong URL or an unusable key.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (options: Options): Effect.Effect<TokenStore.Service, InvalidOptions, Scope.Scope> =>
  Effect.gen(function*() {
    const timeout = Duration.decode(options.timeout ?? "1 second")
    const url = Redacted.isRedacted(options.url) ? Redacted.value(options.url) : options.url
    const backend = yield* makeBackend(url, options.prefix ?? "effect-keystoneauth:", timeout)
    return yield* TokenStore.make(backend, {
      key: options.key,
      module: "RedisTokenStore",
      label: "the token store in Redis",
      timeout,
      rest: options.rest
    })
  })

/**
 * Stores one encrypted entry per identity, which Redis deletes when the token expires, and a lease during each login.
 * The connection is opened at first use, and again after it was lost.
 *
 * @example
 * ```ts
 * import { Layer, Redacted } from "effect"
 * import { Session } from "effect-keystoneauth"
 * import * as RedisTokenStore from "effect-keystoneauth/RedisTokenStore"
 *
 * const SessionLive = Session.layer().pipe(
 *   Layer.provide(RedisTokenStore.layer({
 *     url: Redacted.make("redis://:password@redis.example.com"),
 *     key: Redacted.make("Zm9yIHRoZSBleGFtcGxlIG9ubHkhISE=")
 *   }))
 * )
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (options: Options): Layer.Layer<TokenStore.TokenStore, InvalidOptions> =>
  Layer.scoped(TokenStore.TokenStore, make(options))
