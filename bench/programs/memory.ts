/** What is kept of an identity, and of a million requests, or of as many as 60 seconds are enough for. */
import { Effect } from "effect"
import { growth } from "../../storms/heap.js"
import { afterIdentities, afterRequests } from "../../storms/kept.js"

const identities = 1000

Effect.runPromise(Effect.gen(function*() {
  const kept = yield* afterIdentities(2, identities)
  const requests = yield* afterRequests(20, 50_000, "60 seconds")
  return { identityBytes: growth(kept, identities, 2 * identities) / identities, requests }
})).then((memory) => console.log(JSON.stringify(memory)))
