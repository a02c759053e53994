/** Chooses the cloud, and collects its settings from files, profile, environment and arguments, in layers. */
import type * as FileSystem from "@effect/platform/FileSystem"
import type * as Path from "@effect/platform/Path"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import type * as ConfigError from "../base/configError.js"
import * as ConfigValue from "../base/configValue.js"
import type * as Errors from "../Errors.js"
import type * as AuthType from "../login/AuthType.js"
import * as CloudTree from "./cloudTree.js"
import * as Environment from "./environment.js"
import * as Files from "./files.js"
import * as Keys from "./keys.js"
import * as Problem from "./problem.js"
import * as Profiles from "./profiles.js"
import * as Setting from "./Setting.js"
import * as Suggestion from "./suggestion.js"
import * as Yaml from "./yaml.js"

type Layer = ReadonlyArray<Setting.Setting>

/** The settings of one cloud. */
export interface Layered {
  readonly name: string
  /** The weakest layer comes first. */
  readonly layers: ReadonlyArray<Layer>
  readonly problems: ReadonlyArray<Errors.ConfigProblem>
}

/** Options for the files to read, and for the values to add. */
export interface Options {
  /** The file to read instead of `OS_CLIENT_CONFIG_FILE` or the first `clouds.yaml` of the search path. */
  readonly configFile?: string | undefined
  /** The file to read instead of `OS_CLIENT_SECURE_FILE` or the first `secure.yaml` of the search path. */
  readonly secureFile?: string | undefined
  /** The file to read instead of the first `clouds-public.yaml` of the search path. */
  readonly profilesFile?: string | undefined
  /** One of the cloud's regions. Default: `OS_REGION_NAME` unless the cloud is named here, or else the first one. */
  readonly regionName?: string | undefined
  /**
   * Values that win over all others, by key: `{ "auth.project_name": "demo", compute_api_version: "2.79" }`; or
   * settings with their sources. Secrets may be `Redacted`.
   */
  readonly values?: Readonly<Record<string, Setting.Shown["value"]>> | ReadonlyArray<Setting.Shown> | undefined
  /** The auth type of a cloud that has none. Default: `"password"`. */
  readonly defaultAuthType?: string | undefined
  /**
   * Whether a named cloud also takes values from the environment: for settings that it lacks (`"fill"`), or for all
   * settings (`"override"`). Default: it does not.
   */
  readonly environment?: "fill" | "override" | undefined
}

interface Found {
  readonly clouds: Option.Option<Files.File>
  readonly secure: Option.Option<Files.File>
}

type Reading<A> = Effect.Effect<A, Errors.InvalidConfig | ConfigError.ConfigError, FileSystem.FileSystem | Path.Path>

const findClouds = ({ configFile, secureFile }: Pick<Options, "configFile" | "secureFile">): Reading<Found> =>
  Effect.all({
    clouds: Files.open("clouds", { path: configFile, variable: "OS_CLIENT_CONFIG_FILE" }),
    secure: Files.open("secure", { path: secureFile, variable: "OS_CLIENT_SECURE_FILE" })
  })

/** Collects the layers of a cloud: the one with this name, that of `OS_CLOUD`, the environment's, or the only one. */
export const collect = (
  name: string | undefined,
  options: Options,
  types: ReadonlyArray<AuthType.AuthType>
): Reading<Layered> =>
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
    const found = yield* findClouds(options)
    const profiles = yield* Files.open("clouds-public", { path: options.profilesFile })
    const cloud = yield* Option.match(asked, { onNone: () => onlyCloud(found), onSome: Effect.succeed })
    const stronger = options.environment === "override"
      ? environment
      // OS_REGION_NAME belongs to OS_CLOUD: it does not choose a region of a cloud that was named here
      : name === undefined
      ? yield* Environment.region
      : []
    const read = yield* readCloud(cloud, found, profiles, [...stronger, ...values])
    return {
      name: cloud,
      layers: [defaults, options.environment === "fill" ? environment : [], ...read.layers, stronger, values],
      problems: read.problems
    }
  })

const defaultsOf = ({ defaultAuthType = "password" }: Options): Layer => [
  { key: "auth_type", value: defaultAuthType, source: { _tag: "Default" } },
  { key: "interface", value: "public", source: { _tag: "Default" } }
]

