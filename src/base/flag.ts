/** The words that are read as true or false, wherever someone writes them. */

const words: ReadonlyMap<string, boolean> = new Map([
  ...["true", "yes", "on", "1"].map((word) => [word, true] as const),
  ...["false", "no", "off", "0"].map((word) => [word, false] as const)
])

export const read = (text: string): boolean | undefined => words.get(text.toLowerCase())
