/**
 * Where services are.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as AuthPlugin from "./AuthPlugin.js"
import * as ServiceCatalog from "./ServiceCatalog.js"

/**
 * @since 0.1.0
 * @category models
 */
export interface Service {
  /** The catalog for whoever a request is made as. May log in. */
  readonly get: Effect.Effect<ServiceCatalog.ServiceCatalog, AuthPlugin.Error, AuthPlugin.AuthPlugin>
}

/**
 * @since 0.1.0
 * @category tags
 */
export class Catalog extends Context.Tag("effect-keystoneauth/Catalog")<Catalog, Service>() {}

/**
 * The catalog that came with the token. Entries that are broken are left out, with one warning for each catalog.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer: Layer.Layer<Catalog> = Layer.sync(Catalog, () => {
  const warned = new WeakSet<ServiceCatalog.ServiceCatalog>()
  return {
    get: Effect.gen(function*() {
      const plugin = yield* AuthPlugin.AuthPlugin
      const access = yield* plugin.access
      const catalog = Option.getOrUndefined(access)?.catalog ?? ServiceCatalog.empty
      if (catalog.problems.length > 0 && !warned.has(catalog)) {
        warned.add(catalog)
        yield* Effect.logWarning("The service catalog has entries that cannot be used").pipe(
          Effect.annotateLogs("problems", catalog.problems)
        )
      }
      return catalog
    })
  }
})

/**
 * A catalog written by hand, the same for everyone: for clouds without one, and for tests.
 *
 * @example
 * ```ts
 * import { Catalog } from "effect-keystoneauth"
 *
 * const catalog = Catalog.layerStatic([
 *   { serviceType: "placement", endpoints: [{ url: "http://controller:8778", regionName: "RegionOne" }] }
 * ])
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layerStatic = (services: ReadonlyArray<ServiceCatalog.StaticService>): Layer.Layer<Catalog> =>
  Layer.succeed(Catalog, { get: Effect.succeed(ServiceCatalog.make(services)) })
