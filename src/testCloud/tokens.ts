/** The tokens and receipts that the cloud has issued. */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { rolesOn, type Scope, standingSecrets } from "./accounts.js"
import { auditId, randomToken } from "./ids.js"
import type { Account, ApplicationCredential, Caller } from "./model.js"

export interface Token {
  readonly value: string
  /** Its name in the journal, which does not show the value. */
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

/** An auth receipt: issued for a login that needs more methods. */
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
  /** The token that this one is made from; both expire at the same time. */
  readonly parent: Token | undefined
}

/** The owner of a token, as services see it. */
export const callerOf = (token: Token): Caller => ({
  userId: token.user.userId,
  userName: token.user.username,
  projectId: token.scope._tag === "Project" ? token.scope.id : undefined,
  projectName: token.scope._tag === "Project" ? token.scope.name : undefined,
  roles: token.roles
})

export interface Tokens {
  readonly issue: (grant: Grant) => Effect.Effect<Token>
  /** Issues a receipt for the methods so far. It is valid for five minutes. */
  readonly issueReceipt: (user: Account, methods: ReadonlyArray<string>) => Effect.Effect<Receipt>
  readonly validReceipt: (value: string) => Effect.Effect<Receipt | undefined>
  /** The label of a token or receipt. */
  readonly label: (value: string) => string
  /** A token, valid or not. */
  readonly find: (value: string) => Token | undefined
  /** A token that was issued, and is neither expired nor revoked. */
  readonly valid: (value: string | undefined) => Effect.Effect<Token | undefined>
  readonly revoke: (which: (token: Token) => boolean) => Effect.Effect<number>
  readonly setLifetime: (life: Duration.DurationInput | "forever") => Effect.Effect<void>
  readonly secrets: Effect.Effect<ReadonlyArray<string>>
}

const lifetimeMillis = (life: Duration.DurationInput | "forever") =>
  life === "forever" ? Infinity : Duration.toMillis(life)

export const make = (life: Duration.DurationInput | "forever"): Effect.Effect<Tokens> =>
  Effect.sync(() => {
    // mutable state is safe: each access is one synchronous step
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
          const matching = [...issued.values()].filter((token) => !revoked.has(token.value) && which(token))
          for (const token of matching) revoked.add(token.value)
          return matching.length
        }),
      setLifetime: (life) =>
        Effect.sync(() => {
          lifetime = lifetimeMillis(life)
        }),
      secrets: Effect.sync(() => [...standingSecrets, ...issued.keys(), ...receipts.keys()])
    }
  })
