/** Controls what an object shows when it is printed by `String`, `JSON.stringify`, `inspect` or a logger. */
import * as Inspectable from "effect/Inspectable"

/** A prototype whose objects print as `show` says. A spread copy has another prototype, and prints its fields. */
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
