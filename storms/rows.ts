/** The storms that one process can make. */
import { Clock, Duration, Effect, Exit, Fiber, FiberStatus } from "effect"
import { monitorEventLoopDelay } from "node:perf_hooks"
import { storm as overRedis } from "./fleet.js"
import type { Outcome, Storm, Tally } from "./storm.js"
import { figure, listFailures, make, plural, tally } from "./storm.js"
import type { World } from "./world.js"
import { inWorld, until } from "./world.js"

const crowd = 10_000

// -----------------------------------------------------------------------------
// crowds
// -----------------------------------------------------------------------------

type Call = World["call"]
type CallError = Effect.Effect.Error<Call>
type Caller = Fiber.RuntimeFiber<void, CallError>

const forkMany = (call: Call, count: number): Effect.Effect<ReadonlyArray<Caller>> =>
  Effect.forEach(Array.from({ length: count }), () => Effect.forkDaemon(call))

const allWait = (callers: ReadonlyArray<Caller>): Effect.Effect<void> =>
  until(Effect.map(Effect.forEach(callers, Fiber.status), (all) => all.every(FiberStatus.isSuspended)))

const awaitAll = (callers: ReadonlyArray<Caller>): Effect.Effect<Tally> =>
  Effect.map(Effect.forEach(callers, Fiber.await), tally)

/** Many callers whose login does not come back before all of them wait for it. */
const waitingForOneLogin = ({ gate }: World, call: Call, count: number) =>
  Effect.gen(function*() {
    yield* gate.close("/auth/tokens", Infinity)
    const callers = yield* forkMany(call, count)
    yield* gate.held(1)
    yield* allWait(callers)
    return callers
  })

const failed = (count: number) => `${figure(count)} failed`

const loginsAndFailures = (logins: number, all: Tally, notes: ReadonlyArray<string>): Outcome => ({
  reached: `${plural(logins, "login")}, ${failed(all.failed)}`,
  ok: logins === 1 && all.failed === 0,
  notes: [...notes, ...listFailures(all)]
})

// -----------------------------------------------------------------------------
// logging in
// -----------------------------------------------------------------------------

const firstRequests = make(
  { storm: `${figure(crowd)} concurrent first requests`, goal: "1 login, 0 failed", others: "1 login" },
  "60 seconds",
  inWorld((world) =>
    Effect.gen(function*() {
      const callers = yield* waitingForOneLogin(world, world.call, crowd)
      yield* world.gate.open()
      const all = yield* awaitAll(callers)
      const { attempts } = yield* world.logins
      return loginsAndFailures(attempts, all, ["the login was held until all callers waited for it"])
    })
  )
)

const firstCallerInterrupted = make(
  { storm: "first caller interrupted, 9,999 waiting", goal: "1 login, 0 of them disturbed", others: "-" },
  "60 seconds",
  inWorld((world) =>
    Effect.gen(function*() {
      const first = yield* waitingForOneLogin(world, world.call, 1)
      const others = yield* forkMany(world.call, crowd - 1)
      yield* allWait(others)
      const interrupted = yield* Effect.map(Effect.forEach(first, Fiber.interrupt), (exits) =>
        exits.every(Exit.isInterrupted))
      yield* world.gate.open()
      const all = yield* awaitAll(others)
      const { attempts } = yield* world.logins
      return {
        reached: `${plural(attempts, "login")}, ${figure(all.failed)} disturbed`,
        ok: interrupted && attempts === 1 && all.failed === 0,
        notes: [
          interrupted
            ? "the first caller was interrupted while its login was at Keystone"
            : "the first caller was not interrupted",
          ...listFailures(all)
        ]
      }
    })
  )
)

// -----------------------------------------------------------------------------
// revocation
// -----------------------------------------------------------------------------

/** All requests are at the server when their token is revoked; then they go on, one after the other, over this time. */
const revocation = (row: { readonly storm: string; readonly others: string }, over: Duration.DurationInput): Storm =>
  make(
    { ...row, goal: "1 login, 0 failed" },
    Duration.sum(Duration.decode(over), Duration.seconds(80)),
    inWorld((world) =>
      Effect.gen(function*() {
        const { cloud, gate } = world
        yield* world.call
        yield* cloud.clearJournal
        yield* gate.close("/compute/", crowd)
        const callers = yield* forkMany(world.call, crowd)
        yield* gate.held(crowd)
        const revoked = yield* cloud.revokeTokens()
        const [took, all] = yield* Effect.timed(Effect.zipRight(gate.open(over), awaitAll(callers)))
        const { attempts } = yield* world.logins
        const answers = yield* world.answers
        const rejected = answers.get(401) ?? 0
        const outcome = loginsAndFailures(attempts, all, [
          `${figure(crowd)} requests were at the server when ${plural(revoked, "token")} was revoked; ` +
          `${figure(rejected)} answers were 401, over ${Duration.toSeconds(took).toFixed(1)} s`
        ])
        return { ...outcome, ok: outcome.ok && rejected === crowd }
      })
    )
  )

