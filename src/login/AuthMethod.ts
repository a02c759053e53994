/**
 * A way to authenticate to Keystone v3: a password, a passcode, a token. Plugins such as `Password` and `Totp` log in
 * with one method, `MultiFactor` with several. Write your own with `make`, and log in with it through `MultiFactor`.
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
 * What one login request sends for a method.
 *
 * @since 0.1.0
 * @category models
 */
export interface Proof {
  /** The value under the method's name in `auth.identity`. `undefined`: the method is not named there. */
  readonly entry: unknown
  /** Headers of the login request. Default: none. */
  readonly headers?: Headers.Headers | undefined
  /** The secrets in it: they are hidden where Keystone quotes them. */
  readonly secrets: ReadonlyArray<Redacted.Redacted>
}

/**
 * A value that decides which token a login gets: a text, a secret, a boolean, or a list or record of these.
 *
 * @since 0.1.0
 * @category models
 */
export type Part = IdentityKey.Structure

/**
 * All values that decide which token a login gets, by name. Secrets are `Redacted`; absent and empty values are left
 * out. Any name will do: names of other methods and options do not collide with it. A text with a lone surrogate or
 * U+FFFD is refused with `InvalidOptions`.
 *
 * @since 0.1.0
 * @category models
 */
export type Parts = Readonly<Record<string, Part>>

/**
 * An authentication method of Keystone v3, with the credentials of one user.
 *
 * @since 0.1.0
 * @category models
 */
export interface AuthMethod {
  /** Keystone's name for it in `auth.identity.methods`: `"password"`. */
  readonly name: string
  /** Makes a new proof for each login, since a passcode works once. `url` is where the login goes: some sign it. */
  readonly prove: (url: string) => Effect.Effect<Proof, AuthenticationError>
  /** Checks the credentials. The caller gets a failure before anything is sent. */
  readonly check: Either.Either<unknown, InvalidOptions>
  /** The user and the secrets: logins with the same parts share a token, also across processes. */
  readonly parts: Parts
  /** Further values that separate logins within this process only: a passcode. */
  readonly momentary: Parts
  /** Whether another login gives a token that lives longer. `false` for a method that only shows a token. */
  readonly renewable: boolean
  /** Whether `prove` works only once. */
  readonly once: boolean
  /** Who logs in, for errors: `user "demo" of domain "Default"`. */
  readonly description: string
}

/**
 * Makes a method. By default it is renewable, works any number of times, and has nothing to check.
 *
 * @example
 * ```ts
 * import { Effect, Redacted } from "effect"
 * import { AuthMethod, MultiFactor } from "effect-keystoneauth"
 *
 * // a method that a site has added to its Keystone
 * const badge = (number: string, pin: Redacted.Redacted) =>
 *   AuthMethod.make({
 *     name: "badge",
 *     prove: () => Effect.succeed({ entry: { number, pin: Redacted.value(pin) }, secrets: [pin] }),
 *     parts: { number, pin },
 *     description: `badge ${number}`
 *   })
 *
 * const demo = MultiFactor.layer({
 *   authUrl: "https://keystone.example.com/v3",
 *   methods: [badge("4711", Redacted.make("secret"))]
 * })
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (
  method: Pick<AuthMethod, "name" | "prove" | "parts" | "description"> & Partial<AuthMethod>
): AuthMethod => ({ check: Either.void, momentary: {}, renewable: true, once: false, ...method })

/**
 * Options of every plugin that logs in to Keystone v3.
 *
 * @since 0.1.0
 * @category models
 */
export interface KeystoneOptions {
  /** The URL of Keystone, with or without `/v3` at the end: `https://keystone.example.com/v3`. */
  readonly authUrl: string
  /** `false` asks for a token without the catalog, for clouds whose catalog is too big. Default: `true`. */
  readonly includeCatalog?: boolean | undefined
  /**
   * `false`: log in once and never again. When the token ends or is rejected, requests fail with `Unauthorized` and the
   * reason `"TokenNotRenewable"`. Default: `true`.
   */
  readonly reauthenticate?: boolean | undefined
}

/**
 * Options of every plugin that logs in to Keystone v3 for a scope of the caller's choice.
 *
 * @since 0.1.0
 * @category models
 */
export interface LoginOptions extends KeystoneOptions, AuthScope.AuthScope {}

/**
 * A user, by id or by name. The id wins.
 *
 * @since 0.1.0
 * @category models
 */
export interface User {
  readonly userId?: string | undefined
  /** Needs the domain of the user. */
  readonly username?: string | undefined
  readonly userDomainId?: string | undefined
  readonly userDomainName?: string | undefined
}

/**
 * Merges the headers of several proofs.
 *
 * @since 0.1.0
 * @category combinators
 */
export const headersOf = (proofs: ReadonlyArray<Proof>): Headers.Headers =>
  proofs.reduce((headers, proof) => Headers.setAll(headers, proof.headers ?? Headers.empty), Headers.empty)
