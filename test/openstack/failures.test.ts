import { HttpBody, HttpClientRequest, HttpClientResponse } from "@effect/platform"
import type { HttpMethod } from "@effect/platform/HttpMethod"
import { assert } from "@effect/vitest"
import { Duration, Effect, Either, Option, Redacted, Schema } from "effect"
import { Adapter, ApplicationCredential, AuthPlugin, Session } from "effect-keystoneauth"
import * as Support from "./support.js"

const wrong = Redacted.make("certainly-not-the-password")

const wrongDemo = Support.password("demo", { ...Support.demoProject, password: wrong })

const logins = Effect.flatMap(Support.Wire, (wire) => wire.logins)

Support.onOpenStack("A wrong password", (test) => {
  test("is told with user, scope and URL, and without the password", () =>
    Effect.gen(function*() {
      const { auth_url } = yield* Support.fixtures
      const error = yield* Support.failure(Support.access, "Unauthorized")
      assert.strictEqual(error.reason, "LoginRejected")
      assert.strictEqual(error.identity, "user \"demo\" of domain \"Default\"")
      assert.strictEqual(error.scope, "project \"demo\" of domain \"Default\"")
      assert.match(error.requestId ?? "", /^req-/)
      Support.says(
        error,
        `POST ${auth_url}/auth/tokens: Keystone rejected the login`,
        "user \"demo\" of domain \"Default\"",
        "project \"demo\" of domain \"Default\"",
        "The request you have made requires authentication",
        error.requestId ?? "",
        "not tried again for"
      )
      assert.notInclude(error.message, Redacted.value(wrong))
    }).pipe(Effect.provide(wrongDemo), Effect.provide(Support.session())))

  test("is tried once: until the next attempt is due, callers fail at once without a request", () =>
    Effect.gen(function*() {
      const first = yield* Support.failure(Support.access, "Unauthorized")
      assert.isAbove(first.retryAfterMillis ?? 0, 0)
      const sent = (yield* Effect.flatMap(Support.Wire, (wire) => wire.exchanges)).length
      const request = Session.request(HttpClientRequest.get("/servers"), { endpointFilter: { serviceType: "compute" } })
      const [took, second] = yield* Effect.timed(Support.failure(request, "Unauthorized"))
      assert.isBelow(Duration.toMillis(took), 200)
      assert.strictEqual(second.reason, "LoginRejected")
      assert.strictEqual(second.requestId, first.requestId)
      assert.isAtMost(second.retryAfterMillis ?? Infinity, first.retryAfterMillis ?? 0)
      // and so whichever way the identity is written down again
      yield* Support.failure(Effect.provide(Support.access, wrongDemo), "Unauthorized")
      assert.strictEqual((yield* Effect.flatMap(Support.Wire, (wire) => wire.exchanges)).length, sent)
      assert.strictEqual(yield* logins, 1)
      // the right password is another identity, which has nothing to wait for
      yield* Effect.provide(Support.access, Support.password())
      assert.strictEqual(yield* logins, 2)
    }).pipe(Effect.provide(wrongDemo), Effect.provide(Support.session())))

  test("of many callers at once is tried once", () =>
    Effect.gen(function*() {
      const errors = yield* Effect.all(
        Array.from({ length: 100 }, () => Support.failure(Support.access, "Unauthorized")),
        { concurrency: "unbounded" }
      )
      assert.strictEqual(new Set(errors.map((error) => error.requestId)).size, 1)
      assert.strictEqual(yield* logins, 1)
    }).pipe(Effect.provide(wrongDemo), Effect.provide(Support.session())))

  test("is tried again when that is due", () =>
    Effect.gen(function*() {
      const error = yield* Support.failure(Support.access, "Unauthorized")
      yield* Effect.sleep(error.retryAfterMillis ?? 0)
      const again = yield* Support.failure(Support.access, "Unauthorized")
      assert.notStrictEqual(again.requestId, error.requestId)
      assert.strictEqual(yield* logins, 2)
    }).pipe(
      Effect.provide(wrongDemo),
      Effect.provide(Support.session({ tokens: { loginBackoff: { initial: "100 millis" } } }))
    ))
})

