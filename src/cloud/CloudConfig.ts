/**
 * Reads a cloud from `clouds.yaml`, or from the `OS_*` variables of an openrc file: a Session, an AuthPlugin, and
 * defaults for the adapters of each service.
 *
 * Files, search path and keys are openstacksdk's, with these differences: the key decides what a text means (`2.10`
 * stays 2.10); a named cloud takes nothing from the environment; a named file must exist; and each value knows its line
 * or variable. This module needs the `yaml` package.
 *
 * `load` works in three steps:
 *
 * 1. `layers` chooses the cloud and collects its settings from each source (`files` and `yaml` read the files,
 *    `profiles` the vendor's profile, `environment` the variables).
 * 2. `merge` makes one set of settings of these layers, under the option names of the plugin.
 * 3. `decode` turns the settings into options, by the table in `session/namedOption`.
 *
 * @since 0.1.0
 */
import type * as FileSystem from "@effect/platform/FileSystem"
import type * as Path from "@effect/platform/Path"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import type * as ConfigError from "../base/configError.js"
import type * as Catalog from "../endpoint/Catalog.js"
import type * as Discovery from "../endpoint/Discovery.js"
import * as Errors from "../Errors.js"
import type * as AuthPlugin from "../identity/AuthPlugin.js"
import type * as AuthType from "../login/AuthType.js"
import type * as ServiceType from "../model/ServiceType.js"
import * as AuthTypes from "../plugins/AuthTypes.js"
import type * as Adapter from "../session/Adapter.js"
import * as Session from "../session/Session.js"
import * as RetryPolicy from "../wire/RetryPolicy.js"
import * as TransportFactory from "../wire/TransportFactory.js"
import * as Decode from "./decode.js"
import * as Files from "./files.js"
import * as Keys from "./keys.js"
import * as Layers from "./layers.js"
import * as Merge from "./merge.js"
import * as Problem from "./problem.js"
import * as Setting from "./Setting.js"

/**
 * The errors of reading a cloud. Nothing was sent yet.
 *
 * @since 0.1.0
 * @category errors
 */
export type Error = Errors.InvalidConfig | ConfigError.ConfigError

/**
 * Options for reading a cloud.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options extends Layers.Options {
  /** Asks the user for a secret that the plugin needs and that is not set: `"Password: "`. Default: it is an error. */
  readonly prompt?: ((question: string) => Effect.Effect<Redacted.Redacted>) | undefined
}

/**
 * The configuration of a cloud.
 *
 * @since 0.1.0
 * @category models
 */
export interface Service {
  /** The name of the cloud in the file; `envvars` for the cloud of the environment. */
  readonly name: string
  /** The name of the plugin in `AuthTypes`. */
  readonly authType: string
  /** The options of the plugin. Secrets are `Redacted`, and so is a URL that may contain a password. */
  readonly auth: AuthType.Given
  readonly session: Session.Options
  /** Certificates and keys: paths as text; PEM and base64 as `Redacted`. */
  readonly tls: TransportFactory.Tls
  /**
   * The adapter options for a service. Without a service type, the options of the whole cloud, `service_type` and
   * `endpoint_override` included: for a program that uses one service.
   */
  readonly service: (serviceType?: ServiceType.ServiceType) => Adapter.Options
  /** Each value with its source. Secrets are `Redacted`. */
  readonly settings: ReadonlyMap<string, Setting.Shown>
  /** Likely mistakes, such as an unknown key. They are logged too. */
  readonly warnings: ReadonlyArray<Errors.ConfigProblem>
}

/**
 * Service tag for the cloud that is configured.
 *
 * @since 0.1.0
 * @category tags
 */
export class CloudConfig extends Context.Tag("effect-keystoneauth/CloudConfig")<CloudConfig, Service>() {}

/**
 * Reads a cloud: the one with this name; without a name, the one that `OS_CLOUD` names, the one that the environment
 * describes, or the only one in the file.
 *
 * Fails with `InvalidConfig`, which lists all problems with file and line, or variable.
 *
 * @since 0.1.0
 * @category constructors
 */
export const load = (
  name?: string,
  options: Options = {}
): Effect.Effect<Service, Error, FileSystem.FileSystem | Path.Path> =>
  Effect.gen(function*() {
    const types = yield* AuthTypes.AuthTypes
    const collected = yield* Layers.collect(name, options, types)
    const merged = Merge.merge(collected.layers, AuthTypes.lookupIn(types))
    const secrets = yield* askFor(merged, options.prompt)
    const settings = new Map([...merged.settings, ...secrets.map((setting) => [setting.key, setting] as const)])
    const { problems, tls, ...decoded } = Decode.decode({ ...merged, settings })
    const all = [...collected.problems, ...problems]
    if (all.length > 0) {
      return yield* Problem.invalidConfig(collected.name, ...all)
    }
    yield* Effect.forEach(decoded.warnings, (problem) => Effect.logWarning(Errors.describeProblem(problem)), {
      discard: true
    })
    // the value of an unknown key is hidden: the key may be a misspelt "password"
    const shown = new Set(merged.options.flatMap(({ kind, name }) => kind === "secret" ? [] : [Keys.ofAuth(name)]))
    const isPublic = ({ key }: Setting.Setting) => shown.has(key) || Keys.statusOf(key) === "known"
    return {
      name: collected.name,
      authType: merged.authType,
      ...decoded,
      tls: yield* Files.expandHome(tls),
      settings: new Map([...settings].map(([key, setting]) => [key, Setting.show(setting, isPublic(setting))]))
    }
  }).pipe(Effect.withSpan("CloudConfig.load", { attributes: { "openstack.cloud": name } }))

