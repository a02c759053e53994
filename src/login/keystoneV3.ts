/** Logging in to Keystone v3, by whatever methods: one request, one token. */
import * as Headers from "@effect/platform/Headers"
import * as HttpBody from "@effect/platform/HttpBody"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as Arr from "effect/Array"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Order from "effect/Order"
import * as Redacted from "effect/Redacted"
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

/** Who logs in. */
export interface Identity {
  /** Of this package, for errors: `Password`. */
  readonly module: string
  /** As keystoneauth calls the plugin: `v3password`. */
  readonly name: string
  readonly methods: ReadonlyArray<AuthMethod.AuthMethod>
  /** Why its tokens are for one thing only, if they are. */
  readonly bound?: string | undefined
  /** What else to show, where these methods are not enough. */
  readonly onMissing?:
    | ((missing: Errors.MissingAuthMethods) => Effect.Effect<ReadonlyArray<AuthMethod.AuthMethod>, AuthPlugin.Error>)
    | undefined
}

export const make = (
  options: AuthMethod.LoginOptions,
  identity: Identity
): Effect.Effect<AuthPlugin.Service, never, Session.Session> => Keystone.make(login(options, identity))

export const login = (options: AuthMethod.LoginOptions, identity: Identity): Keystone.Login => {
  const { includeCatalog, reauthenticate } = options
  const { bound, methods, module, name, onMissing } = identity
  const readUrl = KeystoneUrl.fromPerson(options.authUrl, module)
  const authUrl = Either.getOrElse(readUrl, () => options.authUrl)
  const scope = AuthScope.toBody(options, module)
  const url = KeystoneUrl.tokens(authUrl, includeCatalog)
  const described = {
    description: methods.map((method) => method.description).join(" and "),
    renewable: methods.every((method) => method.renewable)
  }
  const once = reauthenticate === false || methods.some((method) => method.once)
  const send = (transport: Transport.Service, methods: ReadonlyArray<AuthMethod.AuthMethod>) =>
    Effect.flatMap(
      Either.all([scope, checkEach(methods, module)]),
      ([scope]) => requestToken(transport, { module, url, methods, scope, options, login: described })
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
      // who answers otherwise has to show that the answer is right
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
      const other = login({ authUrl: options.authUrl, includeCatalog, reauthenticate, ...scope }, identity)
      return bound === undefined
        ? other
        : { ...other, check: Either.left(new Errors.InvalidOptions({ module, option: "scope", reason: bound })) }
    },
    direct: !once,
    once
  }
}

/** Shows what is missing as long as Keystone accepts more each time. */
const untilEnough = (
  send: (methods: ReadonlyArray<AuthMethod.AuthMethod>) => Effect.Effect<AccessInfo.AccessInfo, AuthPlugin.Error>,
  methods: ReadonlyArray<AuthMethod.AuthMethod>,
  onMissing: NonNullable<Identity["onMissing"]>,
  accepted: number
): Effect.Effect<AccessInfo.AccessInfo, AuthPlugin.Error> =>
  Effect.catchTag(send(methods), "MissingAuthMethods", (missing) =>
    missing.methods.length <= accepted
      ? Effect.fail(missing)
      : Effect.flatMap(onMissing(missing), (more) =>
        untilEnough(send, [receiptMethod(missing.receipt), ...more], onMissing, missing.methods.length)))

/** The order in which methods are shown decides nothing. */
const byName = Arr.sortWith(({ name }: AuthMethod.AuthMethod) => name, Order.string)

/** Keystone takes one entry for each name. */
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
    : Either.left(
      new Errors.InvalidOptions({
        module,
        option: "methods",
        reason: `two of them are called "${twice.name}", and Keystone takes one of each`
      })
    )
}

const hasMethod = (
  methods: ReadonlyArray<AuthMethod.AuthMethod>,
  module: string
): Either.Either<void, Errors.InvalidOptions> =>
  methods.some((method) => method.name !== receiptName)
    ? Either.void
    : Either.left(
      new Errors.InvalidOptions({ module, option: "methods", reason: "at least one is needed, such as a password" })
    )

/** A token shows who one is, too. Keystone wants it in the header as well. */
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

/** Not a method that Keystone knows, but what earlier ones have left. */
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

