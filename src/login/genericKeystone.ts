/** Logs in to the version of Keystone that discovery finds: v3 at any path, or else v2.0. */
import * as Headers from "@effect/platform/Headers"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import { isSet } from "../base/configValue.js"
import { toEffect } from "../base/either.js"
import * as Discovery from "../endpoint/Discovery.js"
import * as KeystoneUrl from "../endpoint/keystoneUrl.js"
import * as Errors from "../Errors.js"
import * as AuthPlugin from "../identity/AuthPlugin.js"
import * as IdentityKey from "../identity/identityKey.js"
import * as Known from "../identity/known.js"
import * as ApiVersion from "../model/ApiVersion.js"
import * as AuthScope from "../model/AuthScope.js"
import * as VersionDocument from "../model/VersionDocument.js"
import * as Url from "../safety/url.js"
import * as Session from "../session/Session.js"
import type * as AuthMethod from "./AuthMethod.js"
import * as AuthType from "./AuthType.js"
import * as KeystoneV2 from "./keystoneV2.js"
import * as Plugin from "./plugin.js"

/** Options of the generic plugins, beside those of the v3 plugins. */
export interface DefaultDomain {
  /** The id of the domain of user and project, if none is given for them. Not used with v2.0. */
  readonly defaultDomainId?: string | undefined
  /** The name of that domain. An id wins over a name, also a default id over a name that is given. */
  readonly defaultDomainName?: string | undefined
}

/** Options for configuration files. Projects were called tenants. */
export const options = {
  ...AuthType.login,
  projectId: AuthType.text("project-id", { ...AuthType.scope.projectId, deprecated: ["tenant-id"] }),
  projectName: AuthType.text("project-name", { ...AuthType.scope.projectName, deprecated: ["tenant-name"] }),
  defaultDomainId: AuthType.text("default-domain-id", { help: "id of the domain of user and project" }),
  defaultDomainName: AuthType.text("default-domain-name", { help: "name of the domain of user and project" })
}

type Build = (authUrl: string) => Effect.Effect<AuthPlugin.Service, never, Session.Session>

export interface Generic {
  readonly module: string
  readonly name: string
  /** With the default domains filled in. */
  readonly options: AuthMethod.LoginOptions
  /** Everything that decides the token, besides the auth URL and the scope. */
  readonly parts: AuthMethod.Parts
  /** Checks that hold for both versions. */
  readonly check: Either.Either<unknown, Errors.InvalidOptions>
  readonly v3: Build
  /** Fails for options that v2.0 does not have. */
  readonly v2: Either.Either<Build, Errors.InvalidOptions>
}

/** A domain by id and by name, with the defaults filled in. The id wins, even a default one, as in keystoneauth. */
export const domain = (
  id: string | undefined,
  name: string | undefined,
  { defaultDomainId, defaultDomainName }: DefaultDomain
): { readonly id: string | undefined; readonly name: string | undefined } => ({
  id: isSet(id) ? id : defaultDomainId,
  name: isSet(name) ? name : defaultDomainName
})

/** Fills in the domain of the project. */
export const withProjectDomain = <A extends AuthMethod.LoginOptions>(options: A & DefaultDomain): A => {
  const { id, name } = domain(options.projectDomainId, options.projectDomainName, options)
  return { ...options, projectDomainId: id, projectDomainName: name }
}

/** The options for v2.0, without the default domain. */
export const v2Options = (
  options: AuthMethod.LoginOptions,
  module: string
): Either.Either<Omit<KeystoneV2.LoginOptions, "authUrl">, Errors.InvalidOptions> =>
  Either.map(
    KeystoneV2.toTenant(options, module),
    (tenant) => ({ ...tenant, reauthenticate: options.reauthenticate })
  )

const v3: ApiVersion.Range = { min: ApiVersion.make(3), max: ApiVersion.make(3, Infinity) }
const v2: ApiVersion.Range = { min: ApiVersion.make(2), max: ApiVersion.make(2, Infinity) }

/** Requests for the version document are not authenticated. */
const nobody = AuthPlugin.make({ name: "nobody", headers: Effect.succeed(Headers.empty) })

interface Found {
  readonly version: "v2" | "v3"
  readonly url: string
  /** The document that names it, if there is one. */
  readonly document?: VersionDocument.VersionDocument | undefined
}

