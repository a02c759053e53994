/** Reading JSON that may not be JSON. */
import * as Option from "effect/Option"

/** The value of a JSON text; `None` if it is not JSON, or nested too deeply to be parsed. */
export const parse: (text: string) => Option.Option<unknown> = Option.liftThrowable((text: string): unknown =>
  JSON.parse(text)
)

/** As `parse`, with `undefined` for a text that is not JSON. */
export const parseOrUndefined = (text: string): unknown => Option.getOrUndefined(parse(text))
