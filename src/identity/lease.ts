/** A lease as text: who has it, and until when. */
export interface Lease {
  readonly owner: string
  /** In milliseconds since 1970, by the clock of who wrote it. */
  readonly until: number
}

/**
 * Does somebody have it who may have it for `timeToLive` milliseconds? A lease that ends much later than that was written by a clock
 * that was wrong, and is over; twice that time allows for clocks that differ a little.
 */
export const isHeld = ({ until }: Lease, now: number, timeToLive: number): boolean =>
  now < until && until <= now + 2 * timeToLive

export const format = ({ owner, until }: Lease): string => `${owner} ${until}`

/** `undefined`: not one of ours, or damaged. */
export const parse = (text: string): Lease | undefined => {
  const [, owner, until] = /^([0-9a-f]{32}) (\d{1,16})$/.exec(text) ?? []
  return owner === undefined || until === undefined ? undefined : { owner, until: Number(until) }
}
