/**
 * The `--os-*` options of OpenStack's command line tools, for programs made with `@effect/cli`: which cloud, who logs in, how connections
 * are made, which endpoint. They go to `CloudConfig` as values that win over the cloud that is named, or over the environment.
 * It needs `@effect/cli`.
 *
 * @since 0.1.0
 */
import * as CliOptions from "@effect/cli/Options"
import * as Prompt from "@effect/cli/Prompt"
import * as Terminal from "@effect/platform/Terminal"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import type * as AuthType from "../login/AuthType.js"
import type * as ServiceType from "../model/ServiceType.js"
import * as AuthTypes from "../plugins/AuthTypes.js"
import type * as Session from "../session/Session.js"
import * as CloudConfig from "./CloudConfig.js"
import * as Setting from "./Setting.js"

/**
 * What was given, as settings that know the option that they come from.
 *
 * @since 0.1.0
 * @category models
 */
export interface Given extends CliOptions.Options<ReadonlyArray<Setting.Shown>> {}

const setting = (key: string, name: string, value: string, isPublic: boolean): Setting.Shown =>
  Setting.show({ key, value, source: { _tag: "Option", name: `--${name}` } }, isPublic)

/** One option, which may be left out. */
const one = (option: CliOptions.Options<Setting.Shown>, help: string): Given =>
  option.pipe(CliOptions.withDescription(help), CliOptions.optional, CliOptions.map(Option.toArray))

const text = (key: string, name: string, help: string): Given =>
  one(CliOptions.map(CliOptions.text(name), (value) => setting(key, name, value, true)), help)

const secret = (key: string, name: string, help: string): Given =>
  one(CliOptions.map(CliOptions.redacted(name), (value) => setting(key, name, Redacted.value(value), false)), help)

/** A switch: what it means when it is there. */
const flag = (key: string, name: string, help: string): Given =>
  CliOptions.boolean(name).pipe(
    CliOptions.withDescription(help),
    CliOptions.map((given) => given ? [setting(key, name, "true", true)] : [])
  )

const together = (given: ReadonlyArray<Given>): Given =>
  CliOptions.map(CliOptions.all(given), (settings) => settings.flat())

/**
 * The options of every plugin that can be chosen by name (`--os-auth-url`, `--os-username`, `--os-password`, ...), and
 * `--os-auth-type`.
 *
 * @since 0.1.0
 * @category options
 */
export const auth = (
  options: {
    /** Plugins of your own among them. Default: `AuthTypes.core`. */
    readonly types?: ReadonlyArray<AuthType.AuthType> | undefined
    /** The name of the plugin of who names none, which is told in the help. Default: `"password"`. */
    readonly defaultType?: string | undefined
  } = {}
): Given => {
  const { defaultType = "password", types = AuthTypes.core } = options
  const byName = new Map<string, Given>()
  for (const option of types.flatMap((type) => type.options)) {
    for (const name of [option.name, ...option.deprecated]) {
      const optionName = `os-${name.replaceAll("_", "-")}`
      const help = name === option.name ? option.help : `old name of --os-${option.name}`
      if (!byName.has(optionName)) {
        const make = option.kind === "secret" ? secret : text
        byName.set(optionName, make(`auth.${name.replaceAll("-", "_")}`, optionName, help))
      }
    }
  }
  const names = types.map(({ name }) => name).sort().join(", ")
  return together([
    text("auth_type", "os-auth-type", `how to log in: ${names}; ${defaultType} if nothing says it`),
    text("auth_plugin", "os-auth-plugin", "old name of --os-auth-type"),
    ...byName.values()
  ])
}

/**
 * How connections are made: `--insecure`, `--os-cacert`, `--os-cert`, `--os-key`, `--timeout`.
 *
 * @since 0.1.0
 * @category options
 */
export const session: Given = together([
  flag("insecure", "insecure", "do not check certificates: for trials only"),
  text("cacert", "os-cacert", "file of authorities to trust"),
  text("cert", "os-cert", "file of the client certificate"),
  text("key", "os-key", "file of the client certificate's key"),
  text("api_timeout", "timeout", "seconds that an answer may take")
])

/**
 * Which endpoint: `--os-region-name`, `--os-interface`, `--os-endpoint-override`, ..., and for the services that are given
 * `--os-compute-api-version` and the like.
 *
 * @since 0.1.0
 * @category options
 */
