import { NodeHttpServer } from "@effect/platform-node"
import { afterAll, assert, describe, it } from "@effect/vitest"
import { createClient } from "@redis/client"
import { Cause, Clock, Effect, Layer, Option, Redacted } from "effect"
import type { TokenStore } from "effect-keystoneauth"
import * as RedisTokenStore from "effect-keystoneauth/RedisTokenStore"
import * as TestCloud from "effect-keystoneauth/TestCloud"
import { type ChildProcess, spawn, spawnSync } from "node:child_process"
import { existsSync, mkdtempSync, rmSync } from "node:fs"
import { createServer as createHttpServer } from "node:http"
import { createServer, type Socket } from "node:net"
import { tmpdir } from "node:os"
import { delimiter, join } from "node:path"
import { inspect } from "node:util"
import { hold, nextLine, raceForLease, recordLog, startProcess, storedToken, tokenOf } from "../tokenStores.js"

// -----------------------------------------------------------------------------
// the server
// -----------------------------------------------------------------------------

const find = () =>
  (process.env["PATH"] ?? "").split(delimiter).map((directory) => join(directory, "redis-server")).find((file) =>
    existsSync(file)
  )

const isCi = (process.env["CI"] ?? "") !== ""

/** Redis is installed by the tests only on a CI machine. */
const install = (): string => {
  for (const args of [["update"], ["install", "-y", "--no-install-recommends", "redis-server"]]) {
    spawnSync("apt-get", args, { stdio: ["ignore", "ignore", "inherit"], timeout: 300_000 })
  }
  const found = find()
  if (found === undefined) {
    throw new Error("The Redis tests need redis-server, and apt-get install redis-server did not bring it")
  }
  return found
}

const redisServer = find() ?? (isCi ? install() : undefined)

const notice = () => {
  const line = "!".repeat(100)
  process.stderr.write([
    "",
    line,
    "!!  REDIS IS NOT TESTED HERE: there is no redis-server, and every test of test/redis.test.ts is SKIPPED.",
    "!!  apt-get install redis-server brings it. With CI set, its absence is a failure.",
    line,
    ""
  ].join("\n"))
}

if (redisServer === undefined) {
  // before and after the list of skipped tests
  notice()
  afterAll(notice)
}

const password = "hunter22-of-redis"

const freePort = Effect.async<number>((resume) => {
  const server = createServer()
  server.listen(0, "127.0.0.1", () => {
    const address = server.address()
    server.close(() => resume(Effect.succeed(typeof address === "object" && address !== null ? address.port : 0)))
  })
})

/** A separate Redis server, which can be killed and started again. */
const server = Effect.gen(function*() {
  const port = yield* freePort
  const directory = yield* Effect.acquireRelease(
    Effect.sync(() => mkdtempSync(join(tmpdir(), "token-store-redis-"))),
    (directory) => Effect.sync(() => rmSync(directory, { recursive: true, force: true }))
  )
  let child: ChildProcess | undefined
  const start = Effect.async<void, Error>((resume) => {
    const started = spawn(redisServer ?? "redis-server", [
      ...["--port", String(port), "--bind", "127.0.0.1", "--dir", directory, "--requirepass", password],
      ...["--save", "", "--appendonly", "no"]
    ], { stdio: ["ignore", "pipe", "inherit"] })
    child = started
    started.on("error", (error) => resume(Effect.fail(error)))
    started.stdout.on("data", (data) => {
      if (String(data).includes("Ready to accept connections")) {
        resume(Effect.void)
      }
    })
  }).pipe(Effect.timeout("10 seconds"), Effect.orDie)
  const stop = Effect.async<void>((resume) => {
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) {
      return resume(Effect.void)
    }
    child.once("exit", () => resume(Effect.void))
    child.kill("SIGKILL")
  })
  yield* Effect.acquireRelease(start, () => stop)
  return {
    url: `redis://:${password}@127.0.0.1:${port}`,
    port,
    start,
    stop,
    signal: (signal: NodeJS.Signals) => Effect.sync(() => child?.kill(signal))
  }
})

/** Reads Redis directly, without the store. */
const rawClient = (url: string) =>
  Effect.acquireRelease(
    Effect.promise(async () => {
      const client = createClient({ url })
      client.on("error", () => {})
      await client.connect()
      return client
    }),
    (client) =>
      Effect.sync(() => {
        if (client.isOpen) {
          client.destroy()
        }
      })
  )

// -----------------------------------------------------------------------------
// the store
// -----------------------------------------------------------------------------

