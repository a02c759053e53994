/** A name for an object that no other one has, in any process: for what cannot be compared by what it is made of. */
import * as Encoding from "effect/Encoding"
import * as Computed from "./computed.js"

/** A number that counts up would be the same for another object in the next process, which may share our tokens. */
export const of: (object: object) => string = Computed.of(() =>
  Encoding.encodeHex(crypto.getRandomValues(new Uint8Array(16)))
)
