/** Credentials from a ConfigProvider: by default the environment. */
import { NodeRuntime } from "@effect/platform-node"
import { Config, ConfigProvider, Console, Effect, Redacted } from "effect"
import { AuthPlugin, Password } from "effect-keystoneauth"
import * as TestCloud from "effect-keystoneauth/TestCloud"

const fromEnvironment = Password.layerConfig({
  authUrl: Config.string("OS_AUTH_URL"),
  username: Config.string("OS_USERNAME"),
  userDomainName: Config.withDefault(Config.string("OS_USER_DOMAIN_NAME"), "Default"),
  password: Config.redacted("OS_PASSWORD"),
  projectName: Config.string("OS_PROJECT_NAME"),
  projectDomainName: Config.withDefault(Config.string("OS_PROJECT_DOMAIN_NAME"), "Default")
})

const whoAmI = Effect.gen(function*() {
  const plugin = yield* AuthPlugin.AuthPlugin
  const access = yield* Effect.flatten(plugin.access)
  yield* Console.log(`logged in as ${access.userName} on project ${access.projectName}`)
})

const main = Effect.gen(function*() {
  const { accounts: { demo }, authUrl } = yield* TestCloud.TestCloud
  const variables = {
    OS_AUTH_URL: authUrl,
    OS_USERNAME: demo.username,
    OS_PASSWORD: Redacted.value(demo.password),
    OS_PROJECT_NAME: demo.projectName
  }
  const run = (variables: Record<string, string>) =>
    whoAmI.pipe(
      Effect.provide(fromEnvironment),
      Effect.withConfigProvider(ConfigProvider.fromMap(new Map(Object.entries(variables))))
    )
  yield* run(variables)

  const { OS_USERNAME: _, ...incomplete } = variables
  yield* run(incomplete).pipe(
    Effect.catchTag("ConfigError", (error) => Console.log(`ConfigError: ${error.message}`))
  )
})

main.pipe(Effect.provide(TestCloud.layer()), NodeRuntime.runMain)
