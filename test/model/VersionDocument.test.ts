import { assert, describe, it } from "@effect/vitest"
import { Either, FastCheck } from "effect"
import { VersionDocument } from "effect-keystoneauth"
import { discoveryParse } from "../conformance/catalogs.js"
import * as Vectors from "../vectors.js"

describe("VersionDocument", () => {
  it("marked vectors: a body that is not a document is refused (Q6)", () => {
    for (const { case: one, outcome } of Vectors.marked("discovery-parse", discoveryParse)) {
      if (one.ref.includes("Q6")) {
        assert.isTrue(Either.isLeft(outcome) || Array.isArray(outcome.right), one.name)
      }
    }
  })

  it("never throws, for any document", () => {
    FastCheck.assert(FastCheck.property(FastCheck.jsonValue(), FastCheck.jsonValue(), (a, b) => {
      for (const body of [a, { versions: a }, { versions: [a, b] }, { version: a }, { id: a, links: b, status: "x" }]) {
        const read = VersionDocument.fromBody("https://h.example.com/v2", body)
        assert.isTrue(Either.isRight(read) || typeof read.left === "string")
      }
    }))
  })

  const placed = (url: string, href: unknown) =>
    Either.map(
      VersionDocument.fromBody(url, { versions: [{ id: "v2.0", status: "CURRENT", links: [{ rel: "self", href }] }] }),
      ({ problems, versions: [version] }) => version === undefined ? problems : version.url
    ).pipe(Either.getOrThrow)

  it("uses the last segment of a self link that is not a URL, as for one to another host", () => {
    const links = [
      "https://h:8443:9999/v2",
      "https://h:port/nova/v2",
      "https://[::1/v2",
      "http://h:99999/v2",
      " http://ctl:8774/v2 ",
      "\n\thttp://ctl:8774/nova/v2\n",
      "http://pub.example.com:x/compute/v2",
      "http://c tl/v2",
      "http:///v2",
      "ftp://ctl/v2",
      "ftp://pub.example.com/compute/v2",
      "file:///srv/v2",
      "nova:8774/v2",
      "unix:/run/nova/v2",
      "http://adm:s3cret@ctl/v2",
      "http://adm:s3cret@ctl:1:2/v2",
      "http://adm:s3/cret@ctl/v2",
      "http://adm:s3?cret@ctl/v2",
      "http://adm:s3#cret@ctl/v2",
      "https://adm:s3cret@pub.example.com/compute/v2",
      "http:\\\\adm:s3cret@ctl\\v2"
    ]
    for (const link of links) {
      assert.strictEqual(placed("https://pub.example.com/compute/", link), "https://pub.example.com/compute/v2", link)
      assert.strictEqual(placed("https://pub.example.com/compute/v2", link), "https://pub.example.com/compute/v2", link)
    }
  })

  it("copies no user name or password from a link", () => {
    const links = ["https://adm:s3cret@ctl", "https://adm:s3cret@h:1:2/", "https://adm:s3cret@pub.example.com"]
    for (const link of [...links, "mailto:adm:s3cret@h", "adm:s3cret"]) {
      const read = VersionDocument.fromBody("https://pub.example.com/v2", {
        versions: [{
          id: "v2.0",
          status: "CURRENT",
          links: [{ rel: "self", href: link }, { rel: "collection", href: link }]
        }]
      })
      assert.notInclude(JSON.stringify(read).replace(link, ""), "s3cret@", link)
    }
  })

  it("refuses a link whose last segment is ..", () => {
    for (const link of ["http://ctl/v2/..", "http://ctl/%2e%2e", "http://ctl:1:2/v2/..", "mailto:x@h"]) {
      assert.deepStrictEqual(
        placed("https://pub.example.com/compute/", link),
        ["version 2.0 has a self link that is neither a URL nor a path"],
        link
      )
    }
  })
})
