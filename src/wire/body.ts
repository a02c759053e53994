/** Reading bodies with a bound, and what can be sent twice. */
import type * as HttpBody from "@effect/platform/HttpBody"
import type * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import type * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import type * as HttpClientError from "../base/httpClientError.js"
import { Beginning } from "./beginning.js"
import * as Response from "./response.js"
import * as TransportFault from "./transportFault.js"

/** A body as text, and whether it was cut after `limit` bytes. */
export const text = (
  response: HttpClientResponse.HttpClientResponse,
  limit: number
): Effect.Effect<{ readonly text: string; readonly truncated: boolean }, HttpClientError.ResponseError> =>
  Effect.suspend(() => {
    const beginning = new Beginning(limit)
    return Effect.zipRight(beginning.fill(Response.pieces(response)), Effect.suspend(() => heard(response, beginning)))
  })

/** What was read, and told to who listens. */
const heard = (
  response: HttpClientResponse.HttpClientResponse,
  { text, truncated }: Beginning
): Effect.Effect<{ readonly text: string; readonly truncated: boolean }> =>
  Effect.as(Response.tell(response, text), { text, truncated })

/** What came of the beginning of a body within so many milliseconds, whatever happened then. */
const within = (
  response: HttpClientResponse.HttpClientResponse,
  limit: number,
  millis: number
): Effect.Effect<string> =>
  Effect.suspend(() => {
    const beginning = new Beginning(limit)
    return beginning.fill(Response.pieces(response)).pipe(
      Effect.timeout(millis),
      Effect.match({ onFailure: whyUnread, onSuccess: () => "" }),
      Effect.flatMap((why) => Effect.map(heard(response, beginning), ({ text }) => text === "" ? why : text))
    )
  })

/** In place of a text that is in a coding which is not understood, or not what its coding says. */
const whyUnread = (error: HttpClientError.ResponseError | Cause.TimeoutException): string =>
  error._tag === "ResponseError" && TransportFault.isUnreadable(error.cause)
    ? `its message cannot be read: ${error.description}`
    : ""

const faultLimit = 64 * 1024

/** The beginning of the body of a refusal: what came of it in time, for the refusal is known without it. */
export const faultText = (response: HttpClientResponse.HttpClientResponse): Effect.Effect<string> =>
  within(response, faultLimit, Math.min(5000, Response.patience(response) / 2))

/** Lets go of an answer whose body is of no interest, so that its connection can be used again or is closed. */
export const discard = (response: HttpClientResponse.HttpClientResponse): Effect.Effect<void> =>
  Effect.asVoid(within(response, faultLimit, Math.min(500, Response.patience(response) / 2)))

/** Can this body be sent a second time? A stream may be read only once. */
export const isReplayable = (body: HttpBody.HttpBody): boolean => {
  switch (body._tag) {
    case "Empty":
    case "Uint8Array":
    case "FormData":
      return true
    case "Raw":
      return typeof body.body === "string" || ArrayBuffer.isView(body.body) || body.body instanceof ArrayBuffer ||
        body.body instanceof Blob || body.body instanceof URLSearchParams
    case "Stream":
      return false
  }
}
