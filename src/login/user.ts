/** A user of Keystone v3, by id or by name and domain. */
import * as Either from "effect/Either"
import { isSet } from "../base/configValue.js"
import type { InvalidOptions } from "../Errors.js"
import * as AuthScope from "../model/AuthScope.js"
import type * as AuthMethod from "./AuthMethod.js"
import * as Plugin from "./plugin.js"

/** The parts of a token's key. */
export const parts = ({ userDomainId, userDomainName, userId, username }: AuthMethod.User): AuthMethod.Parts => ({
  userId,
  username,
  userDomainId,
  userDomainName
})

/** The `user` of a login request. The id wins over the name, as in keystoneauth. */
export const toBody = (
  { userDomainId, userDomainName, userId, username }: AuthMethod.User,
  module: string
): Either.Either<Readonly<Record<string, unknown>>, InvalidOptions> =>
  isSet(userId)
    ? Either.right({ id: userId })
    : Either.flatMap(
      Plugin.requiredOneOf(module, { userId, username }),
      () =>
        Either.map(
          AuthScope.domainOf(userDomainId, userDomainName, module, "username", "userDomain"),
          (domain) => ({ name: username, domain })
        )
    )

/** Names the user for errors, by name if there is one. */
export const describe = (user: AuthMethod.User): string => {
  if (!isSet(user.username)) {
    return `user ${user.userId ?? ""}`
  }
  const domain = user.userDomainName ?? user.userDomainId
  return `user "${user.username}"${domain === undefined ? "" : ` of domain "${domain}"`}`
}
