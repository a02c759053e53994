/** The cloud that a request is about, for spans and metrics. */
import * as Option from "effect/Option"
import * as Memo from "../base/memo.js"
import type * as AuthPlugin from "../identity/AuthPlugin.js"

/** The host and port of a URL, by which metrics name a cloud. */
export const of = (url: string): string => URL.canParse(url) ? new URL(url).host : "unknown"

/** The cloud that a plugin logs in to. */
export const ofPlugin = Memo.byObject(({ authUrl }: AuthPlugin.Service): string | undefined =>
  Option.getOrUndefined(Option.map(authUrl, of))
)
