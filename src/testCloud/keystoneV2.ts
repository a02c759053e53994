/** Keystone v2.0: logins, and the tenants that a token can be had for. Its users and tenants are those of domain Default. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as catalog from "./catalog.js"
import { badRequest, forbiddenAction, keystoneError, missing, unauthorized } from "./dialects.js"
import * as identity from "./identity.js"
import type { Token, Tokens } from "./identity.js"
import { Scope } from "./identity.js"
import { stableId, timestamp, timestampInSeconds } from "./ids.js"
import type { Answer, Project } from "./model.js"
import { decodeBody } from "./services.js"
import type { Asked } from "./services.js"

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

const login = (asked: Asked): Option.Option<Login> =>
  decodeBody(asked).pipe(Option.flatMap(decodeLogin), Option.map(({ auth }) => auth))

const isLogin = ({ below, method }: Asked): boolean => method === "POST" && below === "/v2.0/tokens"

/** What a login shows, in v3's words; undefined if it is none. */
export const loginMethods = (asked: Asked): ReadonlyArray<string> | undefined =>
  !isLogin(asked) ? undefined : Option.match(login(asked), {
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

const tokenBody = (place: catalog.Place, token: Token) => {
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
      serviceCatalog: hasTenant ? catalog.v2(place, token) : [],
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
  const user = identity.everyone.find((user) =>
    username === undefined ? user.userId === userId : user.username === username
  )
  return user !== undefined && Redacted.value(user.password) === password
    ? Effect.succeed({ methods: ["password"], user, parent: undefined })
    : Effect.fail(unauthorized)
}

/** Keystone v2.0, for what is asked below `/v2.0/`. */
export const make = (options: {
  readonly tokens: Tokens
  readonly place: catalog.Place
  readonly projects: ReadonlyArray<Project>
  /** What forbids that a token is exchanged. */
  readonly mayRescope: (token: Token) => Effect.Effect<void, Answer>
}): (asked: Asked) => Effect.Effect<Answer, Answer> => {
  const { mayRescope, place, projects, tokens } = options

  const proveToken = (auth: Login): Effect.Effect<Proof, Answer> =>
    Effect.gen(function*() {
      const parent = yield* tokens.valid(auth.token?.id)
      if (auth.token?.id === undefined) return yield* Effect.fail(missing("id", "token"))
      // not 404, as v3 does
      if (parent === undefined) return yield* Effect.fail(unauthorized)
      yield* mayRescope(parent)
      // there are no trusts here, and a password does not look for one
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

  const postToken = (asked: Asked): Effect.Effect<Answer, Answer> =>
    Effect.gen(function*() {
      const auth = yield* Effect.mapError(login(asked), () => badRequest("Expecting to find auth in request body."))
      const proof = yield* prove(auth)
      const scope = yield* scopeOf(auth)
      if (scope._tag !== "Unscoped" && identity.rolesOn(proof.user, scope).length === 0) {
        return yield* Effect.fail(unauthorized)
      }
      const token = yield* tokens.issue({ ...proof, scope, applicationCredential: undefined })
      return { json: tokenBody(place, token) }
    })

  const getTenants = (caller: Token): Answer => ({
    json: {
      tenants_links: [],
      tenants: projects
        .filter((project) => identity.rolesOn(caller.user, Scope.Project(project)).length > 0)
        .map(tenantBody)
    }
  })

  return (asked) => {
    if (isLogin(asked)) return postToken(asked)
    return Effect.flatMap(tokens.valid(asked.headers["x-auth-token"]), (caller): Effect.Effect<Answer, Answer> => {
      if (caller === undefined) return Effect.fail(unauthorized)
      return `${asked.method} ${asked.below}` === "GET /v2.0/tenants"
        ? Effect.succeed(getTenants(caller))
        : Effect.fail(keystoneError(404, undefined))
    })
  }
}
