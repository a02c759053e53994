/**
 * Uses a token that was issued elsewhere, with everything that is known about it (keystoneauth's `AccessInfoPlugin`),
 * until it ends. Nothing is sent to Keystone.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import { flow } from "effect/Function"
import * as Option from "effect/Option"
import { toEffect } from "../base/either.js"
import * as KeystoneUrl from "../endpoint/keystoneUrl.js"
import * as AuthPlugin from "../identity/AuthPlugin.js"
import * as Plugin from "../login/plugin.js"
import type * as AccessInfo from "../model/AccessInfo.js"

/**
 * The token.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** The decoded token, for example from `AccessInfo.fromBody` or from another plugin. */
  readonly access: AccessInfo.AccessInfo
  /** The endpoint for `interface: "auth"`. Default: none. */
  readonly authUrl?: string | undefined
}

/**
 * Makes the plugin as a value. When a service rejects the token, because it has ended or was revoked, requests fail
 * with `Unauthorized` and the reason `"TokenNotRenewable"`.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = ({ access, authUrl }: Options): AuthPlugin.Service => {
  const readUrl = Either.transposeOption(
    Option.map(Option.fromNullable(authUrl), (url) => KeystoneUrl.fromPerson(url, "IssuedToken"))
  )
  return AuthPlugin.make({
    name: "access",
    headers: toEffect(Either.map(readUrl, () => AuthPlugin.tokenHeaders(access.token))),
    access: Effect.succeedSome(access),
    authUrl: Either.getOrElse(readUrl, Option.none)
  })
}

/**
 * Authenticates requests with this token.
 *
 * @example
 * ```ts
 * import { Either, Redacted } from "effect"
 * import { AccessInfo, IssuedToken } from "effect-keystoneauth"
 *
 * // a token and the body of the answer that it came with
 * const issued = (body: unknown, token: string) =>
 *   Either.map(AccessInfo.fromBody(body, Redacted.make(token)), (access) => IssuedToken.layer({ access }))
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = Plugin.layer(flow(make, Effect.succeed))
