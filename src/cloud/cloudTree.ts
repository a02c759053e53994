/** The mapping of one cloud in a file, as settings by key. */
import * as Either from "effect/Either"
import type * as Errors from "../Errors.js"
import * as Keys from "./keys.js"
import * as Problem from "./problem.js"
import * as Setting from "./Setting.js"
import * as Yaml from "./yaml.js"

/** A mapping, and where its lines come from. */
export interface CloudTree {
  readonly tree: Yaml.Tree
  readonly sourceOf: (line: number) => Setting.Source
}

/** A mapping in a file. */
export const inFile = (path: string, tree: Yaml.Tree): CloudTree => ({
  tree,
  sourceOf: (line) => ({ _tag: "File", path, line })
})

/** Reads a cloud's YAML mapping: its settings, and a problem for each value of the wrong type. */
export interface Read {
  readonly settings: ReadonlyArray<Setting.Setting>
  readonly problems: ReadonlyArray<Errors.ConfigProblem>
}

/** Nested mappings become dotted keys: `auth: { username: u }` is `auth.username`. */
export const settings = ({ sourceOf, tree }: CloudTree): Read => {
  const settings = new Map<string, Setting.Setting>()
  const problems: Array<Errors.ConfigProblem> = []
  const add = (tree: Yaml.Tree, key: string, line: number): void => {
    const source = sourceOf(line)
    const refuse = (reason: string) => void problems.push(Problem.at(source, key, reason))
    const other = settings.get(key)
    if (other !== undefined) {
      refuse(`set twice, also in ${Setting.describeSource(other.source)}; keep one`)
    } else if (tree._tag === "Map") {
      if (Keys.mayBeMapping(key)) {
        addAll(tree, `${key}.`)
      } else {
        refuse("expected one value, not a mapping")
      }
    } else if (key === "auth") {
      refuse("expected a mapping, such as { username: demo }")
    } else if (tree._tag === "Text") {
      settings.set(key, { key, value: tree.text, source })
    } else if (Keys.statusOf(key) !== "ignored") {
      const texts = tree.items.flatMap((item) => item._tag === "Text" ? [item.text] : [])
      if (texts.length === tree.items.length) {
        settings.set(key, { key, value: texts, source })
      } else {
        refuse("expected a list of texts, without lists or mappings in it")
      }
    }
  }
  const addAll = (tree: Yaml.Tree, prefix: string): void => {
    for (const [name, { line, tree: inner }] of tree._tag === "Map" ? tree.entries : []) {
      const key = `${prefix}${Keys.underscored(name)}`
      if (key !== "regions") {
        add(inner, key, line)
      }
    }
  }
  addAll(tree, "")
  return { settings: [...settings.values()], problems }
}

/** A region of a cloud, with the settings that only this region has. */
export interface Region extends Read {
  readonly name: string
  readonly source: Setting.Source
}

/** The `regions` of a cloud: names, or mappings with `name` and `values`. */
export const regions = (
  { sourceOf, tree }: CloudTree
): Either.Either<ReadonlyArray<Region>, Errors.ConfigProblem> => {
  const listed = Yaml.child(tree, "regions")
  const items = listed === undefined ? [] : listed._tag === "List" ? listed.items : [listed]
  return Either.all(items.map((item) => {
    const name = item._tag === "Text" ? item : Yaml.child(item, "name")
    const values = Yaml.child(item, "values") ?? { _tag: "Map", entries: new Map(), line: item.line }
    const source = sourceOf(item.line)
    return name?._tag === "Text" && values._tag === "Map"
      ? Either.right({ name: name.text, source, ...settings({ tree: values, sourceOf }) })
      : Either.left(
        Problem.at(source, "regions", "expected the name of a region, or a mapping with name and values")
      )
  }))
}
