/** The public modules, found as a reader finds them: the files of `src` whose names begin with a capital letter. */
import { readdirSync } from "node:fs"
import { fileURLToPath } from "node:url"

export interface PublicModule {
  /** What programs import: `effect-keystoneauth/<name>`. */
  readonly name: string
  /** Its folder within `src`, "" for those at the top. */
  readonly folder: string
  /** Its file, from `src`, without extension. */
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

/** The `exports` of package.json: the index and each public module, and nothing else of `dist`. */
export const packageExports: Readonly<Record<string, unknown>> = {
  "./package.json": "./package.json",
  ".": entry("index"),
  ...Object.fromEntries(publicModules.map(({ name, path }) => [`./${name}`, entry(path)]))
}

/** The `paths` by which tests, examples and benchmarks find the source: a module is looked for in each folder. */
export const sourcePaths: Readonly<Record<string, ReadonlyArray<string>>> = {
  "effect-keystoneauth": ["../src/index.ts"],
  "effect-keystoneauth/*": [...new Set(publicModules.map(({ folder }) => folder))].sort()
    .map((folder) => folder === "" ? "../src/*.ts" : `../src/${folder}/*.ts`)
}

/** The same for bundlers, which do not look in several places. */
export const sourceAliases: Readonly<Record<string, string>> = Object.fromEntries(
  publicModules.map(({ name, path }) => [`effect-keystoneauth/${name}`, `${source}${path}.ts`])
)
