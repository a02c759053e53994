/** A platform HttpClient bound to a service, for generated clients and other libraries. */
import { HttpClient, HttpClientResponse } from "@effect/platform"
import { NodeRuntime } from "@effect/platform-node"
import { Console, Effect, Schema } from "effect"
import { Adapter, Errors } from "effect-keystoneauth"
import * as TestCloud from "effect-keystoneauth/TestCloud"

const Images = Schema.Struct({ images: Schema.Array(Schema.Struct({ name: Schema.String })) })

/** Requires only an HttpClient. */
const imageNames = Effect.gen(function*() {
  const client = HttpClient.filterStatusOk(yield* HttpClient.HttpClient)
  const response = yield* client.get("/images")
  const { images } = yield* HttpClientResponse.schemaBodyJson(Images)(response)
  return images.map(({ name }) => name)
})

// Layer<HttpClient.HttpClient, never, Session | AuthPlugin>
const image = Adapter.layer({ serviceType: "image", minVersion: 2 })

const nowhere = Adapter.layer({ serviceType: "image", minVersion: 2, regionName: "Atlantis" })

const main = Effect.gen(function*() {
  yield* Console.log(`images: ${(yield* imageNames.pipe(Effect.provide(image))).join(", ")}`)

  // errors of this library are the cause of a platform RequestError
  yield* imageNames.pipe(
    Effect.provide(nowhere),
    Effect.catchTag("RequestError", ({ cause, reason }) =>
      Console.log(
        Errors.isKeystoneAuthError(cause) ? `RequestError caused by ${cause._tag}: ${cause.message}` : reason
      ))
  )

  // as with any HttpClient, a status of 400 or more is not an error
  const client = yield* Effect.provide(HttpClient.HttpClient, image)
  const response = yield* client.get("/images/no-such-image")
  yield* Console.log(`no such image: ${response.status}`)
})

main.pipe(Effect.provide(TestCloud.layer()), NodeRuntime.runMain)
