/**
 * A configured value that knows where it comes from: a line of a file, a variable, an argument.
 *
 * @since 0.1.0
 */
import * as Redacted from "effect/Redacted"
import type * as ConfigValue from "../base/configValue.js"
import * as Material from "../safety/material.js"
import * as Url from "../safety/url.js"

/**
 * Where a value comes from.
 *
 * - `File`: a line of a file, counted from 1
 * - `Variable`: of the environment
 * - `Option`: of the command line
 * - `Argument`: of the call that asked for the configuration
 * - `Profile`: a vendor's profile, which the configuration names
 * - `Prompt`: somebody who was asked
 * - `Default`: nobody said anything
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
 * Text, as it was written: a number, a version and "false" mean what their key says, and are never guessed.
 *
 * @since 0.1.0
 * @category models
 */
export type Value = ConfigValue.Value

/**
 * @since 0.1.0
 * @category models
 */
export interface Setting {
  /** `region_name`, `auth.username`, `rate_limit.compute`: with `_` for `-`. */
  readonly key: string
  readonly value: Value
  readonly source: Source
}

/**
 * A setting as it may be shown: the value is `Redacted` unless it is known not to be secret. A path of a key is shown;
 * its text, and a URL that may have a password in it, are not.
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
 * The setting as it may be shown.
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
 * The setting with its value as text again, to be read.
 *
 * @since 0.1.0
 * @category conversions
 */
export const reveal = (shown: Shown): Setting => ({
  ...shown,
  value: Redacted.isRedacted(shown.value) ? Redacted.value(shown.value) : shown.value
})

/**
 * A source in words: `/etc/openstack/clouds.yaml, line 12`, `variable OS_AUTH_URL`.
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
