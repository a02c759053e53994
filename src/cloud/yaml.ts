/**
 * Parses a file of clouds into a tree of texts with their lines.
 *
 * YAML's own guesses are switched off (2.10 is 2.1, 0123456 is octal, no is false): the key decides what a text means.
 * Messages are our own, since those of the yaml package quote the file and its passwords.
 */
import * as Either from "effect/Either"
import {
  Alias,
  Composer,
  type CST,
  type Document,
  type ErrorCode,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  Parser,
  Scalar
} from "yaml"
import type * as Errors from "../Errors.js"
import * as Problem from "./problem.js"

/** A mapping, a list, or a text, with its line. */
export type Tree =
  | { readonly _tag: "Text"; readonly text: string; readonly line: number }
  | { readonly _tag: "List"; readonly items: ReadonlyArray<Tree>; readonly line: number }
  | { readonly _tag: "Map"; readonly entries: ReadonlyMap<string, Entry>; readonly line: number }

export interface Entry {
  readonly tree: Tree
  /** The line of the key. */
  readonly line: number
}

/** The value of a key in a mapping. */
export const child = (tree: Tree | undefined, key: string): Tree | undefined =>
  tree?._tag === "Map" ? tree.entries.get(key)?.tree : undefined

/** Enough for any file of clouds. Larger ones could exhaust stack or memory. */
const limits = { values: 20_000, depth: 20 }

const tooMuch = `more than ${limits.values} values, or more than ${limits.depth} levels`

const problem = (path: string, line: number, reason: string, key = "file"): Errors.ConfigProblem =>
  Problem.at({ _tag: "File", path, line }, key, reason)

/** Parses a document. Empty values (`null`, `~` and nothing at all) are left out. */
export const parse = (path: string, text: string): Either.Either<Tree, Errors.ConfigProblem> => {
  const lines = new LineCounter()
  const at = (offset: number) => Math.max(1, lines.linePos(offset).line)
  const tokens = [...new Parser(lines.addNewLine).parse(text)]
  // composing is recursive, and could overflow the stack
  const over = beyondLimits(tokens)
  if (over !== undefined) {
    return Either.left(problem(path, at(over), tooMuch))
  }
  const [document, another] = new Composer({ schema: "failsafe", uniqueKeys: false }).compose(
    tokens,
    true,
    text.length
  )
  const [fault] = [...document?.errors ?? [], ...document?.warnings ?? []]
  if (fault !== undefined) {
    return Either.left(problem(path, at(fault.pos[0]), `not valid YAML: ${reasons[fault.code] ?? otherReason}`))
  }
  if (another !== undefined) {
    return Either.left(problem(path, at(another.range[0]), `not valid YAML: ${reasons.MULTIPLE_DOCS}`))
  }
  const state = { path, at, anchors: new Map<string, Node>(), values: 0 }
  return Either.map(
    read(state, document?.contents, 0),
    (tree) => tree ?? { _tag: "Map", entries: new Map(), line: 1 }
  )
}

const otherReason = "unexpected here; put text with characters of YAML ( : # { [ ] } , & * ! | > ' \" % @ ` ) in quotes"

const reasons: Partial<Record<ErrorCode, string>> = {
  BAD_ALIAS: "put text that begins with * in quotes",
  BAD_DQ_ESCAPE: "double a backslash in double quotes, or use single quotes",
  BAD_INDENT: "wrong indentation, or a bracket that is not closed",
  BAD_SCALAR_START: "put text that begins with @ or ` in quotes",
  BLOCK_AS_IMPLICIT_KEY: "put text with \": \" in it in quotes",
  KEY_OVER_1024_CHARS: "the key is too long; a quote may not be closed",
  MISSING_CHAR: "a quote, bracket, colon or comma is missing",
  MULTIPLE_ANCHORS: "put text that begins with & in quotes",
  MULTIPLE_DOCS: "the file must be one document, without another one after ---",
  MULTILINE_IMPLICIT_KEY: "a key must be on one line; a colon may be missing",
  TAB_AS_INDENT: "indent with spaces, not with tabs",
  TAG_RESOLVE_FAILED: "put text that begins with ! in quotes"
}

