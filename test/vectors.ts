/**
 * Reads the behaviour vectors (see vectors/README.md) and runs a function against those of one suite.
 */
import * as Either from "effect/Either"
import { hasProperty, isRecord } from "effect/Predicate"
import * as Schema from "effect/Schema"
import * as assert from "node:assert/strict"
import { readFileSync } from "node:fs"

const Flag = Schema.optionalWith(Schema.Boolean, { default: () => false })

/** One case. `input` and `expected` have their references and specials resolved. */
export const Case = Schema.Struct({
  name: Schema.String,
  input: Schema.Record({ key: Schema.String, value: Schema.Unknown }),
  expected: Schema.optional(Schema.Unknown),
  error: Schema.optional(Schema.Struct({ kind: Schema.String, message: Schema.String })),
  quirk: Flag,
  pythonism: Flag,
  security: Flag,
  ref: Schema.optionalWith(Schema.Array(Schema.String), { default: () => [] }),
  note: Schema.optional(Schema.String)
})
export type Case = typeof Case.Type

const Suite = Schema.Struct({
  suite: Schema.String,
  fixtures: Schema.optionalWith(Schema.Record({ key: Schema.String, value: Schema.Unknown }), { default: () => ({}) }),
  cases: Schema.Array(Schema.Unknown)
})

/** What `{"$special": name}` stands for, if a suite does not say otherwise. */
export const defaultSpecial = (name: string): unknown => name === "LATEST" ? "latest" : { $special: name }

const resolve = (
  value: unknown,
  fixtures: Readonly<Record<string, unknown>>,
  special: (name: string) => unknown
): unknown => {
  if (Array.isArray(value)) {
    return value.map((item) => resolve(item, fixtures, special))
  }
  if (!isRecord(value)) {
    return value
  }
  if (typeof value.$ref === "string") {
    assert.ok(hasProperty(fixtures, value.$ref), `no fixture ${value.$ref}`)
    return resolve(fixtures[value.$ref], fixtures, special)
  }
  return typeof value.$special === "string"
    ? special(value.$special)
    : Object.fromEntries(Object.entries(value).map(([key, item]) => [key, resolve(item, fixtures, special)]))
}

/** The cases of one suite. */
export const load = (
  suite: string,
  options: { readonly special?: (name: string) => unknown } = {}
): ReadonlyArray<Case> => {
  const text = readFileSync(new URL(`vectors/${suite}.json`, import.meta.url), "utf8")
  const { cases, fixtures } = Schema.decodeUnknownSync(Schema.parseJson(Suite))(text)
  return cases.map((one) => Schema.decodeUnknownSync(Case)(resolve(one, fixtures, options.special ?? defaultSpecial)))
}

/** Not marked: what keystoneauth does is what we do. */
export const isPlain = (one: Case): boolean => !(one.quirk || one.pythonism || one.security)

/** What a case says, or what we did: JSON, or a failure (of any kind). */
export type Outcome = Either.Either<unknown, unknown>

const plainJson = (value: unknown): unknown => value === undefined ? null : JSON.parse(JSON.stringify(value))

const same = (one: Case, outcome: Outcome): boolean => {
  if (Either.isLeft(outcome) || one.error !== undefined) {
    return Either.isLeft(outcome) && one.error !== undefined
  }
  try {
    assert.deepStrictEqual(plainJson(outcome.right), plainJson(one.expected))
    return true
  } catch {
    return false
  }
}

const showOutcome = (outcome: Outcome): string =>
  Either.match(outcome, {
    onLeft: (error) => `failure: ${String(error)}`,
    onRight: (value) => JSON.stringify(value) ?? "undefined"
  })

/**
 * Runs `actual` on the cases, and fails with a list of all those that are not marked and come out differently. `except`
 * holds the names of cases that cannot be put to us, or differ on purpose: they must come out differently.
 * Returns the marked cases with what we did, for the caller to judge, after printing the counts.
 */
export const check = (
  title: string,
  cases: ReadonlyArray<Case>,
  actual: (input: Case["input"], one: Case) => Outcome,
  except: ReadonlyArray<string> = []
): ReadonlyArray<{ readonly case: Case; readonly outcome: Outcome; readonly same: boolean }> => {
  const results = cases.map((one) => {
    const outcome = actual(one.input, one)
    return { case: one, outcome, same: same(one, outcome) }
  })
  const plain = results.filter((result) => isPlain(result.case) && !except.includes(result.case.name))
  const passed = plain.filter((result) => result.same).length
  const marked = results.filter((result) => !isPlain(result.case))
  const markedSame = marked.filter((result) => result.same).length
  console.log(
    `${title}: ${results.length} run, ${passed} of ${plain.length} plain passed, ` +
      `${except.length} excepted, marked: ${markedSame} same, ${marked.length - markedSame} different`
  )
  assert.ok(plain.length > 0, `${title}: no case was run`)
  for (const name of except) {
    const excepted = results.find((result) => result.case.name === name)
    assert.ok(excepted !== undefined, `${title}: there is no case ${name}`)
    assert.ok(!excepted.same, `${title}: ${name} need not be excepted`)
  }
  const failures = plain.filter((result) => !result.same).map((result) => {
    const expected = result.case.error === undefined
      ? JSON.stringify(result.case.expected)
      : `failure: ${result.case.error.kind}`
    return `${result.case.name}: expected ${expected}, got ${showOutcome(result.outcome)}`
  })
  assert.deepStrictEqual(failures, [], title)
  return marked
}
