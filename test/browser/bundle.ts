/** The library for platforms that are not Node: bundled from `src`, with nothing left to be imported. */
import * as esbuild from "esbuild"
import { fileURLToPath } from "node:url"

const root = fileURLToPath(new URL("../../", import.meta.url))

export interface Bundle {
  readonly code: string
  /** What it was made of, from the top of the repository. */
  readonly inputs: ReadonlyArray<string>
}

/** Fails on an import that a browser cannot resolve: a `node:` module above all. */
export const bundle = async (entry: string | { readonly contents: string }): Promise<Bundle> => {
  const { metafile, outputFiles } = await esbuild.build({
    ...(typeof entry === "string" ? { entryPoints: [entry] } : { stdin: { ...entry, resolveDir: root } }),
    absWorkingDir: root,
    bundle: true,
    format: "iife",
    platform: "browser",
    target: "es2022",
    minify: true,
    write: false,
    metafile: true,
    logLevel: "silent",
    alias: { "effect-keystoneauth": "./src/index.ts" }
  })
  return { code: outputFiles[0]?.text ?? "", inputs: Object.keys(metafile.inputs) }
}
