/**
 * A cloud as operators describe it: a name in `clouds.yaml`, or the `OS_*` variables of an openrc file. It becomes a Session, an
 * AuthPlugin, and defaults for the adapters of each service.
 *
 * The files, their search path and their keys are openstacksdk's. But nothing is guessed: every value is the text that stands there
 * until its key says what it means; the environment is not mixed into a cloud that was named; a file that was named must be there;
 * and each value knows the line or variable that it comes from. It needs the `yaml` package.
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
import type * as Errors from "../Errors.js"
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
import * as Load from "./load.js"
import * as Resolve from "./resolve.js"
import * as Setting from "./Setting.js"

/**
 * What can go wrong before anything is sent.
 *
 * @since 0.1.0
 * @category errors
 */
export type Error = Errors.InvalidConfig | ConfigError.ConfigError

/**
 * @since 0.1.0
 * @category models
 */
export interface Options extends Load.Options {
  /** Asks somebody for a secret that the plugin needs and nobody gave: `"Password: "`. Default: it is an error. */
  readonly prompt?: ((question: string) => Effect.Effect<Redacted.Redacted>) | undefined
}

/**
 * A cloud, decoded.
 *
 * @since 0.1.0
 * @category models
 */
export interface Service {
  /** Its name in the file; `envvars` if it is the environment's. */
  readonly name: string
  /** Of the plugin, as `AuthTypes` knows it. */
  readonly authType: string
  /** What the plugin is told. Secrets are `Redacted`, and so is a URL that may have a password in it. */
  readonly auth: AuthType.Given
  readonly session: Session.Options
  /** Certificates and keys: paths as they are, text `Redacted`. */
  readonly tls: TransportFactory.Tls
  /**
   * What is said for requests to a service: an adapter takes it as its options. Without a type, what is said of no service in
   * particular, `service_type` and `endpoint_override` too: for a program that talks to one.
   */
  readonly service: (serviceType?: ServiceType.ServiceType) => Adapter.Options
  /** Each value, and where it comes from. Secrets are `Redacted`. */
  readonly settings: ReadonlyMap<string, Setting.Shown>
  /** What can hardly be meant, such as a key that nobody knows. They are logged, too. */
  readonly warnings: ReadonlyArray<Errors.ConfigProblem>
}

/**
 * The cloud that is configured.
 *
 * @since 0.1.0
 * @category tags
 */
export class CloudConfig extends Context.Tag("effect-keystoneauth/CloudConfig")<CloudConfig, Service>() {}

/**
 * Reads a cloud: the one that is named, or that `OS_CLOUD` names, or that the variables of the environment describe, or the only one that the
 * file has.
 *
 * Fails with `InvalidConfig`, which says all that is wrong, each with file and line, or variable.
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
    const loaded = yield* Load.load(name, options, types)
    const resolved = Resolve.resolve(loaded.layers, AuthTypes.lookupIn(types))
    const secrets = yield* askFor(resolved, options.prompt)
    const settings = new Map([...resolved.settings, ...secrets.map((setting) => [setting.key, setting] as const)])
    const { problems, tls, ...decoded } = Decode.decode({ ...resolved, settings })
    const all = [...loaded.problems, ...problems]
    if (all.length > 0) {
      return yield* Load.invalid(loaded.name, all)
    }
    yield* Effect.forEach(
      decoded.warnings,
      ({ key, reason, where }) => Effect.logWarning(`${where}: ${key}: ${reason}`),
      { discard: true }
    )
    // a key that nobody knows may be a misspelt "password"
    const known = new Set(
      resolved.options.flatMap(({ kind, name }) => kind === "secret" ? [] : [`auth.${Keys.underscored(name)}`])
    )
    const isPublic = ({ key }: Setting.Setting) => known.has(key) || !["other", undefined].includes(Keys.kindOf(key))
    return {
      name: loaded.name,
      authType: resolved.authType,
      ...decoded,
      tls: yield* Files.expandTls(tls),
      settings: new Map([...settings].map(([key, setting]) => [key, Setting.show(setting, isPublic(setting))]))
    }
  }).pipe(Effect.withSpan("CloudConfig.load", { attributes: { "openstack.cloud": name } }))

/** What a person can be asked for, and nobody has said. */
const askFor = (
  { options, settings }: Resolve.Resolved,
  prompt: Options["prompt"]
): Effect.Effect<ReadonlyArray<Setting.Setting>> =>
  Effect.map(
    Effect.forEach(options, ({ name, prompt: question }) => {
      const key = `auth.${Keys.underscored(name)}`
      return prompt === undefined || question === undefined || settings.has(key)
        ? Effect.succeed([])
        : Effect.map(prompt(question), (answer): ReadonlyArray<Setting.Setting> => [
          { key, value: Redacted.value(answer), source: { _tag: "Prompt", question } }
        ])
    }),
    (answers) => answers.flat()
  )

/**
 * The names of the clouds that there are in the files.
 *
 * @since 0.1.0
 * @category constructors
 */
export const names: (
  options?: Pick<Options, "configFile" | "secureFile">
) => Effect.Effect<ReadonlyArray<string>, Error, FileSystem.FileSystem | Path.Path> = (options = {}) =>
  Load.names(options)

// -----------------------------------------------------------------------------
// layers
// -----------------------------------------------------------------------------

/**
 * The cloud alone, for those who make its Session themselves.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerCloud = (
  name?: string,
  options?: Options
): Layer.Layer<CloudConfig, Error, FileSystem.FileSystem | Path.Path> => Layer.effect(CloudConfig, load(name, options))

/**
 * A Session and an AuthPlugin for a cloud, with its own TLS. `session` wins over what the cloud says.
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
 * A tag's client with what the cloud says for its service, as far as the tag itself says nothing: what a program asks for wins, and
 * what it leaves open is the operator's.
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
  Layer.unwrapEffect(Effect.map(CloudConfig, (cloud) => tag.layerWith(leftOpen(cloud, tag.options))))

/** What the cloud says and the tag does not. */
const leftOpen = (cloud: Service, own: Adapter.Options): Adapter.Options => {
  const { version, ...said } = cloud.service(own.serviceType)
  const given = Object.fromEntries(Object.entries(own).filter(([, value]) => value !== undefined))
  const hasVersions = ["version", "minVersion", "maxVersion"].some((name) => name in given)
  return {
    ...said,
    ...(hasVersions ? {} : { version }),
    ...given,
    retries: RetryPolicy.merge(said.retries, own.retries),
    limits: { ...said.limits, ...own.limits }
  }
}
