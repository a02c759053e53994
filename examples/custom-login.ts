/** A custom login: a vault issues Keystone tokens. The library caches, shares, renews and rescopes them. */
import { NodeRuntime } from "@effect/platform-node"
import { Console, Effect, Layer, Option, Redacted } from "effect"
import { Adapter, AuthPlugin, CustomLogin, Password } from "effect-keystoneauth"
import * as TestCloud from "effect-keystoneauth/TestCloud"

/** A plugin for tokens of a vault. The same works for a browser or a ticket. */
interface Vault {
  readonly address: string
  readonly readToken: Effect.Effect<Redacted.Redacted>
}

const vaultPlugin = (authUrl: string, vault: Vault, projectId: string) =>
  CustomLogin.layer({
    name: "vault",
    description: `readers of ${vault.address}`,
    authUrl,
    // plugins with the same parts share a token
    parts: { vault: vault.address },
    // the vault returns only the token; Keystone tells its user and its expiry
    login: Effect.flatMap(vault.readToken, (token) => CustomLogin.lookUp(authUrl, token)),
    // the token of the vault is unscoped: it is exchanged for one of the project
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
