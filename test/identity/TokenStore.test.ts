import { Error as PlatformError, FileSystem, KeyValueStore, Path } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Clock, Context, Deferred, Effect, Fiber, Layer, Option, Redacted, TestClock } from "effect"
import { TokenStore } from "effect-keystoneauth"
import * as DirectoryTokenStore from "effect-keystoneauth/DirectoryTokenStore"
import * as Fs from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { hold, raceForLease, recordLog, storedToken, tokenOf } from "../tokenStores.js"

const key = Redacted.make("a key for these tests alone, made by chance")
const otherKey = Redacted.make("another key for these tests")
const secret = "gAAAAABtoken-that-nobody-may-see"
const password = "hunter22-in-the-body"

const stored = (token: string, endsAt?: number): TokenStore.StoredToken =>
  storedToken(token, { user: { name: "demo" }, password, text: "ünïcode ✓", list: [1, null, true] }, endsAt)

const tempDirectory = Effect.acquireRelease(
  Effect.sync(() => Fs.mkdtempSync(join(tmpdir(), "token-store-"))),
  (directory) => Effect.sync(() => Fs.rmSync(directory, { recursive: true, force: true }))
)

const directoryStore = (directory: string, options: Partial<DirectoryTokenStore.Options> = {}) =>
  Effect.provide(DirectoryTokenStore.make({ directory, key, ...options }), NodeContext.layer)

/** A `KeyValueStore` whose content tests can read and change. */
const openKeyValueStore = Effect.sync(() => {
  const entries = new Map<string, string>()
  // yields, so that other fibers interleave, as with a store that is not in memory
  let turn = 0
  const pause = Effect.suspend(() => Effect.repeatN(Effect.yieldNow(), (turn++ * 7) % 5))
  const slowly = <A>(f: () => A) => Effect.zipLeft(Effect.zipRight(pause, Effect.sync(f)), pause)
  const store = KeyValueStore.makeStringOnly({
    get: (key) => slowly(() => Option.fromNullable(entries.get(key))),
    set: (key, value) => slowly(() => void entries.set(key, value)),
    remove: (key) => slowly(() => void entries.delete(key)),
    clear: Effect.sync(() => entries.clear()),
    size: Effect.sync(() => entries.size)
  })
  return { entries, store }
})

const over = (store: KeyValueStore.KeyValueStore, options: TokenStore.Options = { key }) =>
  Effect.map(
    Layer.build(
      TokenStore.layerKeyValueStore(options).pipe(
        Layer.provide(Layer.succeed(KeyValueStore.KeyValueStore, store))
      )
    ),
    (context) => Context.get(context, TokenStore.TokenStore)
  )

const kinds = {
  memory: TokenStore.makeMemory(),
  KeyValueStore: Effect.flatMap(openKeyValueStore, ({ store }) => over(store)),
  directory: Effect.flatMap(tempDirectory, (directory) => directoryStore(join(directory, "tokens")))
}

