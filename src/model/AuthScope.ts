/**
 * The scope of a token: a project, a domain, the system, a trust, or none.
 *
 * @since 0.1.0
 */
import * as Either from "effect/Either"
import { isSet } from "../base/configValue.js"
import { InvalidOptions } from "../Errors.js"

/**
 * The scope options of every v3 plugin. Give at most one of project, domain, system, trust and `unscoped`. Without any,
 * Keystone uses the user's default project, if there is one. An id takes precedence over a name.
 *
 * @since 0.1.0
 * @category models
 */
export interface AuthScope {
  readonly projectId?: string | undefined
  /** Needs the project's domain. */
  readonly projectName?: string | undefined
  readonly projectDomainId?: string | undefined
  readonly projectDomainName?: string | undefined
  readonly domainId?: string | undefined
  readonly domainName?: string | undefined
  readonly systemScope?: "all" | undefined
  readonly trustId?: string | undefined
  /** An unscoped token, even if the user has a default project. */
  readonly unscoped?: boolean | undefined
}

/**
 * The names of the options of `AuthScope`, in the order of messages.
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
 * The `scope` in the body of a v3 login. `undefined` leaves it to Keystone. Fails with `InvalidOptions` if the options
 * contradict each other, or if a project's domain is missing. `module` is named in the error.
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
        reason: "these exclude each other: a token has one scope, which is a project, a domain, the system or a trust"
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
        : Either.left(new InvalidOptions({ module, option: "systemScope", reason: "it must be \"all\"" }))
    case "trustId":
      return Either.right({ "OS-TRUST:trust": { id: scope.trustId } })
    case "unscoped":
      return Either.right("unscoped")
    default:
      return Either.right(undefined)
  }
}

/**
 * The scope options of an object that may have others. Empty text counts as not given: it is what an unset environment
 * variable looks like.
 *
 * @since 0.1.0
 * @category conversions
 */
export const pick = (options: AuthScope): AuthScope =>
  Object.fromEntries(
    optionNames.flatMap((name) => {
      const value = options[name]
      return isSet(value) && value !== false ? [[name, value]] : []
    })
  )

/**
 * The domain of a name, by id or by name, for the body of a login. Fails with `InvalidOptions` if neither is given:
 * `of` is the option that needs it, and `option` the prefix of the two options.
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
  isSet(id)
    ? Either.right({ id })
    : isSet(name)
    ? Either.right({ name })
    : Either.left(
      new InvalidOptions({
        module,
        option: `${option}Id, ${option}Name`,
        reason: `one of them is needed with ${of}, since names are unique only within a domain`
      })
    )

/**
 * Describes a scope: `project "demo" of domain "Default"`.
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
