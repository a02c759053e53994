/**
 * Keys of tokens and of documents that differ between users. A key is made of everything that decides the token. All
 * keys are built here.
 */
import * as Either from "effect/Either"
import * as Redacted from "effect/Redacted"
import { InvalidOptions } from "../Errors.js"

/** Nested values that a key is made of. */
export type Structure =
  | string
  | boolean
  | Redacted.Redacted
  | undefined
  | ReadonlyArray<Structure>
  | { readonly [name: string]: Structure }

/** Everything that decides a token. Each source has its own field, so that names chosen by a caller cannot collide. */
export type Sources = {
  /** The kind of login: `v3`, `v2`, `custom`, ... */
  readonly kind: string
  /** The name of a `CustomLogin`. */
  readonly name?: string | undefined
  readonly authUrl?: string | undefined
  readonly includeCatalog?: boolean | undefined
  readonly scope?: Structure
  /** The authentication methods, each with its name and parts. */
  readonly methods?: ReadonlyArray<Structure> | undefined
  readonly parts?: Structure
}

const isList = (structure: Structure): structure is ReadonlyArray<Structure> => Array.isArray(structure)

/** The structure with sorted names and plain secrets. `undefined` if it is absent or empty. */
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

/**
 * The structure as JSON. Structures give the same text only if they differ in nothing but order of names and empty
 * values.
 */
export const write = (structure: Structure): string => JSON.stringify(canonical(structure) ?? null)

/** Does the structure add nothing to a key? */
export const isEmpty = (structure: Structure): boolean => canonical(structure) === undefined

/** The key of a document at this URL, read with these headers. */
export const ofDocument = (url: string, headers: Readonly<Record<string, string>>): string => write({ url, headers })

/** UTF-8 has no lone surrogates: encoders write U+FFFD for each, so different texts would be sent as the same one. */
const lossy = /[\p{Surrogate}\ufffd]/u

/** The name of the first value that has such a character. */
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

/** Fails for text that cannot be sent unchanged. `option` is named in the error where the structure has no name. */
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
      reason: "it has a character that cannot be sent: half of a surrogate pair, or U+FFFD (the replacement character)"
    })
  )
}
