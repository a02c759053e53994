/** What the plugin modules share: their layers, and the checks of their options. */
import type * as Headers from "@effect/platform/Headers"
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type * as ConfigError from "../base/configError.js"
import { isSet } from "../base/configValue.js"
import { toEffect } from "../base/either.js"
import * as Fiber from "../base/fiber.js"
import * as Discovery from "../endpoint/Discovery.js"
import { InvalidOptions } from "../Errors.js"
import * as AuthPlugin from "../identity/AuthPlugin.js"
import * as AuthScope from "../model/AuthScope.js"
import * as Session from "../session/Session.js"

/**
 * `layer` of a plugin module, from its `make`. A layer makes one plugin for each Session, however often it is built: a
 * program that provides it around each request pays for no more than building a layer.
 */
export const layer = <Args extends ReadonlyArray<unknown>, R>(
  make: (...options: Args) => Effect.Effect<AuthPlugin.Service, never, R>
) =>
(...options: Args): Layer.Layer<AuthPlugin.AuthPlugin, never, R> => {
  const made = new WeakMap<Session.Service, { readonly plugin: AuthPlugin.Service; readonly discovery: unknown }>()
  return Layer.effect(
    AuthPlugin.AuthPlugin,
    Fiber.withFiber((fiber) => {
      const session = Fiber.serviceOption(fiber, Session.Session)
      const discovery = Fiber.serviceOption(fiber, Discovery.Discovery)
      const known = session === undefined ? undefined : made.get(session)
      return known !== undefined && known.discovery === discovery
        ? Effect.succeed(known.plugin)
        : Effect.map(make(...options), (plugin) => {
          if (session !== undefined) {
            made.set(session, { plugin, discovery })
          }
          return plugin
        })
    })
  )
}

/** `layerConfig` of a plugin module: takes a `Config` for each option. */
export interface LayerConfig<Options, R> {
  (options: Config.Config.Wrap<Options>): Layer.Layer<AuthPlugin.AuthPlugin, ConfigError.ConfigError, R>
}

/** `layerConfig` of a plugin module, from its `make`. */
export const layerConfig =
  <Options, R>(make: (options: Options) => Effect.Effect<AuthPlugin.Service, never, R>): LayerConfig<Options, R> =>
  (options) => Layer.effect(AuthPlugin.AuthPlugin, Effect.flatMap(Config.unwrap(options), make))

/** A plugin that never logs in: the same headers for each request, and one endpoint for all services. */
export const withoutLogin = (
  name: string,
  headers: Either.Either<Headers.Headers, InvalidOptions>,
  endpoint: string | undefined
): AuthPlugin.Service =>
  AuthPlugin.make({ name, headers: toEffect(headers), endpoint: () => Option.fromNullable(endpoint) })

export const invalid = (module: string, option: string, reason: string): Either.Either<never, InvalidOptions> =>
  Either.left(new InvalidOptions({ module, option, reason }))

/** Fails with the first of these options that is not given. */
export const required = (
  module: string,
  options: Readonly<Record<string, string | undefined>>
): Either.Either<void, InvalidOptions> => {
  const missing = Object.keys(options).find((name) => !isSet(options[name]))
  return missing === undefined ? Either.void : invalid(module, missing, "it is required")
}

/** Fails if none of these options is given. */
export const requiredOneOf = (
  module: string,
  options: Readonly<Record<string, string | undefined>>
): Either.Either<void, InvalidOptions> =>
  Object.values(options).some(isSet)
    ? Either.void
    : invalid(module, Object.keys(options).join(", "), "one of them is required")

/**
 * `check` and `make` of an auth type whose credentials have a project of their own. Keystone refuses any other scope,
 * so a scope that is configured beside them is left out with a warning.
 */
export const ownScope = <Options, R>(
  module: string,
  credentials: string,
  make: (options: Options) => Effect.Effect<AuthPlugin.Service, never, R>
) => ({
  check: (values: AuthScope.AuthScope) => AuthScope.toBody(values, module),
  make: (values: Options & AuthScope.AuthScope): Effect.Effect<AuthPlugin.Service, never, R> => {
    const scope = AuthScope.describe(values)
    return scope === undefined
      ? make(values)
      : Effect.zipRight(
        Effect.logWarning(`the scope (${scope}) is not sent: ${credentials} has a project of its own`),
        make(values)
      )
  }
})
