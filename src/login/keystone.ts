/** A plugin whose token comes from Keystone, of either version: kept by the Session, renewed, and rescoped. */
import * as Headers from "@effect/platform/Headers"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Errors from "../Errors.js"
import * as AuthPlugin from "../identity/AuthPlugin.js"
import * as IdentityKey from "../identity/identityKey.js"
import * as Known from "../identity/known.js"
import * as TokenLife from "../identity/tokenLife.js"
import * as Tokens from "../identity/Tokens.js"
import type * as AccessInfo from "../model/AccessInfo.js"
import type * as AuthScope from "../model/AuthScope.js"
import { whyNoLogin } from "../model/tokenBody.js"
import * as Url from "../safety/url.js"
import * as Session from "../session/Session.js"
import * as CloudName from "../wire/cloudName.js"
import * as Faults from "../wire/faults.js"
import * as Page from "../wire/page.js"
import * as Receipt from "../wire/receipt.js"
import type * as Transport from "../wire/Transport.js"
import * as AuthState from "./authState.js"

/** How one identity gets its tokens. */
export interface Login {
  /** Of this package, for errors: `Password`. */
  readonly module: string
  /** As keystoneauth calls the plugin: `v3password`. */
  readonly name: string
  /** As a person wrote it. */
  readonly authUrl: Either.Either<string, Errors.InvalidOptions>
  /** Where the login goes. */
  readonly url: string
  /** What the token depends on, the scope included. */
  readonly parts: IdentityKey.Sources
  /** What tells two logins apart besides. */
  readonly momentary: IdentityKey.Structure
  /** What is wrong with the options: the caller's at once, so that no login is tried and none has to rest. */
  readonly check: Either.Either<unknown, Errors.InvalidOptions>
  readonly send: (transport: Transport.Service) => Effect.Effect<AccessInfo.AccessInfo, AuthPlugin.Error>
  /** The same scope from another token of this identity. */
  readonly exchange: (
    transport: Transport.Service,
    token: Redacted.Redacted
  ) => Effect.Effect<AccessInfo.AccessInfo, AuthPlugin.Error>
  readonly revoke: (transport: Transport.Service, access: AccessInfo.AccessInfo) => Effect.Effect<void>
  readonly rescope: (scope: AuthScope.AuthScope) => Login
  /** Can it log in for any scope, without a token of another one? */
  readonly direct: boolean
  readonly renewable: boolean
  readonly once: boolean
  readonly description: string
}

/** Building it checks and sends nothing. */
export const make = (login: Login): Effect.Effect<AuthPlugin.Service, never, Session.Session> =>
  Effect.map(fromLogin(login, Option.none()), ({ plugin }) => plugin)

/** The same for another scope, always by way of the first token. */
export const makeScoped = (
  login: Login,
  scope: AuthScope.AuthScope
): Effect.Effect<AuthPlugin.Service, never, Session.Session> =>
  Effect.flatMap(fromLogin(login, Option.none()), ({ withScope }) => withScope(scope))

/** A plugin that a token can be taken from, to be exchanged for one of another scope. */
interface Root {
  /** Of its parts. */
  readonly own: string
  readonly plugin: AuthPlugin.Service
  readonly access: Effect.Effect<AccessInfo.AccessInfo, AuthPlugin.Error>
  readonly drop: (token: Redacted.Redacted) => Effect.Effect<void>
}

interface Made {
  readonly own: string
  readonly plugin: AuthPlugin.Service
  readonly withScope: (scope: AuthScope.AuthScope) => Effect.Effect<AuthPlugin.Service>
}

