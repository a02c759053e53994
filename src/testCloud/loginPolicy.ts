/** The second factor: passcodes that are accepted, and which methods a login must show. */
import * as Effect from "effect/Effect"
import { accounts } from "./identity.js"
import type { Account, IdentityOptions, LoginRules } from "./model.js"

export interface LoginPolicy {
  /** Whether this passcode is good now: the next time it may not be. */
  readonly accept: (user: Account, passcode: string) => Effect.Effect<boolean>
  /** The sets of methods of which one has to be shown; none: any method will do. */
  readonly rules: (user: Account) => ReadonlyArray<ReadonlyArray<string>>
}

const rulesOf = ({ users }: IdentityOptions, user: Account): LoginRules => {
  switch (user.userId) {
    case accounts.demo.userId:
      return users?.demo ?? {}
    case accounts.tenantB.userId:
      return users?.tenantB ?? {}
    default:
      return users?.admin ?? {}
  }
}

export const make = (options: IdentityOptions): Effect.Effect<LoginPolicy> =>
  Effect.sync(() => {
    const used = new Set<string>()
    return {
      accept: (user, passcode) =>
        Effect.sync(() => {
          const { passcodes = [] } = rulesOf(options, user)
          if (typeof passcodes === "function") return passcodes(passcode)
          const key = `${user.userId}/${passcode}`
          if (!passcodes.includes(passcode) || used.has(key)) return false
          used.add(key)
          return true
        }),
      rules: (user) => rulesOf(options, user).multiFactorAuthRules ?? []
    }
  })

/** Is one of the sets shown whole? */
export const isEnough = (rules: ReadonlyArray<ReadonlyArray<string>>, methods: ReadonlyArray<string>): boolean =>
  rules.length === 0 || rules.some((rule) => rule.every((method) => methods.includes(method)))
