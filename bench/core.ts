/** What importing and bundling our modules adds to effect and @effect/platform. */
import { FileSystem } from "@effect/platform"
import { Array as Arr, Effect, Schema } from "effect"
import { build } from "esbuild"
import { promisify } from "node:util"
import { gzip } from "node:zlib"
import * as Process from "./process.js"
import { median } from "./statistics.js"

const rounds = 9

const programs = {
  "all": ["effect-keystoneauth"],
  "Adapter, Session, Password": ["Adapter", "Session", "Password"].map((name) => `effect-keystoneauth/${name}`)
}

const exporting = (modules: ReadonlyArray<string>): string =>
  modules.map((name, i) => `export * as m${i} from "${name}"`).join("\n")

const bundle = (contents: string, external: ReadonlyArray<string>) =>
  Effect.tryPromise(() =>
    build({
      stdin: { contents, resolveDir: Process.path(".") },
      bundle: true,
      write: false,
      metafile: true,
      minify: true,
      format: "esm",
      platform: "neutral",
      mainFields: ["module", "main"],
      external: [...external],
      tsconfigRaw: {}
    })
  )

const theirs = ["effect/*", "@effect/platform/*", "@noble/*", "node:*"]

/** What our modules import of effect and @effect/platform. */
const imported = (modules: ReadonlyArray<string>) =>
  Effect.map(bundle(exporting(modules), theirs), ({ metafile }) =>
    Object.values(metafile.outputs).flatMap(({ imports }) => imports)
      .filter(({ external, kind }) => external === true && kind === "import-statement")
      .map(({ path }) => path))

// -----------------------------------------------------------------------------
// importing
// -----------------------------------------------------------------------------

/** In fresh processes, one after the other, those with ours and those without. */
export const imports = Effect.gen(function*() {
  const fs = yield* FileSystem.FileSystem
  const files = yield* Effect.forEach(Object.entries(programs), ([modules, names], i) =>
    Effect.gen(function*() {
      const own = Process.path(`./import-${i}.js`)
      const other = Process.path(`./import-${i}-theirs.js`)
      yield* fs.writeFileString(own, exporting(names))
      yield* fs.writeFileString(other, exporting(yield* imported(names)))
      return { modules, own, other }
    }))
  const cost = (file: string) => Process.report(Process.program("import", file), Schema.Number)
  const samples = yield* Effect.forEach(Arr.range(0, rounds), () =>
    Effect.forEach(files, ({ other, own }) => Effect.all([cost(own), cost(other)])))
  // the first round brings files into memory
  const kept = samples.slice(1)
  return files.map(({ modules }, i) => ({
    modules,
    cpuMillis: median(kept.map((round) => round[i]?.[0] ?? NaN)),
    theirsMillis: median(kept.map((round) => round[i]?.[1] ?? NaN))
  }))
})

// -----------------------------------------------------------------------------
// bundles
// -----------------------------------------------------------------------------

const compressed = (contents: string, external: ReadonlyArray<string>) =>
  Effect.flatMap(bundle(contents, external), ({ outputFiles }) =>
    Effect.promise(() => promisify(gzip)(outputFiles[0]?.contents ?? "", { level: 9 })).pipe(
      Effect.map(({ length }) => length)
    ))

export const bundles = Effect.forEach(Object.entries(programs), ([modules, names]) =>
  Effect.gen(function*() {
    const contents = exporting(names)
    return {
      modules,
      gzip: yield* compressed(contents, ["node:*"]),
      ours: yield* compressed(contents, theirs)
    }
  }))
