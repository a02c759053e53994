/**
 * Authenticates requests.
 *
 * Requests of `Session` and `Adapter` require an `AuthPlugin` and read it when they run: the innermost one provided
 * wins, and a program without one does not compile.
 *
 * @since 0.1.0
 */
import * as Headers from "@effect/platform/Headers"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { dual } from "effect/Function"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import { isExit } from "../base/continuation.js"
import * as Memo from "../base/memo.js"
import * as Printed from "../base/printed.js"
import { type AuthenticationError, InvalidOptions } from "../Errors.js"
import type * as AccessInfo from "../model/AccessInfo.js"
import type * as AuthScope from "../model/AuthScope.js"
import type * as EndpointFilter from "../model/EndpointFilter.js"
import * as SecretHeaders from "../safety/secretHeaders.js"
import * as Known from "./known.js"

/**
 * The errors of authenticating.
 *
 * @since 0.1.0
 * @category errors
 */
export type Error = AuthenticationError

/**
 * Authenticates requests. To implement one, use `make`, which has defaults for most fields.
 *
 * @since 0.1.0
 * @category models
 */
export interface Service {
  /** The plugin's name in keystoneauth, such as `"v3password"`. Shown in traces and errors. */
  readonly name: string
  /**
   * The headers that authenticate a request. They replace headers of the same name that the caller has set. May log in.
   * Runs for every request, so tokens should be cached (see `Session.Service.tokens`).
   */
  readonly headers: Effect.Effect<Headers.Headers, Error>
  /** The decoded token, if the plugin has one. May log in. */
  readonly access: Effect.Effect<Option.Option<AccessInfo.AccessInfo>, Error>
  /** The URL of a service, if the plugin knows it without the catalog. */
  readonly endpoint: (filter: EndpointFilter.CatalogFilter) => Option.Option<string>
  /** The URL that the plugin logs in at: the endpoint for `interface: "auth"`. */
  readonly authUrl: Option.Option<string>
  /** The id of the user. May log in. */
  readonly userId: Effect.Effect<Option.Option<string>, Error>
  /** The id of the project that the token is scoped to. May log in. */
  readonly projectId: Effect.Effect<Option.Option<string>, Error>
  /**
   * Called when a service answered 401 to a request with these headers: drops the token in them, but not a newer one.
   * Returns whether the plugin can get other headers.
   */
  readonly invalidate: (rejected: Headers.Headers) => Effect.Effect<boolean>
  /**
   * The current login, including its token, as text for `setAuthState`: to survive a restart without a `TokenStore`.
   * `None` if there is no login, or if the plugin has no state. Never logs in.
   */
  readonly authState: Effect.Effect<Option.Option<Redacted.Redacted>>
  /**
   * Restores a login from `authState`. Empty text drops the current login. Fails with `InvalidOptions` if the text is
   * not such a login, or if the plugin has no state.
   */
  readonly setAuthState: (state: Redacted.Redacted) => Effect.Effect<void, InvalidOptions>
  /**
   * An id for caching logins: equal for plugins that get the same tokens, and different otherwise. It is a hash, from
   * which nothing can be read. Programs get the same id if their `TokenStore`s have the same key. `None` if there is
   * nothing to cache.
   */
  readonly cacheId: Effect.Effect<Option.Option<string>>
  /** The same user for another project, domain, or the system. Fails with `InvalidOptions` if it cannot be rescoped. */
  readonly withScope: (scope: AuthScope.AuthScope) => Effect.Effect<Service, Error>
}

/**
 * Service tag for the plugin that authenticates requests. Requests leave it in their requirements on purpose, so that
 * the caller decides who they are made as.
 *
 * @effect-leakable-service
 * @since 0.1.0
 * @category tags
 */
export class AuthPlugin extends Context.Tag("effect-keystoneauth/AuthPlugin")<AuthPlugin, Service>() {}

/**
 * The decoded token of the current `AuthPlugin`. `None` if the plugin has no token. May log in.
 *
 * @example
 * ```ts
 * import { Effect, Option } from "effect"
 * import { AuthPlugin } from "effect-keystoneauth"
 *
 * const whoAmI = Effect.map(AuthPlugin.access, Option.map((token) => token.userName))
 * ```
 *
 * @since 0.1.0
 * @category accessors
 */
