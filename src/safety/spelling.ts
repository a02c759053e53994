/**
 * Finds secrets in a text in any spelling: plain, escaped as in JSON or Python, percent-encoded, as HTML, with other
 * whitespace, or with two of these combined.
 */

/** One way to read the text at a place: the code point, and the place after it. */
type Reading = readonly [codePoint: number, end: number]

/** All whitespace and control characters are read as this; a run of them counts as one, or as none. */
const space = 0x20

/** A named HTML entity: any character except ASCII letters and digits. */
const someSign = -1

/** A replacement for a character that an encoding lacks: `?` or U+FFFD. */
const lost = -2

const isAlphanumeric = (codePoint: number): boolean =>
  (codePoint >= 0x30 && codePoint <= 0x39) || (codePoint >= 0x61 && codePoint <= 0x7a)

const means = (read: number, wanted: number): boolean =>
  read === wanted || (read === someSign && !isAlphanumeric(wanted)) || (read === lost && wanted > 0x7f)

const isSpace = (codePoint: number): boolean =>
  codePoint <= space || (codePoint >= 0x7f && codePoint <= 0xa0) || /^\s$/u.test(String.fromCodePoint(codePoint))

/** The code point to compare by: letters in lower case, since header names and hosts are often lower-cased. */
const unified = (codePoint: number): number =>
  codePoint < 0x80
    ? codePoint <= space || codePoint === 0x7f
      ? space
      : codePoint >= 0x41 && codePoint <= 0x5a
      ? codePoint + 32
      : codePoint
    : isSpace(codePoint)
    ? space
    : String.fromCodePoint(codePoint).toLowerCase().codePointAt(0) ?? codePoint

/** Letters after a backslash that mean a control character in Python, JSON and C. */
const controls = "abefnrtv0"

const isHex = (text: string, from: number, length: number): boolean => {
  for (let i = from; i < from + length; i++) {
    if (!/^[\da-f]$/i.test(text.charAt(i))) {
      return false
    }
  }
  return true
}

const hex = (text: string, from: number, length: number): number | undefined =>
  isHex(text, from, length) ? Number.parseInt(text.slice(from, from + length), 16) : undefined

/** The most backslashes in a row: one that was escaped three times. */
const longestEscape = 8

/** Adds the readings of an escape sequence. `at` is the first backslash. */
const escapes = (text: string, at: number, readings: Array<Reading>): void => {
  let end = at
  while (end - at < longestEscape && text[end] === "\\") {
    end++
  }
  for (let length = 1; length <= end - at; length *= 2) {
    readings.push([0x5c, at + length])
  }
  const escaped = text.codePointAt(end)
  if (escaped === undefined || escaped === 0x5c) {
    return
  }
  const kind = String.fromCodePoint(escaped)
  const length = { x: 2, u: 4, U: 8 }[kind]
  const code = length === undefined ? undefined : hex(text, end + 1, length)
  if (length !== undefined && code !== undefined && code <= 0x10ffff) {
    const next = end + 1 + length
    readings.push([unified(code), next])
    const low = kind === "u" && code >= 0xd800 && code < 0xdc00 ? lowSurrogate(text, next) : undefined
    if (low !== undefined) {
      readings.push([unified(0x10000 + (code - 0xd800) * 0x400 + (low[0] - 0xdc00)), low[1]])
    }
    if (kind === "x") {
      bytes(text, at, escapedByte, readings)
    }
  }
  if (controls.includes(kind)) {
    readings.push([space, end + 1])
  }
  if (octalByte(text, at) !== undefined) {
    bytes(text, at, octalByte, readings)
  }
  if (kind === "&") {
    entities(text, end, readings)
  }
  readings.push([unified(escaped), end + kind.length])
}

/** Reads the second `\udXXX` of a pair. */
const lowSurrogate = (text: string, at: number): Reading | undefined => {
  let end = at
  while (end - at < longestEscape && text[end] === "\\") {
    end++
  }
  const low = end > at && text[end] === "u" ? hex(text, end + 1, 4) : undefined
  return low !== undefined && low >= 0xdc00 && low < 0xe000 ? [low, end + 5] : undefined
}

type ReadByte = (text: string, at: number) => Reading | undefined

/** How many times text may be percent-encoded: `%2F`, `%252F`, `%25252F`. */
const longestPercent = 4

/** The place after the last `%` or `25` of a percent sign. */
const percentEnd = (text: string, at: number): number => {
  let from = at + 1
  for (let i = 1; i < longestPercent && text.startsWith("25", from) && isHex(text, from + 2, 2); i++) {
    from += 2
  }
  return from
}

const percentByte: ReadByte = (text, at) => {
  const from = percentEnd(text, at)
  const byte = text[at] === "%" ? hex(text, from, 2) : undefined
  return byte === undefined ? undefined : [byte, from + 2]
}