const key = Redacted.make("a key for these tests alone, made by chance")
const secret = "gAAAAABtoken-that-nobody-may-see"

const open = (url: string, options: Partial<RedisTokenStore.Options> = {}) =>
  RedisTokenStore.make({ url: Redacted.make(url), key, ...options })

const stored = (token: string, endsAt?: number): TokenStore.StoredToken =>
  storedToken(token, { user: { name: "demo" }, list: [1, null, "ünïcode ✓"] }, endsAt)

/** The duration of an effect, in milliseconds. */
const timed = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function*() {
    const before = yield* Clock.currentTimeMillis
    const value = yield* effect
    return { value, took: (yield* Clock.currentTimeMillis) - before }
  })

/** Waits until the store works again, after its rest. */
const until = <R>(condition: Effect.Effect<boolean, never, R>) =>
  Effect.repeat(Effect.delay(condition, "20 millis"), { until: (holds) => holds }).pipe(Effect.timeout("5 seconds"))

// -----------------------------------------------------------------------------
// processes
// -----------------------------------------------------------------------------

const httpCloud = TestCloud.layerServer().pipe(
  Layer.provide(
    NodeHttpServer.layer(() => createHttpServer({ keepAliveTimeout: 60_000 }), { host: "127.0.0.1", port: 0 })
  )
)

describe.skipIf(redisServer === undefined)("RedisTokenStore: processes", () => {
  it.scopedLive(
    "three processes of 100 requests each log in once",
    () =>
      Effect.gen(function*() {
        const { url } = yield* server
        const cloud = yield* TestCloud.TestCloud
        const { demo } = cloud.accounts
        const assignment = JSON.stringify({
          ...demo,
          password: Redacted.value(demo.password),
          authUrl: cloud.authUrl,
          redisUrl: url,
          storeKey: Redacted.value(key),
          requests: 100
        })
        // long enough for all of them to wait for this login
        yield* cloud.misbehave({ service: "identity", method: "POST", kind: { delay: "2 seconds" } })
        const children = yield* Effect.replicateEffect(startProcess("storms/worker.ts", assignment), 3)
        const reports = yield* Effect.forEach(children, nextLine, { concurrency: "unbounded" })
        assert.deepStrictEqual(reports, Array.from({ length: 3 }, () => `{"succeeded":100,"failed":0,"failures":[]}`))
        const journal = yield* cloud.journal
        assert.strictEqual(
          journal.filter(({ method, service }) => service === "identity" && method === "POST").length,
          1
        )
        assert.strictEqual(journal.filter(({ path }) => path.endsWith("/servers")).length, 300)
      }).pipe(Effect.provide(httpCloud)),
    60_000
  )

  it.scopedLive(
    "a process that is killed while it has the lease frees it when its time is over",
    () =>
      Effect.gen(function*() {
        const { url } = yield* server
        const store = yield* open(url)
        const { answers, killWinner } = yield* raceForLease({
          module: "RedisTokenStore",
          options: `{ url: Redacted.make("${url}"), key: Redacted.make("${Redacted.value(key)}") }`,
          millis: 1500,
          processes: 3
        })
        assert.deepStrictEqual(answers, ["mine", "taken", "taken"])
        killWinner()
        assert.isFalse((yield* hold(store, "a", 1000)).ours)
        yield* until(Effect.map(hold(store, "a", 60_000), ({ ours }) => ours))
        assert.isFalse((yield* hold(store, "a", 1000)).ours)
      }),
    60_000
  )
})