export const access: Effect.Effect<Option.Option<AccessInfo.AccessInfo>, Error, AuthPlugin> = /*#__PURE__*/ Effect
  .flatMap(
    AuthPlugin,
    (plugin) => plugin.access
  )

/**
 * Makes a custom plugin. Only `name` and `headers` are required. By default the plugin has no token, endpoint or auth
 * URL, and cannot renew rejected headers. The user and project ids default to those of the token.
 *
 * Headers that are a value (`Effect.succeed`) are read once, when the plugin is made; those of an effect for each
 * request. When printed, the plugin shows only its name, and its headers show only their names.
 *
 * @example
 * ```ts
 * import { Headers } from "@effect/platform"
 * import { Effect, Layer } from "effect"
 * import { AuthPlugin } from "effect-keystoneauth"
 *
 * // a gateway that authenticates by its own header
 * const Gateway = Layer.succeed(
 *   AuthPlugin.AuthPlugin,
 *   AuthPlugin.make({
 *     name: "gateway",
 *     headers: Effect.succeed(Headers.fromInput({ "x-gateway-user": "demo" }))
 *   })
 * )
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (plugin: Pick<Service, "name" | "headers"> & Partial<Service>): Service =>
  makeKnown(plugin, fixedCredentials(plugin) ?? inherited(plugin))

/**
 * As `make`, for a plugin whose credentials are in a cache: `known` reads it. An argument of its own and no field, so
 * that a plugin that is made of this one does not take it over.
 *
 * @internal
 */
export const makeKnown = (
  plugin: Pick<Service, "name" | "headers"> & Partial<Service>,
  known: Known.KnownCredentials | undefined
): Service => {
  const access = plugin.access ?? Effect.succeedNone
  const headers = Effect.map(plugin.headers, SecretHeaders.hide)
  const service: Service = {
    name: plugin.name,
    headers: closed(headers),
    access: closed(access),
    endpoint: plugin.endpoint ?? (() => Option.none()),
    authUrl: plugin.authUrl ?? Option.none(),
    userId: closed(plugin.userId ?? fromAccess(access, (info) => info.userId)),
    projectId: closed(plugin.projectId ?? fromAccess(access, (info) => info.projectId)),
    invalidate: plugin.invalidate ?? (() => Effect.succeed(false)),
    authState: closed(plugin.authState ?? Effect.succeedNone),
    setAuthState: plugin.setAuthState ??
      (() =>
        Effect.fail(
          new InvalidOptions({ module: "AuthPlugin", option: "state", reason: `${plugin.name} has no state` })
        )),
    cacheId: closed(plugin.cacheId ?? Effect.succeedNone),
    withScope: plugin.withScope ?? (() =>
      Effect.fail(
        new InvalidOptions({
          module: "AuthPlugin",
          option: "scope",
          reason: `${plugin.name} cannot be rescoped: it does not log in`
        })
      ))
  }
  Object.setPrototypeOf(service, prototype)
  if (known !== undefined) {
    const { access, headers, projectId, userId } = service
    sources.set(headers, { access, projectId, userId, known })
    // a plugin that was changed since has other credentials
    Known.credentials.by(service, (now) => inherited(service) === known ? known(now) : undefined)
  }
  return service
}

/** The other effects of the plugin that made an effect of `headers`, and what all of them give. */
interface Source extends Pick<Service, "access" | "projectId" | "userId"> {
  readonly known: Known.KnownCredentials
}

const sources = new WeakMap<Service["headers"], Source>()

/** The credentials of a plugin whose headers, token and ids come from one plugin, as they are. */
const inherited = (
  { access, headers, projectId, userId }: Partial<Service> & Pick<Service, "headers">
): Known.KnownCredentials | undefined => {
  const source = sources.get(headers)
  return source !== undefined && access === source.access && projectId === source.projectId && userId === source.userId
    ? source.known
    : undefined
}

const valueOf = <A>(effect: Effect.Effect<A, Error>): Option.Option<A> =>
  isExit(effect) && Exit.isSuccess(effect) ? Option.some(effect.value) : Option.none()

