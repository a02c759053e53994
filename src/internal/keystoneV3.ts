/** Logging in to Keystone v3, whatever the method: one request, one token. */
import * as Headers from "@effect/platform/Headers"
import * as HttpBody from "@effect/platform/HttpBody"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as AccessInfo from "../AccessInfo.js"
import * as AuthPlugin from "../AuthPlugin.js"
import * as AuthScope from "../AuthScope.js"
import * as Errors from "../Errors.js"
import * as Session from "../Session.js"
import type * as Tokens from "../Tokens.js"
import type * as Transport from "../Transport.js"
import * as AuthState from "./authState.js"
import * as Faults from "./faults.js"
import * as KeystoneUrl from "./keystoneUrl.js"
import * as Redaction from "./redaction.js"

/** What all v3 plugins share. */
export interface CommonOptions extends AuthScope.AuthScope {
  /** Where Keystone is, with or without `/v3` at the end. */
  readonly authUrl: string
  /** Ask for a token without a catalog (`?nocatalog`): for clouds whose catalogs are too big. Default: `true`. */
  readonly includeCatalog?: boolean | undefined
  /** `false`: log in once, and never again, whatever happens to the token. Default: `true`. */
  readonly reauthenticate?: boolean | undefined
}

/** How one plugin identifies itself. */
export interface Method {
  /** Of this package, for errors: `Password`. */
  readonly module: string
  /** As keystoneauth calls the plugin: `v3password`. */
  readonly name: string
  /** The entries of `auth.identity`, `methods` aside, by method; checked when someone logs in. */
  readonly identity: Either.Either<Readonly<Record<string, unknown>>, Errors.InvalidOptions>
  /** What of it is secret: never shown, and part of what decides the token. */
  readonly secrets: Readonly<Record<string, Redacted.Redacted>>
  /** Who logs in, in words. */
  readonly description: string
  /** Does another login give a token that lives longer? */
  readonly renewable: boolean
}

/** The plugin for a method. Building it checks and sends nothing. */
export const make = (
  options: CommonOptions,
  method: Method
): Effect.Effect<AuthPlugin.Service, never, Session.Session> =>
  Effect.gen(function*() {
    const { tokens, transport } = yield* Session.Session
    const request = Either.gen(function*() {
      return yield* tokenRequest(options, yield* method.identity, yield* AuthScope.toBody(options, method.module))
    })
    const key = yield* identityKey(tokens, options, method)
    const identity: Tokens.Identity = {
      key,
      login: Effect.flatMap(request, (request) => login(transport, request, options, method)).pipe(
        Effect.withSpan("AuthPlugin.login", {
          root: true,
          attributes: { "openstack.auth.plugin": method.name, "url.full": Redaction.safeUrl(options.authUrl) }
        })
      ),
      renewable: method.renewable && options.reauthenticate !== false,
      once: options.reauthenticate === false,
      revoke: (access) => revoke(transport, options, access),
      description: method.description,
      url: Redaction.safeUrl(tokensUrl(options.authUrl)),
      labels: { plugin: method.name, cloud: URL.canParse(options.authUrl) ? new URL(options.authUrl).host : "unknown" }
    }
    // wrong options are the caller's at once: no login is tried, and none has to rest
    const access = Either.isLeft(request) ? Effect.fail(request.left) : tokens.get(identity)
    return AuthPlugin.make({
      name: method.name,
      headers: Effect.map(access, (info) => AuthPlugin.tokenHeaders(info.token)),
      access: Effect.asSome(access),
      authUrl: Option.some(options.authUrl),
      authState: Effect.map(tokens.peek(identity), Option.map(AuthState.write)),
      setAuthState: (state) =>
        Effect.flatMap(AuthState.read(method.module, state), (access) => tokens.put(identity, access)),
      invalidate: (rejected) =>
        Option.match(Headers.get(rejected, "x-auth-token"), {
          onNone: () => Effect.succeed(true),
          onSome: (token) => Effect.as(tokens.invalidate(identity, Redacted.make(token)), !identity.once)
        })
    })
  })

/** Everything that decides the token. What the method identifies by is in it as it is sent, secrets included. */
const identityKey = (tokens: Tokens.Service, options: CommonOptions, method: Method): Effect.Effect<string> =>
  tokens.key({
    plugin: method.name,
    authUrl: tokensUrl(options.authUrl),
    catalog: options.includeCatalog !== false,
    once: options.reauthenticate === false,
    identity: Redacted.make(JSON.stringify(Either.getOrElse(method.identity, () => null))),
    scope: JSON.stringify(Either.getOrElse(AuthScope.toBody(options, method.module), () => null)) ?? ""
  })

