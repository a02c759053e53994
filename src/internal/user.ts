/** A user by id, or by name and domain. */
import * as Either from "effect/Either"
import * as AuthScope from "../AuthScope.js"
import { InvalidOptions } from "../Errors.js"

export interface User {
  readonly userId?: string | undefined
  readonly username?: string | undefined
  readonly userDomainId?: string | undefined
  readonly userDomainName?: string | undefined
}

/** As Keystone wants it; the id wins over the name, as in keystoneauth. */
export const toBody = (
  user: User,
  module: string
): Either.Either<Readonly<Record<string, unknown>>, InvalidOptions> => {
  if (user.userId !== undefined) {
    return Either.right({ id: user.userId })
  }
  return user.username === undefined
    ? Either.left(new InvalidOptions({ module, option: "userId, username", reason: "one of them is needed" }))
    : Either.map(
      AuthScope.domainOf(user.userDomainId, user.userDomainName, module, "username", "userDomain"),
      (domain) => ({ name: user.username, domain })
    )
}

/** By name where there is one: that is what people know. */
export const describe = (user: User): string => {
  if (user.username === undefined) {
    return `user ${user.userId ?? ""}`
  }
  const domain = user.userDomainName ?? user.userDomainId
  return `user "${user.username}"${domain === undefined ? "" : ` of domain "${domain}"`}`
}
