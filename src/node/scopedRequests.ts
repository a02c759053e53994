/**
 * The signal of requests that `HttpClient.withScope` ends. The platform gives it only to clients of `HttpClient.make`, which
 * makes an `AbortController` and a fiber's worth of work for each request: 25 operations instead of 161. So it is read where the
 * platform keeps it; `test/node/nodeClient.test.ts` fails if that is elsewhere.
 */
import type * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import { globalValue } from "effect/GlobalValue"

const controllers = globalValue(
  "@effect/platform/HttpClient/scopedRequests",
  () => new WeakMap<HttpClientRequest.HttpClientRequest, AbortController>()
)

export const signalOf = (request: HttpClientRequest.HttpClientRequest): AbortSignal | undefined =>
  controllers.get(request)?.signal