interface TokenRequest {
  readonly module: string
  readonly url: string
  readonly methods: ReadonlyArray<AuthMethod.AuthMethod>
  readonly scope: unknown
  readonly options: AuthScope.AuthScope
  readonly login: Pick<Keystone.Login, "description" | "renewable">
}

const requestToken = (
  transport: Transport.Service,
  { login, methods, module, options, scope, url }: TokenRequest
): Effect.Effect<AccessInfo.AccessInfo, AuthPlugin.Error> =>
  Effect.gen(function*() {
    const proofs = yield* Effect.forEach(methods, (method) =>
      Effect.map(method.prove(url), (proof) => ({ ...proof, name: method.name })))
    // what was asked for just now, such as a passcode, is in no part
    yield* IdentityKey.check(proofs.map(({ name, secrets }) => ({ [name]: secrets })), module, "methods")
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
    const response = yield* transport.text(request, {
      phase: "login",
      credentials: AuthMethod.headersOf(proofs),
      secrets: proofs.flatMap(({ secrets }) => secrets)
    })
    return response.status < 400 ? yield* readAnswer(request, response) : yield* Effect.flip(
      Keystone.rejection(response, {
        login,
        method: request.method,
        url,
        scope: AuthScope.describe(options)
      })
    )
  })

/** From the answer of `POST /v3/auth/tokens`. */
const readAnswer = (
  request: HttpClientRequest.HttpClientRequest,
  response: Transport.TextResponse
): Either.Either<AccessInfo.AccessInfo, Errors.InvalidResponse> =>
  Keystone.readToken(response, request, "X-Subject-Token", (body) =>
    Either.flatMap(
      Either.fromOption(Headers.get(response.headers, "x-subject-token"), () =>
        Page.isForeign(request.url)
          ? Page.hidden("X-Subject-Token")
          : "it has no X-Subject-Token header: is this Keystone?"),
      (token) => AccessInfo.fromV3(body, Redacted.make(token), { answeredAt: Time.answeredAt(response.headers) })
    ))

/** `GET /v3/auth/tokens`: what is said in a token of which only the text is known. */
export const lookUp = (
  authUrl: string,
  token: Redacted.Redacted
): Effect.Effect<AccessInfo.AccessInfo, AuthPlugin.Error, Session.Session> =>
  Effect.gen(function*() {
    const url = yield* KeystoneUrl.fromPerson(authUrl, "CustomLogin")
    const why = whyNoToken(Redacted.value(token))
    if (why !== undefined) {
      return yield* new Errors.InvalidOptions({ module: "CustomLogin", option: "token", reason: `it ${why}` })
    }
    const { transport } = yield* Session.Session
    return yield* validate(transport, url, token)
  })

/** What a token shows to ask about itself. */
const aboutItself = (token: Redacted.Redacted): Headers.Headers =>
  Headers.set(AuthPlugin.tokenHeaders(token), "x-subject-token", Redacted.value(token))

/** The same over a transport, of somebody in particular. */
export const validate = (
  transport: Transport.Service,
  authUrl: string,
  token: Redacted.Redacted,
  login: Pick<Keystone.Login, "description" | "renewable"> = { description: "a token", renewable: false },
  includeCatalog?: boolean | undefined
): Effect.Effect<AccessInfo.AccessInfo, AuthPlugin.Error> =>
  Effect.gen(function*() {
    const url = KeystoneUrl.tokens(authUrl, includeCatalog)
    const request = HttpClientRequest.get(url, { headers: { accept: "application/json" } })
    const response = yield* transport.text(request, { phase: "login", credentials: aboutItself(token) })
    if (response.status >= 400) {
      return yield* Effect.flip(
        Keystone.rejection(response, { login, scope: undefined, method: request.method, url })
      )
    }
    return yield* Keystone.readToken(
      response,
      request,
      "token",
      (body) => AccessInfo.fromV3(body, token, { answeredAt: Time.answeredAt(response.headers) })
    )
  })

/** `DELETE /v3/auth/tokens`. A token that cannot be revoked ends by itself. */
export const revoke = (
  transport: Transport.Service,
  authUrl: string,
  access: AccessInfo.AccessInfo
): Effect.Effect<void> =>
  transport.text(
    HttpClientRequest.del(KeystoneUrl.v3(authUrl, "/auth/tokens")),
    { phase: "login", timeout: "5 seconds", credentials: aboutItself(access.token) }
  ).pipe(Effect.ignore)
