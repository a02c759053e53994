/** Tokens are used for their true remaining life, whatever their stamps and the clocks of both sides. */
import { HttpClient, HttpClientRequest, HttpClientResponse } from "@effect/platform"
import { assert, describe, it } from "@effect/vitest"
import { DateTime, Effect, Either, Layer, Option, Redacted } from "effect"
import { AccessInfo, type AuthPlugin, CustomLogin, Password, Session, TokenStore } from "effect-keystoneauth"
import { makeSettable, type SettableClock, settle } from "../clocks.js"

const second = 1000
const minute = 60 * second
const hour = 60 * minute

const iso = (millis: number | undefined) => millis === undefined ? undefined : new Date(millis).toISOString()

/** How a Keystone writes the times of its tokens. */
interface Stamps {
  /** How far its clock is ahead of ours. */
  readonly skew: number
  /** Whether its answers have a `Date`. */
  readonly date: boolean
  readonly issued: "now" | "1970" | "missing" | "with its end" | "after its end"
  /** How long its tokens live. */
  readonly life: number
  /** How old a token is when it is issued. */
  readonly age?: number
}

/** A Keystone, and a service that accepts its tokens for their true life. */
const cloud = (clock: SettableClock, stamps: () => Stamps) => {
  const ends = new Map<string, number>()
  let rejected = 0
  const issue = (): { readonly token: string; readonly body: unknown; readonly headers: Record<string, string> } => {
    const { age = 0, date, issued, life, skew } = stamps()
    const token = `token-${ends.size}`
    const now = clock.truth() + skew
    const end = now + life - age
    ends.set(token, end - skew)
    const issuedAt = {
      now: now - age,
      1970: 0,
      missing: undefined,
      "with its end": end,
      "after its end": end + hour
    }[issued]
    return {
      token,
      body: { token: { issued_at: iso(issuedAt), expires_at: iso(end) } },
      headers: date ? { date: new Date(now).toUTCString() } : {}
    }
  }
  const client = HttpClient.make((request) =>
    Effect.sync(() => {
      if (request.url.endsWith("/auth/tokens")) {
        const { body, headers, token } = issue()
        return HttpClientResponse.fromWeb(
          request,
          Response.json(body, { status: 201, headers: { ...headers, "x-subject-token": token } })
        )
      }
      const good = clock.truth() < (ends.get(request.headers["x-auth-token"] ?? "") ?? 0)
      rejected += good ? 0 : 1
      return HttpClientResponse.fromWeb(request, Response.json({}, { status: good ? 200 : 401 }))
    })
  )
  return {
    issue,
    logins: () => ends.size,
    rejected: () => rejected,
    session: Layer.provide(Session.layer(), Layer.succeed(HttpClient.HttpClient, client))
  }
}

const demo = Password.layer({
  authUrl: "http://keystone.test/v3",
  username: "demo",
  userDomainName: "Default",
  password: Redacted.make("secret")
})

const get = (options?: Session.RequestOptions) =>
  Session.request(HttpClientRequest.get("http://compute.test/servers"), options)

/** Sends requests throughout this many token lives. Counts the logins, and the requests with an expired token. */
const use = (stamps: Stamps, lives: number) => {
  const clock = makeSettable()
  const { logins, rejected, session } = cloud(clock, () => stamps)
  const left = stamps.life - (stamps.age ?? 0)
  // often enough to hit the time of renewal
  const step = Math.min(left / 25, 45 * second)
  return Effect.gen(function*() {
    for (let passed = 0; passed < lives * left; passed += step) {
      yield* get()
      yield* clock.pass(step)
    }
    return { logins: logins(), rejected: rejected() }
  }).pipe(Effect.provide(Layer.provideMerge(demo, session)), Effect.withClock(clock))
}

/** The logins needed if each token is used until the last fifth of its life, or the last two minutes. */
const enough = (span: number, life: number) => Math.ceil(span / (life - Math.min(2 * minute, life / 5)))

const lives = [3 * second, 20 * second, 90 * second, 10 * minute, hour]
const skews = [-5 * hour, -10 * second, 0, 10 * second, 5 * hour]

const forAll = <E>(
  of: {
    readonly dates?: ReadonlyArray<boolean>
    readonly issued: ReadonlyArray<Stamps["issued"]>
    readonly skews?: ReadonlyArray<number>
    readonly lives?: ReadonlyArray<number>
  },
  check: (stamps: Stamps, what: string) => Effect.Effect<void, E>
) =>
  Effect.gen(function*() {
    for (const date of of.dates ?? [true, false]) {
      for (const issued of of.issued) {
        for (const skew of of.skews ?? skews) {
          for (const life of of.lives ?? lives) {
            yield* check(
              { skew, date, issued, life },
              `life ${life}, skew ${skew}, ${date ? "with" : "without"} Date, issued_at ${issued}`
            )
          }
        }
      }
    }
  })

