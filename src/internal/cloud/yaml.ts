/**
 * A file of clouds as settings: every value is the text that stands there, with its line. YAML's own guesses (2.10 is 2.1, 0123456 is
 * octal, no is false) are switched off; what a text means is for its key to say.
 */
import * as Either from "effect/Either"
import { Alias, type Document, isMap, isScalar, isSeq, LineCounter, type Node, parseDocument, Scalar } from "yaml"
import type * as Errors from "../../Errors.js"

/** A mapping, a list, or a text; each with the line where it stands. */
export type Tree =
  | { readonly _tag: "Text"; readonly text: string; readonly line: number }
  | { readonly _tag: "List"; readonly items: ReadonlyArray<Tree>; readonly line: number }
  | { readonly _tag: "Map"; readonly entries: ReadonlyMap<string, Entry>; readonly line: number }

export interface Entry {
  readonly tree: Tree
  /** The line of the key. */
  readonly line: number
}

/** More than any file of clouds needs, and less than what makes a program stop. */
const limits = { nodes: 20_000, depth: 20 }

const problem = (path: string, line: number | undefined, reason: string): Errors.ConfigProblem => ({
  key: "file",
  where: line === undefined ? path : `${path}, line ${line}`,
  reason
})

/** `None`s are left out: `null`, `~` and nothing at all. */
export const parse = (path: string, text: string): Either.Either<Tree, Errors.ConfigProblem> => {
  const lines = new LineCounter()
  const document = parseDocument(text, {
    schema: "failsafe",
    lineCounter: lines,
    prettyErrors: false,
    uniqueKeys: true
  })
  const [error] = document.errors
  if (error !== undefined) {
    return Either.left(
      problem(path, lines.linePos(error.pos[0]).line, `it is not YAML: ${firstSentence(error.message)}`)
    )
  }
  const state = { document, lines, path, nodes: 0 }
  return Either.map(read(state, document.contents, 0), (tree) => tree ?? { _tag: "Map", entries: new Map(), line: 1 })
}

const firstSentence = (text: string): string => text.split("\n")[0] ?? text

interface State {
  readonly document: Document.Parsed
  readonly lines: LineCounter
  readonly path: string
  nodes: number
}

const lineOf = (state: State, node: Node | null | undefined): number =>
  node?.range === undefined || node.range === null ? 1 : state.lines.linePos(node.range[0]).line

const isNothing = (node: Scalar): boolean =>
  node.type === Scalar.PLAIN && ["", "~", "null", "Null", "NULL"].includes(String(node.value))

const read = (
  state: State,
  node: unknown,
  depth: number
): Either.Either<Tree | undefined, Errors.ConfigProblem> => {
  state.nodes++
  const at = lineOf(state, isNode(node) ? node : undefined)
  if (state.nodes > limits.nodes || depth > limits.depth) {
    return Either.left(
      problem(state.path, at, `it has more than ${limits.nodes} values, or more than ${limits.depth} levels`)
    )
  }
  if (node instanceof Alias) {
    const target = node.resolve(state.document)
    return target === undefined
      ? Either.left(problem(state.path, at, `*${node.source} stands for nothing`))
      : read(state, target, depth + 1)
  }
  if (isScalar(node)) {
    return Either.right(isNothing(node) ? undefined : { _tag: "Text", text: String(node.value ?? ""), line: at })
  }
  if (isSeq(node)) {
    return Either.map(
      Either.all(node.items.map((item) => read(state, item, depth + 1))),
      (items) => ({ _tag: "List", items: items.filter((item) => item !== undefined), line: at })
    )
  }
  if (isMap(node)) {
    return readMap(state, node.items, at, depth)
  }
  return Either.right(undefined)
}

const isNode = (u: unknown): u is Node => isScalar(u) || isSeq(u) || isMap(u) || u instanceof Alias

const readMap = (
  state: State,
  pairs: ReadonlyArray<{ readonly key: unknown; readonly value: unknown }>,
  line: number,
  depth: number
): Either.Either<Tree, Errors.ConfigProblem> =>
  Either.gen(function*() {
    const entries = new Map<string, Entry>()
    for (const { key, value } of pairs) {
      const at = lineOf(state, isNode(key) ? key : undefined)
      const name = isScalar(key) ? String(key.value) : undefined
      if (name === undefined) {
        return yield* Either.left(problem(state.path, at, "a key must be text"))
      }
      const tree = yield* read(state, value, depth + 1)
      if (name === "<<") {
        for (const inherited of tree?._tag === "List" ? tree.items : [tree]) {
          for (const [key, entry] of inherited?._tag === "Map" ? inherited.entries : []) {
            if (!entries.has(key)) {
              entries.set(key, entry)
            }
          }
        }
      } else if (tree !== undefined) {
        entries.set(name, { tree, line: at })
      }
    }
    return { _tag: "Map" as const, entries, line }
  })