for (const [kind, makeStore] of Object.entries(kinds)) {
  describe(`TokenStore: ${kind}`, () => {
    it.scoped("returns the stored token with its body and end", () =>
      Effect.gen(function*() {
        const store = yield* makeStore
        const name = yield* store.identify("an identity")
        assert.isTrue(Option.isNone(yield* store.get(name)))
        yield* store.set(name, stored("one", 60_000))
        const found = Option.getOrThrow(yield* store.get(name))
        assert.strictEqual(tokenOf(Option.some(found)), "one")
        assert.deepStrictEqual(found.access.body, stored("one").access.body)
        assert.strictEqual(found.access.userName, "demo")
        assert.strictEqual(found.endsAt, 60_000)
        yield* store.set(name, stored("two"))
        const second = Option.getOrThrow(yield* store.get(name))
        assert.strictEqual(tokenOf(Option.some(second)), "two")
        assert.isUndefined(second.endsAt)
        assert.isTrue(Option.isNone(yield* store.get(yield* store.identify("another identity"))))
      }))

    it.scoped("gives an identity the same name each time, which reveals nothing", () =>
      Effect.gen(function*() {
        const store = yield* makeStore
        const name = yield* store.identify(`password=${password}`)
        assert.match(name, /^[0-9a-f]{64}$/)
        assert.strictEqual(yield* store.identify(`password=${password}`), name)
        assert.notStrictEqual(yield* store.identify(`password=${password}!`), name)
      }))

    it.scoped("removes only the rejected token", () =>
      Effect.gen(function*() {
        const store = yield* makeStore
        yield* store.set("a", stored("two"))
        yield* store.remove("a", Redacted.make("one"))
        assert.strictEqual(tokenOf(yield* store.get("a")), "two")
        yield* store.remove("a", Redacted.make("two"))
        assert.isTrue(Option.isNone(yield* store.get("a")))
        yield* store.remove("a", Redacted.make("two"))
      }))

    it.scoped("never removes a newer token, in any interleaving", () =>
      Effect.gen(function*() {
        const store = yield* makeStore
        for (let round = 0; round < 40; round++) {
          yield* store.set("a", stored("old"))
          yield* Effect.all([
            ...Array.from({ length: 5 }, (_, i) =>
              Effect.zipRight(
                Effect.forEach(Array.from({ length: (round + i) % 7 }), () => Effect.yieldNow(), { discard: true }),
                store.remove("a", Redacted.make("old"))
              )),
            Effect.zipRight(
              Effect.forEach(Array.from({ length: round % 5 }), () => Effect.yieldNow(), { discard: true }),
              store.set("a", stored("new"))
            )
          ], { concurrency: "unbounded" })
          assert.strictEqual(tokenOf(yield* store.get("a")), "new", `round ${round}`)
        }
      }).pipe(Effect.withMaxOpsBeforeYield(16)))

    it.scoped("drops a token when it expires", () =>
      Effect.gen(function*() {
        const log = yield* recordLog
        yield* Effect.gen(function*() {
          const store = yield* makeStore
          yield* store.set("a", stored("one", 10_000))
          yield* TestClock.adjust(9_999)
          assert.strictEqual(tokenOf(yield* store.get("a")), "one")
          yield* TestClock.adjust(1)
          assert.isTrue(Option.isNone(yield* store.get("a")))
        }).pipe(Effect.provide(log.layer))
        assert.deepStrictEqual(log.lines, [])
      }))

    it.scoped("gives a lease to one owner at a time", () =>
      Effect.gen(function*() {
        const store = yield* makeStore
        const first = yield* hold(store, "a", "10 seconds")
        assert.isTrue(first.ours)
        const second = yield* hold(store, "a", "10 seconds")
        assert.isFalse(second.ours)
        assert.isTrue((yield* hold(store, "b", "10 seconds")).ours)
        // a caller without the lease releases nothing
        yield* second.release
        assert.isFalse((yield* hold(store, "a", "10 seconds")).ours)
        yield* first.release
        assert.isTrue((yield* hold(store, "a", "10 seconds")).ours)
      }))

    it.scoped("a lease ends after its time, and its old owner does not release the next one", () =>
      Effect.gen(function*() {
        const store = yield* makeStore
        const dead = yield* hold(store, "a", "10 seconds")
        yield* TestClock.adjust(9_999)
        assert.isFalse((yield* hold(store, "a", "10 seconds")).ours)
        yield* TestClock.adjust(1)
        const next = yield* hold(store, "a", "10 seconds")
        assert.isTrue(next.ours)
        yield* dead.release
        assert.isFalse((yield* hold(store, "a", "10 seconds")).ours)
        yield* next.release
        assert.isTrue((yield* hold(store, "a", "10 seconds")).ours)
      }))

    it.scoped("of many fibers one gets a new or ended lease, never two", () =>
      Effect.gen(function*() {
        const store = yield* makeStore
        for (let round = 0; round < 15; round++) {
          // at first it is free, later it was left by a dead process
          const held = yield* Effect.forEach(
            Array.from({ length: 24 }, (_, i) => i),
            (i) =>
              Effect.zipRight(
                Effect.forEach(Array.from({ length: (i * 7 + round) % 11 }), () => Effect.yieldNow(), {
                  discard: true
                }),
                hold(store, "a", "1 second")
              ),
            { concurrency: "unbounded" }
          )
          assert.strictEqual(held.filter(({ ours }) => ours).length, 1, `round ${round}`)
          yield* TestClock.adjust("1 second")
        }
      }).pipe(Effect.withMaxOpsBeforeYield(16)))

    it.scoped("two owners never hold the lease while many take and release it", () =>
      Effect.gen(function*() {
        const store = yield* makeStore
        let inside = 0
        let most = 0
        let times = 0
        yield* Effect.forEach(
          Array.from({ length: 16 }),
          () =>
            Effect.gen(function*() {
              for (let i = 0; i < 15; i++) {
                const lease = yield* hold(store, "a", "1 minute")
                if (lease.ours) {
                  inside++
                  times++
                  most = Math.max(most, inside)
                  yield* Effect.yieldNow()
                  inside--
                }
                yield* lease.release
              }
            }),
          { concurrency: "unbounded", discard: true }
        )
        assert.strictEqual(most, 1)
        assert.isAbove(times, 1)
        // in the end it is free
        assert.isTrue((yield* hold(store, "a", "1 minute")).ours)
      }).pipe(Effect.withMaxOpsBeforeYield(16)))

    it.scoped("an interrupted caller leaves no lease", () =>
      Effect.gen(function*() {
        const store = yield* makeStore
        for (let round = 0; round < 20; round++) {
          const fiber = yield* Effect.fork(Effect.scoped(Effect.zipRight(store.lease("a", "1 hour"), Effect.never)))
          yield* Effect.forEach(Array.from({ length: round }), () => Effect.yieldNow(), { discard: true })
          yield* Fiber.interrupt(fiber)
          const next = yield* hold(store, "a", "1 hour")
          assert.isTrue(next.ours, `round ${round}`)
          yield* next.release
        }
      }).pipe(Effect.withMaxOpsBeforeYield(16)))
  })
}

