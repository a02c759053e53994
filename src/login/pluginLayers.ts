/** The layers that every plugin module has, from its `make`. */
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as ConfigError from "../base/configError.js"
import * as AuthPlugin from "../identity/AuthPlugin.js"

export const layer =
  <Options, R>(make: (options: Options) => Effect.Effect<AuthPlugin.Service, never, R>) =>
  (options: Options): Layer.Layer<AuthPlugin.AuthPlugin, never, R> => Layer.effect(AuthPlugin.AuthPlugin, make(options))

export const layerConfig =
  <Options, R>(make: (options: Options) => Effect.Effect<AuthPlugin.Service, never, R>) =>
  (options: Config.Config.Wrap<Options>): Layer.Layer<AuthPlugin.AuthPlugin, ConfigError.ConfigError, R> =>
    Layer.effect(AuthPlugin.AuthPlugin, Effect.flatMap(Config.unwrap(options), make))
