import { assert, describe, it } from "@effect/vitest"
import { readFileSync } from "node:fs"
import { packageExports, publicModules, sourcePaths } from "./publicModules.js"

const read = (file: string) => JSON.parse(readFileSync(new URL(file, import.meta.url), "utf8"))

describe("the package", () => {
  it("exports each public module by its name (npm run exports writes them)", () => {
    assert.deepStrictEqual(read("../package.json").exports, packageExports)
    assert.deepStrictEqual(read("tsconfig.json").compilerOptions.paths, sourcePaths)
  })

  it("has public modules of different names", () => {
    assert.isAtLeast(publicModules.length, 50)
    assert.strictEqual(new Set(publicModules.map(({ name }) => name.toLowerCase())).size, publicModules.length)
  })
})