describe("TokenStore", () => {
  it.scoped("a lease in a KeyValueStore that ends in years, by a wrong clock, counts as ended", () =>
    Effect.gen(function*() {
      const { entries, store: keyValueStore } = yield* openKeyValueStore
      const store = yield* over(keyValueStore)
      for (const ahead of [3_600_000, 365 * 24 * 3_600_000, 9_999_999_999_999_999]) {
        entries.set("a.lease", `${"0".repeat(32)} ${ahead}`)
        const held = yield* hold(store, "a", "40 seconds")
        assert.isTrue(held.ours)
        assert.isFalse((yield* hold(store, "a", "40 seconds")).ours)
        yield* held.release
      }
      // a lease of a process with a clock slightly ahead is held
      entries.set("a.lease", `${"0".repeat(32)} 45000`)
      assert.isFalse((yield* hold(store, "a", "40 seconds")).ours)
    }))

  it.scoped("without a layer nothing is stored, and everyone gets the lease", () =>
    Effect.gen(function*() {
      const store = yield* TokenStore.TokenStore
      assert.strictEqual(store, TokenStore.none)
      yield* store.set("a", stored("one"))
      assert.isTrue(Option.isNone(yield* store.get("a")))
      yield* store.remove("a", Redacted.make("one"))
      assert.isTrue((yield* hold(store, "a", "1 hour")).ours)
      assert.isTrue((yield* hold(store, "a", "1 hour")).ours)
      assert.match(yield* store.identify("x"), /^[0-9a-f]{64}$/)
    }))

  it.effect("the store in memory is shared through its layer, and bounded", () =>
    Effect.gen(function*() {
      const use = Effect.flatMap(TokenStore.TokenStore, (store) => store.set("a", stored("one")))
      const see = Effect.flatMap(TokenStore.TokenStore, (store) => store.get("a"))
      yield* Effect.zipRight(use, see).pipe(
        Effect.map((found) => assert.strictEqual(tokenOf(found), "one")),
        Effect.provide(TokenStore.layerMemory)
      )
      const small = yield* TokenStore.makeMemory({ capacity: 2 })
      for (const name of ["a", "b", "a", "c"]) {
        yield* small.set(name, stored(name))
      }
      assert.isTrue(Option.isNone(yield* small.get("b")))
      assert.strictEqual(tokenOf(yield* small.get("a")), "a")
      assert.strictEqual(tokenOf(yield* small.get("c")), "c")
    }))

  it.scoped("works with the platform's KeyValueStore layer", () =>
    Effect.gen(function*() {
      const store = yield* TokenStore.TokenStore
      yield* store.set("a", stored("one"))
      assert.strictEqual(tokenOf(yield* store.get("a")), "one")
    }).pipe(
      Effect.provide(TokenStore.layerKeyValueStore({ key }).pipe(Layer.provide(KeyValueStore.layerMemory)))
    ))

  it.scoped("a key must have 16 bytes, and is not shown", () =>
    Effect.gen(function*() {
      const { store } = yield* openKeyValueStore
      const error = yield* Effect.flip(over(store, { key: Redacted.make("fifteen-bytes-x") }))
      assert.strictEqual(error._tag, "InvalidOptions")
      assert.strictEqual(error.option, "key")
      assert.notInclude(error.message, "fifteen")
      assert.include(error.message, "15")
      yield* over(store, { key: Redacted.make("sixteen-bytes-xx") })
      const inDirectory = yield* Effect.flip(directoryStore("/nowhere", { key: Redacted.make("short") }))
      assert.strictEqual(inDirectory.module, "DirectoryTokenStore")
      assert.strictEqual((yield* Effect.flip(directoryStore(""))).option, "directory")
    }))

  it.scoped("names depend on the key", () =>
    Effect.gen(function*() {
      const { store } = yield* openKeyValueStore
      const name = yield* (yield* over(store)).identify("x")
      assert.strictEqual(yield* (yield* over(store)).identify("x"), name)
      assert.notStrictEqual(yield* (yield* over(store, { key: otherKey })).identify("x"), name)
      assert.notStrictEqual(yield* TokenStore.none.identify("x"), name)
    }))

  it.scoped("entries of another key count as absent, with one warning, and can be replaced", () =>
    Effect.gen(function*() {
      const log = yield* recordLog
      const { store } = yield* openKeyValueStore
      const ours = yield* over(store)
      const theirs = yield* over(store, { key: otherKey })
      yield* Effect.gen(function*() {
        yield* theirs.set("a", stored(secret))
        yield* theirs.set("b", stored(secret))
        assert.isTrue(Option.isNone(yield* ours.get("a")))
        assert.isTrue(Option.isNone(yield* ours.get("b")))
        yield* ours.remove("a", Redacted.make(secret))
        assert.strictEqual(tokenOf(yield* theirs.get("a")), secret)
        yield* ours.set("a", stored("mine"))
        assert.strictEqual(tokenOf(yield* ours.get("a")), "mine")
      }).pipe(Effect.provide(log.layer))
      assert.deepStrictEqual(log.levels(), ["WARN"])
    }))

  it.scoped("an entry damaged at any place counts as absent, with one warning", () =>
    Effect.gen(function*() {
      const log = yield* recordLog
      const { entries, store } = yield* openKeyValueStore
      yield* (yield* over(store)).set("a", stored(secret))
      const whole = entries.get("a") ?? ""
      const raw = Buffer.from(whole, "base64")
      assert.strictEqual(raw[0], 1)
      const damaged = new Map<string, string>()
      // the version, the nonce, the first, the middle and the last of the content, the tag
      for (const at of [0, 1, 12, 13, 14, raw.length >> 1, raw.length - 17, raw.length - 16, raw.length - 1]) {
        for (const bit of [1, 128]) {
          const copy = Buffer.from(raw)
          copy[at] = (copy[at] ?? 0) ^ bit
          damaged.set(`byte ${at} ^ ${bit}`, copy.toString("base64"))
        }
      }
      for (const length of [0, 1, 12, 13, 28, 29, raw.length >> 1, raw.length - 1]) {
        damaged.set(`${length} bytes`, raw.subarray(0, length).toString("base64"))
      }
      damaged.set("longer", Buffer.concat([raw, Buffer.from([0])]).toString("base64"))
      damaged.set("cut text", whole.slice(0, -3))
      damaged.set("no base64", `!${whole.slice(1)}`)
      damaged.set("foreign", "{\"token\":\"hello\"}")
      damaged.set("foreign text", "something else altogether ✓")
      for (const [what, entry] of damaged) {
        const lines = log.lines.length
        yield* Effect.gen(function*() {
          const fresh = yield* over(store)
          entries.set("a", entry)
          assert.isTrue(Option.isNone(yield* fresh.get("a")), what)
          assert.isTrue(Option.isNone(yield* fresh.get("a")), what)
        }).pipe(Effect.provide(log.layer))
        assert.strictEqual(log.lines.length, lines + 1, what)
      }
      assert.deepStrictEqual([...new Set(log.levels())], ["WARN"])
      entries.set("a", whole)
      assert.strictEqual(tokenOf(yield* (yield* over(store)).get("a")), secret)
    }))

  it.scoped("an entry does not open under another name", () =>
    Effect.gen(function*() {
      const { entries, store } = yield* openKeyValueStore
      const ours = yield* over(store)
      yield* ours.set("a", stored("of tenant a"))
      entries.set("b", entries.get("a") ?? "")
      assert.isTrue(Option.isNone(yield* ours.get("b")))
    }))

  it.scoped("the same token is encrypted differently each time, and an expired one is not written", () =>
    Effect.gen(function*() {
      const { entries, store } = yield* openKeyValueStore
      const ours = yield* over(store)
      const seen = new Set<string>()
      for (let i = 0; i < 50; i++) {
        yield* ours.set("a", stored("one"))
        seen.add(Buffer.from(entries.get("a") ?? "", "base64").subarray(1, 13).toString("hex"))
      }
      assert.strictEqual(seen.size, 50)
      yield* TestClock.adjust(1000)
      yield* ours.set("b", stored("over", 1000))
      assert.isFalse(entries.has("b"))
    }))

  it.scoped("a body that is not JSON is neither stored nor shown", () =>
    Effect.gen(function*() {
      const log = yield* recordLog
      const { entries, store } = yield* openKeyValueStore
      const ours = yield* over(store)
      yield* Effect.provide(ours.set("a", storedToken(secret, { password, n: 1n })), log.layer)
      assert.strictEqual(entries.size, 0)
      assert.deepStrictEqual(log.levels(), ["WARN"])
      assert.notInclude(JSON.stringify(log.lines), password)
    }))

  it.scoped("an entry without a token counts as absent, with one warning", () =>
    Effect.gen(function*() {
      const log = yield* recordLog
      const { store } = yield* openKeyValueStore
      const ours = yield* over(store)
      yield* Effect.gen(function*() {
        yield* ours.set("a", { ...stored(secret), access: { ...stored(secret).access, body: { password } } })
        assert.isTrue(Option.isNone(yield* ours.get("a")))
        assert.isTrue(Option.isNone(yield* ours.get("a")))
        yield* ours.set("a", stored("a token"))
        assert.strictEqual(tokenOf(yield* ours.get("a")), "a token")
      }).pipe(Effect.provide(log.layer))
      assert.deepStrictEqual(log.levels(), ["WARN"])
      assert.notInclude(JSON.stringify(log.lines), password)
    }))

  it.scoped("a failing store stops nothing: one warning, a rest, and one message when it works again", () =>
    Effect.gen(function*() {
      const log = yield* recordLog
      let broken: "reads" | "writes" | "all" | undefined
      let asked = 0
      const entries = new Map<string, string>()
      const failure = new PlatformError.SystemError({
        reason: "PermissionDenied",
        module: "KeyValueStore",
        method: "get",
        description: `redis://user:${password}@host`
      })
      const when = (kind: "reads" | "writes") =>
        Effect.suspend(() => {
          asked++
          return broken === "all" || broken === kind ? Effect.fail(failure) : Effect.void
        })
      const store = KeyValueStore.makeStringOnly({
        get: (key) => Effect.as(when("reads"), Option.fromNullable(entries.get(key))),
        set: (key, value) => Effect.zipRight(when("writes"), Effect.sync(() => void entries.set(key, value))),
        remove: (key) => Effect.zipRight(when("writes"), Effect.sync(() => void entries.delete(key))),
        clear: Effect.void,
        size: Effect.succeed(0)
      })
      yield* Effect.gen(function*() {
        const ours = yield* over(store)
        yield* ours.set("a", stored("one"))
        // full or read-only, but still readable
        broken = "writes"
        yield* ours.set("a", stored("two"))
        assert.strictEqual(tokenOf(yield* ours.get("a")), "one")
        assert.deepStrictEqual(log.levels(), ["WARN"])
        asked = 0
        yield* ours.set("a", stored("two"))
        yield* ours.remove("b", Redacted.make("one"))
        assert.isTrue((yield* hold(ours, "a", "1 minute")).ours)
        assert.isTrue((yield* hold(ours, "a", "1 minute")).ours)
        assert.strictEqual(asked, 1)
        broken = undefined
        yield* TestClock.adjust("5 seconds")
        yield* ours.set("a", stored("three"))
        assert.strictEqual(tokenOf(yield* ours.get("a")), "three")
        assert.deepStrictEqual(log.levels(), ["WARN", "INFO"])
        // unreachable
        broken = "all"
        asked = 0
        for (let i = 0; i < 10; i++) {
          assert.isTrue(Option.isNone(yield* ours.get("a")))
        }
        assert.strictEqual(asked, 1)
        yield* TestClock.adjust("5 seconds")
        yield* ours.get("a")
        assert.strictEqual(asked, 2)
        broken = undefined
        yield* TestClock.adjust("10 seconds")
        assert.strictEqual(tokenOf(yield* ours.get("a")), "three")
        assert.deepStrictEqual(log.levels(), ["WARN", "INFO", "WARN", "INFO"])
      }).pipe(Effect.provide(log.layer))
      assert.include(log.lines[0]?.text ?? "", "PermissionDenied")
      assert.notInclude(JSON.stringify(log.lines), password)
    }))

  it.scoped("a store that does not answer delays only one caller, even an uninterruptible one", () =>
    Effect.gen(function*() {
      const log = yield* recordLog
      const store = KeyValueStore.makeStringOnly({
        get: () => Effect.never,
        set: () => Effect.never,
        remove: () => Effect.never,
        clear: Effect.void,
        size: Effect.succeed(0)
      })
      yield* Effect.gen(function*() {
        const ours = yield* over(store)
        const many = yield* Effect.fork(
          Effect.all(Array.from({ length: 100 }, () => Effect.uninterruptible(ours.get("a"))), {
            concurrency: "unbounded"
          })
        )
        yield* TestClock.adjust("5 seconds")
        assert.isTrue((yield* Fiber.join(many)).every(Option.isNone))
        const before = yield* Clock.currentTimeMillis
        assert.isTrue((yield* hold(ours, "a", "1 minute")).ours)
        yield* ours.set("a", stored("one"))
        assert.isTrue(Option.isNone(yield* ours.get("a")))
        assert.strictEqual(yield* Clock.currentTimeMillis, before)
      }).pipe(Effect.provide(log.layer))
      assert.deepStrictEqual(log.levels(), ["WARN"])
    }))

  it.scoped("a store that throws is treated as failing", () =>
    Effect.gen(function*() {
      const store = yield* TokenStore.make({
        get: () => Effect.die(new Error(password)),
        set: () => Effect.dieMessage(password),
        remove: () => Effect.void,
        lock: () => Effect.die(password),
        unlock: () => Effect.void
      }, { key })
      const log = yield* recordLog
      yield* Effect.gen(function*() {
        assert.isTrue(Option.isNone(yield* store.get("a")))
        yield* store.set("a", stored("one"))
        assert.isTrue((yield* hold(store, "a", "1 minute")).ours)
      }).pipe(Effect.provide(log.layer))
      assert.deepStrictEqual(log.levels(), ["WARN"])
      assert.notInclude(JSON.stringify(log.lines), password)
    }))
})

