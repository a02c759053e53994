/** Access tokens of OAuth 2, by the grant of client credentials. */
import * as Headers from "@effect/platform/Headers"
import * as HttpBody from "@effect/platform/HttpBody"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as UrlParams from "@effect/platform/UrlParams"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as Errors from "../Errors.js"
import type * as AuthPlugin from "../identity/AuthPlugin.js"
import * as AccessInfo from "../model/AccessInfo.js"
import * as Url from "../safety/url.js"
import * as Faults from "../wire/faults.js"
import type * as Transport from "../wire/Transport.js"
import * as Keystone from "./keystone.js"
import * as User from "./user.js"

/** Where access tokens come from, as a person wrote it. */
export const endpointFromPerson = (
  oauth2Endpoint: string,
  module: string
): Either.Either<string, Errors.InvalidOptions> =>
  Url.fromPerson(oauth2Endpoint, {
    module,
    option: "oauth2Endpoint",
    example: "https://keystone.example.com/v3/OS-OAUTH2/token"
  })

/** What decides an access token, and is checked before anything is sent. */
interface Client {
  readonly oauth2Endpoint: string
  readonly clientId: string
}

export const check = (
  { clientId }: Pick<Client, "clientId">,
  module: string
): Either.Either<void, Errors.InvalidOptions> =>
  User.isGiven(clientId)
    ? Either.void
    : Either.left(new Errors.InvalidOptions({ module, option: "clientId", reason: "it is needed" }))

export const otherScope = (module: string): Errors.InvalidOptions =>
  new Errors.InvalidOptions({ module, option: "scope", reason: "the client's own is the only one that it can have" })

export const describe = ({ clientId }: Pick<Client, "clientId">): string => `OAuth 2 client ${clientId}`

/** The header that an access token goes into, beside others. */
export const withBearer = (headers: Headers.Headers, token: Redacted.Redacted): Headers.Headers =>
  Headers.set(headers, "authorization", `Bearer ${Redacted.value(token)}`)

/** The access token that is in there. */
export const bearerOf = (headers: Headers.Headers): Option.Option<Redacted.Redacted> =>
  Option.flatMap(
    Headers.get(headers, "authorization"),
    (value) => value.startsWith("Bearer ") ? Option.some(Redacted.make(value.slice("Bearer ".length))) : Option.none()
  )

const Granted = Schema.Struct({
  access_token: Schema.String,
  // some servers write the number as text
  expires_in: Schema.optionalWith(
    Schema.Union(Schema.Number, Schema.NumberFromString).pipe(Schema.between(0, 1e9)),
    { nullable: true }
  )
})

/** As if it were one of Keystone's that says nothing but when it ends, so that `Tokens` can keep it. */
export const requestToken = (
  transport: Transport.Service,
  client: Client & {
    readonly headers?: Headers.Headers | undefined
    readonly form?: Readonly<Record<string, string>> | undefined
    readonly secrets: ReadonlyArray<Redacted.Redacted>
  }
): Effect.Effect<AccessInfo.AccessInfo, AuthPlugin.Error> =>
  Effect.gen(function*() {
    const request = HttpClientRequest.post(client.oauth2Endpoint, {
      body: HttpBody.urlParams(UrlParams.fromInput({ grant_type: "client_credentials", ...client.form }))
    })
    const response = yield* transport.text(request, {
      phase: "login",
      credentials: client.headers,
      secrets: client.secrets
    })
    return response.status < 400
      ? yield* readToken(request, response, yield* DateTime.now)
      : yield* Effect.flip(rejection(request, response, client))
  })

const readToken = (
  request: HttpClientRequest.HttpClientRequest,
  response: Transport.TextResponse,
  now: DateTime.Utc
): Either.Either<AccessInfo.AccessInfo, Errors.InvalidResponse> =>
  Keystone.readToken(response, request, "access_token", (body) =>
    Either.gen(function*() {
      if (response.status !== 200) {
        return yield* Either.left("an access token comes with 200: is this a token endpoint?")
      }
      // the message of an issue quotes what is there, which may be a token
      const { access_token, expires_in } = yield* Either.mapLeft(
        Schema.decodeUnknownEither(Granted)(body),
        () => "it has no access_token that is text, or an expires_in that is no number of seconds"
      )
      const token = {
        methods: ["oauth2"],
        issued_at: DateTime.formatIso(now),
        expires_at: expires_in === undefined
          ? undefined
          : DateTime.formatIso(DateTime.add(now, { seconds: expires_in }))
      }
      return yield* AccessInfo.fromV3({ token }, Redacted.make(access_token))
    }))

/** By its RFC a token endpoint refuses clients with 400 as well. */
const rejection = (
  request: HttpClientRequest.HttpClientRequest,
  response: Transport.TextResponse,
  client: Parameters<typeof requestToken>[1]
): Effect.Effect<Errors.Unauthorized | Errors.HttpStatusError> =>
  Effect.map(Faults.describe(response.headers, response.text, response.hide), (fault) => {
    const where = { method: request.method, url: Url.shown(request.url) }
    return response.status === 400 || response.status === 401
      ? new Errors.Unauthorized({
        ...where,
        reason: "LoginRejected",
        identity: describe(client),
        requestId: fault.requestId,
        serviceMessage: fault.serviceMessage
      })
      : Faults.statusError({
        ...where,
        ...fault,
        status: response.status,
        serviceType: "identity",
        regionName: undefined
      })
  })
