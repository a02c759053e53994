/** Finds and reads the files `clouds.yaml`, `secure.yaml` and `clouds-public.yaml`. */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import type * as ConfigError from "../base/configError.js"
import type * as Errors from "../Errors.js"
import * as Material from "../safety/material.js"
import type * as TransportFactory from "../wire/TransportFactory.js"
import * as Environment from "./environment.js"
import * as Problem from "./problem.js"
import * as Yaml from "./yaml.js"

/** In bytes: far more than a file of clouds needs. */
const sizeLimit = 1024 * 1024

export interface File {
  readonly path: string
  readonly tree: Yaml.Tree
}

const invalid = (where: string, reason: string): Errors.InvalidConfig =>
  Problem.invalidConfig(undefined, { key: "file", where, reason })

/** The search path of openstacksdk: the current directory, the user's, the site's, and the system's. */
const directories: Effect.Effect<ReadonlyArray<string>, ConfigError.ConfigError, Path.Path> = Effect.gen(
  function*() {
    const path = yield* Path.Path
    const directory = (variable: string, ...below: ReadonlyArray<string>) =>
      Effect.map(Environment.variable(variable), Option.map((text) => path.join(text, ...below)))
    const users = [
      yield* directory("XDG_CONFIG_HOME"),
      yield* directory("HOME", "Library", "Application Support"),
      yield* directory("HOME", ".config"),
      yield* directory("SNAP_REAL_HOME", ".config"),
      yield* directory("APPDATA")
    ].flatMap(Option.toArray)
    const sites = Option.getOrElse(yield* Environment.variable("XDG_CONFIG_DIRS"), () => "/etc/xdg").split(":")
    return [".", ...[...users, ...sites].map((directory) => path.join(directory, "openstack")), "/etc/openstack"]
  }
)

/** The first file of a kind on the search path. */
const find = (
  kind: "clouds" | "secure" | "clouds-public"
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
        // a file that cannot be read is an error: skipping it could select a cloud of the same name in the next file
        if (yield* Effect.orElseSucceed(fileSystem.exists(candidate), () => false)) {
          return Option.some(yield* read(candidate))
        }
      }
    }
    return Option.none()
  })

/** The path of a file, or the variable with the path. Either takes precedence over the search path. */
export interface Given {
  readonly path: string | undefined
  readonly variable?: string
}

/**
 * Reads the file of a kind: the given one, that of the variable, or the first one found. Only the last may be missing.
 */
export const open = (
  kind: Parameters<typeof find>[0],
  { path, variable }: Given
): ReturnType<typeof find> =>
  Effect.gen(function*() {
    const given = path === undefined && variable !== undefined
      ? yield* Environment.variable(variable)
      : Option.fromNullable(path)
    return Option.isSome(given) ? Option.some(yield* read(given.value)) : yield* find(kind)
  })

const read = (path: string): Effect.Effect<File, Errors.InvalidConfig, FileSystem.FileSystem> =>
  Effect.gen(function*() {
    const fileSystem = yield* FileSystem.FileSystem
    const unreadable = (error: { readonly message: string; readonly reason?: string }) =>
      invalid(path, `cannot be read: ${error.reason ?? error.message}`)
    const info = yield* Effect.mapError(fileSystem.stat(path), unreadable)
    if (info.type !== "File") {
      return yield* invalid(path, "not a file")
    }
    if (info.size > sizeLimit) {
      return yield* invalid(path, `${info.size} bytes long; at most ${sizeLimit} bytes are read`)
    }
    const bytes = yield* Effect.mapError(fileSystem.readFile(path), unreadable)
    const text = yield* Effect.try({
      try: () => new TextDecoder("utf-8", { fatal: true }).decode(bytes),
      catch: () => invalid(path, "not UTF-8")
    })
    const parsed = Yaml.parse(path, text)
    if (Either.isLeft(parsed)) {
      return yield* Problem.invalidConfig(undefined, parsed.left)
    }
    const tree = parsed.right
    if (tree._tag !== "Map") {
      return yield* invalid(`${path}, line ${tree.line}`, "expected a mapping with the key \"clouds\"")
    }
    for (const key of ["clouds", "public-clouds"]) {
      const clouds = tree.entries.get(key)
      if (clouds !== undefined && clouds.tree._tag !== "Map") {
        return yield* Problem.invalidConfig(
          undefined,
          Problem.at({ _tag: "File", path, line: clouds.line }, key, "expected a mapping from names to clouds")
        )
      }
    }
    return { path, tree }
  })

/** As in openstacksdk, `~` in front of a path is the user's directory. */
export const expandHome = (
  tls: TransportFactory.Tls
): Effect.Effect<TransportFactory.Tls, ConfigError.ConfigError, Path.Path> =>
  Effect.gen(function*() {
    const path = yield* Path.Path
    const home = yield* Environment.variable("HOME")
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