export const adapter = (services: ReadonlyArray<ServiceType.ServiceType> = []): Given =>
  together([
    text("region_name", "os-region-name", "name of the region"),
    text("interface", "os-interface", "public, internal or admin; several in order of preference"),
    text("endpoint_type", "os-endpoint-type", "old name of --os-interface"),
    text("service_type", "os-service-type", "type of the service"),
    text("service_name", "os-service-name", "name of the service in the catalog"),
    text("endpoint_override", "os-endpoint-override", "URL in place of what the catalog says"),
    text("api_version", "os-api-version", "version of the service"),
    ...services.flatMap((service) =>
      ["service-type", "service-name", "interface", "api-version", "endpoint-override"].map((name) =>
        text(
          `${service}_${name}`.replaceAll("-", "_"),
          `os-${service}-${name}`,
          `${name.replaceAll("-", " ")} of ${service}`
        )
      )
    )
  ])

/**
 * Which cloud a program is for, and what its command line says about it.
 *
 * @since 0.1.0
 * @category models
 */
export interface Cloud {
  /** Of `--os-cloud`. */
  readonly cloud: string | undefined
  readonly options: CloudConfig.Options
}

/**
 * `--os-cloud` and all of the above. What is not given is looked for as `CloudConfig.load` does: in the cloud that is named, by
 * `--os-cloud` or `OS_CLOUD`; or else in the environment (`OS_AUTH_URL`, ...).
 *
 * @since 0.1.0
 * @category options
 */
export const cloud = (
  options: {
    /** Plugins of your own among them. Default: `AuthTypes.core`. */
    readonly types?: ReadonlyArray<AuthType.AuthType> | undefined
    /** The name of the plugin of who names none. Default: `"password"`. */
    readonly defaultType?: string | undefined
    /** For which there are options of their own. Default: none. */
    readonly services?: ReadonlyArray<ServiceType.ServiceType> | undefined
  } = {}
): CliOptions.Options<Cloud> =>
  CliOptions.all({
    cloud: CliOptions.optional(
      CliOptions.withDescription(CliOptions.text("os-cloud"), "name of the cloud in clouds.yaml (OS_CLOUD)")
    ),
    values: together([auth(options), session, adapter(options.services)])
  }).pipe(
    CliOptions.map(({ cloud, values }) => ({
      cloud: Option.getOrUndefined(cloud),
      options: { values, defaultAuthType: options.defaultType }
    }))
  )

/**
 * Asks at the terminal, without showing what is typed; `undefined` if there is no person at one, so that a script fails instead
 * of waiting for ever. Who leaves with Ctrl-C interrupts the program.
 *
 * @since 0.1.0
 * @category prompts
 */
export const prompt: Effect.Effect<CloudConfig.Options["prompt"], never, Prompt.Prompt.Environment> = Effect.gen(
  function*() {
    const context = yield* Effect.context<Prompt.Prompt.Environment>()
    const { isTTY } = Context.get(context, Terminal.Terminal)
    return (yield* isTTY)
      ? (question: string) =>
        Prompt.hidden({ message: withoutColon(question.trimEnd()) }).pipe(
          Effect.catchTag("QuitException", () => Effect.interrupt),
          Effect.provide(context)
        )
      : undefined
  }
)

const withoutColon = (question: string): string => question.endsWith(":") ? question.slice(0, -1) : question

/**
 * A Session and an AuthPlugin for the cloud that was given: `CloudConfig.layer`, which asks for missing secrets at a terminal.
 *
 * @example
 * ```ts
 * import { Command } from "@effect/cli"
 * import { NodeContext, NodeRuntime } from "@effect/platform-node"
 * import { Console, Effect } from "effect"
 * import { AuthPlugin } from "effect-keystoneauth"
 * import * as CloudOptions from "effect-keystoneauth/CloudOptions"
 * import * as NodeTransport from "effect-keystoneauth/NodeTransport"
 *
 * const whoAmI = Command.make("whoami", { cloud: CloudOptions.cloud() }, ({ cloud }) =>
 *   AuthPlugin.access.pipe(
 *     Effect.flatten,
 *     Effect.flatMap(({ userName }) => Console.log(userName)),
 *     Effect.provide(CloudOptions.layer(cloud))
 *   ))
 *
 * Command.run(whoAmI, { name: "whoami", version: "v1" })(process.argv).pipe(
 *   Effect.provide([NodeTransport.layerFactory, NodeContext.layer]),
 *   NodeRuntime.runMain
 * )
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (
  { cloud, options }: Cloud,
  more?: CloudConfig.Options & { readonly session?: Session.Options | undefined }
): Layer.Layer<
  Layer.Layer.Success<ReturnType<typeof CloudConfig.layer>>,
  Layer.Layer.Error<ReturnType<typeof CloudConfig.layer>>,
  Layer.Layer.Context<ReturnType<typeof CloudConfig.layer>> | Prompt.Prompt.Environment
> => Layer.unwrapEffect(Effect.map(prompt, (prompt) => CloudConfig.layer(cloud, { ...options, prompt, ...more })))
