import { HttpClientRequest } from "@effect/platform"
import { assert } from "@effect/vitest"
import { Effect, Layer, Redacted } from "effect"
import {
  AuthPlugin,
  AuthTypes,
  MultiFactor,
  OAuth2ClientCredential,
  OAuth2MtlsClientCredential,
  Password,
  Session,
  Totp
} from "effect-keystoneauth"
import * as NodeTransport from "effect-keystoneauth/NodeTransport"
import * as OAuth1 from "effect-keystoneauth/OAuth1"
import * as TotpSeed from "effect-keystoneauth/TotpSeed"
import * as Support from "./support.js"

const flavors = Effect.map(
  Session.request(HttpClientRequest.get("/flavors"), {
    endpointFilter: { serviceType: "compute", regionName: "RegionOne" }
  }),
  (response) => response.status
)

/** The project that a service sees. */
const seenProject = Session.request(HttpClientRequest.get("/v2.0/quotas/project"), {
  endpointFilter: { serviceType: "network", regionName: "RegionOne" }
}).pipe(
  Effect.flatMap(Support.decode(Support.SeenProject)),
  Effect.map(({ project }) => project.project_id)
)

Support.onOpenStack("OAuth 1", (test) => {
  const consumer = Effect.map(Support.fixtures, ({ auth_url, oauth1 }) => ({
    authUrl: auth_url,
    consumerKey: oauth1.consumer_key,
    consumerSecret: oauth1.consumer_secret,
    accessKey: oauth1.access_key,
    accessSecret: oauth1.access_secret
  }))

  test("an access token logs its consumer in as its user, for its project", () =>
    Effect.gen(function*() {
      const { oauth1, projects } = yield* Support.fixtures
      const { access, project, status } = yield* Effect.all({
        access: Support.access,
        project: seenProject,
        status: flavors
      }).pipe(Effect.provide(OAuth1.layer(yield* consumer)))
      assert.strictEqual(status, 200)
      assert.strictEqual(project, projects.demo.id)
      assert.strictEqual(access.userName, oauth1.user_name)
      assert.deepStrictEqual(access.methods, ["oauth1"])
      assert.strictEqual(access.oauthConsumerId, oauth1.consumer_key)
      assert.strictEqual(access.oauthAccessTokenId, oauth1.access_key)
    }).pipe(Effect.provide(Support.session())))

  test("what is signed is the URL that is asked: with /v3, without the catalog, in capitals", () =>
    Effect.gen(function*() {
      const options = yield* consumer
      for (
        const other of [
          { authUrl: options.authUrl.replace(/\/v3$/, "/") },
          { includeCatalog: false },
          { authUrl: "http://127.0.0.4:8080/identity" },
          { authUrl: "HTTP://LOCALHOST:5000/v3" }
        ]
      ) {
        const access = yield* Effect.provide(Support.access, OAuth1.layer({ ...options, ...other }))
        assert.strictEqual(access.catalog === undefined, other.includeCatalog === false, JSON.stringify(other))
      }
    }).pipe(Effect.provide(Support.session())))

  test("a wrong secret is refused", () =>
    Effect.gen(function*() {
      const options = yield* consumer
      for (const wrong of [{ consumerSecret: Redacted.make("other") }, { accessSecret: Redacted.make("other") }]) {
        const error = yield* Support.failure(
          Effect.provide(flavors, OAuth1.layer({ ...options, ...wrong })),
          "Unauthorized"
        )
        assert.strictEqual(error.reason, "LoginRejected")
        Support.says(error, options.accessKey, options.consumerKey)
      }
    }).pipe(Effect.provide(Support.session())))

  test("by name, once it is added to the others", () =>
    Effect.gen(function*() {
      const { auth_url, oauth1 } = yield* Support.fixtures
      const plugin = AuthTypes.layerPlugin("v3oauth1", {
        auth_url,
        consumer_key: oauth1.consumer_key,
        consumer_secret: oauth1.consumer_secret,
        access_key: oauth1.access_key,
        access_secret: oauth1.access_secret
      })
      const added = Layer.provide(plugin, AuthTypes.add([OAuth1.authType]))
      assert.strictEqual(yield* Effect.provide(flavors, added), 200)
      yield* Support.failure(Effect.provide(flavors, plugin), "InvalidOptions")
    }).pipe(Effect.provide(Support.session())))
})