const fromLogin = (login: Login, root: Option.Option<Root>): Effect.Effect<Made, never, Session.Session> =>
  Effect.gen(function*() {
    const session = yield* Session.Session
    const { tokens, transport } = session
    const cacheId = yield* tokens.key(login.parts)
    // who may not log in again must not live on the tokens of those who may
    const own = login.once || !IdentityKey.isEmpty(login.momentary)
      ? yield* tokens.key({ ...login.parts, momentary: login.momentary, once: login.once })
      : cacheId
    // apart from the token of a direct login: two plugins, each for the other's scope, would wait for each other forever
    const key = Option.isNone(root) ? own : yield* tokens.key({ kind: "exchanged", own, root: root.value.own })
    const authUrl = Either.getOrElse(login.authUrl, () => login.url)
    const cloud = CloudName.of(authUrl)
    const identity: Tokens.Identity = {
      key,
      login: getToken(transport, login, root).pipe(
        Effect.withSpan("AuthPlugin.login", {
          attributes: {
            "openstack.auth.plugin": login.name,
            "openstack.cloud": cloud,
            "url.full": Url.shown(authUrl)
          }
        })
      ),
      renewable: login.renewable && !login.once,
      // as long as the first token lasts, it can be exchanged again
      once: login.once && Option.isNone(root),
      revoke: (access) => login.revoke(transport, access),
      description: login.description,
      url: Url.shown(login.url),
      labels: { plugin: login.name, cloud }
    }
    const checked = check(login)
    const access = Either.match(checked, { onLeft: Effect.fail, onRight: () => tokens.get(identity) })
    const drop = (token: Redacted.Redacted) => tokens.invalidate(identity, token)
    const plugin = Known.access.by(
      AuthPlugin.make({
        name: login.name,
        headers: Effect.map(access, (info) => AuthPlugin.tokenHeaders(info.token)),
        access: Effect.asSome(access),
        authUrl: Either.getRight(login.authUrl),
        cacheId: Effect.succeedSome(cacheId),
        authState: Effect.map(tokens.peek(identity), Option.flatMap(AuthState.write)),
        setAuthState: (state) =>
          Redacted.value(state) === ""
            ? Effect.flatMap(tokens.peek(identity), Effect.transposeMapOption(({ token }) => drop(token)))
            : Effect.flatMap(AuthState.read(login.module, state), (access) => tokens.put(identity, access)),
        invalidate: (rejected) =>
          Option.match(Headers.get(rejected, "x-auth-token"), {
            onNone: () => Effect.succeed(true),
            onSome: (token) => Effect.as(drop(Redacted.make(token)), !identity.once)
          }),
        withScope: (scope) => withScope(scope)
      }),
      (now) => Either.isRight(checked) ? tokens.known(identity, now) : undefined
    )
    const first = Option.getOrElse(root, (): Root => ({ own, plugin, access, drop }))
    const withScope = (scope: AuthScope.AuthScope): Effect.Effect<AuthPlugin.Service> => {
      const other = login.rescope(scope)
      return fromLogin(other, Option.some(first)).pipe(
        Effect.provideService(Session.Session, session),
        // its own scope: its token comes from no other
        Effect.map((made) => made.own === first.own && Either.isRight(check(other)) ? first.plugin : made.plugin)
      )
    }
    return { own, plugin, withScope }
  })

const check = ({ authUrl, check, module, momentary, parts }: Login): Either.Either<unknown, Errors.InvalidOptions> =>
  Either.all([authUrl, check, IdentityKey.check([parts, momentary], module, "parts")])

/**
 * From the token of the first scope, if there is one: no password is sent, and nobody is asked for a passcode. Where Keystone
 * does not allow it (trusts, or by configuration) by a login of its own.
 */
const getToken = (
  transport: Transport.Service,
  login: Login,
  root: Option.Option<Root>
): Effect.Effect<AccessInfo.AccessInfo, AuthPlugin.Error> => {
  if (Option.isNone(root)) {
    return login.send(transport)
  }
  const { access, drop } = root.value
  const first = login.renewable && !login.once ? lasting(access) : access
  const logInInstead = (refused: AuthPlugin.Error) => login.direct ? login.send(transport) : Effect.fail(refused)
  const exchange = (
    token: Redacted.Redacted,
    unknown: (refused: AuthPlugin.Error) => Effect.Effect<AccessInfo.AccessInfo, AuthPlugin.Error>
  ) =>
    Effect.catchTags(login.exchange(transport, token), {
      Unauthorized: logInInstead,
      Forbidden: logInInstead,
      NotFound: unknown
    })
  return Effect.flatMap(first, ({ token }) =>
    // Keystone does not know the first token any more: nobody should go on with it. Another one does for all scopes
    exchange(token, () =>
      Effect.zipRight(drop(token), Effect.flatMap(access, (next) => exchange(next.token, logInInstead)))))
}

