/**
 * Makes passcodes for `Totp` from the seed of the user's authenticator, for programs that log in without a person.
 * Install `otpauth` to use it: it does not come with this package.
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import { Secret, TOTP } from "otpauth"
import { toEffect } from "../base/either.js"
import * as Time from "../base/time.js"
import type { InvalidOptions } from "../Errors.js"
import * as Plugin from "../login/plugin.js"

/**
 * How to make passcodes. The defaults are those of Keystone.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** The number of digits: 6 to 8. Default: 6. */
  readonly digits?: number | undefined
  /** How long a passcode is valid, in whole seconds. Default: 30 seconds. */
  readonly period?: Duration.DurationInput | undefined
  /** The hash function. Default: `"SHA1"`. */
  readonly algorithm?: "SHA1" | "SHA256" | "SHA512" | undefined
}

/**
 * Makes the current passcode from a seed in base32, for the `passcode` of `Totp`.
 *
 * A passcode works once, so each is given out once: a second caller in the same period waits for the next one, up to 30
 * seconds. Bind the Effect to a const and use it wherever the user logs in: another Effect does not know what this one
 * has given out. Two programs that log in as the same user at the same time may use the same passcode; Keystone refuses
 * the second.
 *
 * Fails with `InvalidOptions` if the seed is not base32. The error does not show the seed.
 *
 * @example
 * ```ts
 * import { Redacted } from "effect"
 * import { Totp } from "effect-keystoneauth"
 * import * as TotpSeed from "effect-keystoneauth/TotpSeed"
 *
 * const passcode = TotpSeed.passcode(Redacted.make("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"))
 *
 * const robot = Totp.layer({
 *   authUrl: "https://keystone.example.com/v3",
 *   username: "robot",
 *   userDomainName: "Default",
 *   passcode,
 *   projectId: "21dced0fd20347869b93710d2b98aae0"
 * })
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const passcode = (
  seed: Redacted.Redacted,
  options: Options = {}
): Effect.Effect<Redacted.Redacted, InvalidOptions> => {
  let given: number | undefined
  const take = (generator: Generator): Effect.Effect<Redacted.Redacted> =>
    Effect.clockWith((clock) =>
      Effect.suspend(() => {
        const now = Time.wallClock(clock)
        const period = Math.floor(now / generator.millis)
        if (period === given) {
          return Effect.zipRight(Effect.sleep((period + 1) * generator.millis - now), take(generator))
        }
        given = period
        return Effect.succeed(generator.generate(now))
      })
    )
  return Effect.flatMap(toEffect(makeGenerator(seed, options)), take)
}

const module = "TotpSeed"

interface Generator {
  readonly millis: number
  readonly generate: (now: number) => Redacted.Redacted
}

const makeGenerator = (
  seed: Redacted.Redacted,
  { algorithm = "SHA1", digits = 6, period = "30 seconds" }: Options
): Either.Either<Generator, InvalidOptions> => {
  const seconds = Duration.toSeconds(period)
  if (![6, 7, 8].includes(digits)) {
    return Plugin.invalid(module, "digits", `${digits} is none of 6, 7 and 8`)
  }
  if (!Number.isInteger(seconds) || seconds < 1) {
    return Plugin.invalid(module, "period", `${Duration.format(period)} is not a whole number of seconds, such as 30`)
  }
  return Either.map(readSeed(seed), (secret) => ({
    millis: seconds * 1000,
    generate: (timestamp) => Redacted.make(TOTP.generate({ secret, algorithm, digits, period: seconds, timestamp }))
  }))
}

/** The error of `otpauth` is dropped: it quotes a letter of the seed. */
const readSeed = (seed: Redacted.Redacted): Either.Either<Secret, InvalidOptions> =>
  Option.liftThrowable(Secret.fromBase32)(Redacted.value(seed)).pipe(
    Option.filter((secret) => secret.bytes.length > 0),
    Option.match({
      onNone: () => Plugin.invalid(module, "seed", "it is not base32: letters, and digits from 2 to 7"),
      onSome: Either.right
    })
  )
