/**
 * OpenStack authentication, service catalog, version discovery and HTTP sessions for Effect.
 *
 * @since 0.1.0
 */
export * as AccessInfo from "./AccessInfo.js"
export * as Adapter from "./Adapter.js"
export * as ApiVersion from "./ApiVersion.js"
export * as ApplicationCredential from "./ApplicationCredential.js"
export * as AuthPlugin from "./AuthPlugin.js"
export * as AuthScope from "./AuthScope.js"
export * as Catalog from "./Catalog.js"
export * as Discovery from "./Discovery.js"
export * as EndpointData from "./EndpointData.js"
export * as EndpointFilter from "./EndpointFilter.js"
export * as Errors from "./Errors.js"
export * as Microversion from "./Microversion.js"
export * as Password from "./Password.js"
export * as ServiceCatalog from "./ServiceCatalog.js"
export * as ServiceType from "./ServiceType.js"
export * as Session from "./Session.js"
export * as Token from "./Token.js"
export * as Transport from "./Transport.js"
export * as VersionDocument from "./VersionDocument.js"
