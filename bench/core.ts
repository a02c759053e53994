/** What importing and bundling our modules adds to effect and @effect/platform. */
import { FileSystem } from "@effect/platform"
import { Array as Arr, Effect, Schema } from "effect"
import { build, type BuildOptions } from "esbuild"
import { promisify } from "node:util"
import { gzip } from "node:zlib"
import * as Process from "./process.js"
import { median } from "./statistics.js"

const rounds = 9

const programs = {
  "core: Session": ["effect-keystoneauth/Session"],
  "Adapter, Session, Password": ["Adapter", "Session", "Password"].map((name) => `effect-keystoneauth/${name}`),
  "all": ["effect-keystoneauth"]
}

const exporting = (modules: ReadonlyArray<string>): string =>
  modules.map((name, i) => `export * as m${i} from "${name}"`).join("\n")

const theirs = ["effect/*", "@effect/*"]

const built = (contents: string, external: ReadonlyArray<string>, options: BuildOptions = {}) =>
  Effect.tryPromise(() =>
    build({
      ...options,
      stdin: { contents, resolveDir: Process.path(".") },
      bundle: true,
      write: false,
      metafile: true,
      minify: true,
      format: "esm",
      target: "es2022",
      external: [...external],
      tsconfigRaw: {}
    })
  )

const bundle = (contents: string, external: ReadonlyArray<string>, options?: BuildOptions) =>
  Effect.map(built(contents, external, options), ({ outputFiles }) => outputFiles[0]?.text ?? "")

/** What our modules import of effect and @effect/platform. */
const imported = (modules: ReadonlyArray<string>) =>
  Effect.map(
    built(exporting(modules), theirs),
    ({ metafile }) =>
      Object.values(metafile.outputs).flatMap(({ imports }) => imports)
        .filter(({ external, kind }) => external === true && kind === "import-statement")
        .map(({ path }) => path)
  )

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
  const samples = yield* Effect.forEach(
    Arr.range(0, rounds),
    () => Effect.forEach(files, ({ other, own }) => Effect.all([cost(own), cost(other)]))
  )
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

/** What every program needs: a Session and what is in it, with a plugin of the program's own. */
export const core = `
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import * as Headers from "@effect/platform/Headers"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as AuthPlugin from "effect-keystoneauth/AuthPlugin"
import * as Session from "effect-keystoneauth/Session"
const plugin = AuthPlugin.make({ name: "mine", headers: Effect.succeed(Headers.empty) })
Effect.runPromise(Session.request(HttpClientRequest.get("/servers")).pipe(
  Effect.provideService(AuthPlugin.AuthPlugin, plugin),
  Effect.provide(Layer.provide(Session.layer(), FetchHttpClient.layer))
))`

/** A program as users write it, in a browser's bundle: what it does not need is left out. */
const small = `
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import * as Effect from "effect/Effect"
import { Compute, demo } from "${Process.path("../compute.ts")}"
const program = Effect.flatMap(Compute, (compute) => compute.get("/servers"))
Effect.runPromise(Effect.provide(program, demo("https://keystone.example.com/v3", FetchHttpClient.layer)))`

const entries = {
  "core: Session": core,
  "Adapter, Session, Password": small,
  "all": `import * as all from "effect-keystoneauth"\nglobalThis.all = all`
}

const compressed = (contents: string, options?: BuildOptions) =>
  Effect.flatMap(bundle(contents, [], options), (text) => Effect.promise(() => promisify(gzip)(text, { level: 9 })))
    .pipe(
      Effect.map(({ length }) => length)
    )

/** Keeps what a bundle takes of the modules that are outside it, and nothing else. */
const takenBy = (text: string): string =>
  [...text.matchAll(/import\*as ([\w$]+) from"([^"]+)"/g)].map(([, local = "", module], i) => {
    const members = text.matchAll(new RegExp(`(?<![\\w$.])${local.replaceAll("$", "\\$")}\\.([\\w$]+)`, "g"))
    const kept = [...new Set([...members].map(([, member]) => `m${i}.${member}`))]
    return `import * as m${i} from "${module}"\nglobalThis.kept${i} = [${kept.join()}]`
  }).join("\n")

/** Ours is what a bundle has more than one of that which ours takes of theirs. */
export const sizes = (contents: string, options?: BuildOptions) =>
  Effect.gen(function*() {
    const whole = yield* compressed(contents, options)
    const withoutOurs = yield* compressed(takenBy(yield* bundle(contents, theirs, options)))
    return { gzip: whole, ours: whole - withoutOurs }
  })

export const bundles = Effect.forEach(
  Object.entries(entries),
  ([modules, contents]) => Effect.map(sizes(contents), (measured) => ({ modules, ...measured }))
)
