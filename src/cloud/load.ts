/** Which cloud is meant, and all that is said about it, in the order in which it counts. */
import type * as FileSystem from "@effect/platform/FileSystem"
import type * as Path from "@effect/platform/Path"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as ConfigError from "../base/configError.js"
import * as Errors from "../Errors.js"
import type * as AuthType from "../login/AuthType.js"
import * as Environment from "./environment.js"
import * as Files from "./files.js"
import * as Keys from "./keys.js"
import * as Profiles from "./profiles.js"
import * as Setting from "./Setting.js"
import * as Suggestion from "./suggestion.js"
import * as Trees from "./trees.js"
import type * as Yaml from "./yaml.js"

export interface Loaded {
  readonly name: string
  /** From the weakest to the strongest. */
  readonly layers: ReadonlyArray<ReadonlyArray<Setting.Setting>>
  readonly problems: ReadonlyArray<Errors.ConfigProblem>
}

export const invalid = (
  cloud: string | undefined,
  problems: ReadonlyArray<Errors.ConfigProblem>
): Errors.InvalidConfig => new Errors.InvalidConfig({ cloud, problems: [...problems] })

/** Which cloud, of which files, with what besides. */
export interface Options {
  /** In place of the search for `clouds.yaml`, and of `OS_CLIENT_CONFIG_FILE`. */
  readonly configFile?: string | undefined
  /** In place of the search for `secure.yaml`, and of `OS_CLIENT_SECURE_FILE`. */
  readonly secureFile?: string | undefined
  /** In place of the search for `clouds-public.yaml`. */
  readonly profilesFile?: string | undefined
  /** One of the cloud's regions. Default: `OS_REGION_NAME`, unless a cloud was named here; or else the first. */
  readonly regionName?: string | undefined
  /**
   * Values that win over everything, by key: `{ "auth.project_name": "demo", compute_api_version: "2.79" }`; or settings that
   * know where they come from. Secrets may be `Redacted`.
   */
  readonly values?: Readonly<Record<string, Setting.Shown["value"]>> | ReadonlyArray<Setting.Shown> | undefined
  /** The name of the plugin where nothing says which one. Default: `"password"`. */
  readonly defaultAuthType?: string | undefined
  /**
   * Take what the environment says for what the named cloud does not say (`"fill"`), or even for what it does (`"override"`).
   * Default: neither.
   */
  readonly environment?: "fill" | "override" | undefined
}

/** What the files say that there are. */
interface Found {
  readonly clouds: Option.Option<Files.File>
  readonly secure: Option.Option<Files.File>
  readonly profiles: Option.Option<Files.File>
}

type Load<A> = Effect.Effect<A, Errors.InvalidConfig | ConfigError.ConfigError, FileSystem.FileSystem | Path.Path>

export const load = (
  name: string | undefined,
  options: Options,
  types: ReadonlyArray<AuthType.AuthType>
): Load<Loaded> =>
  Effect.gen(function*() {
    const asked = name === undefined ? yield* Environment.variable("OS_CLOUD") : Option.some(name)
    const environment = Option.isNone(asked) || options.environment !== undefined
      ? yield* Environment.settings(types)
      : []
    const defaults = defaultsOf(options)
    const values = argumentsOf(options)
    if (Option.isNone(asked) && Environment.isCloud([...environment, ...values])) {
      const own = yield* Effect.map(Environment.variable("OS_CLOUD_NAME"), Option.getOrElse(() => "envvars"))
      return { name: own, layers: [defaults, environment, values], problems: [] }
    }
    const found: Found = {
      clouds: yield* Files.named(options.configFile, "OS_CLIENT_CONFIG_FILE", "clouds"),
      secure: yield* Files.named(options.secureFile, "OS_CLIENT_SECURE_FILE", "secure"),
      profiles: yield* Files.named(options.profilesFile, undefined, "clouds-public")
    }
    const cloud = yield* Option.match(asked, { onNone: () => onlyCloud(found), onSome: Effect.succeed })
    // whoever lets OS_CLOUD choose lets OS_REGION_NAME choose, too
    const region = name === undefined ? yield* Environment.region : []
    const said = yield* readCloud(cloud, found, [
      ...options.environment === "override" ? environment : region,
      ...values
    ])
    const stronger = options.environment === "override" ? environment : region
    return {
      name: cloud,
      layers: [defaults, options.environment === "fill" ? environment : [], ...said.layers, stronger, values],
      problems: said.problems
    }
  })

const defaultsOf = ({ defaultAuthType = "password" }: Options): ReadonlyArray<Setting.Setting> => [
  { key: "auth_type", value: defaultAuthType, source: { _tag: "Default" } },
  { key: "interface", value: "public", source: { _tag: "Default" } }
]

const argumentsOf = ({ regionName, values = {} }: Options): ReadonlyArray<Setting.Setting> => {
  const argument = (name: string, value: Setting.Shown["value"]): Setting.Setting =>
    Setting.reveal({ key: Keys.underscored(name), value, source: { _tag: "Argument", name } })
  return [
    ...isSettings(values)
      ? values.map(Setting.reveal)
      : Object.entries(values).map(([name, value]) => argument(name, value)),
    ...regionName === undefined ? [] : [{ ...argument("regionName", regionName), key: "region_name" }]
  ]
}

const isSettings = (values: NonNullable<Options["values"]>): values is ReadonlyArray<Setting.Shown> =>
  Array.isArray(values)

