/**
 * The `--os-*` options of OpenStack's command line tools, for programs made with `@effect/cli`. Their values win over
 * those of the cloud that is named, or of the environment. This module needs `@effect/cli`.
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
import * as NamedOption from "../session/namedOption.js"
import type * as Session from "../session/Session.js"
import * as CloudConfig from "./CloudConfig.js"
import * as Keys from "./keys.js"
import * as Setting from "./Setting.js"

/**
 * Command line options that are parsed to settings, whose source is the option.
 *
 * @since 0.1.0
 * @category models
 */
export interface Given extends CliOptions.Options<ReadonlyArray<Setting.Shown>> {}

const setting = (key: string, name: string, value: string, isPublic: boolean): Setting.Shown =>
  Setting.show({ key, value, source: { _tag: "Option", name: `--${name}` } }, isPublic)

const optional = (option: CliOptions.Options<Setting.Shown>, help: string): Given =>
  option.pipe(CliOptions.withDescription(help), CliOptions.optional, CliOptions.map(Option.toArray))

const text = (key: string, name: string, help: string): Given =>
  optional(CliOptions.map(CliOptions.text(name), (value) => setting(key, name, value, true)), help)

const secret = (key: string, name: string, help: string): Given =>
  optional(CliOptions.map(CliOptions.redacted(name), (value) => setting(key, name, Redacted.value(value), false)), help)

const flag = (key: string, name: string, help: string): Given =>
  CliOptions.boolean(name).pipe(
    CliOptions.withDescription(help),
    CliOptions.map((given) => given ? [setting(key, name, "true", true)] : [])
  )

const all = (given: ReadonlyArray<Given>): Given => CliOptions.map(CliOptions.all(given), (settings) => settings.flat())

const fromTable = (table: ReadonlyArray<NamedOption.NamedOption<object>>): ReadonlyArray<Given> =>
  table.flatMap(({ commandLine, kind, name }) =>
    commandLine === undefined ? [] : [(kind === "flag" ? flag : text)(name, commandLine.name, commandLine.help)]
  )

interface AuthOptions {
  /** The plugins whose options are offered. Default: `AuthTypes.core`. */
  readonly types?: ReadonlyArray<AuthType.AuthType> | undefined
  /** The default plugin; shown in help. Default: `"password"`. */
  readonly defaultType?: string | undefined
}

/**
 * The options of all plugins (`--os-auth-url`, `--os-username`, `--os-password`, ...), and `--os-auth-type`.
 *
 * @since 0.1.0
 * @category options
 */
export const auth = ({ defaultType = "password", types = AuthTypes.core }: AuthOptions = {}): Given => {
  const byName = new Map<string, Given>()
  for (const option of types.flatMap((type) => type.options)) {
    for (const name of [option.name, ...option.deprecated]) {
      const optionName = `os-${name.replaceAll("_", "-")}`
      const help = name === option.name ? option.help : `old name of --os-${option.name}`
      if (!byName.has(optionName)) {
        const make = option.kind === "secret" ? secret : text
        byName.set(optionName, make(Keys.ofAuth(name), optionName, help))
      }
    }
  }
  const names = types.map(({ name }) => name).sort().join(", ")
  return all([
    text("auth_type", "os-auth-type", `how to log in: ${names} (default: ${defaultType})`),
    text("auth_plugin", "os-auth-plugin", "old name of --os-auth-type"),
    ...byName.values()
  ])
}

/**
 * The options for connections: `--insecure`, `--os-cacert`, `--os-cert`, `--os-key`, `--timeout`.
 *
 * @since 0.1.0
 * @category options
 */
export const session: Given = all([...fromTable(NamedOption.tls), ...fromTable(NamedOption.session)])

/**
 * The options that choose endpoints: `--os-region-name`, `--os-interface`, `--os-endpoint-override`, ..., and for each
 * of the given services `--os-compute-api-version` and the like.
 *
 * @since 0.1.0
 * @category options
 */
export const adapter = (services: ReadonlyArray<ServiceType.ServiceType> = []): Given =>
  all([
    ...fromTable(NamedOption.endpoint),
    text("endpoint_type", "os-endpoint-type", "old name of --os-interface"),
    ...services.flatMap((service) =>
      NamedOption.endpoint.filter(({ name }) => name !== "region_name").map(({ name }) =>
        text(
          Keys.underscored(`${service}_${name}`),
          `os-${service}-${name.replaceAll("_", "-")}`,
          `${name.replaceAll("_", " ")} of ${service}`
        )
      )
    )
  ])

/**
 * The cloud that a command line names, and the options that it gives for it.
 *
 * @since 0.1.0
 * @category models
 */
export interface Cloud {
  /** The value of `--os-cloud`. */
  readonly cloud: string | undefined
  readonly options: CloudConfig.Options
}

/**
 * `--os-cloud` and all options of this module. Values that are not given come from where `CloudConfig.load` finds them:
 * from the cloud that `--os-cloud` or `OS_CLOUD` names, or otherwise from the environment (`OS_AUTH_URL`, ...).
 *
 * @since 0.1.0
 * @category options
 */
export const cloud = (
  options: AuthOptions & {
    /** The services that have options of their own. Default: none. */
    readonly services?: ReadonlyArray<ServiceType.ServiceType> | undefined
  } = {}
): CliOptions.Options<Cloud> =>
  CliOptions.all({
    cloud: CliOptions.optional(
      CliOptions.withDescription(CliOptions.text("os-cloud"), "name of the cloud in clouds.yaml (OS_CLOUD)")
    ),
    values: all([auth(options), session, adapter(options.services)])
  }).pipe(
    CliOptions.map(({ cloud, values }) => ({
      cloud: Option.getOrUndefined(cloud),
      options: { values, defaultAuthType: options.defaultType }
    }))
  )

/**
 * A `prompt` for `CloudConfig.load` that asks at the terminal without echo. `undefined` if there is no terminal, so
 * that a script fails instead of waiting for ever. Ctrl-C interrupts the program.
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
 * Provides `CloudConfig.layer` of the cloud that the command line gives. Asks for missing secrets at a terminal.
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
