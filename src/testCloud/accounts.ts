/** The users, projects and roles of the cloud. */
import * as Data from "effect/Data"
import * as Redacted from "effect/Redacted"
import { stableId } from "./ids.js"
import type { Account, ApplicationCredential, Project } from "./model.js"

export const domain = { id: "default", name: "Default" }

export const projectNamed = (name: string): Project => ({ id: stableId(`project/${name}`), name })

const account = (username: string): Account => ({
  userId: stableId(`user/${username}`),
  username,
  password: Redacted.make(`correct-horse-${username}`),
  userDomainId: domain.id,
  userDomainName: domain.name,
  projectId: projectNamed(username).id,
  projectName: username,
  projectDomainId: domain.id,
  projectDomainName: domain.name
})

export const accounts = { demo: account("demo"), tenantB: account("tenant-b"), admin: account("admin") }

export const users: ReadonlyArray<Account> = Object.values(accounts)

/** The projects of the users, and further ones with these names. */
export const projectsWith = (names: ReadonlyArray<string>): ReadonlyArray<Project> =>
  [...users.map(({ projectName }) => projectName), ...names].map(projectNamed)

export const applicationCredential: ApplicationCredential = {
  id: stableId("application-credential/tenant-b-app"),
  name: "tenant-b-app",
  secret: Redacted.make("battery-staple-tenant-b-app"),
  userId: accounts.tenantB.userId,
  username: accounts.tenantB.username,
  userDomainId: domain.id,
  userDomainName: domain.name,
  projectId: accounts.tenantB.projectId,
  projectName: accounts.tenantB.projectName
}

/** Whether a user has a default project: a login without a scope is then scoped to it. */
export const hasDefaultProject = (user: Account): boolean => user.userId === accounts.tenantB.userId

export type Scope = Data.TaggedEnum<{
  Unscoped: {}
  Project: { readonly id: string; readonly name: string }
  Domain: {}
  System: {}
}>

export const Scope = Data.taggedEnum<Scope>()

const belongsToAnother = (user: Account, projectId: string): boolean =>
  users.some((other) => other.projectId === projectId && other.userId !== user.userId)

/**
 * The roles of a user. Each user has roles on its own project and on shared ones; admin also on the domain and the
 * system.
 */
export const rolesOn = (user: Account, scope: Scope): ReadonlyArray<string> => {
  const isAdmin = user.userId === accounts.admin.userId
  const own = isAdmin ? ["admin", "member", "reader"] : ["member", "reader"]
  switch (scope._tag) {
    case "Unscoped":
      return []
    case "Project":
      return belongsToAnother(user, scope.id) ? [] : own
    case "Domain":
    case "System":
      return isAdmin ? own : []
  }
}

/** The secrets of users and credentials, which exist before anyone logs in. */
export const standingSecrets: ReadonlyArray<string> = [
  ...users.map((user) => Redacted.value(user.password)),
  Redacted.value(applicationCredential.secret)
]
