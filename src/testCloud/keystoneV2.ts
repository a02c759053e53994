/** Keystone v2.0: logins, and the tenants of a token. It has the users and projects of domain Default. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as accounts from "./accounts.js"
import { Scope } from "./accounts.js"
import * as catalog from "./catalog.js"
import { badRequest, forbiddenAction, keystoneError, missing, unauthorized } from "./dialects.js"
import { readBody } from "./http.js"
import { stableId, timestamp, timestampInSeconds } from "./ids.js"
import type { Answer, Project } from "./model.js"
import type { RoutedRequest } from "./services.js"
import type { Token, Tokens } from "./tokens.js"

const Text = Schema.optional(Schema.String)

const Login = Schema.Struct({
  auth: Schema.Struct({
    passwordCredentials: Schema.optional(Schema.Struct({ username: Text, userId: Text, password: Text })),
    token: Schema.optional(Schema.Struct({ id: Text })),
    tenantId: Text,
    tenantName: Text,
    trust_id: Text
  })
})
type Login = typeof Login.Type["auth"]

const decodeLogin = Schema.decodeUnknownOption(Login)

/** The login in the body of a request; `None` if there is none. */
const readLogin = (request: RoutedRequest): Option.Option<Login> =>
  readBody(request).pipe(Option.flatMap(decodeLogin), Option.map(({ auth }) => auth))

const isLogin = ({ method, path }: RoutedRequest): boolean => method === "POST" && path === "/v2.0/tokens"

/** The methods of a login, under the names of v3; `undefined` for other requests. */
export const loginMethods = (request: RoutedRequest): ReadonlyArray<string> | undefined =>
  !isLogin(request) ? undefined : Option.match(readLogin(request), {
    onNone: () => [],
    onSome: ({ passwordCredentials, token }) =>
      token !== undefined ? ["token"] : passwordCredentials !== undefined ? ["password"] : []
  })

export const versionDocument = (root: string) => ({
  status: "deprecated",
  updated: "2016-08-04T00:00:00Z",
  "media-types": [{ base: "application/json", type: "application/vnd.openstack.identity-v2.0+json" }],
  id: "v2.0",
  links: [
    { href: `${root}/v2.0/`, rel: "self" },
    { href: "http://docs.openstack.org/", type: "text/html", rel: "describedby" }
  ]
})

const tenantBody = ({ id, name }: Project) => ({ description: "", enabled: true, id, name })

const tokenBody = (region: catalog.Region, token: Token) => {
  const { scope, user } = token
  const hasTenant = scope._tag === "Project"
  return {
    access: {
      token: {
        issued_at: timestamp(token.issuedAt),
        expires: timestampInSeconds(token.expiresAt),
        id: token.value,
        ...(hasTenant ? { tenant: tenantBody(scope) } : {}),
        audit_ids: token.auditIds
      },
      serviceCatalog: hasTenant ? catalog.v2(region, token) : [],
      user: {
        username: user.username,
        roles_links: [],
        id: user.userId,
        roles: token.roles.map((name) => ({ name })),
        name: user.username
      },
      metadata: { is_admin: 0, roles: token.roles.map((name) => stableId(`role/${name}`)) }
    }
  }
}

type Proof = Pick<Parameters<Tokens["issue"]>[0], "methods" | "user" | "parent">

const provePassword = (
  { password, userId, username }: NonNullable<Login["passwordCredentials"]>
): Effect.Effect<Proof, Answer> => {
  if (password === undefined) return Effect.fail(missing("password", "passwordCredentials"))
  if (username === undefined && userId === undefined) {
    return Effect.fail(missing("username or userId", "passwordCredentials"))
  }
  // the name wins, as in Keystone
  const user = accounts.users.find((user) =>
    username === undefined ? user.userId === userId : user.username === username
  )
  return user !== undefined && Redacted.value(user.password) === password
    ? Effect.succeed({ methods: ["password"], user, parent: undefined })
    : Effect.fail(unauthorized)
}

/** Answers the requests below `/v2.0/`. */
export const make = (options: {
  readonly tokens: Tokens
  readonly region: catalog.Region
  readonly projects: ReadonlyArray<Project>
  /** Fails if a token must not be exchanged for another one. */
  readonly mayRescope: (token: Token) => Effect.Effect<void, Answer>
}): (request: RoutedRequest) => Effect.Effect<Answer, Answer> => {
  const { mayRescope, projects, region, tokens } = options

  const proveToken = (auth: Login): Effect.Effect<Proof, Answer> =>
    Effect.gen(function*() {
      const parent = yield* tokens.valid(auth.token?.id)
      if (auth.token?.id === undefined) return yield* Effect.fail(missing("id", "token"))
      // v3 answers 404
      if (parent === undefined) return yield* Effect.fail(unauthorized)
      yield* mayRescope(parent)
      // this cloud has no trusts; a login with a password ignores trust_id
      if (auth.trust_id !== undefined) return yield* Effect.fail(forbiddenAction(undefined))
      return { methods: [...new Set(["token", ...parent.methods])], user: parent.user, parent }
    })

  const prove = (auth: Login): Effect.Effect<Proof, Answer> =>
    auth.token !== undefined
      ? proveToken(auth)
      : auth.passwordCredentials !== undefined
      ? provePassword(auth.passwordCredentials)
      : Effect.fail(missing("passwordCredentials", "auth"))

  const scopeOf = ({ tenantId, tenantName }: Login): Effect.Effect<Scope, Answer> => {
    if (tenantId === undefined && tenantName === undefined) return Effect.succeed(Scope.Unscoped())
    const project = projects.find(({ id, name }) => tenantName === undefined ? id === tenantId : name === tenantName)
    return project === undefined ? Effect.fail(unauthorized) : Effect.succeed(Scope.Project(project))
  }

  const postToken = (request: RoutedRequest): Effect.Effect<Answer, Answer> =>
    Effect.gen(function*() {
      const auth = yield* Option.match(readLogin(request), {
        onNone: () => Effect.fail(badRequest("Expecting to find auth in request body.")),
        onSome: (auth) => Effect.succeed(auth)
      })
      const proof = yield* prove(auth)
      const scope = yield* scopeOf(auth)
      if (scope._tag !== "Unscoped" && accounts.rolesOn(proof.user, scope).length === 0) {
        return yield* Effect.fail(unauthorized)
      }
      const token = yield* tokens.issue({ ...proof, scope, applicationCredential: undefined })
      return { json: tokenBody(region, token) }
    })

  const getTenants = (caller: Token): Answer => ({
    json: {
      tenants_links: [],
      tenants: projects
        .filter((project) => accounts.rolesOn(caller.user, Scope.Project(project)).length > 0)
        .map(tenantBody)
    }
  })

  return (request) => {
    if (isLogin(request)) return postToken(request)
    return Effect.flatMap(tokens.valid(request.headers["x-auth-token"]), (caller): Effect.Effect<Answer, Answer> => {
      if (caller === undefined) return Effect.fail(unauthorized)
      return `${request.method} ${request.path}` === "GET /v2.0/tenants"
        ? Effect.succeed(getTenants(caller))
        : Effect.fail(keystoneError(404, undefined))
    })
  }
}