/** What comes of a token ends with it: not one, then, that is about to be renewed itself. */
const lasting = (
  access: Effect.Effect<AccessInfo.AccessInfo, AuthPlugin.Error>
): Effect.Effect<AccessInfo.AccessInfo, AuthPlugin.Error> =>
  Effect.flatMap(
    access,
    (first) => Effect.provideService(access, Tokens.LeastLife, TokenLife.worthwhile(first))
  )

/** What the answer to a login says, if it is not a token. */
export const rejection = (
  response: Transport.TextResponse,
  about: {
    readonly login: Pick<Login, "description" | "renewable">
    readonly method: string
    readonly url: string
    readonly scope: string | undefined
  }
): Effect.Effect<
  Errors.Unauthorized | Errors.MissingAuthMethods | Errors.InvalidResponse | Errors.HttpStatusError
> =>
  Effect.map(Faults.describe(response.headers, response.text, response.hide), (fault) => {
    const { login, method } = about
    const where = { method, url: Url.shown(about.url) }
    if (Receipt.isHidden(about.url, response)) {
      return invalidResponse(response, where)(Page.hidden("OpenStack-Auth-Receipt"))
    }
    // Keystone answers 404 to a token that it does not know any more
    const rejected = response.status === 401 || (response.status === 404 && !login.renewable)
    return Option.getOrElse(Receipt.read({ ...where, identity: login.description }, response), () =>
      rejected
        ? new Errors.Unauthorized({
          ...where,
          reason: login.renewable ? "LoginRejected" : "TokenNotRenewable",
          identity: login.description,
          scope: about.scope,
          status: response.status,
          requestId: fault.requestId,
          serviceMessage: fault.serviceMessage,
          details: fault.details
        })
        : Faults.statusError({
          ...where,
          ...fault,
          status: response.status,
          serviceType: "identity",
          regionName: undefined
        }))
  })

/** Not what the protocol says. */
const invalidResponse = (
  response: Transport.TextResponse,
  where: { readonly method: string; readonly url: string }
) =>
(reason: string): Errors.InvalidResponse =>
  new Errors.InvalidResponse({
    method: where.method,
    url: Url.shown(where.url),
    status: response.status,
    requestId: Faults.requestId(response.headers, response.hide),
    reason
  })

/**
 * The token that the answer to a login is, whatever the plugin: from a success with JSON, by what `read` makes of that, which
 * fails with what is wrong. `name` is what the token comes as.
 */
export const readToken = (
  response: Transport.TextResponse,
  where: { readonly method: string; readonly url: string },
  name: string,
  read: (body: unknown) => Either.Either<AccessInfo.AccessInfo, string>
): Either.Either<AccessInfo.AccessInfo, Errors.InvalidResponse> =>
  parseSuccess(response).pipe(
    Either.flatMap(read),
    Either.flatMap((access) => {
      const why = whyNoLogin(access, name)
      return why === undefined ? Either.right(access) : Either.left(why)
    }),
    Either.mapLeft(invalidResponse(response, where))
  )

const parseSuccess = ({ status, text }: Transport.TextResponse): Either.Either<unknown, string> => {
  if (status < 200 || status > 299) {
    return Either.left(
      status > 300
        ? "it redirects once more than is followed, or to nowhere"
        : "a token comes with 200 or 201 only: is this Keystone?"
    )
  }
  return Either.try({
    try: (): unknown => JSON.parse(text),
    catch: () => "its body is not JSON: is this Keystone?"
  })
}