// -----------------------------------------------------------------------------
// wrong passwords
// -----------------------------------------------------------------------------

const isTyped = (all: Tally, count: number) => all.failures.get("Unauthorized LoginRejected") === count

const wrongPasswords = make(
  {
    storm: `${figure(crowd)} concurrent requests, wrong password`,
    goal: `1 attempt, ${figure(crowd)} typed failures`,
    others: "one attempt per caller, both"
  },
  "60 seconds",
  inWorld((world) =>
    Effect.gen(function*() {
      const callers = yield* waitingForOneLogin(world, world.callWithWrongPassword, crowd)
      yield* world.gate.open()
      const all = yield* awaitAll(callers)
      const { attempts } = yield* world.logins
      return {
        reached: `${plural(attempts, "attempt")}, ${plural(all.failed, "failure")}`,
        ok: attempts === 1 && isTyped(all, crowd),
        notes: listFailures(all)
      }
    })
  )
)

const wrongPasswordsInARow = make(
  { storm: "20 calls in a row, wrong password, inside the back-off", goal: "1 attempt", others: "20, both" },
  "10 seconds",
  inWorld((world) =>
    Effect.gen(function*() {
      const exits = yield* Effect.replicateEffect(Effect.exit(world.callWithWrongPassword), 20)
      const all = tally(exits)
      const { attempts } = yield* world.logins
      return { reached: plural(attempts, "attempt"), ok: attempts === 1 && isTyped(all, 20), notes: listFailures(all) }
    })
  )
)

// -----------------------------------------------------------------------------
// the life of a token
// -----------------------------------------------------------------------------

interface Load {
  readonly exits: ReadonlyArray<Exit.Exit<void, CallError>>
  readonly all: Tally
  readonly slowestMillis: number
}

/** A request each so many milliseconds, whether or not the earlier ones have come back. */
const steadyLoad = (call: Call, everyMillis: number, during: Duration.DurationInput): Effect.Effect<Load> =>
  Effect.forEach(
    Array.from({ length: Math.ceil(Duration.toMillis(during) / everyMillis) }),
    (_, index) => Effect.delay(Effect.timed(Effect.exit(call)), index * everyMillis),
    { concurrency: "unbounded" }
  ).pipe(Effect.map((done) => {
    const exits = done.map(([, exit]) => exit)
    return { exits, all: tally(exits), slowestMillis: Math.max(...done.map(([took]) => Duration.toMillis(took))) }
  }))

const loginMillis = 1000

const shortTokens = make(
  {
    storm: "tokens of 20 s, 60 s of steady load",
    goal: "at most 4 logins, 0 failed, no request waited for a renewal",
    others: "keystoneauth1: 3 logins per request"
  },
  "80 seconds",
  inWorld(
    (world) =>
      Effect.gen(function*() {
        yield* world.cloud.misbehave({ service: "identity", method: "POST", kind: { delay: loginMillis } })
        yield* world.call
        const lag = monitorEventLoopDelay({ resolution: 5 })
        lag.enable()
        const { all, slowestMillis } = yield* steadyLoad(world.call, 10, "60 seconds")
        lag.disable()
        const { attempts } = yield* world.logins
        const waited = slowestMillis > loginMillis / 2
        return {
          reached: `${plural(attempts, "login")}, ${failed(all.failed)}, ${waited ? "some" : "none"} waited`,
          ok: attempts <= 4 && all.failed === 0 && !waited,
          notes: [
            `${plural(all.succeeded + all.failed, "request")}, the slowest ${slowestMillis.toFixed(0)} ms; ` +
            `each login takes ${loginMillis} ms; ` +
            `the longest that this process stood still: ${(lag.max / 1e6).toFixed(0)} ms`,
            ...listFailures(all)
          ]
        }
      }),
    { tokenLifetime: "20 seconds" }
  )
)

interface Outage {
  /** How long before the token's end Keystone was back, at least: less than nothing is no fair storm. */
  readonly spareMillis: number
  readonly load: Load
  readonly attempts: number
  readonly loginsAfter: number
}

const outageLife = 20_000

