/** Logins to Keystone v3: methods, scopes, multi-factor rules and receipts. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as accounts from "./accounts.js"
import { Scope } from "./accounts.js"
import { badRequest, forbiddenAction, keystoneError, missing, unauthorized } from "./dialects.js"
import { readBody } from "./http.js"
import { timestamp } from "./ids.js"
import type { Account, Answer, ApplicationCredential, IdentityOptions, LoginRules, Project } from "./model.js"
import type { RoutedRequest } from "./services.js"
import type { Receipt, Token, Tokens } from "./tokens.js"

const Text = Schema.optional(Schema.String)
const Domain = Schema.Struct({ id: Text, name: Text })
const User = Schema.Struct({
  id: Text,
  name: Text,
  domain: Schema.optional(Domain),
  password: Text,
  passcode: Text
})
type User = typeof User.Type

const RequestedScope = Schema.Union(
  Schema.Literal("unscoped"),
  Schema.Struct({
    project: Schema.optional(Schema.Struct({ id: Text, name: Text, domain: Schema.optional(Domain) })),
    domain: Schema.optional(Domain),
    system: Schema.optional(Schema.Struct({ all: Schema.optional(Schema.Boolean) }))
  })
)
type RequestedScope = typeof RequestedScope.Type

const Login = Schema.Struct({
  auth: Schema.Struct({
    identity: Schema.Struct({
      methods: Schema.Array(Schema.String),
      password: Schema.optional(Schema.Struct({ user: User })),
      totp: Schema.optional(Schema.Struct({ user: User })),
      token: Schema.optional(Schema.Struct({ id: Schema.String })),
      application_credential: Schema.optional(
        Schema.Struct({ id: Text, name: Text, secret: Schema.String, user: Schema.optional(User) })
      )
    }),
    scope: Schema.optional(RequestedScope)
  })
})
type Login = typeof Login.Type["auth"]

const decodeLogin = Schema.decodeUnknownOption(Login)

/** The login in the body of a request; `None` if there is none. */
const readLogin = (request: RoutedRequest): Option.Option<Login> =>
  readBody(request).pipe(Option.flatMap(decodeLogin), Option.map(({ auth }) => auth))

/** Whether a request is a login. */
export const isLogin = ({ method, path }: RoutedRequest): boolean => method === "POST" && path === "/v3/auth/tokens"

/** The methods of a login. */
export const loginMethods = (request: RoutedRequest): ReadonlyArray<string> =>
  Option.match(readLogin(request), { onNone: () => [], onSome: ({ identity }) => identity.methods })

/** What a method of a login proves. */
interface Proof {
  readonly user: Account
  readonly parent?: Token
  readonly applicationCredential?: ApplicationCredential
}

const isDefaultDomain = (domain: typeof Domain.Type) =>
  domain.id === undefined ? domain.name === accounts.domain.name : domain.id === accounts.domain.id

/** The user with this id, or of this name in this domain. */
const findUser = ({ domain, id, name }: User): Effect.Effect<Account, Answer> => {
  if (id === undefined && name === undefined) return Effect.fail(missing("id or name", "user"))
  if (id === undefined && domain === undefined) return Effect.fail(missing("domain", "user"))
  const user = accounts.users.find((user) =>
    id === undefined ? user.username === name && domain !== undefined && isDefaultDomain(domain) : user.userId === id
  )
  return user === undefined ? Effect.fail(unauthorized) : Effect.succeed(user)
}

const findApplicationCredential = (
  { id, name, user }: {
    readonly id?: string | undefined
    readonly name?: string | undefined
    readonly user?: User | undefined
  }
): Effect.Effect<ApplicationCredential, Answer> => {
  const known = accounts.applicationCredential
  if (id !== undefined) {
    return id === known.id
      ? Effect.succeed(known)
      : Effect.fail(keystoneError(404, `Could not find Application Credential: ${id}.`))
  }
  if (name === undefined || user === undefined) {
    return Effect.fail(missing("id, or name and user", "application_credential"))
  }
  return Effect.flatMap(
    findUser(user),
    ({ userId }) => name === known.name && userId === known.userId ? Effect.succeed(known) : Effect.fail(unauthorized)
  )
}

const provePassword = (user: User): Effect.Effect<Proof, Answer> =>
  Effect.filterOrFail(
    findUser(user),
    (found) => Redacted.value(found.password) === user.password,
    () => unauthorized
  ).pipe(Effect.map((user) => ({ user })))

