/** The suite `http-errors`: which error an answer becomes, and what that says of it. */
import { HttpClient, HttpClientRequest } from "@effect/platform"
import type { HttpMethod } from "@effect/platform/HttpMethod"
import { DateTime, Effect, Either, Layer, Redacted } from "effect"
import { AuthPlugin, type Errors, NoAuth, Session } from "effect-keystoneauth"
import { isRecord } from "effect/Predicate"
import { isDeepStrictEqual } from "node:util"
import { type Case, Decided, type Outcome } from "../vectors.js"
import type { Json } from "./catalogs.js"
import * as World from "./world.js"

/** The classes that keystoneauth has for one status each, and what they say where the service says nothing. */
const classes: Readonly<Record<number, readonly [kind: string, says: string]>> = {
  400: ["BadRequest", "Bad Request"],
  401: ["Unauthorized", "Unauthorized"],
  402: ["PaymentRequired", "Payment Required"],
  403: ["Forbidden", "Forbidden"],
  404: ["NotFound", "Not Found"],
  405: ["MethodNotAllowed", "Method Not Allowed"],
  406: ["NotAcceptable", "Not Acceptable"],
  407: ["ProxyAuthenticationRequired", "Proxy Authentication Required"],
  408: ["RequestTimeout", "Request Timeout"],
  409: ["Conflict", "Conflict"],
  410: ["Gone", "Gone"],
  411: ["LengthRequired", "Length Required"],
  412: ["PreconditionFailed", "Precondition Failed"],
  413: ["RequestEntityTooLarge", "Request Entity Too Large"],
  414: ["RequestUriTooLong", "Request-URI Too Long"],
  415: ["UnsupportedMediaType", "Unsupported Media Type"],
  416: ["RequestedRangeNotSatisfiable", "Requested Range Not Satisfiable"],
  417: ["ExpectationFailed", "Expectation Failed"],
  422: ["UnprocessableEntity", "Unprocessable Entity"],
  500: ["InternalServerError", "Internal Server Error"],
  501: ["HttpNotImplemented", "Not Implemented"],
  502: ["BadGateway", "Bad Gateway"],
  503: ["ServiceUnavailable", "Service Unavailable"],
  504: ["GatewayTimeout", "Gateway Timeout"],
  505: ["HttpVersionNotSupported", "HTTP Version Not Supported"]
}

/**
 * Our tags, by status. One for what is handled differently: the other statuses share `ClientError` and `ServerError`.
 */
const tags: Readonly<Record<number, string>> = {
  400: "BadRequest",
  401: "Unauthorized",
  403: "Forbidden",
  404: "NotFound",
  405: "MethodNotAllowed",
  406: "NotAcceptable",
  408: "RequestTimeout",
  409: "Conflict",
  410: "Gone",
  429: "RateLimited",
  500: "InternalServerError",
  501: "NotImplemented",
  503: "ServiceUnavailable"
}

type Refusal = Errors.Unauthorized | Errors.HttpStatusError

/** 413 is "over limit" where there is a time to come back at, or Nova's and Cinder's name for it. */
const tagOf = ({ details, retryAfterMillis, status = 0 }: Refusal): string =>
  status === 413 && (retryAfterMillis !== undefined || details === "overLimit")
    ? "RateLimited"
    : tags[status] ?? (status < 500 ? "ClientError" : "ServerError")

const family = (status: number): ReadonlyArray<string> =>
  status < 500 ? ["HTTPClientError"] : status < 600 ? ["HttpServerError"] : []

const familySays = (status: number): string =>
  status < 500 ? "HTTP Client Error" : status < 600 ? "HTTP Server Error" : "HTTP Error"

// -----------------------------------------------------------------------------
// what we know, in keystoneauth's names
// -----------------------------------------------------------------------------

interface Said {
  readonly message: string | undefined
  readonly details: unknown
}

const headerOf = (response: Json, wanted: string): string | undefined => {
  const found = Object.entries((response["headers"] ?? {}) as Json).find(([name]) => name.toLowerCase() === wanted)
  return found === undefined ? undefined : String(found[1])
}

