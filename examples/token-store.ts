/** Tokens in a directory: a second run of the program does not log in. */
import { FileSystem } from "@effect/platform"
import { NodeContext, NodeRuntime } from "@effect/platform-node"
import { Console, Effect, Layer, Redacted } from "effect"
import { Adapter, DirectoryTokenStore, Password, Session } from "effect-keystoneauth"
import * as TestCloud from "effect-keystoneauth/TestCloud"

class Compute extends Adapter.Tag<Compute>()("app/Compute", { serviceType: "compute" }) {}

/** The layers of the program. A real one takes the key from where its other secrets are. */
const SessionLive = (directory: string) =>
  Session.layer().pipe(
    Layer.provide(DirectoryTokenStore.layer({ directory, key: Redacted.make("one of 16 bytes or more") }))
  )

const run = (directory: string) =>
  Effect.gen(function*() {
    const { accounts, authUrl } = yield* TestCloud.TestCloud
    const demo = Password.layer({ authUrl, ...accounts.demo })
    const Main = Layer.merge(Compute.layer, demo).pipe(Layer.provide(SessionLive(directory)))
    yield* Effect.provide(Effect.flatMap(Compute, (compute) => compute.get("/servers")), Main)
  })

const main = Effect.gen(function*() {
  const fileSystem = yield* FileSystem.FileSystem
  const directory = yield* fileSystem.makeTempDirectoryScoped()
  yield* run(directory)
  yield* run(directory)
  const { journal } = yield* TestCloud.TestCloud
  const logins = (yield* journal).filter(({ method, path }) => method === "POST" && path.endsWith("/auth/tokens"))
  yield* Console.log(`two runs, ${logins.length} login`)
})

main.pipe(
  Effect.scoped,
  Effect.provide(Layer.merge(TestCloud.layerHttpClient(), NodeContext.layer)),
  NodeRuntime.runMain
)
