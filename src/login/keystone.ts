/** A plugin that gets its token from Keystone, v2.0 or v3. The Session keeps the token; other scopes exchange it. */
import * as Headers from "@effect/platform/Headers"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { andThen } from "../base/continuation.js"
import { toEffect } from "../base/either.js"
import * as Json from "../base/json.js"
import * as Memo from "../base/memo.js"
import * as Errors from "../Errors.js"
import * as AuthPlugin from "../identity/AuthPlugin.js"
import * as IdentityKey from "../identity/identityKey.js"
import type * as Known from "../identity/known.js"
import * as TokenLife from "../identity/tokenLife.js"
import * as Tokens from "../identity/Tokens.js"
import * as AccessInfo from "../model/AccessInfo.js"
import type * as AuthScope from "../model/AuthScope.js"
import * as Url from "../safety/url.js"
import * as Session from "../session/Session.js"
import * as CloudName from "../wire/cloudName.js"
import type * as Transport from "../wire/Transport.js"
import * as TokenRequest from "./tokenRequest.js"

/** How one user gets tokens for one scope. */
export interface Login {
  /** The module of this package, for errors: `Password`. */
  readonly module: string
  /** What keystoneauth calls the plugin: `v3password`. */
  readonly name: string
  /** The auth URL that the caller gave, or why it is not valid. */
  readonly authUrl: Either.Either<string, Errors.InvalidOptions>
  /** The URL that the login is sent to. */
  readonly url: string
  /** Everything that decides the token, the scope included. */
  readonly parts: IdentityKey.Sources
  /** What separates this login from others in this process only, such as a passcode. */
  readonly momentary: IdentityKey.Structure
  /** Checks the options. A failure goes to the caller at once: nothing is sent, and no backoff begins. */
  readonly check: Either.Either<unknown, Errors.InvalidOptions>
  readonly send: (transport: Transport.Service) => Effect.Effect<AccessInfo.AccessInfo, AuthPlugin.Error>
  /** Gets a token for this scope from a token of the same user for another scope. */
  readonly exchange: (
    transport: Transport.Service,
    token: Redacted.Redacted
  ) => Effect.Effect<AccessInfo.AccessInfo, AuthPlugin.Error>
  readonly revoke: (transport: Transport.Service, access: AccessInfo.AccessInfo) => Effect.Effect<void>
  readonly rescope: (scope: AuthScope.AuthScope) => Login
  /** Whether it can log in for any scope directly, where Keystone refuses to exchange a token. */
  readonly direct: boolean
  /** Whether another login gives a token that lives longer. */
  readonly renewable: boolean
  /** Whether it logs in once only. */
  readonly once: boolean
  /** Who logs in, for errors. */
  readonly description: string
}

/** Makes the plugin. Nothing is sent. */
export const make = (login: Login): Effect.Effect<AuthPlugin.Service, never, Session.Session> =>
  Effect.flatMap(
    Session.Session,
    (session) => andThen(fromLogin(session, login, Option.none()), ({ plugin }) => Effect.succeed(plugin))
  )

/** Makes a plugin for another scope, which always exchanges the token of the login. */
export const makeScoped = (
  login: Login,
  scope: AuthScope.AuthScope
): Effect.Effect<AuthPlugin.Service, never, Session.Session> =>
  Effect.flatMap(
    Session.Session,
    (session) => andThen(fromLogin(session, login, Option.none()), ({ withScope }) => withScope(scope))
  )

