import { Headers, HttpBody, HttpClientRequest, HttpClientResponse, UrlParams } from "@effect/platform"
import { assert, describe, it } from "@effect/vitest"
import { Redacted, Stream } from "effect"
import { execFileSync } from "node:child_process"
import * as Redaction from "../../src/safety/redaction.js"
import * as Secrets from "../../src/safety/secrets.js"
import * as DebugLog from "../../src/wire/debugLog.js"

const url = "https://nova.test/v2.1/servers?name=it%27s"

const post = (body: HttpBody.HttpBody) => HttpClientRequest.post(url, { body, headers: { "x-auth-token": "t0ken-1" } })

const secretsOf = (request: HttpClientRequest.HttpClientRequest, to = url, credentials = Headers.empty) =>
  new Secrets.Secrets({ request, url: new URL(to), credentials, secrets: undefined })

const asked = (method: string, phase = "request"): DebugLog.Asked => ({
  method,
  url: new URL(url),
  phase,
  secrets: secretsOf(post(HttpBody.empty))
})

const command = (
  request: HttpClientRequest.HttpClientRequest,
  to = url,
  phase = "request",
  credentials?: Headers.Headers
) =>
  DebugLog.command(request, {
    method: request.method,
    url: new URL(to),
    phase,
    secrets: secretsOf(request, to, credentials)
  })

const response = (body: string, init: ResponseInit) =>
  HttpClientResponse.fromWeb(HttpClientRequest.get(url), new Response(body, init))

/** The words of a command, as the shell reads it. */
const words = (command: string) =>
  execFileSync("sh", ["-c", `printf '%s\\n' ${command}`], {
    encoding: "utf8",
    env: { OS_TOKEN: "mine", OS_AUTHORIZATION: "Basic mine" }
  }).trimEnd().split("\n")

describe("a request", () => {
  it("is a command that runs once its variables are filled in", () => {
    const request = HttpClientRequest.get(url, {
      headers: {
        accept: "application/json",
        "x-auth-token": "t0ken-1",
        authorization: "Basic dDBrZW4=",
        "x-note": "$(rm) `rm` \"'"
      }
    })
    assert.deepStrictEqual(words(command(request)), [
      "curl",
      "-g",
      "-i",
      "-X",
      "GET",
      url,
      "-H",
      "accept: application/json",
      "-H",
      "authorization: Basic mine",
      "-H",
      "x-auth-token: mine",
      "-H",
      "x-note: $(rm) `rm` \"'"
    ])
    assert.include(command(request), "-H \"x-auth-token: $OS_TOKEN\"")
    assert.include(command(HttpClientRequest.head(url)), " --head ")
  })

  it("shows a JSON body with its secrets masked", () => {
    const body = HttpBody.unsafeJson({ server: { name: "it's", adminPass: "hunter22", user_data: "aHVudGVyMjI=" } })
    const shown = command(post(body))
    assert.deepStrictEqual(JSON.parse(words(shown).at(-1) ?? ""), {
      server: { name: "it's", adminPass: "***", user_data: "***" }
    })
  })

  it("shows no other body, and no body of a login", () => {
    const option = (body: HttpBody.HttpBody, to = url, phase = "request") =>
      words(command(post(body), to, phase)).at(-1)
    const json = HttpBody.unsafeJson({ a: 1 })
    assert.strictEqual(option(HttpBody.text("hunter22")), "@body")
    assert.strictEqual(option(HttpBody.text("{", "application/json")), "@body")
    assert.strictEqual(option(HttpBody.stream(Stream.empty, "application/json")), "@body")
    assert.strictEqual(option(HttpBody.unsafeJson({ a: "x".repeat(5000) })), "@body")
    assert.strictEqual(option(json), "{\"a\":1}")
    assert.strictEqual(option(json, url, "login"), "@login.json")
    assert.strictEqual(option(json, "https://keystone.test/v3/auth/tokens?nocatalog"), "@login.json")
    assert.strictEqual(option(HttpBody.text("assertion"), "https://k.test/v3/OS-FEDERATION/x"), "@login.json")
  })

  it("shows no credential in its URL, and no token anywhere", () => {
    const to = "https://me:hunter22@swift.test/v1/t0ken-1/o?temp_url_sig=abcdef&temp_url_expires=1"
    const shown = command(HttpClientRequest.get(to, { headers: { "x-auth-token": "t0ken-1" } }), to)
    assert.include(shown, "'https://swift.test/v1/<redacted>/o?temp_url_sig=<redacted>&temp_url_expires=1'")
    assert.notInclude(shown, "hunter22")
  })
})

describe("a response", () => {
  it("is a line with status, time, request id and headers, without credentials", () => {
    const headers = { "content-type": "application/json", "x-subject-token": "t0ken-2", "set-cookie": "a=t0ken-2" }
    const line = DebugLog.answer(asked("GET"), response("{}", { headers }), 12.3, "req-1")
    assert.strictEqual(
      line,
      `200 in 12 ms (req-1) GET ${url} content-type: application/json, ` +
        "set-cookie: <redacted>, x-subject-token: <redacted>"
    )
  })

  it("shows a JSON body masked and truncated, and only the size of other bodies", () => {
    const shown = (body: string, type: string, status = 200, phase = "request") =>
      DebugLog.body(
        asked("GET", phase),
        response(body, { status, headers: { "content-type": type } }),
        body,
        "req-1"
      ).replace(`body of GET ${url} (req-1) `, "")
    assert.strictEqual(
      shown(`{"server":{"adminPass":"hunter22"}}`, "application/json"),
      `{"server":{"adminPass":"***"}}`
    )
    assert.match(shown(JSON.stringify({ a: "x".repeat(5000) }), "application/json"), /… \(912 more characters\)$/)
    assert.strictEqual(shown("hunter22", "text/plain"), "<8 characters of text/plain>")
    assert.strictEqual(shown("hunter22", "application/json"), "<8 characters of application/json>")
    assert.strictEqual(shown(" no t0ken-1 ", "text/plain", 404), "no <redacted>")
    assert.strictEqual(shown("no", "image/png", 404), "<2 characters of image/png>")
    // the error of a login may quote its body
    assert.strictEqual(shown("hunter22", "text/plain", 400, "login"), "<8 characters of text/plain>")
  })
})

