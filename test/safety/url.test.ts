import { HttpBody, HttpClientRequest } from "@effect/platform"
import { assert, describe, it } from "@effect/vitest"
import { FastCheck } from "effect"
import * as Redaction from "../../src/safety/redaction.js"
import * as SecretHeaders from "../../src/safety/secretHeaders.js"
import * as Names from "../../src/safety/secretNames.js"
import * as Secrets from "../../src/safety/secrets.js"
import * as Url from "../../src/safety/url.js"

describe("a shown URL", () => {
  it("has no password, whatever its characters", () => {
    const character = FastCheck.constantFrom(..."ab1'\"<> /?#%&=;:,@[]\\{}|^`~$!*()+-_.é".split(""))
    const password = FastCheck.array(character, { maxLength: 8 }).map((parts) => `q9zq${parts.join("")}w8xw`)
    FastCheck.assert(FastCheck.property(password, (password) => {
      for (const url of [`http://adm:${password}@ks.test/v3`, `https://adm:${password}@ks.test:5000/v3?a=b#c`]) {
        const shown = Url.shown(url)
        assert.notInclude(shown, "q9zq", url)
        assert.notInclude(shown, "w8xw", url)
      }
    }))
    assert.strictEqual(Url.shown("http://adm:a'b@ks/v3"), "http://ks/v3")
    assert.strictEqual(Url.shown("http://adm:a b@ks/v3"), "http://ks/v3")
    assert.strictEqual(Url.shown("http://adm:a/b@ks/v3"), "<not a URL>")
    assert.strictEqual(Url.shown("http://adm:12/b@ks/v3"), "http://<redacted>")
    assert.strictEqual(Url.shown("adm:a@ks/v3"), "<not a URL>")
  })

  it("is otherwise unchanged, without its fragment", () => {
    const urls = [
      "https://ks.test",
      "https://ks.test/v3",
      "https://swift.test/v1/AUTH_x/photos/me@home.jpg?limit=10&marker=a%20b",
      "/servers/detail?name=a&sort_key=name",
      "http://controller:8080/v1/AUTH_x/photos/me@home.jpg",
      "http://localhost:8080/swift/v1/photos/me@home.jpg",
      "keystone.test:5000/v3",
      "ftp://ks.test/v3",
      "not a URL"
    ]
    for (const url of urls) {
      assert.strictEqual(Url.shown(url), url)
    }
    assert.strictEqual(Url.shown("https://ks.test/v3#access_token=hunter22"), "https://ks.test/v3")
    assert.strictEqual(Url.shown(" https://ks.test/v3\n"), "https://ks.test/v3")
  })

  it("has no secret parameters, in any spelling of their names", () => {
    const names = [
      "passcode",
      "otp",
      "receipt",
      "credential",
      "assertion",
      "psk",
      "ticket",
      "jwt",
      "apikey",
      "api_key",
      "key",
      "token",
      "access_token",
      "temp_url_sig",
      "X-Amz-Signature",
      "AWSAccessKey",
      "code",
      "client_secret",
      "%74oken",
      "to%6ben",
      "X-Amz-Credential"
    ]
    for (const name of names) {
      const shown = `https://a.test/b?x=1&${name}=<redacted>&y=2`
      assert.strictEqual(Url.shown(`https://a.test/b?x=1&${name}=hunter22&y=2`), shown)
      assert.notInclude(Url.shown(`/b?${name}=hunter22`), "hunter22")
      assert.notInclude(Redaction.hideForms(`no: "https://a.test/b?${name}=hunter22"`), "hunter22")
    }
    const console = "https://console.test/vnc_auto.html?path=%3Ftoken%3D0dbb9d2c-4b28-4d1a-8b4b-1f6d0e4f7a11"
    assert.strictEqual(Url.shown(console), "https://console.test/vnc_auto.html?path=%3Ftoken%3D<redacted>")
    for (const name of ["token[]", "token%5B%5D", "ToKeN", "%2574oken", "jsessionid", "SAMLResponse", "user_code"]) {
      for (const separator of ["?", "&", ";"]) {
        const shown = Url.shown(`https://a.test/b${separator}${name}=hunter;22zq?9`)
        assert.strictEqual(shown, `https://a.test/b${separator}${name}=<redacted>`)
      }
    }
    const text = "Invalid filter; key=name is unknown, code=500"
    assert.strictEqual(Redaction.hideForms(text), text)
    const twice = "https://a.test/?next=%252Fb%253Ftoken%253Dhunter22%2526x%253D1&y=1"
    assert.strictEqual(Url.shown(twice), "https://a.test/?next=%252Fb%253Ftoken%253D<redacted>%2526x%253D1&y=1")
  })
})