Support.onOpenStack("Logins that Keystone refuses", (test) => {
  test("a user whose password has expired, in Keystone's own words", () =>
    Effect.gen(function*() {
      const error = yield* Support.failure(Support.access, "Unauthorized")
      assert.strictEqual(error.reason, "LoginRejected")
      Support.says(error, "expired-user", "The password is expired and needs to be changed")
    }).pipe(Effect.provide(Support.password("expired-user")), Effect.provide(Support.session())))

  for (
    const [what, identity, words] of [
      ["a disabled user", Support.password("disabled-user"), ["user \"disabled-user\"", "project \"demo\""]],
      ["a user without a role on the project", Support.password("no-role-user"), [
        "user \"no-role-user\"",
        "project \"demo\""
      ]],
      [
        "a project that does not exist",
        Support.password("demo", { projectName: "nowhere", projectDomainName: "Default" }),
        ["user \"demo\"", "project \"nowhere\" of domain \"Default\""]
      ],
      [
        "a disabled project",
        Support.password("demo", { projectName: "disabled-project", projectDomainName: "Default" }),
        ["project \"disabled-project\""]
      ],
      [
        "a project of another domain",
        Support.password("demo", {
          projectName: "second-project",
          projectDomainName: "second"
        }),
        ["project \"second-project\" of domain \"second\""]
      ],
      ["a user that does not exist", Support.password("demo", { ...Support.demoProject, username: "nobody" }), [
        "user \"nobody\" of domain \"Default\""
      ]],
      ["the system, for one without a role on it", Support.password("demo", { systemScope: "all" }), ["the system"]],
      ["a domain, for one without a role on it", Support.password("demo", { domainName: "Default" }), [
        "domain \"Default\""
      ]]
    ] as const
  ) {
    test(what, () =>
      Effect.gen(function*() {
        const error = yield* Support.failure(Support.access, "Unauthorized")
        assert.strictEqual(error.reason, "LoginRejected")
        Support.says(error, "Keystone rejected the login", "requires authentication", ...words)
      }).pipe(Effect.provide(identity), Effect.provide(Support.session())))
  }

  test("an application credential with a wrong secret", () =>
    Effect.gen(function*() {
      const { application_credentials, auth_url } = yield* Support.fixtures
      const { id } = application_credentials.plain
      const error = yield* Support.failure(
        Effect.provide(Support.access, ApplicationCredential.layer({ authUrl: auth_url, id, secret: wrong })),
        "Unauthorized"
      )
      assert.strictEqual(error.reason, "LoginRejected")
      Support.says(error, `application credential ${id}`)
      assert.notInclude(error.message, Redacted.value(wrong))
    }).pipe(Effect.provide(Support.session())))

  test("at a URL that is not Keystone's, its path forgotten: NotFound, in words without HTML", () =>
    Effect.gen(function*() {
      const error = yield* Support.failure(Support.access, "NotFound")
      Support.says(error, "POST http://127.0.0.4:8080/v3/auth/tokens answered 404")
      assert.notInclude(error.message, "<")
    }).pipe(
      Effect.provide(Support.password("demo", { ...Support.demoProject, authUrl: "http://127.0.0.4:8080" })),
      Effect.provide(Support.session())
    ))

  test("at a URL that answers 300 with its versions: InvalidResponse, since that is no token", () =>
    Effect.gen(function*() {
      const error = yield* Support.failure(Support.access, "InvalidResponse")
      assert.strictEqual(error.status, 300)
      Support.says(error, "POST http://127.0.0.1:9292/v3/auth/tokens")
    }).pipe(
      Effect.provide(Support.password("demo", { ...Support.demoProject, authUrl: "http://127.0.0.1:9292" })),
      Effect.provide(Support.session())
    ))

  test("at a URL where nobody listens: TransportError, Connect", () =>
    Effect.gen(function*() {
      const error = yield* Support.failure(Support.access, "TransportError")
      assert.strictEqual(error.reason, "Connect")
      Support.says(error, "POST http://127.0.0.1:8088/v3/auth/tokens: could not connect")
    }).pipe(
      Effect.provide(Support.password("demo", { ...Support.demoProject, authUrl: "http://127.0.0.1:8088" })),
      Effect.provide(Support.session())
    ))
})

Support.onOpenStack("An unhappy request", (test) => {
  test("is not repeated without a new token where allowReauth is false", () =>
    Effect.gen(function*() {
      const compute = yield* Adapter.make({ serviceType: "compute", regionName: "RegionOne" })
      const error = yield* Support.failure(
        compute.get("/flavors").pipe(Adapter.withOptions({ allowReauth: false })),
        "Unauthorized"
      )
      assert.strictEqual(error.reason, "NotRetried")
      assert.strictEqual(yield* logins, 1)
      assert.strictEqual((yield* Support.sentTo("/flavors")).length, 1)
    }).pipe(Effect.provide(Support.appCredential("rules")), Effect.provide(Support.session())))
})