/** Node's file system with some operations replaced. */
const changed = (change: (fileSystem: FileSystem.FileSystem) => Partial<FileSystem.FileSystem>) =>
  Layer.merge(
    Path.layer,
    Layer.effect(
      FileSystem.FileSystem,
      Effect.map(FileSystem.FileSystem, (fileSystem) => ({ ...fileSystem, ...change(fileSystem) }))
    ).pipe(Layer.provide(NodeContext.layer))
  )

/** Node's file system, in which these operations fail while `isOn()` is true. */
const failing = (
  methods: ReadonlyArray<"writeFileString" | "rename" | "link" | "makeDirectory" | "remove">,
  description: string,
  isOn: () => boolean
) =>
  changed((fileSystem) => {
    const unless = <Args extends ReadonlyArray<unknown>>(
      method: (typeof methods)[number],
      real: (...args: Args) => Effect.Effect<void, PlatformError.PlatformError>
    ) =>
    (...args: Args) =>
      Effect.suspend(() =>
        isOn() && methods.includes(method)
          ? Effect.fail(
            new PlatformError.SystemError({ reason: "Unknown", module: "FileSystem", method, description })
          )
          : real(...args)
      )
    return {
      writeFileString: unless("writeFileString", fileSystem.writeFileString),
      rename: unless("rename", fileSystem.rename),
      link: unless("link", fileSystem.link),
      makeDirectory: unless("makeDirectory", fileSystem.makeDirectory),
      remove: unless("remove", fileSystem.remove)
    }
  })