/** The plugin whose token is exchanged for tokens of other scopes. */
interface Root {
  /** The key of its token. */
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

/** The keys under which `Tokens` keeps the token of a login. */
interface Keys {
  /** Of the same login in any process. */
  readonly cacheId: string
  /** Of a direct login. */
  readonly own: string
  /** Of this one. */
  readonly key: string
}

/** The keys of a login. */
const keysOf = (tokens: Tokens.Service, login: Login, root: Option.Option<Root>): Effect.Effect<Keys> =>
  andThen(tokens.key(login.parts), (cacheId) => {
    // a plugin that may not log in again must not use the tokens of one that may
    const directly = login.once || !IdentityKey.isEmpty(login.momentary)
      ? tokens.key({ ...login.parts, momentary: login.momentary, once: login.once })
      : Effect.succeed(cacheId)
    return andThen(directly, (own) =>
      // not the key of a direct login for this scope: two plugins, each exchanging for the other's scope, would wait
      // for each other forever
      andThen(
        Option.isNone(root) ? Effect.succeed(own) : tokens.key({ kind: "exchanged", own, root: root.value.own }),
        (key) => Effect.succeed({ cacheId, own, key })
      ))
  })

/** What a token gives for a request. */
const credentialsOf = Memo.byObject((access: AccessInfo.AccessInfo): Known.Credentials => ({
  headers: AuthPlugin.tokenHeaders(access.token),
  access,
  projectId: access.projectId
}))

const fromLogin = (session: Session.Service, login: Login, root: Option.Option<Root>): Effect.Effect<Made> =>
  andThen(keysOf(session.tokens, login, root), ({ cacheId, key, own }) => {
    const { tokens, transport } = session
    const authUrl = Either.getOrElse(login.authUrl, () => login.url)
    const identity: Tokens.Identity = {
      key,
      login: TokenRequest.withSpan(login.name, authUrl, authUrl)(getToken(transport, login, root)),
      renewable: login.renewable && !login.once,
      // an exchange can be repeated as long as the first token lasts
      once: login.once && Option.isNone(root),
      revoke: (access) => login.revoke(transport, access),
      description: login.description,
      url: Url.shown(login.url),
      labels: { plugin: login.name, cloud: CloudName.of(authUrl) }
    }
    const checked = check(login)
    const access = Either.match(checked, { onLeft: Effect.fail, onRight: () => tokens.get(identity) })
    const drop = (token: Redacted.Redacted) => tokens.invalidate(identity, token)
    const plugin = AuthPlugin.makeKnown(
      {
        name: login.name,
        headers: Effect.map(access, (info) => AuthPlugin.tokenHeaders(info.token)),
        access: Effect.asSome(access),
        authUrl: Either.getRight(login.authUrl),
        cacheId: Effect.succeedSome(cacheId),
        authState: Effect.map(tokens.peek(identity), Option.flatMap(writeState)),
        setAuthState: (state) =>
          Redacted.value(state) === ""
            ? Effect.flatMap(
              tokens.peek(identity),
              Option.match({ onNone: () => Effect.void, onSome: ({ token }) => drop(token) })
            )
            : Effect.flatMap(toEffect(readState(login.module, state)), (access) => tokens.put(identity, access)),
        invalidate: (rejected) =>
          Option.match(Headers.get(rejected, "x-auth-token"), {
            onNone: () => Effect.succeed(true),
            onSome: (token) => Effect.as(drop(Redacted.make(token)), !identity.once)
          }),
        withScope: (scope) => withScope(scope)
      },
      (now) => {
        const known = Either.isRight(checked) ? tokens.known(identity, now) : undefined
        return known === undefined ? undefined : credentialsOf(known)
      }
    )
    const first = Option.getOrElse(root, (): Root => ({ own, plugin, access, drop }))
    const withScope = (scope: AuthScope.AuthScope): Effect.Effect<AuthPlugin.Service> => {
      const other = login.rescope(scope)
      return andThen(fromLogin(session, other, Option.some(first)), (made) =>
        // the token of the root's own scope is not exchanged
        Effect.succeed(made.own === first.own && Either.isRight(check(other)) ? first.plugin : made.plugin))
    }
    return Effect.succeed({ own, plugin, withScope })
  })

const check = ({ authUrl, check, module, momentary, parts }: Login): Either.Either<unknown, Errors.InvalidOptions> =>
  Either.all([authUrl, check, IdentityKey.check([parts, momentary], module, "parts")])

/**
 * Exchanges the root's token if there is a root: no password is sent, and nobody is asked for a passcode. Logs in where
 * Keystone does not allow the exchange (for trusts, or by configuration).
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
    // Keystone does not know the root's token any more: drop it for everyone, and try once more with a new one
    exchange(token, () =>
      Effect.zipRight(drop(token), Effect.flatMap(access, (next) => exchange(next.token, logInInstead)))))
}

/** An exchanged token ends with the one it came from, so a token that is due for renewal is renewed first. */
const lasting = (
  access: Effect.Effect<AccessInfo.AccessInfo, AuthPlugin.Error>
): Effect.Effect<AccessInfo.AccessInfo, AuthPlugin.Error> =>
  Effect.flatMap(
    access,
    (first) => Effect.provideService(access, Tokens.LeastLife, TokenLife.worthwhile(first))
  )

// -----------------------------------------------------------------------------
// a login as text, in keystoneauth's form
// -----------------------------------------------------------------------------

const State = Schema.Struct({ auth_token: Schema.String, body: Schema.Unknown })

/** `None` if the body cannot be written as JSON, for example because it is nested too deep. */
const writeState: (access: AccessInfo.AccessInfo) => Option.Option<Redacted.Redacted> = Option.liftThrowable((
  { body, token }: AccessInfo.AccessInfo
) => Redacted.make(JSON.stringify({ auth_token: Redacted.value(token), body })))

const readState = (
  module: string,
  state: Redacted.Redacted
): Either.Either<AccessInfo.AccessInfo, Errors.InvalidOptions> =>
  Option.flatMap(Json.parse(Redacted.value(state)), Schema.decodeUnknownOption(State)).pipe(
    Option.flatMap(({ auth_token, body }) =>
      Either.getRight(
        Either.flatMap(AccessInfo.fromBody(body, Redacted.make(auth_token)), (access) =>
          TokenRequest.usable(access, "auth_token"))
      )
    ),
    // the error does not quote the text, which may be a token
    Either.fromOption(() =>
      new Errors.InvalidOptions({ module, option: "state", reason: "it is not a value of authState" })
    )
  )