describe("a token", () => {
  it.live(
    "is used for most of its life and renewed before its end, whatever Keystone's clock",
    () =>
      forAll({ issued: ["now"] }, (stamps, what) =>
        Effect.gen(function*() {
          const { logins, rejected } = yield* use(stamps, 2.5)
          const { date, life, skew } = stamps
          // with a clock slightly behind, a new token looks older
          const known = !date && skew < 0 && -skew < life ? life + skew : life
          assert.isAtMost(logins, enough(2.5 * life, known), what)
          assert.strictEqual(rejected, 0, what)
        })),
    60_000
  )

  it.live(
    "is used as long where only the answer's Date and expires_at tell",
    () =>
      forAll({ dates: [true], issued: ["missing", "1970"] }, (stamps, what) =>
        Effect.gen(function*() {
          const { logins, rejected } = yield* use(stamps, 2.5)
          assert.isAtMost(logins, enough(2.5 * stamps.life, stamps.life - second), what)
          assert.strictEqual(rejected, 0, what)
        })),
    60_000
  )

  it.live(
    "is renewed ahead by our clock where only that and expires_at tell",
    () =>
      Effect.forEach(
        [20 * second, 90 * second, hour, 12 * hour],
        (life) =>
          Effect.forEach(["missing", "1970"] as const, (issued) =>
            Effect.gen(function*() {
              const { logins, rejected } = yield* use({ skew: 0, date: false, issued, life }, 2.5)
              assert.isAtMost(logins, enough(2.5 * life, life), `life ${life}`)
              assert.strictEqual(rejected, 0, `life ${life}`)
            }))
      ),
    60_000
  )

  it.live("of unknown life costs at most one login a minute", () =>
    Effect.forEach([
      { issued: ["with its end", "after its end"] as const },
      { dates: [false], issued: ["missing", "1970"] as const, skews: [-5 * hour] }
    ], (of) =>
      forAll({ ...of, lives: [20 * second, 10 * minute] }, (stamps, what) =>
        Effect.gen(function*() {
          const { logins } = yield* use(stamps, 2.5)
          // the service rejects shorter-lived tokens
          const used = Math.min(48 * second, stamps.life)
          assert.isAtMost(logins, Math.ceil(2.5 * stamps.life / used), what)
          // not forever: the service would have to reject each token
          assert.isAtLeast(logins, Math.floor(2.5 * stamps.life / (2 * minute)), what)
        }))), 60_000)

  it.live("that expires earlier than its stamps say is replaced when it is rejected", () =>
    forAll(
      { dates: [false], issued: ["missing", "1970"], skews: [5 * hour], lives: [20 * second] },
      (stamps, what) =>
        Effect.gen(function*() {
          assert.deepStrictEqual(yield* use(stamps, 2.5), { logins: 3, rejected: 2 }, what)
        })
    ))

  it.live("of less than two minutes without issued_at is not renewed at each request", () => {
    const clock = makeSettable()
    const { logins, session } = cloud(clock, () => ({ skew: 0, date: false, issued: "missing", life: 90 * second }))
    return Effect.gen(function*() {
      yield* Effect.repeatN(Effect.zipLeft(get(), settle), 15)
      assert.strictEqual(logins(), 1)
    }).pipe(Effect.provide(Layer.provideMerge(demo, session)), Effect.withClock(clock))
  })
})

