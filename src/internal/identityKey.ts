/** The key under which a token is kept: everything that decides the token, and nothing that could be read back. */
import * as Effect from "effect/Effect"
import * as Encoding from "effect/Encoding"
import * as Redacted from "effect/Redacted"

export type Parts = Readonly<Record<string, string | boolean | Redacted.Redacted | undefined>>

/** Each part with its name, kind and length before it, so that no two sets of parts give the same text. */
const write = (parts: Parts): string =>
  Object.keys(parts).sort().flatMap((name) => {
    const part = parts[name]
    if (part === undefined) {
      return []
    }
    const value = Redacted.isRedacted(part) ? Redacted.value(part) : String(part)
    return [`${name.length}:${name}=${typeof part === "boolean" ? "b" : "s"}${value.length}:${value};`]
  }).join("")

/** A keyed hash (HMAC-SHA-256) with a key that this process makes and that cannot leave it. */
export const make: Effect.Effect<(parts: Parts) => Effect.Effect<string>> = Effect.map(
  Effect.promise(() => crypto.subtle.generateKey({ name: "HMAC", hash: "SHA-256" }, false, ["sign"])),
  (key) => (parts) =>
    Effect.map(
      Effect.promise(() => crypto.subtle.sign("HMAC", key, new TextEncoder().encode(write(parts)))),
      (signature) => Encoding.encodeHex(new Uint8Array(signature))
    )
)
