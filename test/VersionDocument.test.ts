import { assert, describe, it } from "@effect/vitest"
import { Array as Arr, Either, FastCheck, Option } from "effect"
import { ApiVersion, type EndpointFilter, VersionDocument } from "effect-keystoneauth"
import * as Vectors from "./vectors.js"

type Json = Record<string, unknown>

const documentOf = (url: string, response: Json): Either.Either<VersionDocument.VersionDocument, string> => {
  if ((response["status"] as number) >= 400) {
    return Either.left("a refusal")
  }
  const text = response["text"]
  const body = Either.try({
    try: (): unknown => typeof text === "string" ? JSON.parse(text) : response["json"],
    catch: () => "not JSON"
  })
  return Either.flatMap(
    body,
    (body) => VersionDocument.fromBody(url, body, (response["headers"] ?? {}) as Record<string, string>)
  )
}

const allowOf = (allow: Json | undefined): EndpointFilter.Allow => ({
  deprecated: allow?.["allow_deprecated"] as boolean | undefined,
  experimental: allow?.["allow_experimental"] as boolean | undefined,
  unknown: allow?.["allow_unknown"] as boolean | undefined
})

const parts = (version: ApiVersion.ApiVersion | undefined) =>
  version === undefined ? null : version.parts.map((part) => part === Infinity ? "latest" : part)

const shown = (data: VersionDocument.VersionData) => ({
  version: parts(data.version),
  url: data.url,
  collection: data.collection ?? null,
  max_microversion: parts(data.maxMicroversion),
  min_microversion: parts(data.minMicroversion),
  next_min_version: parts(data.nextMinVersion),
  not_before: data.notBefore ?? null,
  status: data.status,
  raw_status: data.rawStatus
})

describe("VersionDocument", () => {
  it("reads documents as keystoneauth does", () => {
    Vectors.check(
      "discovery-parse",
      Vectors.load("discovery-parse"),
      (input) =>
        Either.map(documentOf(input["url"] as string, input["response"] as Json), (document) => {
          const versions = VersionDocument.allowed(document, allowOf(input["allow"] as Json | undefined))
          const ordered = input["reverse"] === true
            ? versions
            : Arr.sortWith(versions, (data) => data.version, ApiVersion.Order)
          return ordered.map(shown)
        })
    )
  })

  it("chooses versions as keystoneauth does", () => {
    Vectors.check("discovery-select", Vectors.load("discovery-select"), (input) => {
      const args = input["args"] as Json
      const allow = allowOf(args["allow"] as Json | undefined)
      const method = input["method"] as string
      return Either.gen(function*() {
        const document = yield* documentOf(input["url"] as string, input["response"] as Json)
        const given = (name: string) => (args[name] ?? undefined) as ApiVersion.Input | undefined
        let found: Option.Option<VersionDocument.VersionData>
        if (method.startsWith("versioned")) {
          const range = yield* ApiVersion.range({ minVersion: given("min_version"), maxVersion: given("max_version") })
          found = VersionDocument.select(document, { range, allow, url: args["url"] as string | undefined })
        } else {
          const version = yield* ApiVersion.fromUnknown(args["version"])
          found = VersionDocument.newest(document, version, allow)
        }
        const data = Option.getOrUndefined(found)
        return data === undefined ? null : method.endsWith("url_for") ? data.url : shown(data)
      })
    })
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
