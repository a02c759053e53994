/**
 * Reads the behaviour vectors (see vectors/README.md) and runs a function against those of one suite.
 */
import * as Either from "effect/Either"
import { hasProperty, isRecord } from "effect/Predicate"
import * as Schema from "effect/Schema"
import * as assert from "node:assert/strict"
import { readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"

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

/** The values of `{"$special": name}`, unless a suite has its own. */
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
  return loadFile(fileURLToPath(new URL(`vectors/${suite}.json`, import.meta.url)), options)
}

/** The cases of a suite, from its file. */
export const loadFile = (
  path: string,
  options: { readonly special?: (name: string) => unknown } = {}
): ReadonlyArray<Case> => {
  const { cases, fixtures } = Schema.decodeUnknownSync(Schema.parseJson(Suite))(readFileSync(path, "utf8"))
  return cases.map((one) => Schema.decodeUnknownSync(Case)(resolve(one, fixtures, options.special ?? defaultSpecial)))
}

/** Whether a case is not marked: we do as keystoneauth does. */
export const isPlain = (one: Case): boolean => !(one.quirk || one.pythonism || one.security)

/** An expected or actual result: JSON, or a failure of any kind. */
export type Outcome = Either.Either<unknown, unknown>

/**
 * An answer that differs from keystoneauth's by a decision. The rule says which, and is documented where it is
 * applied.
 */
export class Decided {
  constructor(readonly rule: string) {}
}

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

/** A case with our result, and whether it equals keystoneauth's or differs by a decision. */
export interface Result {
  readonly case: Case
  readonly outcome: Outcome
  readonly same: boolean
  readonly rule: string | undefined
}

export const judge = (one: Case, outcome: Outcome): Result =>
  Either.isRight(outcome) && outcome.right instanceof Decided
    ? { case: one, outcome, same: false, rule: outcome.right.rule }
    : { case: one, outcome, same: same(one, outcome), rule: undefined }

/** As keystoneauth does, or different by a decision. */
export const passed = (result: Result): boolean => result.same || result.rule !== undefined

/** keystoneauth's result and ours, in one line each. */
export const describeResult = ({ case: one, outcome }: Result): string =>
  [
    one.name,
    `  input:    ${JSON.stringify(one.input)}`,
    `  expected: ${
      one.error === undefined ? JSON.stringify(one.expected) : `failure: ${one.error.kind}: ${one.error.message}`
    }`,
    `  got:      ${showOutcome(outcome)}`
  ].join("\n")

/** The marked cases of a suite with our results, for tests to compare with the register. */
export const marked = (
  suite: string,
  answer: (input: Case["input"], one: Case) => Outcome
): ReadonlyArray<Result> => {
  const cases = load(suite).filter((one) => !isPlain(one))
  assert.ok(cases.length > 0, `${suite}: no case is marked`)
  return cases.map((one) => judge(one, answer(one.input, one)))
}

/**
 * Fails with a list of all cases of a suite that are not marked and come out differently. `npm run conformance` prints
 * what this asserts.
 */
export const check = (
  title: string,
  cases: ReadonlyArray<Case>,
  answer: (input: Case["input"], one: Case) => Outcome
): ReadonlyArray<Result> => {
  const results = cases.map((one) => judge(one, answer(one.input, one)))
  const plain = results.filter((result) => isPlain(result.case))
  assert.ok(plain.length > 0, `${title}: no case was run`)
  assert.deepStrictEqual(plain.filter((result) => !passed(result)).map(describeResult), [], title)
  return results.filter((result) => !isPlain(result.case))
}
