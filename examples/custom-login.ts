/** A login of your own: a vault hands out tokens of Keystone. Keeping, sharing, renewing and rescoping them is not your business. */
import { NodeRuntime } from "@effect/platform-node"
import { Console, Effect, Layer, Option, Redacted } from "effect"
import { Adapter, AuthPlugin, CustomLogin, Password } from "effect-keystoneauth"
import * as TestCloud from "effect-keystoneauth/TestCloud"

/** Where the token comes from: a vault, a browser, a ticket. Twenty lines make a plugin of it. */
interface Vault {
  readonly address: string
  readonly readToken: Effect.Effect<Redacted.Redacted>
}

const vaultPlugin = (authUrl: string, vault: Vault, projectId: string) =>
  CustomLogin.layer({
    name: "vault",
    description: `who may read ${vault.address}`,
    authUrl,
    // plugins with the same parts share their token
    parts: { vault: vault.address },
    // the vault knows no more than the text; Keystone says whose it is and how long it lives
    login: Effect.flatMap(vault.readToken, (token) => CustomLogin.lookUp(authUrl, token)),
    // what the vault hands out is for nothing yet: it is exchanged
    projectId
  })

class Compute extends Adapter.Tag<Compute>()("app/Compute", { serviceType: "compute" }) {}

const main = Effect.gen(function*() {
  const { accounts: { demo: { password, userDomainName, username } }, authUrl } = yield* TestCloud.TestCloud
  const unscoped = yield* Password.make({ authUrl, username, password, userDomainName, unscoped: true })
  const vault: Vault = {
    address: "https://vault.example.com/v1/openstack",
    readToken: Effect.map(Effect.orDie(unscoped.access), (access) => Option.getOrThrow(access).token)
  }
  const project = Option.getOrThrow(yield* AuthPlugin.access)

  yield* Effect.gen(function*() {
    const compute = yield* Compute
    const responses = yield* Effect.replicateEffect(compute.get("/servers"), 3)
    const { projectName, userName } = Option.getOrThrow(yield* AuthPlugin.access)
    yield* Console.log(`${userName} of ${projectName}: ${responses.map(({ status }) => status).join(", ")}`)
  }).pipe(Effect.provide(vaultPlugin(authUrl, vault, project.projectId ?? "")))
})

main.pipe(Effect.provide(Layer.provideMerge(Compute.layer, TestCloud.layer())), NodeRuntime.runMain)