export const make = (
  generic: Generic
): Effect.Effect<AuthPlugin.Service, never, Session.Session | Discovery.Discovery> =>
  Effect.gen(function*() {
    const discovery = yield* Discovery.Discovery
    const knownDocument = Known.document.of(discovery)
    const session = yield* Session.Session
    const { module, name, options, parts } = generic
    const readUrl = KeystoneUrl.fromPerson(options.authUrl, module)
    const authUrl = Either.getOrElse(readUrl, () => options.authUrl)
    const sources: IdentityKey.Sources = {
      kind: "generic",
      name,
      authUrl,
      includeCatalog: options.includeCatalog === false ? false : undefined,
      scope: { ...AuthScope.pick(options) },
      parts
    }
    const checked = Either.all([readUrl, check(generic), IdentityKey.check(sources, module, "parts")])
    let chosen: Found & { readonly plugin: AuthPlugin.Service } | undefined

    const build = ({ url, version }: Found): Effect.Effect<AuthPlugin.Service, Errors.DiscoveryFailed> =>
      Effect.provideService(
        version === "v3"
          ? generic.v3(url)
          : Effect.flatMap(toEffect(Either.mapLeft(generic.v2, (why) => onlyV2(authUrl, why))), (build) => build(url)),
        Session.Session,
        session
      )

    /** Discovery caches the document; the plugin for the version that it names is kept here. */
    const plugin: Effect.Effect<AuthPlugin.Service, AuthPlugin.Error> = Effect.gen(function*() {
      yield* toEffect(checked)
      const found = yield* find(discovery, authUrl, module)
      const isSame = chosen?.url === found.url && chosen.version === found.version
      const plugin = chosen !== undefined && isSame ? chosen.plugin : yield* build(found)
      chosen = { ...found, plugin }
      return plugin
    })

    /** The plugin's, as long as Discovery has the document that it was chosen by. */
    const known: Known.KnownCredentials = (now) =>
      chosen?.document === undefined || knownDocument?.(authUrl, now) !== chosen.document
        ? undefined
        : Known.credentials.of(chosen.plugin)?.(now)

    return AuthPlugin.makeKnown({
      name,
      headers: Effect.flatMap(plugin, ({ headers }) => headers),
      access: Effect.flatMap(plugin, ({ access }) => access),
      authUrl: Either.getRight(readUrl),
      cacheId: Effect.asSome(session.tokens.key(sources)),
      authState: Effect.suspend(() => chosen === undefined ? Effect.succeedNone : chosen.plugin.authState),
      setAuthState: (state) =>
        Effect.flatMap(
          Effect.mapError(
            plugin,
            (error) => new Errors.InvalidOptions({ module, option: "state", reason: error.message })
          ),
          (plugin) => plugin.setAuthState(state)
        ),
      withScope: (scope) => Effect.flatMap(plugin, (plugin) => plugin.withScope(scope)),
      invalidate: (rejected) => chosen === undefined ? Effect.succeed(true) : chosen.plugin.invalidate(rejected)
    }, known)
  })

/** Checks the scope before anything is sent. The domain of the project may be missing, since v2.0 has none. */
const check = ({ check, module, options }: Generic): Either.Either<unknown, Errors.InvalidOptions> =>
  Either.all([check, AuthScope.toBody({ projectDomainId: "any", ...AuthScope.pick(options) }, module)])

/** Finds Keystone by the version document at the auth URL; without one, uses the auth URL if it names the version. */
const find = (
  discovery: Discovery.Service,
  authUrl: string,
  module: string
): Effect.Effect<Found, AuthPlugin.Error> =>
  discovery.document(authUrl).pipe(
    Effect.provideService(AuthPlugin.AuthPlugin, nobody),
    Effect.tap(({ redirectedTo }) => notToHttps(authUrl, redirectedTo, module)),
    Effect.flatMap((document) =>
      Option.match(select(document, "v3", v3).pipe(Option.orElse(() => select(document, "v2", v2))), {
        onNone: () => Effect.fail(withoutBoth(document)),
        onSome: Effect.succeed
      })
    ),
    Effect.catchTag("DiscoveryFailed", (failure) =>
      Effect.zipRight(
        Effect.forEach(failure.attempts, ({ redirectedTo }) => notToHttps(authUrl, redirectedTo, module)),
        Option.match(failure.reason === "NoMatchingVersion" ? Option.none() : fromUrl(authUrl), {
          onNone: () => Effect.fail(failure),
          onSome: Effect.succeed
        })
      ))
  )

/** Refuses to send a password over http to a server that redirects to https. */
const notToHttps = (
  authUrl: string,
  redirectedTo: string | undefined,
  module: string
): Effect.Effect<void, Errors.InvalidOptions> =>
  toEffect(
    redirectedTo?.startsWith("https:") === true && Url.parse(authUrl)?.protocol === "http:"
      ? Plugin.invalid(
        module,
        "authUrl",
        `${Url.shown(authUrl)} redirects to ${redirectedTo}: use https://..., so that no password is sent by http`
      )
      : Either.void
  )

const select = (
  document: VersionDocument.VersionDocument,
  version: Found["version"],
  range: ApiVersion.Range
): Option.Option<Found> =>
  Option.map(VersionDocument.select(document, { range }), ({ url }) => ({ version, url, document }))

const fromUrl = (url: string): Option.Option<Found> =>
  Option.flatMap(ApiVersion.fromUrl(url), ({ major }) =>
    major === 3
      ? Option.some({ version: "v3", url })
      // Keystone's own path: other services have v2 as well
      : major === 2 && url.includes("/v2.0")
      ? Option.some({ version: "v2", url })
      : Option.none())

const failed = (
  url: string,
  detail: string,
  versions: ReadonlyArray<string>
): Errors.DiscoveryFailed =>
  new Errors.DiscoveryFailed({
    reason: "NoMatchingVersion",
    serviceType: "identity",
    url,
    requested: `${ApiVersion.formatRange(v3)} or ${ApiVersion.formatRange(v2)}`,
    attempts: [{ url, outcome: "NoMatchingVersion", detail, versions }]
  })

const withoutBoth = (document: VersionDocument.VersionDocument): Errors.DiscoveryFailed => {
  const versions = document.versions.map(({ version }) => ApiVersion.format(version))
  return failed(Url.shown(document.url), `offers ${versions.join(", ") || "no version"}`, versions)
}

const onlyV2 = (authUrl: string, { option, reason }: Errors.InvalidOptions): Errors.DiscoveryFailed =>
  failed(Url.shown(authUrl), `offers v2.0 only, which cannot be used with ${option}: ${reason}`, ["2.0"])
