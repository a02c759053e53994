/** A lease as text: who has it, and until when. */
export interface Lease {
  readonly owner: string
  /** In milliseconds since 1970. */
  readonly until: number
}

export const format = ({ owner, until }: Lease): string => `${owner} ${until}`

/** `undefined`: not one of ours, or damaged. */
export const parse = (text: string): Lease | undefined => {
  const [, owner, until] = /^([0-9a-f]{32}) (\d{1,16})$/.exec(text) ?? []
  return owner === undefined || until === undefined ? undefined : { owner, until: Number(until) }
}
