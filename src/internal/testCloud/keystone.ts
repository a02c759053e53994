/** Keystone: logins, tokens, the catalog, and a little of users and projects. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { htmlPage, keystoneError, malformedRequest } from "./dialects.js"
import * as identity from "./identity.js"
import type { Token, Tokens } from "./identity.js"
import { Scope } from "./identity.js"
import { stableId, timestamp } from "./ids.js"
import type { Account, Answer, ApplicationCredential, ServiceTraits } from "./model.js"
import { catalogPath, decodeBody, pathOf } from "./services.js"
import type { Asked, Route } from "./services.js"

const Text = Schema.optional(Schema.String)
const Domain = Schema.Struct({ id: Text, name: Text })
const User = Schema.Struct({ id: Text, name: Text, domain: Schema.optional(Domain), password: Text })
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

const unauthorized = keystoneError(401, undefined)

const badRequest = (message: string) =>
  keystoneError(400, `${message} ${malformedRequest} The client is assumed to be in error.`)

const missing = (what: string, where: string) => badRequest(`Expecting to find ${what} in ${where}.`)

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

const proveToken = (tokens: Tokens, id: string): Effect.Effect<Proof, Answer> =>
  Effect.flatMap(tokens.valid(id), (parent): Effect.Effect<Proof, Answer> =>
    parent === undefined
      ? Effect.fail(noToken(tokens, id))
      : Effect.succeed({ user: parent.user, parent }))

const prove = (tokens: Tokens, { identity }: Login) => (method: string): Effect.Effect<Proof, Answer> => {
  switch (method) {
    case "password":
      return identity.password === undefined
        ? Effect.fail(missing(method, "identity"))
        : provePassword(identity.password.user)
    case "token":
      return identity.token === undefined
        ? Effect.fail(missing(method, "identity"))
        : proveToken(tokens, identity.token.id)
    case "application_credential":
      return identity.application_credential === undefined
        ? Effect.fail(missing(method, "identity"))
        : proveApplicationCredential(identity.application_credential)
    default:
      return Effect.fail(missing(method, "identity"))
  }
}

const projectScope = (user: Account) => Scope.Project({ id: user.projectId, name: user.projectName })

const requestedScope = (requested: Exclude<RequestedScope, "unscoped">): Effect.Effect<Scope, Answer> => {
  const { domain, project, system } = requested
  if (project !== undefined) {
    if (project.id === undefined && project.domain === undefined) return Effect.fail(missing("domain", "project"))
    const owner = identity.everyone.find((user) =>
      project.id === undefined
        ? user.projectName === project.name && project.domain !== undefined && isDefaultDomain(project.domain)
        : user.projectId === project.id
    )
    return owner === undefined ? Effect.fail(unauthorized) : Effect.succeed(projectScope(owner))
  }
  if (domain !== undefined) return isDefaultDomain(domain) ? Effect.succeed(Scope.Domain()) : Effect.fail(unauthorized)
  return system?.all === true
    ? Effect.succeed(Scope.System())
    : Effect.fail(missing("project, domain or system", "scope"))
}

const scopeOf = (proof: Proof, requested: RequestedScope | undefined): Effect.Effect<Scope, Answer> => {
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
    requestedScope(requested),
    (scope) => identity.rolesOn(proof.user, scope).length > 0,
    () => unauthorized
  )
}

const login = (tokens: Tokens, auth: Login): Effect.Effect<Token, Answer> =>
  Effect.gen(function*() {
    const { methods } = auth.identity
    const proofs = yield* Effect.forEach(methods, prove(tokens, auth))
    const [first] = proofs
    if (first === undefined || proofs.some(({ user }) => user.userId !== first.user.userId)) {
      return yield* Effect.fail(unauthorized)
    }
    const proof = proofs.reduce<Proof>((all, one) => ({ ...all, ...one }), first)
    return yield* tokens.issue({
      methods: [...new Set([...methods, ...(proof.parent?.methods ?? [])])],
      user: proof.user,
      scope: yield* scopeOf(proof, auth.scope),
      applicationCredential: proof.applicationCredential,
      parent: proof.parent
    })
  })

interface Place {
  readonly baseUrl: string
  readonly region: string
  readonly services: ReadonlyArray<ServiceTraits>
}

const interfaces = { public: "", internal: "/internal", admin: "/admin" }

const keystoneTraits: ServiceTraits = {
  serviceType: "identity",
  name: "keystone",
  versions: [{ id: "v3", status: "CURRENT" }]
}

// Keystone's own placeholder; what contains it is not listed for tokens without a project
const projectPlaceholder = "%(project_id)s"

const catalogOf = ({ baseUrl, region, services }: Place, { scope }: Token): ReadonlyArray<unknown> =>
  [keystoneTraits, ...services].map((service) => {
    const template = catalogPath(service, projectPlaceholder)
    const path = scope._tag === "Project" ? template.replaceAll(projectPlaceholder, scope.id) : template
    const endpoints = Object.entries(interfaces).map(([name, prefix]) => ({
      id: stableId(`endpoint/${service.serviceType}/${name}`),
      interface: name,
      region_id: region,
      url: `${baseUrl}${prefix}/${pathOf(service)}${path}`,
      region
    }))
    return {
      endpoints: path.includes(projectPlaceholder) ? [] : endpoints,
      id: stableId(`service/${service.serviceType}`),
      type: service.serviceType,
      name: service.name
    }
  })

const scopeFields = (scope: Scope): object =>
  Scope.$match(scope, {
    Unscoped: () => ({}),
    Project: ({ id, name }) => ({ project: { domain: identity.domain, id, name }, is_domain: false }),
    Domain: () => ({ domain: identity.domain }),
    System: () => ({ system: { all: true } })
  })

const tokenBody = (place: Place, token: Token, withCatalog: boolean) => ({
  token: {
    methods: token.methods,
    user: { domain: identity.domain, id: token.user.userId, name: token.user.username, password_expires_at: null },
    audit_ids: token.auditIds,
    expires_at: timestamp(token.expiresAt),
    issued_at: timestamp(token.issuedAt),
    ...scopeFields(token.scope),
    ...(token.scope._tag === "Unscoped" ? {} : {
      roles: token.roles.map((name) => ({ id: stableId(`role/${name}`), name })),
      ...(withCatalog ? { catalog: catalogOf(place, token) } : {})
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

const projectBody = (asked: Asked, { projectDomainId, projectId, projectName }: Account) => ({
  id: projectId,
  name: projectName,
  domain_id: projectDomainId,
  description: "",
  enabled: true,
  parent_id: projectDomainId,
  is_domain: false,
  tags: [],
  options: {},
  links: { self: `${asked.root}/v3/projects/${projectId}` }
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

const forbidden = (action: string) =>
  keystoneError(403, `You are not authorized to perform the requested action: identity:${action}.`)

const isAdmin = (token: Token) => token.roles.includes("admin")

const may = (allowed: boolean, action: string): Effect.Effect<void, Answer> =>
  allowed ? Effect.void : Effect.fail(forbidden(action))

/** Keystone at its place in the cloud. */
export const route = (tokens: Tokens, place: Place): Route => {
  const withCatalog = (asked: Asked) => !asked.url.searchParams.has("nocatalog")

  const postToken = (asked: Asked): Effect.Effect<Answer, Answer> =>
    Effect.gen(function*() {
      const { auth } = yield* decodeBody(asked).pipe(
        Option.flatMap(decodeLogin),
        // not Keystone's own text, nor Schema's: both quote the body, and so the password
        Effect.mapError(() => badRequest("The login is not what the schema asks for."))
      )
      const token = yield* login(tokens, auth)
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
          catalog: catalogOf(place, caller),
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
        return Effect.succeed(listOf(asked, "projects", [projectBody(asked, caller.user)]))
      case "GET /v3/projects":
        return Effect.as(
          may(isAdmin(caller), "list_projects"),
          listOf(asked, "projects", identity.everyone.map((user) => projectBody(asked, user)))
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

  const answer = (asked: Asked): Effect.Effect<Answer, Answer> => {
    switch (asked.below) {
      case "":
      case "/":
        return Effect.succeed({
          status: 300,
          headers: { Location: `${asked.root}/v3/` },
          json: { versions: { values: [versionDocument(asked.root)] } }
        })
      case "/v3":
      case "/v3/":
        return Effect.succeed({ json: { version: versionDocument(asked.root) } })
    }
    if (asked.method === "POST" && asked.below === "/v3/auth/tokens") return postToken(asked)
    if (!asked.below.startsWith("/v3/")) return Effect.fail(htmlPage(404))
    return Effect.flatMap(
      tokens.valid(asked.headers["x-auth-token"]),
      (caller) => caller === undefined ? Effect.fail(unauthorized) : resource(asked, caller)
    )
  }

  const dressed = (asked: Asked, answer: Answer): Answer => {
    const challenge = answer.status === 401 ? { "WWW-Authenticate": `Keystone uri="${asked.root}/v3"` } : {}
    return { ...answer, headers: { Vary: "X-Auth-Token", ...challenge, ...answer.headers } }
  }

  return {
    serviceType: "identity",
    path: "identity",
    microversion: () => undefined,
    answer: (asked) => Effect.map(Effect.merge(answer(asked)), (answer) => dressed(asked, answer)),
    refuse: (asked, status, message) => dressed(asked, keystoneError(status, message))
  }
}
