/** Headers that hold a credential: ordinary ones for who reads, copies and sends them, which show no value when they are printed. */
import * as Headers from "@effect/platform/Headers"
import * as Printed from "../base/printed.js"
import * as Redaction from "./redaction.js"

const prototype = Printed.prototype<Headers.Headers>(
  (headers) => Object.fromEntries(Object.keys(headers).map((name) => [name, Redaction.hidden])),
  Object.getPrototypeOf(Headers.empty)
)

/** The headers, hidden. Those that are hidden already are given back as they are. */
export const of = (headers: Headers.Headers): Headers.Headers =>
  Object.getPrototypeOf(headers) === prototype ? headers : Object.assign(Object.create(prototype), headers)
