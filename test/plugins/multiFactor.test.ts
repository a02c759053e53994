import { assert, describe, it } from "@effect/vitest"
import { Cause, Effect, Exit, Inspectable, Layer, Option, Redacted, TestClock } from "effect"
import { AuthMethod, AuthPlugin, Errors, IssuedToken, MultiFactor, Password, Session, Totp } from "effect-keystoneauth"
import * as TestCloud from "effect-keystoneauth/TestCloud"
import { inspect } from "node:util"
import { assertTag, Compute, projectOf, servers, shownInLogins } from "../support.js"

const cloudWith = (demo: TestCloud.LoginRules, options?: TestCloud.Options) =>
  Layer.provideMerge(Compute.layer, TestCloud.layer({ ...options, identity: { users: { demo } } }))

const passcodes = ["135790", "246801", "357912"]

const [first, second, third] = passcodes.map((passcode) => Redacted.make(passcode)) as [
  Redacted.Redacted,
  Redacted.Redacted,
  Redacted.Redacted
]

const wrong = Redacted.make("999999")

const bothNeeded = { passcodes, multiFactorAuthRules: [["password", "totp"]] }

const options = Effect.map(TestCloud.TestCloud, ({ accounts: { demo }, authUrl }) => {
  const { password, projectId, userDomainId, username } = demo
  return { login: { authUrl, projectId }, user: { username, userDomainId }, password }
})

/** Passcodes one after the other, as a person reads them from a device. */
const device = (passcodes: ReadonlyArray<Redacted.Redacted>) => {
  let asked = 0
  return {
    next: Effect.sync(() => passcodes[asked++] ?? wrong),
    asked: () => asked
  }
}

