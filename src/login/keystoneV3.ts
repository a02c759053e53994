/** Logs in to Keystone v3 with one or more methods. */
import * as Headers from "@effect/platform/Headers"
import * as HttpBody from "@effect/platform/HttpBody"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as Arr from "effect/Array"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Order from "effect/Order"
import * as Redacted from "effect/Redacted"
import { toEffect } from "../base/either.js"
import * as Memo from "../base/memo.js"
import * as Time from "../base/time.js"
import * as KeystoneUrl from "../endpoint/keystoneUrl.js"
import * as Errors from "../Errors.js"
import * as AuthPlugin from "../identity/AuthPlugin.js"
import * as IdentityKey from "../identity/identityKey.js"
import * as AccessInfo from "../model/AccessInfo.js"
import * as AuthScope from "../model/AuthScope.js"
import { whyNoToken } from "../model/tokenBody.js"
import * as Session from "../session/Session.js"
import * as Page from "../wire/page.js"
import * as Receipt from "../wire/receipt.js"
import type * as Transport from "../wire/Transport.js"
import * as AuthMethod from "./AuthMethod.js"
import * as Keystone from "./keystone.js"
import * as Plugin from "./plugin.js"
import * as TokenRequest from "./tokenRequest.js"

/** What a v3 plugin is made from, besides its options. */
export interface PluginSpec {
  /** The module of this package, for errors: `Password`. */
  readonly module: string
  /** What keystoneauth calls the plugin: `v3password`. */
  readonly name: string
  readonly methods: ReadonlyArray<AuthMethod.AuthMethod>
  /** Why its tokens cannot be exchanged for another scope, if they cannot. */
  readonly bound?: string | undefined
  /** Gets further methods when Keystone wants more than these. */
  readonly onMissing?:
    | ((missing: Errors.MissingAuthMethods) => Effect.Effect<ReadonlyArray<AuthMethod.AuthMethod>, AuthPlugin.Error>)
    | undefined
}

export const make = (
  options: AuthMethod.LoginOptions,
  spec: PluginSpec
): Effect.Effect<AuthPlugin.Service, never, Session.Session> => Keystone.make(login(options, spec))

export const login = (options: AuthMethod.LoginOptions, spec: PluginSpec): Keystone.Login => {
  const { includeCatalog, reauthenticate } = options
  const { bound, methods, module, name, onMissing } = spec
  const readUrl = KeystoneUrl.fromPerson(options.authUrl, module)
  const authUrl = Either.getOrElse(readUrl, () => options.authUrl)
  const scope = AuthScope.toBody(options, module)
  const url = KeystoneUrl.tokens(authUrl, includeCatalog)
  const described = {
    description: methods.map((method) => method.description).join(" and "),
    renewable: methods.every((method) => method.renewable)
  }
  const once = reauthenticate === false || methods.some((method) => method.once)
  const who = { ...described, scope: AuthScope.describe(options) }
  const send = (transport: Transport.Service, methods: ReadonlyArray<AuthMethod.AuthMethod>) =>
    Effect.flatMap(
      toEffect(Either.all([scope, checkEach(methods, module)])),
      ([scope]) => requestToken(transport, { module, url, methods, scope, who })
    )
  return {
    ...described,
    module,
    name,
    authUrl: readUrl,
    url,
    parts: {
      kind: "v3",
      authUrl: KeystoneUrl.v3(authUrl, ""),
      includeCatalog: includeCatalog === false ? false : undefined,
      scope: { ...AuthScope.pick(options) },
      methods: byName(methods).map(({ name, parts }) => ({ name, parts }))
    },
    momentary: {
      methods: byName(methods)
        .filter(({ momentary }) => !IdentityKey.isEmpty(momentary))
        .map(({ momentary, name }) => ({ name, momentary })),
      // a plugin with another function has to log in by itself
      onMissing: onMissing === undefined ? undefined : Memo.objectId(onMissing)
    },
    check: Either.all([scope, hasMethod(methods, module), checkEach(methods, module)]),
    send: (transport) =>
      onMissing === undefined
        ? send(transport, methods)
        : untilEnough((methods) => send(transport, methods), methods, onMissing, 0),
    exchange: (transport, token) => send(transport, [tokenMethod(token)]),
    revoke: (transport, access) => revoke(transport, authUrl, access),
    rescope: (scope) => {
      const other = login({ authUrl: options.authUrl, includeCatalog, reauthenticate, ...scope }, spec)
      return bound === undefined
        ? other
        : { ...other, check: Plugin.invalid(module, "scope", bound) }
    },
    direct: !once,
    once
  }
}