const cloudsIn = (file: Option.Option<Files.File>): ReadonlyArray<string> => {
  const clouds = Option.isSome(file) ? Trees.entry(file.value.tree, "clouds") : undefined
  return clouds?._tag === "Map" ? [...clouds.entries.keys()] : []
}

const allClouds = ({ clouds, secure }: Pick<Found, "clouds" | "secure">): ReadonlyArray<string> => [
  ...new Set([...cloudsIn(clouds), ...cloudsIn(secure)])
]

const placeOf = (file: Option.Option<Files.File>): string =>
  Option.match(file, { onNone: () => "no clouds.yaml was found", onSome: ({ path }) => path })

/** If there is one, there is nothing to choose. */
const onlyCloud = (found: Found): Effect.Effect<string, Errors.InvalidConfig> => {
  const [first, ...others] = allClouds(found)
  return first !== undefined && others.length === 0
    ? Effect.succeed(first)
    : Effect.fail(invalid(undefined, [{
      key: "cloud",
      where: placeOf(found.clouds),
      reason: first === undefined
        ? "nothing says which cloud: set OS_CLOUD and write a clouds.yaml, or set OS_AUTH_URL and the like"
        : `which one is meant? There are ${[first, ...others].join(", ")}: name one, or set OS_CLOUD`
    }]))
}

const ofFile = (path: string, tree: Yaml.Tree): Profiles.Part => ({
  tree,
  sourceOf: (line) => ({ _tag: "File", path, line })
})

/** From the weakest to the strongest: profile, clouds file, secure file, and what is said for the region. */
const readCloud = (
  name: string,
  found: Found,
  stronger: ReadonlyArray<Setting.Setting>
): Load<Pick<Loaded, "layers" | "problems">> =>
  Effect.gen(function*() {
    const own = [found.clouds, found.secure].flatMap((file) =>
      Option.toArray(Option.flatMap(file, ({ path, tree }) => {
        const cloud = Trees.entry(Trees.entry(tree, "clouds"), name)
        return cloud === undefined ? Option.none() : Option.some(ofFile(path, cloud))
      }))
    )
    if (own.length === 0) {
      return yield* invalid(name, [unknownCloud(name, found)])
    }
    for (const { sourceOf, tree } of own) {
      if (tree._tag !== "Map") {
        return yield* invalid(name, [{
          key: name,
          where: Setting.describeSource(sourceOf(tree.line)),
          reason: "a cloud is a mapping"
        }])
      }
    }
    const read = ({ sourceOf, tree }: Profiles.Part) => Trees.settings(tree, sourceOf)
    const named = strongest([...own.map((part) => read(part).settings), stronger], "profile")
    const parts = [...yield* Profiles.find(named, found.profiles), ...own]
    const layers = parts.map(read)
    const wanted = strongest([...layers.map(({ settings }) => settings), stronger], "region_name")
    const region = yield* regionOf(name, parts, wanted)
    const first = region === undefined || wanted !== undefined
      ? []
      : [{ key: "region_name", value: region.name, source: region.source }]
    return {
      layers: [...layers.map(({ settings }) => settings), first, region?.values.settings ?? []],
      problems: [...layers, ...region === undefined ? [] : [region.values]].flatMap(({ problems }) => problems)
    }
  })

const strongest = (
  layers: ReadonlyArray<ReadonlyArray<Setting.Setting>>,
  key: string
): Setting.Setting | undefined =>
  layers.flat().findLast((setting) => Keys.newName(setting.key) === key && setting.value !== "")

const unknownCloud = (name: string, found: Found): Errors.ConfigProblem => {
  const names = allClouds(found)
  const meant = Suggestion.closest(name, names)
  return {
    key: name,
    where: placeOf(found.clouds),
    reason: names.length === 0
      ? "there are no clouds in it: they stand by name under \"clouds\""
      : `there is no such cloud${meant === undefined ? "." : `; is ${meant} meant?`} There are ${names.join(", ")}`
  }
}

/** What is said for the region that was asked for, or for the first one. Who lists regions says which there are. */
const regionOf = (
  name: string,
  parts: ReadonlyArray<Profiles.Part>,
  wanted: Setting.Setting | undefined
): Effect.Effect<Trees.Region | undefined, Errors.InvalidConfig> =>
  Effect.gen(function*() {
    const listing = parts.findLast(({ tree }) => Trees.entry(tree, "regions") !== undefined)
    const regions = listing === undefined ? [] : yield* Effect.mapError(
      Trees.regions(listing.tree, listing.sourceOf),
      (problem) => invalid(name, [problem])
    )
    const region = wanted === undefined ? regions[0] : regions.find((region) => region.name === wanted.value)
    return wanted === undefined || region !== undefined || regions.length === 0 ? region : yield* invalid(name, [{
      key: "region_name",
      where: Setting.describeSource(wanted.source),
      reason: `there is no region ${JSON.stringify(wanted.value)}; there are ${
        regions.map(({ name }) => name).join(", ")
      }`
    }])
  })

/** The names of all clouds that the files have. */
export const names = (
  options: Pick<Options, "configFile" | "secureFile">
): Load<ReadonlyArray<string>> =>
  Effect.gen(function*() {
    const clouds = yield* Files.named(options.configFile, "OS_CLIENT_CONFIG_FILE", "clouds")
    const secure = yield* Files.named(options.secureFile, "OS_CLIENT_SECURE_FILE", "secure")
    return allClouds({ clouds, secure })
  })