describe.skipIf(redisServer === undefined)("RedisTokenStore", () => {
  it.scopedLive("gives a token to stores with the same key, and removes a rejected one", () =>
    Effect.gen(function*() {
      const { url } = yield* server
      const log = yield* recordLog
      yield* Effect.gen(function*() {
        const one = yield* open(url)
        const two = yield* open(url)
        const name = yield* one.identify("an identity")
        assert.strictEqual(yield* two.identify("an identity"), name)
        assert.isTrue(Option.isNone(yield* two.get(name)))
        yield* one.set(name, stored(secret))
        const found = yield* two.get(name)
        assert.strictEqual(tokenOf(found), secret)
        assert.deepStrictEqual(Option.getOrThrow(found).access.body, stored(secret).access.body)
        yield* two.remove(name, Redacted.make("another"))
        assert.strictEqual(tokenOf(yield* one.get(name)), secret)
        yield* two.remove(name, Redacted.make(secret))
        assert.isTrue(Option.isNone(yield* one.get(name)))
      }).pipe(Effect.provide(log.layer))
      assert.deepStrictEqual(log.lines, [])
    }))

  it.scopedLive("entries and leases expire by themselves, and reveal nothing", () =>
    Effect.gen(function*() {
      const { url } = yield* server
      const raw = yield* rawClient(url)
      const store = yield* open(url, { prefix: "test:" })
      const now = yield* Clock.currentTimeMillis
      const name = yield* store.identify(`password=${password}`)
      yield* store.set(name, stored(secret, now + 60_000))
      yield* store.set("lasting", stored(secret))
      yield* store.set("short", stored(secret, now + 300))
      yield* hold(store, name, 30_000)
      const keys = (yield* Effect.promise(() => raw.keys("*"))).sort()
      assert.deepStrictEqual(
        keys.filter((each) => each !== "test:short"),
        [
          `test:${name}`,
          `test:${name}:lease`,
          "test:lasting"
        ].sort()
      )
      const left = yield* Effect.promise(() => raw.pTTL(`test:${name}`))
      assert.isTrue(left > 50_000 && left <= 60_000, String(left))
      const leaseLeft = yield* Effect.promise(() => raw.pTTL(`test:${name}:lease`))
      assert.isTrue(leaseLeft > 20_000 && leaseLeft <= 30_000, String(leaseLeft))
      assert.strictEqual(yield* Effect.promise(() => raw.pTTL("test:lasting")), -1)
      for (const each of keys) {
        const text = `${each} ${yield* Effect.promise(() => raw.get(each))}`
        for (const hidden of [secret, "demo", password, Redacted.value(key)]) {
          assert.notInclude(text, hidden)
          assert.notInclude(Buffer.from(text, "base64").toString("latin1"), hidden)
        }
      }
      yield* until(Effect.map(Effect.promise(() => raw.exists("test:short")), (n) => n === 0))
    }))

  it.scopedLive("gives a lease to one client, and only its owner releases it", () =>
    Effect.gen(function*() {
      const { url } = yield* server
      const stores = yield* Effect.all([open(url), open(url), open(url)])
      const [one, two] = stores
      for (let round = 0; round < 10; round++) {
        const held = yield* Effect.forEach(
          Array.from({ length: 30 }, (_, i) => stores[i % 3] ?? one),
          (store) => hold(store, "a", 10_000),
          { concurrency: "unbounded" }
        )
        assert.strictEqual(held.filter(({ ours }) => ours).length, 1)
        yield* Effect.forEach(held.filter(({ ours }) => !ours), ({ release }) => release)
        assert.isFalse((yield* hold(two, "a", 10_000)).ours)
        yield* Effect.forEach(held, ({ release }) => release)
      }
      // the lease has ended and another owner has it, so the old owner must not release it
      const dead = yield* hold(one, "b", 100)
      assert.isTrue(dead.ours)
      yield* Effect.sleep("120 millis")
      const next = yield* hold(two, "b", 10_000)
      assert.isTrue(next.ours)
      yield* dead.release
      assert.isFalse((yield* hold(one, "b", 10_000)).ours)
      yield* next.release
      assert.isTrue((yield* hold(one, "b", 10_000)).ours)
    }))

  it.scopedLive("never removes a newer token, in any interleaving", () =>
    Effect.gen(function*() {
      const { url } = yield* server
      const one = yield* open(url)
      const two = yield* open(url)
      for (let round = 0; round < 100; round++) {
        yield* one.set("a", stored("old"))
        yield* Effect.all([
          ...Array.from({ length: 4 }, () => two.remove("a", Redacted.make("old"))),
          Effect.zipRight(
            Effect.forEach(Array.from({ length: round % 20 }), () => Effect.yieldNow(), { discard: true }),
            one.set("a", stored("new"))
          )
        ], { concurrency: "unbounded" })
        assert.strictEqual(tokenOf(yield* two.get("a")), "new", `round ${round}`)
      }
    }))

  it.scopedLive("entries of another key, and other values, count as absent, with one warning", () =>
    Effect.gen(function*() {
      const { url } = yield* server
      const raw = yield* rawClient(url)
      const theirs = yield* open(url, { key: Redacted.make("another key for these tests") })
      yield* theirs.set("a", stored(secret))
      yield* Effect.promise(() => raw.set("effect-keystoneauth:b", "foreign ✓"))
      yield* Effect.promise(() => raw.hSet("effect-keystoneauth:c", "field", "value"))
      const log = yield* recordLog
      yield* Effect.gen(function*() {
        const ours = yield* open(url, { rest: 10 })
        assert.isTrue(Option.isNone(yield* ours.get("a")))
        assert.isTrue(Option.isNone(yield* ours.get("b")))
        assert.deepStrictEqual(log.levels(), ["WARN"])
        // an error answer: reads rest, writes go on
        assert.isTrue(Option.isNone(yield* ours.get("c")))
        yield* ours.set("c", stored("mine"))
        yield* until(Effect.map(ours.get("c"), (found) => tokenOf(found) === "mine"))
      }).pipe(Effect.provide(log.layer))
      assert.deepStrictEqual(log.levels(), ["WARN", "WARN", "INFO"])
      assert.include(log.lines[1]?.text ?? "", "WRONGTYPE")
      assert.strictEqual(tokenOf(yield* theirs.get("a")), secret)
    }))

  it.scopedLive(
    "goes on while Redis is gone, with one warning, and comes back by itself",
    () =>
      Effect.gen(function*() {
        const redis = yield* server
        const log = yield* recordLog
        yield* Effect.gen(function*() {
          const store = yield* open(redis.url, { rest: "200 millis" })
          yield* store.set("a", stored("one"))
          yield* redis.stop
          for (let i = 0; i < 30; i++) {
            const { took } = yield* timed(Effect.gen(function*() {
              assert.isTrue(Option.isNone(yield* store.get("a")))
              yield* store.set("a", stored("two"))
              yield* store.remove("a", Redacted.make("two"))
              const held = yield* hold(store, "a", 10_000)
              assert.isTrue(held.ours)
              yield* held.release
            }))
            assert.isBelow(took, 500)
            yield* Effect.sleep("20 millis")
          }
          assert.deepStrictEqual(log.levels(), ["WARN"])
          yield* redis.start
          yield* until(Effect.zipRight(
            store.set("a", stored("three")),
            Effect.map(store.get("a"), (found) => tokenOf(found) === "three")
          ))
          assert.isTrue((yield* hold(store, "a", 10_000)).ours)
          assert.isFalse((yield* hold(store, "a", 10_000)).ours)
          assert.deepStrictEqual(log.levels(), ["WARN", "INFO"])
          // again, during many requests
          const fibers = yield* Effect.fork(Effect.forEach(
            Array.from({ length: 50 }, (_, i) => i),
            (i) =>
              Effect.gen(function*() {
                for (let n = 0; n < 20; n++) {
                  yield* store.set(`key ${i}`, stored(`${n}`))
                  yield* store.get(`key ${i}`)
                }
              }),
            { concurrency: "unbounded", discard: true }
          ))
          yield* Effect.sleep("10 millis")
          yield* redis.stop
          const { took } = yield* timed(fibers.await)
          assert.isBelow(took, 3000)
          yield* redis.start
          yield* until(Effect.map(hold(store, "b", 10_000), ({ ours }) => !ours))
          assert.deepStrictEqual(log.levels(), ["WARN", "INFO", "WARN", "INFO"])
        }).pipe(Effect.provide(log.layer))
        assert.notInclude(JSON.stringify(log.lines), password)
      }),
    20_000
  )

  it.scopedLive(
    "a Redis that is silent delays one request by its timeout, and then nobody",
    () =>
      Effect.gen(function*() {
        const redis = yield* server
        const log = yield* recordLog
        yield* Effect.gen(function*() {
          const store = yield* open(redis.url, { timeout: "300 millis", rest: "1 second" })
          yield* store.set("a", stored("one"))
          yield* redis.signal("SIGSTOP")
          const first = yield* timed(Effect.all(Array.from({ length: 100 }, () => store.get("a")), {
            concurrency: "unbounded"
          }))
          assert.isTrue(first.value.every(Option.isNone))
          assert.isTrue(first.took >= 290 && first.took < 700, String(first.took))
          const then = yield* timed(Effect.gen(function*() {
            yield* store.get("a")
            yield* store.set("a", stored("two"))
            assert.isTrue((yield* hold(store, "a", 1000)).ours)
          }))
          assert.isBelow(then.took, 100)
          // after the rest one caller tries, and the others do not wait
          yield* Effect.sleep("1 second")
          const again = yield* Effect.forEach(
            Array.from({ length: 20 }),
            () => timed(store.get("a")),
            { concurrency: "unbounded" }
          )
          assert.strictEqual(again.filter(({ took }) => took >= 200).length, 1)
          yield* redis.signal("SIGCONT")
          yield* until(Effect.map(store.get("a"), (found) => tokenOf(found) === "one"))
        }).pipe(Effect.provide(log.layer))
        assert.deepStrictEqual(log.levels(), ["WARN", "INFO"])
      }),
    20_000
  )

  it.scopedLive("a server that is absent, or accepts connections but never answers, stops nothing", () =>
    Effect.gen(function*() {
      const log = yield* recordLog
      const sockets = new Set<Socket>()
      const silent = yield* Effect.acquireRelease(
        Effect.async<{ readonly port: number; readonly close: () => void }>((resume) => {
          const listener = createServer((socket) => {
            socket.on("error", () => {})
            sockets.add(socket)
          })
          listener.listen(0, "127.0.0.1", () => {
            const address = listener.address()
            const port = typeof address === "object" && address !== null ? address.port : 0
            resume(Effect.succeed({ port, close: () => listener.close() }))
          })
        }),
        ({ close }) =>
          Effect.sync(() => {
            sockets.forEach((socket) => socket.destroy())
            close()
          })
      )
      const absent = yield* freePort
      for (const port of [silent.port, absent]) {
        const lines = log.lines.length
        yield* Effect.gen(function*() {
          const store = yield* open(`redis://user:${password}@127.0.0.1:${port}`, { timeout: "300 millis" })
          const { took, value } = yield* timed(store.get("a"))
          assert.isTrue(Option.isNone(value))
          assert.isBelow(took, 700)
          yield* store.set("a", stored("one"))
          assert.isTrue((yield* hold(store, "a", 1000)).ours)
        }).pipe(Effect.scoped, Effect.provide(log.layer))
        assert.strictEqual(log.lines.length, lines + 1)
      }
      assert.include(log.lines[1]?.text ?? "", "ECONNREFUSED")
      assert.notInclude(JSON.stringify(log.lines), password)
    }))

  it.scopedLive("never shows the password in the URL, whether right, wrong or unreadable", () =>
    Effect.gen(function*() {
      const { port, url } = yield* server
      const log = yield* recordLog
      const shown = yield* Effect.gen(function*() {
        const wrong = yield* open(`redis://:wrong-${password}@127.0.0.1:${port}`)
        assert.isTrue(Option.isNone(yield* wrong.get("a")))
        const none = yield* open(`redis://127.0.0.1:${port}`)
        assert.isTrue(Option.isNone(yield* none.get("a")))
        const right = yield* open(url)
        yield* right.set("a", stored(secret))
        const errors = yield* Effect.forEach(
          [`http://:${password}@host`, `${password}`, `redis://:${password}@host:not-a-port`],
          (bad) => Effect.flip(open(bad))
        )
        for (const error of errors) {
          assert.strictEqual(error._tag, "InvalidOptions")
          assert.strictEqual(error.option, "url")
        }
        return [wrong, right, ...errors, ...errors.map((error) => Cause.pretty(Cause.fail(error)))]
      }).pipe(Effect.provide(log.layer))
      assert.deepStrictEqual(log.levels(), ["WARN", "WARN"])
      assert.include(log.lines[0]?.text ?? "", "WRONGPASS")
      assert.include(log.lines[1]?.text ?? "", "NOAUTH")
      for (const value of [...shown, ...log.lines]) {
        const text = `${String(value)} ${JSON.stringify(value)} ${inspect(value, { depth: 20, showHidden: true })}`
        assert.notInclude(text, password)
        assert.notInclude(text, secret)
      }
    }))

  it.scopedLive("connects once, at first use, and closes the connection", () =>
    Effect.gen(function*() {
      const { url } = yield* server
      const raw = yield* rawClient(url)
      const connections = Effect.promise(async () =>
        String(await raw.sendCommand(["CLIENT", "LIST"])).trim().split("\n").length
      )
      yield* Effect.scoped(Effect.gen(function*() {
        const store = yield* open(url)
        assert.strictEqual(yield* connections, 1)
        yield* Effect.all(Array.from({ length: 50 }, (_, i) => store.get(`${i}`)), { concurrency: "unbounded" })
        assert.strictEqual(yield* connections, 2)
        // the server closes idle connections
        const log = yield* recordLog
        yield* store.set("a", stored("one"))
        yield* Effect.promise(() => raw.sendCommand(["CLIENT", "KILL", "SKIPME", "yes"]))
        yield* Effect.sleep("20 millis")
        assert.strictEqual(tokenOf(yield* Effect.provide(store.get("a"), log.layer)), "one")
        assert.deepStrictEqual(log.lines, [])
      }))
      yield* until(Effect.map(connections, (n) => n === 1))
    }))
})
