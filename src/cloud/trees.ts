/** From trees, as files have them, to settings by key. */
import * as Either from "effect/Either"
import type * as Errors from "../Errors.js"
import * as Keys from "./keys.js"
import * as Setting from "./Setting.js"
import type * as Yaml from "./yaml.js"

export const entry = (tree: Yaml.Tree | undefined, key: string): Yaml.Tree | undefined =>
  tree?._tag === "Map" ? tree.entries.get(key)?.tree : undefined

/** Where a line of a tree is. */
export type SourceOf = (line: number) => Setting.Source

/** Settings, and what has a form that nobody can read. */
export interface Read {
  readonly settings: ReadonlyArray<Setting.Setting>
  readonly problems: ReadonlyArray<Errors.ConfigProblem>
}

/** What is in a cloud's mapping, and in those within it: `auth: { username: u }` is `auth.username`. */
export const settings = (cloud: Yaml.Tree, sourceOf: SourceOf): Read => {
  const settings = new Map<string, Setting.Setting>()
  const problems: Array<Errors.ConfigProblem> = []
  const add = (tree: Yaml.Tree, key: string, line: number): void => {
    const source = sourceOf(line)
    const refuse = (reason: string) => void problems.push({ key, where: Setting.describeSource(source), reason })
    const other = settings.get(key)
    if (other !== undefined) {
      refuse(`it is there twice, also in ${Setting.describeSource(other.source)}; keep one`)
    } else if (tree._tag === "Map") {
      if (Keys.isMapping(key)) {
        within(tree, `${key}.`)
      } else {
        refuse("one value is wanted here, not a mapping")
      }
    } else if (key === "auth") {
      refuse("a mapping is wanted here, such as { username: demo }")
    } else if (tree._tag === "Text") {
      settings.set(key, { key, value: tree.text, source })
    } else if (Keys.kindOf(key) !== "other") {
      const texts = tree.items.flatMap((item) => item._tag === "Text" ? [item.text] : [])
      if (texts.length === tree.items.length) {
        settings.set(key, { key, value: texts, source })
      } else {
        refuse("texts are wanted in this list, not lists or mappings")
      }
    }
  }
  const within = (tree: Yaml.Tree, prefix: string): void => {
    for (const [name, { line, tree: inner }] of tree._tag === "Map" ? tree.entries : []) {
      const key = `${prefix}${Keys.underscored(name)}`
      if (key !== "regions") {
        add(inner, key, line)
      }
    }
  }
  within(cloud, "")
  return { settings: [...settings.values()], problems }
}

/** A region of a cloud: its name, and what is said for it alone. */
export interface Region {
  readonly name: string
  readonly source: Setting.Source
  readonly values: Read
}

/** `regions` of a cloud: texts, or mappings with `name` and `values`. */
export const regions = (
  cloud: Yaml.Tree,
  sourceOf: SourceOf
): Either.Either<ReadonlyArray<Region>, Errors.ConfigProblem> => {
  const listed = entry(cloud, "regions")
  const items = listed === undefined ? [] : listed._tag === "List" ? listed.items : [listed]
  return Either.all(items.map((item) => {
    const name = item._tag === "Text" ? item : entry(item, "name")
    const values = entry(item, "values") ?? { _tag: "Map", entries: new Map(), line: item.line }
    const source = sourceOf(item.line)
    return name?._tag === "Text" && values._tag === "Map"
      ? Either.right({ name: name.text, source, values: settings(values, sourceOf) })
      : Either.left({
        key: "regions",
        where: Setting.describeSource(source),
        reason: "a region is its name, or a mapping with name and values"
      })
  }))
}
