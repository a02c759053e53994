import { assert, describe, it } from "@effect/vitest"
import { Duration, Either, FastCheck, Option, Redacted } from "effect"
import { AccessInfo } from "effect-keystoneauth"

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
  it("says what the token says", () => {
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

  it("other scopes, and tokens that say little", () => {
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

  it("what is no token is told by its place, without its value", () => {
    const reason = (body: unknown) => Either.getOrElse(Either.flip(AccessInfo.fromV3(body, token)), () => "a token")
    assert.strictEqual(reason("<html>"), "it is not a v3 token: body does not fit")
    assert.strictEqual(reason({}), "it is not a v3 token: token does not fit")
    assert.strictEqual(
      reason({ token: { user: { id: ["s3cret"] } } }),
      "it is not a v3 token: token.user.id does not fit"
    )
  })

  it("never dies, whatever the body is", () => {
    FastCheck.assert(FastCheck.property(FastCheck.jsonValue(), FastCheck.jsonValue(), (a, b) => {
      for (const given of [a, { token: a }, { token: { ...body.token, catalog: a, expires_at: b } }]) {
        const access = Either.getOrUndefined(AccessInfo.fromV3(given, token))
        assert.notInclude(`${JSON.stringify(access)}${String(access)}`, "t0ken-t0ken")
        assert.isDefined(access === undefined || access.catalog?.serviceTypes || true)
      }
    }))
  })
})

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
