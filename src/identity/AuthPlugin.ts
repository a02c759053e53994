/**
 * Who a request is made as.
 *
 * Requests of `Session` and `Adapter` have `AuthPlugin` in their requirements and read it when they run: the innermost
 * one provided wins, and a program without one does not compile.
 *
 * @since 0.1.0
 */
import * as Headers from "@effect/platform/Headers"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import { dual } from "effect/Function"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Memo from "../base/memo.js"
import * as Printed from "../base/printed.js"
import { type AuthenticationError, InvalidOptions } from "../Errors.js"
import type * as AccessInfo from "../model/AccessInfo.js"
import type * as AuthScope from "../model/AuthScope.js"
import type * as EndpointFilter from "../model/EndpointFilter.js"
import * as HiddenHeaders from "../safety/hiddenHeaders.js"

/**
 * What authenticating can fail with.
 *
 * @since 0.1.0
 * @category errors
 */
export type Error = AuthenticationError

/**
 * Who a request is made as. Anyone can write one; `make` fills in what yours does not need.
 *
 * @since 0.1.0
 * @category models
 */
export interface Service {
  /** What keystoneauth calls this plugin: `"v3password"`, `"v3applicationcredential"`, ... Shown in traces and errors. */
  readonly name: string
  /**
   * The headers that authenticate a request. They replace headers of the same name that the caller has set. May log in;
   * called for every request, so what can be kept must be kept (see `Session.Service.tokens`).
   */
  readonly headers: Effect.Effect<Headers.Headers, Error>
  /** The decoded token, if there is one. May log in. */
  readonly access: Effect.Effect<Option.Option<AccessInfo.AccessInfo>, Error>
  /** Where a service is, if that is not for the catalog to say. */
  readonly endpoint: (filter: EndpointFilter.CatalogFilter) => Option.Option<string>
  /** Where this plugin logs in: the endpoint for `interface: "auth"`. */
  readonly authUrl: Option.Option<string>
  readonly userId: Effect.Effect<Option.Option<string>, Error>
  readonly projectId: Effect.Effect<Option.Option<string>, Error>
  /**
   * A service answered 401 to a request with these headers: drop what they hold, and nothing newer. Answers whether
   * asking for `headers` again makes sense; `false` means that this plugin cannot get others.
   */
  readonly invalidate: (rejected: Headers.Headers) => Effect.Effect<boolean>
  /**
   * What is worth keeping of a login, as text that `setAuthState` understands: to survive a restart where no `TokenStore` is
   * at hand. It holds the token. `None` if there is no login, or nothing to keep. Never logs in.
   */
  readonly authState: Effect.Effect<Option.Option<Redacted.Redacted>>
  /**
   * Takes a kept login back; the empty text forgets the one that is there. Fails with `InvalidOptions` if it is none, or this
   * plugin has nothing to take.
   */
  readonly setAuthState: (state: Redacted.Redacted) => Effect.Effect<void, InvalidOptions>
  /**
   * What a login of this plugin can be kept under: the same for plugins that get the same tokens, and for no others. Nothing
   * can be read from it. It is the same in another program if both have a `TokenStore` with the same key. `None` if there
   * is nothing to keep.
   */
  readonly cacheId: Effect.Effect<Option.Option<string>>
  /**
   * The same user for another project, domain, or the system. Fails with `InvalidOptions` if this plugin has no scope to
   * change.
   */
  readonly withScope: (scope: AuthScope.AuthScope) => Effect.Effect<Service, Error>
}

/**
 * Requests leave this requirement to their caller on purpose: it is how a request says who it is made as.
 *
 * @effect-leakable-service
 * @since 0.1.0
 * @category tags
 */
export class AuthPlugin extends Context.Tag("effect-keystoneauth/AuthPlugin")<AuthPlugin, Service>() {}

/**
 * The decoded token of whoever requests are made as here: who am I? `None` if the plugin has no such token. May log in.
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
 * A plugin of your own. Only `name` and `headers` are needed; the rest defaults to a plugin without token, endpoint and
 * auth URL, which cannot renew what was rejected. User and project id come from the token unless they are given.
 *
 * However the plugin is printed, it shows its name and nothing else, and the headers that it gives show their names and no value.
 *
 * @example
 * ```ts
 * import { Headers } from "@effect/platform"
 * import { Effect, Layer } from "effect"
 * import { AuthPlugin } from "effect-keystoneauth"
 *
 * // a gateway that authenticates by its own header and knows one service
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
export const make = (plugin: Pick<Service, "name" | "headers"> & Partial<Service>): Service => {
  const access = plugin.access ?? Effect.succeedNone
  const headers = Effect.map(plugin.headers, HiddenHeaders.of)
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
          reason: `${plugin.name} does not log in, so that it cannot be for something else`
        })
      ))
  }
  Object.setPrototypeOf(service, prototype)
  return service
}

/** All that a plugin shows of itself. */
const prototype = Printed.prototype<Service>(
  ({ name }) => ({ _id: "effect-keystoneauth/AuthPlugin", name }),
  Object.prototype
)

/** An effect prints what it is made of, and with it the value that it succeeds with; a closure prints nothing. */
const closed = <A, E>(effect: Effect.Effect<A, E>): Effect.Effect<A, E> => Effect.suspend(() => effect)

const fromAccess = (
  access: Service["access"],
  get: (info: AccessInfo.AccessInfo) => string | undefined
): Effect.Effect<Option.Option<string>, Error> =>
  Effect.map(access, Option.flatMap((info) => Option.fromNullable(get(info))))

/**
 * The header by which a token authenticates a request: `X-Auth-Token`.
 *
 * @since 0.1.0
 * @category headers
 */
export const tokenHeaders: (token: Redacted.Redacted) => Headers.Headers = Memo.byObject((token) =>
  HiddenHeaders.of(Headers.unsafeFromRecord({ "x-auth-token": Redacted.value(token) }))
)

/**
 * Requests within are made by the same user for another project or domain, or for the system. The new token is exchanged for
 * the one that is there: no password is sent again, and nobody is asked for a passcode. Where Keystone does not allow that
 * (for trusts, or by configuration), the plugin logs in with what it has. Tokens are kept by the Session, so that it
 * does not matter how often this is done.
 *
 * Fails with `InvalidOptions` if the plugin has no scope to change, or the options contradict each other.
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
 * The `AuthPlugin` around, for another project or domain, or for the system: `withScope` as a layer.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerWithScope = (scope: AuthScope.AuthScope): Layer.Layer<AuthPlugin, Error, AuthPlugin> =>
  Layer.effect(AuthPlugin, Effect.flatMap(AuthPlugin, (plugin) => plugin.withScope(scope)))
