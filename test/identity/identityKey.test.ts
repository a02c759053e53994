import { assert, describe, it } from "@effect/vitest"
import { Either, FastCheck as fc, Redacted } from "effect"
import * as IdentityKey from "../../src/identity/identityKey.js"

/** Any text, and texts that look like structure. */
const text = fc.oneof(
  fc.constantFrom(
    "",
    "a",
    "b",
    "a.b",
    "1:a",
    "true",
    "null",
    "projectId",
    "__proto__",
    "toJSON",
    "1",
    "\"",
    "\\",
    ",",
    "[]"
  ),
  fc.string({ maxLength: 3 }),
  fc.string({ unit: "binary", maxLength: 3 })
)

const { structure } = fc.letrec<{ structure: IdentityKey.Structure }>((tie) => ({
  structure: fc.oneof(
    { maxDepth: 3 },
    text,
    fc.boolean(),
    fc.constant(undefined),
    text.map((text) => Redacted.make(text)),
    fc.array(tie("structure"), { maxLength: 3 }),
    fc.dictionary(text, tie("structure"), { maxKeys: 3 })
  )
}))

/** The content of a structure as paths to leaves, independent of the implementation. */
const leaves = (of: IdentityKey.Structure, path: ReadonlyArray<string> = []): ReadonlyArray<string> => {
  if (Redacted.isRedacted(of)) {
    return leaves(Redacted.value(of), path)
  }
  if (Array.isArray(of)) {
    return of.length === 0 ? [] : [
      JSON.stringify([...path, "length", of.length]),
      ...of.flatMap((item: IdentityKey.Structure, i) => leaves(item, [...path, "item", String(i)]))
    ]
  }
  if (typeof of === "object") {
    return Object.entries(of).flatMap(([name, value]) => leaves(value, [...path, "name", name]))
  }
  return of === undefined || of === "" ? [] : [JSON.stringify([...path, typeof of, of])]
}

describe("identityKey", () => {
  it("different structures give different texts, equal ones the same", () => {
    const same = (a: IdentityKey.Structure, b: IdentityKey.Structure) =>
      leaves(a).toSorted().join() === leaves(b).toSorted().join()
    fc.assert(
      fc.property(structure, structure, (a, b) => (IdentityKey.write(a) === IdentityKey.write(b)) === same(a, b)),
      { numRuns: 3000 }
    )
    fc.assert(fc.property(structure, (a) => IdentityKey.isEmpty(a) === (leaves(a).length === 0)))
  })

  it("the order of names and empty values do not change the text", () => {
    fc.assert(fc.property(fc.dictionary(text, structure), fc.string(), (record, name) => {
      const reversed = Object.fromEntries(Object.entries(record).reverse())
      const written = IdentityKey.write(record)
      assert.strictEqual(IdentityKey.write(reversed), written)
      if (!Object.hasOwn(record, name)) {
        for (const nothing of [undefined, "", {}, [], Redacted.make(""), { a: { b: undefined } }]) {
          assert.strictEqual(IdentityKey.write({ ...record, [name]: nothing }), written)
        }
      }
    }))
    assert.strictEqual(IdentityKey.write({ a: Redacted.make("x") }), IdentityKey.write({ a: "x" }))
    assert.notStrictEqual(IdentityKey.write({ a: "true" }), IdentityKey.write({ a: true }))
    assert.notStrictEqual(IdentityKey.write(["", "a"]), IdentityKey.write(["a"]))
  })

  it("the key of a document includes every header, whatever its name", () => {
    const key = (headers: Record<string, string>) => IdentityKey.ofDocument("http://h/", headers)
    assert.notStrictEqual(key({ "x-gateway-user": "alice" }), key({ "x-gateway-user": "bob" }))
    assert.notStrictEqual(key({ a: "1", b: "2" }), key({ a: "1\nb: 2" }))
    assert.notStrictEqual(key({ "x-auth-token": "t" }), key({ "x-service-token": "t" }))
  })

  it("text that cannot be sent unchanged is refused by its name, and not shown", () => {
    fc.assert(fc.property(
      fc.constantFrom("\ud800", "\udfff", "\ufffd", "\udc00\ud800"),
      fc.string(),
      fc.string({ unit: "grapheme" }),
      (bad, before, after) => {
        const value = `${before.replaceAll("\ufffd", "")}${bad}${after.replaceAll("\ufffd", "")}`
        for (
          const  of of[
            { option: value },
              { option: Redacted.make(value) },
              { scope: { option: ["a", value] } },
              [{ name: "m", parts: { option: { [value]: "a" } } }]
          ]
        ) {
          const error = Either.getOrThrow(Either.flip(IdentityKey.check(of, "Module", "parts")))
          assert.strictEqual(error.option, "option")
          assert.notInclude(error.message, bad)
        }
      }
    ))
    for (const fine of ["😀", "é", "\u0000", "", undefined, true, { a: ["𝒳"] }]) {
      assert.isTrue(Either.isRight(IdentityKey.check(fine, "Module", "parts")))
    }
  })
})
