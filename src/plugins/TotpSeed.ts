/**
 * Passcodes for `Totp` from the seed that the user's authenticator has, for programs that log in without a person. It needs `otpauth`,
 * which is not installed with this package.
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Redacted from "effect/Redacted"
import { Secret, TOTP } from "otpauth"
import * as Time from "../base/time.js"
import { InvalidOptions } from "../Errors.js"

/**
 * How passcodes are made. The defaults are what Keystone does.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** How long a passcode is: 6 to 8. Default: 6. */
  readonly digits?: number | undefined
  /** How long a passcode is good, in whole seconds. Default: 30 seconds. */
  readonly period?: Duration.DurationInput | undefined
  /** Default: `"SHA1"`. */
  readonly algorithm?: "SHA1" | "SHA256" | "SHA512" | undefined
}

/**
 * What `Totp` takes for its passcode: the one of now, from a seed in base32.
 *
 * A passcode works once. So this gives each one once, and whoever comes for another in the same period waits for the next: up to 30
 * seconds. Only this very object knows what it has given: bind it to a const, and use that wherever the user logs in. Programs that
 * log in as the same user at the same time may still come with the same one; Keystone refuses the second.
 *
 * Fails with `InvalidOptions`, which never shows the seed, if that is not base32.
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
  return Effect.flatMap(makeGenerator(seed, options), take)
}

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
    return Either.left(invalid("digits", `${digits} is none of 6, 7 and 8`))
  }
  if (!Number.isInteger(seconds) || seconds < 1) {
    return Either.left(invalid("period", `${Duration.format(period)} is not a whole number of seconds, such as 30`))
  }
  return Either.map(readSeed(seed), (secret) => ({
    millis: seconds * 1000,
    generate: (timestamp) => Redacted.make(TOTP.generate({ secret, algorithm, digits, period: seconds, timestamp }))
  }))
}

/** The library's own error quotes a letter of the seed. */
const readSeed = (seed: Redacted.Redacted): Either.Either<Secret, InvalidOptions> =>
  Either.try({ try: () => Secret.fromBase32(Redacted.value(seed)), catch: notBase32 }).pipe(
    Either.filterOrLeft((secret) => secret.bytes.length > 0, notBase32)
  )

const invalid = (option: string, reason: string): InvalidOptions =>
  new InvalidOptions({ module: "TotpSeed", option, reason })

const notBase32 = (): InvalidOptions => invalid("seed", "it is not base32: letters, and digits from 2 to 7")