describe("Totp", () => {
  const plugin = (passcode: Totp.Passcode, more?: Partial<Totp.Options>) =>
    Effect.map(options, ({ login, user }) => Totp.layer({ ...login, ...user, passcode, ...more }))

  it.effect("a passcode logs in once, and the token is not renewed", () =>
    Effect.gen(function*() {
      const cloud = yield* TestCloud.TestCloud
      const totp = yield* plugin(first)
      const many = yield* Effect.all(
        Array.from({ length: 100 }, () => Effect.provide(servers, totp)),
        { concurrency: "unbounded" }
      )
      assert.isTrue(many.every(({ status }) => status === 200))
      assert.deepStrictEqual(yield* shownInLogins, ["totp"])
      const access = Option.getOrThrow(yield* Effect.provide(AuthPlugin.access, totp))
      assert.deepStrictEqual(access.methods, ["totp"])
      yield* cloud.revokeTokens()
      const error = yield* Effect.flip(Effect.provide(servers, totp))
      assertTag(error, "Unauthorized")
      assert.strictEqual(error.reason, "TokenNotRenewable")
      assertTag(yield* Effect.flip(Effect.provide(servers, totp)), "Unauthorized")
      assert.deepStrictEqual(yield* shownInLogins, ["totp"])
    }).pipe(Effect.provide(cloudWith({ passcodes }))))

  it.effect("a token from a passcode is not renewed, and requests fail after its end", () =>
    Effect.gen(function*() {
      const totp = yield* plugin(first)
      for (let second = 0; second < 58; second++) {
        assert.strictEqual((yield* Effect.provide(servers, totp)).status, 200)
        yield* TestClock.adjust("1 seconds")
      }
      yield* TestClock.adjust("3 seconds")
      const error = yield* Effect.flip(Effect.provide(servers, totp))
      assertTag(error, "Unauthorized")
      assert.strictEqual(error.reason, "TokenNotRenewable")
      assert.deepStrictEqual(yield* shownInLogins, ["totp"])
    }).pipe(Effect.provide(cloudWith({ passcodes }, { tokenLifetime: "1 minute" }))))

  it.effect("an Effect gives a new passcode for each login", () =>
    Effect.gen(function*() {
      const cloud = yield* TestCloud.TestCloud
      const { asked, next } = device([first, second, third])
      const totp = yield* plugin(next)
      for (let login = 1; login <= 3; login++) {
        yield* Effect.provide(servers, totp)
        yield* Effect.provide(servers, totp)
        assert.strictEqual(asked(), login)
        yield* cloud.revokeTokens()
      }
      const error = yield* Effect.flip(Effect.provide(servers, totp))
      assertTag(error, "Unauthorized")
      assert.strictEqual(error.reason, "LoginRejected")
      assert.deepStrictEqual(yield* shownInLogins, ["totp", "totp", "totp", "totp"])
    }).pipe(Effect.provide(cloudWith({ passcodes }))))

  it.effect("another passcode or another Effect does not get the existing token", () =>
    Effect.gen(function*() {
      yield* Effect.provide(servers, yield* plugin(first))
      const others = [wrong, Effect.succeed(wrong), Effect.succeed(wrong)]
      for (const passcode of others) {
        const error = yield* Effect.flip(Effect.provide(servers, yield* plugin(passcode)))
        assertTag(error, "Unauthorized")
        assert.strictEqual(error.reason, "LoginRejected")
        assert.notInclude(error.message, "999999")
      }
      assert.lengthOf(yield* shownInLogins, 4)
      // a plugin that may log in again does not get the token of one that may not
      yield* Effect.provide(servers, yield* plugin(second))
      assert.lengthOf(yield* shownInLogins, 5)
    }).pipe(Effect.provide(cloudWith({ passcodes }))))

  it.effect("has a cacheId of the user, without the passcode", () =>
    Effect.gen(function*() {
      const { login, user } = yield* options
      const id = (more: Partial<Totp.Options>) =>
        Effect.flatMap(Totp.make({ ...login, ...user, passcode: first, ...more }), ({ cacheId }) => cacheId)
      assert.deepStrictEqual(yield* id({}), yield* id({ passcode: second }))
      assert.deepStrictEqual(yield* id({}), yield* id({ passcode: Effect.succeed(second) }))
      assert.notDeepEqual(yield* id({}), yield* id({ username: "another" }))
      assert.notDeepEqual(yield* id({}), yield* id({ projectId: "another" }))
      const password = yield* Password.make({ ...login, ...user, password: first })
      assert.notDeepEqual(yield* id({}), yield* password.cacheId)
    }).pipe(Effect.provide(cloudWith({ passcodes }))))

  it.effect("a stored authState needs no passcode", () =>
    Effect.gen(function*() {
      const { login, user } = yield* options
      const totp = yield* Totp.make({ ...login, ...user, passcode: first })
      const { "x-auth-token": token } = yield* totp.headers
      const state = Option.getOrThrow(yield* totp.authState)
      const later = yield* Effect.gen(function*() {
        const plugin = yield* Totp.make({ ...login, ...user, passcode: Effect.dieMessage("nobody is to be asked") })
        yield* plugin.setAuthState(state)
        return yield* plugin.headers
      }).pipe(Effect.provide(Layer.fresh(Session.layer())))
      assert.strictEqual(later["x-auth-token"], token)
      assert.deepStrictEqual(yield* shownInLogins, ["totp"])
    }).pipe(Effect.provide(cloudWith({ passcodes }))))
})

