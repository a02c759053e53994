/**
 * Authenticates by the client certificate of the connection, without a token (keystoneauth's `v3tokenlessauth`);
 * headers say the scope. Only Keystone accepts this. Give the certificate to the transport: `NodeTransport.layer({
 * clientCert, clientKey })`.
 *
 * @since 0.1.0
 */
import * as Headers from "@effect/platform/Headers"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import { flow } from "effect/Function"
import * as Option from "effect/Option"
import { toEffect } from "../base/either.js"
import * as KeystoneUrl from "../endpoint/keystoneUrl.js"
import type { InvalidOptions } from "../Errors.js"
import * as AuthPlugin from "../identity/AuthPlugin.js"
import * as IdentityKey from "../identity/identityKey.js"
import * as AuthType from "../login/AuthType.js"
import * as Plugin from "../login/plugin.js"
import * as AuthScope from "../model/AuthScope.js"

/**
 * The URL of Keystone, and the project or domain to act in.
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
    const { domainId, domainName, projectDomainId, projectDomainName, projectId, projectName } = options
    const named: Record<string, string | undefined> = projectId !== undefined
      ? { "x-project-id": projectId }
      : projectName !== undefined
      ? {
        "x-project-name": projectName,
        "x-project-domain-id": projectDomainId,
        "x-project-domain-name": projectDomainId === undefined ? projectDomainName : undefined
      }
      : domainId !== undefined
      ? { "x-domain-id": domainId }
      : { "x-domain-name": domainName }
    return scope === undefined
      ? Plugin.invalid(
        "Tokenless",
        "projectId, projectName, domainId, domainName",
        "one of them is required: there is no token that has a scope"
      )
      : Either.map(IdentityKey.check(named, "Tokenless", "projectId"), () => Headers.fromInput(named))
  })

/**
 * Makes the plugin as a value. Invalid options fail with `InvalidOptions` when it is used.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (options: Options): AuthPlugin.Service => {
  const readUrl = KeystoneUrl.fromPerson(options.authUrl, "Tokenless")
  const authUrl = Either.getRight(readUrl)
  return AuthPlugin.make({
    name: "v3tokenlessauth",
    headers: toEffect(Either.flatMap(readUrl, () => scopeHeaders(options))),
    authUrl,
    endpoint: (filter) => filter.serviceType?.toLowerCase() === "identity" ? authUrl : Option.none()
  })
}

const load = flow(make, Effect.succeed)

/**
 * Authenticates requests to Keystone by the client certificate.
 *
 * @example
 * ```ts
 * import { Layer } from "effect"
 * import { Session, Tokenless } from "effect-keystoneauth"
 * import * as NodeTransport from "effect-keystoneauth/NodeTransport"
 *
 * const Main = Tokenless.layer({ authUrl: "https://keystone.example.com/v3", domainName: "Default" }).pipe(
 *   Layer.provideMerge(Session.layer()),
 *   Layer.provide(NodeTransport.layer({ clientCert: "client.pem", clientKey: "client.key" }))
 * )
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = Plugin.layer(load)

/**
 * Same as `layer`, with options from the configuration.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerConfig = Plugin.layerConfig(load)

/**
 * The auth type `v3tokenlessauth` for configuration files.
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
  make: load
})
