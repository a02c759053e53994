/**
 * Reading an object of which everything may be missing: by hand, since building a Schema that says the same, and using it for
 * the first time, is felt where a program logs in once and ends.
 */
import { isBoolean, isRecord, isString } from "effect/Predicate"

/** Servers leave out, or send null for, anything that they have not got. What is there and does not fit is noted by its place. */
export class Fields {
  constructor(
    readonly raw: Readonly<Record<string, unknown>>,
    readonly place: string,
    readonly misfits: Array<string>
  ) {}

  text(key: string): string | undefined {
    return this.#given(key, isString)
  }

  flag(key: string): boolean | undefined {
    return this.#given(key, isBoolean)
  }

  /** Read where it is used: one odd value in it must not cost the rest. */
  unread(key: string): unknown {
    return this.raw[key]
  }

  record(key: string): Readonly<Record<string, unknown>> | undefined {
    return this.#given(key, isRecord)
  }

  struct<A>(key: string, read: (fields: Fields) => A): A | undefined {
    const raw = this.record(key)
    return raw === undefined ? undefined : read(this.#inner(raw, key))
  }

  texts(key: string): ReadonlyArray<string> | undefined {
    return this.#items(key, (list, index) => list.#fitting(index, isString))
  }

  structs<A>(key: string, read: (fields: Fields) => A): ReadonlyArray<A> | undefined {
    return this.#items(key, (list, index) => {
      const raw = list.#fitting(index, isRecord)
      return raw === undefined ? undefined : read(list.#inner(raw, index))
    })
  }

  #items<A>(key: string, item: (list: Fields, index: string) => A | undefined): ReadonlyArray<A> | undefined {
    const raw = this.#given<ReadonlyArray<unknown>>(key, Array.isArray)
    const list = this.#inner({ ...raw }, key)
    return raw?.map((_, index) => item(list, String(index))).filter((item) => item !== undefined)
  }

  #inner(raw: Readonly<Record<string, unknown>>, key: string): Fields {
    return new Fields(raw, `${this.place}.${key}`, this.misfits)
  }

  #given<A>(key: string, fits: (u: unknown) => u is A): A | undefined {
    const u = this.raw[key]
    return u === undefined || u === null ? undefined : this.#fitting(key, fits)
  }

  #fitting<A>(key: string, fits: (u: unknown) => u is A): A | undefined {
    const u = this.raw[key]
    if (fits(u)) {
      return u
    }
    this.misfits.push(`${this.place}.${key}`)
    return undefined
  }
}
