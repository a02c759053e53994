/**
 * No token: Keystone itself knows who it is by the client certificate of the connection, and for what by headers
 * (keystoneauth's `v3tokenlessauth`). It speaks to the identity service only; give the certificate to the transport.
 *
 * @since 0.1.0
 */
import * as Headers from "@effect/platform/Headers"
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type * as ConfigError from "../base/configError.js"
import * as KeystoneUrl from "../endpoint/keystoneUrl.js"
import { InvalidOptions } from "../Errors.js"
import * as AuthPlugin from "../identity/AuthPlugin.js"
import * as IdentityKey from "../identity/identityKey.js"
import * as AuthType from "../login/AuthType.js"
import * as AuthScope from "../model/AuthScope.js"

/**
 * Where Keystone is, and the project or domain to act in.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options extends
  Pick<
    AuthScope.AuthScope,
    "projectId" | "projectName" | "projectDomainId" | "projectDomainName" | "domainId" | "domainName"
  >
{
  readonly authUrl: string
}

const scopeHeaders = (options: Options): Either.Either<Headers.Headers, InvalidOptions> =>
  Either.flatMap(AuthScope.toBody(options, "Tokenless"), (scope) => {
    const named: Record<string, string | undefined> = options.projectId !== undefined
      ? { "x-project-id": options.projectId }
      : options.projectName !== undefined
      ? {
        "x-project-name": options.projectName,
        "x-project-domain-id": options.projectDomainId,
        "x-project-domain-name": options.projectDomainId === undefined ? options.projectDomainName : undefined
      }
      : options.domainId !== undefined
      ? { "x-domain-id": options.domainId }
      : { "x-domain-name": options.domainName }
    return scope === undefined
      ? Either.left(
        new InvalidOptions({
          module: "Tokenless",
          option: "projectId, projectName, domainId, domainName",
          reason: "one of them is needed: there is no token to say what it is for"
        })
      )
      : Either.map(IdentityKey.check(named, "Tokenless", "projectId"), () => Headers.fromInput(named))
  })

/**
 * The plugin as a value. What is wrong with the options is told when it is used, as `InvalidOptions`.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (options: Options): AuthPlugin.Service => {
  const readUrl = KeystoneUrl.fromPerson(options.authUrl, "Tokenless")
  const authUrl = Either.getRight(readUrl)
  const headers = Either.flatMap(readUrl, () => scopeHeaders(options))
  return AuthPlugin.make({
    name: "v3tokenlessauth",
    headers: Either.match(headers, { onLeft: Effect.fail, onRight: Effect.succeed }),
    authUrl,
    // where it is none, that is told with the headers
    endpoint: (filter) => filter.serviceType?.toLowerCase() === "identity" ? authUrl : Option.none()
  })
}

/**
 * Requests below this layer are made by certificate.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (options: Options): Layer.Layer<AuthPlugin.AuthPlugin> =>
  Layer.succeed(AuthPlugin.AuthPlugin, make(options))

/**
 * The same with options from the configuration.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerConfig = (
  options: Config.Config.Wrap<Options>
): Layer.Layer<AuthPlugin.AuthPlugin, ConfigError.ConfigError> =>
  Layer.effect(AuthPlugin.AuthPlugin, Effect.map(Config.unwrap(options), make))

/**
 * `v3tokenlessauth`, for configuration files.
 *
 * @since 0.1.0
 * @category auth types
 */
export const authType: AuthType.AuthType = AuthType.make({
  name: "v3tokenlessauth",
  options: {
    authUrl: AuthType.authUrl,
    domainId: AuthType.scope.domainId,
    domainName: AuthType.scope.domainName,
    projectId: AuthType.scope.projectId,
    projectName: AuthType.scope.projectName,
    projectDomainId: AuthType.scope.projectDomainId,
    projectDomainName: AuthType.scope.projectDomainName
  },
  check: scopeHeaders,
  make: (values) => Effect.succeed(make(values))
})
