/** Everything that decides a token, as one text: what its key is made of. */
import * as Redacted from "effect/Redacted"

export type Parts = Readonly<Record<string, string | boolean | Redacted.Redacted | undefined>>

/** What is absent or empty is left out. Each part has its name, kind and length before it, so that no two sets of parts give the same text. */
export const write = (parts: Parts): string =>
  Object.keys(parts).sort().flatMap((name) => {
    const part = parts[name]
    if (part === undefined || part === "") {
      return []
    }
    const value = Redacted.isRedacted(part) ? Redacted.value(part) : String(part)
    return [`${name.length}:${name}=${typeof part === "boolean" ? "b" : "s"}${value.length}:${value};`]
  }).join("")
