/** Suggests a known name for an unknown one. */

/** The edit distance: letters inserted, removed, replaced, or swapped with their neighbour. */
const distance = (a: string, b: string): number => {
  let before: ReadonlyArray<number> = []
  let row = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const [above = 0, diagonal = 0, left = 0] = [row[j], row[j - 1], next[j - 1]]
      const swapped = a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1] ? before[j - 2] ?? Infinity : Infinity
      next.push(Math.min(above + 1, left + 1, swapped + 1, diagonal + (a[i - 1] === b[j - 1] ? 0 : 1)))
    }
    before = row
    row = next
  }
  return row[b.length] ?? 0
}

/** The end of a message: `; did you mean region_name?`, or nothing if no known name is close. */
export const didYouMean = (name: string, known: ReadonlyArray<string>): string => {
  const [closest] = (name.length > 100 ? [] : known)
    .map((candidate) => ({ candidate, far: distance(name, candidate) }))
    .filter(({ far }) => far <= Math.max(1, Math.floor(name.length / 4)))
    .sort((a, b) => a.far - b.far)
  return closest === undefined ? "" : `; did you mean ${closest.candidate}?`
}
