/** A name for an object that no other one has, in any process: for what cannot be compared by what it is made of. */
import * as Encoding from "effect/Encoding"

const ids = new WeakMap<object, string>()

export const of = (object: object): string => {
  const known = ids.get(object)
  if (known !== undefined) {
    return known
  }
  // a number that counts up would be the same for another object in the next process, which may share our tokens
  const id = Encoding.encodeHex(crypto.getRandomValues(new Uint8Array(16)))
  ids.set(object, id)
  return id
}
