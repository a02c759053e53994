/** A name for an object that no other one has: for what cannot be compared by what it is made of. */
const ids = new WeakMap<object, string>()

let count = 0

export const of = (object: object): string => {
  const known = ids.get(object)
  if (known !== undefined) {
    return known
  }
  const id = `object-${++count}`
  ids.set(object, id)
  return id
}