/** The offset at which the limits are exceeded, found without recursion; `undefined` if they are not. */
const beyondLimits = (tokens: ReadonlyArray<CST.Token>): number | undefined => {
  const open: Array<readonly [token: CST.Token, depth: number]> = tokens.map((token) => [token, 0])
  let seen = 0
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const [token, depth] = next
    const within = "items" in token ? token.items.flatMap(({ key, value }) => [key, value]) : []
    seen += 1 + within.length
    if (depth > limits.depth || seen > 4 * limits.values) {
      return "offset" in token ? token.offset : 0
    }
    for (const inner of token.type === "document" ? [token.value] : within) {
      if (inner !== undefined && inner !== null) {
        open.push([inner, depth + 1])
      }
    }
  }
  return undefined
}

interface State {
  readonly path: string
  readonly at: (offset: number) => number
  /** The anchors so far, for aliases. */
  readonly anchors: Map<string, Node>
  values: number
}

const lineOf = (state: State, node: unknown): number => isNode(node) && node.range ? state.at(node.range[0]) : 1

const isNode = (u: unknown): u is Node => isScalar(u) || isSeq(u) || isMap(u) || u instanceof Alias

const isNothing = (node: Scalar): boolean =>
  (node.type === undefined || node.type === Scalar.PLAIN) &&
  ["", "~", "null", "Null", "NULL"].includes(String(node.value ?? ""))

const read = (
  state: State,
  node: Document.Parsed["contents"] | unknown,
  depth: number
): Either.Either<Tree | undefined, Errors.ConfigProblem> => {
  state.values++
  const line = lineOf(state, node)
  // aliases are expanded each time, so that nested aliases exceed the limits here
  if (state.values > limits.values || depth > limits.depth) {
    return Either.left(problem(state.path, line, tooMuch))
  }
  if (node instanceof Alias) {
    const target = state.anchors.get(node.source)
    return target === undefined
      ? Either.left(problem(state.path, line, `not valid YAML: ${reasons.BAD_ALIAS}`))
      : read(state, target, depth + 1)
  }
  if ((isScalar(node) || isSeq(node) || isMap(node)) && node.anchor !== undefined) {
    state.anchors.set(node.anchor, node)
  }
  if (isScalar(node)) {
    return Either.right(isNothing(node) ? undefined : { _tag: "Text", text: String(node.value ?? ""), line })
  }
  if (isSeq(node)) {
    return Either.map(
      Either.all(node.items.map((item) => read(state, item, depth + 1))),
      (items) => ({ _tag: "List", items: items.filter((item) => item !== undefined), line })
    )
  }
  return isMap(node) ? readMap(state, node.items, line, depth) : Either.right(undefined)
}

const readMap = (
  state: State,
  pairs: ReadonlyArray<{ readonly key: unknown; readonly value: unknown }>,
  line: number,
  depth: number
): Either.Either<Tree, Errors.ConfigProblem> =>
  Either.gen(function*() {
    const own = new Map<string, number>()
    const entries = new Map<string, Entry>()
    const inherited: Array<Tree | undefined> = []
    for (const { key, value } of pairs) {
      const at = lineOf(state, key)
      const name = isScalar(key) ? String(key.value ?? "") : undefined
      if (name === undefined) {
        return yield* Either.left(
          problem(state.path, at, "a key must be text; put a value that begins with { or [ in quotes")
        )
      }
      const tree = yield* read(state, value, depth + 1)
      if (name === "<<") {
        inherited.push(...tree?._tag === "List" ? tree.items : [tree])
        continue
      }
      const before = own.get(name)
      if (before !== undefined) {
        return yield* Either.left(
          problem(state.path, at, `set twice, first in line ${before}; keep one`, name)
        )
      }
      own.set(name, at)
      if (tree !== undefined) {
        entries.set(name, { tree, line: at })
      }
    }
    for (const tree of inherited) {
      for (const [name, entry] of tree?._tag === "Map" ? tree.entries : []) {
        if (!own.has(name) && !entries.has(name)) {
          entries.set(name, entry)
        }
      }
    }
    return { _tag: "Map" as const, entries, line }
  })

/** The tree of a profile in this package. */
export const fromData = (data: Data): Tree =>
  typeof data === "string"
    ? { _tag: "Text", text: data, line: 0 }
    : isList(data)
    ? { _tag: "List", items: data.map(fromData), line: 0 }
    : {
      _tag: "Map",
      entries: new Map(Object.entries(data).map(([key, value]) => [key, { tree: fromData(value), line: 0 }])),
      line: 0
    }

/** Texts, in lists and mappings. */
export type Data = string | ReadonlyArray<Data> | { readonly [key: string]: Data }

const isList = (data: Data): data is ReadonlyArray<Data> => Array.isArray(data)