const modeOf = (path: string) => (Fs.statSync(path).mode & 0o777).toString(8)

describe("DirectoryTokenStore", () => {
  it.scoped("creates the directory and files on demand, readable only by their owner", () =>
    Effect.gen(function*() {
      const base = yield* tempDirectory
      const directory = join(base, "deep", "tokens")
      const store = yield* directoryStore(directory)
      assert.isTrue(Option.isNone(yield* store.get("a")))
      assert.isFalse(Fs.existsSync(directory))
      yield* store.set("a", stored(secret))
      yield* hold(store, "a", "1 minute")
      assert.strictEqual(modeOf(directory), "700")
      const files = Fs.readdirSync(directory).sort()
      assert.deepStrictEqual(files, ["a.lease", "a.token"])
      for (const file of files) {
        assert.strictEqual(modeOf(join(directory, file)), "600")
      }
    }))

  it.scoped("a lease may be the first file written, and another store sees it", () =>
    Effect.gen(function*() {
      const directory = join(yield* tempDirectory, "tokens")
      const store = yield* directoryStore(directory)
      const other = yield* directoryStore(directory)
      const held = yield* hold(store, "a", "1 minute")
      assert.isTrue(held.ours)
      assert.isFalse((yield* hold(other, "a", "1 minute")).ours)
      yield* held.release
      assert.deepStrictEqual(Fs.readdirSync(directory), [])
    }))

  it.scoped("names and contents of files reveal nothing, and no name leaves the directory", () =>
    Effect.gen(function*() {
      const base = yield* tempDirectory
      const directory = join(base, "tokens")
      const store = yield* directoryStore(directory)
      const name = yield* store.identify(`password=${password}`)
      yield* store.set(name, stored(secret, 60_000))
      yield* store.set("../escaped", stored(secret))
      yield* hold(store, name, "1 minute")
      assert.deepStrictEqual(Fs.readdirSync(base), ["tokens"])
      const files = Fs.readdirSync(directory)
      assert.strictEqual(files.length, 3)
      for (const file of files) {
        const bytes = Fs.readFileSync(join(directory, file))
        for (const text of [secret, password, Redacted.value(key), "demo", Buffer.from(secret).toString("base64")]) {
          assert.isFalse(bytes.includes(text), file)
          assert.notInclude(file, text)
        }
      }
    }))

  it.scoped("a damaged, truncated, empty or foreign file counts as absent", () =>
    Effect.gen(function*() {
      const directory = yield* tempDirectory
      const writer = yield* directoryStore(directory)
      yield* writer.set("a", stored(secret, 60_000))
      const file = join(directory, "a.token")
      const whole = Fs.readFileSync(file)
      const newline = whole.indexOf(10)
      const damaged = [newline, newline + 1, newline + 20, whole.length - 30, whole.length - 6].map((at) => {
        const copy = Buffer.from(whole)
        copy[at] = copy[at] === 65 ? 66 : 65
        return copy
      })
      const cut = [0, 1, newline, newline + 1, whole.length >> 1, whole.length - 1].map((n) => whole.subarray(0, n))
      const foreign = [Buffer.from("hello"), Buffer.from([0xff, 0, 0xfe]), Buffer.from("{}\n{}\n")]
      for (const bytes of [...damaged, ...cut, ...foreign]) {
        const log = yield* recordLog
        Fs.writeFileSync(file, bytes)
        const store = yield* directoryStore(directory)
        assert.isTrue(Option.isNone(yield* Effect.provide(store.get("a"), log.layer)), bytes.toString("hex"))
        assert.deepStrictEqual(log.levels(), ["WARN"])
      }
      yield* writer.set("a", stored("again"))
      assert.strictEqual(tokenOf(yield* writer.get("a")), "again")
    }))

  it.scoped("a reader sees the old or the new token, never a part", () =>
    Effect.gen(function*() {
      const log = yield* recordLog
      const directory = yield* tempDirectory
      const big = (n: number) =>
        storedToken(`token-${n}`, { user: { name: `user-${n}` }, padding: "x".repeat(100_000 + n) })
      yield* Effect.gen(function*() {
        const writers = yield* Effect.all([directoryStore(directory), directoryStore(directory)])
        const reader = yield* directoryStore(directory)
        yield* reader.set("a", big(0))
        const done = yield* Deferred.make<void>()
        let reads = 0
        const reading = yield* Effect.fork(Effect.gen(function*() {
          while (!(yield* Deferred.isDone(done))) {
            const found = yield* reader.get("a")
            const { userName } = Option.getOrThrow(found).access
            assert.strictEqual(tokenOf(found), userName?.replace("user", "token"))
            reads++
          }
        }))
        yield* Effect.forEach(writers, (store, w) =>
          Effect.forEach(Array.from({ length: 60 }), (_, i) => store.set("a", big(i * 2 + w))), {
          concurrency: "unbounded"
        })
        yield* Deferred.succeed(done, undefined)
        yield* Fiber.join(reading)
        assert.isAbove(reads, 20)
      }).pipe(Effect.provide(log.layer))
      assert.deepStrictEqual(log.lines, [])
      assert.deepStrictEqual(Fs.readdirSync(directory), ["a.token"])
    }))

  it.scoped("a full or read-only disk stops nothing, is logged once, and leaves no temporary files", () =>
    Effect.gen(function*() {
      for (
        const [methods, code] of [
          [["writeFileString"], "ENOSPC"],
          [["rename", "link"], "EDQUOT"],
          [["writeFileString", "rename", "link", "remove", "makeDirectory"], "EROFS"]
        ] as const
      ) {
        const log = yield* recordLog
        const directory = yield* tempDirectory
        let on = false
        const store = yield* Effect.provide(
          DirectoryTokenStore.make({ directory, key }),
          failing(methods, `${code}: whatever it is called, write '${directory}'`, () => on)
        )
        yield* Effect.gen(function*() {
          yield* store.set("a", stored("one"))
          on = true
          yield* store.set("a", stored("two"))
          yield* store.set("a", stored("two"))
          yield* store.remove("a", Redacted.make("one"))
          assert.strictEqual(tokenOf(yield* store.get("a")), "one", code)
          assert.isTrue((yield* hold(store, "a", "1 minute")).ours)
          yield* TestClock.adjust("10 seconds")
          yield* store.set("a", stored("two"))
          assert.deepStrictEqual(log.levels(), ["WARN"])
          assert.include(log.lines[0]?.text ?? "", code)
          on = false
          yield* TestClock.adjust("10 seconds")
          yield* store.set("a", stored("three"))
          assert.strictEqual(tokenOf(yield* store.get("a")), "three")
          assert.deepStrictEqual(log.levels(), ["WARN", "INFO"])
        }).pipe(Effect.provide(log.layer))
        assert.deepStrictEqual(Fs.readdirSync(directory), ["a.token"])
      }
    }))

  it.scoped("a directory that cannot be created stops nothing", () =>
    Effect.gen(function*() {
      const log = yield* recordLog
      const base = yield* tempDirectory
      Fs.writeFileSync(join(base, "file"), "not a directory")
      const store = yield* directoryStore(join(base, "file", "tokens"))
      yield* Effect.gen(function*() {
        yield* store.set("a", stored("one"))
        assert.isTrue(Option.isNone(yield* store.get("a")))
        assert.isTrue((yield* hold(store, "a", "1 minute")).ours)
      }).pipe(Effect.provide(log.layer))
      assert.deepStrictEqual(log.levels(), ["WARN"])
    }))

  it.scoped("of many stores one takes over an ended lease", () =>
    Effect.gen(function*() {
      const directory = yield* tempDirectory
      const stores = yield* Effect.all(Array.from({ length: 12 }, () => directoryStore(directory)))
      for (let round = 0; round < 15; round++) {
        const held = yield* Effect.forEach(stores, (store, i) =>
          Effect.zipRight(
            Effect.forEach(Array.from({ length: (i * round) % 9 }), () => Effect.yieldNow(), { discard: true }),
            hold(store, "a", "1 second")
          ), { concurrency: "unbounded" })
        assert.strictEqual(held.filter(({ ours }) => ours).length, 1, `round ${round}`)
        yield* TestClock.adjust("1 second")
        if (round % 3 === 0) {
          // the old owner releases it too late, while others take it
          yield* Effect.fork(Effect.forEach(held, ({ release }) => release, { concurrency: "unbounded" }))
        }
      }
    }).pipe(Effect.withMaxOpsBeforeYield(16)))

  it.scoped("a slow process does not take an ended lease from a faster one", () =>
    Effect.gen(function*() {
      const directory = yield* tempDirectory
      const fast = yield* directoryStore(directory)
      const hasRead = yield* Deferred.make<void>()
      const goOn = yield* Deferred.make<void>()
      const slow = yield* Effect.provide(
        DirectoryTokenStore.make({ directory, key }),
        changed((fileSystem) => ({
          readFileString: (path, encoding) =>
            Effect.tap(fileSystem.readFileString(path, encoding), () =>
              path.endsWith(".lease")
                ? Effect.zipRight(Deferred.succeed(hasRead, undefined), Deferred.await(goOn))
                : Effect.void)
        }))
      )
      yield* hold(fast, "a", "1 second")
      yield* TestClock.adjust("1 second")
      const waiting = yield* Effect.fork(hold(slow, "a", "1 minute"))
      yield* Deferred.await(hasRead)
      const taken = yield* hold(fast, "a", "1 minute")
      assert.isTrue(taken.ours)
      yield* Deferred.succeed(goOn, undefined)
      assert.isFalse((yield* Fiber.join(waiting)).ours)
      assert.isFalse((yield* hold(fast, "a", "1 minute")).ours)
      yield* taken.release
      assert.deepStrictEqual(Fs.readdirSync(directory), [])
    }))

  it.scoped("a damaged lease, or one left by a process that died while taking it over, does not block for long", () =>
    Effect.gen(function*() {
      const directory = yield* tempDirectory
      const store = yield* directoryStore(directory)
      const file = join(directory, "a.lease")
      for (const content of ["", "garbage"]) {
        Fs.writeFileSync(file, content)
        const held = yield* hold(store, "a", "1 second")
        assert.isTrue(held.ours)
        yield* held.release
      }
      const dead = "0".repeat(32)
      Fs.writeFileSync(file, `${dead} 0`)
      Fs.writeFileSync(`${file}.${dead}.0`, `${"1".repeat(32)} 5000`)
      assert.isFalse((yield* hold(store, "a", "1 minute")).ours)
      yield* TestClock.adjust("5 seconds")
      const held = yield* hold(store, "a", "1 minute")
      assert.isTrue(held.ours)
      assert.isFalse((yield* hold(store, "a", "1 minute")).ours)
      yield* held.release
      assert.deepStrictEqual(Fs.readdirSync(directory), [])
    }))

  it.scoped("a lease or guard that ends in years, by a wrong clock, does not block, and is removed", () =>
    Effect.gen(function*() {
      const directory = yield* tempDirectory
      const store = yield* directoryStore(directory)
      const file = join(directory, "a.lease")
      const dead = "0".repeat(32)
      for (const years of [1 / 365, 1, 100]) {
        const until = Math.round(years * 365 * 24 * 3_600_000)
        Fs.writeFileSync(file, `${dead} ${until}`)
        Fs.writeFileSync(`${file}.${dead}.0`, `${"1".repeat(32)} ${until}`)
        Fs.writeFileSync(`${file}.${dead}.1`, `${"2".repeat(32)} ${until}`)
        const held = yield* hold(store, "a", "40 seconds")
        assert.isTrue(held.ours)
        assert.isFalse((yield* hold(store, "a", "40 seconds")).ours)
        yield* held.release
        assert.deepStrictEqual(Fs.readdirSync(directory), [])
      }
      Fs.writeFileSync(file, `${dead} 100000000000`)
      Fs.writeFileSync(`${file}.${"3".repeat(32)}.0`, `${"1".repeat(32)} 100000000000`)
      yield* store.set("last", stored("last"))
      yield* Effect.repeat(Effect.promise(() => new Promise((resolve) => setImmediate(resolve))), {
        until: () => Fs.readdirSync(directory).length === 1,
        times: 5000
      })
      assert.deepStrictEqual(Fs.readdirSync(directory), ["last.token"])
    }))

  it.scoped("expired entries and leftovers of dead processes are removed from time to time", () =>
    Effect.gen(function*() {
      const directory = yield* tempDirectory
      const store = yield* directoryStore(directory)
      const settle = Effect.async<void>((resume) => {
        const timer = setTimeout(() => resume(Effect.void), 50)
        return Effect.sync(() => clearTimeout(timer))
      })
      yield* TestClock.setTime(Date.now() + 2 * 3_600_000)
      const now = yield* Clock.currentTimeMillis
      yield* store.set("first", stored("first"))
      yield* settle
      yield* store.set("ended", stored("one", now + 1000))
      yield* store.set("lasting", stored("one", now + 100 * 3_600_000))
      const owner = "0".repeat(32)
      Fs.writeFileSync(join(directory, "dead.lease"), `${owner} ${now}`)
      Fs.writeFileSync(join(directory, `dead.lease.${owner}.0`), `${owner} ${now}`)
      Fs.writeFileSync(join(directory, `${owner}.tmp`), "half")
      Fs.writeFileSync(join(directory, "notes.txt"), "not ours")
      yield* TestClock.adjust("3 hours")
      yield* store.set("last", stored("last"))
      // the cleanup runs in the background, so it may end a little later
      yield* Effect.repeat(settle, { until: () => !Fs.existsSync(join(directory, "ended.token")), times: 100 })
      yield* settle
      assert.deepStrictEqual(Fs.readdirSync(directory).sort(), [
        "first.token",
        "last.token",
        "lasting.token",
        "notes.txt"
      ])
    }))
})

// -----------------------------------------------------------------------------
// processes
// -----------------------------------------------------------------------------

describe("DirectoryTokenStore: processes", () => {
  it.scopedLive(
    "one of two gets the lease, and killing it frees it when its time is over",
    () =>
      Effect.gen(function*() {
        const directory = yield* tempDirectory
        const { answers, killWinner } = yield* raceForLease({
          module: "DirectoryTokenStore",
          options: `{ directory: ${JSON.stringify(directory)}, key: Redacted.make("k".repeat(32)) }`,
          millis: 1500,
          processes: 2
        })
        assert.deepStrictEqual(answers, ["mine", "taken"])
        killWinner()
        const store = yield* directoryStore(directory, { key: Redacted.make("k".repeat(32)) })
        assert.isFalse((yield* hold(store, "a", "1 second")).ours)
        yield* Effect.sleep("1600 millis")
        const held = yield* Effect.forEach(Array.from({ length: 10 }), () => hold(store, "a", "1 second"), {
          concurrency: "unbounded"
        })
        assert.strictEqual(held.filter(({ ours }) => ours).length, 1)
      }),
    30_000
  )
})
