/**
 * Everything that decides a token, or a document that depends on who asks, as one text: what its key is made of. Keys are built
 * here, and nowhere else.
 */
import * as Either from "effect/Either"
import * as Redacted from "effect/Redacted"
import { InvalidOptions } from "../Errors.js"

export type Structure =
  | string
  | boolean
  | Redacted.Redacted
  | undefined
  | ReadonlyArray<Structure>
  | { readonly [name: string]: Structure }

/** What decides a token. Each source has its own place, so that names that a caller chose cannot meet names of another origin. */
export type Sources = {
  /** Which code gets the token: `v3`, `v2`, `custom`, ... */
  readonly kind: string
  /** Of a `CustomLogin`. */
  readonly name?: string | undefined
  readonly authUrl?: string | undefined
  readonly includeCatalog?: boolean | undefined
  readonly scope?: Structure
  /** Each with its name and its parts. */
  readonly methods?: ReadonlyArray<Structure> | undefined
  readonly parts?: Structure
}

const isList = (structure: Structure): structure is ReadonlyArray<Structure> => Array.isArray(structure)

/** With sorted names. `undefined` for what is absent or empty. */
const canonical = (structure: Structure): unknown => {
  if (Redacted.isRedacted(structure)) {
    return canonical(Redacted.value(structure))
  }
  if (isList(structure)) {
    return structure.length === 0 ? undefined : structure.map((item) => canonical(item) ?? null)
  }
  if (typeof structure === "object") {
    const entries = Object.keys(structure).sort().flatMap((name) => {
      const value = canonical(structure[name])
      return value === undefined ? [] : [[name, value]]
    })
    return entries.length === 0 ? undefined : Object.fromEntries(entries)
  }
  return structure === "" ? undefined : structure
}

/** JSON: no two structures give the same text, but for the order of names and for what is absent or empty. */
export const write = (structure: Structure): string => JSON.stringify(canonical(structure) ?? null)

/** Is there nothing in it that a key would be made of? */
export const isEmpty = (structure: Structure): boolean => canonical(structure) === undefined

/** The key of a document at this URL for who sends these headers, whatever they are called. */
export const ofDocument = (url: string, headers: Readonly<Record<string, string>>): string => write({ url, headers })

/** UTF-8 has no lone surrogates: encoders write U+FFFD for each, so that different texts are sent as the same. */
const lossy = /[\p{Surrogate}\ufffd]/u

/** The name of what holds such text. */
const findLossy = (structure: Structure, name: string): string | undefined => {
  if (Redacted.isRedacted(structure)) {
    return findLossy(Redacted.value(structure), name)
  }
  if (typeof structure === "string") {
    return lossy.test(structure) ? name : undefined
  }
  if (typeof structure !== "object") {
    return undefined
  }
  if (isList(structure)) {
    return structure.map((item) => findLossy(item, name)).find((found) => found !== undefined)
  }
  return Object.entries(structure)
    .map(([inner, value]) => lossy.test(inner) ? name : findLossy(value, inner))
    .find((found) => found !== undefined)
}

/** Refuses text that would not arrive as it is. `option` is what is to be named where no inner name says it. */
export const check = (
  structure: Structure,
  module: string,
  option: string
): Either.Either<void, InvalidOptions> => {
  const found = findLossy(structure, option)
  return found === undefined ? Either.void : Either.left(
    new InvalidOptions({
      module,
      option: found,
      reason:
        "it has a character that cannot be sent: half of a surrogate pair, or U+FFFD, which stands for what was lost"
    })
  )
}
