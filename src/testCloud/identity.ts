/** Who exists in the cloud, what they may do where, and the tokens that they hold. */
import * as Clock from "effect/Clock"
import * as Data from "effect/Data"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { auditId, randomToken, stableId } from "./ids.js"
import type { Account, ApplicationCredential, Caller, Project } from "./model.js"

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

export const everyone: ReadonlyArray<Account> = Object.values(accounts)

/** The projects of the users, and those of these names. */
export const projectsWith = (names: ReadonlyArray<string>): ReadonlyArray<Project> =>
  [...everyone.map(({ projectName }) => projectName), ...names].map(projectNamed)

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

/** Whose login without a scope comes back scoped to the own project, as a user with a default project gets it. */
export const hasDefaultProject = (user: Account): boolean => user.userId === accounts.tenantB.userId

export type Scope = Data.TaggedEnum<{
  Unscoped: {}
  Project: { readonly id: string; readonly name: string }
  Domain: {}
  System: {}
}>

export const Scope = Data.taggedEnum<Scope>()

const isOfAnother = (user: Account, projectId: string): boolean =>
  everyone.some((other) => other.projectId === projectId && other.userId !== user.userId)

/** Each user belongs to the project of the same name and to those that are nobody's; admin to the domain and the system too. */
export const rolesOn = (user: Account, scope: Scope): ReadonlyArray<string> => {
  const isAdmin = user.userId === accounts.admin.userId
  const own = isAdmin ? ["admin", "member", "reader"] : ["member", "reader"]
  switch (scope._tag) {
    case "Unscoped":
      return []
    case "Project":
      return isOfAnother(user, scope.id) ? [] : own
    case "Domain":
    case "System":
      return isAdmin ? own : []
  }
}

export interface Token {
  readonly value: string
  /** What stands for it wherever it must not be shown. */
  readonly label: string
  readonly methods: ReadonlyArray<string>
  readonly user: Account
  readonly scope: Scope
  readonly roles: ReadonlyArray<string>
  readonly issuedAt: number
  readonly expiresAt: number
  readonly auditIds: ReadonlyArray<string>
  readonly applicationCredential: ApplicationCredential | undefined
}

/** What a login leaves that has shown only a part of what it must. */
export interface Receipt {
  readonly value: string
  readonly label: string
  readonly methods: ReadonlyArray<string>
  readonly user: Account
  readonly issuedAt: number
  readonly expiresAt: number
}

const receiptLifetime = Duration.toMillis("5 minutes")

interface Grant extends Pick<Token, "methods" | "user" | "scope" | "applicationCredential"> {
  /** The token that this one is made from: it ends when that one ends. */
  readonly parent: Token | undefined
}

export const callerOf = (token: Token): Caller => ({
  userId: token.user.userId,
  userName: token.user.username,
  projectId: token.scope._tag === "Project" ? token.scope.id : undefined,
  projectName: token.scope._tag === "Project" ? token.scope.name : undefined,
  roles: token.roles
})

/** The secrets that exist before anyone logs in. */
export const standingSecrets: ReadonlyArray<string> = [
  ...everyone.map((user) => Redacted.value(user.password)),
  Redacted.value(applicationCredential.secret)
]

export interface Tokens {
  readonly issue: (grant: Grant) => Effect.Effect<Token>
  /** Shows what a login of this user has proved so far. It is good for five minutes. */
  readonly issueReceipt: (user: Account, methods: ReadonlyArray<string>) => Effect.Effect<Receipt>
  readonly validReceipt: (value: string) => Effect.Effect<Receipt | undefined>
  /** What stands for a token or receipt wherever it must not be shown. */
  readonly label: (value: string) => string
  /** Any token ever issued, good or not. */
  readonly find: (value: string) => Token | undefined
  /** A token that is neither unknown, ended nor revoked. */
  readonly valid: (value: string | undefined) => Effect.Effect<Token | undefined>
  readonly revoke: (which: (token: Token) => boolean) => Effect.Effect<number>
  readonly setLifetime: (life: Duration.DurationInput | "forever") => Effect.Effect<void>
  readonly secrets: Effect.Effect<ReadonlyArray<string>>
}

const lifetimeMillis = (life: Duration.DurationInput | "forever") =>
  life === "forever" ? Infinity : Duration.toMillis(life)

export const makeTokens = (life: Duration.DurationInput | "forever"): Effect.Effect<Tokens> =>
  Effect.sync(() => {
    // plain state: every access below is one synchronous step
    const issued = new Map<string, Token>()
    const receipts = new Map<string, Receipt>()
    const revoked = new Set<string>()
    let lifetime = lifetimeMillis(life)
    let counter = 0

    const issue = (grant: Grant) =>
      Effect.gen(function*() {
        const issuedAt = yield* Clock.currentTimeMillis
        const audit = yield* auditId
        const count = ++counter
        const token: Token = {
          value: yield* randomToken(count),
          label: `token-${count}`,
          methods: grant.methods,
          user: grant.user,
          scope: grant.scope,
          roles: rolesOn(grant.user, grant.scope),
          issuedAt,
          expiresAt: grant.parent?.expiresAt ?? issuedAt + lifetime,
          auditIds: [audit, ...(grant.parent?.auditIds.slice(-1) ?? [])],
          applicationCredential: grant.applicationCredential
        }
        issued.set(token.value, token)
        return token
      })

    const issueReceipt = (user: Account, methods: ReadonlyArray<string>) =>
      Effect.gen(function*() {
        const issuedAt = yield* Clock.currentTimeMillis
        const count = ++counter
        const receipt: Receipt = {
          value: yield* randomToken(count),
          label: `receipt-${count}`,
          methods,
          user,
          issuedAt,
          expiresAt: issuedAt + receiptLifetime
        }
        receipts.set(receipt.value, receipt)
        return receipt
      })

    return {
      issue,
      issueReceipt,
      validReceipt: (value) =>
        Effect.map(Clock.currentTimeMillis, (now) => {
          const receipt = receipts.get(value)
          return receipt !== undefined && now < receipt.expiresAt ? receipt : undefined
        }),
      label: (value) => (issued.get(value) ?? receipts.get(value))?.label ?? "unknown",
      find: (value) => issued.get(value),
      valid: (value) =>
        Effect.map(Clock.currentTimeMillis, (now) => {
          const token = value === undefined ? undefined : issued.get(value)
          return token !== undefined && now < token.expiresAt && !revoked.has(token.value) ? token : undefined
        }),
      revoke: (which) =>
        Effect.sync(() => {
          const hit = [...issued.values()].filter((token) => !revoked.has(token.value) && which(token))
          for (const token of hit) revoked.add(token.value)
          return hit.length
        }),
      setLifetime: (life) =>
        Effect.sync(() => {
          lifetime = lifetimeMillis(life)
        }),
      secrets: Effect.sync(() => [...standingSecrets, ...issued.keys(), ...receipts.keys()])
    }
  })
