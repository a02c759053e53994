/**
 * The folders of `src` are the architecture: what lies higher in this list imports what lies lower, never the
 * reverse.
 */
import { assert, describe, it } from "@effect/vitest"
import { readdirSync, readFileSync } from "node:fs"
import { posix } from "node:path"
import ts from "typescript"
import { source } from "./publicModules.js"

const order = [
  "ksa",
  "index.ts",
  "cloud",
  "testCloud",
  "plugins",
  "login",
  "session",
  "endpoint",
  "node",
  "wire",
  "identity",
  "model",
  "safety",
  "Errors.ts",
  "base"
]

const files = readdirSync(source, { recursive: true, encoding: "utf8" })
  .map((file) => file.replaceAll("\\", "/"))
  .filter((file) => file.endsWith(".ts"))

const level = (file: string) => order.indexOf(file.split("/")[0] ?? "")

/** The files of `src` that a file imports. */
const imports = (file: string): ReadonlyArray<string> =>
  ts.preProcessFile(readFileSync(source + file, "utf8")).importedFiles
    .filter(({ fileName }) => fileName.startsWith("."))
    .map(({ fileName }) => posix.join(posix.dirname(file), fileName.replace(/\.js$/, ".ts")))

describe("the folders of src", () => {
  it("are all in the order, and nothing else is", () => {
    assert.deepStrictEqual([...new Set(files.map((file) => file.split("/")[0] ?? ""))].sort(), [...order].sort())
  })

  it("have no folders within", () => {
    assert.deepStrictEqual(files.filter((file) => file.split("/").length > 2), [])
  })

  it("import downwards only", () => {
    const arrows = files.flatMap((file) => imports(file).map((imported) => ({ file, imported })))
    assert.isAbove(arrows.length, 300)
    const upwards = arrows.filter(({ file, imported }) => level(imported) < level(file))
    assert.deepStrictEqual(upwards.map(({ file, imported }) => `${file} imports ${imported}`), [])
  })
})
