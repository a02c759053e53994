/**
 * Gets an OAuth 2 access token with a client certificate, and sends it both as `Authorization: Bearer` and as the
 * Keystone token (keystoneauth's `v3oauth2mtlsclientcredential`). The token is bound to the certificate, which the
 * transport of the Session has: `NodeTransport.layer({ clientCert, clientKey })`. Needs Keystone 2023.1 or later,
 * configured for it.
 *
 * @since 0.1.0
 */
import * as Headers from "@effect/platform/Headers"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Memo from "../base/memo.js"
import * as KeystoneUrl from "../endpoint/keystoneUrl.js"
import * as AuthPlugin from "../identity/AuthPlugin.js"
import * as Known from "../identity/known.js"
import type * as AuthMethod from "../login/AuthMethod.js"
import * as AuthType from "../login/AuthType.js"
import * as Keystone from "../login/keystone.js"
import * as KeystoneV3 from "../login/keystoneV3.js"
import * as OAuth2 from "../login/oauth2.js"
import * as Plugin from "../login/plugin.js"
import type * as AccessInfo from "../model/AccessInfo.js"
import * as Session from "../session/Session.js"
import type * as Transport from "../wire/Transport.js"

/**
 * The client. There are no scope options: it belongs to one project.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options extends AuthMethod.KeystoneOptions {
  /** The URL that gives access tokens: `https://keystone.example.com/v3/OS-OAUTH2/token`. */
  readonly oauth2Endpoint: string
  /** The id of the user that the client certificate is for. */
  readonly clientId: string
}

const module = "OAuth2MtlsClientCredential"

const name = "v3oauth2mtlsclientcredential"

/**
 * Makes the plugin as a value. Nothing is sent until it is used; invalid options fail with `InvalidOptions` then.
 *
 * Only the transport knows the certificate, so tokens are shared within one Session only, not through a `TokenStore`.
 * If the endpoint refuses the client, requests fail with `Unauthorized` and the reason `"LoginRejected"`.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (options: Options): Effect.Effect<AuthPlugin.Service, never, Session.Session> =>
  Effect.gen(function*() {
    const { transport } = yield* Session.Session
    const keystone = yield* Keystone.make(toLogin(options, transport))
    return AuthPlugin.makeKnown({
      ...keystone,
      headers: Effect.map(
        keystone.access,
        (access) => bearing(Option.getOrUndefined(access))
      ),
      withScope: OAuth2.noOtherScope(module)
    }, Known.withHeaders(Known.credentials.of(keystone), ({ access }) => bearing(access)))
  })

/** The token in both headers. */
const bearing = (access: AccessInfo.AccessInfo | undefined): Headers.Headers =>
  access === undefined
    ? Headers.empty
    : OAuth2.withBearer(AuthPlugin.tokenHeaders(access.token), access.token)

const toLogin = (options: Options, transport: Transport.Service): Keystone.Login => {
  const { clientId, includeCatalog, reauthenticate } = options
  const readUrl = KeystoneUrl.fromPerson(options.authUrl, module)
  const authUrl = Either.getOrElse(readUrl, () => options.authUrl)
  const { check, oauth2Endpoint } = OAuth2.readClient(options, module)
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
    check,
    send,
    exchange: send,
    revoke: (transport, access) => KeystoneV3.revoke(transport, authUrl, access),
    // never called: `withScope` of the plugin fails
    rescope: () => login,
    direct: true,
    once: reauthenticate === false
  }
  return login
}

/**
 * Authenticates requests as this client. The Session keeps the token: providing the layer again, even around each
 * request, logs in once.
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
export const layer = Plugin.layer(make)

/**
 * Same as `layer`, with options from the configuration.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerConfig = Plugin.layerConfig(make)

/**
 * The auth type `v3oauth2mtlsclientcredential` for configuration files. A scope that is configured as well is left out
 * with a warning.
 *
 * @since 0.1.0
 * @category auth types
 */
export const authType: AuthType.AuthType = AuthType.make({
  name,
  options: {
    ...AuthType.login,
    oauth2Endpoint: AuthType.requiredText("oauth2-endpoint", { help: "URL that gives access tokens" }),
    clientId: AuthType.requiredText("oauth2-client-id", { help: "id of the user that the client certificate is for" })
  },
  ...Plugin.ownScope(module, "an OAuth 2 client", make)
})
