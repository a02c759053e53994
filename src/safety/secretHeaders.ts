/**
 * Where a header becomes secret: by its name, or because a plugin authenticates with it.
 *
 * - `isSecret` decides by name. `Secrets` in `secrets.ts` adds the headers that the plugin gave, whatever their names.
 * - `hide` makes headers print without their values. `AuthPlugin.make` applies it to all headers of a plugin.
 * - `isHarmless` lists the only headers that follow a redirect to another origin.
 */
import * as Headers from "@effect/platform/Headers"
import * as Printed from "../base/printed.js"
import * as Redaction from "./redaction.js"
import * as Names from "./secretNames.js"

/** Whether a header is secret by its name. `X-Auth-User` is too, but not `WWW-Authenticate`. */
export const isSecret = (name: string): boolean => Names.isSecret(name) || /auth(?!enticate)/i.test(name)

const harmless = new Set([
  "accept",
  "accept-charset",
  "accept-encoding",
  "accept-language",
  "cache-control",
  "content-encoding",
  "content-language",
  "content-length",
  "content-type",
  "expect",
  "if-match",
  "if-modified-since",
  "if-none-match",
  "if-range",
  "if-unmodified-since",
  "openstack-api-version",
  "pragma",
  "range",
  "user-agent",
  "x-openstack-request-id"
])

/** Whether a header may be sent to any server. Unknown headers may not. */
export const isHarmless = (name: string): boolean =>
  harmless.has(name) || /^x-openstack-[\w-]{1,64}-api-version$/.test(name)

const prototype = Printed.prototype<Headers.Headers>(
  (headers) => Object.fromEntries(Object.keys(headers).map((name) => [name, Redaction.hidden])),
  Object.getPrototypeOf(Headers.empty)
)

/** The same headers, which print without their values. Reading, copying and sending them works as usual. */
export const hide = (headers: Headers.Headers): Headers.Headers =>
  Object.getPrototypeOf(headers) === prototype ? headers : Object.assign(Object.create(prototype), headers)
