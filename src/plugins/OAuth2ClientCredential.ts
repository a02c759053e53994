/**
 * Log in to Keystone v3 with an application credential, and send an OAuth 2 access token with each request beside Keystone's own
 * (keystoneauth's `v3oauth2clientcredential`): for services that want an `Authorization: Bearer` header.
 *
 * @since 0.1.0
 */
import type * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type * as Redacted from "effect/Redacted"
import type * as ConfigError from "../base/configError.js"
import * as AuthPlugin from "../identity/AuthPlugin.js"
import type * as Tokens from "../identity/Tokens.js"
import type * as AuthMethod from "../login/AuthMethod.js"
import * as AuthType from "../login/AuthType.js"
import * as KeystoneV3 from "../login/keystoneV3.js"
import * as OAuth2 from "../login/oauth2.js"
import * as Plugin from "../login/plugin.js"
import type * as AccessInfo from "../model/AccessInfo.js"
import * as AuthScope from "../model/AuthScope.js"
import * as Url from "../safety/url.js"
import * as Session from "../session/Session.js"
import * as Telemetry from "../wire/telemetry.js"
import type * as Transport from "../wire/Transport.js"
import * as ApplicationCredential from "./ApplicationCredential.js"
import * as HttpBasic from "./HttpBasic.js"

/**
 * The client, which is an application credential: it is for one project already, so there is nothing to say about scope.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options extends Pick<AuthMethod.LoginOptions, "authUrl" | "includeCatalog" | "reauthenticate"> {
  /** Where access tokens come from: `https://keystone.example.com/v3/OS-OAUTH2/token`. */
  readonly oauth2Endpoint: string
  /** The id of the application credential. */
  readonly clientId: string
  /** Its secret. */
  readonly clientSecret: Redacted.Redacted
}

const module = "OAuth2ClientCredential"

const name = "v3oauth2clientcredential"

/**
 * The plugin as a value. It sends nothing until it is used; what is wrong with the options is told then, as
 * `InvalidOptions`.
 *
 * The access token is kept by the Session, as Keystone's is: shared, renewed before its end, and dropped when a service
 * rejects it (keystoneauth asks for one before every request). A client that the endpoint refuses fails with
 * `Unauthorized` and the reason `"LoginRejected"`.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (options: Options): Effect.Effect<AuthPlugin.Service, never, Session.Session> =>
  Effect.gen(function*() {
    const { authUrl, clientId, clientSecret, includeCatalog, reauthenticate } = options
    const endpoint = OAuth2.endpointFromPerson(options.oauth2Endpoint, module)
    const oauth2Endpoint = Either.getOrElse(endpoint, () => options.oauth2Endpoint)
    const { tokens, transport } = yield* Session.Session
    const credential = ApplicationCredential.method({ id: clientId, secret: clientSecret })
    const keystone = yield* KeystoneV3.make({ authUrl, includeCatalog, reauthenticate }, {
      module,
      name,
      methods: [{
        ...credential,
        parts: { clientId, clientSecret, oauth2Endpoint },
        check: Either.all([endpoint, OAuth2.check(options, module)])
      }]
    })
    const identity = yield* identify({ ...options, oauth2Endpoint }, keystone.authUrl, tokens, transport)
    return AuthPlugin.make({
      ...keystone,
      headers: Effect.flatMap(
        keystone.headers,
        (headers) => Effect.map(tokens.get(identity), ({ token }) => OAuth2.withBearer(headers, token))
      ),
      // the service does not say which of the two it rejects
      invalidate: (rejected) =>
        Effect.zipRight(
          Option.match(OAuth2.bearerOf(rejected), {
            onNone: () => Effect.void,
            onSome: (token) => tokens.invalidate(identity, token)
          }),
          keystone.invalidate(rejected)
        ),
      withScope: () => Effect.fail(OAuth2.otherScope(module))
    })
  })

/** Whose access token it is: for `Tokens`, as if it were one of Keystone's. */
const identify = (
  options: Options,
  readAuthUrl: Option.Option<string>,
  tokens: Tokens.Service,
  transport: Transport.Service
): Effect.Effect<Tokens.Identity> =>
  Effect.gen(function*() {
    const { clientId, clientSecret, oauth2Endpoint, reauthenticate } = options
    const authUrl = Option.getOrElse(readAuthUrl, () => options.authUrl)
    const once = reauthenticate === false
    return {
      key: yield* tokens.key({
        kind: "oauth2",
        parts: { oauth2Endpoint, clientId, clientSecret },
        once: once || undefined
      }),
      login: requestToken(options, transport).pipe(
        Effect.withSpan("AuthPlugin.login", {
          attributes: {
            "openstack.auth.plugin": name,
            "openstack.cloud": Telemetry.cloudOf(authUrl),
            "url.full": Url.shown(oauth2Endpoint)
          }
        })
      ),
      renewable: !once,
      once,
      // Keystone's own end like its other tokens; it answers 404 to those of others
      revoke: (access) => KeystoneV3.revoke(transport, authUrl, access),
      description: OAuth2.describe(options),
      url: Url.shown(oauth2Endpoint),
      labels: { plugin: name, cloud: Telemetry.cloudOf(oauth2Endpoint) }
    }
  })

const requestToken = (
  { clientId, clientSecret, oauth2Endpoint }: Options,
  transport: Transport.Service
): Effect.Effect<AccessInfo.AccessInfo, AuthPlugin.Error> =>
  Effect.flatMap(
    HttpBasic.make({ username: clientId, password: clientSecret }).headers,
    (headers) => OAuth2.requestToken(transport, { oauth2Endpoint, clientId, headers, secrets: [clientSecret] })
  )

/**
 * Requests below this layer are made as this client. Both tokens are the Session's: providing the layer again, around each
 * request if need be, logs in once.
 *
 * @example
 * ```ts
 * import { Redacted } from "effect"
 * import { OAuth2ClientCredential } from "effect-keystoneauth"
 *
 * const robot = OAuth2ClientCredential.layer({
 *   authUrl: "https://keystone.example.com/v3",
 *   oauth2Endpoint: "https://keystone.example.com/v3/OS-OAUTH2/token",
 *   clientId: "21dced0fd20347869b93710d2b98aae0",
 *   clientSecret: Redacted.make("secret")
 * })
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layer: (options: Options) => Layer.Layer<AuthPlugin.AuthPlugin, never, Session.Session> = Plugin
  .layer(make)

/**
 * The same with options from the configuration.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerConfig: (
  options: Config.Config.Wrap<Options>
) => Layer.Layer<AuthPlugin.AuthPlugin, ConfigError.ConfigError, Session.Session> = Plugin.layerConfig(make)

/**
 * `v3oauth2clientcredential`, for configuration files. A scope that is configured beside it is left out with a warning, since
 * Keystone refuses it.
 *
 * @since 0.1.0
 * @category auth types
 */
export const authType: AuthType.AuthType = AuthType.make({
  name,
  options: {
    ...AuthType.login,
    oauth2Endpoint: AuthType.requiredText("oauth2_endpoint", { help: "where access tokens come from" }),
    clientId: AuthType.requiredText("oauth2_client_id", { help: "id of the application credential" }),
    clientSecret: AuthType.requiredSecret("oauth2_client_secret", { help: "secret of the application credential" })
  },
  check: (values) => AuthScope.toBody(values, module),
  make: Plugin.ownScope("an application credential", make)
})
