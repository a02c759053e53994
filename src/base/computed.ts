/** What is computed once, and kept. */

/** For so many texts: a program asks for a few, again and again. */
export const make = <A>(capacity: number) => {
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

/** For an object, as long as that is there. */
export const of = <Key extends object, A>(compute: (key: Key) => A): (key: Key) => A => {
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