const proveApplicationCredential = (
  given: NonNullable<Login["identity"]["application_credential"]>
): Effect.Effect<Proof, Answer> =>
  Effect.gen(function*() {
    const applicationCredential = yield* findApplicationCredential(given)
    if (Redacted.value(applicationCredential.secret) !== given.secret) return yield* Effect.fail(unauthorized)
    return { user: yield* findUser({ id: applicationCredential.userId }), applicationCredential }
  })

/** The error for a token that is not valid. */
export const noToken = (tokens: Tokens, value: string | undefined): Answer =>
  keystoneError(
    404,
    value === undefined || tokens.find(value) === undefined
      ? "Could not recognize Fernet token"
      : "Failed to validate token"
  )

/** The rules for a user's logins. */
interface LoginPolicy {
  /** Whether a passcode is valid. A passcode may be valid only once. */
  readonly accept: (user: Account, passcode: string) => Effect.Effect<boolean>
  /** The sets of methods of which a login needs one; without sets any method is enough. */
  readonly rules: (user: Account) => ReadonlyArray<ReadonlyArray<string>>
}

const rulesOf = ({ users }: IdentityOptions, user: Account): LoginRules => {
  switch (user.userId) {
    case accounts.accounts.demo.userId:
      return users?.demo ?? {}
    case accounts.accounts.tenantB.userId:
      return users?.tenantB ?? {}
    default:
      return users?.admin ?? {}
  }
}

const makePolicy = (options: IdentityOptions): Effect.Effect<LoginPolicy> =>
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

/** The state of a Keystone, and its rules for logins. */
export interface Keystone {
  readonly tokens: Tokens
  readonly policy: LoginPolicy
  readonly projects: ReadonlyArray<Project>
  readonly allowRescopeScopedToken: boolean
}

export const make = (
  tokens: Tokens,
  projects: ReadonlyArray<Project>,
  options: IdentityOptions
): Effect.Effect<Keystone> =>
  Effect.map(makePolicy(options), (policy) => ({
    tokens,
    policy,
    projects,
    allowRescopeScopedToken: options.allowRescopeScopedToken ?? true
  }))

/** Fails if a token must not be exchanged for another one. */
export const mayRescope = ({ allowRescopeScopedToken }: Keystone) => ({ scope }: Token): Effect.Effect<void, Answer> =>
  !allowRescopeScopedToken && (scope._tag === "Project" || scope._tag === "Domain")
    ? Effect.fail(forbiddenAction("rescope a scoped token"))
    : Effect.void

/** A token proves what its login has proved. */
const proveToken = (
  keystone: Keystone,
  id: string,
  requested: RequestedScope | undefined
): Effect.Effect<Proof, Answer> =>
  Effect.gen(function*() {
    const { tokens } = keystone
    const parent = yield* tokens.valid(id)
    if (parent === undefined) return yield* Effect.fail(noToken(tokens, id))
    const forProjectOrDomain = typeof requested === "object" && requested.system === undefined
    if (parent.scope._tag === "System" && forProjectOrDomain) {
      return yield* Effect.fail(
        forbiddenAction("Using a system-scoped token to create a project-scoped or domain-scoped token is not allowed.")
      )
    }
    yield* mayRescope(keystone)(parent)
    // not a refusal: Keystone fails to find the credential
    if (parent.applicationCredential !== undefined) return yield* Effect.fail(keystoneError(500, undefined))
    return { user: parent.user, parent }
  })

const provePasscode = ({ policy }: Keystone, user: User): Effect.Effect<Proof, Answer> =>
  Effect.gen(function*() {
    const found = yield* findUser(user)
    if (user.passcode === undefined) return yield* Effect.fail(missing("passcode", "user"))
    return (yield* policy.accept(found, user.passcode)) ? { user: found } : yield* Effect.fail(unauthorized)
  })

const prove = (keystone: Keystone, { identity, scope }: Login) => (method: string): Effect.Effect<Proof, Answer> => {
  switch (method) {
    case "totp":
      return identity.totp === undefined
        ? Effect.fail(missing(method, "identity"))
        : provePasscode(keystone, identity.totp.user)
    case "password":
      return identity.password === undefined
        ? Effect.fail(missing(method, "identity"))
        : provePassword(identity.password.user)
    case "token":
      return identity.token === undefined
        ? Effect.fail(missing(method, "identity"))
        : proveToken(keystone, identity.token.id, scope)
    case "application_credential":
      return identity.application_credential === undefined
        ? Effect.fail(missing(method, "identity"))
        : proveApplicationCredential(identity.application_credential)
    default:
      return Effect.fail(missing(method, "identity"))
  }
}

const projectScope = (user: Account) => Scope.Project({ id: user.projectId, name: user.projectName })

