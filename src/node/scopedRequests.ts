/**
 * The signal that aborts a request of `HttpClient.withScope`. The platform passes it only to clients of
 * `HttpClient.make`, which costs an `AbortController` and 161 operations per request instead of 25. It is therefore
 * read from the platform's global map; `test/node/nodeClient.test.ts` fails if the platform changes that.
 */
import type * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import { globalValue } from "effect/GlobalValue"

const controllers = globalValue(
  "@effect/platform/HttpClient/scopedRequests",
  () => new WeakMap<HttpClientRequest.HttpClientRequest, AbortController>()
)

export const signalOf = (request: HttpClientRequest.HttpClientRequest): AbortSignal | undefined =>
  controllers.get(request)?.signal