const bodyOf = (response: Json): unknown => {
  if ("json" in response) {
    return response["json"]
  }
  try {
    return JSON.parse(String(response["text"]))
  } catch {
    return undefined
  }
}

/**
 * keystoneauth looks into a body only if it is called `application/json`, letter for letter; a text it hands on as it
 * is; of others it says nothing. We read what is there, whatever it is called: `checked` holds that against the body.
 */
const saidByKeystoneauth = (response: Json): Said | undefined => {
  const contentType = headerOf(response, "content-type") ?? ""
  if (contentType.startsWith("application/json") && bodyOf(response) !== undefined) {
    return undefined
  }
  const text = "json" in response ? pythonJson(response["json"]) : String(response["text"])
  return { message: undefined, details: contentType.startsWith("text/") ? text : null }
}

/** JSON as Python writes it: that is what the mocked answer held. */
const pythonJson = (u: unknown): string =>
  Array.isArray(u)
    ? `[${u.map(pythonJson).join(", ")}]`
    : isRecord(u)
    ? `{${Object.entries(u).map(([key, value]) => `${JSON.stringify(key)}: ${pythonJson(value)}`).join(", ")}}`
    : JSON.stringify(u).replace(/[^\0-\x7f]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`)

const several = "Multiple error responses, showing first only: "

const words = (text: string): ReadonlyArray<string> => text.match(/\w+/g) ?? []

/** What we read beyond keystoneauth: the same as if it were called JSON, and only words of the body. */
const checked = (error: Refusal, asJson: Refusal, response: Json): string | undefined => {
  const body = `${several} ${JSON.stringify(bodyOf(response)) ?? String(response["text"])}`
  const invented = words(`${error.serviceMessage ?? ""} ${error.details ?? ""}`).filter((word) => !body.includes(word))
  return error.serviceMessage !== asJson.serviceMessage || error.details !== asJson.details
    ? `the content type makes a difference: ${asJson.message}`
    : invented.length > 0
    ? `not in the body: ${invented.join(", ")}`
    : undefined
}

/**
 * A title that is only the name of the status says nothing: there our message is the detail, and the title is with the
 * details. keystoneauth has it the other way round.
 */
const withTitleFirst = (error: Refusal): Said => {
  const { details, serviceMessage: message = "" } = error
  const prefix = message.startsWith(several) ? several : ""
  return details !== undefined && Object.values(classes).some(([, says]) => says === details)
    ? { message: `${prefix}${details}`, details: message.slice(prefix.length) }
    : { message: error.serviceMessage, details }
}

/** Our details are text: what is something else there is JSON here. */
const inItsShape = (details: unknown, expected: unknown): unknown =>
  typeof expected === "object" && expected !== null && details === JSON.stringify(expected) ? expected : details ?? null

/** A time in the past to come back at, or an empty id: here nothing is said of it. */
const nothings = (response: Json): { readonly retry_after: number; readonly request_id: string | null } => {
  const retryAfter = headerOf(response, "retry-after") ?? ""
  return {
    retry_after: /^-\d+$/.test(retryAfter) ? Number(retryAfter) : 0,
    request_id: headerOf(response, "x-openstack-request-id") === "" ? "" : null
  }
}

/** What we say, written as keystoneauth writes it. */
const shown = (error: Refusal, { details, message: said }: Said, nothing: ReturnType<typeof nothings>): Json => {
  const { method, requestId, retryAfterMillis, status = 0, url } = error
  const [kind, says] = classes[status] ?? [family(status)[0] ?? "HttpError", familySays(status)]
  const message = `${said ?? says} (HTTP ${status})` + (requestId === undefined ? "" : ` (Request-ID: ${requestId})`)
  return {
    kind,
    bases: [...family(status), "HttpError", "ClientException"].filter((base) => base !== kind),
    text: message,
    message,
    http_status: status,
    details: details ?? null,
    request_id: requestId ?? nothing.request_id,
    retry_after: retryAfterMillis === undefined ? nothing.retry_after : retryAfterMillis / 1000,
    url,
    method
  }
}

/** The same, or the decisions by which it is not. */
const compared = (error: Refusal, response: Json, expected: unknown): Json | Decided => {
  const unread = saidByKeystoneauth(response)
  const titled = withTitleFirst(error)
  const own: Said = { message: error.serviceMessage, details: error.details }
  const nothing = { retry_after: 0, request_id: null }
  const said = unread ?? titled
  const details = inItsShape(said.details, isRecord(expected) ? expected["details"] : undefined)
  const rules = [
    unread !== undefined && !isDeepStrictEqual(shown(error, unread, nothing), shown(error, own, nothing))
      ? "a body is read whatever it is called"
      : undefined,
    unread === undefined && titled.message !== own.message
      ? "a title that only names the status is not the message"
      : undefined,
    details !== (said.details ?? null) ? "details are text" : undefined,
    nothings(response).request_id !== null ? "an empty request id is none" : undefined,
    nothings(response).retry_after !== 0 ? "no answer is to come in the past" : undefined
  ].filter((rule) => rule !== undefined)
  const theirs = shown(error, { ...said, details }, nothings(response))
  return rules.length > 0 && isDeepStrictEqual(theirs, expected) ? new Decided(rules.join("; ")) : theirs
}

const pythonList = (u: ReadonlyArray<unknown>): string =>
  `[${u.map((item) => Array.isArray(item) ? pythonList(item) : `'${String(item)}'`).join(", ")}]`

const shownReceipt = (error: Errors.MissingAuthMethods): Json => {
  const message = `Not all required auth rules were satisfied: ${pythonList(error.requiredAuthMethods)}`
  return {
    kind: "MissingAuthMethods",
    bases: ["ClientException"],
    text: message,
    message,
    receipt: Redacted.value(error.receipt),
    methods: error.methods,
    required_auth_methods: error.requiredAuthMethods,
    expires_at: error.expiresAt === undefined ? null : DateTime.formatIso(error.expiresAt).replace("Z", "000Z")
  }
}

// -----------------------------------------------------------------------------
// the runner
// -----------------------------------------------------------------------------

/** The answer as a session without authentication sees it. */
const ask = (input: Case["input"], response: Json) =>
  Effect.gen(function*() {
    const url = String(input["url"])
    const request = HttpClientRequest.make(String(input["method"]) as HttpMethod)(url)
    const { client } = World.make({ urls: { [url]: response } })
    return yield* Session.request(request, { authenticated: false }).pipe(
      Effect.map((answer) => answer.status),
      Effect.either,
      Effect.provideService(AuthPlugin.AuthPlugin, NoAuth.make({})),
      Effect.provide(Layer.provide(Session.layer(), Layer.succeed(HttpClient.HttpClient, client)))
    )
  })

const isRefusal = (error: Session.Error): error is Refusal =>
  error._tag === "Unauthorized" || (error._tag !== "MissingAuthMethods" && "status" in error)

/** What the answer becomes, as the session has it. */
export const outcome = (input: Case["input"]) => ask(input, input["response"] as Json)

export const httpErrors = (input: Case["input"], one: Case): Effect.Effect<Outcome> =>
  Effect.gen(function*() {
    const response = input["response"] as Json
    const answer = yield* ask(input, response)
    if (Either.isRight(answer)) {
      return Either.right({ status: answer.right })
    }
    const error = answer.left
    if (error._tag === "MissingAuthMethods") {
      return Either.right({ error: shownReceipt(error) })
    }
    const asJson = yield* ask(input, {
      ...response,
      headers: { ...(response["headers"] as Json), "Content-Type": "application/json" }
    })
    if (!isRefusal(error) || Either.isRight(asJson) || !isRefusal(asJson.left)) {
      return Either.left(error.message)
    }
    const wrong = error._tag === tagOf(error) ? checked(error, asJson.left, response) : `its tag is ${error._tag}`
    if (wrong !== undefined) {
      return Either.left(wrong)
    }
    const ours = compared(error, response, isRecord(one.expected) ? one.expected["error"] : undefined)
    return Either.right(ours instanceof Decided ? ours : { error: ours })
  })
