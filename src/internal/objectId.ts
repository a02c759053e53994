/** A name for an object that no other one has, here or in another program: for what cannot be compared by what it is made of. */
import * as Encoding from "effect/Encoding"

const ids = new WeakMap<object, string>()

let count = 0

let here: string | undefined

export const of = (object: object): string => {
  const known = ids.get(object)
  if (known !== undefined) {
    return known
  }
  here ??= Encoding.encodeHex(crypto.getRandomValues(new Uint8Array(16)))
  const id = `${here}-${++count}`
  ids.set(object, id)
  return id
}
