/**
 * Finds a secret in a text in which it may be spelled otherwise: as it is, as JSON or Python write it, percent-encoded, in HTML, with
 * other whitespace, or two of these over each other.
 */

/** One way to read the text at a place: the code point that is meant, and where the text goes on. */
type Reading = readonly [codePoint: number, end: number]

/** Whitespace and control characters are alike: any run of them is read as one space. */
const space = 0x20

const isSpace = (codePoint: number): boolean =>
  codePoint <= space || (codePoint >= 0x7f && codePoint <= 0xa0) || /^\s$/u.test(String.fromCodePoint(codePoint))

const unified = (codePoint: number): number => isSpace(codePoint) ? space : codePoint

/** What Python, JSON and C write after a backslash for a control character. */
const controls = "abefnrtv0"

const hex = (text: string, from: number, length: number): number | undefined => {
  const digits = text.slice(from, from + length)
  return digits.length === length && /^[\da-f]+$/i.test(digits) ? Number.parseInt(digits, 16) : undefined
}

/** How many backslashes in a row are looked at: one that was escaped three times. */
const longestEscape = 8

const afterBackslashes = (text: string, at: number): number => {
  let end = at
  while (end - at < longestEscape && text[end] === "\\") {
    end++
  }
  return end
}

/** What stands after backslashes and a letter that says how it is written. */
const escaped = (text: string, at: number, kind: string, length: number): Reading | undefined => {
  const end = afterBackslashes(text, at)
  const code = end > at && text[end] === kind ? hex(text, end + 1, length) : undefined
  return code === undefined ? undefined : [code, end + 1 + length]
}

const lengths = { x: 2, u: 4, U: 8 }

/** `at` is where the backslashes begin. */
const escapes = (text: string, at: number, readings: Array<Reading>): void => {
  const end = afterBackslashes(text, at)
  for (let length = 1; length <= end - at; length *= 2) {
    readings.push([0x5c, at + length])
  }
  const point = text.codePointAt(end)
  if (point === undefined || point === 0x5c) {
    return
  }
  const kind = String.fromCodePoint(point)
  const [code, next] = kind === "x" || kind === "u" || kind === "U" ? escaped(text, at, kind, lengths[kind]) ?? [] : []
  if (code !== undefined && next !== undefined && code <= 0x10ffff) {
    readings.push([unified(code), next])
    const [low = 0, after = next] = kind === "u" && code >= 0xd800 && code < 0xdc00
      ? escaped(text, next, "u", 4) ?? []
      : []
    if (low >= 0xdc00 && low < 0xe000) {
      readings.push([0x10000 + (code - 0xd800) * 0x400 + (low - 0xdc00), after])
    }
    if (kind === "x") {
      bytes(text, at, escapedByte, readings)
    }
  }
  if (controls.includes(kind)) {
    readings.push([space, end + 1])
  }
  if (kind === "&") {
    entities(text, end, readings)
  }
  readings.push([unified(point), end + kind.length])
}

type ReadByte = (text: string, at: number) => Reading | undefined

/** `%2F`, or `%252F` where that was encoded once more. */
const percentByte: ReadByte = (text, at) => {
  const from = text.startsWith("%25", at) && hex(text, at + 3, 2) !== undefined ? at + 3 : at + 1
  const byte = text[at] === "%" ? hex(text, from, 2) : undefined
  return byte === undefined ? undefined : [byte, from + 2]
}

/** `\xc3`, as Python writes bytes. */
const escapedByte: ReadByte = (text, at) => escaped(text, at, "x", 2)

/** Bytes that are UTF-8 together. */
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

const named: Readonly<Record<string, number>> = { amp: 0x26, lt: 0x3c, gt: 0x3e, quot: 0x22, apos: 0x27, nbsp: space }

const entity = /&(?:amp;){0,2}(?:#(\d{1,8})|#x([\da-f]{1,8})|([a-z]{2,6}));/iy

const entities = (text: string, at: number, readings: Array<Reading>): void => {
  entity.lastIndex = at
  const [whole, decimal, hexadecimal, name] = entity.exec(text) ?? []
  if (whole === undefined) {
    return
  }
  const code = decimal !== undefined
    ? Number.parseInt(decimal, 10)
    : hexadecimal !== undefined
    ? Number.parseInt(hexadecimal, 16)
    : named[(name ?? "").toLowerCase()]
  if (code !== undefined && code <= 0x10ffff) {
    readings.push([unified(code), at + whole.length])
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
        readings.push([literal, at + 3])
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
    default:
      readings.push([unified(literal), at + (literal > 0xffff ? 2 : 1)])
  }
  return readings
}

/** A secret as it is looked for: its code points, without whitespace at its ends, and with one space for each run within. */
export type Pattern = ReadonlyArray<number>

export const pattern = (secret: string): Pattern => {
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

const step = (text: string, places: ReadonlySet<number>, wanted: number): Set<number> => {
  const reached = new Set<number>()
  for (const place of places) {
    for (const [point, end] of readingsAt(text, place)) {
      if (point === wanted) {
        reached.add(end)
      }
    }
  }
  return reached
}

/** Where the secret ends if it begins at `from`: the furthest place; `undefined` if it does not begin there. */
const endOf = (text: string, from: number, secret: Pattern): number | undefined => {
  let places: Set<number> = new Set([from])
  for (const wanted of secret) {
    places = step(text, places, wanted)
    if (wanted === space) {
      // the rest of the run: what is added to a set while it is gone through is visited as well
      for (const place of places) {
        step(text, new Set([place]), space).forEach((end) => places.add(end))
      }
    }
    if (places.size === 0) {
      return undefined
    }
  }
  return Math.max(...places)
}

/** What is shorter may be a part of any word: it is only found where it stands alone. */
const shortest = 4

const isWordCharacter = (text: string, at: number): boolean => /^[\p{L}\p{N}_]$/u.test(text.charAt(at))

const standsAlone = (text: string, from: number, end: number): boolean =>
  !(from > 0 && isWordCharacter(text, from - 1)) && !isWordCharacter(text, end)

/** The text with `hidden` in place of the secret. */
export const replace = (text: string, secret: Pattern, hidden: string): string => {
  const [first] = secret
  if (first === undefined) {
    return text
  }
  const starts = `\\%&${first === space ? "" : String.fromCodePoint(first).charAt(0)}`
  let shown = ""
  let copied = 0
  for (let at = 0; at < text.length;) {
    const end = starts.includes(text.charAt(at)) ? endOf(text, at, secret) : undefined
    if (end === undefined || (secret.length < shortest && !standsAlone(text, at, end))) {
      at++
      continue
    }
    shown += text.slice(copied, at) + hidden
    copied = at = end
  }
  return copied === 0 ? text : shown + text.slice(copied)
}
