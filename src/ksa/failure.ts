/** Reports an error in two lines, what happened and what to do, with an exit code. */
import * as HelpDoc from "@effect/cli/HelpDoc"
import * as ValidationError from "@effect/cli/ValidationError"
import * as Cause from "effect/Cause"
import * as Data from "effect/Data"
import * as Option from "effect/Option"
import { hasProperty } from "effect/Predicate"

/** A service answered `ksa request` with an error status. The answer was printed. */
export class Refused extends Data.TaggedError("Refused")<{ readonly status: number }> {
  override get message(): string {
    return `the service answered ${this.status}`
  }
}

/** `ksa doctor` found problems. */
export class FoundProblems extends Data.TaggedError("FoundProblems")<{ readonly found: number }> {
  override get message(): string {
    return this.found === 1 ? "found 1 problem" : `found ${this.found} problems`
  }
}

interface Failure {
  readonly _tag: string
  readonly message: string
}

const isFailure = (u: unknown): u is Failure =>
  hasProperty(u, "_tag") && typeof u._tag === "string" && hasProperty(u, "message") && typeof u.message === "string"

/**
 * The exit code and the lines to print:
 *
 * - 0: success
 * - 1: another error
 * - 2: the command line or the configuration is wrong
 * - 3: Keystone or a service denied access
 * - 4: the service, version or microversion does not exist
 * - 5: a service answered with an error
 * - 6: no answer
 * - 7: `doctor` found a problem
 * - 130: interrupted
 */
export const report = (
  cause: Cause.Cause<unknown>
): { readonly code: number; readonly lines: ReadonlyArray<string> } => {
  if (Cause.isInterruptedOnly(cause)) {
    return { code: 130, lines: [] }
  }
  const error = Option.getOrUndefined(Cause.failureOption(cause))
  if (ValidationError.isValidationError(error)) {
    return { code: 2, lines: twoLines(plain(error.error), "ksa --help shows all commands and options") }
  }
  return isFailure(error)
    ? { code: exitCode(error), lines: twoLines(error.message, advice[error._tag] ?? otherAdvice) }
    : { code: 1, lines: twoLines(`internal error of ksa: ${Cause.pretty(cause)}`, otherAdvice) }
}

const twoLines = (what: string, advice: string): ReadonlyArray<string> => [
  `error: ${what.split("\n").map((line) => line.trim()).filter((line) => line !== "").join(" ")}`,
  `       ${advice}`
]

const plain = (doc: HelpDoc.HelpDoc): string => HelpDoc.toAnsiText(doc).replace(/\u001b\[[0-9;]*m/g, "").trim()

const exitCode = (error: Failure): number => codes[error._tag] ?? ("status" in error ? 5 : 1)

const codes: Readonly<Record<string, number>> = {
  InvalidConfig: 2,
  InvalidOptions: 2,
  InvalidVersion: 2,
  ConfigError: 2,
  SystemError: 2,
  BadArgument: 2,
  Unauthorized: 3,
  MissingAuthMethods: 3,
  Forbidden: 3,
  EndpointNotFound: 4,
  DiscoveryFailed: 4,
  MicroversionNotSupported: 4,
  TransportError: 6,
  TimedOut: 6,
  RedirectRefused: 6,
  FoundProblems: 7
}

const otherAdvice = "--debug shows each request"

const advice: Readonly<Record<string, string>> = {
  InvalidConfig: "ksa config explain shows each value of a cloud with its source",
  InvalidOptions: "ksa config explain shows each value with its source; ksa --help shows all options",
  InvalidVersion: "a microversion is written like 2.90, or latest",
  SystemError: "check that the file exists and can be read",
  Unauthorized: "ksa config explain shows the user and project; ksa doctor looks for problems",
  MissingAuthMethods: "use auth_type v3multifactor with auth_methods v3password,v3totp",
  Forbidden: "ksa token show prints the roles and the project of the token",
  EndpointNotFound: "ksa catalog lists the endpoints; choose with --os-region-name and --os-interface",
  DiscoveryFailed: "ksa versions lists the versions; ksa endpoint SERVICE --explain shows the decision",
  MicroversionNotSupported: "ksa versions lists the microversions of each service",
  Refused: "--include shows the headers of the answer; --debug shows the request",
  TransportError: "ksa doctor checks the connection",
  TimedOut: "--timeout sets the number of seconds to wait",
  RedirectRefused: "configure the URL that it redirects to; ksa doctor looks for other problems",
  FoundProblems: "see the lines marked \"problem\" above"
}
