/** Every plugin that there is, made with all that it can be given, and a cloud that accepts all of them. */
import { Headers, HttpClient, HttpClientResponse } from "@effect/platform"
import { Effect, Layer, Redacted } from "effect"
import {
  AccessInfo,
  AdminToken,
  AuthPlugin,
  AuthTypes,
  CustomLogin,
  IssuedToken,
  ServiceToken,
  Session
} from "effect-keystoneauth"
import * as OAuth1 from "effect-keystoneauth/OAuth1"

export const secret = "hunter2-hunter2"

/** Where compute is, by every catalog and every `endpoint`. */
const computeUrl = "https://nova.test/v2.1"

const token = {
  methods: ["password"],
  issued_at: "1970-01-01T00:00:00.000000Z",
  expires_at: "1970-01-01T01:00:00.000000Z",
  user: { id: "u", name: "demo", domain: { id: "default", name: "Default" } },
  project: { id: "p", name: "demo", domain: { id: "default", name: "Default" } },
  catalog: [{
    type: "compute",
    name: "nova",
    endpoints: [{ id: "e", interface: "public", region: "R", region_id: "R", url: computeUrl }]
  }]
}

const v2 = {
  access: {
    token: { id: secret, expires: token.expires_at, tenant: { id: "p", name: "demo" } },
    user: { id: "u", name: "demo", roles: [] },
    serviceCatalog: [{ type: "compute", name: "nova", endpoints: [{ region: "R", publicURL: computeUrl }] }]
  }
}

const answer = (url: URL): readonly [status: number, body: unknown, headers?: Record<string, string>] =>
  url.pathname.endsWith("/oauth2")
    ? [200, { access_token: secret, token_type: "Bearer", expires_in: 3600 }]
    : url.pathname.endsWith("/v2.0/tokens")
    ? [200, v2]
    : url.pathname.endsWith("/auth/tokens")
    ? [url.search === "?get" ? 200 : 201, { token }, { "x-subject-token": secret }]
    : url.pathname === "/v2.1/servers"
    ? [200, { servers: [] }]
    : url.href === "https://id.test/v3"
    ? [200, { version: { id: "v3.14", status: "stable", links: [{ rel: "self", href: "https://id.test/v3/" }] } }]
    : [404, {}]

/** A cloud that gives everybody the same tokens. */
export const world = Session.layer().pipe(Layer.provide(Layer.succeed(
  HttpClient.HttpClient,
  HttpClient.make((request, url) => {
    const [status, body, headers] = answer(url)
    return Effect.succeed(
      HttpClientResponse.fromWeb(
        request,
        new Response(JSON.stringify(body), {
          status: request.method === "GET" && status === 201 ? 200 : status,
          headers: headers ?? {}
        })
      )
    )
  })
)))

const issued = AccessInfo.fromV3({ token }, Redacted.make(secret))

const types = [...AuthTypes.core, OAuth1.authType]

/** What each type needs; every secret that it can be told is told. */
const given = (name: string): Record<string, string> => {
  const own: Record<string, string> = name === "v3multifactor" ? { auth_methods: "v3password,v3totp" } : {}
  const methods = name === "v3multifactor" ? ["v3password", "v3totp"] : []
  const options = types.filter((type) => [name, ...methods].includes(type.name)).flatMap((type) => type.options)
  const texts: Record<string, string> = {
    "auth-url": name.startsWith("v2") ? "https://id.test/v2.0" : "https://id.test/v3",
    username: "demo",
    "user-domain-name": "Default",
    "application-credential-id": "x",
    application_credential_id: "x",
    "oauth2-endpoint": "https://id.test/oauth2",
    oauth2_endpoint: "https://id.test/oauth2",
    endpoint: computeUrl
  }
  for (const option of options) {
    const text = option.kind === "secret" ? secret : texts[option.name] ?? (option.required ? "x" : undefined)
    if (text !== undefined) {
      own[option.name.replaceAll("-", "_")] ??= text
    }
  }
  return name === "v3tokenlessauth" ? { ...own, project_id: "p" } : own
}

export const handMade = (headers: Effect.Effect<Headers.Headers>) => AuthPlugin.make({ name: "own", headers })

const ownHeaders = (name: string) => Headers.fromInput({ [name]: secret, "x-beside": secret })

/** By name: each type of the registry, and those that have none. */
export const made: Record<string, Effect.Effect<AuthPlugin.Service, unknown, Session.Session>> = {
  ...Object.fromEntries(
    types.map(({ name }) => [
      name,
      Effect.provide(AuthTypes.load(name, given(name)), AuthTypes.add([OAuth1.authType]))
    ])
  ),
  IssuedToken: Effect.map(issued, (access) => IssuedToken.make({ access })),
  ServiceToken: Effect.succeed(
    ServiceToken.make(
      handMade(Effect.succeed(ownHeaders("x-api-key"))),
      AdminToken.make({ token: Redacted.make(secret) })
    )
  ),
  CustomLogin: CustomLogin.make({
    authUrl: "https://id.test/v3",
    name: "own",
    description: "somebody",
    parts: { ticket: Redacted.make(secret) },
    login: Effect.orDie(issued)
  }),
  "made of a value": Effect.succeed(handMade(Effect.succeed(ownHeaders("x-api-key")))),
  "made by combinators": Effect.succeed(
    handMade(
      Effect.succeed(ownHeaders("x-vault-jwt")).pipe(
        Effect.zipWith(Effect.succeed(ownHeaders("x-gateway-user")), Headers.merge),
        Effect.map(Headers.set("x-more", secret)),
        Effect.tap(() => Effect.succeed(secret))
      )
    )
  ),
  "made of everything that can be given": Effect.map(issued, (access) => {
    const id = Effect.succeedSome(secret)
    const all = {
      name: "own",
      headers: Effect.succeed(Headers.unsafeFromRecord({ authorization: secret })),
      access: Effect.succeedSome(access),
      userId: id,
      projectId: id,
      cacheId: id,
      authState: Effect.succeedSome(Redacted.make(secret)),
      password: secret
    }
    return AuthPlugin.make(all)
  }),
  "made of another one": Effect.succeed(
    AuthPlugin.make({
      ...AdminToken.make({ token: Redacted.make(secret) }),
      name: "own",
      cacheId: Effect.succeedSome("known")
    })
  )
}