describe("a secret field", () => {
  it("is masked in the bodies of all services", () => {
    const secret: ReadonlyArray<unknown> = [
      { auth: { identity: { password: { user: { password: "hunter22" } } } } },
      { user: { original_password: "hunter22", password: "hunter22" } },
      { server: { adminPass: "hunter22", personality: [{ path: "/etc/x", contents: "hunter22" }] } },
      { keypair: { private_key: "hunter22", public_key: "seen" } },
      { credential: { blob: "{\"secret\":\"hunter22\"}", type: "ec2" } },
      { credential: { access: "seen", secret: "hunter22" } },
      { application_credential: { id: "seen", secret: "hunter22" } },
      { connection_info: { data: { auth_password: "hunter22", auth_username: "seen" } } },
      { ipsec_site_connection: { psk: "hunter22" } },
      { name: "seen", payload: "hunter22" },
      { outputs: [{ output_key: "seen", output_value: "hunter22" }] },
      { parameters: { db_password: "hunter22" } },
      { access: { token: { id: "hunter22", tenant: { id: "seen" } } } },
      { access_token: "hunter22", refresh_token: "hunter22", id_token: "hunter22" },
      { passwords: ["hunter22"], passcode: 12345678 }
    ]
    for (const body of secret) {
      const text = JSON.stringify(body)
      assert.notMatch(Redaction.mask(text) ?? "", /hunter22|12345678/, text)
      assert.strictEqual(/seen/.test(Redaction.mask(text) ?? ""), /seen/.test(text), text)
    }
  })

  it("is masked alone: all other fields stay, except the catalog of a token", () => {
    const kept = {
      token: { methods: ["password"], expires_at: "2026-01-01", audit_ids: ["a"], user: { id: "u" }, is_domain: false },
      servers: [{ id: "1", key_name: "k", addresses: { private: [{ addr: "10.0.0.1" }] }, locked: null }],
      badRequest: { code: 400, message: "no" }
    }
    assert.deepStrictEqual(JSON.parse(Redaction.mask(JSON.stringify(kept)) ?? ""), kept)
    assert.strictEqual(Redaction.mask(`{"token":{"catalog":[{},{}]}}`), `{"token":{"catalog":"<2 services>"}}`)
    assert.strictEqual(Redaction.mask(`{"catalog":[1]}`), `{"catalog":[1]}`)
    assert.strictEqual(Redaction.mask("not JSON"), undefined)
  })

  it("of a request is hidden wherever a response quotes it", () => {
    const body = HttpBody.unsafeJson({
      server: { name: "web", adminPass: "hunter22", metadata: { passwords: ["alpha", 4711] } }
    })
    const form = HttpBody.urlParams(UrlParams.fromInput({ grant_type: "password", client_secret: "hunter22" }))
    const hide = (body: HttpBody.HttpBody) => secretsOf(post(body)).hide("web hunter22 alpha 4711 t0ken-1")
    assert.strictEqual(hide(body), "web <redacted> <redacted> <redacted> <redacted>")
    assert.strictEqual(hide(form), "web <redacted> alpha 4711 <redacted>")
    assert.strictEqual(hide(HttpBody.text("hunter22")), "web hunter22 alpha 4711 <redacted>")
  })

  it("is not searched in a request with marked secrets: Keystone's own words stay", () => {
    const login = (entry: object) =>
      post(HttpBody.unsafeJson({ auth: { identity: { methods: Object.keys(entry), ...entry }, scope: "unscoped" } }))
    const hide = (request: HttpClientRequest.HttpClientRequest, secret: string) =>
      new Secrets.Secrets({ request, url: new URL(url), credentials: undefined, secrets: [Redacted.make(secret)] })
        .hide("The password of demo in Default is expired, totp, token: hunter22, 123456")
    const user = { name: "demo", domain: { name: "Default" } }
    const kept = "The password of demo in Default is expired, totp, token:"
    assert.strictEqual(
      hide(login({ password: { user: { ...user, password: "hunter22" } } }), "hunter22"),
      `${kept} <redacted>, 123456`
    )
    assert.strictEqual(hide(login({ token: { id: "hunter22" } }), "other"), `${kept} <redacted>, 123456`)
    assert.strictEqual(
      hide(login({ totp: { user: { ...user, passcode: "123456" } } }), "other"),
      `${kept} hunter22, <redacted>`
    )
    // without marked secrets every masked value of the body is hidden, at any depth
    for (
      const body of [
        { server: { personality: [{ path: "/etc/x", contents: "hunter22" }] } },
        { user_data: { a: "hunter22" } },
        { auth: { identity: { methods: ["vault"], vault: { proof: "hunter22" } } } }
      ]
    ) {
      assert.strictEqual(secretsOf(post(HttpBody.unsafeJson(body))).hide("bad: hunter22"), "bad: <redacted>")
    }
  })
})
