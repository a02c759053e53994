/** Ids, tokens and times in the formats of OpenStack. */
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"

const hex = (word: number) => (word >>> 0).toString(16).padStart(8, "0")

const fnv1a = (seed: number, text: string): number => {
  let hash = seed
  for (const char of text) hash = Math.imul(hash ^ char.charCodeAt(0), 0x01000193)
  return hash ^ (hash >>> 15)
}

/** An id that is the same for a name in every run. */
export const stableId = (name: string): string =>
  [0x811c9dc5, 0x9747b28c, 0x5bd1e995, 0x1b873593].map((seed) => hex(fnv1a(seed, name))).join("")

const toUuid = (id: string): string =>
  `${id.slice(0, 8)}-${id.slice(8, 12)}-4${id.slice(13, 16)}-a${id.slice(17, 20)}-${id.slice(20)}`

export const stableUuid = (name: string): string => toUuid(stableId(name))

export const randomUuid: Effect.Effect<string> = Effect.replicateEffect(Random.nextIntBetween(0, 2 ** 32), 4).pipe(
  Effect.map((words) => toUuid(words.map(hex).join("")))
)

export const requestId: Effect.Effect<string> = Effect.map(randomUuid, (uuid) => `req-${uuid}`)

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

// 5 characters of 6 bits each
const chars = (word: number) => [24, 18, 12, 6, 0].map((shift) => alphabet.charAt((word >>> shift) & 63)).join("")

const randomChars = (fives: number): Effect.Effect<string> =>
  Effect.map(Effect.replicateEffect(Random.nextIntBetween(0, 2 ** 30), fives), (words) => words.map(chars).join(""))

export const auditId: Effect.Effect<string> = Effect.map(randomChars(5), (text) => text.slice(0, 22))

/** A token in the format of Fernet. The count makes it unique even with a fixed Random. */
export const randomToken = (count: number): Effect.Effect<string> =>
  Effect.map(randomChars(33), (text) => `gAAAAAB${text}${String(count).padStart(6, "0")}`)

/** Matches the tokens of `randomToken`. */
export const tokenPattern = /gAAAAA[\w-]+/g

const iso = (millis: number) => DateTime.formatIso(DateTime.unsafeMake(millis))

/** Keystone's format of a time. Infinity is the last possible date. */
export const timestamp = (millis: number): string =>
  Number.isFinite(millis) ? iso(millis).replace("Z", "000Z") : "9999-12-31T23:59:59.000000Z"

/** The format of a time in Nova, Glance and Keystone v2.0. */
export const timestampInSeconds = (millis: number): string => timestamp(millis).replace(/\.\d+Z$/, "Z")
