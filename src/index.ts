/**
 * OpenStack authentication, service catalog, version discovery and HTTP sessions for Effect.
 *
 * Seven modules are not exported here, so that programs that do not use them need not install or load what they need.
 * Import them from `effect-keystoneauth/<module>`:
 *
 * - `CloudConfig` needs `yaml`
 * - `CloudOptions` needs `@effect/cli`
 * - `NodeTransport` needs Node.js and `@effect/platform-node`
 * - `OAuth1` needs `oauth-1.0a` and `@noble/hashes`
 * - `RedisTokenStore` needs `@redis/client`
 * - `TestCloud` is for tests
 * - `TotpSeed` needs `otpauth`
 *
 * @since 0.1.0
 */
export * as Setting from "./cloud/Setting.js"
export * as Catalog from "./endpoint/Catalog.js"
export * as Discovery from "./endpoint/Discovery.js"
export * as Errors from "./Errors.js"
export * as AuthPlugin from "./identity/AuthPlugin.js"
export * as DirectoryTokenStore from "./identity/DirectoryTokenStore.js"
export * as Tokens from "./identity/Tokens.js"
export * as TokenStore from "./identity/TokenStore.js"
export * as AuthMethod from "./login/AuthMethod.js"
export * as AuthType from "./login/AuthType.js"
export * as AccessInfo from "./model/AccessInfo.js"
export * as ApiVersion from "./model/ApiVersion.js"
export * as AuthScope from "./model/AuthScope.js"
export * as EndpointData from "./model/EndpointData.js"
export * as EndpointFilter from "./model/EndpointFilter.js"
export * as Microversion from "./model/Microversion.js"
export * as ServiceCatalog from "./model/ServiceCatalog.js"
export * as ServiceType from "./model/ServiceType.js"
export * as VersionDocument from "./model/VersionDocument.js"
export * as AdminToken from "./plugins/AdminToken.js"
export * as ApplicationCredential from "./plugins/ApplicationCredential.js"
export * as AuthTypes from "./plugins/AuthTypes.js"
export * as CustomLogin from "./plugins/CustomLogin.js"
export * as GenericPassword from "./plugins/GenericPassword.js"
export * as GenericToken from "./plugins/GenericToken.js"
export * as HttpBasic from "./plugins/HttpBasic.js"
export * as IssuedToken from "./plugins/IssuedToken.js"
export * as MultiFactor from "./plugins/MultiFactor.js"
export * as NoAuth from "./plugins/NoAuth.js"
export * as OAuth2ClientCredential from "./plugins/OAuth2ClientCredential.js"
export * as OAuth2MtlsClientCredential from "./plugins/OAuth2MtlsClientCredential.js"
export * as Password from "./plugins/Password.js"
export * as ServiceToken from "./plugins/ServiceToken.js"
export * as Token from "./plugins/Token.js"
export * as Tokenless from "./plugins/Tokenless.js"
export * as Totp from "./plugins/Totp.js"
export * as V2Password from "./plugins/V2Password.js"
export * as V2Token from "./plugins/V2Token.js"
export * as Adapter from "./session/Adapter.js"
export * as Session from "./session/Session.js"
export * as Limiter from "./wire/Limiter.js"
export * as RetryPolicy from "./wire/RetryPolicy.js"
export * as Transport from "./wire/Transport.js"
export * as TransportFactory from "./wire/TransportFactory.js"
