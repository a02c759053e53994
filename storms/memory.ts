/** What a Session keeps must be bounded: rows of the second table. */
import { Effect } from "effect"
import type { Sample } from "./heap.js"
import { growth } from "./heap.js"
import { afterIdentities, afterRequests } from "./kept.js"
import type { Outcome, Storm } from "./storm.js"
import { figure, make } from "./storm.js"

const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`

const list = (samples: ReadonlyArray<Sample>) =>
  samples.map(({ bytes, count }) => `${figure(count)}: ${megabytes(bytes)}`).join("; ")

const verdict = (samples: ReadonlyArray<Sample>, from: number, to: number, allowed: number): Outcome => {
  const grown = growth(samples, from, to)
  return {
    reached: `${grown < 0 ? "" : "+"}${megabytes(grown)} from ${figure(from)} to ${figure(to)}`,
    ok: grown < allowed,
    notes: [`heap after ${list(samples)}`]
  }
}

const requests = 1_000_000

const warm = make(
  { storm: `${figure(requests)} warm requests`, goal: "bounded: < 1 MB in the last half", others: "-" },
  "20 minutes",
  Effect.map(afterRequests(10, requests / 10), (samples) => verdict(samples, requests / 2, requests, 1e6))
)

const identities = 10_000

const many = make(
  {
    storm: `${figure(identities)} distinct identities, and as many again`,
    goal: "bounded: < 5 MB once full",
    others: "-"
  },
  "20 minutes",
  Effect.map(afterIdentities(10, identities / 5), (samples) => verdict(samples, identities, identities * 2, 5e6))
)

export const rows: ReadonlyArray<Storm> = [warm, many]
