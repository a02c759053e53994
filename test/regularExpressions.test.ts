import { assert, it } from "@effect/vitest"
import { readdirSync, readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { checkSync } from "recheck"
import ts from "typescript"
import { describe } from "vitest"

const source = fileURLToPath(new URL("../src/", import.meta.url))

const files = readdirSync(source, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".ts"))

interface Expression {
  readonly place: string
  readonly pattern: string
  readonly flags: string
}

/** Every literal, and every `RegExp` of two texts; a `RegExp` of anything else cannot be judged, so there must be none. */
const expressions = files.flatMap((name) => {
  const found: Array<Expression> = []
  const file = ts.createSourceFile(name, readFileSync(`${source}${name}`, "utf8"), ts.ScriptTarget.Latest, true)
  const add = (node: ts.Node, pattern: string, flags: string) => {
    const { line } = file.getLineAndCharacterOfPosition(node.getStart())
    found.push({ place: `src/${name}:${line + 1}`, pattern, flags })
  }
  const visit = (node: ts.Node): void => {
    if (ts.isRegularExpressionLiteral(node)) {
      const end = node.text.lastIndexOf("/")
      add(node, node.text.slice(1, end), node.text.slice(end + 1))
    } else if (
      (ts.isNewExpression(node) || ts.isCallExpression(node)) && ts.isIdentifier(node.expression) &&
      node.expression.text === "RegExp"
    ) {
      const [pattern, flags] = node.arguments ?? []
      assert(pattern !== undefined && ts.isStringLiteralLike(pattern), `${name}: ${node.getText()} is not a text`)
      add(node, pattern.text, flags !== undefined && ts.isStringLiteralLike(flags) ? flags.text : "")
    }
    ts.forEachChild(node, visit)
  }
  visit(file)
  return found
})

/** What it may cost: nothing that grows faster than the text. */
const complexity = ({ flags, pattern }: Expression): string => {
  const { complexity, status } = checkSync(pattern, flags, { timeout: 20_000 })
  return complexity === undefined ? status : complexity.type
}

describe("regular expressions", () => {
  it("are all found", () => {
    assert.isAbove(expressions.length, 50)
  })

  it("of which some are known not to be linear are told from the others", () => {
    const of = (pattern: string, flags = "") => complexity({ place: "", pattern, flags })
    assert.deepStrictEqual(
      [of("\\/+$"), of("\\s+$"), of("(a+)+$"), of("^a+$"), of("a")],
      ["polynomial", "polynomial", "exponential", "linear", "safe"]
    )
  })

  it.each(expressions)("$place /$pattern/$flags is linear", (expression) => {
    assert.include(["safe", "constant", "linear"], complexity(expression))
  })
})
