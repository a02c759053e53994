/** Logging in to whatever version of Keystone is there: v3 is looked for at any path. */
import * as Headers from "@effect/platform/Headers"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as ApiVersion from "../ApiVersion.js"
import * as AuthPlugin from "../AuthPlugin.js"
import * as Discovery from "../Discovery.js"
import * as Errors from "../Errors.js"
import type * as Session from "../Session.js"
import * as VersionDocument from "../VersionDocument.js"
import * as Redaction from "./redaction.js"

const v3: ApiVersion.Range = { min: ApiVersion.make(3), max: ApiVersion.make(3, Infinity) }

/** Who asks for Keystone's versions: nobody has logged in yet. */
const nobody = AuthPlugin.make({ name: "nobody", headers: Effect.succeed(Headers.empty) })

/** `build` makes the v3 plugin for the URL that was found. */
export const make = (
  options: { readonly name: string; readonly authUrl: string },
  build: (authUrl: string) => Effect.Effect<AuthPlugin.Service, never, Session.Session>
): Effect.Effect<AuthPlugin.Service, never, Session.Session | Discovery.Discovery> =>
  Effect.gen(function*() {
    const discovery = yield* Discovery.Discovery
    const context = yield* Effect.context<Session.Session>()
    let chosen: { readonly url: string; readonly plugin: AuthPlugin.Service } | undefined

    /** The document is kept by Discovery; the plugin for what it says, here. */
    const plugin = Effect.gen(function*() {
      const url = yield* findV3(discovery, options.authUrl)
      if (chosen?.url !== url) {
        chosen = { url, plugin: yield* Effect.provide(build(url), context) }
      }
      return chosen.plugin
    })

    return AuthPlugin.make({
      name: options.name,
      headers: Effect.flatMap(plugin, ({ headers }) => headers),
      access: Effect.flatMap(plugin, ({ access }) => access),
      authUrl: Option.some(options.authUrl),
      invalidate: (rejected) => chosen === undefined ? Effect.succeed(true) : chosen.plugin.invalidate(rejected)
    })
  })

/** Where v3 lives, by the document at the auth URL; without one, the auth URL itself if it says that it is v3. */
const findV3 = (
  discovery: Discovery.Service,
  authUrl: string
): Effect.Effect<string, AuthPlugin.Error> =>
  discovery.document(authUrl).pipe(
    Effect.provideService(AuthPlugin.AuthPlugin, nobody),
    Effect.flatMap((document) =>
      Option.match(VersionDocument.select(document, { range: v3 }), {
        onNone: () => Effect.fail(withoutV3(document)),
        onSome: ({ url }) => Effect.succeed(url)
      })
    ),
    Effect.catchTag("DiscoveryFailed", (failure) =>
      failure.reason !== "NoMatchingVersion" && Option.exists(ApiVersion.fromUrl(authUrl), ({ major }) =>
          major === 3)
        ? Effect.succeed(authUrl)
        : Effect.fail(failure))
  )

const withoutV3 = (document: VersionDocument.VersionDocument): Errors.DiscoveryFailed => {
  const versions = document.versions.map(({ version }) => ApiVersion.format(version))
  const url = Redaction.safeUrl(document.url)
  return new Errors.DiscoveryFailed({
    reason: "NoMatchingVersion",
    serviceType: "identity",
    url,
    requested: ApiVersion.formatRange(v3),
    attempts: [{ url, outcome: "NoMatchingVersion", detail: `offers ${versions.join(", ") || "no version"}`, versions }]
  })
}
