import { assert, describe, it } from "@effect/vitest"
import { FastCheck } from "effect"
import * as Spelling from "../../src/safety/spelling.js"

const hide = (text: string, secret: string) => new Spelling.Patterns([secret]).replace(text, "<>")

const html = (text: string) =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll("\"", "&quot;")
    .replaceAll("'", "&#x27;")

const utf8 = (text: string) => [...new TextEncoder().encode(text)]

const hex = (code: number, length: number) => code.toString(16).padStart(length, "0")

/** The spellings in which services quote a secret. */
const spellings: Readonly<Record<string, (text: string) => string>> = {
  "as it is": (text) => text,
  JSON: (text) => JSON.stringify(text),
  "JSON in JSON": (text) => JSON.stringify(JSON.stringify(text)),
  "JSON of ASCII": (text) =>
    JSON.stringify(text).replace(/[^\x20-\x7e]/g, (unit) => `\\u${hex(unit.charCodeAt(0), 4)}`),
  "Python's repr": (text) =>
    `'${
      text.replaceAll("\\", "\\\\").replaceAll("'", "\\'").replaceAll("\n", "\\n").replaceAll("\t", "\\t")
        .replaceAll("\r", "\\r").replace(/[\0-\x1f\x7f]/g, (unit) => `\\x${hex(unit.charCodeAt(0), 2)}`)
    }'`,
  "Python's bytes": (text) =>
    `b"${
      utf8(text).map((byte) =>
        byte === 0x5c ? "\\\\" : byte < 0x20 || byte > 0x7e ? `\\x${hex(byte, 2)}` : String.fromCharCode(byte)
      ).join("")
    }"`,
  percent: encodeURIComponent,
  "percent in small letters": (text) => utf8(text).map((byte) => `%${hex(byte, 2)}`).join(""),
  "percent twice": (text) => encodeURIComponent(encodeURIComponent(text)),
  form: (text) => new URLSearchParams({ "": text }).toString().slice(1),
  HTML: html,
  "HTML twice": (text) => html(html(text)),
  "HTML by number": (text) => [...text].map((character) => `&#${character.codePointAt(0)};`).join(""),
  "JSON in HTML": (text) => html(JSON.stringify(text)),
  "percent three times": (text) => encodeURIComponent(encodeURIComponent(encodeURIComponent(text))),
  "HTML by name": (text) => text.replace(/[^a-z0-9\s]/giu, (character) => character === "&" ? "&amp;" : "&somename;"),
  shell: (text) => `'${text.replaceAll("'", `'"'"'`)}'`,
  "shell with backslashes": (text) => `'${text.replaceAll("'", `'\\''`)}'`,
  SQL: (text) => `'${text.replaceAll("'", "''")}'`,
  CSV: (text) => `"${text.replaceAll("\"", "\"\"")}"`,
  octal: (text) => utf8(text).map((byte) => `\\${byte.toString(8).padStart(3, "0")}`).join(""),
  "UTF-8 read as Latin-1": (text) => String.fromCharCode(...utf8(text)),
  "without what ASCII has not": (text) => text.replace(/[^\0-\x7f]/gu, "?"),
  "in capital letters": (text) => text.replace(/[a-z]/g, (letter) => letter.toUpperCase()),
  "without control characters": (text) => text.replace(/[\t\n\r]/g, ""),
  "whitespace collapsed": (text) => text.replace(/\s+/g, " ").trim(),
  "whitespace as lines": (text) => text.replace(/\s+/g, "\r\n  ")
}

/** Long enough to be found anywhere, with all characters that have other spellings. */
const secret = FastCheck.array(
  FastCheck.oneof(
    FastCheck.constantFrom(..." \t\n\r\\\"'%&<>+/?#=;`$éß€😀".split(/(?:)/u)),
    FastCheck.stringMatching(/^[a-z0-9]{1,3}$/)
  ),
  { minLength: 1, maxLength: 12 }
).map((parts) => `s3${parts.join("")}cr`)

describe("a secret", () => {
  for (const [name, spell] of Object.entries(spellings)) {
    it(`is found ${name}`, () => {
      FastCheck.assert(
        FastCheck.property(secret, (secret) => {
          const text = `before ${spell(secret)} after`
          const [before, after] = hide(text, secret).split("<>")
          assert.match(before ?? "", /^before (b?["'\\&quot;]*)$/, text)
          assert.match(after ?? "", /^["'\\&quot;]* after$/, text)
        }),
        { numRuns: 200 }
      )
    })
  }

  it("is found if it ends in whitespace, which services trim", () => {
    assert.strictEqual(hide("no: hunter22", " hunter22\n"), "no: <>")
    assert.strictEqual(hide("'hunter22\\n'", "hunter22\n"), "'<>\\n'")
  })

  it("is found only as a whole word, if it is short", () => {
    assert.strictEqual(hide("abc 'abc' abcd xabc abc_", "abc"), "<> '<>' abcd xabc abc_")
    assert.strictEqual(hide("x", "   "), "x")
    assert.strictEqual(hide("x", ""), "x")
  })

  it("leaves the rest of the text unchanged", () => {
    FastCheck.assert(FastCheck.property(FastCheck.string({ unit: "grapheme" }), (text) => {
      assert.strictEqual(hide(text, "hunter22-never-there"), text)
    }))
  })

  it("is searched for in linear time", () => {
    for (const piece of ["\\", "%25", "&amp;", "a ", " ", "aaaa", "&#", "%", "\\u00"]) {
      const text = `${piece.repeat(60_000)} .`
      assert.strictEqual(hide(text, "a a a a b"), text)
      assert.strictEqual(hide(text, "\\\\\\\\\\b"), text)
      assert.strictEqual(hide(text, "%%%%%%b"), text)
    }
  })
})
