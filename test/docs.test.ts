import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import { readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import ts from "typescript"
import * as Chart from "../bench/chart.js"
import * as Readme from "../bench/readme.js"
import { Json } from "../bench/results.js"
import { publicModules } from "./publicModules.js"

const root = fileURLToPath(new URL("..", import.meta.url))
const read = (path: string) => readFileSync(root + path, "utf8")

interface Snippet {
  readonly name: string
  readonly code: string
}

/** The fences of the README: those that quote an example, and those that stand alone. */
const fences = [...read("README.md").matchAll(/(?:<!-- (examples\/\S+) -->\s+)?```ts\n([\s\S]*?)```/g)]
const quotes = fences.flatMap(([, file, code = ""]) => file === undefined ? [] : [{ name: file, code }])
const programs = fences.flatMap(([, file, code = ""], i) => file === undefined ? [{ name: `README ${i}`, code }] : [])

/** The `@example` blocks of the public modules. */
const examples = publicModules.flatMap(({ name, path }): Array<Snippet> =>
  [...read(`src/${path}.ts`).matchAll(/\* ```ts\n([\s\S]*?)\* ```/g)].map(([, code = ""], i) => ({
    name: `${name} ${i}`,
    code: code.replace(/^ \* ?/gm, "")
  }))
)

/** All snippets in one program, as modules beside the examples, under the same options. */
const typeCheck = (snippets: ReadonlyArray<Snippet>): ReadonlyArray<string> => {
  const config = ts.getParsedCommandLineOfConfigFile(`${root}examples/tsconfig.json`, {}, {
    ...ts.sys,
    onUnRecoverableConfigFileDiagnostic: () => {}
  })
  const options = { ...config?.options, noEmit: true, noUnusedLocals: false, noUnusedParameters: false }
  const files = new Map(snippets.map(({ code }, i) => [`${root}examples/snippet-${i}.ts`, `${code}\nexport {}\n`]))
  const host = ts.createCompilerHost(options)
  const program = ts.createProgram([...files.keys()], options, {
    ...host,
    fileExists: (path) => files.has(path) || host.fileExists(path),
    readFile: (path) => files.get(path) ?? host.readFile(path),
    getSourceFile: (path, ...rest) => {
      const code = files.get(path)
      return code === undefined
        ? host.getSourceFile(path, ...rest)
        : ts.createSourceFile(path, code, ts.ScriptTarget.ES2022, true)
    }
  })
  return [...files.keys()].flatMap((path, i) =>
    [
      ...program.getSemanticDiagnostics(program.getSourceFile(path)),
      ...program.getSyntacticDiagnostics(program.getSourceFile(path))
    ]
      .map(({ messageText }) => `${snippets[i]?.name}: ${ts.flattenDiagnosticMessageText(messageText, "\n")}`)
  )
}

const flat = (code: string) => code.replace(/\s+/g, " ").trim()

describe("documentation", () => {
  it("the README quotes examples as they are", () => {
    assert.isAtLeast(quotes.length, 7)
    for (const { code, name } of quotes) {
      assert.include(flat(read(name)), flat(code), name)
    }
  })

  it("the program in the README is the one that the demo runs", () => {
    const [program] = programs
    for (const part of read("examples/list-servers.ts").split(/\n\n/).slice(1)) {
      const code = part.replace(/^export |^\/\*\* .* \*\/\n(export )?/gm, "")
      assert.include(flat(program?.code ?? ""), flat(code))
    }
  })

  it("the figures in the README and its chart are those that the benchmark has measured", () => {
    const results = Schema.decodeSync(Json)(read("bench/results.json"))
    assert.include(read("README.md"), Readme.block(results))
    assert.strictEqual(read("bench/chart.svg"), Chart.svg(results))
  })

  it("everything else in the README and the modules compiles", () => {
    assert.isAtLeast(programs.length, 2)
    assert.isAtLeast(examples.length, 15)
    assert.deepStrictEqual(typeCheck([...programs, ...examples]), [])
    assert.isAbove(typeCheck([{ name: "wrong", code: "const n: number = \"text\"" }]).length, 0)
  }, 60_000)
})
