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
import type * as HttpClient from "@effect/platform/HttpClient"
import type * as Path from "@effect/platform/Path"
import type * as ConfigError from "effect/ConfigError"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Adapter from "./Adapter.js"
import type * as AuthPlugin from "./AuthPlugin.js"
import type * as AuthType from "./AuthType.js"
import * as AuthTypes from "./AuthTypes.js"
import type * as Catalog from "./Catalog.js"
import type * as Discovery from "./Discovery.js"
import type * as Errors from "./Errors.js"
import * as Decode from "./internal/cloud/decode.js"
import * as Keys from "./internal/cloud/keys.js"
import * as Load from "./internal/cloud/load.js"
import type * as ServiceType from "./ServiceType.js"
import * as Session from "./Session.js"
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
export interface Options {
  /** In place of the search for `clouds.yaml`, and of `OS_CLIENT_CONFIG_FILE`. */
  readonly configFile?: string | undefined
  /** In place of the search for `secure.yaml`, and of `OS_CLIENT_SECURE_FILE`. */
  readonly secureFile?: string | undefined
  /** In place of the search for `clouds-public.yaml`. */
  readonly profilesFile?: string | undefined
  /** One of the cloud's regions. Default: `OS_REGION_NAME` if no cloud was named, or else the first. */
  readonly regionName?: string | undefined
  /** Values that win over everything, by key: `{ "auth.project_name": "demo", compute_api_version: "2.79" }`. */
  readonly values?: Readonly<Record<string, Setting.Value>> | undefined
  /**
   * Take what the environment says for what the named cloud does not say (`"fill"`), or even for what it does (`"override"`).
   * Default: neither.
   */
  readonly environment?: "fill" | "override" | undefined
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
  readonly auth: AuthType.Given
  readonly session: Session.Options
  readonly tls: Tls
  /** What is said for requests to a service: an adapter takes it as its options. */
  readonly service: (serviceType: ServiceType.ServiceType) => Adapter.Options
  /** Each value, and where it comes from. Secrets are `Redacted`. */
  readonly settings: ReadonlyMap<string, Setting.Shown>
  /** What can hardly be meant, such as a key that nobody knows. They are logged, too. */
  readonly warnings: ReadonlyArray<Errors.ConfigProblem>
}

/**
 * How connections are made: `NodeTransport.layer` takes it. Files are named by path.
 *
 * @since 0.1.0
 * @category models
 */
export interface Tls extends Decode.Tls {}

/**
 * The cloud that is configured.
 *
 * @since 0.1.0
 * @category tags
 */
export class CloudConfig extends Context.Tag("effect-keystoneauth/CloudConfig")<CloudConfig, Service>() {}

/**
 * Makes a transport with a cloud's own TLS. `NodeTransport.layerFactory` is one.
 *
 * @since 0.1.0
 * @category tags
 */
export class TransportFactory extends Context.Tag("effect-keystoneauth/CloudConfig/TransportFactory")<
  TransportFactory,
  (tls: Tls) => Layer.Layer<HttpClient.HttpClient, Errors.InvalidOptions>
>() {}

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
    const cloud = yield* Load.load(name, options, types)
    const { problems, ...decoded } = Decode.decode(cloud.settings, AuthTypes.lookupIn(types))
    if (problems.length > 0) {
      return yield* Load.invalid(cloud.name, problems)
    }
    yield* Effect.forEach(
      decoded.warnings,
      ({ key, reason, where }) => Effect.logWarning(`${where}: ${key}: ${reason}`),
      { discard: true }
    )
    // a key that nobody knows may be a misspelt "password"
    const known = new Set(
      types.flatMap((type) => type.options).flatMap(({ deprecated, kind, name }) =>
        kind === "secret" ? [] : [name, ...deprecated].map((name) => name.replaceAll("-", "_"))
      )
    )
    const isPublic = (key: string) => known.has(key.replace(/^auth\./, "")) || Keys.kindOf(key) !== undefined
    const settings = [...cloud.settings].map(([key, setting]) => [key, Setting.show(setting, isPublic)] as const)
    return { name: cloud.name, ...decoded, settings: new Map(settings) }
  })

/**
 * The cloud alone, for those who make its Session themselves.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerConfig = (
  name?: string,
  options?: Options
): Layer.Layer<CloudConfig, Error, FileSystem.FileSystem | Path.Path> => Layer.effect(CloudConfig, load(name, options))

/**
 * A Session and an AuthPlugin for a cloud, with its own TLS.
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
  FileSystem.FileSystem | Path.Path | TransportFactory
> =>
  Layer.unwrapEffect(
    Effect.gen(function*() {
      const cloud = yield* load(name, options)
      const makeTransport = yield* TransportFactory
      return AuthTypes.layerPlugin(cloud.authType, cloud.auth).pipe(
        Layer.provideMerge(Session.layer({ ...cloud.session, ...options?.session })),
        Layer.provide(makeTransport(cloud.tls)),
        Layer.merge(Layer.succeed(CloudConfig, cloud))
      )
    })
  )