// -----------------------------------------------------------------------------
// the words of every service
// -----------------------------------------------------------------------------

type Who = "demo" | "admin"

interface Refusal {
  readonly service: string
  readonly tag: "BadRequest" | "Forbidden" | "NotFound" | "MethodNotAllowed" | "NotAcceptable" | "Conflict"
  readonly who: Who
  readonly method: HttpMethod
  readonly path: string
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
  readonly says: RegExp
  /** Ironic's refusals before its own code have none. */
  readonly nameless?: boolean
}

const refusal = (
  [service, tag, who, method, path]: readonly [string, Refusal["tag"], Who, HttpMethod, string],
  says: RegExp,
  more: Partial<Refusal> = {}
): Refusal => ({ service, tag, who, method, path, says, ...more })

const tooHigh = { "openstack-api-version": "compute 9.99,volume 9.99,placement 9.99" }
const malformed = /^The server could not comply with the request since it is either malformed or otherwise incorrect\.$/

const refusals: ReadonlyArray<Refusal> = [
  refusal(["identity", "NotFound", "admin", "GET", "/users/none"], /^Could not find user: none\.$/),
  refusal(["identity", "NotFound", "admin", "GET", "/none"], /^The requested URL was not found on the server/),
  refusal(["identity", "BadRequest", "admin", "POST", "/users"], /^'name' is a required property$/, {
    body: { user: { password: "never-to-be-quoted" } }
  }),
  refusal(["identity", "Forbidden", "demo", "GET", "/users"], /^You are not authorized to .*: identity:list_users\.$/),
  refusal(
    ["identity", "MethodNotAllowed", "demo", "PUT", "/users"],
    /^The method is not allowed for the requested URL/
  ),
  refusal(
    ["identity", "Conflict", "admin", "POST", "/projects"],
    /^Conflict occurred .*: name is demo, project id \w+\.$/,
    {
      body: { project: { name: "demo", domain_id: "default" } }
    }
  ),
  refusal(["compute", "NotFound", "demo", "GET", "/servers/none"], /^Instance none could not be found\.$/),
  refusal(["compute", "BadRequest", "demo", "POST", "/servers"], /^Invalid input .* 'name' is a required property$/, {
    body: { server: {} }
  }),
  refusal(
    ["compute", "Forbidden", "demo", "GET", "/os-services"],
    /^Policy doesn't allow os_compute_api:os-services:list/
  ),
  refusal(["compute", "NotAcceptable", "demo", "GET", "/servers"], /^Version 9\.99 is not supported by the API\./, {
    headers: tooHigh
  }),
  refusal(["block-storage", "NotFound", "demo", "GET", "/volumes/none"], /^Volume none could not be found\.$/),
  refusal(["block-storage", "BadRequest", "demo", "POST", "/volumes"], malformed, { body: { volume: {} } }),
  refusal(
    ["block-storage", "Forbidden", "demo", "GET", "/os-services"],
    /^Policy doesn't allow volume_extension:services/
  ),
  refusal(
    ["block-storage", "NotAcceptable", "demo", "GET", "/volumes"],
    /^Version 9\.99 is not supported by the API\./,
    {
      headers: tooHigh
    }
  ),
  refusal(["block-storage", "Conflict", "admin", "POST", "/types"], /^Volume Type __DEFAULT__ already exists\.$/, {
    body: { volume_type: { name: "__DEFAULT__" } }
  }),
  refusal(
    ["placement", "NotFound", "admin", "GET", "/resource_providers/none"],
    /No resource provider with uuid none found$/
  ),
  refusal(["placement", "BadRequest", "admin", "GET", "/resource_providers?x=1"], /\('x' was unexpected\)$/),
  refusal(["placement", "Forbidden", "demo", "GET", "/resource_providers"], /Policy does not allow placement:/),
  refusal(
    ["placement", "NotAcceptable", "admin", "GET", "/resource_providers"],
    /Unacceptable version header: 9\.99$/,
    {
      headers: tooHigh
    }
  ),
  refusal(["image", "NotFound", "demo", "GET", "/v2/images/none"], /^No image found with ID none$/),
  refusal(["image", "BadRequest", "demo", "GET", "/v2/images?limit=x"], /^limit param must be an integer$/),
  refusal(
    ["image", "Forbidden", "demo", "POST", "/v2/images"],
    /^You are not authorized to complete publicize_image action\.$/,
    {
      body: { name: "forbidden", visibility: "public" }
    }
  ),
  refusal(["network", "NotFound", "demo", "GET", "/v2.0/networks/none"], /^Network none could not be found\.$/),
  refusal(
    ["network", "BadRequest", "demo", "POST", "/v2.0/networks"],
    /^Invalid input for operation: 'x' is not an integer/,
    {
      body: { network: { mtu: "x" } }
    }
  ),
  refusal(
    ["network", "Forbidden", "demo", "POST", "/v2.0/networks"],
    /rule:create_network:shared\) is disallowed by policy/,
    {
      body: { network: { shared: true } }
    }
  ),
  refusal(["network", "NotAcceptable", "demo", "GET", "/v2.0/networks"], malformed, { headers: { accept: "x/y" } }),
  refusal(["baremetal", "NotFound", "admin", "GET", "/v1/nodes/none"], /^Node none could not be found\.$/),
  refusal(["baremetal", "BadRequest", "admin", "GET", "/v1/nodes?limit=x"], /^Expected an integer for limit: x$/),
  refusal(["baremetal", "Forbidden", "demo", "GET", "/v1/chassis"], /^Access was denied to .*: baremetal:chassis:get$/),
  refusal(["baremetal", "NotAcceptable", "admin", "GET", "/v1/nodes"], /Version 9\.99 requested but not supported/, {
    headers: { "x-openstack-ironic-api-version": "9.99" },
    nameless: true
  }),
  refusal(
    ["key-manager", "NotFound", "demo", "GET", "/v1/secrets/none"],
    /^Not Found\. Provided secret id is invalid\.$/
  ),
  refusal(
    ["key-manager", "BadRequest", "admin", "POST", "/v1/secrets"],
    /^Provided object does not match schema 'Secret': 3 is not of type .* Invalid property: 'name'$/,
    { body: { name: 3 } }
  ),
  refusal(["key-manager", "Forbidden", "demo", "GET", "/v1/project-quotas"], /^Project Quotas attempt not allowed - /),
  refusal(["key-manager", "NotAcceptable", "admin", "GET", "/v1/secrets"], /^Not Acceptable$/, {
    headers: { accept: "x/y" }
  }),
  refusal(["orchestration", "NotFound", "demo", "GET", "/nothing-here"], /^The resource could not be found\.$/),
  refusal(["orchestration", "BadRequest", "demo", "POST", "/stacks"], /^No stack name specified$/, { body: {} }),
  refusal(["orchestration", "Forbidden", "demo", "GET", "/services"], /^You are not authorized to use service:index\.$/)
]

