/** What the plugin modules share. */
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as ConfigError from "../base/configError.js"
import * as AuthPlugin from "../identity/AuthPlugin.js"
import * as AuthScope from "../model/AuthScope.js"

export const layer =
  <Options, R>(make: (options: Options) => Effect.Effect<AuthPlugin.Service, never, R>) =>
  (options: Options): Layer.Layer<AuthPlugin.AuthPlugin, never, R> => Layer.effect(AuthPlugin.AuthPlugin, make(options))

export const layerConfig =
  <Options, R>(make: (options: Options) => Effect.Effect<AuthPlugin.Service, never, R>) =>
  (options: Config.Config.Wrap<Options>): Layer.Layer<AuthPlugin.AuthPlugin, ConfigError.ConfigError, R> =>
    Layer.effect(AuthPlugin.AuthPlugin, Effect.flatMap(Config.unwrap(options), make))

/**
 * `make` for credentials that have a project of their own: a scope that is configured beside them, which Keystone would
 * refuse, is left out with a warning.
 */
export const ownScope =
  <Options, A, E, R>(what: string, make: (options: Options) => Effect.Effect<A, E, R>) =>
  (values: Options & AuthScope.AuthScope): Effect.Effect<A, E, R> => {
    const scope = AuthScope.describe(values)
    const warning = scope === undefined
      ? Effect.void
      : Effect.logWarning(`the scope (${scope}) is not sent: ${what} has a project of its own`)
    return Effect.zipRight(warning, make(values))
  }