describe("a token that is old on arrival", () => {
  /** Tokens from a vault, which caches them for a while. */
  const vault = (
    clock: SettableClock,
    stamps: () => Stamps,
    use: (count: { readonly logins: () => number; readonly rejected: () => number }) => Effect.Effect<
      void,
      Session.Error,
      Session.Session | AuthPlugin.AuthPlugin
    >
  ) => {
    const { issue, logins, rejected, session } = cloud(clock, stamps)
    const login = Effect.sync(() => {
      const { body, headers, token } = issue()
      const date = headers["date"]
      return Either.getOrThrow(AccessInfo.fromV3(body, Redacted.make(token), {
        answeredAt: date === undefined ? undefined : DateTime.unsafeMake(Date.parse(date))
      }))
    })
    const plugin = CustomLogin.layer({
      authUrl: "http://keystone.test/v3",
      name: "vault",
      description: "who has the key of the vault",
      parts: { vault: "a" },
      login
    })
    return use({ logins, rejected }).pipe(Effect.provide(Layer.provideMerge(plugin, session)), Effect.withClock(clock))
  }

  const olds: ReadonlyArray<Stamps> = [
    { skew: 0, date: false, issued: "now", life: hour, age: hour - 3 * second },
    { skew: 0, date: false, issued: "missing", life: 3 * second },
    { skew: 0, date: false, issued: "1970", life: 3 * second },
    ...[-5 * hour, 0, 5 * hour].flatMap((skew): ReadonlyArray<Stamps> => [
      { skew, date: true, issued: "now", life: hour, age: hour - 3 * second },
      { skew, date: true, issued: "missing", life: 3 * second },
      { skew, date: true, issued: "1970", life: 3 * second }
    ])
  ]

  it.live("is renewed before it expires", () =>
    Effect.forEach(olds, (old) => {
      const clock = makeSettable()
      return vault(clock, () => old, ({ logins, rejected }) =>
        Effect.gen(function*() {
          for (let passed = 0; passed < 30 * second; passed += 100) {
            yield* get()
            yield* clock.pass(100)
          }
          assert.strictEqual(rejected(), 0, JSON.stringify(old))
          assert.isAtMost(logins(), 20, JSON.stringify(old))
        }))
    }))

  it.live("is replaced once for a request that needs a longer life", () =>
    Effect.forEach(olds, (old) =>
      Effect.gen(function*() {
        const clock = makeSettable()
        let next = old
        yield* vault(clock, () => next, ({ logins }) =>
          Effect.gen(function*() {
            yield* get()
            assert.strictEqual(logins(), 1)
            // as old as the first: there may be no newer one, so it is not fetched for each request
            yield* Effect.repeatN(get({ tokenLife: "10 minutes" }), 9)
            yield* Effect.repeat(settle, { until: () => logins() > 1, times: 1000 })
            assert.strictEqual(logins(), 2)
            next = { ...old, age: 0, life: hour }
            yield* clock.pass(second)
            yield* Effect.repeatN(get({ tokenLife: "10 minutes" }), 9)
            yield* clock.pass(45 * minute)
            yield* Effect.repeatN(get({ tokenLife: "10 minutes" }), 9)
            assert.strictEqual(logins(), 3)
          }))
      })))
})

describe("a stored token", () => {
  const inStore = (
    entry: (clock: SettableClock) => Omit<TokenStore.StoredToken, "access">,
    use: (clock: SettableClock, logins: () => number) => Effect.Effect<
      void,
      Session.Error,
      Session.Session | AuthPlugin.AuthPlugin
    >
  ) =>
    Effect.gen(function*() {
      const clock = makeSettable()
      const { issue, logins, session } = cloud(clock, () => ({ skew: 0, date: true, issued: "now", life: hour }))
      const memory = yield* TokenStore.makeMemory()
      const { body, token } = issue()
      const access = Either.getOrThrow(AccessInfo.fromV3(body, Redacted.make(token)))
      const first = Option.some({ access, ...entry(clock) })
      const store = Layer.succeed(TokenStore.TokenStore, {
        ...memory,
        get: (name: string) => Effect.map(memory.get(name), Option.orElse(() => first))
      })
      yield* use(clock, logins).pipe(
        Effect.provide(Layer.provideMerge(demo, Layer.provide(session, store))),
        Effect.withClock(clock)
      )
    })

  it.live("from a process with a wrong clock is used no longer than it lives", () =>
    Effect.forEach(
      [hour, 20 * 365 * 24 * hour],
      (endsIn) =>
        inStore((clock) => ({ endsAt: clock.truth() + endsIn }), (clock, logins) =>
          Effect.gen(function*() {
            yield* get()
            assert.strictEqual(logins(), 1)
            for (let passed = 0; passed < 58.5 * minute; passed += 30 * second) {
              yield* clock.pass(30 * second)
              yield* get()
            }
            yield* clock.pass(minute)
            yield* get()
            yield* Effect.repeat(settle, { until: () => logins() > 1, times: 1000 })
            assert.strictEqual(logins(), 2)
          }))
    ))

  it.live("is not used for a request that needs a longer life than it has left", () =>
    inStore(
      (clock) => ({ arrivedAt: clock.truth() - 50 * minute, endsAt: clock.truth() + 5 * minute }),
      (_, logins) =>
        Effect.gen(function*() {
          yield* get()
          assert.strictEqual(logins(), 1)
          yield* Effect.repeatN(get({ tokenLife: "10 minutes" }), 9)
          assert.strictEqual(logins(), 2)
        })
    ))
})
