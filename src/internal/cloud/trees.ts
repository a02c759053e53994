/** From trees, as files have them, to settings by key. */
import * as Either from "effect/Either"
import type * as Errors from "../../Errors.js"
import type * as Setting from "../../Setting.js"
import type * as Yaml from "./yaml.js"

export const entry = (tree: Yaml.Tree | undefined, key: string): Yaml.Tree | undefined =>
  tree?._tag === "Map" ? tree.entries.get(key)?.tree : undefined

export const underscored = (key: string): string => key.replaceAll("-", "_")

/** What is in one mapping, and in those within it: `auth: { username: u }` is `auth.username`. */
export const settings = (
  tree: Yaml.Tree,
  sourceOf: (line: number) => Setting.Source,
  prefix = ""
): ReadonlyArray<Setting.Setting> =>
  tree._tag === "Map"
    ? [...tree.entries].flatMap(([name, { line, tree }]) => {
      const key = `${prefix}${underscored(name)}`
      switch (tree._tag) {
        case "Text":
          return [{ key, value: tree.text, source: sourceOf(line) }]
        case "List":
          return [{
            key,
            value: tree.items.flatMap((item) => item._tag === "Text" ? [item.text] : []),
            source: sourceOf(line)
          }]
        case "Map":
          return settings(tree, sourceOf, `${key}.`)
      }
    })
    : []

/** A region of a cloud: its name, and what is said for it alone. */
export interface Region {
  readonly name: string
  readonly line: number
  readonly values: Yaml.Tree | undefined
}

/** `regions` of a cloud: texts, or mappings with `name` and `values`. */
export const regions = (
  path: string,
  cloud: Yaml.Tree
): Either.Either<ReadonlyArray<Region>, Errors.ConfigProblem> => {
  const listed = entry(cloud, "regions")
  if (listed === undefined) {
    return Either.right([])
  }
  const items = listed._tag === "List" ? listed.items : [listed]
  return Either.all(items.map((item) => {
    const name = item._tag === "Text" ? item : entry(item, "name")
    return name?._tag === "Text"
      ? Either.right({ name: name.text, line: item.line, values: entry(item, "values") })
      : Either.left({
        key: "regions",
        where: `${path}, line ${item.line}`,
        reason: "a region is its name, or a mapping with name and values"
      })
  }))
}
