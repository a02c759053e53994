import { assert, describe, it } from "@effect/vitest"
import { DateTime, Duration, Either, FastCheck, Option, Redacted } from "effect"
import { AccessInfo } from "effect-keystoneauth"
import { inspect } from "node:util"
import * as Conformance from "../conformance/accessInfo.js"
import * as Vectors from "../vectors.js"

const token = Redacted.make("t0ken-t0ken")

const body = {
  token: {
    methods: ["password"],
    user: {
      id: "u1",
      name: "alice",
      domain: { id: "d1", name: "Default" },
      password_expires_at: "2027-01-01T00:00:00.000000"
    },
    project: { id: "p1", name: "demo", domain: { id: "d1", name: "Default" } },
    roles: [{ id: "r1", name: "member" }, { id: "r2" }],
    issued_at: "2026-01-01T00:00:00.000000Z",
    expires_at: "2026-01-01T01:00:00.000000Z",
    audit_ids: ["a1"],
    catalog: [{ type: "compute", endpoints: [{ url: "http://n", interface: "public" }] }]
  }
}

const decode = (body: unknown) => Either.getOrThrowWith(AccessInfo.fromV3(body, token), (reason) => new Error(reason))

describe("AccessInfo", () => {
  it("agrees with keystoneauth", () => {
    assert.deepStrictEqual(Vectors.check("access-info", Vectors.load("access-info"), Conformance.answer), [])
  })

  it("has the fields of the token", () => {
    const access = decode(body)
    assert.deepInclude(pick(access), {
      userId: "u1",
      userName: "alice",
      userDomainName: "Default",
      projectId: "p1",
      projectName: "demo",
      projectDomainId: "d1",
      domainId: undefined,
      systemScoped: false,
      trustId: undefined,
      auditId: "a1"
    })
    assert.deepStrictEqual(access.roles, [{ id: "r1", name: "member" }, { id: "r2", name: undefined }])
    assert.deepStrictEqual(access.catalog?.serviceTypes, ["compute"])
    assert.strictEqual(access.catalog, access.catalog)
    assert.strictEqual(access.body, body)
    assert.deepStrictEqual(Option.map(AccessInfo.lifetime(access), Duration.toMillis), Option.some(3_600_000))
    assert.isTrue(AccessInfo.isAccessInfo(access))
  })

  it("reads other scopes, and tokens with few fields", () => {
    const scoped = (token: object) => decode({ token })
    assert.strictEqual(scoped({ domain: { id: "d", name: "D" } }).domainName, "D")
    assert.isTrue(scoped({ system: { all: true } }).systemScoped)
    assert.strictEqual(scoped({ "OS-TRUST:trust": { id: "t" } }).trustId, "t")
    assert.strictEqual(scoped({ application_credential: { id: "c" } }).applicationCredentialId, "c")
    const little = scoped({ expires_at: null, issued_at: "not a time", user: null })
    assert.isUndefined(little.expiresAt)
    assert.isUndefined(little.issuedAt)
    assert.isUndefined(little.catalog)
    assert.deepStrictEqual([little.methods, little.roles, little.userName], [[], [], undefined])
    assert.isTrue(Option.isNone(AccessInfo.lifetime(little)))
  })

  it("an invalid token fails with the place of the wrong value, and not the value", () => {
    const reason = (body: unknown) => Either.getOrElse(Either.flip(AccessInfo.fromV3(body, token)), () => "a token")
    assert.strictEqual(reason("<html>"), "it is not a v3 token: body has the wrong type")
    assert.strictEqual(reason({}), "it is not a v3 token: token has the wrong type")
    assert.strictEqual(reason({ token: null }), "it is not a v3 token: token has the wrong type")
    assert.strictEqual(
      reason({ token: { user: { id: ["s3cret"] } } }),
      "it is not a v3 token: token.user.id has the wrong type"
    )
    const places: ReadonlyArray<readonly [said: object, place: string]> = [
      [{ roles: [{ id: "r" }, null] }, "roles.1"],
      [{ roles: {} }, "roles"],
      [{ roles: [{ name: 7 }], audit_ids: [7] }, "roles.0.name"],
      [{ audit_ids: ["a", null] }, "audit_ids.1"],
      [{ user: { "OS-FEDERATION": { groups: [{}, { id: [] }] } } }, "user.OS-FEDERATION.groups.1.id"],
      [{ application_credential: { restricted: "s3cret" } }, "application_credential.restricted"],
      [{ system: ["all"] }, "system"]
    ]
    for (const [said, place] of places) {
      assert.strictEqual(reason({ token: said }), `it is not a v3 token: token.${place} has the wrong type`)
    }
    assert.strictEqual(reason({ token: { roles: null, system: null, user: { domain: null } } }), "a token")
  })

  it("fails without the text of the token", () => {
    const reason = (body: unknown) => Either.getOrElse(Either.flip(AccessInfo.fromBody(body)), () => "a token")
    assert.strictEqual(reason(body), "it is a v3 token without its X-Subject-Token header")
    assert.strictEqual(reason({ access: { token: {} } }), "it is not a v2 token: access.token.id is missing")
    assert.strictEqual(
      reason({ access: { user: { roles: [{ name: 1 }] } } }),
      `${noV2}: access.user.roles.0.name ${bad}`
    )
    assert.strictEqual(reason({ access: null }), `${noV2}: access ${bad}`)
    for (const other of [null, [], "token", { tokens: {} }]) {
      assert.strictEqual(reason(other), "it is not a token: body has neither token (v3) nor access (v2)")
    }
    assert.strictEqual(reason({ access: { token: { id: "t" } } }), "a token")
  })

  it("reads a federated token and its service providers", () => {
    const access = decode({
      token: {
        user: {
          id: "f",
          "OS-FEDERATION": {
            groups: [{ id: "g" }, {}],
            identity_provider: { id: "oidc-idp" },
            protocol: { id: "openid" }
          }
        },
        service_providers: [{ id: "sp", auth_url: "https://sp/auth", sp_url: "https://sp/ECP" }, { id: "half" }, {}]
      }
    })
    assert.isTrue(access.isFederated)
    assert.deepStrictEqual(access.federation, {
      identityProviderId: "oidc-idp",
      protocolId: "openid",
      groupIds: ["g"]
    })
    assert.deepStrictEqual(access.serviceProviders.map((provider) => provider.id), ["sp", "half"])
    assert.deepStrictEqual(AccessInfo.serviceProviderUrl(access, "sp"), Option.some("https://sp/ECP"))
    assert.deepStrictEqual(AccessInfo.serviceProviderAuthUrl(access, "sp"), Option.some("https://sp/auth"))
    assert.deepStrictEqual(AccessInfo.serviceProviderUrl(access, "half"), Option.none())
    assert.deepStrictEqual(AccessInfo.serviceProviderAuthUrl(access, "absent"), Option.none())
  })

  it("reads a v2 token like an equal v3 token", () => {
    const access = Either.getOrThrow(AccessInfo.fromBody(bodyV2))
    assert.deepInclude(pick(access), { userId: "u1", userName: "alice", projectId: "p1", projectName: "demo" })
    assert.deepStrictEqual([access.version, Redacted.value(access.token)], ["v2", "t0ken-t0ken"])
    assert.deepStrictEqual(access.roles, [{ id: undefined, name: "member" }])
    assert.deepStrictEqual(access.roleIds, ["r1"])
    assert.deepStrictEqual(access.catalog?.serviceTypes, ["compute"])
    assert.strictEqual(access.catalog, access.catalog)
    assert.isTrue(AccessInfo.isAccessInfo(access))
  })

  it("reads times as services write them, and refuses others", () => {
    const expires = (expires_at: unknown) => {
      const { expiresAt } = decode({ token: { expires_at } })
      return expiresAt === undefined ? undefined : DateTime.formatIso(expiresAt)
    }
    const noon = "2026-07-01T12:00:00.000Z"
    for (const text of ["2026-07-01T12:00:00", "2026-07-01 07:00-05", "20260701T140000,0+0200"]) {
      assert.strictEqual(expires(text), noon, text)
    }
    assert.strictEqual(expires("2024-02-29"), "2024-02-29T00:00:00.000Z")
    for (const text of ["soon 1", "2026-02-29", "2026-07-01T24:00:00Z", "2026", "July 1, 2026", 1782907200, {}]) {
      assert.isUndefined(expires(text), JSON.stringify(text))
    }
  })

  it("expires at expires_at, or never", () => {
    const access = decode(body)
    const at = (time: string) => DateTime.unsafeMake(time)
    assert.isFalse(AccessInfo.expiresWithin(access, "10 minutes", at("2026-01-01T00:50:00Z")))
    assert.isTrue(AccessInfo.expiresWithin(access, "10 minutes", at("2026-01-01T00:50:00.001Z")))
    const endless = decode({ token: { expires_at: null } })
    assert.isFalse(AccessInfo.expiresWithin(endless, Duration.infinity, at("2026-01-01T00:00:00Z")))
  })

  it("never throws for any body, and shows no token", () => {
    const check = (given: unknown) => {
      for (const read of [AccessInfo.fromV3, AccessInfo.fromV2, AccessInfo.fromBody]) {
        Either.match(read(given, token), {
          onLeft: (reason) => assert.match(reason, /^it is not a (v[23] )?token: [\w.: ()-]+$/),
          onRight: (access) => {
            assert.notInclude(`${JSON.stringify(access)}${String(access)}${inspect(access)}`, "t0ken-t0ken")
            assert.isDefined(access.catalog?.serviceTypes ?? [])
            assert.isBoolean(AccessInfo.expiresWithin(access, "1 minute", DateTime.unsafeMake(0)))
            assert.isTrue(Option.isOption(AccessInfo.lifetime(access)))
          }
        })
      }
    }
    const anything = FastCheck.jsonValue()
    FastCheck.assert(FastCheck.property(anything, (a) => {
      for (const given of [a, { token: a }, { access: a }]) {
        check(given)
      }
    }))
    // a token with one value replaced, at any depth
    FastCheck.assert(FastCheck.property(
      FastCheck.constantFrom<unknown>(fullBody, bodyV2),
      FastCheck.array(FastCheck.nat(30), { minLength: 2, maxLength: 6 }),
      anything,
      (whole, path, value) => check(replaced(whole, path, value))
    ))
    check(fullBody)
  })
})

