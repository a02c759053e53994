/**
 * Tokens in Redis: a fleet logs in once. It needs `@redis/client` (which `redis` brings with it).
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
 * @since 0.1.0
 * @category models
 */
export interface Options extends TokenStore.Options {
  /** `redis://[[user]:password@]host[:port][/database]`, or `rediss://` for TLS. */
  readonly url: string | Redacted.Redacted
  /** What every key in Redis begins with. Default: `effect-keystoneauth:`. */
  readonly prefix?: string | undefined
  /** How long connecting and asking may take together: more than this no request waits. Default: 1 second. */
  readonly timeout?: Duration.DurationInput | undefined
  /** How long a Redis that fails is left alone. Default: 5 seconds. */
  readonly rest?: Duration.DurationInput | undefined
}

const removeIfSame = "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0"

/** What the connection says may quote the URL: of an answer the code is shown, of anything else the system's name for it. */
const reasonOf = (error: unknown): string => {
  if (error instanceof ErrorReply) {
    return /^[A-Z]+\b/.exec(error.message)?.[0] ?? "it answers with an error"
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
        // the store asks again after its rest, and then there is a new connection
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
      // without a listener an error of the connection would end the process; commands fail by themselves
      client.on("error", lost)
      client.on("end", lost)
      const connection: Connection = { client, opened: client.connect(), usable: true }
      current = connection
      return connection
    }

    // no connection is made before it is needed, but what is wrong with the URL is told now
    yield* Effect.try({
      try: newClient,
      catch: () =>
        new InvalidOptions({
          module: "RedisTokenStore",
          option: "url",
          reason: "it cannot be read; it must be redis://[[user]:password@]host[:port][/database], or rediss:// for TLS"
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
          // it took too long: who answers nothing now may never answer again on this connection
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
 * One entry per identity, encrypted, that Redis forgets when the token ends, and a lease beside it while somebody logs in.
 * The connection is made when it is first needed, and again after it was lost.
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