/** Sends further methods with the receipt, as long as Keystone accepts more each time. */
const untilEnough = (
  send: (methods: ReadonlyArray<AuthMethod.AuthMethod>) => Effect.Effect<AccessInfo.AccessInfo, AuthPlugin.Error>,
  methods: ReadonlyArray<AuthMethod.AuthMethod>,
  onMissing: NonNullable<PluginSpec["onMissing"]>,
  accepted: number
): Effect.Effect<AccessInfo.AccessInfo, AuthPlugin.Error> =>
  Effect.catchTag(send(methods), "MissingAuthMethods", (missing) =>
    missing.methods.length <= accepted
      ? Effect.fail(missing)
      : Effect.flatMap(onMissing(missing), (more) =>
        untilEnough(send, [receiptMethod(missing.receipt), ...more], onMissing, missing.methods.length)))

/** The order of the methods does not matter to Keystone. */
const byName = Arr.sortWith(({ name }: AuthMethod.AuthMethod) => name, Order.string)

/** Keystone takes one entry for each method. */
const checkEach = (
  methods: ReadonlyArray<AuthMethod.AuthMethod>,
  module: string
): Either.Either<unknown, Errors.InvalidOptions> => {
  const twice = methods.find(({ name }, index) => methods.findIndex((method) => method.name === name) < index)
  return twice === undefined
    ? Either.all([
      ...methods.map((method) => method.check),
      IdentityKey.check(methods.map(({ momentary, parts }) => [parts, momentary]), module, "methods")
    ])
    : Plugin.invalid(module, "methods", `two of them are called "${twice.name}", and Keystone takes one of each`)
}

const hasMethod = (
  methods: ReadonlyArray<AuthMethod.AuthMethod>,
  module: string
): Either.Either<void, Errors.InvalidOptions> =>
  methods.some((method) => method.name !== receiptName)
    ? Either.void
    : Plugin.invalid(module, "methods", "at least one is required, such as a password")

/** Logs in with a token, which Keystone wants in the header as well. */
export const tokenMethod = (token: Redacted.Redacted): AuthMethod.AuthMethod =>
  AuthMethod.make({
    name: "token",
    prove: () =>
      Effect.succeed({
        entry: { id: Redacted.value(token) },
        headers: AuthPlugin.tokenHeaders(token),
        secrets: [token]
      }),
    parts: { token },
    renewable: false,
    description: "a token"
  })

const receiptName = "receipt"

/** Stands for the methods that Keystone has accepted before: a header, and no entry in `auth.identity`. */
export const receiptMethod = (receipt: Redacted.Redacted): AuthMethod.AuthMethod =>
  AuthMethod.make({
    name: receiptName,
    prove: () =>
      Effect.succeed({
        entry: undefined,
        headers: Headers.unsafeFromRecord({ [Receipt.header]: Redacted.value(receipt) }),
        secrets: [receipt]
      }),
    parts: { receipt },
    once: true,
    description: "a receipt"
  })

interface Request {
  readonly module: string
  readonly url: string
  readonly methods: ReadonlyArray<AuthMethod.AuthMethod>
  readonly scope: unknown
  readonly who: TokenRequest.Who
}

