/** What a 300 offers. */
import * as Either from "effect/Either"
import { isRecord } from "effect/Predicate"
import * as ApiVersion from "../model/ApiVersion.js"
import * as VersionDocument from "../model/VersionDocument.js"

/** So many are told. */
const limit = 30

/** The versions in the body of a 300, newest first: `2.16 (CURRENT)`. */
export const versions = (url: string, text: string): ReadonlyArray<string> =>
  Either.match(VersionDocument.fromBody(url, { versions: listed(text).map(withoutPlace) }), {
    onLeft: () => [],
    onRight: ({ versions }) =>
      versions.slice(0, limit).map(({ status, version }) => `${ApiVersion.format(version)} (${status})`)
  })

/** Nova and Manila list them as `choices`, Keystone as `values` of its `versions`. */
const listed = (text: string): ReadonlyArray<unknown> => {
  const body = Either.getOrUndefined(Either.try((): unknown => JSON.parse(text)))
  const { choices, versions }: Record<string, unknown> = isRecord(body) ? body : {}
  return [choices, versions, isRecord(versions) ? versions["values"] : undefined].find(Array.isArray) ?? []
}

/** Where each one lives does not matter. */
const withoutPlace = (entry: unknown): unknown =>
  isRecord(entry) ? { status: "UNKNOWN", ...entry, links: [{ rel: "self", href: "" }] } : entry
