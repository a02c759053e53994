/** A login as text, in keystoneauth's form: `{ "auth_token": ..., "body": ... }`. */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { InvalidOptions } from "../Errors.js"
import * as AccessInfo from "../model/AccessInfo.js"
import { whyNoLogin } from "../model/tokenBody.js"

const State = Schema.parseJson(Schema.Struct({ auth_token: Schema.String, body: Schema.Unknown }))

/** `None` for a body that is not JSON, or is nested too deep to be written. */
export const write: (access: AccessInfo.AccessInfo) => Option.Option<Redacted.Redacted> = Option.liftThrowable((
  { body, token }: AccessInfo.AccessInfo
) => Redacted.make(JSON.stringify({ auth_token: Redacted.value(token), body })))

export const read = (
  module: string,
  state: Redacted.Redacted
): Effect.Effect<AccessInfo.AccessInfo, InvalidOptions> =>
  Either.flatMap(
    Schema.decodeEither(State)(Redacted.value(state)),
    ({ auth_token, body }) => AccessInfo.fromBody(body, Redacted.make(auth_token))
  ).pipe(
    Either.filterOrLeft((access) => whyNoLogin(access, "auth_token") === undefined, () => "not a login"),
    // what does not fit may be a token: it is not quoted
    Either.mapLeft(() => new InvalidOptions({ module, option: "state", reason: "it is not what authState gave" }))
  )
