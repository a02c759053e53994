/**
 * A token that was issued elsewhere, with all that is said in it (keystoneauth's `AccessInfoPlugin`): requests are made with it as long as it
 * lasts. Nothing is asked of Keystone.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as KeystoneUrl from "../endpoint/keystoneUrl.js"
import * as AuthPlugin from "../identity/AuthPlugin.js"
import type * as AccessInfo from "../model/AccessInfo.js"

/**
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** For example from `AccessInfo.fromBody`, or from another plugin. */
  readonly access: AccessInfo.AccessInfo
  /** The endpoint for `interface: "auth"`. Default: none. */
  readonly authUrl?: string | undefined
}

/**
 * The plugin as a value. Once a service has rejected the token, because it has ended or was revoked, requests fail with
 * `Unauthorized` and the reason `"TokenNotRenewable"`.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = ({ access, authUrl }: Options): AuthPlugin.Service => {
  const readUrl = authUrl === undefined ? undefined : KeystoneUrl.fromPerson(authUrl, "IssuedToken")
  return AuthPlugin.make({
    name: "access",
    headers: readUrl !== undefined && Either.isLeft(readUrl)
      ? Effect.fail(readUrl.left)
      : Effect.succeed(AuthPlugin.tokenHeaders(access.token)),
    access: Effect.succeedSome(access),
    authUrl: readUrl === undefined ? Option.none() : Either.getRight(readUrl)
  })
}

/**
 * Requests below this layer are made with this token.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (options: Options): Layer.Layer<AuthPlugin.AuthPlugin> =>
  Layer.succeed(AuthPlugin.AuthPlugin, make(options))
