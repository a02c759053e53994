/** What an object shows of itself, however it is printed: by `String`, `JSON.stringify`, `inspect`, or a logger. */
import * as Inspectable from "effect/Inspectable"

/** A prototype whose objects show this and nothing else. Copies of them show what they hold: they have another prototype. */
export const prototype = <A extends object>(show: (value: A) => unknown, parent: object | null): object => {
  const print = function(this: A): unknown {
    return show(this)
  }
  return Object.create(parent, {
    toJSON: { value: print },
    [Inspectable.NodeInspectSymbol]: { value: print },
    [Inspectable.symbolRedactable]: { value: print },
    toString: {
      value: function(this: A): string {
        return Inspectable.format(show(this))
      }
    }
  })
}