/** Credentials that are values. A plugin with an `invalidate` may have others after it: its effects are run. */
const fixedCredentials = (
  { access = Effect.succeedNone, headers, invalidate, projectId, userId = Effect.succeedNone }:
    & Pick<Service, "headers">
    & Partial<Service>
): Known.KnownCredentials | undefined =>
  invalidate !== undefined ?
    undefined :
    Option.all({ headers: valueOf(headers), access: valueOf(access), userId: valueOf(userId) }).pipe(
      Option.flatMap(({ access, headers }) => {
        const token = Option.getOrUndefined(access)
        const project = projectId === undefined
          ? Option.some(Option.fromNullable(token?.projectId))
          : valueOf(projectId)
        return Option.map(project, (project): Known.KnownCredentials => {
          const credentials = {
            headers: SecretHeaders.hide(Headers.fromInput(headers)),
            access: token,
            projectId: Option.getOrUndefined(project)
          }
          return () => credentials
        })
      }),
      Option.getOrUndefined
    )

/** What a plugin shows when it is printed. */
const prototype = Printed.prototype<Service>(
  ({ name }) => ({ _id: "effect-keystoneauth/AuthPlugin", name }),
  Object.prototype
)

/** Hides the effect in a closure: printing `Effect.succeed(headers)` would print the headers. */
const closed = <A, E>(effect: Effect.Effect<A, E>): Effect.Effect<A, E> => Effect.suspend(() => effect)

const fromAccess = (
  access: Service["access"],
  get: (info: AccessInfo.AccessInfo) => string | undefined
): Effect.Effect<Option.Option<string>, Error> =>
  Effect.map(access, Option.flatMap((info) => Option.fromNullable(get(info))))

/**
 * The `X-Auth-Token` header with a token. When printed, it does not show the token.
 *
 * @since 0.1.0
 * @category headers
 */
export const tokenHeaders: (token: Redacted.Redacted) => Headers.Headers = Memo.byObject((token) =>
  SecretHeaders.hide(Headers.unsafeFromRecord({ "x-auth-token": Redacted.value(token) }))
)

/**
 * Makes the requests of an effect for another project or domain, or for the system, as the same user. The current
 * token is exchanged for one of the new scope, so that no password is sent and no passcode is needed. Where Keystone
 * does not allow that (for trusts, or by configuration), the plugin logs in again. The Session keeps the tokens, so
 * repeating this costs nothing.
 *
 * Fails with `InvalidOptions` if the plugin cannot be rescoped, or if the options of the scope contradict each other.
 *
 * @example
 * ```ts
 * import { Effect } from "effect"
 * import { type Adapter, AuthPlugin } from "effect-keystoneauth"
 *
 * const inEachProject = (compute: Adapter.Client, projects: ReadonlyArray<string>) =>
 *   Effect.forEach(projects, (projectId) => compute.get("/servers").pipe(AuthPlugin.withScope({ projectId })))
 * ```
 *
 * @since 0.1.0
 * @category combinators
 */
export const withScope: {
  (
    scope: AuthScope.AuthScope
  ): <A, E, R>(self: Effect.Effect<A, E, R>) => Effect.Effect<A, E | Error, R | AuthPlugin>
  <A, E, R>(self: Effect.Effect<A, E, R>, scope: AuthScope.AuthScope): Effect.Effect<A, E | Error, R | AuthPlugin>
} = /*#__PURE__*/ dual(
  2,
  <A, E, R>(
    self: Effect.Effect<A, E, R>,
    scope: AuthScope.AuthScope
  ): Effect.Effect<A, E | Error, R | AuthPlugin> =>
    Effect.provideServiceEffect(self, AuthPlugin, Effect.flatMap(AuthPlugin, (plugin) => plugin.withScope(scope)))
)

/**
 * The current `AuthPlugin` for another project or domain, or for the system: `withScope` as a layer.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerWithScope = (scope: AuthScope.AuthScope): Layer.Layer<AuthPlugin, Error, AuthPlugin> =>
  Layer.effect(AuthPlugin, Effect.flatMap(AuthPlugin, (plugin) => plugin.withScope(scope)))
