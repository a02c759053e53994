/** What the tests against a real OpenStack share. */
import { HttpClient, HttpClientResponse } from "@effect/platform"
import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Layer, Option, Redacted, Schema } from "effect"
import { AccessInfo, ApplicationCredential, AuthPlugin, Password, Session } from "effect-keystoneauth"
import { inject } from "vitest"
import { type Platform, platforms } from "../support.js"
import { type ProvidedCloud, script } from "./globalSetup.js"

// -----------------------------------------------------------------------------
// fixtures
// -----------------------------------------------------------------------------

const Entity = Schema.Struct({ id: Schema.String, name: Schema.String })

const User = Schema.Struct({ ...Entity.fields, domain_id: Schema.String, password: Schema.Redacted(Schema.String) })

const Credential = Schema.Struct({
  ...Entity.fields,
  secret: Schema.Redacted(Schema.String),
  user_name: Schema.String,
  user_domain_name: Schema.String,
  project_name: Schema.String
})

/** Of fixtures.json, what these tests use. */
const Fixtures = Schema.parseJson(Schema.Struct({
  auth_url: Schema.String,
  auth_url_unversioned: Schema.String,
  domains: Schema.Record({ key: Schema.Literal("Default", "second"), value: Schema.String }),
  projects: Schema.Record({
    key: Schema.Literal("admin", "demo", "alt", "disabled", "second", "second-demo"),
    value: Entity
  }),
  users: Schema.Record({
    key: Schema.Literal(
      "admin",
      "demo",
      "appcred-user",
      "default-project-user",
      "disabled-user",
      "domain-admin",
      "expired-user",
      "mfa-user",
      "no-role-user",
      "nova",
      "reader-user",
      "second-demo",
      "system-admin",
      "tokenless-user",
      "trustee"
    ),
    value: User
  }),
  application_credentials: Schema.Record({ key: Schema.Literal("plain", "rules"), value: Credential }),
  trusts: Schema.Record({
    key: Schema.Literal("impersonating", "plain"),
    value: Schema.Struct({ id: Schema.String })
  }),
  oauth1: Schema.Struct({
    consumer_key: Schema.String,
    consumer_secret: Schema.Redacted(Schema.String),
    access_key: Schema.String,
    access_secret: Schema.Redacted(Schema.String),
    user_name: Schema.String,
    project_name: Schema.String
  }),
  totp_secret: Schema.Redacted(Schema.String),
  tls: Schema.Struct({
    auth_url: Schema.String,
    client_certificate_auth_url: Schema.String,
    wrong_host_auth_url: Schema.String,
    expired_auth_url: Schema.String,
    tokenless_auth_url: Schema.String,
    ca: Schema.String,
    cert: Schema.String,
    key: Schema.String,
    cert_and_key: Schema.String,
    other_ca: Schema.String,
    other_cert: Schema.String,
    other_key: Schema.String
  })
}))

type Fixtures = typeof Fixtures.Type

const provided: ProvidedCloud | undefined = inject("openstack")

/** The cloud that the tests run against. */
export class Cloud extends Context.Tag("test/openstack/Cloud")<Cloud, {
  readonly fixtures: Fixtures
  /** Where its scripts are. */
  readonly directory: string
  /** The text of fixtures.json: every secret is in it. */
  readonly text: string
  /** From now on, tokens live so many seconds. Restarts Keystone. */
  readonly setTokenExpiration: (seconds: number) => Effect.Effect<void>
}>() {
  static readonly layer = Layer.effect(
    Cloud,
    Effect.gen(function*() {
      const { directory, fixtures: text } = yield* Effect.orDieWith(
        Option.fromNullable(provided),
        () => new Error("there is no cloud")
      )
      return {
        fixtures: yield* Effect.orDie(Schema.decode(Fixtures)(text)),
        directory,
        text,
        setTokenExpiration: (seconds) => Effect.orDie(script(directory, "set-token-expiration", String(seconds)))
      }
    })
  )
}

export const fixtures: Effect.Effect<Fixtures, never, Cloud> = Effect.map(Cloud, (cloud) => cloud.fixtures)

// -----------------------------------------------------------------------------
// tests
// -----------------------------------------------------------------------------

type Test = <E>(name: string, self: () => Effect.Effect<void, E, Cloud>, timeout?: number) => void

/** What sessions send with. */
class Sender extends Context.Reference<Sender>()("test/openstack/Sender", {
  defaultValue: (): Platform => "undici"
}) {}

/**
 * Tests that need the cloud, with the real clock. Where there is none they are skipped, after globalSetup has said so
 * loudly, and with CI set has failed. Nothing else in this suite is ever skipped. Each runs over both of the platform's
 * clients, unless it takes long or is about one of them.
 */
export const onOpenStack = (
  name: string,
  body: (test: Test) => void,
  senders: ReadonlyArray<Platform> = ["undici", "fetch"]
): void => {
  describe.skipIf(provided === undefined)(name, () => {
    for (const sender of senders) {
      body((name, self, timeout) =>
        it.live(
          senders.length === 1 ? name : `${name} (${sender})`,
          () => self().pipe(Effect.provideService(Sender, sender), Effect.provide(Cloud.layer)),
          timeout
        )
      )
    }
  })
}

/** The failure of an effect that must fail with this tag. */
export const failure = <Tag extends string, A, E extends { readonly _tag: string }, R>(
  self: Effect.Effect<A, E, R>,
  tag: Tag
): Effect.Effect<Extract<E, { readonly _tag: Tag }>, never, R> =>
  Effect.map(Effect.either(self), (result) => {
    assert(result._tag === "Left", `it succeeds where it must fail with ${tag}`)
    assert(isTagged(result.left, tag), `it fails with ${String(result.left)}, not with ${tag}`)
    return result.left
  })

