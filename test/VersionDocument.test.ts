import { assert, describe, it } from "@effect/vitest"
import { Either, FastCheck } from "effect"
import { VersionDocument } from "effect-keystoneauth"
import { discoveryParse } from "./conformance/catalogs.js"
import * as Vectors from "./vectors.js"

describe("VersionDocument", () => {
  it("vectors that are marked: what is no document says so (Q6)", () => {
    for (const { case: one, outcome } of Vectors.marked("discovery-parse", discoveryParse)) {
      if (one.ref.includes("Q6")) {
        assert.isTrue(Either.isLeft(outcome) || Array.isArray(outcome.right), one.name)
      }
    }
  })

  it("never fails, whatever the document is", () => {
    FastCheck.assert(FastCheck.property(FastCheck.jsonValue(), FastCheck.jsonValue(), (a, b) => {
      for (const body of [a, { versions: a }, { versions: [a, b] }, { version: a }, { id: a, links: b, status: "x" }]) {
        const read = VersionDocument.fromBody("https://h.example.com/v2", body)
        assert.isTrue(Either.isRight(read) || typeof read.left === "string")
      }
    }))
  })
})
