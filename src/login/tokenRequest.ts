/** Requests a token from Keystone or from an OAuth 2 server, and reads the answer. */
import type * as Headers from "@effect/platform/Headers"
import type * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import type * as Redacted from "effect/Redacted"
import { toEffect } from "../base/either.js"
import * as Json from "../base/json.js"
import * as Errors from "../Errors.js"
import type * as AuthPlugin from "../identity/AuthPlugin.js"
import type * as AccessInfo from "../model/AccessInfo.js"
import { whyNoLogin } from "../model/tokenBody.js"
import * as Url from "../safety/url.js"
import * as CloudName from "../wire/cloudName.js"
import * as Faults from "../wire/faults.js"
import * as Page from "../wire/page.js"
import * as Receipt from "../wire/receipt.js"
import type * as Transport from "../wire/Transport.js"

interface Answer {
  readonly request: HttpClientRequest.HttpClientRequest
  readonly response: Transport.TextResponse
  /** What its headers and body say about the failure. */
  readonly refusal: Faults.Refusal
}

interface Options {
  readonly credentials?: Headers.Headers | undefined
  readonly secrets?: ReadonlyArray<Redacted.Redacted> | undefined
  /** The header or field that holds the token: named in errors. */
  readonly field: string
  /** Reads the token from a successful answer with JSON. Fails with what is wrong with it. */
  readonly read: (body: unknown, response: Transport.TextResponse) => Either.Either<AccessInfo.AccessInfo, string>
  /** The error for an answer with status 400 or higher. */
  readonly refuse: (answer: Answer) => AuthPlugin.Error
}

/** The span around a login, which may send several requests. */
export const withSpan = (plugin: string, authUrl: string, url: string) =>
  Effect.withSpan("AuthPlugin.login", {
    attributes: {
      "openstack.auth.plugin": plugin,
      "openstack.cloud": CloudName.of(authUrl),
      "url.full": Url.shown(url)
    }
  })

export const send = (
  transport: Transport.Service,
  request: HttpClientRequest.HttpClientRequest,
  { credentials, field, read, refuse, secrets }: Options
): Effect.Effect<AccessInfo.AccessInfo, AuthPlugin.Error> =>
  Effect.flatMap(
    transport.text(request, { phase: "login", credentials, secrets }),
    (response) =>
      response.status >= 400
        ? Effect.flatMap(
          Faults.describe(response.headers, response.text, response.hide),
          (refusal) => Effect.fail(refuse({ request, response, refusal }))
        )
        : toEffect(Either.mapLeft(readToken(response, field, read), invalidResponse(request, response)))
  )

const readToken = (
  response: Transport.TextResponse,
  field: string,
  read: Options["read"]
): Either.Either<AccessInfo.AccessInfo, string> =>
  Either.flatMap(
    Either.flatMap(parseSuccess(response), (body) => read(body, response)),
    (access) => usable(access, field)
  )

/** Fails with why the token cannot be used, if it cannot: for example because it is empty. */
export const usable = (
  access: AccessInfo.AccessInfo,
  field: string
): Either.Either<AccessInfo.AccessInfo, string> => {
  const why = whyNoLogin(access, field)
  return why === undefined ? Either.right(access) : Either.left(why)
}

const parseSuccess = ({ status, text }: Transport.TextResponse): Either.Either<unknown, string> =>
  status < 200 || status > 299
    ? Either.left(
      status > 300
        ? "it is a redirect that is not followed"
        : "a token comes with 200 or 201 only: is this Keystone?"
    )
    : Either.fromOption(Json.parse(text), () => "its body is not JSON: is this Keystone?")

const where = ({ method, url }: HttpClientRequest.HttpClientRequest) => ({ method, url: Url.shown(url) })

/** The error for an answer that breaks the protocol. */
const invalidResponse =
  (request: HttpClientRequest.HttpClientRequest, { headers, hide, status }: Transport.TextResponse) =>
  (reason: string): Errors.InvalidResponse =>
    new Errors.InvalidResponse({ ...where(request), status, requestId: Faults.requestId(headers, hide), reason })

/** Who logs in, as errors name them. */
export interface Who {
  readonly description: string
  /** `false` for a token: Keystone answers 404 to one that it does not know any more. */
  readonly renewable: boolean
  readonly scope?: string | undefined
}

/** The error for a refusal of Keystone: what it still wants, `Unauthorized`, or what the status says. */
export const refusedByKeystone =
  ({ description, renewable, scope }: Who) => ({ refusal, request, response }: Answer): AuthPlugin.Error => {
    if (Receipt.isHidden(request.url, response)) {
      return invalidResponse(request, response)(Page.hidden("OpenStack-Auth-Receipt"))
    }
    const { status } = response
    return Option.getOrElse(
      Receipt.read({ ...where(request), identity: description }, response),
      () =>
        status === 401 || (status === 404 && !renewable)
          ? new Errors.Unauthorized({
            ...where(request),
            reason: renewable ? "LoginRejected" : "TokenNotRenewable",
            identity: description,
            scope,
            status,
            requestId: refusal.requestId,
            serviceMessage: refusal.serviceMessage,
            details: refusal.details
          })
          : statusError({ refusal, request, response })
    )
  }

/** The error for a refusal of an OAuth 2 server, which refuses clients with 400 as well (RFC 6749). */
export const refusedByOAuth2 = (description: string) => (answer: Answer): AuthPlugin.Error =>
  answer.response.status === 400 || answer.response.status === 401
    ? new Errors.Unauthorized({
      ...where(answer.request),
      reason: "LoginRejected",
      identity: description,
      requestId: answer.refusal.requestId,
      serviceMessage: answer.refusal.serviceMessage
    })
    : statusError(answer)

const statusError = ({ refusal, request, response }: Answer): Errors.HttpStatusError =>
  Faults.statusError({
    ...where(request),
    ...refusal,
    status: response.status,
    serviceType: "identity",
    regionName: undefined
  })