const argumentsOf = ({ regionName, values = {} }: Options): Layer => {
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

// -----------------------------------------------------------------------------
// names
// -----------------------------------------------------------------------------

const namesIn = (file: Option.Option<Files.File>): ReadonlyArray<string> => {
  const clouds = Option.isSome(file) ? Yaml.child(file.value.tree, "clouds") : undefined
  return clouds?._tag === "Map" ? [...clouds.entries.keys()] : []
}

const allNames = ({ clouds, secure }: Found): ReadonlyArray<string> => [
  ...new Set([...namesIn(clouds), ...namesIn(secure)])
]

/** The names of all clouds in the files. */
export const names = (options: Pick<Options, "configFile" | "secureFile">): Reading<ReadonlyArray<string>> =>
  Effect.map(findClouds(options), allNames)

const placeOf = ({ clouds }: Found): string =>
  Option.match(clouds, { onNone: () => "no clouds.yaml was found", onSome: ({ path }) => path })

const onlyCloud = (found: Found): Effect.Effect<string, Errors.InvalidConfig> => {
  const names = allNames(found)
  const [first] = names
  return first !== undefined && names.length === 1
    ? Effect.succeed(first)
    : Problem.invalidConfig(undefined, {
      key: "cloud",
      where: placeOf(found),
      reason: first === undefined
        ? "no cloud is configured: write a clouds.yaml and set OS_CLOUD, or set OS_AUTH_URL and the like"
        : `choose one of ${names.join(", ")}: name it, or set OS_CLOUD`
    })
}

const unknownCloud = (name: string, found: Found): Errors.ConfigProblem => {
  const names = allNames(found)
  return {
    key: name,
    where: placeOf(found),
    reason: names.length === 0
      ? "the file has no clouds; put them by name under \"clouds\""
      : `no such cloud${Suggestion.didYouMean(name, names)}; there are ${names.join(", ")}`
  }
}

// -----------------------------------------------------------------------------
// one cloud
// -----------------------------------------------------------------------------

/** The layers of a cloud in files, the weakest first: profile, clouds.yaml, secure.yaml, values of the region. */
const readCloud = (
  name: string,
  files: Found,
  profiles: Option.Option<Files.File>,
  stronger: Layer
): Reading<Pick<Layered, "layers" | "problems">> =>
  Effect.gen(function*() {
    const own = [files.clouds, files.secure].flatMap(Option.toArray).flatMap(({ path, tree }) => {
      const cloud = Yaml.child(Yaml.child(tree, "clouds"), name)
      return cloud === undefined ? [] : [CloudTree.inFile(path, cloud)]
    })
    if (own.length === 0) {
      return yield* Problem.invalidConfig(name, unknownCloud(name, files))
    }
    for (const { sourceOf, tree } of own) {
      if (tree._tag !== "Map") {
        return yield* Problem.invalidConfig(name, Problem.at(sourceOf(tree.line), name, "expected a mapping"))
      }
    }
    const named = strongest([...own.map((tree) => CloudTree.settings(tree).settings), stronger], "profile")
    const trees = [...yield* Profiles.find(named, profiles), ...own]
    const read = trees.map(CloudTree.settings)
    const layers = read.map(({ settings }) => settings)
    const wanted = strongest([...layers, stronger], "region_name")
    const found = regionOf(trees, wanted)
    if (Either.isLeft(found)) {
      return yield* Problem.invalidConfig(name, found.left)
    }
    const region = found.right
    const defaultRegion = region === undefined || wanted !== undefined
      ? []
      : [{ key: "region_name", value: region.name, source: region.source }]
    return {
      layers: [...layers, defaultRegion, region?.settings ?? []],
      problems: [...read, ...region === undefined ? [] : [region]].flatMap(({ problems }) => problems)
    }
  })

const strongest = (layers: ReadonlyArray<Layer>, key: string): Setting.Setting | undefined =>
  layers.flat().findLast((setting) => Keys.currentName(setting.key) === key && ConfigValue.isSet(setting.value))

/** The wanted region, or the first one. The strongest tree that lists regions decides which ones there are. */
const regionOf = (
  trees: ReadonlyArray<CloudTree.CloudTree>,
  wanted: Setting.Setting | undefined
): Either.Either<CloudTree.Region | undefined, Errors.ConfigProblem> => {
  const listing = trees.findLast(({ tree }) => Yaml.child(tree, "regions") !== undefined)
  return Either.flatMap(listing === undefined ? Either.right([]) : CloudTree.regions(listing), (regions) => {
    const region = wanted === undefined ? regions[0] : regions.find((region) => region.name === wanted.value)
    return wanted === undefined || region !== undefined || regions.length === 0
      ? Either.right(region)
      : Either.left(Problem.at(
        wanted.source,
        "region_name",
        `no region ${JSON.stringify(wanted.value)}; there are ${regions.map(({ name }) => name).join(", ")}`
      ))
  })
}
