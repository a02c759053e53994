/** What vendors say of their clouds: in `clouds-public.yaml`, in this package, or at an address of theirs. */
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Errors from "../Errors.js"
import * as Url from "../safety/url.js"
import * as Transport from "../wire/Transport.js"
import type * as Files from "./files.js"
import * as Setting from "./Setting.js"
import * as Suggestion from "./suggestion.js"
import * as Trees from "./trees.js"
import * as Vendors from "./vendors.js"
import * as Yaml from "./yaml.js"

/** A part of what is said about a cloud: a tree, and where it is from. */
export interface Part {
  readonly tree: Yaml.Tree
  readonly sourceOf: Trees.SourceOf
}

const invalid = (
  setting: Setting.Setting,
  reason: string
): Errors.InvalidConfig =>
  new Errors.InvalidConfig({
    cloud: undefined,
    problems: [{ key: "profile", where: Setting.describeSource(setting.source), reason }]
  })

/**
 * The profile that a cloud names, the weakest part first: a profile may name another one, and that one none. Nothing if the cloud
 * names none.
 */
export const find = (
  named: Setting.Setting | undefined,
  file: Option.Option<Files.File>
): Effect.Effect<ReadonlyArray<Part>, Errors.InvalidConfig> =>
  Effect.gen(function*() {
    if (named === undefined) {
      return []
    }
    const part = yield* one(named, file)
    const next = Trees.entry(part.tree, "profile")
    if (next?._tag !== "Text") {
      return [part]
    }
    const nested: Setting.Setting = { key: "profile", value: next.text, source: part.sourceOf(next.line) }
    const base = yield* one(nested, file)
    return Trees.entry(base.tree, "profile") === undefined
      ? [base, part]
      : yield* invalid(nested, "it names a profile that names one itself: that is one too many")
  })

const one = (
  named: Setting.Setting,
  file: Option.Option<Files.File>
): Effect.Effect<Part, Errors.InvalidConfig> => {
  const name = named.value
  if (typeof name !== "string") {
    return invalid(named, "one profile is wanted here, not a list")
  }
  if (Option.isSome(file)) {
    const tree = Trees.entry(Trees.entry(file.value.tree, "public-clouds"), name)
    if (tree !== undefined) {
      return Effect.succeed({ tree, sourceOf: (line) => ({ _tag: "File", path: file.value.path, line }) })
    }
  }
  const sourceOf: Trees.SourceOf = () => ({ _tag: "Profile", name: Url.shown(name) })
  if (Object.hasOwn(Vendors.gone, name)) {
    return invalid(named, `${name} is no more: ${Vendors.gone[name]}`)
  }
  const vendor = Object.hasOwn(Vendors.profiles, name) ? Vendors.profiles[name] : undefined
  return vendor !== undefined
    ? Effect.succeed({ tree: Yaml.fromData(vendor), sourceOf })
    : /^https?:\/\//i.test(name)
    ? Effect.map(wellKnown(named, name), (tree) => ({ tree, sourceOf }))
    : invalid(named, unknown(name))
}

const unknown = (name: string): string => {
  const names = Object.keys(Vendors.profiles)
  const meant = Suggestion.closest(name, names)
  return `nobody knows ${JSON.stringify(Url.shown(name))}${
    meant === undefined
      ? `; there are ${names.join(", ")}, those of clouds-public.yaml, and addresses`
      : `; is ${meant} meant?`
  }`
}

/** Redirects go as everywhere: never from https to http. */
const transport = Transport.layer({ deadline: "20 seconds" }).pipe(Layer.provide(FetchHttpClient.layer))

/** What the host says about itself, as openstacksdk asks it. */
const wellKnown = (named: Setting.Setting, address: string): Effect.Effect<Yaml.Tree, Errors.InvalidConfig> =>
  Effect.gen(function*() {
    const url = yield* Effect.try({
      try: () => `${new URL(address).origin}/.well-known/openstack/api`,
      catch: () => invalid(named, "it is not a URL, such as https://cloud.example.com")
    })
    const { text } = yield* Transport.Transport
    const { status, text: body } = yield* text(HttpClientRequest.get(url), {
      timeout: "10 seconds",
      limit: 1024 * 1024
    }).pipe(Effect.mapError((error) => invalid(named, `${url} does not say it: ${error.message}`)))
    if (status !== 200) {
      return yield* invalid(named, `${url} answered ${status}, not with a profile`)
    }
    const document = yield* Effect.mapError(
      Yaml.parse(url, body),
      ({ reason }) => invalid(named, `${url} did not answer with a profile: ${reason}`)
    )
    const profile = Trees.entry(document, "profile")
    return profile?._tag === "Map"
      ? profile
      : yield* invalid(named, `${url} did not answer with a profile: { "name": ..., "profile": { ... } }`)
  }).pipe(Effect.provide(transport))