describe("a name", () => {
  it("decides whether a value is secret, for headers, fields and parameters alike", () => {
    const secret = [
      "access_key",
      "keyring",
      "configdrive",
      "snmp_auth_key",
      "snmp_priv_key",
      "pkcs12",
      "ssh_key",
      "pem",
      "api_key",
      "adminPass",
      "admin_pass",
      "originalPassword",
      "x-auth-key",
      "X-Container-Sync-Key",
      "X-Encryption-Key",
      "X-Api-Key",
      "X-Account-Meta-Temp-URL-Key-2",
      "private_key",
      "privateKey",
      "user_data",
      "OS-KDADM:secret",
      "snmp_community",
      "auth_cred",
      "code_verifier",
      "X-Session-Id"
    ]
    for (const name of secret) {
      assert.isTrue(Names.isSecret(name), name)
      assert.isTrue(SecretHeaders.isSecret(name), name)
    }
    const harmless = [
      "name",
      "key_name",
      "secret_type",
      "password_expires_at",
      "public_key",
      "sort_key",
      "keys",
      "passed",
      "passive",
      "compass",
      "keystone",
      "monkey",
      "design",
      "description",
      "X-OpenStack-Nova-API-Version",
      "content-type",
      "etag",
      "status",
      "type"
    ]
    for (const name of harmless) {
      assert.isFalse(Names.isSecret(name), name)
      assert.isFalse(SecretHeaders.isSecret(name), name)
    }
    assert.isTrue(SecretHeaders.isSecret("x-auth-user"))
    assert.isFalse(SecretHeaders.isSecret("www-authenticate"))
  })
})

describe("a text", () => {
  it("is shown without user info, secret parameters and tokens, in linear time", () => {
    const token = `gAAAAAB${"x".repeat(60)}`
    assert.strictEqual(Redaction.hideForms(`see http://u:p'w@h/x and ${token}.`), "see http://h/x and <redacted>")
    assert.strictEqual(Redaction.hideForms("rabbit://nova:pw@mq1:5672,nova:pw@mq2:5672/"), "rabbit://mq2:5672/")
    const nested = ["http%3A%2F%2Fu%3Apw22%40h%2Fx", "http%253A%252F%252Fu%253Apw22%2540h", "http:\\/\\/u:pw22@h\\/x"]
    for (const url of nested) {
      assert.notInclude(Redaction.hideForms(`https://a.test/?next=${url}&x=1`), "pw22")
      assert.include(Redaction.hideForms(`https://a.test/?next=${url}&x=1`), "&x=1")
    }
    for (
      const piece of [
        "%3A%2F%2F",
        "%3A//@",
        "://",
        "://@",
        "=",
        "?=",
        "a=",
        "?token=",
        "eyJ-",
        "gAAAAA",
        "%3D",
        "%253Ftoken%253D"
      ]
    ) {
      Redaction.hideForms(piece.repeat(20_000))
    }
  })
})

describe("the URL of an endpoint", () => {
  it("must parse as a URL, also if it passes the fast check", () => {
    const part = FastCheck.constantFrom(
      "a",
      "xn--a",
      "xn--nxasmq6b",
      "0xa",
      "0x",
      "a_b",
      "a-b",
      ".",
      ":",
      "0",
      "80",
      "/v2",
      "/.."
    )
    FastCheck.assert(
      FastCheck.property(FastCheck.array(part, { maxLength: 6 }), (parts) => {
        const url = `http://n${parts.join("")}`
        if (Url.endpointFlaw(url) === undefined) {
          assert.isTrue(URL.canParse(url), url)
          assert.notStrictEqual(new URL(url).port, "0", url)
        }
      }),
      { numRuns: 2000 }
    )
    for (const url of ["http://xn--a", "http://nova.0xa/v2", "http://nova.test:0", "http://nova.test:0000/v2"]) {
      assert.strictEqual(Url.endpointFlaw(url), "its host or its port is invalid", url)
    }
  })
})

describe("a body", () => {
  const secret = "hunter22"
  const bodies: Readonly<Record<string, unknown>> = {
    "a JSON patch": [{ op: "replace", path: "/driver_info/ipmi_password", value: secret }],
    "a list of variables": { env: [{ name: "DB_PASSWORD", value: secret }, { key: "api-token", value: secret }] },
    "outputs of a stack": { outputs: [{ output_key: "db_password", output_value: secret }] },
    "JSON in JSON": { parameters: JSON.stringify({ inner: JSON.stringify([{ admin_pass: secret }]) }) },
    "secrets by name": { secrets: { db: secret } },
    "a token with a value": { token: { value: secret }, access_token: { id: secret } },
    Ironic: {
      instance_info: { configdrive: secret },
      driver_info: { snmp_community: secret, redfish_password: secret }
    },
    "Manila, Ceph, Octavia": { access_key: secret, keyring: secret, pkcs12: secret, pem: secret }
  }
  for (const [name, body] of Object.entries(bodies)) {
    it(`shows none of its secrets, and they are known: ${name}`, () => {
      const text = JSON.stringify(body)
      assert.notInclude(Redaction.mask(text), secret)
      const request = HttpClientRequest.post("http://a.test", { body: HttpBody.text(text) })
      const secrets = new Secrets.Secrets({
        request,
        url: new URL(request.url),
        credentials: undefined,
        secrets: undefined
      })
      assert.strictEqual(secrets.hide(`no: ${secret}`), "no: <redacted>")
    })
  }

  it("is shown if it has no secrets", () => {
    const text = JSON.stringify({
      metadata: [{ key: "cpu_policy", value: "dedicated" }],
      secret_type: "opaque",
      key_name: "mine",
      public_key: "ssh-rsa",
      description: "{not JSON}"
    })
    assert.strictEqual(Redaction.mask(text), text)
  })
})
