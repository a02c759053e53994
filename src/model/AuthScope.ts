/**
 * What a token is for: a project, a domain, the whole system, a trust, or nothing yet.
 *
 * @since 0.1.0
 */
import * as Either from "effect/Either"
import { InvalidOptions } from "../Errors.js"

/**
 * The options of every v3 plugin that say what the token is for. At most one of project, domain, system, trust and
 * `unscoped`; none of them means the user's default project, if Keystone knows one. Ids win over names.
 *
 * @since 0.1.0
 * @category models
 */
export interface AuthScope {
  readonly projectId?: string | undefined
  /** Needs the domain that the project is in. */
  readonly projectName?: string | undefined
  readonly projectDomainId?: string | undefined
  readonly projectDomainName?: string | undefined
  readonly domainId?: string | undefined
  readonly domainName?: string | undefined
  readonly systemScope?: "all" | undefined
  readonly trustId?: string | undefined
  /** A token for nothing yet, even if the user has a default project. */
  readonly unscoped?: boolean | undefined
}

/**
 * The names of the options above, in the order in which they are told.
 *
 * @since 0.1.0
 * @category models
 */
export const optionNames = [
  "projectId",
  "projectName",
  "projectDomainId",
  "projectDomainName",
  "domainId",
  "domainName",
  "systemScope",
  "trustId",
  "unscoped"
] as const

/**
 * The `scope` of a v3 login; `undefined` leaves it to Keystone. Fails with `InvalidOptions` where the options contradict
 * each other or a project's domain is missing. `module` is who is to be told.
 *
 * @since 0.1.0
 * @category conversions
 */
export const toBody = (given: AuthScope, module: string): Either.Either<unknown, InvalidOptions> => {
  const scope = pick(given)
  const chosen = [
    scope.projectId !== undefined ? "projectId" : scope.projectName !== undefined ? "projectName" : undefined,
    scope.domainId !== undefined ? "domainId" : scope.domainName !== undefined ? "domainName" : undefined,
    scope.systemScope !== undefined ? "systemScope" : undefined,
    scope.trustId !== undefined ? "trustId" : undefined,
    scope.unscoped === true ? "unscoped" : undefined
  ].filter((name) => name !== undefined)
  if (chosen.length > 1) {
    return Either.left(
      new InvalidOptions({
        module,
        option: chosen.join(", "),
        reason: "these exclude each other: a token is for one project, domain, system or trust"
      })
    )
  }
  switch (chosen[0]) {
    case "projectId":
      return Either.right({ project: { id: scope.projectId } })
    case "projectName":
      return Either.map(
        domainOf(scope.projectDomainId, scope.projectDomainName, module, "projectName", "projectDomain"),
        (domain) => ({ project: { name: scope.projectName, domain } })
      )
    case "domainId":
      return Either.right({ domain: { id: scope.domainId } })
    case "domainName":
      return Either.right({ domain: { name: scope.domainName } })
    case "systemScope":
      return scope.systemScope === "all"
        ? Either.right({ system: { all: true } })
        : Either.left(new InvalidOptions({ module, option: "systemScope", reason: "it can only be \"all\"" }))
    case "trustId":
      return Either.right({ "OS-TRUST:trust": { id: scope.trustId } })
    case "unscoped":
      return Either.right("unscoped")
    default:
      return Either.right(undefined)
  }
}

/**
 * The options of a scope that are given, of an object that may have others. An empty text is not: it is what an unset variable of
 * the environment looks like.
 *
 * @since 0.1.0
 * @category conversions
 */
export const pick = (options: AuthScope): AuthScope =>
  Object.fromEntries(
    optionNames.flatMap((name) => {
      const value = options[name]
      return value === undefined || value === "" || value === false ? [] : [[name, value]]
    })
  )

/**
 * The domain that a name is in, by id or by name.
 *
 * @since 0.1.0
 * @category conversions
 */
export const domainOf = (
  id: string | undefined,
  name: string | undefined,
  module: string,
  of: string,
  option: string
): Either.Either<{ readonly id: string } | { readonly name: string }, InvalidOptions> =>
  id !== undefined && id !== ""
    ? Either.right({ id })
    : name !== undefined && name !== ""
    ? Either.right({ name })
    : Either.left(
      new InvalidOptions({
        module,
        option: `${option}Id, ${option}Name`,
        reason: `one of them is needed with ${of}, since names are unique only within a domain`
      })
    )

/**
 * What the token is for, in words: `project "demo" of domain "Default"`.
 *
 * @since 0.1.0
 * @category conversions
 */
export const describe = (scope: AuthScope): string | undefined => {
  const domain = scope.projectDomainName ?? scope.projectDomainId
  switch (true) {
    case scope.projectName !== undefined:
      return `project "${scope.projectName}"${domain === undefined ? "" : ` of domain "${domain}"`}`
    case scope.projectId !== undefined:
      return `project ${scope.projectId}`
    case scope.domainId !== undefined || scope.domainName !== undefined:
      return `domain "${scope.domainName ?? scope.domainId}"`
    case scope.systemScope !== undefined:
      return "the system"
    case scope.trustId !== undefined:
      return `trust ${scope.trustId}`
    default:
      return undefined
  }
}
