/**
 * A configured value with its source: a line of a file, a variable, an argument.
 *
 * @since 0.1.0
 */
import * as Redacted from "effect/Redacted"
import type * as ConfigValue from "../base/configValue.js"
import * as Material from "../safety/material.js"
import * as Url from "../safety/url.js"

/**
 * The source of a value.
 *
 * - `File`: a line of a file; the first one is 1
 * - `Variable`: an environment variable
 * - `Option`: an option of the command line
 * - `Argument`: an argument of the function that reads the configuration
 * - `Profile`: a vendor's profile, which the configuration names
 * - `Prompt`: the answer to a question at the terminal
 * - `Default`: the default, since the value is not set
 *
 * @since 0.1.0
 * @category models
 */
export type Source =
  | { readonly _tag: "File"; readonly path: string; readonly line: number }
  | { readonly _tag: "Variable"; readonly name: string }
  | { readonly _tag: "Option"; readonly name: string }
  | { readonly _tag: "Argument"; readonly name: string }
  | { readonly _tag: "Profile"; readonly name: string }
  | { readonly _tag: "Prompt"; readonly question: string }
  | { readonly _tag: "Default" }

/**
 * A value as text, as it was written. The key decides whether it is a number, a version or a flag.
 *
 * @since 0.1.0
 * @category models
 */
export type Value = ConfigValue.Value

/**
 * A value with its key and source.
 *
 * @since 0.1.0
 * @category models
 */
export interface Setting {
  /** The key with `_` for `-`: `region_name`, `auth.username`, `rate_limit.compute`. */
  readonly key: string
  readonly value: Value
  readonly source: Source
}

/**
 * A setting that can be printed: the value is `Redacted` if it may be secret. Of certificates and keys, paths are
 * shown, but not text; a URL that may contain a password is not shown.
 *
 * @since 0.1.0
 * @category models
 */
export interface Shown extends Omit<Setting, "value"> {
  readonly value: Value | Redacted.Redacted<Value>
}

/**
 * Settings by key.
 *
 * @since 0.1.0
 * @category models
 */
export type Settings = ReadonlyMap<string, Setting>

/**
 * Hides the value of a setting if it may be secret.
 *
 * @since 0.1.0
 * @category conversions
 */
export const show = (setting: Setting, isPublic: boolean): Shown => ({
  ...setting,
  value: isPublic ? visible(setting.key, setting.value) : Redacted.make(setting.value)
})

const visible = (key: string, value: Value): Shown["value"] =>
  typeof value !== "string"
    ? value.some((text) => Redacted.isRedacted(Url.visible(text))) ? Redacted.make(value) : value
    : Material.isKey(key)
    ? Material.hide(value)
    : Url.visible(value)

/**
 * Returns a setting with its plain value.
 *
 * @since 0.1.0
 * @category conversions
 */
export const reveal = (shown: Shown): Setting => ({
  ...shown,
  value: Redacted.isRedacted(shown.value) ? Redacted.value(shown.value) : shown.value
})

/**
 * Describes a source: `/etc/openstack/clouds.yaml, line 12`, `variable OS_AUTH_URL`.
 *
 * @since 0.1.0
 * @category conversions
 */
export const describeSource = (source: Source): string => {
  switch (source._tag) {
    case "File":
      return `${source.path}, line ${source.line}`
    case "Variable":
      return `variable ${source.name}`
    case "Option":
      return `option ${source.name}`
    case "Argument":
      return `argument ${source.name}`
    case "Profile":
      return `profile ${source.name}`
    case "Prompt":
      return `answer to "${source.question.trim()}"`
    case "Default":
      return "default"
  }
}