/** Asks for the options that have a question and are not set. */
const askFor = (
  { options, settings }: Merge.Merged,
  prompt: Options["prompt"]
): Effect.Effect<ReadonlyArray<Setting.Setting>> =>
  Effect.map(
    Effect.forEach(options, ({ name, prompt: question }) => {
      const key = Keys.ofAuth(name)
      return prompt === undefined || question === undefined || settings.has(key)
        ? Effect.succeed([])
        : Effect.map(prompt(question), (answer): ReadonlyArray<Setting.Setting> => [
          { key, value: Redacted.value(answer), source: { _tag: "Prompt", question } }
        ])
    }),
    (answers) => answers.flat()
  )

/**
 * The names of the clouds in the files.
 *
 * @since 0.1.0
 * @category constructors
 */
export const names = (
  options: Pick<Options, "configFile" | "secureFile"> = {}
): Effect.Effect<ReadonlyArray<string>, Error, FileSystem.FileSystem | Path.Path> => Layers.names(options)

// -----------------------------------------------------------------------------
// layers
// -----------------------------------------------------------------------------

/**
 * Provides the configuration of a cloud, without a Session.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerCloud = (
  name?: string,
  options?: Options
): Layer.Layer<CloudConfig, Error, FileSystem.FileSystem | Path.Path> => Layer.effect(CloudConfig, load(name, options))

/**
 * Provides a cloud's configuration, Session and AuthPlugin, over a transport with the cloud's TLS. `session` wins over
 * the options of the cloud.
 *
 * @example
 * ```ts
 * import { NodeContext } from "@effect/platform-node"
 * import { Layer } from "effect"
 * import * as CloudConfig from "effect-keystoneauth/CloudConfig"
 * import * as NodeTransport from "effect-keystoneauth/NodeTransport"
 *
 * const Main = CloudConfig.layer("mycloud").pipe(
 *   Layer.provide([NodeTransport.layerFactory, NodeContext.layer])
 * )
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (
  name?: string,
  options?: Options & { readonly session?: Session.Options | undefined }
): Layer.Layer<
  CloudConfig | AuthPlugin.AuthPlugin | Session.Session | Catalog.Catalog | Discovery.Discovery,
  Error | Errors.InvalidOptions,
  FileSystem.FileSystem | Path.Path | TransportFactory.TransportFactory
> =>
  Layer.unwrapEffect(
    Effect.gen(function*() {
      const cloud = yield* load(name, options)
      const makeTransport = yield* TransportFactory.TransportFactory
      return AuthTypes.layerPlugin(cloud.authType, cloud.auth).pipe(
        Layer.provideMerge(Session.layer({ ...cloud.session, ...options?.session })),
        Layer.provide(makeTransport(cloud.tls)),
        Layer.merge(Layer.succeed(CloudConfig, cloud))
      )
    })
  )

/**
 * A layer with the client of an `Adapter.Tag` for the configured cloud. Options that the tag does not set come from the
 * cloud's configuration of its service.
 *
 * @example
 * ```ts
 * import { Layer } from "effect"
 * import { Adapter } from "effect-keystoneauth"
 * import * as CloudConfig from "effect-keystoneauth/CloudConfig"
 *
 * class Compute extends Adapter.Tag<Compute>()("app/Compute", { serviceType: "compute" }) {}
 *
 * const Main = CloudConfig.layerAdapter(Compute).pipe(
 *   Layer.provideMerge(CloudConfig.layer("mycloud"))
 * )
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layerAdapter = <Self, Id extends string>(
  tag: Adapter.TagClass<Self, Id>
): Layer.Layer<Self, never, CloudConfig | Session.Session> =>
  Layer.unwrapEffect(Effect.map(CloudConfig, (cloud) => tag.layerWith(withDefaults(cloud, tag.options))))

/** The options of a tag, over the cloud's for the same service. */
const withDefaults = (cloud: Service, own: Adapter.Options): Adapter.Options => {
  const { version, ...defaults } = cloud.service(own.serviceType)
  const given = Object.fromEntries(Object.entries(own).filter(([, value]) => value !== undefined))
  const hasVersions = ["version", "minVersion", "maxVersion"].some((name) => name in given)
  return {
    ...defaults,
    ...(hasVersions ? {} : { version }),
    ...given,
    retries: RetryPolicy.merge(defaults.retries, own.retries),
    limits: { ...defaults.limits, ...own.limits }
  }
}