const identities = { demo: Support.password(), admin: Support.admin }

const send = (
  service: string,
  method: HttpMethod,
  path: string,
  body?: unknown,
  headers: Readonly<Record<string, string>> = {}
) =>
  Session.request(
    HttpClientRequest.make(method)(path, {
      headers: { accept: "application/json", ...headers },
      ...(body === undefined ? {} : { body: HttpBody.unsafeJson(body) })
    }),
    { endpointFilter: { serviceType: service, regionName: "RegionOne" } }
  )

const isSaid = (
  error: { readonly message: string; readonly requestId?: string | undefined },
  { nameless, says }: Pick<Refusal, "says" | "nameless">,
  said: string | undefined
) => {
  assert.match(said ?? "", says)
  assert.notMatch(error.message, /[<>\n]|&\w+;|Failed validating|never-to-be-quoted/)
  if (nameless !== true) {
    assert.match(error.requestId ?? "", /^req-[\w-]{36}$/)
    Support.says(error, `(request ${error.requestId})`)
  }
}

Support.onOpenStack("What the services say when they refuse", (test) => {
  for (const one of refusals) {
    test(`${one.service}: ${one.tag} to ${one.method} ${one.path}`, () =>
      Effect.gen(function*() {
        const error = yield* Support.failure(send(one.service, one.method, one.path, one.body, one.headers), one.tag)
        isSaid(error, one, error.serviceMessage)
        assert.strictEqual(error.serviceType, one.service)
        assert.strictEqual(error.regionName, "RegionOne")
      }).pipe(Effect.provide(identities[one.who]), Effect.provide(Support.session())))
  }

  // Glance's, Ironic's and Barbican's middleware answers before the request has an id
  for (
    const [service, path, nameless] of [
      ["identity", "/users", false],
      ["compute", "/servers", false],
      ["block-storage", "/volumes", false],
      ["placement", "/resource_providers", false],
      ["image", "/v2/images", true],
      ["network", "/v2.0/networks", false],
      ["baremetal", "/v1/nodes", true],
      ["key-manager", "/v1/secrets", true],
      ["orchestration", "/stacks", false]
    ] as const
  ) {
    test(`${service}: Unauthorized to a token that is none, and to no token`, () =>
      Effect.gen(function*() {
        const { url } = yield* Session.endpointData({ serviceType: service, regionName: "RegionOne" }, {
          skipDiscovery: true
        })
        const says = /^The request you have made requires authentication\.$|^This server could not verify that you are/
        const request = HttpClientRequest.get(`${url.replace(/\/$/, "")}${path}`, {
          headers: { accept: "application/json" }
        })
        const nobody = AuthPlugin.make({
          name: "nobody",
          headers: Effect.succeed(AuthPlugin.tokenHeaders(Redacted.make("no-token-at-all")))
        })
        const rejected = yield* Support.failure(
          Effect.provideService(Session.request(request), AuthPlugin.AuthPlugin, nobody),
          "Unauthorized"
        )
        assert.strictEqual(rejected.reason, "TokenNotRenewable")
        assert.strictEqual(rejected.status, 401)
        isSaid(rejected, { says, nameless }, rejected.serviceMessage)
        assert.notInclude(rejected.message, "no-token-at-all")
        const missing = yield* Support.failure(Session.request(request, { authenticated: false }), "Unauthorized")
        assert.strictEqual(missing.reason, "NoToken")
        isSaid(missing, { says, nameless }, missing.serviceMessage)
      }).pipe(Effect.provide(identities.demo), Effect.provide(Support.session())))
  }

  const id = "00000000-0000-4000-8000-00000000c0de"

  for (
    const [service, path, body, says] of [
      ["compute", "/flavors", { flavor: { id, name: "conflict", ram: 1, vcpus: 1, disk: 1 } }, /already exists/],
      ["placement", "/resource_providers", { uuid: id, name: "conflict" }, /already exists/],
      ["image", "/v2/images", { id, name: "conflict" }, /already exists/i],
      ["baremetal", "/v1/chassis", { uuid: id }, /already exists/]
    ] as const
  ) {
    test(`${service}: Conflict to what is there already`, () =>
      Effect.acquireUseRelease(
        Effect.either(send(service, "POST", path, body)),
        (created) =>
          Effect.gen(function*() {
            assert.deepStrictEqual(Either.getLeft(created), Option.none())
            const error = yield* Support.failure(send(service, "POST", path, body), "Conflict")
            isSaid(error, { says }, error.serviceMessage)
          }),
        () => Effect.ignore(send(service, "DELETE", `${path}/${id}`))
      ).pipe(Effect.provide(identities.admin), Effect.provide(Support.session())))
  }

  test("network: Conflict to the end of a network that is in use", () =>
    Effect.acquireUseRelease(
      Effect.flatMap(
        send("network", "POST", "/v2.0/networks", { network: { name: "conflict" } }),
        HttpClientResponse.schemaBodyJson(Schema.Struct({ network: Schema.Struct({ id: Schema.String }) }))
      ),
      ({ network }) =>
        Effect.gen(function*() {
          const { port } = yield* Effect.flatMap(
            send("network", "POST", "/v2.0/ports", { port: { network_id: network.id } }),
            HttpClientResponse.schemaBodyJson(Schema.Struct({ port: Schema.Struct({ id: Schema.String }) }))
          )
          const error = yield* Support.failure(send("network", "DELETE", `/v2.0/networks/${network.id}`), "Conflict")
          isSaid(error, {
            says: /^Unable to complete operation on network .* There are one or more ports still in use/
          }, error.serviceMessage)
          yield* send("network", "DELETE", `/v2.0/ports/${port.id}`)
        }),
      ({ network }) => Effect.ignore(send("network", "DELETE", `/v2.0/networks/${network.id}`))
    ).pipe(Effect.provide(identities.demo), Effect.provide(Support.session())))

  test("orchestration: InternalServerError where its engine does not answer, which it says", () =>
    Effect.gen(function*() {
      const error = yield* Support.failure(send("orchestration", "GET", "/stacks"), "InternalServerError")
      isSaid(error, { says: /^The server has either erred or is incapable/ }, error.serviceMessage)
      assert.strictEqual(error.details, "MessagingTimeout")
    }).pipe(Effect.provide(identities.demo), Effect.provide(Support.session())))
})
