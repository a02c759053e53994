/**
 * Get an OAuth 2 access token with a client certificate, and send it both as `Authorization: Bearer` and as Keystone's token
 * (keystoneauth's `v3oauth2mtlsclientcredential`). The token is bound to the certificate, which the transport of the Session
 * has: `NodeTransport.layer({ clientCert, clientKey })`. Needs Keystone 2023.1 or later, configured for it.
 *
 * @since 0.1.0
 */
import * as Headers from "@effect/platform/Headers"
import type * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type * as ConfigError from "../base/configError.js"
import * as Memo from "../base/memo.js"
import * as KeystoneUrl from "../endpoint/keystoneUrl.js"
import * as AuthPlugin from "../identity/AuthPlugin.js"
import type * as AuthMethod from "../login/AuthMethod.js"
import * as AuthType from "../login/AuthType.js"
import * as Keystone from "../login/keystone.js"
import * as KeystoneV3 from "../login/keystoneV3.js"
import * as OAuth2 from "../login/oauth2.js"
import * as OwnScope from "../login/ownScope.js"
import * as PluginLayers from "../login/pluginLayers.js"
import * as AuthScope from "../model/AuthScope.js"
import * as Session from "../session/Session.js"
import type * as Transport from "../wire/Transport.js"

/**
 * The client. It is for one project already, so there is nothing to say about scope.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options extends Pick<AuthMethod.LoginOptions, "authUrl" | "includeCatalog" | "reauthenticate"> {
  /** Where access tokens come from: `https://keystone.example.com/v3/OS-OAUTH2/token`. */
  readonly oauth2Endpoint: string
  /** The id of the user that the client certificate is for. */
  readonly clientId: string
}

const module = "OAuth2MtlsClientCredential"

const name = "v3oauth2mtlsclientcredential"

/**
 * The plugin as a value. It sends nothing until it is used; what is wrong with the options is told then, as
 * `InvalidOptions`.
 *
 * Whose certificate it is, only the transport knows: tokens are shared below one Session, and not by a `TokenStore` with others.
 * A client that the endpoint refuses fails with `Unauthorized` and the reason `"LoginRejected"`.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (options: Options): Effect.Effect<AuthPlugin.Service, never, Session.Session> =>
  Effect.gen(function*() {
    const { transport } = yield* Session.Session
    const keystone = yield* Keystone.make(toLogin(options, transport))
    return AuthPlugin.make({
      ...keystone,
      headers: Effect.map(
        keystone.access,
        Option.match({
          onNone: () => Headers.empty,
          onSome: ({ token }) => OAuth2.withBearer(AuthPlugin.tokenHeaders(token), token)
        })
      ),
      withScope: () => Effect.fail(OAuth2.otherScope(module))
    })
  })

const toLogin = (options: Options, transport: Transport.Service): Keystone.Login => {
  const { clientId, includeCatalog, reauthenticate } = options
  const readUrl = KeystoneUrl.fromPerson(options.authUrl, module)
  const authUrl = Either.getOrElse(readUrl, () => options.authUrl)
  const endpoint = OAuth2.endpointFromPerson(options.oauth2Endpoint, module)
  const oauth2Endpoint = Either.getOrElse(endpoint, () => options.oauth2Endpoint)
  const described = { description: OAuth2.describe(options), renewable: true }
  const send = (transport: Transport.Service) =>
    Effect.flatMap(
      OAuth2.requestToken(transport, { oauth2Endpoint, clientId, form: { client_id: clientId }, secrets: [] }),
      ({ token }) => KeystoneV3.validate(transport, authUrl, token, described, includeCatalog)
    )
  const login: Keystone.Login = {
    ...described,
    module,
    name,
    authUrl: readUrl,
    url: KeystoneUrl.tokens(authUrl, includeCatalog),
    parts: {
      kind: "oauth2mtls",
      authUrl: KeystoneUrl.v3(authUrl, ""),
      includeCatalog: includeCatalog === false ? false : undefined,
      parts: { oauth2Endpoint, clientId }
    },
    momentary: { transport: Memo.objectId(transport) },
    check: Either.all([endpoint, OAuth2.check(options, module)]),
    send,
    exchange: send,
    revoke: (transport, access) => KeystoneV3.revoke(transport, authUrl, access),
    // never asked: the plugin has no other scope
    rescope: () => login,
    direct: true,
    once: reauthenticate === false
  }
  return login
}

/**
 * Requests below this layer are made as this client. The token is the Session's: providing the layer again, around each
 * request if need be, logs in once.
 *
 * @example
 * ```ts
 * import { Layer } from "effect"
 * import { OAuth2MtlsClientCredential, Session } from "effect-keystoneauth"
 * import * as NodeTransport from "effect-keystoneauth/NodeTransport"
 *
 * const robot = OAuth2MtlsClientCredential.layer({
 *   authUrl: "https://keystone.example.com/v3",
 *   oauth2Endpoint: "https://keystone.example.com/v3/OS-OAUTH2/token",
 *   clientId: "21dced0fd20347869b93710d2b98aae0"
 * })
 *
 * const Main = robot.pipe(
 *   Layer.provideMerge(Session.layer()),
 *   Layer.provide(NodeTransport.layer({ clientCert: "client.pem", clientKey: "client.key" }))
 * )
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layer: (options: Options) => Layer.Layer<AuthPlugin.AuthPlugin, never, Session.Session> = PluginLayers
  .layer(make)

/**
 * The same with options from the configuration.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerConfig: (
  options: Config.Config.Wrap<Options>
) => Layer.Layer<AuthPlugin.AuthPlugin, ConfigError.ConfigError, Session.Session> = PluginLayers.layerConfig(make)

/**
 * `v3oauth2mtlsclientcredential`, for configuration files. A scope that is configured beside it is left out with a warning.
 *
 * @since 0.1.0
 * @category auth types
 */
export const authType: AuthType.AuthType = AuthType.make({
  name,
  options: {
    ...AuthType.login,
    oauth2Endpoint: AuthType.requiredText("oauth2-endpoint", { help: "where access tokens come from" }),
    clientId: AuthType.requiredText("oauth2-client-id", { help: "id of the user that the client certificate is for" })
  },
  check: (values) => AuthScope.toBody(values, module),
  make: OwnScope.only("an OAuth 2 client", make)
})
