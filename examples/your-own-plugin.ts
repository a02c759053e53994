/** A custom AuthPlugin: HTTP basic authentication, for an Ironic without Keystone. */
import { Headers, HttpClient, HttpClientResponse } from "@effect/platform"
import { NodeRuntime } from "@effect/platform-node"
import { Console, Effect, Encoding, Layer, Option, Redacted } from "effect"
import { Adapter, AuthPlugin, Session } from "effect-keystoneauth"

const httpBasic = (options: {
  readonly endpoint: string
  readonly username: string
  readonly password: Redacted.Redacted
}): Layer.Layer<AuthPlugin.AuthPlugin> =>
  Layer.succeed(
    AuthPlugin.AuthPlugin,
    AuthPlugin.make({
      name: "http-basic",
      headers: Effect.sync(() => {
        const credentials = Encoding.encodeBase64(`${options.username}:${Redacted.value(options.password)}`)
        return Headers.fromInput({ authorization: `Basic ${credentials}` })
      }),
      // without Keystone there is no catalog, so that the plugin has the endpoint
      endpoint: () => Option.some(options.endpoint)
    })
  )

class Baremetal extends Adapter.Tag<Baremetal>()("app/Baremetal", { serviceType: "baremetal" }) {}

const main = Effect.gen(function*() {
  const baremetal = yield* Baremetal
  const response = yield* baremetal.get("/v1/nodes")
  yield* Console.log(yield* response.text)
})

/** Plays the Ironic: accepts any credentials. */
const standIn = Layer.succeed(
  HttpClient.HttpClient,
  HttpClient.make((request, url) =>
    Effect.succeed(HttpClientResponse.fromWeb(
      request,
      Headers.has(request.headers, "authorization")
        ? new Response(`${url} accepted the credentials`)
        : new Response("", { status: 401 })
    ))
  )
)

const admin = httpBasic({
  endpoint: "http://ironic.test:6385",
  username: "admin",
  password: Redacted.make("secret")
})

const Main = Layer.merge(Baremetal.layer, admin).pipe(
  Layer.provide(Session.layer()),
  Layer.provide(standIn)
)

NodeRuntime.runMain(Effect.provide(main, Main))
