/**
 * One way to prove to Keystone v3 who one is: a password, a passcode, a token. `Password`, `Totp` and the like log in with one;
 * `MultiFactor` combines several. A method of your own is an object with a name and a proof.
 *
 * @since 0.1.0
 */
import * as Headers from "@effect/platform/Headers"
import type * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type * as Redacted from "effect/Redacted"
import type { AuthenticationError, InvalidOptions } from "../Errors.js"
import type * as IdentityKey from "../identity/identityKey.js"
import type * as AuthScope from "../model/AuthScope.js"

/**
 * What is shown to Keystone in one login.
 *
 * @since 0.1.0
 * @category models
 */
export interface Proof {
  /** What goes under the method's name in `auth.identity`; `undefined`: nothing, and the method is not named there. */
  readonly entry: unknown
  /** Headers of the login request. Default: none. */
  readonly headers?: Headers.Headers | undefined
  /** What of it must not be shown, if Keystone quotes it. */
  readonly secrets: ReadonlyArray<Redacted.Redacted>
}

/**
 * What a token depends on: a text, a secret, yes or no, or several of these, in a list or by name.
 *
 * @since 0.1.0
 * @category models
 */
export type Part = IdentityKey.Structure

/**
 * What a token depends on, by name. Secrets are `Redacted`; what is absent or empty is left out. Names may be any: they do not
 * meet those of other methods and options. A text with a lone surrogate or U+FFFD is refused with `InvalidOptions`.
 *
 * @since 0.1.0
 * @category models
 */
export type Parts = Readonly<Record<string, Part>>

/**
 * @since 0.1.0
 * @category models
 */
export interface AuthMethod {
  /** As Keystone calls it in `auth.identity.methods`: `"password"`. */
  readonly name: string
  /** Made anew for each login, since a passcode works once. `url` is where the login goes, for what is signed. */
  readonly prove: (url: string) => Effect.Effect<Proof, AuthenticationError>
  /** What is wrong with the options: told to the caller before anything is sent. */
  readonly check: Either.Either<unknown, InvalidOptions>
  /** Who logs in, and the secrets that show it: logins with the same parts may share a token, also later on. */
  readonly parts: Parts
  /** What tells two logins apart besides, here and now: a passcode. */
  readonly momentary: Parts
  /** Does another login give a token that lives longer? Not if all that is shown is a token. */
  readonly renewable: boolean
  /** Can the proof be made once only? */
  readonly once: boolean
  /** Who logs in, in words, for errors. */
  readonly description: string
}

/**
 * @since 0.1.0
 * @category constructors
 */
export const make = (
  method: Pick<AuthMethod, "name" | "prove" | "parts" | "description"> & Partial<AuthMethod>
): AuthMethod => ({ check: Either.void, momentary: {}, renewable: true, once: false, ...method })

/**
 * What every plugin that logs in to Keystone v3 can be told.
 *
 * @since 0.1.0
 * @category models
 */
export interface LoginOptions extends AuthScope.AuthScope {
  /** Where Keystone is, with or without `/v3` at the end: `https://keystone.example.com/v3`. */
  readonly authUrl: string
  /** `false` asks for a token without the catalog, for clouds where it is too big. Default: `true`. */
  readonly includeCatalog?: boolean | undefined
  /**
   * `false`: log in once and never again. When the token ends or is rejected, requests fail with `Unauthorized` and the
   * reason `"TokenNotRenewable"`. Default: `true`.
   */
  readonly reauthenticate?: boolean | undefined
}

/**
 * A user, by id or by name. The id wins.
 *
 * @since 0.1.0
 * @category models
 */
export interface User {
  readonly userId?: string | undefined
  /** Needs the domain that the user is in. */
  readonly username?: string | undefined
  readonly userDomainId?: string | undefined
  readonly userDomainName?: string | undefined
}

/**
 * The headers of several proofs.
 *
 * @since 0.1.0
 * @category combinators
 */
export const headersOf = (proofs: ReadonlyArray<Proof>): Headers.Headers =>
  proofs.reduce((headers, proof) => Headers.setAll(headers, proof.headers ?? Headers.empty), Headers.empty)
