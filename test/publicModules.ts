/** The public modules: the files of `src` whose names begin with a capital letter. */
import { readdirSync } from "node:fs"
import { fileURLToPath } from "node:url"

export interface PublicModule {
  /** The name of its subpath: `effect-keystoneauth/<name>`. */
  readonly name: string
  /** Its folder in `src`, or "" at the top. */
  readonly folder: string
  /** The path of its file in `src`, without extension. */
  readonly path: string
}

export const source = fileURLToPath(new URL("../src/", import.meta.url))

export const publicModules: ReadonlyArray<PublicModule> = readdirSync(source, { recursive: true, encoding: "utf8" })
  .map((file) => file.replaceAll("\\", "/"))
  .filter((file) => /(^|\/)[A-Z]\w*\.ts$/.test(file))
  .map((file) => {
    const path = file.slice(0, -".ts".length)
    const slash = path.lastIndexOf("/")
    return { name: path.slice(slash + 1), folder: slash < 0 ? "" : path.slice(0, slash), path }
  })
  .sort((a, b) => a.name < b.name ? -1 : 1)

const entry = (path: string) => ({ types: `./dist/${path}.d.ts`, default: `./dist/${path}.js` })

/** The `exports` of package.json: the index and each public module. */
export const packageExports: Readonly<Record<string, unknown>> = {
  "./package.json": "./package.json",
  ".": entry("index"),
  ...Object.fromEntries(publicModules.map(({ name, path }) => [`./${name}`, entry(path)]))
}

/** The `paths` by which tests, examples and benchmarks import the source: each folder is searched for a module. */
export const sourcePaths: Readonly<Record<string, ReadonlyArray<string>>> = {
  "effect-keystoneauth": ["../src/index.ts"],
  "effect-keystoneauth/*": [...new Set(publicModules.map(({ folder }) => folder))].sort()
    .map((folder) => folder === "" ? "../src/*.ts" : `../src/${folder}/*.ts`)
}

/** The same as aliases, one for each module, for bundlers that search only one place. */
export const sourceAliases: Readonly<Record<string, string>> = Object.fromEntries(
  publicModules.map(({ name, path }) => [`effect-keystoneauth/${name}`, `${source}${path}.ts`])
)
