/** Reads a 401 with an `Openstack-Auth-Receipt`: Keystone accepted some methods and requires more. */
import * as Headers from "@effect/platform/Headers"
import * as DateTime from "effect/DateTime"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as Errors from "../Errors.js"
import * as Faults from "./faults.js"
import * as Page from "./page.js"

/** The header of the receipt, in a response and in the login that continues with it. */
export const header = "openstack-auth-receipt"

const Texts = Schema.Array(Schema.String)

const Body = Schema.parseJson(Schema.Struct({
  receipt: Schema.optional(
    Schema.Struct({ methods: Schema.optional(Texts), expires_at: Schema.optional(Schema.String) })
  ),
  required_auth_methods: Schema.optional(Schema.Array(Texts))
}))

/** Whether the response has a receipt in a header that the browser hides. Its body mentions the receipt, too. */
export const isHidden = (
  url: string,
  response: { readonly status: number; readonly headers: Headers.Headers; readonly text: string }
): boolean =>
  response.status === 401 && Page.isForeign(url) && !Headers.has(response.headers, header) &&
  Either.match(Schema.decodeEither(Body)(response.text), {
    onLeft: () => false,
    onRight: ({ receipt }) => receipt !== undefined
  })

/** The error of a response with a receipt, or `None`. A body of another form is ignored. */
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
