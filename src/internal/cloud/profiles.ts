/** What vendors say of their clouds: in `clouds-public.yaml`, in this package, or at an address of theirs. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Errors from "../../Errors.js"
import * as Setting from "../../Setting.js"
import type * as Files from "./files.js"
import * as Trees from "./trees.js"

export interface Profile {
  readonly settings: Setting.Settings
}

const none: Profile = { settings: Setting.fromIterable([]) }

/** The profile that a cloud names; nothing if it names none. */
export const settings = (
  named: Setting.Setting | undefined,
  file: Option.Option<Files.File>
): Effect.Effect<Profile, Errors.InvalidConfig> => {
  if (named === undefined || typeof named.value !== "string") {
    return Effect.succeed(none)
  }
  const name = named.value
  const tree = Option.isSome(file) ? Trees.entry(Trees.entry(file.value.tree, "public-clouds"), name) : undefined
  return tree === undefined
    ? Effect.fail(
      new Errors.InvalidConfig({
        cloud: undefined,
        problems: [{ key: "profile", where: Setting.describeSource(named.source), reason: `nobody knows ${name}` }]
      })
    )
    : Effect.succeed({
      settings: Setting.fromIterable(
        Trees.settings(tree, (line) => ({ _tag: "File", path: Option.getOrThrow(file).path, line }))
      )
    })
}
