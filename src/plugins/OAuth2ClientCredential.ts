/**
 * Logs in to Keystone v3 with an application credential, and sends an OAuth 2 access token with each request beside the
 * Keystone token (keystoneauth's `v3oauth2clientcredential`): for services that want an `Authorization: Bearer` header.
 *
 * @since 0.1.0
 */
import * as Headers from "@effect/platform/Headers"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Redacted from "effect/Redacted"
import * as Memo from "../base/memo.js"
import * as AuthPlugin from "../identity/AuthPlugin.js"
import * as Known from "../identity/known.js"
import type * as Tokens from "../identity/Tokens.js"
import type * as AuthMethod from "../login/AuthMethod.js"
import * as AuthType from "../login/AuthType.js"
import * as KeystoneV3 from "../login/keystoneV3.js"
import * as OAuth2 from "../login/oauth2.js"
import * as Plugin from "../login/plugin.js"
import * as TokenRequest from "../login/tokenRequest.js"
import type * as AccessInfo from "../model/AccessInfo.js"
import * as Url from "../safety/url.js"
import * as Session from "../session/Session.js"
import * as CloudName from "../wire/cloudName.js"
import type * as Transport from "../wire/Transport.js"
import * as ApplicationCredential from "./ApplicationCredential.js"
import * as HttpBasic from "./HttpBasic.js"

/**
 * The client, which is an application credential. There are no scope options: it belongs to one project.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options extends AuthMethod.KeystoneOptions {
  /** The URL that gives access tokens: `https://keystone.example.com/v3/OS-OAUTH2/token`. */
  readonly oauth2Endpoint: string
  /** The id of the application credential. */
  readonly clientId: string
  /** Its secret. */
  readonly clientSecret: Redacted.Redacted
}

const module = "OAuth2ClientCredential"

const name = "v3oauth2clientcredential"

/**
 * Makes the plugin as a value. Nothing is sent until it is used; invalid options fail with `InvalidOptions` then.
 *
 * The Session keeps both tokens: it shares them, renews them before they end, and drops them when a service rejects
 * them (keystoneauth requests an access token before every request). If the endpoint refuses the client, requests fail
 * with `Unauthorized` and the reason `"LoginRejected"`.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (options: Options): Effect.Effect<AuthPlugin.Service, never, Session.Session> =>
  Effect.gen(function*() {
    const { authUrl, clientId, clientSecret, includeCatalog, reauthenticate } = options
    const { check, oauth2Endpoint } = OAuth2.readClient(options, module)
    const { tokens, transport } = yield* Session.Session
    const credential = ApplicationCredential.method({ id: clientId, secret: clientSecret })
    const keystone = yield* KeystoneV3.make({ authUrl, includeCatalog, reauthenticate }, {
      module,
      name,
      methods: [{
        ...credential,
        parts: { clientId, clientSecret, oauth2Endpoint },
        check
      }]
    })
    const identity = yield* identify({ ...options, oauth2Endpoint }, keystone.authUrl, tokens, transport)
    const accessToken: Known.KnownCredentials = (now) => {
      const access = tokens.known(identity, now)
      return access === undefined ? undefined : ofAccessToken(access)
    }
    return AuthPlugin.makeKnown(
      {
        ...keystone,
        headers: Effect.flatMap(
          keystone.headers,
          (headers) => Effect.map(tokens.get(identity), ({ token }) => OAuth2.withBearer(headers, token))
        ),
        // drops both tokens: the service does not say which one it rejects
        invalidate: (rejected) =>
          Effect.zipRight(
            Option.match(OAuth2.bearerOf(rejected), {
              onNone: () => Effect.void,
              onSome: (token) => tokens.invalidate(identity, token)
            }),
            keystone.invalidate(rejected)
          ),
        withScope: OAuth2.noOtherScope(module)
      },
      Known.combined(
        Known.credentials.of(keystone),
        accessToken,
        (headers, { access }) => access === undefined ? headers : OAuth2.withBearer(headers, access.token)
      )
    )
  })

const ofAccessToken = Memo.byObject((access: AccessInfo.AccessInfo): Known.Credentials => ({
  headers: Headers.empty,
  access,
  projectId: undefined
}))

/** The identity under which `Tokens` keeps the access token, like a Keystone token. */
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
      login: TokenRequest.withSpan(name, authUrl, oauth2Endpoint)(requestToken(options, transport)),
      renewable: !once,
      once,
      // Keystone revokes an access token that it issued, and answers 404 to one of another server
      revoke: (access) => KeystoneV3.revoke(transport, authUrl, access),
      description: OAuth2.describe(options),
      url: Url.shown(oauth2Endpoint),
      labels: { plugin: name, cloud: CloudName.of(oauth2Endpoint) }
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
 * Authenticates requests as this client. The Session keeps both tokens: providing the layer again, even around each
 * request, logs in once.
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
export const layer = Plugin.layer(make)

/**
 * Same as `layer`, with options from the configuration.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerConfig = Plugin.layerConfig(make)

/**
 * The auth type `v3oauth2clientcredential` for configuration files. A scope that is configured as well, which Keystone
 * would refuse, is left out with a warning.
 *
 * @since 0.1.0
 * @category auth types
 */
export const authType: AuthType.AuthType = AuthType.make({
  name,
  options: {
    ...AuthType.login,
    oauth2Endpoint: AuthType.requiredText("oauth2_endpoint", { help: "URL that gives access tokens" }),
    clientId: AuthType.requiredText("oauth2_client_id", { help: "id of the application credential" }),
    clientSecret: AuthType.requiredSecret("oauth2_client_secret", { help: "secret of the application credential" })
  },
  ...Plugin.ownScope(module, "an application credential", make)
})