describe("MultiFactor", () => {
  const factors = Effect.map(options, ({ password, user, ...rest }) => ({
    ...rest,
    byPassword: Password.method({ ...user, password }),
    byPasscode: (passcode: Totp.Passcode) => Totp.method({ ...user, passcode })
  }))

  const missingOf = <A, E extends { readonly _tag: string }, R>(
    request: Effect.Effect<A, E | Errors.MissingAuthMethods, R>
  ) =>
    Effect.map(Effect.flip(request), (error): Errors.MissingAuthMethods => {
      if (!(error instanceof Errors.MissingAuthMethods)) return assert.fail(`it failed with ${error._tag}`)
      return error
    })

  it.effect("sends both methods in one request", () =>
    Effect.gen(function*() {
      const { byPasscode, byPassword, login } = yield* factors
      const { projectId } = login
      const plugin = MultiFactor.layer({ ...login, methods: [byPassword, byPasscode(first)] })
      assert.strictEqual((yield* Effect.provide(servers, plugin)).status, 200)
      assert.deepStrictEqual(yield* Effect.flatMap(Effect.provide(servers, plugin), projectOf), [projectId])
      assert.deepStrictEqual(yield* shownInLogins, ["password+totp"])
      const access = Option.getOrThrow(yield* Effect.provide(AuthPlugin.access, plugin))
      assert.deepStrictEqual(access.methods, ["password", "totp"])
      // with one wrong method, Keystone gives no receipt
      for (const methods of [[byPassword, byPasscode(wrong)], [byPasscode(wrong), byPassword]]) {
        assertTag(yield* Effect.flip(Effect.provide(servers, MultiFactor.layer({ ...login, methods }))), "Unauthorized")
      }
    }).pipe(Effect.provide(cloudWith(bothNeeded))))

  it.effect("needs a method", () =>
    Effect.gen(function*() {
      const { login } = yield* factors
      for (const methods of [[], [MultiFactor.receipt(Redacted.make("r"))]]) {
        const error = yield* Effect.flip(Effect.provide(servers, MultiFactor.layer({ ...login, methods })))
        assertTag(error, "InvalidOptions")
        assert.strictEqual(error.option, "methods")
      }
      assert.deepStrictEqual(yield* shownInLogins, [])
    }).pipe(Effect.provide(cloudWith(bothNeeded))))

  it.effect("one method of two fails for all callers with the missing one; the receipt is not shown", () =>
    Effect.gen(function*() {
      const cloud = yield* TestCloud.TestCloud
      const { byPasscode, login } = yield* factors
      // the Password plugin, in an outer layer
      const [exit, ...others] = yield* Effect.all(Array.from({ length: 100 }, () => Effect.exit(servers)), {
        concurrency: "unbounded"
      })
      assert.isTrue(others.every(Exit.isFailure))
      assert.deepStrictEqual(yield* shownInLogins, ["password"])
      assert.isDefined(exit)
      if (exit === undefined || Exit.isSuccess(exit)) return assert.fail("it logged in")
      const missing = Option.getOrThrow(Cause.failureOption(exit.cause))
      assertTag(missing, "MissingAuthMethods")
      assert.deepStrictEqual(missing.methods, ["password"])
      assert.deepStrictEqual(missing.requiredAuthMethods, [["password", "totp"]])
      assert.deepStrictEqual(missing.missing, [["totp"]])
      assert.strictEqual(missing.expiresAt?.epochMillis, 300_000)
      assert.match(missing.message, /Keystone accepts password of user .* and needs totp as well \(request req-/)
      const receipt = Redacted.value(missing.receipt)
      assert.isTrue((yield* cloud.secrets).includes(receipt))
      const shown = [
        missing.message,
        String(missing),
        missing.stack ?? "",
        JSON.stringify(missing),
        JSON.stringify(exit),
        inspect(missing, { depth: 20, showHidden: true }),
        inspect(exit, { depth: 20 }),
        Inspectable.toStringUnknown(missing),
        Cause.pretty(exit.cause),
        JSON.stringify(yield* cloud.journal)
      ]
      assert.deepStrictEqual(shown.filter((text) => text.includes(receipt)), [])
      // also not where Keystone quotes it
      const ended = MultiFactor.continueWith(missing, { ...login, methods: [byPasscode(first)] })
      yield* TestClock.adjust("5 minutes")
      const refused = yield* Effect.exit(Effect.provide(servers, ended))
      if (Exit.isSuccess(refused)) return assert.fail("an ended receipt was accepted")
      assert.include(Cause.pretty(refused.cause), "Could not find auth receipt")
      assert.notInclude(Cause.pretty(refused.cause) + JSON.stringify(refused), receipt)
    }).pipe(Effect.provide(cloudWith(bothNeeded))))

  it.effect("continues with the receipt, within five minutes", () =>
    Effect.gen(function*() {
      const cloud = yield* TestCloud.TestCloud
      const { byPasscode, login } = yield* factors
      const missing = yield* missingOf(servers)
      yield* TestClock.adjust("299 seconds")
      const going = MultiFactor.continueWith(missing, { ...login, methods: [byPasscode(first)] })
      assert.strictEqual((yield* Effect.provide(servers, going)).status, 200)
      assert.strictEqual((yield* Effect.provide(servers, going)).status, 200)
      assert.deepStrictEqual(yield* shownInLogins, ["password", "totp"])
      const access = Option.getOrThrow(yield* Effect.provide(AuthPlugin.access, going))
      assert.deepStrictEqual(access.methods, ["password", "totp"])
      const entry = (yield* cloud.journal).find(({ methods }) => methods?.[0] === "totp")
      assert.match(entry?.headers["openstack-auth-receipt"] ?? "", /^receipt-\d+$/)
      // another receipt is another login, and the passcode has been used
      yield* cloud.revokeTokens()
      const error = yield* Effect.flip(Effect.provide(servers, going))
      assertTag(error, "Unauthorized")
      assert.strictEqual(error.reason, "TokenNotRenewable")
    }).pipe(Effect.provide(cloudWith(bothNeeded))))

  it.effect("calls onMissing, and the login succeeds", () =>
    Effect.gen(function*() {
      const cloud = yield* TestCloud.TestCloud
      const { byPasscode, byPassword, login } = yield* factors
      const { asked, next } = device([first, second])
      const told: Array<ReadonlyArray<ReadonlyArray<string>>> = []
      const plugin = MultiFactor.layer({
        ...login,
        methods: [byPassword],
        onMissing: ({ missing }) => {
          told.push(missing)
          return Effect.map(next, (passcode) => [byPasscode(passcode)])
        }
      })
      const requests = Effect.all(Array.from({ length: 100 }, () => Effect.provide(servers, plugin)), {
        concurrency: "unbounded"
      })
      assert.isTrue((yield* requests).every(({ status }) => status === 200))
      assert.strictEqual(asked(), 1)
      yield* cloud.revokeTokens()
      assert.isTrue((yield* requests).every(({ status }) => status === 200))
      assert.strictEqual(asked(), 2)
      assert.deepStrictEqual(told, [[["totp"]], [["totp"]]])
      assert.deepStrictEqual(yield* shownInLogins, ["password", "totp", "password", "totp"])
    }).pipe(Effect.provide(cloudWith(bothNeeded))))

  it.effect("a plugin with another onMissing, or with none, does not get the existing token", () =>
    Effect.gen(function*() {
      const { byPasscode, byPassword, login } = yield* factors
      const plugin = (passcode: Redacted.Redacted) =>
        MultiFactor.layer({
          ...login,
          methods: [byPassword],
          onMissing: () => Effect.succeed([byPasscode(passcode)])
        })
      assert.strictEqual((yield* Effect.provide(servers, plugin(first))).status, 200)
      assertTag(yield* Effect.flip(Effect.provide(servers, plugin(wrong))), "Unauthorized")
      const password = MultiFactor.layer({ ...login, methods: [byPassword] })
      yield* missingOf(Effect.provide(servers, password))
      const fixed = (passcode: Redacted.Redacted) =>
        MultiFactor.layer({ ...login, methods: [byPassword, byPasscode(passcode)] })
      assert.strictEqual((yield* Effect.provide(servers, fixed(second))).status, 200)
      assertTag(yield* Effect.flip(Effect.provide(servers, fixed(wrong))), "Unauthorized")
    }).pipe(Effect.provide(cloudWith(bothNeeded))))

  it.effect("calls onMissing as long as Keystone accepts more each time", () =>
    Effect.gen(function*() {
      const { byPasscode, byPassword, login } = yield* factors
      let asked = 0
      const plugin = (more: () => AuthMethod.AuthMethod) =>
        MultiFactor.layer({
          ...login,
          methods: [byPassword],
          onMissing: () => Effect.sync(() => (asked++, [more()]))
        })
      // Keystone accepts a password again, but that is no progress
      const stuck = yield* missingOf(
        Effect.provide(servers, plugin(() => byPassword))
      )
      assert.deepStrictEqual(stuck.methods, ["password"])
      assert.strictEqual(asked, 1)
      // a third method, which does not exist
      const never = yield* missingOf(
        Effect.provide(servers, plugin(() => byPasscode(first)))
      )
      assert.deepStrictEqual(never.methods, ["password", "totp"])
      assert.deepStrictEqual(never.missing, [["oauth1"]])
      assert.deepStrictEqual(yield* shownInLogins, ["password", "password", "password", "totp", "totp"])
      assert.strictEqual(asked, 3)
    }).pipe(Effect.provide(cloudWith({
      passcodes: (passcode) => passcode === "135790",
      multiFactorAuthRules: [["password", "totp", "oauth1"]]
    }))))

  it.effect("a method whose proof fails makes the login fail, and nothing is sent", () =>
    Effect.gen(function*() {
      const { byPassword, login } = yield* factors
      const unknownDevice = new Errors.InvalidOptions({
        module: "test",
        option: "passcode",
        reason: "the device is lost"
      })
      const lost = AuthMethod.make({
        name: "totp",
        prove: () => Effect.fail(unknownDevice),
        parts: {},
        description: "a lost device"
      })
      const error = yield* Effect.flip(
        Effect.provide(servers, MultiFactor.layer({ ...login, methods: [byPassword, lost] }))
      )
      assert.strictEqual(String(error), String(unknownDevice))
      assert.deepStrictEqual(yield* shownInLogins, [])
    }).pipe(Effect.provide(cloudWith(bothNeeded))))

  it.effect("has a cacheId of all its methods, without passcodes", () =>
    Effect.gen(function*() {
      const { byPasscode, byPassword, login } = yield* factors
      const { password, user } = yield* options
      const id = (more: Partial<MultiFactor.Options>) =>
        Effect.flatMap(
          MultiFactor.make({ ...login, methods: [byPassword, byPasscode(first)], ...more }),
          ({ cacheId }) => Effect.map(cacheId, Option.getOrThrow)
        )
      assert.strictEqual(yield* id({}), yield* id({ methods: [byPassword, byPasscode(second)] }))
      assert.strictEqual(yield* id({}), yield* id({ onMissing: () => Effect.succeed([]) }))
      const ids = [
        yield* id({}),
        yield* id({ projectId: "another" }),
        yield* id({ methods: [byPassword] }),
        yield* id({ methods: [byPasscode(first)] }),
        yield* id({ methods: [Password.method({ ...user, password: wrong }), byPasscode(first)] }),
        yield* id({ methods: [Password.method({ ...user, password }), Totp.method({ userId: "u", passcode: first })] })
      ]
      assert.strictEqual(new Set(ids).size, ids.length)
    }).pipe(Effect.provide(cloudWith(bothNeeded))))
})

describe("IssuedToken", () => {
  it.effect("is used until it ends, and sends nothing to Keystone", () =>
    Effect.gen(function*() {
      const cloud = yield* TestCloud.TestCloud
      const access = Option.getOrThrow(yield* AuthPlugin.access)
      yield* servers
      yield* cloud.clearJournal
      const issued = IssuedToken.layer({ access, authUrl: cloud.authUrl })
      assert.strictEqual((yield* Effect.provide(servers, issued)).status, 200)
      yield* cloud.revokeTokens()
      const error = yield* Effect.flip(Effect.provide(servers, issued))
      assertTag(error, "Unauthorized")
      assert.strictEqual(error.reason, "TokenNotRenewable")
      assert.deepStrictEqual((yield* cloud.journal).filter(({ service }) => service === "identity"), [])
      const plugin = IssuedToken.make({ access })
      assert.isTrue(Option.isNone(yield* plugin.cacheId) && Option.isNone(yield* plugin.authState))
      assertTag(yield* Effect.flip(plugin.withScope({ unscoped: true })), "InvalidOptions")
      assertTag(yield* Effect.flip(plugin.setAuthState(Redacted.make("x"))), "InvalidOptions")
    }).pipe(Effect.provide(cloudWith({}))))
})
