/** Finds the profiles of vendors: in `clouds-public.yaml`, in this package, or at the vendor's own address. */
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type * as Errors from "../Errors.js"
import * as Url from "../safety/url.js"
import * as Transport from "../wire/Transport.js"
import * as CloudTree from "./cloudTree.js"
import type * as Files from "./files.js"
import * as Problem from "./problem.js"
import type * as Setting from "./Setting.js"
import * as Suggestion from "./suggestion.js"
import * as Vendors from "./vendors.js"
import * as Yaml from "./yaml.js"

const invalid = (named: Setting.Setting, reason: string): Errors.InvalidConfig =>
  Problem.invalidConfig(undefined, Problem.at(named.source, "profile", reason))

/** Finds the named profile, and before it its base profile. A base profile must not name another one. */
export const find = (
  named: Setting.Setting | undefined,
  file: Option.Option<Files.File>
): Effect.Effect<ReadonlyArray<CloudTree.CloudTree>, Errors.InvalidConfig> =>
  Effect.gen(function*() {
    if (named === undefined) {
      return []
    }
    const profile = yield* read(named, file)
    const next = Yaml.child(profile.tree, "profile")
    if (next?._tag !== "Text") {
      return [profile]
    }
    const nested: Setting.Setting = { key: "profile", value: next.text, source: profile.sourceOf(next.line) }
    const base = yield* read(nested, file)
    return Yaml.child(base.tree, "profile") === undefined
      ? [base, profile]
      : yield* invalid(nested, "this profile names another one too; only one level of profiles is allowed")
  })

const read = (
  named: Setting.Setting,
  file: Option.Option<Files.File>
): Effect.Effect<CloudTree.CloudTree, Errors.InvalidConfig> => {
  const name = named.value
  if (typeof name !== "string") {
    return invalid(named, "expected one profile, not a list")
  }
  if (Option.isSome(file)) {
    const tree = Yaml.child(Yaml.child(file.value.tree, "public-clouds"), name)
    if (tree !== undefined) {
      return Effect.succeed(CloudTree.inFile(file.value.path, tree))
    }
  }
  const sourceOf = (): Setting.Source => ({ _tag: "Profile", name: Url.shown(name) })
  if (Object.hasOwn(Vendors.retired, name)) {
    return invalid(named, `the cloud ${name} was shut down: ${Vendors.retired[name]}`)
  }
  const vendor = Object.hasOwn(Vendors.profiles, name) ? Vendors.profiles[name] : undefined
  return vendor !== undefined
    ? Effect.succeed({ tree: Yaml.fromData(vendor), sourceOf })
    : /^https?:\/\//i.test(name)
    ? Effect.map(fetchProfile(named, name), (tree) => ({ tree, sourceOf }))
    : invalid(named, unknownProfile(name))
}

const unknownProfile = (name: string): string => {
  const names = Object.keys(Vendors.profiles)
  const suggestion = Suggestion.didYouMean(name, names) ||
    `; use one of ${names.join(", ")}, one of clouds-public.yaml, or a URL`
  return `unknown profile ${JSON.stringify(Url.shown(name))}${suggestion}`
}

const transport = Transport.layer({ deadline: "20 seconds" }).pipe(Layer.provide(FetchHttpClient.layer))

/** Fetches the profile at the well-known address that openstacksdk asks. */
const fetchProfile = (named: Setting.Setting, address: string): Effect.Effect<Yaml.Tree, Errors.InvalidConfig> =>
  Effect.gen(function*() {
    const url = yield* Effect.try({
      try: () => `${new URL(address).origin}/.well-known/openstack/api`,
      catch: () => invalid(named, "not a URL, such as https://cloud.example.com")
    })
    const { text } = yield* Transport.Transport
    const { status, text: body } = yield* text(HttpClientRequest.get(url), {
      timeout: "10 seconds",
      limit: 1024 * 1024
    }).pipe(Effect.mapError((error) => invalid(named, `${url} cannot be read: ${error.message}`)))
    if (status !== 200) {
      return yield* invalid(named, `${url} answered ${status} instead of a profile`)
    }
    const document = Yaml.parse(url, body)
    if (Either.isLeft(document)) {
      return yield* invalid(named, `${url} did not answer with a profile: ${document.left.reason}`)
    }
    const profile = Yaml.child(document.right, "profile")
    return profile?._tag === "Map"
      ? profile
      : yield* invalid(named, `${url} did not answer with a profile, such as { "name": ..., "profile": { ... } }`)
  }).pipe(Effect.provide(transport))
