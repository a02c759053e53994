/** What was computed for a text is kept, for so many texts: a program asks for a few, again and again. */
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
