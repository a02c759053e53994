/** Keystone: its version documents, and v3's tokens, catalog, users and projects. */
import * as Effect from "effect/Effect"
import * as accounts from "./accounts.js"
import { Scope } from "./accounts.js"
import * as catalog from "./catalog.js"
import { forbiddenAction, htmlPage, keystoneError, unauthorized } from "./dialects.js"
import { stableId, timestamp } from "./ids.js"
import * as login from "./keystoneLogin.js"
import * as keystoneV2 from "./keystoneV2.js"
import type { Account, Answer, IdentityOptions, Project, ServiceTraits } from "./model.js"
import type { Route, RoutedRequest } from "./services.js"
import type { Token, Tokens } from "./tokens.js"

const scopeFields = (scope: Scope): object =>
  Scope.$match(scope, {
    Unscoped: () => ({}),
    Project: ({ id, name }) => ({ project: { domain: accounts.domain, id, name }, is_domain: false }),
    Domain: () => ({ domain: accounts.domain }),
    System: () => ({ system: { all: true } })
  })

const tokenBody = (region: catalog.Region, token: Token, withCatalog: boolean) => ({
  token: {
    methods: token.methods,
    user: { domain: accounts.domain, id: token.user.userId, name: token.user.username, password_expires_at: null },
    audit_ids: token.auditIds,
    expires_at: timestamp(token.expiresAt),
    issued_at: timestamp(token.issuedAt),
    ...scopeFields(token.scope),
    ...(token.scope._tag === "Unscoped" ? {} : {
      roles: token.roles.map((name) => ({ id: stableId(`role/${name}`), name })),
      ...(withCatalog ? { catalog: catalog.v3(region, token) } : {})
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

/** Keystone as the catalog lists it. */
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

const listOf = (request: RoutedRequest, name: string, values: ReadonlyArray<unknown>): Answer => ({
  json: { [name]: values, links: { next: null, self: `${request.root}${request.path}`, previous: null } }
})

const projectBody = (request: RoutedRequest, { id, name }: Project) => ({
  id,
  name,
  domain_id: accounts.domain.id,
  description: "",
  enabled: true,
  parent_id: accounts.domain.id,
  is_domain: false,
  tags: [],
  options: {},
  links: { self: `${request.root}/v3/projects/${id}` }
})

const userBody = (request: RoutedRequest, user: Account) => ({
  id: user.userId,
  name: user.username,
  domain_id: user.userDomainId,
  enabled: true,
  password_expires_at: null,
  ...(accounts.hasDefaultProject(user) ? { default_project_id: user.projectId } : {}),
  options: {},
  links: { self: `${request.root}/v3/users/${user.userId}` }
})

const isAdmin = (token: Token) => token.roles.includes("admin")

const may = (allowed: boolean, action: string): Effect.Effect<void, Answer> =>
  allowed ? Effect.void : Effect.fail(forbiddenAction(`identity:${action}`))

/** Keystone as the cloud calls it. */
export const route = (
  tokens: Tokens,
  region: catalog.Region,
  projects: ReadonlyArray<Project>,
  options: IdentityOptions
): Effect.Effect<Route> =>
  Effect.map(login.make(tokens, projects, options), (keystone) => serve(keystone, region, options.versions ?? ["v3"]))

const serve = (keystone: login.Keystone, region: catalog.Region, versions: ReadonlyArray<"v3" | "v2.0">): Route => {
  const { projects, tokens } = keystone
  const hasV3 = versions.includes("v3")
  const hasV2 = versions.includes("v2.0")
  const answerV2 = keystoneV2.make({ tokens, region, projects, mayRescope: login.mayRescope(keystone) })

  const withCatalog = (request: RoutedRequest) => !request.url.searchParams.has("nocatalog")

  const postToken = (request: RoutedRequest): Effect.Effect<Answer, Answer> =>
    Effect.map(login.login(keystone, request), (token) => ({
      status: 201,
      headers: { "X-Subject-Token": token.value },
      json: tokenBody(region, token, withCatalog(request))
    }))

  const subjectToken = (request: RoutedRequest, caller: Token, action: string): Effect.Effect<Token, Answer> =>
    Effect.gen(function*() {
      const value = request.headers["x-subject-token"]
      const subject = yield* tokens.valid(value)
      if (subject === undefined) return yield* Effect.fail(login.noToken(tokens, value))
      yield* may(isAdmin(caller) || subject.user.userId === caller.user.userId, action)
      return subject
    })

  const getToken = (request: RoutedRequest, caller: Token): Effect.Effect<Answer, Answer> =>
    Effect.map(subjectToken(request, caller, "validate_token"), (subject) => ({
      headers: { "X-Subject-Token": subject.value },
      json: tokenBody(region, subject, withCatalog(request))
    }))

  const deleteToken = (request: RoutedRequest, caller: Token): Effect.Effect<Answer, Answer> =>
    subjectToken(request, caller, "revoke_token").pipe(
      Effect.flatMap((subject) => tokens.revoke((token) => token === subject)),
      Effect.as({ status: 204 })
    )

  const getCatalog = (request: RoutedRequest, caller: Token): Effect.Effect<Answer, Answer> =>
    caller.scope._tag === "Project"
      ? Effect.succeed({
        json: {
          catalog: catalog.v3(region, caller),
          links: { next: null, self: `${request.root}${request.path}`, previous: null }
        }
      })
      : Effect.fail(keystoneError(403, "You are not authorized to perform the requested action."))

  const getUser = (request: RoutedRequest, caller: Token, id: string): Effect.Effect<Answer, Answer> =>
    Effect.gen(function*() {
      yield* may(isAdmin(caller) || caller.user.userId === id, "get_user")
      const user = accounts.users.find((user) => user.userId === id)
      if (user === undefined) return yield* Effect.fail(keystoneError(404, `Could not find user: ${id}.`))
      return { json: { user: userBody(request, user) } }
    })

  /** Everything below /v3 that needs a token. */
  const resource = (request: RoutedRequest, caller: Token): Effect.Effect<Answer, Answer> => {
    const user = /^\/v3\/users\/([^/]+)$/.exec(request.path)
    if (user?.[1] !== undefined && request.method === "GET") return getUser(request, caller, user[1])
    switch (`${request.method} ${request.path}`) {
      case "GET /v3/auth/tokens":
      case "HEAD /v3/auth/tokens":
        return getToken(request, caller)
      case "DELETE /v3/auth/tokens":
        return deleteToken(request, caller)
      case "GET /v3/auth/catalog":
        return getCatalog(request, caller)
      case "GET /v3/auth/projects":
        return Effect.succeed(
          listOf(
            request,
            "projects",
            projects
              .filter((project) => accounts.rolesOn(caller.user, Scope.Project(project)).length > 0)
              .map((project) => projectBody(request, project))
          )
        )
      case "GET /v3/projects":
        return Effect.as(
          may(isAdmin(caller), "list_projects"),
          listOf(request, "projects", projects.map((project) => projectBody(request, project)))
        )
      case "GET /v3/users":
        return Effect.as(
          may(isAdmin(caller), "list_users"),
          listOf(request, "users", accounts.users.map((user) => userBody(request, user)))
        )
      default:
        return Effect.fail(htmlPage(404))
    }
  }

  const versionList = ({ root }: RoutedRequest): Answer => ({
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

  /** Fails with answers that refuse the request. */
  const answer = (request: RoutedRequest): Effect.Effect<Answer, Answer> => {
    const { path, root } = request
    if (path === "" || path === "/") return Effect.succeed(versionList(request))
    const [, version, rest = ""] = /^\/([^/]*)(.*)$/s.exec(path) ?? []
    const isRoot = rest === "" || rest === "/"
    if (version === "v2.0" && hasV2) {
      return isRoot ? Effect.succeed({ json: { version: keystoneV2.versionDocument(root) } }) : answerV2(request)
    }
    if (version !== "v3" || !hasV3) return Effect.fail(htmlPage(404))
    if (isRoot) return Effect.succeed({ json: { version: versionDocument(root) } })
    if (login.isLogin(request)) return postToken(request)
    return Effect.flatMap(
      tokens.valid(request.headers["x-auth-token"]),
      (caller) => caller === undefined ? Effect.fail(unauthorized) : resource(request, caller)
    )
  }

  const withHeaders = (request: RoutedRequest, answer: Answer): Answer => {
    const isReceipt = answer.headers?.["Openstack-Auth-Receipt"] !== undefined
    const challenge = answer.status === 401 && !isReceipt
      ? { "WWW-Authenticate": `Keystone uri="${request.root}/v3"` }
      : {}
    return { ...answer, headers: { Vary: "X-Auth-Token", ...challenge, ...answer.headers } }
  }

  return {
    serviceType: "identity",
    path: "identity",
    microversion: () => undefined,
    loginMethods: (request) =>
      hasV3 && login.isLogin(request)
        ? login.loginMethods(request)
        : hasV2
        ? keystoneV2.loginMethods(request)
        : undefined,
    answer: (request) =>
      Effect.map(Effect.catchAll(answer(request), Effect.succeed), (answer) => withHeaders(request, answer)),
    refuse: (request, status, message) => withHeaders(request, keystoneError(status, message))
  }
}
