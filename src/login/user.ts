/** A user by id, or by name and domain. */
import * as Either from "effect/Either"
import { InvalidOptions } from "../Errors.js"
import * as AuthScope from "../model/AuthScope.js"
import type * as AuthMethod from "./AuthMethod.js"

export const isGiven = (text: string | undefined): text is string => text !== undefined && text !== ""

/** What of a user decides a token. */
export const parts = ({ userDomainId, userDomainName, userId, username }: AuthMethod.User): AuthMethod.Parts => ({
  userId,
  username,
  userDomainId,
  userDomainName
})

/** As Keystone wants it; the id wins over the name, as in keystoneauth. */
export const toBody = (
  user: AuthMethod.User,
  module: string
): Either.Either<Readonly<Record<string, unknown>>, InvalidOptions> => {
  if (isGiven(user.userId)) {
    return Either.right({ id: user.userId })
  }
  return !isGiven(user.username)
    ? Either.left(new InvalidOptions({ module, option: "userId, username", reason: "one of them is needed" }))
    : Either.map(
      AuthScope.domainOf(user.userDomainId, user.userDomainName, module, "username", "userDomain"),
      (domain) => ({ name: user.username, domain })
    )
}

/** By name where there is one: that is what people know. */
export const describe = (user: AuthMethod.User): string => {
  if (!isGiven(user.username)) {
    return `user ${user.userId ?? ""}`
  }
  const domain = user.userDomainName ?? user.userDomainId
  return `user "${user.username}"${domain === undefined ? "" : ` of domain "${domain}"`}`
}
