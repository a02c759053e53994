/** Keystone v3: logins, tokens, the catalog, and a little of users and projects; and the document that lists its versions. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as catalog from "./catalog.js"
import { badRequest, forbiddenAction, htmlPage, keystoneError, missing, unauthorized } from "./dialects.js"
import * as identity from "./identity.js"
import type { Receipt, Token, Tokens } from "./identity.js"
import { Scope } from "./identity.js"
import { stableId, timestamp } from "./ids.js"
import * as keystoneV2 from "./keystoneV2.js"
import * as loginPolicy from "./loginPolicy.js"
import type { Account, Answer, ApplicationCredential, IdentityOptions, Project, ServiceTraits } from "./model.js"
import { decodeBody } from "./services.js"
import type { Asked, Route } from "./services.js"

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

/** What one of the methods of a login has proved. */
interface Proof {
  readonly user: Account
  readonly parent?: Token
  readonly applicationCredential?: ApplicationCredential
}

const isDefaultDomain = (domain: typeof Domain.Type) =>
  domain.id === undefined ? domain.name === identity.domain.name : domain.id === identity.domain.id

/** The user with this id, or of this name in this domain. */
const findUser = ({ domain, id, name }: User): Effect.Effect<Account, Answer> => {
  if (id === undefined && name === undefined) return Effect.fail(missing("id or name", "user"))
  if (id === undefined && domain === undefined) return Effect.fail(missing("domain", "user"))
  const user = identity.everyone.find((user) =>
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
  const known = identity.applicationCredential
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

const noToken = (tokens: Tokens, value: string | undefined): Answer =>
  keystoneError(
    404,
    value === undefined || tokens.find(value) === undefined
      ? "Could not recognize Fernet token"
      : "Failed to validate token"
  )

/** What Keystone decides logins by. */
interface Gate {
  readonly tokens: Tokens
  readonly policy: loginPolicy.LoginPolicy
  readonly projects: ReadonlyArray<Project>
  readonly allowRescopeScopedToken: boolean
}

const mayRescope = ({ allowRescopeScopedToken }: Gate) => ({ scope }: Token): Effect.Effect<void, Answer> =>
  !allowRescopeScopedToken && (scope._tag === "Project" || scope._tag === "Domain")
    ? Effect.fail(forbiddenAction("rescope a scoped token"))
    : Effect.void

/** A token shows what its login has shown. */
const proveToken = (gate: Gate, id: string, requested: RequestedScope | undefined): Effect.Effect<Proof, Answer> =>
  Effect.gen(function*() {
    const { tokens } = gate
    const parent = yield* tokens.valid(id)
    if (parent === undefined) return yield* Effect.fail(noToken(tokens, id))
    const forProjectOrDomain = typeof requested === "object" && requested.system === undefined
    if (parent.scope._tag === "System" && forProjectOrDomain) {
      return yield* Effect.fail(
        forbiddenAction("Using a system-scoped token to create a project-scoped or domain-scoped token is not allowed.")
      )
    }
    yield* mayRescope(gate)(parent)
    // no refusal: Keystone looks for a credential that is not there
    if (parent.applicationCredential !== undefined) return yield* Effect.fail(keystoneError(500, undefined))
    return { user: parent.user, parent }
  })

const provePasscode = ({ policy }: Gate, user: User): Effect.Effect<Proof, Answer> =>
  Effect.gen(function*() {
    const found = yield* findUser(user)
    if (user.passcode === undefined) return yield* Effect.fail(missing("passcode", "user"))
    return (yield* policy.accept(found, user.passcode)) ? { user: found } : yield* Effect.fail(unauthorized)
  })

const prove = (gate: Gate, { identity, scope }: Login) => (method: string): Effect.Effect<Proof, Answer> => {
  switch (method) {
    case "totp":
      return identity.totp === undefined
        ? Effect.fail(missing(method, "identity"))
        : provePasscode(gate, identity.totp.user)
    case "password":
      return identity.password === undefined
        ? Effect.fail(missing(method, "identity"))
        : provePassword(identity.password.user)
    case "token":
      return identity.token === undefined
        ? Effect.fail(missing(method, "identity"))
        : proveToken(gate, identity.token.id, scope)
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
  { projects }: Gate,
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
  gate: Gate,
  proof: Proof,
  requested: RequestedScope | undefined
): Effect.Effect<Scope, Answer> => {
  const credential = proof.applicationCredential
  if (credential !== undefined) {
    // it is bound to its project: asking for a scope beside it is refused, as Keystone does
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
      identity.hasDefaultProject(proof.user) && proof.parent === undefined ? projectScope(proof.user) : Scope.Unscoped()
    )
  }
  return Effect.filterOrFail(
    requestedScope(gate, requested),
    (scope) => identity.rolesOn(proof.user, scope).length > 0,
    () => unauthorized
  )
}

/** What an earlier login has shown, if the request says so. */
const receiptOf = (
  tokens: Tokens,
  value: string | undefined,
  user: Account
): Effect.Effect<Receipt | undefined, Answer> =>
  value === undefined ? Effect.succeed(undefined) : Effect.filterOrFail(
    tokens.validReceipt(value),
    (receipt) => receipt?.user.userId === user.userId,
    // Keystone does quote it
    () => keystoneError(401, `Could not find auth receipt: ${value}.`)
  )

const receiptAnswer = (
  { issuedAt, expiresAt, methods, user, value }: Receipt,
  required: ReadonlyArray<ReadonlyArray<string>>
): Answer => ({
  status: 401,
  headers: { "Openstack-Auth-Receipt": value },
  json: {
    receipt: {
      methods,
      user: { id: user.userId, name: user.username, domain: identity.domain },
      expires_at: timestamp(expiresAt),
      issued_at: timestamp(issuedAt)
    },
    required_auth_methods: required
  }
})

const login = (gate: Gate, auth: Login, receiptHeader: string | undefined): Effect.Effect<Token, Answer> =>
  Effect.gen(function*() {
    const { policy, tokens } = gate
    const { methods } = auth.identity
    const proofs = yield* Effect.forEach(methods, prove(gate, auth))
    const [first] = proofs
    if (first === undefined || proofs.some(({ user }) => user.userId !== first.user.userId)) {
      return yield* Effect.fail(unauthorized)
    }
    const proof = proofs.reduce<Proof>((all, one) => ({ ...all, ...one }), first)
    const scope = yield* scopeOf(gate, proof, auth.scope)
    const receipt = yield* receiptOf(tokens, receiptHeader, proof.user)
    const shown = [...new Set([...(receipt?.methods ?? []), ...methods, ...(proof.parent?.methods ?? [])])]
    const rules = policy.rules(proof.user)
    if (!loginPolicy.isEnough(rules, shown)) {
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

const scopeFields = (scope: Scope): object =>
  Scope.$match(scope, {
    Unscoped: () => ({}),
    Project: ({ id, name }) => ({ project: { domain: identity.domain, id, name }, is_domain: false }),
    Domain: () => ({ domain: identity.domain }),
    System: () => ({ system: { all: true } })
  })

const tokenBody = (place: catalog.Place, token: Token, withCatalog: boolean) => ({
  token: {
    methods: token.methods,
    user: { domain: identity.domain, id: token.user.userId, name: token.user.username, password_expires_at: null },
    audit_ids: token.auditIds,
    expires_at: timestamp(token.expiresAt),
    issued_at: timestamp(token.issuedAt),
    ...scopeFields(token.scope),
    ...(token.scope._tag === "Unscoped" ? {} : {
      roles: token.roles.map((name) => ({ id: stableId(`role/${name}`), name })),
      ...(withCatalog ? { catalog: catalog.v3(place, token) } : {})
    }),
    ...(token.applicationCredential === undefined ? {} : {
      application_credential: {
        id: token.applicationCredential.id,
        name: token.applicationCredential.name,
        restricted: true
      }
    })
  }
})

/** The version that the catalog lists. */
export const traits = ({ versions }: IdentityOptions): ServiceTraits => ({
  serviceType: "identity",
  name: "keystone",
  versions: [{ id: versions?.includes("v3") === false ? "v2.0" : "v3", status: "CURRENT" }]
})

const versionDocument = (root: string) => ({
  id: "v3.14",
  status: "stable",
  updated: "2020-04-07T00:00:00Z",
  links: [{ rel: "self", href: `${root}/v3/` }],
  "media-types": [{ base: "application/json", type: "application/vnd.openstack.identity-v3+json" }]
})

const listOf = (asked: Asked, name: string, values: ReadonlyArray<unknown>): Answer => ({
  json: { [name]: values, links: { next: null, self: `${asked.root}${asked.below}`, previous: null } }
})

const projectBody = (asked: Asked, { id, name }: Project) => ({
  id,
  name,
  domain_id: identity.domain.id,
  description: "",
  enabled: true,
  parent_id: identity.domain.id,
  is_domain: false,
  tags: [],
  options: {},
  links: { self: `${asked.root}/v3/projects/${id}` }
})

const userBody = (asked: Asked, user: Account) => ({
  id: user.userId,
  name: user.username,
  domain_id: user.userDomainId,
  enabled: true,
  password_expires_at: null,
  ...(identity.hasDefaultProject(user) ? { default_project_id: user.projectId } : {}),
  options: {},
  links: { self: `${asked.root}/v3/users/${user.userId}` }
})

const isLogin = ({ below, method }: Asked): boolean => method === "POST" && below === "/v3/auth/tokens"

const loginMethods = (asked: Asked): ReadonlyArray<string> =>
  decodeBody(asked).pipe(
    Option.flatMap(decodeLogin),
    Option.match({ onNone: () => [], onSome: ({ auth }) => auth.identity.methods })
  )

const isAdmin = (token: Token) => token.roles.includes("admin")

const may = (allowed: boolean, action: string): Effect.Effect<void, Answer> =>
  allowed ? Effect.void : Effect.fail(forbiddenAction(`identity:${action}`))

/** Keystone at its place in the cloud. */
export const route = (
  tokens: Tokens,
  place: catalog.Place,
  projects: ReadonlyArray<Project>,
  options: IdentityOptions
): Effect.Effect<Route> =>
  Effect.map(loginPolicy.make(options), (policy) =>
    serve(
      {
        tokens,
        policy,
        projects,
        allowRescopeScopedToken: options.allowRescopeScopedToken ?? true
      },
      place,
      options.versions ?? ["v3"]
    ))

const serve = (gate: Gate, place: catalog.Place, versions: ReadonlyArray<"v3" | "v2.0">): Route => {
  const { projects, tokens } = gate
  const hasV3 = versions.includes("v3")
  const hasV2 = versions.includes("v2.0")
  const answerV2 = keystoneV2.make({ tokens, place, projects, mayRescope: mayRescope(gate) })

  const withCatalog = (asked: Asked) => !asked.url.searchParams.has("nocatalog")

  const postToken = (asked: Asked): Effect.Effect<Answer, Answer> =>
    Effect.gen(function*() {
      const { auth } = yield* decodeBody(asked).pipe(
        Option.flatMap(decodeLogin),
        // not Keystone's own text, nor Schema's: both quote the body, and so the password
        Effect.mapError(() => badRequest("The login is not what the schema asks for."))
      )
      const token = yield* login(gate, auth, asked.headers["openstack-auth-receipt"])
      return {
        status: 201,
        headers: { "X-Subject-Token": token.value },
        json: tokenBody(place, token, withCatalog(asked))
      }
    })

  const subjectToken = (asked: Asked, caller: Token, action: string): Effect.Effect<Token, Answer> =>
    Effect.gen(function*() {
      const value = asked.headers["x-subject-token"]
      const subject = yield* tokens.valid(value)
      if (subject === undefined) return yield* Effect.fail(noToken(tokens, value))
      yield* may(isAdmin(caller) || subject.user.userId === caller.user.userId, action)
      return subject
    })

  const getToken = (asked: Asked, caller: Token): Effect.Effect<Answer, Answer> =>
    Effect.map(subjectToken(asked, caller, "validate_token"), (subject) => ({
      headers: { "X-Subject-Token": subject.value },
      json: tokenBody(place, subject, withCatalog(asked))
    }))

  const deleteToken = (asked: Asked, caller: Token): Effect.Effect<Answer, Answer> =>
    subjectToken(asked, caller, "revoke_token").pipe(
      Effect.flatMap((subject) => tokens.revoke((token) => token === subject)),
      Effect.as({ status: 204 })
    )

  const getCatalog = (asked: Asked, caller: Token): Effect.Effect<Answer, Answer> =>
    caller.scope._tag === "Project"
      ? Effect.succeed({
        json: {
          catalog: catalog.v3(place, caller),
          links: { next: null, self: `${asked.root}${asked.below}`, previous: null }
        }
      })
      : Effect.fail(keystoneError(403, "You are not authorized to perform the requested action."))

  const getUser = (asked: Asked, caller: Token, id: string): Effect.Effect<Answer, Answer> =>
    Effect.gen(function*() {
      yield* may(isAdmin(caller) || caller.user.userId === id, "get_user")
      const user = identity.everyone.find((user) => user.userId === id)
      if (user === undefined) return yield* Effect.fail(keystoneError(404, `Could not find user: ${id}.`))
      return { json: { user: userBody(asked, user) } }
    })

  /** Everything below /v3 that needs a token. */
  const resource = (asked: Asked, caller: Token): Effect.Effect<Answer, Answer> => {
    const user = /^\/v3\/users\/([^/]+)$/.exec(asked.below)
    if (user?.[1] !== undefined && asked.method === "GET") return getUser(asked, caller, user[1])
    switch (`${asked.method} ${asked.below}`) {
      case "GET /v3/auth/tokens":
      case "HEAD /v3/auth/tokens":
        return getToken(asked, caller)
      case "DELETE /v3/auth/tokens":
        return deleteToken(asked, caller)
      case "GET /v3/auth/catalog":
        return getCatalog(asked, caller)
      case "GET /v3/auth/projects":
        return Effect.succeed(
          listOf(
            asked,
            "projects",
            projects
              .filter((project) => identity.rolesOn(caller.user, Scope.Project(project)).length > 0)
              .map((project) => projectBody(asked, project))
          )
        )
      case "GET /v3/projects":
        return Effect.as(
          may(isAdmin(caller), "list_projects"),
          listOf(asked, "projects", projects.map((project) => projectBody(asked, project)))
        )
      case "GET /v3/users":
        return Effect.as(
          may(isAdmin(caller), "list_users"),
          listOf(asked, "users", identity.everyone.map((user) => userBody(asked, user)))
        )
      default:
        return Effect.fail(htmlPage(404))
    }
  }

  const versionList = ({ root }: Asked): Answer => ({
    status: 300,
    headers: { Location: `${root}/${hasV3 ? "v3" : "v2.0"}/` },
    json: {
      versions: {
        values: [
          ...(hasV3 ? [versionDocument(root)] : []),
          ...(hasV2 ? [keystoneV2.versionDocument(root)] : [])
        ]
      }
    }
  })

  const answer = (asked: Asked): Effect.Effect<Answer, Answer> => {
    const { below, root } = asked
    if (below === "" || below === "/") return Effect.succeed(versionList(asked))
    const [, version, rest = ""] = /^\/([^/]*)(.*)$/s.exec(below) ?? []
    const isRoot = rest === "" || rest === "/"
    if (version === "v2.0" && hasV2) {
      return isRoot ? Effect.succeed({ json: { version: keystoneV2.versionDocument(root) } }) : answerV2(asked)
    }
    if (version !== "v3" || !hasV3) return Effect.fail(htmlPage(404))
    if (isRoot) return Effect.succeed({ json: { version: versionDocument(root) } })
    if (isLogin(asked)) return postToken(asked)
    return Effect.flatMap(
      tokens.valid(asked.headers["x-auth-token"]),
      (caller) => caller === undefined ? Effect.fail(unauthorized) : resource(asked, caller)
    )
  }

  const dressed = (asked: Asked, answer: Answer): Answer => {
    const isReceipt = answer.headers?.["Openstack-Auth-Receipt"] !== undefined
    const challenge = answer.status === 401 && !isReceipt
      ? { "WWW-Authenticate": `Keystone uri="${asked.root}/v3"` }
      : {}
    return { ...answer, headers: { Vary: "X-Auth-Token", ...challenge, ...answer.headers } }
  }

  return {
    serviceType: "identity",
    path: "identity",
    microversion: () => undefined,
    loginMethods: (asked) =>
      hasV3 && isLogin(asked) ? loginMethods(asked) : hasV2 ? keystoneV2.loginMethods(asked) : undefined,
    answer: (asked) => Effect.map(Effect.merge(answer(asked)), (answer) => dressed(asked, answer)),
    refuse: (asked, status, message) => dressed(asked, keystoneError(status, message))
  }
}