Support.onOpenStack("OAuth 2", (test) => {
  const client = Effect.map(Support.fixtures, ({ application_credentials: { plain }, auth_url }) => ({
    authUrl: auth_url,
    oauth2Endpoint: `${auth_url}/OS-OAUTH2/token`,
    clientId: plain.id,
    clientSecret: plain.secret
  }))

  test("both tokens are fetched once, and are good for whoever takes them", () =>
    Effect.gen(function*() {
      const { projects } = yield* Support.fixtures
      const robot = OAuth2ClientCredential.layer(yield* client)
      assert.deepStrictEqual(yield* Effect.provide(Effect.all([flavors, flavors, flavors]), robot), [200, 200, 200])
      assert.strictEqual(yield* Effect.provide(seenProject, robot), projects.demo.id)
      assert.lengthOf(yield* Support.sentTo("/OS-OAUTH2/token"), 1)
      assert.strictEqual(yield* (yield* Support.Wire).logins, 1)
      // Keystone's access tokens are tokens of Keystone: this one has to be alive
      const headers = yield* Effect.provide(Effect.flatMap(AuthPlugin.AuthPlugin, (plugin) => plugin.headers), robot)
      const bearer = headers["authorization"]?.replace(/^Bearer /, "") ?? ""
      assert.notStrictEqual(bearer, headers["x-auth-token"])
      const alone = AuthPlugin.make({
        name: "bearer",
        headers: Effect.succeed(AuthPlugin.tokenHeaders(Redacted.make(bearer)))
      })
      const { auth_url } = yield* Support.fixtures
      const seen = yield* Session.request(
        HttpClientRequest.get(`${auth_url}/auth/projects`)
      ).pipe(Effect.provideService(AuthPlugin.AuthPlugin, alone))
      assert.strictEqual(seen.status, 200)
    }).pipe(Effect.provide(Support.session())))

  test("the endpoint's own word for what is wrong", () =>
    Effect.gen(function*() {
      const options = yield* client
      const elsewhere = (oauth2Endpoint: string) =>
        Effect.provide(flavors, OAuth2ClientCredential.layer({ ...options, oauth2Endpoint }))
      const notThere = yield* Support.failure(elsewhere(`${options.authUrl}/OS-OAUTH2/nothing`), "NotFound")
      Support.says(notThere, "/OS-OAUTH2/nothing")
      const notOne = yield* Support.failure(elsewhere("http://127.0.0.1:8774/"), "ClientError")
      Support.says(notOne, "http://127.0.0.1:8774/", "415")
      const wrong = OAuth2ClientCredential.layer({ ...options, clientSecret: Redacted.make("other") })
      const refused = yield* Support.failure(Effect.provide(flavors, wrong), "Unauthorized")
      assert.strictEqual(refused.reason, "LoginRejected")
    }).pipe(Effect.provide(Support.session())))

  test("a Keystone that knows no client certificates (before 2023.1) says so", () =>
    Effect.gen(function*() {
      const { tls, users } = yield* Support.fixtures
      const authUrl = tls.client_certificate_auth_url
      const robot = OAuth2MtlsClientCredential.layer({
        authUrl,
        oauth2Endpoint: `${authUrl}/OS-OAUTH2/token`,
        clientId: users["tokenless-user"].id
      })
      const transport = NodeTransport.layer({ caCert: tls.ca, clientCert: tls.cert, clientKey: tls.key })
      const error = yield* Support.failure(
        flavors.pipe(Effect.provide(robot), Effect.provide(Layer.provide(Session.layer(), transport))),
        "Unauthorized"
      )
      assert.strictEqual(error.reason, "LoginRejected")
      Support.says(error, `OAuth 2 client ${users["tokenless-user"].id}`, "authorization is required")
    }))
})

// a passcode works once in its 30 seconds, whoever else is testing here: these wait, and try again in the next
Support.onOpenStack("one-time passcodes", (test) => {
  const project = { projectName: "demo", projectDomainName: "Default" }
  const patience = 180_000

  /** Somebody else may have used the passcode that we come with. */
  const patiently = <A, E extends { readonly _tag: string }, R>(login: Effect.Effect<A, E, R>) =>
    Effect.retry(login, {
      times: 3,
      while: (error) => Effect.as(Effect.sleep("2 seconds"), error._tag === "Unauthorized")
    })

  test("from a seed log in, and each login has one of its own", () =>
    Effect.gen(function*() {
      const { auth_url, totp_secret } = yield* Support.fixtures
      const robot = Totp.layer({
        authUrl: auth_url,
        username: "totp-user",
        userDomainName: "Default",
        passcode: TotpSeed.passcode(totp_secret),
        ...project
      })
      yield* Effect.gen(function*() {
        const first = yield* patiently(Support.access)
        assert.deepStrictEqual(first.methods, ["totp"])
        assert.strictEqual(yield* flavors, 200)
        const plugin = yield* AuthPlugin.AuthPlugin
        // the same 30 seconds, most likely: the same passcode would be refused
        yield* plugin.invalidate(AuthPlugin.tokenHeaders(first.token))
        const second = yield* patiently(Support.access)
        assert.notStrictEqual(Support.tokenOf(second), Support.tokenOf(first))
        assert.strictEqual(yield* flavors, 200)
      }).pipe(Effect.provide(robot))
    }).pipe(Effect.provide(Support.session())), patience)

  test("with a password beside them: in one request, and after a receipt", () =>
    Effect.gen(function*() {
      const { auth_url, totp_secret, users } = yield* Support.fixtures
      const user = { username: "mfa-user", userDomainName: "Default" }
      const password = Password.method({ ...user, password: users["mfa-user"].password })
      const totp = Totp.method({ ...user, passcode: TotpSeed.passcode(totp_secret) })
      const login = (options: Pick<MultiFactor.Options, "methods" | "onMissing">) =>
        patiently(Effect.all([Effect.map(Support.access, ({ methods }) => [...methods].sort()), flavors])).pipe(
          Effect.provide(MultiFactor.layer({ authUrl: auth_url, ...project, ...options })),
          Effect.provide(Support.session())
        )
      assert.deepStrictEqual(yield* login({ methods: [password, totp] }), [["password", "totp"], 200])
      assert.deepStrictEqual(
        yield* login({ methods: [password], onMissing: () => Effect.succeed([totp]) }),
        [["password", "totp"], 200]
      )
      const alone = MultiFactor.layer({ authUrl: auth_url, ...project, methods: [password] })
      const goesOn = Effect.gen(function*() {
        const missing = yield* Support.failure(Effect.provide(flavors, alone), "MissingAuthMethods")
        return yield* Effect.provide(
          flavors,
          MultiFactor.continueWith(missing, { authUrl: auth_url, ...project, methods: [totp] })
        )
      })
      assert.strictEqual(yield* patiently(goesOn).pipe(Effect.provide(Support.session())), 200)
    }), patience)
})
