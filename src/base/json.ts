/** JSON from others. */
import * as Option from "effect/Option"

/** `None` if the text is not JSON. The parser's error is dropped: it quotes the text, which may hold a secret. */
export const parse: (text: string) => Option.Option<unknown> = Option.liftThrowable((text: string): unknown =>
  JSON.parse(text)
)

/** As `parse`, with `undefined` for a text that is not JSON. */
export const parseOrUndefined = (text: string): unknown => Option.getOrUndefined(parse(text))
