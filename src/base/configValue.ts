/** Reads configured text: what counts as not set, and how flags, numbers, lists and durations are written. */
import * as Either from "effect/Either"

/** A configured value as it is written: text, or a list of texts. */
export type Value = string | ReadonlyArray<string>

/** Reads a value, or returns the reason that it is invalid. */
export type Read<A> = (value: Value) => Either.Either<A, string>

/** Whether a value is set. An empty text is not: an unset variable of the environment looks like that. */
export const isSet = <A>(value: A): value is Exclude<A, undefined | null | ""> =>
  value !== undefined && value !== null && value !== ""

/** The items of a text with commas. */
export const split = (text: string): ReadonlyArray<string> => text.split(",").map((item) => item.trim()).filter(isSet)

const flags: ReadonlyMap<string, boolean> = new Map([
  ...["true", "yes", "on", "1"].map((word) => [word, true] as const),
  ...["false", "no", "off", "0"].map((word) => [word, false] as const)
])

/** The meaning of a word such as `yes` or `off`. */
export const parseFlag = (text: string): boolean | undefined => flags.get(text.toLowerCase())

export const text: Read<string> = (value) =>
  typeof value === "string" ? Either.right(value) : Either.left("expected one value, not a list")

export const list: Read<ReadonlyArray<string>> = (value) =>
  Either.right(typeof value === "string" ? split(value) : value)

export const flag: Read<boolean> = (value) =>
  Either.flatMap(
    text(value),
    (text) => Either.fromNullable(parseFlag(text), () => `expected true or false, got ${JSON.stringify(text)}`)
  )

export const number: Read<number> = (value) =>
  Either.flatMap(
    text(value),
    (text) =>
      /^\d+(\.\d+)?$/.test(text) ? Either.right(Number(text)) : Either.left(`${JSON.stringify(text)} is not a number`)
  )

const numberThat = (accepts: (n: number) => boolean, what: string): Read<number> => (value) =>
  Either.filterOrLeft(number(value), accepts, (n) => `expected ${what}, got ${n}`)

export const positive: Read<number> = numberThat((n) => n > 0, "a number above 0")

export const count: Read<number> = numberThat(Number.isInteger, "a whole number")

export const positiveCount: Read<number> = numberThat((n) => Number.isInteger(n) && n > 0, "a whole number above 0")

export const numbers: Read<ReadonlyArray<number>> = (value) =>
  Either.flatMap(list(value), (texts) => Either.all(texts.map(number)))

/** Seconds, as milliseconds. */
export const seconds: Read<number> = (value) => Either.map(number(value), toMillis)

/** Seconds above 0, as milliseconds. */
export const positiveSeconds: Read<number> = (value) => Either.map(positive(value), toMillis)

const toMillis = (seconds: number): number => seconds * 1000
