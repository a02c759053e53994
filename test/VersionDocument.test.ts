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
})