/** A byte of UTF-8 that was read as Latin-1, as in HTTP headers. */
const latinByte: ReadByte = (text, at) => {
  const byte = text.charCodeAt(at)
  return byte > 0x7f && byte <= 0xff ? [byte, at + 1] : undefined
}

/** `\303`, as C writes bytes. */
const octalByte: ReadByte = (text, at) => {
  const [whole, octal] = /^\\{1,8}([0-3][0-7]{2})/.exec(text.slice(at, at + 11)) ?? []
  return whole === undefined || octal === undefined ? undefined : [Number.parseInt(octal, 8), at + whole.length]
}

/** `\xc3`, as Python writes bytes. */
const escapedByte: ReadByte = (text, at) => {
  let end = at
  while (end - at < longestEscape && text[end] === "\\") {
    end++
  }
  const byte = end > at && text[end] === "x" ? hex(text, end + 1, 2) : undefined
  return byte === undefined ? undefined : [byte, end + 3]
}

/** Adds the readings of bytes that form a UTF-8 character. */
const bytes = (text: string, at: number, readByte: ReadByte, readings: Array<Reading>): void => {
  const first = readByte(text, at)
  if (first === undefined) {
    return
  }
  const [lead, after] = first
  const more = lead >= 0xf0 ? 3 : lead >= 0xe0 ? 2 : lead >= 0xc0 ? 1 : 0
  readings.push([unified(lead), after])
  let code = lead & (0xff >> (more + 2))
  let end = after
  for (let i = 0; i < more; i++) {
    const next = readByte(text, end)
    if (next === undefined || (next[0] & 0xc0) !== 0x80) {
      return
    }
    code = code * 64 + (next[0] & 0x3f)
    end = next[1]
  }
  if (more > 0 && code <= 0x10ffff) {
    readings.push([unified(code), end])
  }
}

