/** Checks options of `NodeTransport`. */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { InvalidOptions } from "../Errors.js"

export const invalid = (option: string, reason: string): InvalidOptions =>
  new InvalidOptions({ module: "NodeTransport", option, reason })

/** The longest delay of a timer in Node, in milliseconds. */
const longest = 2 ** 31 - 1

/** A duration in milliseconds, or undefined if it is not set. */
export const millis = (
  option: string,
  input: Duration.DurationInput | undefined
): Effect.Effect<number | undefined, InvalidOptions> => {
  if (input === undefined) {
    return Effect.succeed(undefined)
  }
  const duration = Duration.decodeUnknown(input)
  return Option.isNone(duration)
    ? invalid(
      option,
      `${JSON.stringify(input)} is not a duration such as "10 seconds", or a number of milliseconds`
    )
    : Effect.succeed(Math.min(Math.ceil(Duration.toMillis(duration.value)), longest))
}

export const oneOf = <A extends string>(
  option: string,
  value: A | undefined,
  allowed: ReadonlyArray<A>
): Effect.Effect<A | undefined, InvalidOptions> =>
  value === undefined || allowed.includes(value)
    ? Effect.succeed(value)
    : invalid(option, `${JSON.stringify(value)} is not one of ${allowed.join(", ")}`)
