/**
 * Sends the token of a service beside the token of a user (keystoneauth's `ServiceTokenAuthWrapper`): by this, a
 * service can act for a user whose token may end before the work is done.
 *
 * @since 0.1.0
 */
import * as Headers from "@effect/platform/Headers"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as AuthPlugin from "../identity/AuthPlugin.js"
import * as Known from "../identity/known.js"
import * as SecretHeaders from "../safety/secretHeaders.js"

/**
 * Makes the plugin as a value: it is the plugin of the user, with the service's token as `X-Service-Token`. A service
 * that does not authenticate by a token adds nothing.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (user: AuthPlugin.Service, service: AuthPlugin.Service): AuthPlugin.Service =>
  AuthPlugin.makeKnown(
    {
      ...user,
      name: `${user.name} with service token`,
      cacheId: Effect.succeedNone,
      withScope: (scope) => Effect.map(user.withScope(scope), (rescoped) => make(rescoped, service)),
      headers: Effect.zipWith(
        user.headers,
        service.headers,
        withServiceToken,
        { concurrent: true }
      ),
      invalidate: (rejected) =>
        // drops both tokens: the answer does not say which one was rejected
        Effect.zipWith(
          user.invalidate(rejected),
          Option.match(Headers.get(rejected, "x-service-token"), {
            onNone: () => Effect.succeed(false),
            onSome: (token) => service.invalidate(Headers.unsafeFromRecord({ "x-auth-token": token }))
          }),
          (users, services) => users || services
        )
    },
    Known.combined(Known.credentials.of(user), Known.credentials.of(service), (headers, { headers: own }) =>
      withServiceToken(headers, own))
  )

const withServiceToken = (headers: Headers.Headers, own: Headers.Headers): Headers.Headers =>
  Option.match(Headers.get(own, "x-auth-token"), {
    onNone: () => headers,
    onSome: (token) => SecretHeaders.hide(Headers.set(headers, "x-service-token", token))
  })

/**
 * Authenticates requests as the user, together with the service.
 *
 * @example
 * ```ts
 * import { Redacted } from "effect"
 * import { Password, ServiceToken, Token } from "effect-keystoneauth"
 *
 * const authUrl = "https://keystone.example.com/v3"
 * const acting = (token: string) =>
 *   ServiceToken.layer(
 *     Token.layer({ authUrl, token: Redacted.make(token), projectId: "21dced0fd20347869b93710d2b98aae0" }),
 *     Password.layer({
 *       authUrl,
 *       username: "nova",
 *       password: Redacted.make("secret"),
 *       userDomainName: "Default",
 *       projectName: "service",
 *       projectDomainName: "Default"
 *     })
 *   )
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = <E, R, E2, R2>(
  user: Layer.Layer<AuthPlugin.AuthPlugin, E, R>,
  service: Layer.Layer<AuthPlugin.AuthPlugin, E2, R2>
): Layer.Layer<AuthPlugin.AuthPlugin, E | E2, R | R2> =>
  Layer.effect(
    AuthPlugin.AuthPlugin,
    Effect.zipWith(
      Effect.provide(AuthPlugin.AuthPlugin, user),
      Effect.provide(AuthPlugin.AuthPlugin, service),
      make
    )
  )
