/** Problems in a cloud's configuration, and the error that reports them. */
import * as Errors from "../Errors.js"
import * as Setting from "./Setting.js"

/** A problem with a key at a place. */
export const at = (source: Setting.Source, key: string, reason: string): Errors.ConfigProblem => ({
  key,
  where: Setting.describeSource(source),
  reason
})

/** A problem with the value of a setting. */
export const of = ({ key, source }: Setting.Setting, reason: string): Errors.ConfigProblem => at(source, key, reason)

/** The error of these problems; `cloud` is `undefined` if they concern no cloud in particular. */
export const invalidConfig = (
  cloud: string | undefined,
  ...problems: ReadonlyArray<Errors.ConfigProblem>
): Errors.InvalidConfig => new Errors.InvalidConfig({ cloud, problems })
