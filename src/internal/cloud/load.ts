/** Which cloud is meant, and all that is said about it, in the order in which it counts. */
import type * as FileSystem from "@effect/platform/FileSystem"
import type * as Path from "@effect/platform/Path"
import type * as ConfigError from "effect/ConfigError"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as AuthType from "../../AuthType.js"
import type * as CloudConfig from "../../CloudConfig.js"
import * as Errors from "../../Errors.js"
import * as Setting from "../../Setting.js"
import * as Environment from "./environment.js"
import * as Files from "./files.js"
import * as Keys from "./keys.js"
import * as Profiles from "./profiles.js"
import * as Suggestion from "./suggestion.js"
import * as Trees from "./trees.js"
import type * as Yaml from "./yaml.js"

export interface Loaded {
  readonly name: string
  readonly settings: Setting.Settings
}

export const invalid = (
  cloud: string | undefined,
  problems: ReadonlyArray<Errors.ConfigProblem>
): Errors.InvalidConfig => new Errors.InvalidConfig({ cloud, problems: [...problems] })

/** What the files say that there are. */
interface Found {
  readonly clouds: Option.Option<Files.File>
  readonly secure: Option.Option<Files.File>
  readonly profiles: Option.Option<Files.File>
}

export const load = (
  name: string | undefined,
  options: CloudConfig.Options,
  types: ReadonlyArray<AuthType.AuthType>
): Effect.Effect<Loaded, CloudConfig.Error, FileSystem.FileSystem | Path.Path> =>
  Effect.gen(function*() {
    const environment = yield* Environment.settings(types)
    const asked = name === undefined ? yield* Environment.variable("OS_CLOUD") : Option.some(name)
    const values = argumentsOf(options)
    if (Option.isNone(asked) && Environment.isCloud(environment)) {
      const own = yield* Effect.map(Environment.variable("OS_CLOUD_NAME"), Option.getOrElse(() => "envvars"))
      return { name: own, settings: withDefaults(environment, values) }
    }
    const found: Found = {
      clouds: yield* Files.named(options.configFile, "OS_CLIENT_CONFIG_FILE", "clouds"),
      secure: yield* Files.named(options.secureFile, "OS_CLIENT_SECURE_FILE", "secure"),
      profiles: yield* Files.named(options.profilesFile, undefined, "clouds-public")
    }
    const cloud = yield* Option.match(asked, { onNone: () => onlyCloud(found), onSome: Effect.succeed })
    const said = yield* readCloud(cloud, found, options)
    const [weaker, stronger] = options.environment === undefined
      ? [[], []]
      : options.environment === "fill"
      ? [[environment], []]
      : [[], [environment]]
    return { name: cloud, settings: withDefaults(...weaker, said, ...stronger, values) }
  })

const defaults: Setting.Settings = Setting.fromIterable([
  { key: "auth_type", value: "password", source: { _tag: "Default" } },
  { key: "interface", value: "public", source: { _tag: "Default" } }
])

const withDefaults = (...settings: ReadonlyArray<Setting.Settings>): Setting.Settings =>
  Setting.merge(defaults, ...settings.map(Keys.withNewNames))

const argumentsOf = (options: CloudConfig.Options): Setting.Settings =>
  Setting.fromIterable(
    Object.entries({
      ...options.values,
      ...(options.regionName === undefined ? {} : { region_name: options.regionName })
    })
      .map(([name, value]) => ({
        key: Trees.underscored(name),
        value,
        source: { _tag: "Argument" as const, name }
      }))
  )

const cloudsIn = (file: Option.Option<Files.File>): ReadonlyArray<string> => {
  const clouds = Option.isSome(file) ? Trees.entry(file.value.tree, "clouds") : undefined
  return clouds?._tag === "Map" ? [...clouds.entries.keys()] : []
}