const noV2 = "it is not a v2 token"
const bad = "has the wrong type"

const bodyV2 = {
  access: {
    token: {
      id: "t0ken-t0ken",
      expires: "2026-01-01T01:00:00Z",
      issued_at: "2026-01-01T00:00:00.123456",
      tenant: { id: "p1", name: "demo" },
      tenantId: "p1",
      audit_ids: ["a1"],
      bind: {}
    },
    user: {
      id: "u1",
      name: "alice",
      username: "alice",
      tenantId: "p1",
      tenantName: "demo",
      roles: [{ name: "member" }]
    },
    metadata: { roles: ["r1"] },
    trust: { id: "t1", trustee_user_id: "u1" },
    serviceCatalog: [{ type: "compute", endpoints: [{ publicURL: "http://n" }] }]
  }
}

/** A v3 token with all its possible fields. */
const fullBody = {
  token: {
    ...body.token,
    user: {
      ...body.token.user,
      "OS-FEDERATION": { groups: [{ id: "g" }], identity_provider: { id: "i" }, protocol: { id: "p" } }
    },
    is_domain: false,
    is_admin_project: true,
    domain: { id: "d", name: "D" },
    system: { all: true },
    bind: { kerberos: "k" },
    "OS-TRUST:trust": { id: "t", trustee_user: { id: "a" }, trustor_user: { id: "b" } },
    "OS-OAUTH1": { access_token_id: "a", consumer_id: "c" },
    application_credential: {
      id: "c",
      name: "n",
      restricted: true,
      access_rules: [{ id: "x", path: "/v2.1/servers", method: "GET", service: "compute" }]
    },
    oauth2_credential: { "x5t#S256": "thumb" },
    service_providers: [{ id: "sp", auth_url: "https://sp/auth", sp_url: "https://sp/ECP" }]
  }
}

/** Replaces the value at a path of positions. */
const replaced = (whole: unknown, [position = 0, ...path]: ReadonlyArray<number>, value: unknown): unknown => {
  if (typeof whole !== "object" || whole === null) {
    return value
  }
  const entries = Object.entries(whole)
  const at = position % Math.max(1, entries.length)
  const changed = entries.map(([key, inner], i) => {
    const next = path.length === 0 ? value : replaced(inner, path, value)
    return [key, i === at ? next : inner] as const
  })
  return Array.isArray(whole) ? changed.map(([, inner]) => inner) : Object.fromEntries(changed)
}

const pick = (access: AccessInfo.AccessInfo) => ({
  userId: access.userId,
  userName: access.userName,
  userDomainName: access.userDomainName,
  projectId: access.projectId,
  projectName: access.projectName,
  projectDomainId: access.projectDomainId,
  domainId: access.domainId,
  systemScoped: access.systemScoped,
  trustId: access.trustId,
  auditId: access.auditId
})
