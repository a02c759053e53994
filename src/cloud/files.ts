/** Where files of clouds are, and what is in them. */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as ConfigError from "../base/configError.js"
import * as Errors from "../Errors.js"
import * as Material from "../safety/material.js"
import type * as TransportFactory from "../wire/TransportFactory.js"
import * as Environment from "./environment.js"
import * as Yaml from "./yaml.js"

/** No file of clouds is that big. */
const sizeLimit = 1024 * 1024

export interface File {
  readonly path: string
  readonly tree: Yaml.Tree
}

const invalid = (where: string, reason: string): Errors.InvalidConfig =>
  new Errors.InvalidConfig({ cloud: undefined, problems: [{ key: "file", where, reason }] })

/** As openstacksdk searches: here, the user's, the site's, the system's. */
export const directories: Effect.Effect<ReadonlyArray<string>, ConfigError.ConfigError, Path.Path> = Effect.gen(
  function*() {
    const path = yield* Path.Path
    const text = (name: string) => Config.option(Config.nonEmptyString(name))
    const home = yield* text("HOME")
    const users = [
      ...Option.toArray(yield* text("XDG_CONFIG_HOME")),
      ...Option.toArray(home).flatMap((home) => [
        path.join(home, "Library", "Application Support"),
        path.join(home, ".config")
      ]),
      ...Option.toArray(Option.map(yield* text("SNAP_REAL_HOME"), (home) => path.join(home, ".config"))),
      ...Option.toArray(yield* text("APPDATA"))
    ]
    const sites = Option.getOrElse(yield* text("XDG_CONFIG_DIRS"), () => "/etc/xdg").split(":")
    return [".", ...[...users, ...sites].map((directory) => path.join(directory, "openstack")), "/etc/openstack"]
  }
)

/** The first of its kind that is there: `clouds`, `secure` or `clouds-public`. */
export const find = (
  kind: string
): Effect.Effect<
  Option.Option<File>,
  Errors.InvalidConfig | ConfigError.ConfigError,
  FileSystem.FileSystem | Path.Path
> =>
  Effect.gen(function*() {
    const fileSystem = yield* FileSystem.FileSystem
    const path = yield* Path.Path
    for (const directory of yield* directories) {
      for (const extension of ["yaml", "yml", "json"]) {
        const candidate = path.join(directory, `${kind}.${extension}`)
        // a file that is there and cannot be read is told: another one might be another cloud's
        if (yield* Effect.orElseSucceed(fileSystem.exists(candidate), () => false)) {
          return Option.some(yield* read(candidate))
        }
      }
    }
    return Option.none()
  })

/** The file that a variable names, which must be there then; or else the first that is found. */
export const named = (
  given: string | undefined,
  variable: string | undefined,
  kind: string
): Effect.Effect<
  Option.Option<File>,
  Errors.InvalidConfig | ConfigError.ConfigError,
  FileSystem.FileSystem | Path.Path
> =>
  Effect.gen(function*() {
    const name = given === undefined && variable !== undefined
      ? yield* Environment.variable(variable)
      : Option.fromNullable(given)
    return Option.isSome(name) ? Option.some(yield* read(name.value)) : yield* find(kind)
  })

/** Fails with `InvalidConfig` for what cannot be read, is no UTF-8, or no YAML. */
export const read = (path: string): Effect.Effect<File, Errors.InvalidConfig, FileSystem.FileSystem> =>
  Effect.gen(function*() {
    const fileSystem = yield* FileSystem.FileSystem
    const unreadable = (error: { readonly message: string; readonly reason?: string }) =>
      invalid(path, `it cannot be read: ${error.reason ?? error.message}`)
    const info = yield* Effect.mapError(fileSystem.stat(path), unreadable)
    if (info.type !== "File") {
      return yield* invalid(path, "it is not a file")
    }
    if (info.size > sizeLimit) {
      return yield* invalid(path, `it has ${info.size} bytes, and ${sizeLimit} are the most that is read`)
    }
    const bytes = yield* Effect.mapError(fileSystem.readFile(path), unreadable)
    const text = yield* Effect.try({
      try: () => new TextDecoder("utf-8", { fatal: true }).decode(bytes),
      catch: () => invalid(path, "it is not UTF-8")
    })
    const tree = yield* Effect.mapError(
      Yaml.parse(path, text),
      (problem) => new Errors.InvalidConfig({ cloud: undefined, problems: [problem] })
    )
    if (tree._tag !== "Map") {
      return yield* invalid(`${path}, line ${tree.line}`, "it must be a mapping, with \"clouds\" in it")
    }
    for (const section of ["clouds", "public-clouds"]) {
      const clouds = tree.entries.get(section)
      if (clouds !== undefined && clouds.tree._tag !== "Map") {
        return yield* new Errors.InvalidConfig({
          cloud: undefined,
          problems: [{
            key: section,
            where: `${path}, line ${clouds.line}`,
            reason: "it must be a mapping of clouds by name"
          }]
        })
      }
    }
    return { path, tree }
  })

/** `~` is the user's folder, as in openstacksdk. Other paths are from where the program runs. */
export const expandTls = (
  tls: TransportFactory.Tls
): Effect.Effect<TransportFactory.Tls, ConfigError.ConfigError, Path.Path> =>
  Effect.gen(function*() {
    const path = yield* Path.Path
    const home = yield* Config.option(Config.nonEmptyString("HOME"))
    const expand = (file: Material.Material | undefined) =>
      file === undefined || Option.isNone(home)
        ? file
        : Material.map(file, (text) => text.replace(/^~(?=\/|$)/, () => path.resolve(home.value)))
    return {
      insecure: tls.insecure,
      caCert: expand(tls.caCert),
      clientCert: expand(tls.clientCert),
      clientKey: expand(tls.clientKey)
    }
  })
