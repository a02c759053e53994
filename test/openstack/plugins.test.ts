import { HttpClientRequest } from "@effect/platform"
import { assert } from "@effect/vitest"
import { Effect, Layer, Redacted } from "effect"
import {
  AdminToken,
  AuthPlugin,
  GenericPassword,
  GenericToken,
  ServiceToken,
  Session,
  Tokenless
} from "effect-keystoneauth"
import * as NodeTransport from "effect-keystoneauth/NodeTransport"
import * as Support from "./support.js"

const flavors = Session.request(HttpClientRequest.get("/flavors"), {
  endpointFilter: { serviceType: "compute", regionName: "RegionOne" }
})

Support.onOpenStack("other plugins", (test) => {
  test("the generic password finds v3 at the root, below a path, and at /v3", () =>
    Effect.gen(function*() {
      const { auth_url, auth_url_unversioned, users } = yield* Support.fixtures
      for (const authUrl of [auth_url_unversioned, "http://127.0.0.4:8080/identity", auth_url]) {
        const plugin = GenericPassword.layer({
          authUrl,
          username: "demo",
          userDomainName: "Default",
          password: users.demo.password,
          projectName: "demo",
          projectDomainName: "Default"
        })
        assert.strictEqual((yield* Effect.provide(flavors, plugin)).status, 200, authUrl)
      }
    }).pipe(Effect.provide(Support.session())))

  test("the generic token exchanges one", () =>
    Effect.gen(function*() {
      const { auth_url_unversioned, projects } = yield* Support.fixtures
      const token = yield* Effect.map(
        Effect.flatMap(AuthPlugin.AuthPlugin, (plugin) => plugin.headers),
        (headers) => Redacted.make(headers["x-auth-token"] ?? "")
      )
      const plugin = GenericToken.layer({ authUrl: auth_url_unversioned, token, projectId: projects.alt.id })
      assert.strictEqual((yield* Effect.provide(flavors, plugin)).status, 200)
    }).pipe(Effect.provide(Support.password()), Effect.provide(Support.session())))

  test("a token and an endpoint that one has already", () =>
    Effect.gen(function*() {
      const { headers } = yield* AuthPlugin.AuthPlugin
      const token = Redacted.make((yield* headers)["x-auth-token"] ?? "")
      const { url } = yield* Session.endpointData({ serviceType: "compute", regionName: "RegionOne" })
      const plugin = AdminToken.layer({ endpoint: url, token })
      assert.strictEqual((yield* Effect.provide(flavors, plugin)).status, 200)
    }).pipe(Effect.provide(Support.password()), Effect.provide(Support.session())))

  test("a user's token with a service's", () =>
    Effect.gen(function*() {
      const acting = ServiceToken.layer(
        Support.password(),
        // the services accept such a token only from who has the role "service"
        Support.password("nova", { projectName: "service", projectDomainName: "Default" })
      )
      assert.strictEqual((yield* Effect.provide(flavors, acting)).status, 200)
    }).pipe(Effect.provide(Support.session())))

  test("no token at all, but a client certificate that Keystone knows", () =>
    Effect.gen(function*() {
      const { projects, tls, users } = yield* Support.fixtures
      const tokenless = Tokenless.layer({ authUrl: tls.tokenless_auth_url, projectId: projects.demo.id })
      const transport = NodeTransport.layer({ caCert: tls.ca, clientCert: tls.cert, clientKey: tls.key })
      const response = yield* Session.request(HttpClientRequest.get(`/users/${users["tokenless-user"].id}`), {
        endpointFilter: { serviceType: "identity" }
      }).pipe(Effect.provide(tokenless), Effect.provide(Layer.provide(Session.layer(), transport)))
      assert.strictEqual(response.status, 200)
    }))
})
