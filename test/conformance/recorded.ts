/** Requests as the vectors record them, there and here, written in one way. */
import type { Json } from "./catalogs.js"
import type * as World from "./world.js"

export interface Request {
  readonly method: string
  readonly url: string
  /** By names in lower case, in their order. */
  readonly headers: Readonly<Record<string, string>>
  /** What is in it: JSON, a form's fields, or its text. */
  readonly body: unknown
}

/** Headers that are not recorded, or that our transport adds to every request. */
const unrecorded = new Set(["accept-encoding", "b3", "connection", "content-length", "traceparent", "user-agent"])

const headers = (given: Readonly<Record<string, string>>): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(given).map(([name, value]): [string, string] => [name.toLowerCase(), value])
      .filter(([name, value]) => !unrecorded.has(name) && !(name === "accept" && value === "*/*"))
      .sort(([a], [b]) => a < b ? -1 : 1)
  )

/** Objects with their names in order, so that equal ones are written alike. */
export const sorted = (value: unknown): unknown =>
  Array.isArray(value)
    ? value.map(sorted)
    : typeof value === "object" && value !== null
    ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => a < b ? -1 : 1).map(([k, v]) => [k, sorted(v)]))
    : value

export const ours = ({ body, headers: given, method, url }: World.Sent): Request => {
  const contentType = given["content-type"] ?? ""
  return {
    method,
    url,
    headers: headers(given),
    body: body === undefined
      ? null
      : contentType.startsWith("application/json")
      ? sorted(JSON.parse(body))
      : contentType.startsWith("application/x-www-form-urlencoded")
      ? sorted(Object.fromEntries(new URLSearchParams(body)))
      : body
  }
}

export const theirs = (recorded: Json): Request => ({
  method: String(recorded["method"]),
  url: new URL(String(recorded["url"])).href,
  headers: headers((recorded["headers"] ?? {}) as Record<string, string>),
  body: sorted(recorded["json"] ?? recorded["form"] ?? recorded["body"] ?? null)
})
