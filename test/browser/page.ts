/** What runs in the page: bundled from `src` for browsers, and called by the tests. */
import { FetchHttpClient, type HttpClientError, HttpClientRequest } from "@effect/platform"
import { Effect, Either, Layer, ManagedRuntime, Redacted, Stream } from "effect"
import { type AuthPlugin, type Microversion, Password, Session, TokenStore } from "effect-keystoneauth"

/** Who logs in where, and what for: all of it can be handed to a page as JSON. */
export interface Task {
  readonly authUrl: string
  readonly username: string
  readonly password: string
  readonly path: string
  /** Default: compute. */
  readonly serviceType?: string
  readonly version?: number
  readonly microversion?: Microversion.Input
  readonly headers?: Readonly<Record<string, string>>
  /** Sends this text, as a stream. */
  readonly stream?: string
  /** How many of them at once. Default: 1. */
  readonly times?: number
}

/** How one request ended. */
export type Outcome =
  | { readonly status: number; readonly body: unknown }
  | { readonly error: string; readonly message: string; readonly fields: Readonly<Record<string, unknown>> }

// one Session for all that a page does
const runtime = ManagedRuntime.make(
  Session.layer({ appName: "dashboard", appVersion: "1.0.0" }).pipe(Layer.provide(FetchHttpClient.layer))
)

const request = ({ headers = {}, path, stream }: Task) =>
  stream === undefined
    ? HttpClientRequest.get(path, { headers })
    : HttpClientRequest.post(path, { headers }).pipe(
      HttpClientRequest.bodyStream(Stream.make(new TextEncoder().encode(stream)))
    )

const answer = (
  task: Task
): Effect.Effect<Outcome, Session.Error | HttpClientError.ResponseError, Session.Session | AuthPlugin.AuthPlugin> =>
  Effect.gen(function*() {
    const response = yield* Session.request(request(task), {
      endpointFilter: { serviceType: task.serviceType ?? "compute", version: task.version },
      microversion: task.microversion
    })
    return { status: response.status, body: yield* response.json }
  }).pipe(Effect.withSpan("page"))

const outcome = (task: Task) =>
  Effect.map(
    Effect.either(answer(task)),
    Either.getOrElse((error): Outcome => ({ error: error._tag, message: error.message, fields: { ...error } }))
  )

/** Each as often as it says, as one user of one project. */
const ask = (task: Task): Promise<ReadonlyArray<Outcome>> =>
  runtime.runPromise(
    Effect.replicateEffect(outcome(task), task.times ?? 1, { concurrency: "unbounded" }).pipe(
      Effect.provide(Password.layer({
        authUrl: task.authUrl,
        username: task.username,
        password: Redacted.make(task.password),
        userDomainName: "Default",
        projectName: task.username,
        projectDomainName: "Default"
      }))
    )
  )

/** What becomes of a store that encrypts. */
const encrypt = (key: string): Promise<string> =>
  Effect.runPromise(
    TokenStore.make({
      get: () => Effect.succeedNone,
      set: () => Effect.void,
      remove: () => Effect.void,
      lock: () => Effect.succeed(true),
      unlock: () => Effect.void
    }, { key: Redacted.make(key) }).pipe(
      Effect.as("encrypts"),
      Effect.catchAll((error) => Effect.succeed(error.message))
    )
  )

const programs = { ask, encrypt }

Object.assign(globalThis, { programs })
