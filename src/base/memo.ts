/** Values that are computed once and kept. */
import * as Encoding from "effect/Encoding"

/** Memoizes by text, for the first `capacity` different texts. Later ones are computed each time. */
export const byText = <A>(capacity: number) => {
  const known = new Map<string, A>()
  return (text: string, compute: () => A): A => {
    const found = known.get(text)
    if (found !== undefined) {
      return found
    }
    const made = compute()
    if (known.size < capacity) {
      known.set(text, made)
    }
    return made
  }
}

/** Memoizes a function of an object, for as long as the object exists. */
export const byObject = <Key extends object, A>(compute: (key: Key) => A): (key: Key) => A => {
  const known = new WeakMap<Key, A>()
  return (key) => {
    const found = known.get(key)
    if (found !== undefined) {
      return found
    }
    const made = compute(key)
    known.set(key, made)
    return made
  }
}

/**
 * A random id for an object that has nothing else to be compared by. A counter would give the same ids to other objects
 * in another process, which may share our tokens.
 */
export const objectId: (object: object) => string = /*#__PURE__*/ byObject(() =>
  Encoding.encodeHex(crypto.getRandomValues(new Uint8Array(16)))
)