const requestedScope = (
  { projects }: Keystone,
  requested: Exclude<RequestedScope, "unscoped">
): Effect.Effect<Scope, Answer> => {
  const { domain, project, system } = requested
  if (project !== undefined) {
    if (project.id === undefined && project.domain === undefined) return Effect.fail(missing("domain", "project"))
    const found = projects.find(({ id, name }) =>
      project.id === undefined
        ? name === project.name && project.domain !== undefined && isDefaultDomain(project.domain)
        : id === project.id
    )
    return found === undefined ? Effect.fail(unauthorized) : Effect.succeed(Scope.Project(found))
  }
  if (domain !== undefined) return isDefaultDomain(domain) ? Effect.succeed(Scope.Domain()) : Effect.fail(unauthorized)
  return system?.all === true
    ? Effect.succeed(Scope.System())
    : Effect.fail(missing("project, domain or system", "scope"))
}

const scopeOf = (
  keystone: Keystone,
  proof: Proof,
  requested: RequestedScope | undefined
): Effect.Effect<Scope, Answer> => {
  const credential = proof.applicationCredential
  if (credential !== undefined) {
    // as in Keystone, a scope is refused, since the credential is bound to its project
    return requested === undefined
      ? Effect.succeed(Scope.Project({ id: credential.projectId, name: credential.projectName }))
      : Effect.fail(keystoneError(
        401,
        "Error authenticating with application credential: Application credentials cannot request a scope."
      ))
  }
  if (requested === "unscoped") return Effect.succeed(Scope.Unscoped())
  if (requested === undefined) {
    return Effect.succeed(
      accounts.hasDefaultProject(proof.user) && proof.parent === undefined ? projectScope(proof.user) : Scope.Unscoped()
    )
  }
  return Effect.filterOrFail(
    requestedScope(keystone, requested),
    (scope) => accounts.rolesOn(proof.user, scope).length > 0,
    () => unauthorized
  )
}

/** The receipt that a request presents. */
const receiptOf = (
  tokens: Tokens,
  value: string | undefined,
  user: Account
): Effect.Effect<Receipt | undefined, Answer> =>
  value === undefined ? Effect.succeed(undefined) : Effect.filterOrFail(
    tokens.validReceipt(value),
    (receipt) => receipt?.user.userId === user.userId,
    // Keystone quotes the receipt too
    () => keystoneError(401, `Could not find auth receipt: ${value}.`)
  )

/** Whether a login with these methods fulfils one of the sets. */
const isEnough = (rules: ReadonlyArray<ReadonlyArray<string>>, methods: ReadonlyArray<string>): boolean =>
  rules.length === 0 || rules.some((rule) => rule.every((method) => methods.includes(method)))

const receiptAnswer = (
  { issuedAt, expiresAt, methods, user, value }: Receipt,
  required: ReadonlyArray<ReadonlyArray<string>>
): Answer => ({
  status: 401,
  headers: { "Openstack-Auth-Receipt": value },
  json: {
    receipt: {
      methods,
      user: { id: user.userId, name: user.username, domain: accounts.domain },
      expires_at: timestamp(expiresAt),
      issued_at: timestamp(issuedAt)
    },
    required_auth_methods: required
  }
})

/** Issues a token for a login, or fails with the answer that refuses it. */
export const login = (keystone: Keystone, request: RoutedRequest): Effect.Effect<Token, Answer> =>
  Effect.gen(function*() {
    const auth = yield* Option.match(readLogin(request), {
      // unlike Keystone's text and Schema's, this one does not quote the body with its password
      onNone: () => Effect.fail(badRequest("The login is not what the schema asks for.")),
      onSome: (auth) => Effect.succeed(auth)
    })
    const { policy, tokens } = keystone
    const { methods } = auth.identity
    const proofs = yield* Effect.forEach(methods, prove(keystone, auth))
    const [first] = proofs
    if (first === undefined || proofs.some(({ user }) => user.userId !== first.user.userId)) {
      return yield* Effect.fail(unauthorized)
    }
    const proof = proofs.reduce<Proof>((all, one) => ({ ...all, ...one }), first)
    const scope = yield* scopeOf(keystone, proof, auth.scope)
    const receipt = yield* receiptOf(tokens, request.headers["openstack-auth-receipt"], proof.user)
    const shown = [...new Set([...(receipt?.methods ?? []), ...methods, ...(proof.parent?.methods ?? [])])]
    const rules = policy.rules(proof.user)
    if (!isEnough(rules, shown)) {
      return yield* Effect.fail(receiptAnswer(yield* tokens.issueReceipt(proof.user, shown), rules))
    }
    return yield* tokens.issue({
      methods: shown,
      user: proof.user,
      scope,
      applicationCredential: proof.applicationCredential,
      parent: proof.parent
    })
  })
