/** Requests and their answers, with labels in place of tokens. */
import { Headers, HttpClient, type HttpClientRequest } from "@effect/platform"
import { Context, Effect, Layer, Option, Ref } from "effect"

/** A request with its answer, such as an entry of TestCloud's journal. */
export interface Exchange {
  readonly method: string
  readonly url: string
  /** The label of the token: `token-1`. */
  readonly token: string | undefined
  /** The user of the token, if known. */
  readonly user: string | undefined
  readonly microversion: string | undefined
  /** 0 if there was no answer. */
  readonly status: number
}

export const isLogin = ({ method, url }: Exchange): boolean =>
  method === "POST" && new URL(url).pathname.endsWith("/auth/tokens")

/** Counts the successful logins. */
export const countLogins = (exchanges: ReadonlyArray<Exchange>): number =>
  exchanges.filter((exchange) => isLogin(exchange) && exchange.status === 201).length

/** Whether a request reads a version document: it has no token, and is not a login. */
export const isDiscovery = (exchange: Exchange): boolean => exchange.token === undefined && !isLogin(exchange)

export class Recorder extends Context.Tag("demo/Recorder")<Recorder, {
  readonly exchanges: Effect.Effect<ReadonlyArray<Exchange>>
}>() {}

/** Records the requests through an HttpClient, for a cloud without a journal. */
export const layer: Layer.Layer<Recorder | HttpClient.HttpClient, never, HttpClient.HttpClient> = Layer.effectContext(
  Effect.gen(function*() {
    const client = yield* HttpClient.HttpClient
    const exchanges = yield* Ref.make<ReadonlyArray<Exchange>>([])
    const labels = new Map<string, string>()

    const labelOf = (token: string): string => {
      const label = labels.get(token) ?? `token-${labels.size + 1}`
      labels.set(token, label)
      return label
    }

    const note = (request: HttpClientRequest.HttpClientRequest, status: number) => {
      const exchange: Exchange = {
        method: request.method,
        url: request.url,
        token: Option.getOrUndefined(Option.map(Headers.get(request.headers, "x-auth-token"), labelOf)),
        user: undefined,
        microversion: Headers.get(request.headers, "openstack-api-version").pipe(
          Option.map((value) => value.replace(/^\S+ /, "")),
          Option.getOrUndefined
        ),
        status
      }
      return Ref.update(exchanges, (before) => [...before, exchange])
    }

    const recording = client.pipe(
      HttpClient.tap(({ request, status }) => note(request, status)),
      HttpClient.tapError(({ request }) => note(request, 0))
    )

    return Context.make(HttpClient.HttpClient, recording).pipe(
      Context.add(Recorder, { exchanges: Ref.get(exchanges) })
    )
  })
)
