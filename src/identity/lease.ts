/** Leases, as token stores write them: an owner, and the time until which it holds the lease. */
export interface Lease {
  readonly owner: string
  /** In milliseconds since 1970, by the clock of the process that wrote it. */
  readonly until: number
}

/**
 * Is the lease still held, if leases last `timeToLive` milliseconds? A lease that ends later than twice that time
 * counts as ended: a wrong clock wrote it.
 */
export const isHeld = ({ until }: Lease, now: number, timeToLive: number): boolean =>
  now < until && until <= now + 2 * timeToLive

export const format = ({ owner, until }: Lease): string => `${owner} ${until}`

/** `undefined` for text that is damaged or not a lease. */
export const parse = (text: string): Lease | undefined => {
  const [, owner, until] = /^([0-9a-f]{32}) (\d{1,16})$/.exec(text) ?? []
  return owner === undefined || until === undefined ? undefined : { owner, until: Number(until) }
}