const requestToken = (
  transport: Transport.Service,
  { methods, module, scope, url, who }: Request
): Effect.Effect<AccessInfo.AccessInfo, AuthPlugin.Error> =>
  Effect.gen(function*() {
    const proofs = yield* Effect.forEach(methods, (method) =>
      Effect.map(method.prove(url), (proof) => ({ ...proof, name: method.name })))
    // `check` has seen the parts of the methods, but not what was obtained just now, such as a passcode
    yield* toEffect(IdentityKey.check(proofs.map(({ name, secrets }) => ({ [name]: secrets })), module, "methods"))
    const shown = proofs.filter(({ entry }) =>
      entry !== undefined
    )
    const identity = {
      methods: shown.map(({ name }) => name),
      ...Object.fromEntries(shown.map(({ entry, name }) => [name, entry]))
    }
    const request = HttpClientRequest.post(url, {
      headers: { accept: "application/json" },
      body: HttpBody.unsafeJson({ auth: { identity, ...(scope === undefined ? {} : { scope }) } })
    })
    return yield* TokenRequest.send(transport, request, {
      credentials: AuthMethod.headersOf(proofs),
      secrets: proofs.flatMap(({ secrets }) => secrets),
      field: "X-Subject-Token",
      read: (body, { headers }) =>
        Either.flatMap(
          Either.fromOption(Headers.get(headers, "x-subject-token"), () =>
            Page.isForeign(url)
              ? Page.hidden("X-Subject-Token")
              : "it has no X-Subject-Token header: is this Keystone?"),
          (token) => AccessInfo.fromV3(body, Redacted.make(token), { answeredAt: Time.answeredAt(headers) })
        ),
      refuse: TokenRequest.refusedByKeystone(who)
    })
  })

/** `GET /v3/auth/tokens`: everything that Keystone knows about a token. */
export const lookUp = (
  authUrl: string,
  token: Redacted.Redacted
): Effect.Effect<AccessInfo.AccessInfo, AuthPlugin.Error, Session.Session> =>
  Effect.gen(function*() {
    const url = yield* toEffect(KeystoneUrl.fromPerson(authUrl, "CustomLogin"))
    const why = whyNoToken(Redacted.value(token))
    if (why !== undefined) {
      return yield* new Errors.InvalidOptions({ module: "CustomLogin", option: "token", reason: `it ${why}` })
    }
    const { transport } = yield* Session.Session
    return yield* validate(transport, url, token)
  })

/** The headers of a request about the token that authenticates it. */
const aboutItself = (token: Redacted.Redacted): Headers.Headers =>
  Headers.set(AuthPlugin.tokenHeaders(token), "x-subject-token", Redacted.value(token))

/** `GET /v3/auth/tokens` over a given transport. */
export const validate = (
  transport: Transport.Service,
  authUrl: string,
  token: Redacted.Redacted,
  who: TokenRequest.Who = { description: "a token", renewable: false },
  includeCatalog?: boolean | undefined
): Effect.Effect<AccessInfo.AccessInfo, AuthPlugin.Error> =>
  TokenRequest.send(
    transport,
    HttpClientRequest.get(KeystoneUrl.tokens(authUrl, includeCatalog), { headers: { accept: "application/json" } }),
    {
      credentials: aboutItself(token),
      field: "token",
      read: (body, { headers }) => AccessInfo.fromV3(body, token, { answeredAt: Time.answeredAt(headers) }),
      refuse: TokenRequest.refusedByKeystone(who)
    }
  )

/** `DELETE /v3/auth/tokens`. Errors are ignored: the token ends by itself. */
export const revoke = (
  transport: Transport.Service,
  authUrl: string,
  access: AccessInfo.AccessInfo
): Effect.Effect<void> =>
  transport.text(
    HttpClientRequest.del(KeystoneUrl.v3(authUrl, "/auth/tokens")),
    { phase: "login", timeout: "5 seconds", credentials: aboutItself(access.token) }
  ).pipe(Effect.ignore)
