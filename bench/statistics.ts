/** What is made of the samples of several rounds. */

export const median = (values: ReadonlyArray<number>): number => {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length / 2
  return ((sorted[Math.ceil(middle) - 1] ?? NaN) + (sorted[Math.floor(middle)] ?? NaN)) / 2
}

/** Of each round against the same round of another: what slows a machine down for a while slows both. */
export const medianRatio = (values: ReadonlyArray<number>, others: ReadonlyArray<number>): number =>
  median(values.map((value, round) => value / (others[round] ?? NaN)))
