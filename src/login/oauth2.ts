/** Access tokens of OAuth 2, by the client credentials grant. */
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
import { toEffect } from "../base/either.js"
import * as Time from "../base/time.js"
import type { InvalidOptions } from "../Errors.js"
import type * as AuthPlugin from "../identity/AuthPlugin.js"
import * as AccessInfo from "../model/AccessInfo.js"
import * as SecretHeaders from "../safety/secretHeaders.js"
import * as Url from "../safety/url.js"
import type * as Transport from "../wire/Transport.js"
import * as Plugin from "./plugin.js"
import * as TokenRequest from "./tokenRequest.js"

interface Client {
  readonly oauth2Endpoint: string
  readonly clientId: string
}

/** Reads the options of a client, which `check` says are valid. */
export const readClient = (
  options: Client,
  module: string
): { readonly oauth2Endpoint: string; readonly check: Either.Either<unknown, InvalidOptions> } => {
  const endpoint = Url.fromPerson(options.oauth2Endpoint, {
    module,
    option: "oauth2Endpoint",
    example: "https://keystone.example.com/v3/OS-OAUTH2/token"
  })
  return {
    oauth2Endpoint: Either.getOrElse(endpoint, () => options.oauth2Endpoint),
    check: Either.all([endpoint, Plugin.required(module, { clientId: options.clientId })])
  }
}

/** `withScope` of a client. */
export const noOtherScope = (module: string) => (): Effect.Effect<never, InvalidOptions> =>
  toEffect(Plugin.invalid(module, "scope", "an OAuth 2 client has one scope, which cannot be changed"))

export const describe = ({ clientId }: Pick<Client, "clientId">): string => `OAuth 2 client ${clientId}`

/** Adds the access token to the headers of a request. */
export const withBearer = (headers: Headers.Headers, token: Redacted.Redacted): Headers.Headers =>
  SecretHeaders.hide(Headers.set(headers, "authorization", `Bearer ${Redacted.value(token)}`))

/** The access token in the headers of a request. */
export const bearerOf = (headers: Headers.Headers): Option.Option<Redacted.Redacted> =>
  Option.flatMap(
    Headers.get(headers, "authorization"),
    (value) => value.startsWith("Bearer ") ? Option.some(Redacted.make(value.slice("Bearer ".length))) : Option.none()
  )

const Granted = Schema.Struct({
  access_token: Schema.String,
  // some servers write the number as text
  expires_in: Schema.optional(Schema.NullOr(
    Schema.Union(Schema.Number, Schema.NumberFromString).pipe(Schema.between(0, 1e9))
  ))
})

/** Requests an access token. `Tokens` keeps it as a Keystone token of which only the end is known. */
export const requestToken = (
  transport: Transport.Service,
  client: Client & {
    readonly headers?: Headers.Headers | undefined
    readonly form?: Readonly<Record<string, string>> | undefined
    readonly secrets: ReadonlyArray<Redacted.Redacted>
  }
): Effect.Effect<AccessInfo.AccessInfo, AuthPlugin.Error> =>
  Effect.clockWith((clock) =>
    TokenRequest.send(
      transport,
      HttpClientRequest.post(client.oauth2Endpoint, {
        body: HttpBody.urlParams(UrlParams.fromInput({ grant_type: "client_credentials", ...client.form }))
      }),
      {
        credentials: client.headers,
        secrets: client.secrets,
        field: "access_token",
        read: (body, { status }) =>
          status === 200
            ? readToken(body, DateTime.unsafeMake(Time.wallClock(clock)))
            : Either.left("an access token comes with 200: is this a token endpoint?"),
        refuse: TokenRequest.refusedByOAuth2(describe(client))
      }
    )
  )

const readToken = (body: unknown, now: DateTime.Utc): Either.Either<AccessInfo.AccessInfo, string> =>
  Schema.decodeUnknownEither(Granted)(body).pipe(
    // the error of the schema quotes the value, which may be a token
    Either.mapLeft(() => "it has no access_token that is text, or an expires_in that is no number of seconds"),
    Either.flatMap(({ access_token, expires_in = null }) => {
      const expiresAt = expires_in === null ? undefined : DateTime.add(now, { seconds: expires_in })
      return AccessInfo.fromV3({
        token: {
          methods: ["oauth2"],
          issued_at: DateTime.formatIso(now),
          expires_at: expiresAt === undefined ? undefined : DateTime.formatIso(expiresAt)
        }
      }, Redacted.make(access_token))
    })
  )
