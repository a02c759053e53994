/** A vector's plugin as ours: by its name, from its options, as a configuration file would choose it. */
import { Headers } from "@effect/platform"
import { Effect, Redacted } from "effect"
import {
  AccessInfo,
  type AuthMethod,
  AuthPlugin,
  AuthType,
  AuthTypes,
  type Discovery,
  type Errors,
  IssuedToken,
  MultiFactor,
  ServiceToken,
  type Session
} from "effect-keystoneauth"
import * as OAuth1 from "effect-keystoneauth/OAuth1"
import type { Json } from "./catalogs.js"

/** The outcome of a case whose plugin does not exist here. */
export const unknownPlugin = "no plugin"

/** The same of a function. */
export const unknownFunction = "no function"

/** All auth types, including those that need their own package. */
export const types = AuthTypes.add([OAuth1.authType])

/** Stands in for a missing plugin: without one, requests do not compile. Only an override works with it. */
export const nobody = AuthPlugin.make({ name: "nobody", headers: Effect.succeed(Headers.empty) })

export const text = (options: Json, name: string): string | undefined => {
  const value = options[name]
  return typeof value === "string" ? value : undefined
}

export const typeOf = (plugin: Json): string => String(plugin["type"])

export const optionsOf = (plugin: Json): Json => (plugin["options"] ?? {}) as Json

export type Problem = Errors.InvalidOptions | string

type Made = Effect.Effect<AuthPlugin.Service, Problem, Session.Session | Discovery.Discovery>

/** The type of a name, or that there is none. */
export const find = (name: string): Effect.Effect<AuthType.AuthType, string> =>
  Effect.mapError(AuthTypes.get(name), () => `${unknownPlugin} ${name}`)

/** keystoneauth's classes of methods, by the plugins that have them. */
const methodTypes: Readonly<Record<string, string>> = {
  ApplicationCredentialMethod: "v3applicationcredential",
  PasswordMethod: "v3password",
  TOTPMethod: "v3totp",
  TokenMethod: "v3token"
}

/** Of an entry of `v3methods`. A plugin's type knows its auth URL, too. */
const method = (given: Json, authUrl: unknown): Effect.Effect<AuthMethod.AuthMethod, Problem> =>
  Effect.gen(function*() {
    const name = String(given["class"])
    const options = optionsOf(given)
    if (name === "ReceiptMethod") {
      return MultiFactor.receipt(Redacted.make(String(options["receipt"])))
    }
    const type = yield* find(methodTypes[name] ?? name)
    return yield* type.method?.({ ...options, auth_url: authUrl }) ?? Effect.fail(`${name} is no method`)
  })

const combined = ({ methods, ...options }: Json): Made =>
  Effect.gen(function*() {
    const login = yield* AuthType.decode("v3methods", AuthType.login, options)
    const shown = yield* Effect.forEach(methods as ReadonlyArray<Json>, (one) => method(one, options["auth_url"]))
    return yield* MultiFactor.make({ ...login, methods: shown })
  })

/** Fails if the options are wrong, or with `unknownPlugin`. */
export const load = (plugin: Json): Made => {
  const options = optionsOf(plugin)
  switch (plugin["type"]) {
    case "access-info": {
      const given = text(options, "auth_token")
      const token = given === undefined ? undefined : Redacted.make(given)
      return Effect.map(
        AccessInfo.fromBody(options["body"], token),
        (access) => IssuedToken.make({ access, authUrl: text(options, "auth_url") })
      )
    }
    case "service-token":
      return Effect.zipWith(load(options["user"] as Json), load(options["service"] as Json), ServiceToken.make)
    case "v3methods":
      return combined(options)
    default:
      return Effect.zipRight(find(typeOf(plugin)), AuthTypes.load(typeOf(plugin), options))
  }
}

/** keystoneauth's constructors check nothing: what is wrong is told when the plugin is used. */
export const make = (
  plugin: Json
): Effect.Effect<AuthPlugin.Service, string, Session.Session | Discovery.Discovery> =>
  Effect.catchAll(load(plugin), (problem) =>
    typeof problem === "string"
      ? Effect.fail(problem)
      : Effect.succeed(
        AuthPlugin.make({ name: typeOf(plugin), headers: Effect.fail(problem), access: Effect.fail(problem) })
      ))