const entity = /&(?:amp;){0,2}(?:#(\d{1,8});?|#x([\da-f]{1,8});?|[a-z]\w{1,30};)/iy

const entities = (text: string, at: number, readings: Array<Reading>): void => {
  for (let i = 0, end = at + 1; i < 3 && text.startsWith("amp;", end); i++) {
    end += 4
    readings.push([0x26, end])
  }
  entity.lastIndex = at
  const [whole, decimal, hexadecimal] = entity.exec(text) ?? []
  if (whole === undefined) {
    return
  }
  const code = decimal !== undefined
    ? Number.parseInt(decimal, 10)
    : hexadecimal !== undefined
    ? Number.parseInt(hexadecimal, 16)
    : undefined
  if (code === undefined || code <= 0x10ffff) {
    readings.push([code === undefined ? someSign : unified(code), at + whole.length])
  }
}

/** Adds the readings of a quote, also as shells, SQL and YAML write it within quotes: `'\''`, `'"'"'`, `''`. */
const quotes = (text: string, at: number, quote: string, readings: Array<Reading>): void => {
  const code = quote.charCodeAt(0)
  readings.push([code, at + 1])
  for (const written of [quote + quote, "'\\''", "'\"'\"'"]) {
    if (text.startsWith(written, at)) {
      readings.push([code, at + written.length])
    }
  }
}

const readingsAt = (text: string, at: number): ReadonlyArray<Reading> => {
  const literal = text.codePointAt(at)
  if (literal === undefined) {
    return []
  }
  const readings: Array<Reading> = []
  switch (literal) {
    case 0x5c:
      escapes(text, at, readings)
      break
    case 0x25:
      readings.push([literal, at + 1])
      if (text.startsWith("%25", at)) {
        readings.push([literal, percentEnd(text, at)])
      }
      bytes(text, at, percentByte, readings)
      break
    case 0x26:
      readings.push([literal, at + 1])
      entities(text, at, readings)
      break
    case 0x2b:
      readings.push([literal, at + 1], [space, at + 1])
      break
    case 0x22:
      quotes(text, at, "\"", readings)
      break
    case 0x27:
      quotes(text, at, "'", readings)
      break
    case 0x3f:
    case 0xfffd:
      readings.push([literal, at + 1])
      // one character may have become several: one for each unit or byte
      for (let end = at + 1; end <= at + 4 && text.charCodeAt(end - 1) === literal; end++) {
        readings.push([lost, end])
      }
      break
    default:
      readings.push([unified(literal), at + (literal > 0xffff ? 2 : 1)])
      bytes(text, at, latinByte, readings)
  }
  return readings
}

/** Characters that have several spellings or meanings. */
const ambiguous = "\\%&+\"'?"

/** For each ASCII code that has one reading, that reading. 0 for others. */
const plainCodes = Uint8Array.from(
  { length: 0x7f },
  (_, code) => code <= space || ambiguous.includes(String.fromCharCode(code)) ? 0 : unified(code)
)

const plainAt = (text: string, at: number): number => plainCodes[text.charCodeAt(at)] ?? 0

/** A secret to search for: its code points, trimmed, with each run of whitespace as one space. */
type Pattern = ReadonlyArray<number>

const pattern = (secret: string): Pattern => {
  const points: Array<number> = []
  for (const character of secret) {
    const point = unified(character.codePointAt(0) ?? space)
    if (point !== space || points.at(-1) !== space) {
      points.push(point)
    }
  }
  const from = points[0] === space ? 1 : 0
  return points.slice(from, points.at(-1) === space ? -1 : points.length)
}

const step = (text: string, places: Iterable<number>, wanted: number): Set<number> => {
  const reached = new Set<number>()
  for (const place of places) {
    for (const [point, end] of readingsAt(text, place)) {
      if (means(point, wanted)) {
        reached.add(end)
      }
    }
  }
  return reached
}

/** The longest spelling of one character. */
const longestSign = 24

/** The end of a secret that is cut off, at the end of the text or at dots, after too much of it to be shown. */
const breaksOff = (text: string, at: number, read: number, secret: Pattern): number | undefined => {
  if (read < shortest || read < Math.min(8, secret.length / 2)) {
    return undefined
  }
  const escaped = at > text.length - longestSign && /^[\\%&][\w#;\\%]*$/.test(text.slice(at))
  return at >= text.length || escaped ? text.length : text.startsWith("...", at) || text[at] === "…" ? at : undefined
}

/** The furthest place at which a secret that begins at `from` may end. `undefined` if it does not begin there. */
const endOf = (text: string, from: number, secret: Pattern): number | undefined => {
  let read = 0
  let at = from
  // fast path: most text has one reading
  for (; read < secret.length && secret[read] !== space; read++, at++) {
    const plain = plainAt(text, at)
    if (plain === 0) {
      break
    }
    if (plain !== secret[read]) {
      return breaksOff(text, at, read, secret)
    }
  }
  let places: Set<number> = new Set([at])
  for (; read < secret.length; read++) {
    const wanted = secret[read] ?? space
    const next = step(text, places, wanted)
    if (wanted === space) {
      // the rest of the run: iterating a set also visits what is added meanwhile
      for (const place of next) {
        step(text, [place], space).forEach((end) => next.add(end))
      }
      // a control character may have been removed from the text
      places.forEach((place) => next.add(place))
    }
    if (next.size === 0) {
      return breaksOff(text, Math.max(...places), read, secret)
    }
    places = next
  }
  return Math.max(...places)
}

/** Shorter secrets may be part of a word, so they are only found as whole words. */
const shortest = 4

const isWordCharacter = (text: string, at: number): boolean => /^[\p{L}\p{N}_]$/u.test(text.charAt(at))

const standsAlone = (text: string, from: number, end: number): boolean =>
  !(from > 0 && isWordCharacter(text, from - 1)) && !isWordCharacter(text, end)

/** Secrets to search for, by their first code point. The longest comes first, since one may be part of another. */
export class Patterns {
  readonly #byFirst = new Map<number, Array<Pattern>>()
  readonly #firsts: ReadonlyArray<number>

  constructor(secrets: Iterable<string>) {
    const all = [...new Set(secrets)].map(pattern).sort((a, b) => b.length - a.length)
    for (const secret of all) {
      const [first] = secret
      if (first !== undefined) {
        const others = this.#byFirst.get(first)
        others === undefined ? this.#byFirst.set(first, [secret]) : others.push(secret)
      }
    }
    this.#firsts = [...this.#byFirst.keys()]
  }

  /** The end of the secret that begins at a place, if one does. */
  #find(text: string, at: number): number | undefined {
    const plain = plainAt(text, at)
    if (plain !== 0) {
      return this.#endOf(text, at, plain)
    }
    if (text.charCodeAt(at) === space) {
      return undefined
    }
    const readings = readingsAt(text, at)
    return this.#firsts
      .filter((first) => readings.some(([read]) => means(read, first)))
      .map((first) => this.#endOf(text, at, first))
      .find((end) => end !== undefined)
  }

  #endOf(text: string, at: number, first: number): number | undefined {
    const secrets = this.#byFirst.get(first)
    if (secrets === undefined) {
      return undefined
    }
    const second = plainAt(text, at + 1)
    for (const secret of secrets) {
      if (second !== 0 && second !== secret[1] && secret.length > 1 && secret[1] !== space && plainAt(text, at) !== 0) {
        continue
      }
      const end = endOf(text, at, secret)
      if (end !== undefined && (secret.length >= shortest || standsAlone(text, at, end))) {
        return end
      }
    }
    return undefined
  }

  /** Replaces each secret in the text by `hidden`. */
  replace(text: string, hidden: string): string {
    let shown = ""
    let copied = 0
    for (let at = 0; at < text.length;) {
      const end = this.#find(text, at)
      if (end === undefined) {
        at++
        continue
      }
      shown += text.slice(copied, at) + hidden
      copied = at = end
    }
    return copied === 0 ? text : shown + text.slice(copied)
  }
}
