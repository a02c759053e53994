/** What Keystone accepts and still wants: a 401 with an `Openstack-Auth-Receipt`. */
import * as Headers from "@effect/platform/Headers"
import * as DateTime from "effect/DateTime"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as Errors from "../Errors.js"
import * as Faults from "./faults.js"
import * as Page from "./page.js"

/** As a request sends it, to go on where another one ended. */
export const header = "openstack-auth-receipt"

const Texts = Schema.Array(Schema.String)

const Body = Schema.parseJson(Schema.Struct({
  receipt: Schema.optional(
    Schema.Struct({ methods: Schema.optional(Texts), expires_at: Schema.optional(Schema.String) })
  ),
  required_auth_methods: Schema.optional(Schema.Array(Texts))
}))

/** Is there one that the page may not read? The body tells of it, too. */
export const isHidden = (
  url: string,
  response: { readonly status: number; readonly headers: Headers.Headers; readonly text: string }
): boolean =>
  response.status === 401 && Page.isForeign(url) && !Headers.has(response.headers, header) &&
  Either.match(Schema.decodeEither(Body)(response.text), {
    onLeft: () => false,
    onRight: ({ receipt }) => receipt !== undefined
  })

/** `None` if the answer has no receipt: then it is a refusal like any other. A body that does not fit says nothing. */
export const read = (
  about: { readonly method: string; readonly url: string; readonly identity?: string | undefined },
  response: {
    readonly status: number
    readonly headers: Headers.Headers
    readonly text: string
    readonly hide: Faults.Hide
  }
): Option.Option<Errors.MissingAuthMethods> =>
  Option.map(response.status === 401 ? Headers.get(response.headers, header) : Option.none(), (receipt) => {
    const said = Either.getOrUndefined(Schema.decodeEither(Body)(response.text))
    return new Errors.MissingAuthMethods({
      ...about,
      receipt: Redacted.make(receipt),
      methods: (said?.receipt?.methods ?? []).map(response.hide),
      requiredAuthMethods: (said?.required_auth_methods ?? []).map((methods) => methods.map(response.hide)),
      expiresAt: Option.getOrUndefined(
        Option.flatMap(Option.fromNullable(said?.receipt?.expires_at), DateTime.make)
      ),
      requestId: Faults.requestId(response.headers, response.hide)
    })
  })
