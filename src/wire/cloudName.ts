/** Names of clouds in spans and metrics. */
import * as Option from "effect/Option"
import * as Memo from "../base/memo.js"
import type * as AuthPlugin from "../identity/AuthPlugin.js"

/** Host and port of a URL, which is the name of a cloud in metrics. */
export const of = (url: string): string => URL.canParse(url) ? new URL(url).host : "unknown"

/** The cloud that a plugin logs in to. */
export const ofPlugin = Memo.byObject(({ authUrl }: AuthPlugin.Service): string | undefined =>
  Option.getOrUndefined(Option.map(authUrl, of))
)
