/** From text as it was written to what its key means. */
import * as Either from "effect/Either"
import * as Flag from "../base/flag.js"
import * as Material from "../safety/material.js"
import type * as Setting from "./Setting.js"

const one = (value: Setting.Value): Either.Either<string, string> =>
  typeof value === "string" ? Either.right(value) : Either.left("one value is wanted here, not a list")

export const text = one

/** A certificate or a key: hidden, unless it is the path of one. */
export const material = (value: Setting.Value): Either.Either<Material.Material, string> =>
  Either.map(one(value), Material.hide)

export const flag = (value: Setting.Value): Either.Either<boolean, string> =>
  Either.flatMap(one(value), (text) => {
    const truth = Flag.read(text)
    return truth === undefined
      ? Either.left(`${JSON.stringify(text)} is neither true nor false`)
      : Either.right(truth)
  })

export const number = (value: Setting.Value): Either.Either<number, string> =>
  Either.flatMap(
    one(value),
    (text) =>
      /^\d+(\.\d+)?$/.test(text) ? Either.right(Number(text)) : Either.left(`${JSON.stringify(text)} is not a number`)
  )

const that = (is: (n: number) => boolean, what: string) => (value: Setting.Value): Either.Either<number, string> =>
  Either.filterOrLeft(number(value), is, (n) => `${n} is not ${what}`)

export const positive = that((n) => n > 0, "more than 0")

export const count = that(Number.isInteger, "a whole number")

export const whole = that((n) => Number.isInteger(n) && n > 0, "a whole number from 1")

export const texts = (value: Setting.Value): Either.Either<ReadonlyArray<string>, string> =>
  Either.right(
    typeof value === "string" ? value.split(",").map((text) => text.trim()).filter((text) => text !== "") : value
  )

export const numbers = (value: Setting.Value): Either.Either<ReadonlyArray<number>, string> =>
  Either.flatMap(texts(value), (texts) => Either.all(texts.map(number)))