const tokensUrl = (authUrl: string): string => KeystoneUrl.v3(authUrl, "/auth/tokens")

const tokenRequest = (
  options: CommonOptions,
  identity: Readonly<Record<string, unknown>>,
  scope: unknown
): Either.Either<HttpClientRequest.HttpClientRequest, Errors.InvalidOptions> => {
  const url = tokensUrl(options.authUrl)
  const auth = { identity: { methods: Object.keys(identity), ...identity }, ...(scope === undefined ? {} : { scope }) }
  return URL.canParse(url)
    ? Either.right(
      HttpClientRequest.post(options.includeCatalog === false ? `${url}?nocatalog` : url, {
        headers: { accept: "application/json" },
        body: HttpBody.unsafeJson({ auth })
      })
    )
    : Either.left(
      new Errors.InvalidOptions({
        module: "AuthPlugin",
        option: "authUrl",
        reason: `${Redaction.safeUrl(options.authUrl)} is not an absolute URL, such as https://keystone.example.com/v3`
      })
    )
}

const login = (
  transport: Transport.Service,
  request: HttpClientRequest.HttpClientRequest,
  options: CommonOptions,
  method: Method
): Effect.Effect<AccessInfo.AccessInfo, AuthPlugin.Error> =>
  Effect.gen(function*() {
    const response = yield* transport.text(request, { phase: "login" })
    return response.status < 400
      ? yield* readToken(request, response)
      : yield* Effect.flip(rejection(request, response, options, method))
  })

/** `DELETE /v3/auth/tokens`. A token that cannot be revoked ends by itself. */
const revoke = (
  transport: Transport.Service,
  options: CommonOptions,
  access: AccessInfo.AccessInfo
): Effect.Effect<void> =>
  transport.text(
    HttpClientRequest.del(tokensUrl(options.authUrl), {
      headers: Headers.set(AuthPlugin.tokenHeaders(access.token), "x-subject-token", Redacted.value(access.token))
    }),
    { phase: "login", timeout: "5 seconds" }
  ).pipe(Effect.ignore)

const readToken = (
  request: HttpClientRequest.HttpClientRequest,
  response: Transport.TextResponse
): Effect.Effect<AccessInfo.AccessInfo, Errors.InvalidResponse> => {
  const invalid = (reason: string) =>
    new Errors.InvalidResponse({
      method: request.method,
      url: Redaction.safeUrl(request.url),
      status: response.status,
      requestId: Option.getOrUndefined(Headers.get(response.headers, "x-openstack-request-id")),
      reason
    })
  return Either.gen(function*() {
    const body = yield* Either.try({
      try: (): unknown => JSON.parse(response.text),
      catch: () => invalid("its body is not JSON: is this Keystone?")
    })
    const token = yield* Either.fromOption(Headers.get(response.headers, "x-subject-token"), () =>
      invalid(
        "it has no X-Subject-Token header. In a browser, Keystone must allow it to be read " +
          "(Access-Control-Expose-Headers)"
      ))
    return yield* Either.mapLeft(AccessInfo.fromV3(body, Redacted.make(token)), invalid)
  })
}

const rejection = (
  request: HttpClientRequest.HttpClientRequest,
  response: Transport.TextResponse,
  options: CommonOptions,
  method: Method
): Effect.Effect<Errors.Unauthorized | Errors.HttpStatusError> =>
  Effect.map(Faults.describe(response.headers, response.text, Object.values(method.secrets)), (fault) => {
    const where = { method: request.method, url: Redaction.safeUrl(request.url) }
    // Keystone answers 404 to a token that it does not know any more
    const rejected = response.status === 401 || (response.status === 404 && !method.renewable)
    return rejected
      ? new Errors.Unauthorized({
        ...where,
        reason: method.renewable ? "LoginRejected" : "TokenNotRenewable",
        identity: method.description,
        scope: AuthScope.describe(options),
        requestId: fault.requestId,
        serviceMessage: fault.serviceMessage
      })
      : Faults.statusError({
        ...where,
        ...fault,
        status: response.status,
        serviceType: "identity",
        regionName: undefined
      })
  })