/** Keystone is there again a moment before the token ends. */
const outage = inWorld(
  ({ call, cloud, logins }) =>
    Effect.gen(function*() {
      // the token is younger than this: all is timed from here, however long the first call takes
      const begun = yield* Clock.currentTimeMillis
      const left = Effect.map(Clock.currentTimeMillis, (now) => begun + outageLife - now)
      const sleepUntilLeft = (share: number) =>
        Effect.flatMap(left, (millis) => Effect.sleep(Math.max(0, millis - outageLife * share)))
      yield* call
      yield* cloud.clearJournal
      const load = yield* Effect.fork(steadyLoad(call, 50, outageLife * 1.25))
      yield* sleepUntilLeft(0.25)
      yield* cloud.misbehave({ service: "identity", kind: { connection: "refused" } })
      yield* sleepUntilLeft(0.01)
      yield* cloud.behave
      const spareMillis = yield* left
      const { attempts } = yield* logins
      yield* cloud.clearJournal
      const outage: Outage = {
        spareMillis,
        load: yield* Fiber.join(load),
        attempts,
        loginsAfter: (yield* logins).attempts
      }
      return outage
    }),
  { tokenLifetime: outageLife }
)

const sessions = 10

const keystoneDown = make(
  {
    storm: "Keystone down for the last quarter of a token's life",
    goal: "0 failed, 1 login when it is back",
    others: "fails"
  },
  "50 seconds",
  Effect.map(Effect.all(Array.from({ length: sessions }, () => outage), { concurrency: "unbounded" }), (outages) => {
    const failures = outages.map(({ load }) => load.all.failed)
    const most = Math.max(...failures)
    const logins = Math.max(...outages.map(({ loginsAfter }) => loginsAfter))
    const attempts = outages.map(({ attempts }) => attempts)
    return {
      reached: `${failed(most)}, ${plural(logins, "login")}`,
      ok: most === 0 && outages.every(({ loginsAfter }) => loginsAfter === 1),
      notes: [
        `the worst of ${sessions} Sessions, each with its own luck: of ${
          plural(outages.reduce((sum, { load: { all } }) => sum + all.succeeded + all.failed, 0), "request")
        } ${failures.join(", ")} failed; attempts while Keystone was down: ${attempts.join(", ")}; it was back ${
          Math.min(...outages.map(({ spareMillis }) => spareMillis)).toFixed(0)
        } ms before a token's end`,
        ...listFailures(tally(outages.flatMap(({ load }) => load.exits)))
      ]
    }
  })
)

// -----------------------------------------------------------------------------
// a service that believes nobody
// -----------------------------------------------------------------------------

const deafCalls = 20

const deafService = make(
  {
    storm: "a service that answers every token with 401",
    goal: "2 requests and 1 extra login per call, no loop",
    others: "the same"
  },
  "10 seconds",
  inWorld((world) =>
    Effect.gen(function*() {
      yield* world.call
      yield* world.cloud.misbehave({ service: "compute", kind: { status: 401 } })
      const costs = yield* Effect.replicateEffect(
        Effect.gen(function*() {
          yield* world.cloud.clearJournal
          const exit = yield* Effect.exit(world.call)
          return { exit, requests: (yield* world.answers).get(401) ?? 0, logins: (yield* world.logins).attempts }
        }),
        deafCalls
      )
      const all = tally(costs.map(({ exit }) => exit))
      const requests = Math.max(...costs.map(({ requests }) => requests))
      const logins = Math.max(...costs.map(({ logins }) => logins))
      return {
        reached: `${plural(requests, "request")}, ${plural(logins, "login")} per call`,
        ok: costs.every(({ logins, requests }) => requests === 2 && logins === 1) &&
          all.failures.get("Unauthorized TokenRejected") === deafCalls,
        notes: [`the most of ${deafCalls} calls in a row`, ...listFailures(all)]
      }
    })
  )
)

/** The row that measures waiting comes first and alone: what the crowds leave on the heap stops the process for seconds. */
export const groups: ReadonlyArray<ReadonlyArray<Storm>> = [
  [shortTokens],
  [keystoneDown],
  [firstRequests],
  [revocation({
    storm: `${figure(crowd)} in flight when the token is revoked`,
    others: "gophercloud 1, 0; keystoneauth1 fails 199 of 200"
  }, 0)],
  [revocation({
    storm: "the same, the 401s trickling in over 10 s",
    others: "gophercloud 1, 0; keystoneauth1 3-6, 18-55 of 200"
  }, "10 seconds")],
  [wrongPasswords],
  [wrongPasswordsInARow],
  [firstCallerInterrupted],
  [overRedis],
  [deafService]
]