const isTagged = <Tag extends string, E extends { readonly _tag: string }>(
  error: E,
  tag: Tag
): error is Extract<E, { readonly _tag: Tag }> => error._tag === tag

/** The message must say all of these. */
export const says = (error: { readonly message: string }, ...parts: ReadonlyArray<string>): void => {
  for (const part of parts) {
    assert.include(error.message, part)
  }
}

// -----------------------------------------------------------------------------
// the wire
// -----------------------------------------------------------------------------

export interface Exchange {
  readonly method: string
  readonly url: string
  /** 0 until an answer came, and if none did. */
  readonly status: number
  readonly token: string | undefined
}

/** What went over the wire below a session, retries and logins included. */
export class Wire extends Context.Tag("test/openstack/Wire")<Wire, {
  readonly exchanges: Effect.Effect<ReadonlyArray<Exchange>>
  /** How many logins there were. */
  readonly logins: Effect.Effect<number>
  /** The tokens that were sent or received. */
  readonly tokens: Effect.Effect<ReadonlyArray<string>>
}>() {}

const isLogin = (exchange: Exchange): boolean => exchange.method === "POST" && /\/auth\/tokens(\?|$)/.test(exchange.url)

/** The client below, with a record of what it does. */
export const wiretap: Layer.Layer<HttpClient.HttpClient | Wire, never, HttpClient.HttpClient> = Layer.effectContext(
  Effect.map(HttpClient.HttpClient, (client) => {
    const exchanges: Array<Exchange> = []
    const tokens = new Set<string>()
    const header = (headers: Readonly<Record<string, string | undefined>>, name: string) => {
      const value = headers[name]
      if (value !== undefined) {
        tokens.add(value)
      }
      return value
    }
    const recorded = HttpClient.transform(client, (effect, request) => {
      const index = exchanges.length
      const exchange = {
        method: request.method,
        url: request.url,
        status: 0,
        token: header(request.headers, "x-auth-token")
      }
      exchanges.push(exchange)
      return Effect.tap(effect, (response) => {
        header(response.headers, "x-subject-token")
        exchanges[index] = { ...exchange, status: response.status }
      })
    })
    return Context.make(HttpClient.HttpClient, recorded).pipe(
      Context.add(Wire, {
        exchanges: Effect.sync(() => [...exchanges]),
        logins: Effect.sync(() => exchanges.filter(isLogin).length),
        tokens: Effect.sync(() => [...tokens])
      })
    )
  })
)

/** Where the requests to services went, logins and version documents aside. */
export const sentTo = (path: string): Effect.Effect<ReadonlyArray<string>, never, Wire> =>
  Effect.flatMap(
    Wire,
    (wire) =>
      Effect.map(wire.exchanges, (exchanges) =>
        exchanges.filter((exchange) => exchange.url.includes(path)).map((exchange) => exchange.url))
  )

/** The platform's client of this run of a test. */
export const platform = Layer.unwrapEffect(Effect.map(Sender, (sender) => platforms[sender]))

/** A session of its own, with its wire recorded. */
export const session = (options?: Session.Options) =>
  Session.layer(options).pipe(Layer.provideMerge(wiretap), Layer.provide(platform))

// -----------------------------------------------------------------------------
// identities
// -----------------------------------------------------------------------------

export const demoProject = { projectName: "demo", projectDomainName: "Default" }

/** A user of domain Default by name; demo on project demo unless it says otherwise. */
export const password = (
  name: keyof Fixtures["users"] = "demo",
  options: Partial<Password.Options> = demoProject
): Layer.Layer<AuthPlugin.AuthPlugin, never, Session.Session | Cloud> =>
  Layer.unwrapEffect(
    Effect.map(fixtures, ({ auth_url, domains, users }) =>
      Password.layer({
        authUrl: auth_url,
        username: users[name].name,
        ...(users[name].domain_id === domains.second ? { userDomainName: "second" } : { userDomainName: "Default" }),
        password: users[name].password,
        ...options
      }))
  )

export const admin = password("admin", { projectName: "admin", projectDomainName: "Default" })

export const appCredential = (
  name: keyof Fixtures["application_credentials"]
): Layer.Layer<AuthPlugin.AuthPlugin, never, Session.Session | Cloud> =>
  Layer.unwrapEffect(
    Effect.map(fixtures, ({ application_credentials, auth_url }) =>
      ApplicationCredential.layer({
        authUrl: auth_url,
        id: application_credentials[name].id,
        secret: application_credentials[name].secret
      }))
  )

/** The token of the current identity, decoded. */
export const access: Effect.Effect<AccessInfo.AccessInfo, AuthPlugin.Error, AuthPlugin.AuthPlugin> = Effect.flatMap(
  AuthPlugin.AuthPlugin,
  (plugin) => Effect.map(plugin.access, (access) => Option.getOrThrow(access))
)

export const tokenOf = (info: AccessInfo.AccessInfo): string => Redacted.value(info.token)

export const roleNames = (info: AccessInfo.AccessInfo): ReadonlyArray<string> =>
  info.roles.flatMap((role) => role.name === undefined ? [] : [role.name]).sort()

// -----------------------------------------------------------------------------
// bodies
// -----------------------------------------------------------------------------

const named = Schema.Array(Entity)

export const Image = Entity
export const Servers = Schema.Struct({ servers: named })
export const Images = Schema.Struct({ images: named })
export const Volumes = Schema.Struct({ volumes: named })
export const Projects = Schema.Struct({ projects: named })
export const Users = Schema.Struct({ users: named })

/** The service's own word for which project it sees: Neutron answers it to anyone. */
export const SeenProject = Schema.Struct({ project: Schema.Struct({ project_id: Schema.String }) })

export const decode = HttpClientResponse.schemaBodyJson
