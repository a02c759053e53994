/**
 * What the sources look like: length of lines, descriptions of what is public, and what an edition for Effect 4 has
 * to change.
 */
import { assert, describe, it } from "@effect/vitest"
import { readdirSync, readFileSync } from "node:fs"
import ts from "typescript"
import { publicModules, source } from "./publicModules.js"

const sources = readdirSync(source, { recursive: true, encoding: "utf8" })
  .filter((file) => file.endsWith(".ts"))
  .map((file) => ({ file: file.replaceAll("\\", "/"), text: readFileSync(source + file, "utf8") }))

describe("the sources", () => {
  it("keep their lines to 120 columns", () => {
    const long = sources.flatMap(({ file, text }) =>
      text.split("\n").flatMap((line, i) => line.length > 120 ? [`src/${file}:${i + 1}`] : [])
    )
    assert.deepStrictEqual(long, [])
  })

  it("describe every export of a public module, with since and category", () => {
    const lacking = publicModules.flatMap(({ path }) => {
      const text = readFileSync(`${source}${path}.ts`, "utf8")
      const file = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true)
      // the overloads of a function, or a type and a value of one name, need one description
      const described = new Map<string, boolean>()
      file.forEachChild((node) => {
        const isExported = ts.canHaveModifiers(node) &&
          ts.getModifiers(node)?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword) === true
        if (!isExported || ts.getJSDocTags(node).some(({ tagName }) => tagName.text === "internal")) {
          return
        }
        const tags = ts.getJSDocTags(node).map(({ tagName }) => tagName.text)
        const docs = ts.getJSDocCommentsAndTags(node).filter(ts.isJSDoc)
        const isWhole = docs.some(({ comment }) => (ts.getTextOfJSDocComment(comment) ?? "").trim() !== "") &&
          tags.includes("since") && tags.includes("category")
        const names = ts.isVariableStatement(node)
          ? node.declarationList.declarations.map(({ name }) => name.getText())
          : [(node as ts.DeclarationStatement).name?.getText() ?? "default"]
        for (const name of names) {
          described.set(name, isWhole || described.get(name) === true)
        }
      })
      return [...described].filter(([, isWhole]) => !isWhole).map(([name]) => `${path}: ${name}`)
    })
    assert.deepStrictEqual(lacking, [])
  })
})

/** The modules of Effect 3 that Effect 4 has changed or dropped, and the one module of ours that knows each. */
const seams: Readonly<Record<string, string>> = {
  "effect/FiberRef": "base/fiber.ts",
  "effect/FiberRefs": "base/fiber.ts",
  "effect/FiberId": "base/fiber.ts",
  "effect/Runtime": "base/fiber.ts",
  "effect/RuntimeFlags": "base/fiber.ts",
  "effect/GlobalValue": "node/scopedRequests.ts",
  "effect/ConfigError": "base/configError.ts",
  "effect/MetricKey": "base/metrics.ts",
  "@effect/platform/Error": "base/platformError.ts",
  "@effect/platform/HttpClientError": "base/httpClientError.ts"
}

/** Functions that Effect 4 has renamed or dropped. */
const dropped = /\b(tapBoth|optionalWith|transposeMapOption|zipLeft|Effect\.merge\()/

describe("an edition for Effect 4", () => {
  it("has one place to change for each of its differences", () => {
    const elsewhere = sources.flatMap(({ file, text }) =>
      ts.preProcessFile(text).importedFiles
        .filter(({ fileName }) => (seams[fileName] ?? file) !== file)
        .map(({ fileName }) => `src/${file} imports ${fileName}; ${seams[fileName]} is the place for it`)
    )
    assert.deepStrictEqual(elsewhere, [])
  })

  it("finds nothing that is no more", () => {
    const used = sources.flatMap(({ file, text }) =>
      text.split("\n").flatMap((line, i) => dropped.test(line) ? [`src/${file}:${i + 1}: ${line.trim()}`] : [])
    )
    assert.deepStrictEqual(used, [])
  })
})
