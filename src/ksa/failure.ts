/** What went wrong, in two lines: what, and what to do. And the exit code, which is documented. */
import * as HelpDoc from "@effect/cli/HelpDoc"
import * as ValidationError from "@effect/cli/ValidationError"
import * as Cause from "effect/Cause"
import * as Data from "effect/Data"
import * as Option from "effect/Option"
import { hasProperty } from "effect/Predicate"

/** A service has answered a request with a refusal, which was printed: that is what was asked for. */
export class Refused extends Data.TaggedError("Refused")<{ readonly status: number }> {
  override get message(): string {
    return `the service answered ${this.status}`
  }
}

/** `doctor` found something. */
export class FoundProblems extends Data.TaggedError("FoundProblems")<{ readonly found: number }> {
  override get message(): string {
    return this.found === 1 ? "there is a problem with this cloud" : `there are ${this.found} problems with this cloud`
  }
}

interface Failure {
  readonly _tag: string
  readonly message: string
}

const isFailure = (u: unknown): u is Failure =>
  hasProperty(u, "_tag") && typeof u._tag === "string" && hasProperty(u, "message") && typeof u.message === "string"

/**
 * - 0: all is well
 * - 1: something else went wrong
 * - 2: the command line or the configuration is wrong
 * - 3: Keystone or a service does not let us in
 * - 4: there is no such service, version or microversion
 * - 5: a service refused the request
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
    : { code: 1, lines: twoLines(`this is a fault of ksa: ${Cause.pretty(cause)}`, otherAdvice) }
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
  InvalidConfig: "ksa config explain shows each value of a cloud and where it comes from",
  InvalidOptions: "ksa config explain shows each value and where it comes from; ksa --help all options",
  InvalidVersion: "versions look like 2.90, or latest",
  SystemError: "is the file there, and may it be read?",
  Unauthorized: "ksa config explain shows who is tried; ksa doctor looks for what is wrong",
  MissingAuthMethods: "use auth_type v3multifactor with auth_methods v3password,v3totp",
  Forbidden: "ksa token show prints the roles and the project that you have",
  EndpointNotFound: "ksa catalog shows what there is; --os-region-name and --os-interface choose",
  DiscoveryFailed: "ksa versions shows what lives there; ksa endpoint SERVICE --explain says why",
  MicroversionNotSupported: "ksa versions shows the microversions of each service",
  Refused: "--include shows its headers; --debug the request",
  TransportError: "ksa doctor looks for what is wrong with the connection",
  TimedOut: "--timeout gives it more seconds",
  RedirectRefused: "the configured URL should be where it leads; ksa doctor looks for more",
  FoundProblems: "they are marked \"problem\" above"
}
