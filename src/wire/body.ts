/** Reads bodies up to a limit, and says which bodies can be sent twice. */
import type * as HttpBody from "@effect/platform/HttpBody"
import type * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import type * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import type * as HttpClientError from "../base/httpClientError.js"
import { Beginning } from "./beginning.js"
import * as Response from "./response.js"
import * as TransportFault from "./transportFault.js"

/** Reads a body as text, up to `limit` bytes; `truncated` if it is longer. */
export const text = (
  response: HttpClientResponse.HttpClientResponse,
  limit: number
): Effect.Effect<{ readonly text: string; readonly truncated: boolean }, HttpClientError.ResponseError> =>
  Effect.suspend(() => {
    const beginning = new Beginning(limit)
    return Effect.zipRight(beginning.fill(Response.pieces(response)), Effect.suspend(() => heard(response, beginning)))
  })

/** The text that was read, which is also reported to the listener of the response. */
const heard = (
  response: HttpClientResponse.HttpClientResponse,
  { text, truncated }: Beginning
): Effect.Effect<{ readonly text: string; readonly truncated: boolean }> =>
  Effect.as(Response.tell(response, text), { text, truncated })

/** The part of a body that arrives within this time and limit, even if reading it fails. */
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

/** Text in place of a body whose content coding is unknown or broken. */
const whyUnread = (error: HttpClientError.ResponseError | Cause.TimeoutException): string =>
  error._tag === "ResponseError" && TransportFault.isUnreadable(error.cause)
    ? `the message cannot be read: ${error.description}`
    : ""

const faultLimit = 64 * 1024

/**
 * The beginning of the body of an error response, as far as it arrives in time: the status alone is enough for an
 * error.
 */
export const faultText = (response: HttpClientResponse.HttpClientResponse): Effect.Effect<string> =>
  within(response, faultLimit, Math.min(5000, Response.patience(response) / 2))

/** Discards the body of a response, so that its connection can be used again or is closed. */
export const discard = (response: HttpClientResponse.HttpClientResponse): Effect.Effect<void> =>
  Effect.asVoid(within(response, faultLimit, Math.min(500, Response.patience(response) / 2)))

/** Whether a body can be sent twice. A stream may be readable only once. */
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