const allClouds = ({ clouds, secure }: Found): ReadonlyArray<string> => [
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

/** From the weakest to the strongest: profile, clouds file, secure file, and what is said for the region. */
const readCloud = (
  name: string,
  found: Found,
  options: CloudConfig.Options
): Effect.Effect<Setting.Settings, CloudConfig.Error, FileSystem.FileSystem | Path.Path> =>
  Effect.gen(function*() {
    const parts = [found.clouds, found.secure].flatMap((file) =>
      Option.toArray(Option.flatMap(file, ({ path, tree }) => {
        const cloud = Trees.entry(Trees.entry(tree, "clouds"), name)
        return cloud === undefined ? Option.none() : Option.some({ path, cloud })
      }))
    )
    if (parts.length === 0) {
      return yield* invalid(name, [unknownCloud(name, found)])
    }
    for (const { cloud, path } of parts) {
      if (cloud._tag !== "Map") {
        return yield* invalid(name, [{
          key: name,
          where: `${path}, line ${cloud.line}`,
          reason: "a cloud is a mapping"
        }])
      }
    }
    const own = Keys.withNewNames(Setting.merge(...parts.map(({ cloud, path }) => ofFile(path, cloud))))
    const profile = yield* Profiles.settings(own.get("profile"), found.profiles)
    const region = yield* regionOf(name, parts, Setting.merge(profile.settings, own), options)
    return Setting.merge(profile.settings, own, region)
  })

/** `regions` is a list of mappings, which is read apart. */
const ofFile = (path: string, cloud: Yaml.Tree): Setting.Settings =>
  Setting.fromIterable(
    Trees.settings(cloud, (line) => ({ _tag: "File", path, line })).filter(({ key }) => key !== "regions")
  )

const unknownCloud = (name: string, found: Found): Errors.ConfigProblem => {
  const names = allClouds(found)
  const meant = Suggestion.closest(name, names)
  return {
    key: name,
    where: placeOf(found.clouds),
    reason: names.length === 0
      ? "there are no clouds in it"
      : `there is no such cloud${meant === undefined ? "" : `; is ${meant} meant?`} There are ${names.join(", ")}`
  }
}

/** What is said for the region that was asked for, or for the first one. */
const regionOf = (
  name: string,
  parts: ReadonlyArray<{ readonly path: string; readonly cloud: Yaml.Tree }>,
  said: Setting.Settings,
  options: CloudConfig.Options
): Effect.Effect<Setting.Settings, Errors.InvalidConfig> =>
  Effect.gen(function*() {
    const wanted = options.regionName ?? options.values?.["region_name"] ?? said.get("region_name")?.value
    const regions: Array<Trees.Region & { readonly path: string }> = []
    for (const { cloud, path } of parts) {
      const listed = yield* Effect.mapError(Trees.regions(path, cloud), (problem) => invalid(name, [problem]))
      regions.push(...listed.map((region) => ({ ...region, path })))
    }
    const region = wanted === undefined ? regions[0] : regions.find((region) => region.name === wanted)
    if (region === undefined) {
      return regions.length === 0
        ? Setting.fromIterable([])
        : yield* invalid(name, [{
          key: "region_name",
          where: said.get("region_name") === undefined ? "argument regionName" : where(said.get("region_name")),
          reason: `there is no region ${JSON.stringify(wanted)}; there are ${
            regions.map(({ name }) => name).join(", ")
          }`
        }])
    }
    const source: Setting.Source = { _tag: "File", path: region.path, line: region.line }
    return Setting.merge(
      Setting.fromIterable([{ key: "region_name", value: region.name, source }]),
      region.values === undefined ? Setting.fromIterable([]) : ofFile(region.path, region.values)
    )
  })

const where = (setting: Setting.Setting | undefined): string =>
  setting === undefined ? "nowhere" : Setting.describeSource(setting.source)

/** The names of all clouds that the files have. */
export const names = (
  options: CloudConfig.Options
): Effect.Effect<
  ReadonlyArray<string>,
  Errors.InvalidConfig | ConfigError.ConfigError,
  FileSystem.FileSystem | Path.Path
> =>
  Effect.gen(function*() {
    const clouds = yield* Files.named(options.configFile, "OS_CLIENT_CONFIG_FILE", "clouds")
    const secure = yield* Files.named(options.secureFile, "OS_CLIENT_SECURE_FILE", "secure")
    return allClouds({ clouds, secure, profiles: Option.none() })
  })
